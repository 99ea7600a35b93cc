"""What to do when a link has failed, and when to move after a go-away.

The table is live-api.md section 2 ("close codes seen in the wild") as data. The service's words are only ever hints:
a text that has changed leads to the careful row of its code, never to giving up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.status import Fault

STABLE_S: Final = 10.0
"""A link that lasted so long was a success; a shorter one changes nothing (live-api.md 5, Pipecat)."""
MARGIN_S: Final = 10.0
"""How long before its end a link is left (live-api.md 6.5)."""
UNSAID_TIME_LEFT_S: Final = 30.0
"""Assumed of a go-away that does not say: an answer may end in it, and a close would cost no more than moving."""


class HandleFate(Enum):
    """What becomes of the handle."""

    KEEP = "keep"
    DROP = "drop"
    """Begin a new session, and never use this handle again."""


class Pause(Enum):
    """What kind of pause comes before the next attempt. There is always a next attempt."""

    NONE = "none"
    BACKOFF = "backoff"
    OLD_SOCKET = "old socket"
    """The service may still take our last connection for open, and learns of its end only by and by."""
    SLOW = "slow"
    """Only the owner can mend it."""
    QUOTA = "quota"
    """Only time, or the owner, can mend it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about a failure."""

    handle: HandleFate
    pause: Pause
    fault: Fault | None = None
    remedy: str = ""
    """One sentence for the owner; empty where it will pass by itself."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of failure. Counts are failures in a row, as `Streak` counts them."""

    on: tuple[str, ...]
    """Names as `_names` gives them; the first row of the table that has one wins."""
    words: tuple[str, ...] = ()
    """One of them must be in the service's words, whatever the case."""
    at_once: bool = False
    """After a first failure the next attempt follows without a pause."""
    handle_lasts: int | None = None
    """So many failures in a row leave the handle above suspicion; None: any number, it was not even shown."""
    fatal_from: int | None = None
    """From this count on only the owner can mend it; None: it always passes."""
    old_socket: bool = False
    """In answer to a handle it may mean that our old socket is still open to the service (live-api.md 0.11)."""
    blames_handle: bool = False
    """While resuming, the handle is what was refused, so nothing is fatal yet."""
    fatal_pause: Pause = Pause.SLOW
    fault: Fault | None = None
    remedy: str = ""


_KEY: Final = ("api key", "api_key", "auth token")
_SPENT: Final = ("quota", "credits", "resource_exhausted")
_ABORTED: Final = ("aborted",)
"""A go-away that we overslept, or the service's own abort."""
_TOOLS_BUG: Final = ("not implemented",)
"""The 2.5 models close with it now and then when there are tools."""
_CERTIFICATE: Final = ("certificate",)
"""Our own word for it; a Pi without a clock of its own wakes up in the past."""
_TOKEN_SERVICE: Final = ("token service",)
"""Our own words for the owner's (token_service.py)."""
_CREDENTIAL: Final = ("credential",)
"""Our own word for what that service is shown."""
_TOKEN_OVER: Final = ("token has expired", "token has been used", "new_session_expire_time")
"""As others have seen them; a new token mends it, and follows by itself (keys.py)."""
_NEW_KEY: Final = (
    "The service refuses the API key: make a new one in Google AI Studio and put it in the old one's place."
)
_PAY: Final = "The quota or the credits of the API key are used up: look at its plan and billing in Google AI Studio."
_CHECK: Final = "The service refuses the setup: correct what was changed last in [live], above all live.model."
_MODEL: Final = "The service refuses the model or the key: check live.model, and whether the key may use it."
_PLACE: Final = "There is no Live API at this address: check live.base_url and live.api_version."
_PROXY: Final = "The proxy on the way wants a name and password: give them in the proxy's variable, or go around it."
_PORTAL: Final = "The network answers in the service's place: if it has a sign-in page, sign in."
_CLOCK: Final = "The service's certificate is not trusted: check the device's clock, then live.ca_file."
_SHOW: Final = (
    "The token service does not know this device: check what live.token_credential_file or live.token_client_cert_file"
    " name, and whether that service still takes it."
)
_TOKENS: Final = (
    "There is no good token to be had: the service at live.token_url must answer each POST with a new one, as"
    " `vocative mint-token` prints it; check the device's clock, too."
)

