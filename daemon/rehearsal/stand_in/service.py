"""A Live API service without a network, a clock or threads: written from its description, not from our client.

The same brain runs in virtual time inside a test and, in `server`, behind real TLS. What it knows of the real service
is what `live-api.md` says; where that leaves a question open, the stand-in takes the stricter side or lets a test
choose (`Manners`, `Pacing`, `Faults`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from .answer import BURSTS, Answerer, Pacing, spoken
from .conduct import Conduct, Manners
from .connection import Connection
from .dice import Dice
from .faults import Faults
from .memory import Memory, Session, Turn
from .tokens import MINT, OWNERS_PATH, PREFIX, Reply, Tokens, refusal

_PATH: Final = re.compile(
    r"/ws/google\.ai\.generativelanguage\.(v1alpha|v1beta|v1)\.GenerativeService\.BidiGenerateContent(Constrained)?"
)
_WORDS_FOR: Final = {
    401: "API key not valid. Please pass a valid API key.",
    403: "Method doesn't allow unregistered callers. Please use API Key or other form of API consumer identity.",
    404: "Requested entity was not found.",
    429: "Resource has been exhausted (e.g. check quota).",
    503: "The service is currently unavailable.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An upgrade that is refused.

    Attributes:
        status: HTTP status.
        body: What the response says.
    """

    status: int
    body: str


class StandIn:
    """One service: its sessions, its handles, and how it behaves at present.

    Args:
        dice: All chance comes from here; a seeded `random.Random` makes every run the same.
        answer: What is answered to each turn; by default the packaged speech.
        pacing: How fast it is said.
        manners: The service's habits.
        faults: What goes wrong from the start.
        keys: The API keys that are let in; None lets in every key that is not empty.
        token_credential: What an owner's service beside it, at `/token`, wants to be shown; None where there is none.

    Attributes:
        conduct: The same, to be changed while it runs.
        connections: Every connection that was ever accepted.
        refusals: Every one that was not.
        tokens: Every ephemeral token, and how they are handed out.
    """

    def __init__(
        self,
        dice: Dice,
        *,
        answer: Answerer = spoken,
        pacing: Pacing = BURSTS,
        manners: Manners | None = None,
        faults: Faults | None = None,
        keys: frozenset[str] | None = None,
        token_credential: str | None = None,
    ) -> None:
        self._memory: Final = Memory(dice)
        self._keys: Final = keys
        self.conduct: Final = Conduct(dice, answer, pacing, manners or Manners(), faults or Faults())
        self.tokens: Final = Tokens(dice, token_credential)
        self.connections: Final[list[Connection]] = []
        self.refusals: Final[list[Refusal]] = []

    def __repr__(self) -> str:
        return f"StandIn({self._memory}, {len(self.connections)} connections, {len(self.refusals)} refusals)"

    @property
    def sessions(self) -> Mapping[str, Session]:
        """Every session by its id ("s1", "s2", …), in the order in which they began."""
        return self._memory.sessions

    @property
    def turns(self) -> Iterator[Turn]:
        """Every turn of every session, in the order of the sessions."""
        for session in self.sessions.values():
            yield from session.turns

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on. Setting it starts the counting of the strikes' moments again."""
        return self.conduct.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.conduct.faults = faults

    def connect(self, now: float, *, path: str, headers: Mapping[str, str]) -> Connection | Refusal:
        """Judge an upgrade request by its path, query and headers (live-api.md 2).

        Which statuses the service really refuses with is not established; these are the usual ones of its REST side.
        """
        accepted = self._judge(now, urlsplit(path), {name.lower(): value for name, value in headers.items()})
        if isinstance(accepted, Connection):
            self.connections.append(accepted)
        else:
            self.refusals.append(accepted)
        return accepted

    def post(self, now: float, wall_s: float, *, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer an HTTP request with the method POST: for an ephemeral token, with an API key or from a device.

        Args:
            now: Seconds, the stand-in's clock.
            wall_s: The same moment, in seconds since 1970.
            path: With its query.
            headers: By their names, in lower case.
            body: As it came.
        """
        parts = urlsplit(path)
        if parts.path == OWNERS_PATH:
            return self.tokens.hand_out(headers.get("authorization", ""), now, wall_s)
        if not MINT.fullmatch(parts.path):
            return refusal(404, _WORDS_FOR[404])
        key = headers.get("x-goog-api-key") or parse_qs(parts.query).get("key", [""])[0]
        status = self._key_status(key)
        return refusal(status, _WORDS_FOR[status]) if status else self.tokens.mint(body, now, wall_s)

    def _key_status(self, key: str) -> int | None:
        """Return what `key` is refused with; None for a good one. A token is no key, except for Constrained."""
        if not key or key.startswith(PREFIX):
            return 403
        return 401 if self._keys is not None and key not in self._keys else None

    def _judge(self, now: float, path: SplitResult, headers: Mapping[str, str]) -> Connection | Refusal:
        status = self.faults.refuse_upgrade
        if status is not None:
            return _refusal(status)
        method = _PATH.fullmatch(path.path)
        if method is None or (method[1] == "v1" and method[2]):  # v1 has no Constrained (live-api.md 0.1)
            return _refusal(404)
        query = parse_qs(path.query)
        if method[2]:
            name = headers.get("authorization", "").removeprefix("Token ") or query.get("access_token", [""])[0]
            if not name:
                return _refusal(403)
            return Connection(self._memory, self.conduct, method[1], now, token=self.tokens.find(name))
        status = self._key_status(headers.get("x-goog-api-key") or query.get("key", [""])[0])
        return _refusal(status) if status else Connection(self._memory, self.conduct, method[1], now)


def _refusal(status: int) -> Refusal:
    return Refusal(status, _WORDS_FOR.get(status, ""))
