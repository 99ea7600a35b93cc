"""How the stand-in service behaves at present: what it answers, its pace, its habits and its faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .answer import Answer, Answerer, Pacing
from .dice import Dice
from .faults import Faults, Nemesis
from .memory import Turn
from .recital import recited


@dataclass(frozen=True, slots=True)
class Manners:
    """Habits of the service that are not faults.

    Attributes:
        connection_s: How long a connection may last; None: for ever. About 10 min (live-api.md 1.6).
        go_away_s: How long before its end a connection is told to go away.
        audio_session_s: How long a session may last without compression (live-api.md 1.6).
        video_session_s: The same once a picture was sent.
        ends_unheard_turns: The user speaks again before anything of the answer was said: whether that answer still
            gets its `interrupted` and `turnComplete`. Not established; clients must bear both.
        cancels_calls: Whether a BLOCKING call that the user talks over gets a toolCallCancellation. Never seen in the
            wild, but documented (live-api.md 1.8).
        reissue_s: After what time a call that was dropped is made again, under a new id (live-api.md 1.8).
        takes_tokens_again: Whether a token that has begun its sessions, or can begin no more, still resumes one. The
            documents say so (live-api.md 1.10) and somebody has seen it; others were refused. Clients must bear both.
    """

    connection_s: float | None = 600.0
    go_away_s: float = 50.0
    audio_session_s: float = 900.0
    video_session_s: float = 120.0
    ends_unheard_turns: bool = True
    cancels_calls: bool = False
    reissue_s: tuple[float, float] = (2.6, 3.6)
    takes_tokens_again: bool = True


def guessed(turn: Turn) -> str:
    """Return what stands in for the words of `turn`: the service cannot really hear."""
    return f"{turn.heard_s:.1f} seconds of speech"


class Conduct:
    """Everything about the behaviour that can be changed while the service runs.

    Attributes:
        dice: Where all chance comes from.
        answer: What is answered.
        pacing: How fast.
        manners: The service's habits.
        words_of: What inputTranscription says of a turn.
        recite: What is answered to a text, in the place of `answer`; None where `answer` is.
        nemesis: What strikes when; renewed with each change of the faults.
    """

    def __init__(self, dice: Dice, answer: Answerer, pacing: Pacing, manners: Manners, faults: Faults) -> None:
        self.dice: Final = dice
        self.answer = answer
        self.pacing = pacing
        self.manners = manners
        self.words_of: Callable[[Turn], str] = guessed
        self.recite: Callable[[str], Answer | None] = recited
        self.faults = faults

    def __repr__(self) -> str:
        return f"Conduct({self.pacing}, {self.faults})"

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on. Setting it starts the counting of the strikes' moments again."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self.nemesis = Nemesis(faults.strikes)