# fmt: off
TABLE: Final = (
    # The owner's token service: the Live API was not even asked.
    Row(("http 401", "http 403", "unreached"), _CREDENTIAL, fatal_from=0, fault=Fault.KEY, remedy=_SHOW),
    Row(("http 2xx", "http 3xx", "http 4xx"), _TOKEN_SERVICE, fatal_from=0, fault=Fault.KEY, remedy=_TOKENS),
    # Not connected: the handle was not even shown.
    Row(("http 429",), fatal_from=0, fatal_pause=Pause.QUOTA, fault=Fault.KEY, remedy=_PAY),
    Row(("http 400", "http 401", "http 403"), fatal_from=0, fault=Fault.KEY, remedy=_NEW_KEY),
    Row(("http 407",), fatal_from=0, fault=Fault.SETUP, remedy=_PROXY),
    Row(("http 408",)),
    Row(("http 4xx",), fatal_from=0, fault=Fault.SETUP, remedy=_PLACE),
    Row(("http 511", "http 1xx", "http 2xx", "http 3xx"), remedy=_PORTAL),
    Row(("http",)),  # 5xx, and what is no status at all
    Row(("unreached",), _CERTIFICATE, remedy=_CLOCK),
    Row(("unreached", "late connect")),
    # Connected: what the words may tell.
    Row(("close 1007", "close 1008", "close 1011"), _TOKEN_OVER,
        at_once=True, handle_lasts=5, fatal_from=4, fault=Fault.KEY, remedy=_TOKENS),
    Row(("close 1007", "close 1008"), _KEY, handle_lasts=5, fatal_from=0, fault=Fault.KEY, remedy=_NEW_KEY),
    Row(("close 1007", "close 1008", "close 1011"), _SPENT,
        handle_lasts=5, fatal_from=0, fatal_pause=Pause.QUOTA, fault=Fault.KEY, remedy=_PAY),
    Row(("close 1008",), _ABORTED, at_once=True, handle_lasts=2),
    Row(("close 1008",), _TOOLS_BUG, at_once=True, handle_lasts=1, fatal_from=4, fault=Fault.SETUP, remedy=_CHECK),
    # Connected: by code.
    Row(("close 1000", "close 1001"), at_once=True, handle_lasts=2),  # compression hands over with a 1000
    Row(("close 1007",), at_once=True, handle_lasts=0, fatal_from=2, blames_handle=True,
        fault=Fault.SETUP, remedy=_CHECK),
    Row(("close 1008",), at_once=True, handle_lasts=0, fatal_from=2, blames_handle=True,
        fault=Fault.SETUP, remedy=_MODEL),
    Row(("close 1011",), handle_lasts=2, old_socket=True),
    Row(("late setup",), handle_lasts=2),
    Row(("late reply",), at_once=True, handle_lasts=1),  # a resumed session may never answer (live-api.md 1.6)
    Row(("close 1006", "late send"), at_once=True, handle_lasts=5),  # the network
    Row(("close",), handle_lasts=2),
)
# fmt: on
"""Read from top to bottom."""


