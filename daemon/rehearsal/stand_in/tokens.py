"""Ephemeral tokens as the service mints and judges them (live-api.md 1.10), and an owner's service in front of it.

What the real service answers is not all documented. The close codes, their words, and that it answers a mint with the
name alone and closes a connection when its token expires, are as others have published them in 2026; nothing of it was
tried against the real service.

    POST /v1beta/auth_tokens, x-goog-api-key ──► {"name": …}                       Google's, for owners
    POST /token, Authorization: Bearer … ──► {"name": …, "expireTime": …, …}       an owner's own, for devices
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from .dice import Dice
from .fields import Fields, group, read, text
from .messages import Close, Rejected

PREFIX: Final = "auth_tokens/"
LONGEST_LIFE_S: Final = 20 * 3600.0
MINT: Final = re.compile(r"/(v1alpha|v1beta)/auth_tokens")
OWNERS_PATH: Final = "/token"
TOKEN_OVER: Final = Close(1011, "auth token has expired")
"""How the service ends a connection when its token expires."""
_KNOWN: Final = frozenset({"uses", "expireTime", "newSessionExpireTime", "bidiGenerateContentSetup", "fieldMask"})
_STATUS_NAMES: Final = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response: its status, and a JSON object."""

    status: int
    said: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a token is good for; the defaults are the service's.

    Attributes:
        uses: How many sessions it may begin; 0 for any number.
        life_s: How long its messages are taken.
        begin_within_s: How long it may begin sessions.
    """

    uses: int = 1
    life_s: float = 1800.0
    begin_within_s: float = 60.0


DEFAULT_TERMS: Final = Terms()


@dataclass(slots=True)
class Token:
    """One token.

    Attributes:
        expires_s: When its messages are taken no more, by the stand-in's clock.
        new_session_expires_s: When it begins no more sessions.
        setup: What its holder's setup is replaced with; None leaves it to the holder.
        locked: The fields of `setup` that replace his, each as a path; without any the whole of it does.
        begun: How many sessions it has begun.
        shown: How many connections were set up, or to be set up, with it.
        genuine: It was minted here.
    """

    name: str
    uses: int
    expires_s: float
    new_session_expires_s: float
    setup: Fields | None = None
    locked: tuple[str, ...] = ()
    begun: int = 0
    shown: int = 0
    genuine: bool = True

    def agreed(self, fields: Fields, now: float, *, again: bool) -> Fields:
        """Return the setup message that counts for a connection whose client sent `fields`.

        Args:
            fields: The client's setup message.
            now: Seconds, the stand-in's clock.
            again: Whether the token may be shown again for a resume: that is no use of it, and not too late.

        Raises:
            Rejected: 1011, the token is over or used up; 1007, it is no token.
        """
        self.shown += 1
        if not self.genuine:
            raise Rejected(1007, "Missing or malformed auth token")
        imposed = self._imposed(fields)
        if now >= self.expires_s:
            raise Rejected(1011, "Token has expired")
        if again and text(group(imposed, "setup", "sessionResumption"), "handle"):
            return imposed
        if now >= self.new_session_expires_s:
            raise Rejected(1011, "new_session_expire_time deadline exceeded")
        if self.uses and self.begun >= self.uses:
            raise Rejected(1011, "Token has been used too many times")
        self.begun += 1
        return imposed

    def _imposed(self, fields: Fields) -> Fields:
        if self.setup is None:
            return fields
        if not self.locked:  # the client's own counts for nothing, its handle included
            return {"setup": self.setup}
        setup = dict(group(fields, "setup"))
        for path in self.locked:
            _impose(setup, self.setup, path.split("."))
        return {"setup": setup}


def _impose(on: dict[str, object], what: Fields, path: list[str]) -> None:
    """Replace one field of `on` by that of `what`, or take it away where `what` does not have it."""
    name, *rest = path
    if rest:
        inner = dict(group(on, name))
        _impose(inner, group(what, name), rest)
        on[name] = inner
    elif name in what:
        on[name] = what[name]
    else:
        on.pop(name, None)


class Tokens:
    """All tokens that were ever minted, and the two who mint them.

    Args:
        dice: Where names come from.
        credential: What the owner's service wants to be shown; None where there is no such service.

    Attributes:
        minted: Every token, in order.
        terms: What the owner's service asks for.
        sick: The status that the owner's service answers with instead; None where it is well.
        asked: How many times it was asked.
    """

    def __init__(self, dice: Dice, credential: str | None = None) -> None:
        self._dice: Final = dice
        self._credential: Final = credential
        self.minted: Final[list[Token]] = []
        self.terms = DEFAULT_TERMS
        self.sick: int | None = None
        self.asked = 0

    def __repr__(self) -> str:
        return f"Tokens({len(self.minted)} minted, asked {self.asked} times)"

    def find(self, name: str) -> Token:
        """Return the token of that name; one that is not genuine where there is none."""
        forged = Token(name, uses=0, expires_s=math.inf, new_session_expires_s=math.inf, genuine=False)
        return next((token for token in self.minted if token.name == name), forged)

    def mint(self, body: bytes, now: float, wall_s: float) -> Reply:
        """Answer a request for a token: a JSON object as google-genai sends it.

        Args:
            body: The request's.
            now: Seconds, the stand-in's clock.
            wall_s: The same moment, in seconds since 1970.
        """
        try:
            token = self._asked_for(body, now, wall_s)
        except Rejected as rejected:
            return refusal(400, rejected.close.reason)
        self.minted.append(token)
        return Reply(200, {"name": token.name})

    def _asked_for(self, body: bytes, now: float, wall_s: float) -> Token:
        try:
            asked: object = json.loads(body or b"{}")
        except ValueError as error:
            raise Rejected(1007, "Invalid JSON payload received.") from error
        if not isinstance(asked, dict):
            raise Rejected(1007, "Invalid value (AuthToken).")
        for name in asked.keys() - _KNOWN:
            raise Rejected(1007, f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
        uses = asked.get("uses", 1)
        if not isinstance(uses, int) or uses < 0:
            raise Rejected(1007, "Invalid value at 'uses'.")
        setup = asked.get("bidiGenerateContentSetup")
        return Token(
            PREFIX + "".join(f"{self._dice.randint(0, 2**32 - 1):08x}" for _ in range(8)),
            uses,
            now + _life_s(asked, "expireTime", DEFAULT_TERMS.life_s, wall_s),
            now + _life_s(asked, "newSessionExpireTime", DEFAULT_TERMS.begin_within_s, wall_s),
            None if setup is None else group(read(json.dumps({"setup": setup})), "setup"),
            tuple(_camel(path) for path in str(asked.get("fieldMask", "")).split(",") if path),
        )

    def hand_out(self, authorization: str, now: float, wall_s: float) -> Reply:
        """Answer a device that asks the owner's service for a token.

        Args:
            authorization: The header that it came with.
            now: Seconds, the stand-in's clock.
            wall_s: The same moment, in seconds since 1970.
        """
        self.asked += 1
        if self._credential is None:
            return refusal(404, "Not found.")
        if self.sick is not None:
            return refusal(self.sick, "The token service is not well.")
        if authorization != f"Bearer {self._credential}":
            return refusal(401, "Who are you?")
        times = {
            "expireTime": _rfc_3339(wall_s + self.terms.life_s),
            "newSessionExpireTime": _rfc_3339(wall_s + self.terms.begin_within_s),
        }
        minted = self.mint(json.dumps({"uses": self.terms.uses, **times}).encode(), now, wall_s)
        return Reply(minted.status, {**minted.said, **times})


def refusal(status: int, message: str) -> Reply:
    """Return an error as Google's REST services word it."""
    name = _STATUS_NAMES.get(status, "UNKNOWN")
    return Reply(status, {"error": {"code": status, "message": message, "status": name}})


def _life_s(asked: Mapping[str, object], name: str, default_s: float, wall_s: float) -> float:
    if name not in asked:
        return default_s
    try:
        life_s = datetime.fromisoformat(str(asked[name])).timestamp() - wall_s
    except ValueError as error:
        raise Rejected(1007, f"Invalid value at '{name}' (Timestamp).") from error
    if not 0 < life_s < LONGEST_LIFE_S:
        raise Rejected(1007, f"{name} must lie in the future. Maximum lifetime is 20h.")
    return life_s


def _camel(path: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), path)


def _rfc_3339(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat().replace("+00:00", "Z")
