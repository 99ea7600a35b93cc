"""Carries out what the conversation decides: one `match`, and no decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, assert_never

from .announcing.sounds import Sounds
from .body import Body
from .config import Config
from .effects import (
    AskInWriting,
    Begun,
    CloseGate,
    Effect,
    Ending,
    Forget,
    Hush,
    KeepMuted,
    LetSound,
    Look,
    OpenGate,
    SayAgain,
    SetMuted,
    Silence,
    Sound,
    StopRinging,
    TurnOver,
    Watch,
    Withdraw,
)
from .keeping.keeping import Keeping
from .live.uplink import Uplink
from .live.upward import Prompt
from .telling.diary import Diary

ASKING: Final = {Ending.RELEASED, Ending.SILENCE, Ending.TAPPED, Ending.TOO_LONG}
"""Who ends a turn like that waits for an answer: its end may wait for the first picture, if a look was asked for."""


class Hands:
    """Does what follows from what happened.

    Args:
        config: When the camera looks.
        uplink: Takes the turns of the user.
        body: Its ears open and close, it sounds and falls silent, and it looks.
        sounds: Are made, as the owner wants them.
        keeping: Keeps whether it is muted, and counts turns.
        diary: Is told the stations of each turn.
        wanted: Called when somebody begins to speak: a link is wanted now.
        stop_ringing: Called when whoever it rings for knows.
    """

    def __init__(
        self,
        config: Config,
        *,
        uplink: Uplink,
        body: Body,
        sounds: Sounds,
        keeping: Keeping,
        diary: Diary,
        wanted: Callable[[], None],
        stop_ringing: Callable[[], None],
    ) -> None:
        self._sees_turns = config.camera.mode == "with_turn"
        self._waits_for_looks: Final = config.turn.taking == "local"
        self._uplink: Final = uplink
        self._body: Final = body
        self._sounds: Final = sounds
        self._keeping: Final = keeping
        self._diary: Final = diary
        self._wanted: Final = wanted
        self._stop_ringing: Final = stop_ringing

    def __repr__(self) -> str:
        return f"<Hands of {self._body!r}>"

    def go_by(self, config: Config) -> None:
        """Go by another configuration from now on; nobody's turn is under way."""
        self._sees_turns = config.camera.mode == "with_turn"

    def carry_out(self, effect: Effect) -> None:  # noqa: C901, PLR0912, PLR0915 - one match over every effect is the point
        """Do it, before returning. Nothing in it waits."""
        now = asyncio.get_running_loop().time()
        match effect:
            case OpenGate(turn_id, endpointing, begun):
                self._diary.opened(turn_id, begun.value, now)
                self._keeping.turn_began()
                self._uplink.begin(turn_id)
                self._body.ears.open(turn_id, endpointing=endpointing, to_voice=begun is not Begun.BUTTON)
                if self._sees_turns:
                    self._body.sight.begin()
                self._body.playback.wake()
                self._wanted()
            case CloseGate(turn_id, ending):
                self._body.capture.close_gate()
                patient = self._waits_for_looks and ending in ASKING
                self._body.sight.end(lambda: self._uplink.end(turn_id), patient=patient)
                self._diary.closed(turn_id, ending.value, now)
            case Watch(attack, for_s):
                self._body.ears.watch(attack, for_s)
            case Look():
                self._body.sight.begin(asked=True, once=not self._sees_turns)
            case Silence(turn_id):
                self._diary.sounded(self._body.playback.silence(turn_id))
            case Withdraw(turn_id):
                self._body.playback.withdraw(turn_id)
            case LetSound(turn_id):
                self._body.playback.end(turn_id)
            case Forget(turn_id):
                self._body.sight.settle()  # an open turn would not be forgotten
                self._uplink.forget(turn_id)
            case SayAgain(turn_id, as_turn_id):
                self._uplink.renumber(as_turn_id)
                self._diary.said_again(as_turn_id, now)
            case Sound(cue):
                self._sounds.make(cue)
            case Hush():
                self._sounds.hush()
            case SetMuted(muted, by_switch):
                self._body.ears.mute(muted, by="switch" if by_switch else "owner")
            case KeepMuted(muted):
                self._keeping.muted = muted
            case AskInWriting(turn_id, text):
                self._diary.prompted(turn_id, now)
                self._keeping.turn_began()
                self._body.sight.settle()  # an open turn would have to be ended first
                self._uplink.ask(Prompt(turn_id, text))
                self._body.playback.wake()
                self._wanted()
            case StopRinging():
                self._stop_ringing()
            case TurnOver(turn_id, outcome):
                self._diary.over(
                    turn_id,
                    outcome.value,
                    now,
                    session_id=self._keeping.session_id or None,
                    day_tokens=self._keeping.today().get("total", 0),
                )
            case _:
                assert_never(effect)
