"""Ephemeral tokens (live-api.md 1.10): what a token service's reply must say, and for what its token is still good.

    wall clock ──┬──────────────────────┬───────────────────────────────┬──────────┬──────►
              fetched        newSessionExpireTime                  refresh_at   expireTime
                 └ may begin a session ─┘                               │          │
                 └ may resume one, and carry a connection ──────────────┘          │
                                              the connection moves to a new token ─┘ or the service closes it

Others have measured that the service closes a connection within a second of expireTime (1011 "auth token has expired"),
and that a token resumes a session that another one began. None of this was tried against the real service by us.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from daemon.errors import LinkError

REFRESH_AHEAD_S: Final = 60.0
"""So long before the end of its token a connection is left: time for an answer under way to end."""
CONNECT_S: Final = 5.0
"""What remains of a token must last for making the connection."""
_NAME: Final = re.compile(r"auth_tokens/[!-~]{1,4000}")
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Token:
    """One token. Its name is the secret itself."""

    name: str = field(repr=False)
    expires_s: float
    """Wall-clock seconds since 1970: from here on the service rejects every message."""
    new_session_expires_s: float
    """The same clock: from here on it begins no session."""

    @property
    def refresh_at_s(self) -> float:
        """When a connection should move to another token; wall-clock seconds since 1970."""
        return self.expires_s - REFRESH_AHEAD_S

    def usable_for_new_session(self, wall_s: float) -> bool:
        """Whether it can still begin a session at `wall_s`, if it has not begun one before."""
        return wall_s < min(self.new_session_expires_s, self.expires_s) - CONNECT_S

    def usable_for_resume(self, wall_s: float) -> bool:
        """Whether it can still resume a session at `wall_s`. That is no use of it, but it must not be near its end."""
        return wall_s < self.refresh_at_s


def parse(reply: bytes) -> Token:
    """Return the token in a reply: google-genai's AuthToken as JSON, `name`, `expireTime` and `newSessionExpireTime`.

    The service that mints tokens is said to answer with the name alone, so whoever minted it must add the times
    that he asked for, as `vocative mint-token` does. Fields that are not needed are passed over.

    Raises:
        LinkError: It is anything else. The reason names what is wrong, and never quotes the reply.
    """
    try:
        said: object = json.loads(reply)
    except (ValueError, RecursionError):
        raise unusable("its reply is not JSON") from None
    if not isinstance(said, dict):
        raise unusable("its reply is not a JSON object")
    name = said.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise unusable('its reply has no name that begins with "auth_tokens/"')
    return Token(name, _seconds(said, "expireTime"), _seconds(said, "newSessionExpireTime"))


def unusable(why: str) -> LinkError:
    """Return what is raised for a token service that answers, but not with a token that can be used."""
    return LinkError(f"the token service gives no usable token: {why}", http_status=200)


def _seconds(said: dict[object, object], key: str) -> float:
    """Return the time `key` in seconds since 1970 (RFC 3339: with the offset from UTC)."""
    text = said.get(key)
    if isinstance(text, str) and _RFC_3339.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper()).timestamp()
        except (ValueError, OverflowError):  # a month 13, a minute 60
            pass
    raise unusable(f'its reply has no {key} such as "2026-11-21T20:15:00Z"')
