"""What was done in a session, with its times: the steps of a scenario before they are put in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from daemon.history.entry import Entry

from .asked import PROMPT, Asked

Mode: TypeAlias = Literal["hold", "tap", "hands_free"]

AFTER_PRESS_S: Final = 0.1
"""So long after a press one begins to speak."""
BEFORE_GATE_S: Final = 0.3
"""So long before the gate opens for a voice it was heard first; what was said then is in the pre-roll."""
HANGOVER_S: Final = 0.6
"""So long a gate that closes by itself waits for another word."""
SHORTEST_S: Final = 0.3
"""What is shorter is no speech."""
GLITCH_S: Final = 3.0
"""A link that was back so soon was reset; the network was not gone."""
CONNECTED_S: Final = 0.5
"""So long before the link was up the network was back."""


@dataclass(frozen=True, order=True, slots=True)
class Deed:
    """One step, and when it was done, by the journal's clock."""

    at_s: float
    rank: int
    """Of two at the same time, the lower comes first."""
    step: Mapping[str, str | float | bool] = field(compare=False)

    @property
    def waits(self) -> bool:
        """Whether one waits for something, however long that takes this time."""
        return "until" in self.step


def mode(turns: Sequence[Asked]) -> Mode:
    """Return how the device was talked to: who lets a button go holds it, and a voice begins hands-free only."""
    if any(turn.ending in {"released", "too_short"} for turn in turns):
        return "hold"
    return "hands_free" if any(turn.begun == "voice" for turn in turns) else "tap"


def deeds(entries: Sequence[Entry], turns: Sequence[Asked]) -> list[Deed]:
    """Return everything that was done, in order."""
    held = mode(turns) == "hold"
    spoken = (deed for turn in turns for deed in _turn(turn, held))
    return sorted([*spoken, *_outages(entries, turns), *_handled(entries), *_rung(entries)])


def _turn(turn: Asked, held: bool) -> Iterator[Deed]:
    """Yield what was done in one turn."""
    if turn.begun == PROMPT:
        yield from _heard(turn)
        return
    by_button = turn.begun == "button"
    begins_s = turn.from_s + AFTER_PRESS_S if by_button else turn.from_s - BEFORE_GATE_S
    ends_s = turn.to_s - HANGOVER_S if turn.ending == "silence" else turn.to_s
    for_s = ends_s - begins_s - (AFTER_PRESS_S if held else 0.0)
    if by_button:
        yield Deed(turn.from_s, 1, {"button": "press" if held else "tap"})
    if for_s >= SHORTEST_S and turn.ending not in {"nothing_said", "too_short"}:
        yield Deed(begins_s, 2, {"say": "", "for_s": round(for_s, 2), "go_on_s": 0.0})
    if held and by_button:
        late_s = AFTER_PRESS_S if turn.ending == "muted" else 0.0  # the gate was closed while the button was held
        yield Deed(turn.to_s + late_s, 3, {"button": "release"})
    elif turn.ending == "tapped":
        yield Deed(turn.to_s, 3, {"button": "tap"})
    yield from _heard(turn)


def _heard(turn: Asked) -> Iterator[Deed]:
    """Yield that the answer was waited for, and heard."""
    if turn.sounded_s is not None:
        yield Deed(turn.sounded_s, 4, {"until": "answer"})
    if turn.outcome in {"answered", "unanswered", "empty"}:
        yield Deed(turn.over_s, 5, {"until": "silence"})


def _outages(entries: Sequence[Entry], turns: Sequence[Asked]) -> Iterator[Deed]:
    """Yield what befell the network.

    It was gone before anybody noticed. All that can be known is that a question whose answer came only over the next
    link had not reached the service: it is cut off right before the end of that.
    """
    changes = [one for one in entries if one.event in {"link.lost", "link.up"}]
    for index, lost in enumerate(changes):
        if lost.event != "link.lost":
            continue
        up_s = next((one.at_s for one in changes[index:] if one.event == "link.up"), None)
        unheard_s = [
            turn.to_s
            for turn in turns
            if turn.from_s < lost.at_s < turn.over_s and (turn.sounded_s or turn.over_s) > (up_s or turn.over_s)
        ]
        if up_s is None or up_s - lost.at_s > GLITCH_S or unheard_s:
            yield Deed(min([lost.at_s, *(at_s - 0.05 for at_s in unheard_s)]), 0, {"network": "cut"})
            if up_s is not None:
                yield Deed(max(up_s - CONNECTED_S, lost.at_s + 0.01), 6, {"network": "back"})
        yield Deed(lost.at_s, 5, {"network": "reset"})
    yield from _away_at_start(entries)


def _away_at_start(entries: Sequence[Entry]) -> Iterator[Deed]:
    """Yield that there was no network when the device was switched on again: its first link took long."""
    begun = [one for one in entries if one.event in {"daemon.stopped", "daemon.ready", "link.up"}]
    for stopped, ready, up in zip(begun, begun[1:], begun[2:], strict=False):
        told = (stopped.event, ready.event, up.event)
        if told == ("daemon.stopped", "daemon.ready", "link.up") and up.at_s - ready.at_s > GLITCH_S:
            yield Deed(stopped.at_s, 4, {"network": "cut"})
            yield Deed(up.at_s - CONNECTED_S, 6, {"network": "back"})


def _handled(entries: Sequence[Entry]) -> Iterator[Deed]:
    """Yield what was done with mute and volume, and that the device was switched off and on again."""
    power = [one for one in entries if one.event in {"daemon.stopped", "daemon.ready"}]
    for earlier, later in pairwise(power):
        if (earlier.event, later.event) == ("daemon.stopped", "daemon.ready"):
            yield Deed(earlier.at_s, 2, {"device": "off"})
            yield Deed(later.at_s, 2, {"device": "on"})
    for one in entries:
        if one.event in {"microphone.muted", "microphone.unmuted"}:
            shut = one.event == "microphone.muted"
            by_switch = one.text("by") == "switch"
            yield Deed(one.at_s, 2, {"mute_switch": shut} if by_switch else {"command": "mute" if shut else "unmute"})
        if one.event == "volume.set" and one.number("percent") is not None:
            yield Deed(one.at_s, 2, {"command": f"volume {round(one.number('percent') or 0)}"})


def _rung(entries: Iterable[Entry]) -> Iterator[Deed]:
    """Yield that a timer was waited for, and stopped."""
    for one in entries:
        if one.event == "alarm.rings":
            yield Deed(one.at_s, 0, {"until": "ringing"})
        if one.event == "alarm.stopped":
            yield Deed(one.at_s, 1, {"button": "tap"})
