"""The times of what was told while the machine's clock was wrong, put right. Pure.

A Pi has no clock of its own: it starts with the time at which it was switched off, and is set once there is a network.
What it told until then seems to be hours old, and an outage of ten seconds would last all night:

    as told     22:00:10 link.failed  |  07:00:00 link.up        a night without a connection
    put right   06:59:50 link.failed  |  07:00:00 link.up        ten seconds
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from .entry import Entry

STEP_S: Final = 2.0
"""A clock that is slowed down or hurried differs by less from what it would have said; one that was set, by more."""


def put_right(entries: Iterable[Entry]) -> list[Entry]:
    """Return `entries` in the order in which they happened, with the times that the machine's clock now says it was.

    Of each start of the machine its newest line is believed: a clock is set to be right, and not to be wrong. Lines of
    which nobody has told how long the machine had been running keep their times.
    """
    entries = list(entries)
    newest: dict[str, Entry] = {}
    for one in entries:
        if one.boot_id and one.running_s >= newest.get(one.boot_id, one).running_s:
            newest[one.boot_id] = one
    return sorted(_righted(entries, newest), key=lambda one: one.at_s)


def _righted(entries: Iterable[Entry], newest: dict[str, Entry]) -> Iterator[Entry]:
    for one in entries:
        known = newest.get(one.boot_id, one)
        at_s = known.at_s - (known.running_s - one.running_s)
        yield replace(one, at_s=at_s) if abs(at_s - one.at_s) > STEP_S else one
