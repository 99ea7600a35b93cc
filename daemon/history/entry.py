"""One line that the journal has kept, as `journalctl -o json` gives it or as a rehearsal's journal.jsonl has it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from daemon.telling.sentences import sentence
from daemon.telling.wording import Value, one_line

OF_SYSTEMD: Final = "systemd.warned"
"""The event of a line in which systemd warns of the service: that it was killed, or did not answer in time."""
_LEVELS: Final = {"error": 3, "warning": 4, "info": 6, "debug": 7}
_WARNING: Final = _LEVELS["warning"]
_INFO: Final = _LEVELS["info"]
_LATEST_S: Final = 2.0**33
"""In the year 2242. No clock goes as far; what says so is damaged, and no calendar could show much later times."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that was told."""

    at_s: float
    """Seconds since 1970; in a rehearsal's journal since whenever."""
    event: str
    priority: int
    """As syslog counts: less matters more."""
    fields: Mapping[str, Value]
    """By their lower-case names. What comes from journald is text, numbers too."""
    words: str
    """What happened, in a sentence."""
    boot_id: str = ""
    """Of which start of the machine it is; empty where nobody has told."""
    running_s: float = 0.0
    """How long the machine had been running, by a clock that nobody sets."""

    @property
    def is_fault(self) -> bool:
        """Whether it is a warning or worse."""
        return self.priority <= _WARNING

    def text(self, name: str) -> str:
        """Return a field as text; empty if there is none."""
        return str(self.fields.get(name, ""))

    def number(self, name: str) -> float | None:
        """Return a field as a finite number; None if it is not there or is none."""
        try:
            number = float(self.fields[name])
        except (KeyError, ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None


def entry(line: str) -> Entry | None:
    """Return what a line of JSON tells of; None if that is nothing of ours.

    Raises:
        ValueError: The line is no JSON, or neither of the two formats.
    """
    try:
        told = json.loads(line)
    except RecursionError:
        told = None
    if isinstance(told, dict) and "__REALTIME_TIMESTAMP" in told:
        return _of_journald(told)
    if isinstance(told, dict) and isinstance(told.get("at_s"), int | float) and isinstance(told.get("event"), str):
        return _of_file(told)
    raise ValueError(f"not a line of a journal: {line[:80]!r}")


def _of_journald(told: Mapping[str, object]) -> Entry | None:
    """Read journalctl's export: names in capitals, values as text; bytes that are no text are lists of numbers."""
    texts = {name: value for name, held in told.items() if (value := _text(held)) is not None}
    at_s = _time(int(texts.get("__REALTIME_TIMESTAMP", "")) / 1e6)
    priority = int(texts.get("PRIORITY", _INFO))
    words = one_line(texts.get("MESSAGE", ""))
    boot_id, running_s = texts.get("_BOOT_ID", ""), int(texts.get("__MONOTONIC_TIMESTAMP", "0")) / 1e6
    if event := texts.get("EVENT"):
        fields = {name.lower(): value for name, value in texts.items() if not name.startswith("_")}
        return Entry(at_s, event, priority, fields, words, boot_id, running_s)
    if texts.get("_PID") == "1" and priority <= _WARNING:
        return Entry(at_s, OF_SYSTEMD, priority, {}, words, boot_id, running_s)
    return None


def _time(at_s: float) -> float:
    """Accept a time that a calendar can show.

    Raises:
        ValueError: It is none.
    """
    if not 0.0 <= at_s <= _LATEST_S:
        raise ValueError(f"{at_s:g} s since 1970 is no time")
    return at_s


def _text(held: object) -> str | None:
    """Return the text of a field; of one that was given several times the first."""
    if isinstance(held, str):
        return held
    if isinstance(held, list) and held:
        if all(isinstance(one, int) for one in held):
            return bytes(held).decode(errors="replace")
        return _text(held[0])
    return None


def _of_file(told: dict[str, object]) -> Entry:
    """Read a line of `JsonLinesSink`."""
    at_s, event = told.pop("at_s"), str(told.pop("event"))
    priority = _LEVELS.get(str(told.pop("level", "info")), _INFO)
    fields = {name: value for name, value in told.items() if isinstance(value, str | int | float)}
    words = sentence(event, fields) or " ".join([event, *(f"{name}={value}" for name, value in fields.items())])
    assert isinstance(at_s, int | float)
    return Entry(_time(float(at_s)), event, priority, fields, words)
