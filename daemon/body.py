"""The parts at work, as `Board` opens them: microphone and loudspeaker, button and ring, camera and mute switch.

What they notice becomes an event. What is said and seen goes up; nothing else does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hardware.interfaces import Board
from hardware.pcm import loudness

from .audio.capture import Capture
from .audio.playback import Heard, Playback
from .audio.vad import Vad
from .config import Config
from .conversation import Conversation
from .ears import Ears
from .events import Event, FaultFound, FaultMended, ReplySounded, ReplySounding, SightChanged, SpeechDropped
from .journal import Journal
from .last_words import LastWords
from .live.uplink import Uplink
from .live.upward import Image, Speech
from .mute_switch import MuteSwitchWatch
from .panel.panel import Panel
from .sight import Sight
from .status import Fault, TurnState
from .telling.diary import Diary


class Body:
    """Ears, loudspeaker, panel, sight and mute switch of one device, put together. Whoever has it runs each of them.

    Args:
        board: Opens the parts.
        config: How they are set to begin with.
        vad: Decides which frames hold speech.
        conversation: Whose turn it is.
        dispatch: Takes what happened.
        uplink: Takes what is said and seen.
        diary: Is told when an answer sounds, and what is lost of a question.
        timer_left: What is left of the nearest timer, 0 to 1; None while none runs.
        journal: Where everything is told.
    """

    def __init__(  # noqa: PLR0913 - what surrounds it
        self,
        board: Board,
        config: Config,
        vad: Vad,
        *,
        conversation: Conversation,
        dispatch: Callable[[Event], None],
        uplink: Uplink,
        diary: Diary,
        timer_left: Callable[[], float | None],
        journal: Journal,
    ) -> None:
        self._conversation: Final = conversation
        self._dispatch: Final = dispatch
        self._uplink: Final = uplink
        self._diary: Final = diary
        self._journal: Final = journal
        self.playback: Final = Playback(
            board.speaker,
            volume_percent=config.speaker.volume_percent,
            on_sounding=self._sounding,
            on_sounded=self._sounded,
            on_fault=self._speaker_lost,
            tell=journal.tell,
            sleep_after_s=config.speaker.sleep_after_s,
            tail_s=config.echo.hangover_ms / 1000,
        )
        self.mute_switch: Final = MuteSwitchWatch(board.mute_switch, dispatch, journal.tell)
        self.ears: Final = Ears(
            self.mute_switch.first(board.microphone),
            config,
            vad,
            reference=self.playback.reference,
            audible=lambda: self.playback.audible,
            said=self._said,
            dispatch=dispatch,
            journal=journal,
        )
        self.capture: Final[Capture] = self.ears.capture
        self._last_words: Final = LastWords(dispatch)
        self.panel: Final = Panel(
            board.button,
            board.leds,
            on_event=self._last_words.pushed,
            status=lambda: conversation.status,
            level=self._level,
            tell=journal.tell,
            timer_left=timer_left,
        )
        self.sight: Final = Sight(
            board.camera,
            show=lambda jpeg: uplink.show(Image(jpeg)),
            on_seeing=lambda seeing: dispatch(SightChanged(seeing)),
            interval_s=config.camera.interval_s,
            journal=journal,
        )

    def __repr__(self) -> str:
        return f"<Body {self.ears!r} {self.playback!r}>"

    def _said(self, pcm: bytes, captured_s: float) -> None:
        dropped_s = self._uplink.say(Speech(pcm, captured_s))
        if dropped_s:
            turn_id = self._conversation.turn_id
            self._diary.dropped(turn_id, dropped_s)
            if not self._conversation.status.overflowing:
                self._journal.warn("speech.dropped", turn_id=turn_id)
                self._dispatch(SpeechDropped(turn_id))
        self._last_words.heard(captured_s)

    def _sounding(self, turn_id: int) -> None:
        self._diary.sounding(turn_id, asyncio.get_running_loop().time())
        self._dispatch(ReplySounding(turn_id))

    def _sounded(self, turn_id: int, heard: Heard) -> None:
        self._diary.sounded(heard)
        self._dispatch(ReplySounded(turn_id))

    def _speaker_lost(self, lost: bool) -> None:
        self._dispatch(FaultFound(Fault.SPEAKER) if lost else FaultMended(Fault.SPEAKER))

    def _level(self) -> float:
        """What moves the ring, 0 to 1: the loudness of whoever speaks, or what is left of the time for a follow-up."""
        status = self._conversation.status
        match status.turn:
            case TurnState.LISTENING:
                return loudness(self.capture.level_db)
            case TurnState.SPEAKING:
                return self.playback.level
            case _:
                return self.capture.watch_left if status.follow_up else 0.0