def decide(
    failure: LinkError, *, resuming: bool, consecutive: int, came_up: bool = True, pictures: bool = False
) -> Decision:
    """Return what to do about `failure`.

    Args:
        failure: What ended the link, or the attempt to make one.
        resuming: Whether that link was begun, or to be begun, with a handle.
        consecutive: What `Streak.failed` returned for it.
        came_up: Whether the service had accepted that link's setup.
        pictures: Whether the session was shown any. To resume such a one is unstable: it is tried once
            (live-api.md 0.12).
    """
    row = row_of(failure)
    lasts = row.handle_lasts
    if lasts is not None and pictures:
        lasts = min(lasts, 1)
    kept = lasts is None or consecutive <= lasts
    fate = HandleFate.KEEP if kept else HandleFate.DROP
    fatal = row.fatal_from is not None and consecutive >= row.fatal_from
    if fatal and not (resuming and row.blames_handle):
        return Decision(fate, row.fatal_pause, row.fault, row.remedy)
    pause = Pause.NONE if row.at_once and consecutive <= 1 else Pause.BACKOFF
    if row.old_socket and resuming and kept and not came_up:
        pause = Pause.OLD_SOCKET
    return Decision(fate, pause, None, row.remedy if row.fatal_from is None else "")


def row_of(failure: LinkError) -> Row:
    """Return the row of the table that answers `failure`."""
    names, said = _names(failure), failure.reason.lower()
    for row in TABLE:
        if any(name in row.on for name in names) and (not row.words or any(word in said for word in row.words)):
            return row
    raise AssertionError("unreachable")


def _names(failure: LinkError) -> tuple[str, ...]:
    """What the table calls `failure`, by its class as well where classes have rows."""
    if isinstance(failure, LinkTimeout):
        return (f"late {failure.deadline.value}",)
    if failure.http_status is not None:
        return (f"http {failure.http_status}", f"http {failure.http_status // 100}xx", "http")
    if failure.close_code is not None:
        return (f"close {failure.close_code}", "close")
    return ("unreached",)


class Streak:
    """Counts failures in a row for `decide`.

    A failure to reach the service says nothing about the session, so it is not counted. A cut is the network's, and
    is not held against what the service refuses afterwards. A resumed session can be stable and yet never answer
    again, so only an answer ends a row of overdue ones (live-api.md 1.6).
    """

    def __init__(self) -> None:
        self._links = 0
        self._cuts = 0
        self._replies = 0
        self._up_since_s: float | None = None

    def __repr__(self) -> str:
        return f"<Streak links={self._links} cuts={self._cuts} replies={self._replies}>"

    def succeeded(self, now: float) -> None:
        """Note that a link came up at `now`."""
        self._up_since_s = now

    def answered(self) -> None:
        """Note that the service has begun to answer."""
        self._links = self._cuts = self._replies = 0

    def failed(self, failure: LinkError, now: float) -> int:
        """Count `failure`; return how many there now are in a row. 0 if the service was not reached."""
        if self._up_since_s is not None and now - self._up_since_s >= STABLE_S:
            self._links = self._cuts = 0
        self._up_since_s = None
        if failure.close_code is None:
            return 0
        if isinstance(failure, LinkTimeout) and failure.deadline is Deadline.REPLY:
            self._replies += 1
            return self._replies
        if "close 1006" in row_of(failure).on:
            self._cuts += 1
            return self._cuts
        self._links += 1
        return self._links


class GoAwayTimer:
    """Says when to leave a link after its go-away, so that the service's silence cannot hide the moment."""

    def __init__(self, time_left_s: float | None, now: float) -> None:
        left_s = UNSAID_TIME_LEFT_S if time_left_s is None else time_left_s
        self.rotate_by: Final = now + max(left_s - MARGIN_S, left_s / 2)
        """The last moment, in `now`'s clock: 10 s before the end, or half way where less than 20 s are left."""

    def __repr__(self) -> str:
        return f"<GoAwayTimer by {self.rotate_by:.1f}>"

    def due(self, now: float, *, between_turns: bool, tool_pending: bool, generating: bool) -> bool:
        """Whether to move now.

        Args:
            now: Seconds, the clock of the constructor.
            between_turns: Nobody's turn is under way.
            tool_pending: A tool call is unanswered, or answered and no handle has come since: an older handle would
                not know of it (live-api.md 1.6).
            generating: The service is generating; a session resumed from here may never answer (live-api.md 1.6).
        """
        return now >= self.rotate_by or (between_turns and not tool_pending and not generating)
