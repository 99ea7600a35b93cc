"""What we do about each failure of a link, asked of `decide` and written as a table.

python -m tests.bench.failure_table    puts it into daemon/live/README.md
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.live.backoff import OLD_SOCKET, PERMANENT, TRANSIENT
from daemon.live.resume import Decision, HandleFate, Pause, decide
from tests.bench import page

HEADINGS: Final = ("what happened", "the handle is", "the next attempt comes", "the ring shows a fault")
FAILURES: Final = (
    ("HTTP 400, 401, 403 at the upgrade", LinkError("", http_status=401)),
    ("HTTP 404 and other 4xx", LinkError("", http_status=404)),
    ("HTTP 407", LinkError("", http_status=407)),
    ("HTTP 408", LinkError("", http_status=408)),
    ("HTTP 429", LinkError("", http_status=429)),
    ("HTTP 5xx", LinkError("", http_status=503)),
    ("HTTP 511, 1xx, 2xx, 3xx: a sign-in page", LinkError("", http_status=302)),
    ("the service cannot be reached", LinkError("")),
    ("its certificate is not trusted", LinkError("the certificate is not trusted")),
    ("no connection in time", LinkTimeout("", deadline=Deadline.CONNECT)),
    ("the setup is not answered in time", LinkTimeout("", deadline=Deadline.SETUP)),
    ("the network takes nothing in time", LinkTimeout("", deadline=Deadline.SEND)),
    ("an answer, or the rest of one, is overdue", LinkTimeout("", deadline=Deadline.REPLY)),
    ("close 1000, 1001", LinkError("", close_code=1000)),
    ("close 1006: reset, or gone without a word", LinkError("", close_code=1006)),
    ("close 1007", LinkError("", close_code=1007)),
    ("close 1007 or 1008 that speaks of the key", LinkError("API key not valid", close_code=1007)),
    ("close 1008", LinkError("", close_code=1008)),
    ("close 1008, “aborted”", LinkError("The operation was aborted.", close_code=1008)),
    ("close 1008, “not implemented”", LinkError("Operation is not implemented", close_code=1008)),
    ("close 1011", LinkError("", close_code=1011)),
    ("close 1011 in answer to a handle: our old socket may still be open", LinkError("", close_code=1011)),
    ("close 1007, 1008 or 1011 that speaks of a quota", LinkError("You exceeded your quota", close_code=1011)),
    ("any other close; a frame that cannot be read", LinkError("", close_code=1002)),
)
"""One of each kind."""
TO_A_HANDLE: Final = "in answer to a handle"
"""In the name of what is only looked at where a session was to be resumed."""
MOST: Final = 12
"""More failures in a row than any row of the table counts."""


def failure_table() -> str:
    """Return the table, and what its words for the pauses mean."""
    slow_s = (PERMANENT.first_s * PERMANENT.floor, PERMANENT.first_s)
    slowest_min = (PERMANENT.cap_s * PERMANENT.floor / 60, PERMANENT.cap_s / 60)
    pauses = (
        f"“After a pause” is a random time of up to {TRANSIENT.first_s:g} s, which doubles with each failure up to"
        f" {TRANSIENT.cap_s:g} s; “a little later” is {OLD_SOCKET.first_s * OLD_SOCKET.floor:g} to"
        f" {OLD_SOCKET.first_s:g} s; “much later” is {slow_s[0]:g} to {slow_s[1]:g} s, growing to {slowest_min[0]:g} to"
        f" {slowest_min[1]:g} min."
    )
    rows = [(name, *_cells(failure, to_a_handle=TO_A_HANDLE in name)) for name, failure in FAILURES]
    return f"{page.table(HEADINGS, rows)}\n\n{pauses}"


def _cells(failure: LinkError, *, to_a_handle: bool) -> tuple[str, str, str]:
    # A failure to reach the service is not counted: `Streak.failed` returns 0 for it.
    counts = range(1, MOST + 1) if failure.close_code is not None else range(1)
    resuming = [decide(failure, resuming=True, consecutive=count, came_up=not to_a_handle) for count in counts]
    fresh = [decide(failure, resuming=False, consecutive=count) for count in counts]
    return _handle(resuming), _next_attempt(resuming if to_a_handle else fresh), _told(resuming, fresh)


def _handle(decisions: Sequence[Decision]) -> str:
    kept = len(list(takewhile(lambda decision: decision.handle is HandleFate.KEEP, decisions)))
    if kept == len(decisions):
        return "kept"
    return f"dropped after the {_nth(kept + 1)} in a row" if kept else "dropped"


def _next_attempt(decisions: Sequence[Decision]) -> str:
    words: list[str] = []
    for number, decision in enumerate(decisions, 1):
        match decision.pause:
            case Pause.NONE:
                word = "at once"
            case Pause.BACKOFF:
                word = "after a pause"
            case Pause.OLD_SOCKET:
                word = "a little later"
            case Pause.SLOW | Pause.QUOTA:
                word = "much later"
        if not words:
            words.append(word)
        elif not words[-1].startswith(word):
            words.append(f"{word} from the {_nth(number)} in a row on")
    return ", ".join(words)


def _told(resuming: Sequence[Decision], fresh: Sequence[Decision]) -> str:
    firsts = [next((n for n, decision in enumerate(row, 1) if decision.fault), None) for row in (resuming, fresh)]
    if firsts[1] is None:
        return ""
    fault = fresh[firsts[1] - 1].fault
    assert fault is not None
    when = "at once" if firsts[1] == 1 else f"from the {_nth(firsts[1])} in a row on"
    return f"{fault.value}, {when}{'' if firsts[0] == firsts[1] else ', if no handle was shown'}"


def _nth(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")


if __name__ == "__main__":
    page.put("failures", failure_table())
