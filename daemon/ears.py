"""The microphone's side put together as the configuration has it; what it notices becomes events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never

from hardware.interfaces import Microphone
from hardware.played import Piece

from .audio.capture import Capture
from .audio.echo import EchoControl
from .audio.echo_advice import advice
from .audio.echo_making import EchoSettings, echo_control
from .audio.gate import Gate, GateSettings, Marker
from .audio.vad import Vad
from .calibration_file import load
from .config import Config
from .config.schema import EchoSection, TurnSection
from .effects import Attack
from .events import (
    BargedIn,
    Event,
    FaultFound,
    FaultMended,
    NothingSaid,
    SpeechEnded,
    SpeechStarted,
    TurnTooLong,
    VoiceHeard,
    WatchOver,
)
from .journal import Journal
from .status import Fault

STRICT_ATTACK_MS: Final = 300
"""How much voice opens the gate when nobody is expected to speak: a cough or a chair has less."""
SERVED_SILENCE_MS: Final = 2_000
"""Where the service finds the ends of turns: how much longer than it could be nothing must be said until we do."""


def gate_settings(turn: TurnSection) -> GateSettings:
    """Return how the gate listens."""
    shortest_ms, start_ms, longest_ms = turn.shortest_hangover_ms, turn.hangover_ms, turn.longest_hangover_ms
    if turn.taking == "server":
        shortest_ms = start_ms = longest_ms = turn.longest_hangover_ms + SERVED_SILENCE_MS
    return GateSettings(
        pre_roll_ms=turn.pre_roll_ms,
        attack_ms=turn.attack_ms,
        sure_ms=max(turn.attack_ms, STRICT_ATTACK_MS),
        hangover_ms=start_ms,
        shortest_hangover_ms=shortest_ms,
        longest_hangover_ms=longest_ms,
        no_speech_s=turn.no_speech_s,
        longest_s=turn.longest_s,
    )


@dataclass(frozen=True, slots=True)
class _EchoGuard:
    """What the echo control is made of."""

    echo: EchoSection
    barge_in: bool
    """Whether a voice stops an answer."""
    primed: bool = field(compare=False)
    """Whether noise may be played for it to learn from; no reason to make another one."""

    @classmethod
    def of(cls, config: Config) -> _EchoGuard:
        turn = config.turn
        return cls(config.echo, turn.barge_in == "voice" and turn.mode != "hold", config.speaker.earcons)


class Ears:
    """Listens, and says what was heard.

    Args:
        open_microphone: Opens it, as `Board.microphone` does.
        config: How the owner takes turns, and what is done about echo.
        vad: Decides which frames hold speech.
        reference: Returns what the speaker was given since it was called last.
        audible: Whether our own loudspeaker may be heard now.
        said: Takes each frame that leaves, and when its last sample was captured.
        dispatch: Takes what happened.
        journal: Where muting is told, what happens to the microphone, and which echo control it is.
    """

    def __init__(
        self,
        open_microphone: Callable[[], Awaitable[Microphone]],
        config: Config,
        vad: Vad,
        *,
        reference: Callable[[], list[Piece]],
        audible: Callable[[], bool],
        said: Callable[[bytes, float], None],
        dispatch: Callable[[Event], None],
        journal: Journal,
    ) -> None:
        self._settings = gate_settings(config.turn)
        self._said: Final = said
        self._dispatch: Final = dispatch
        self._journal: Final = journal
        self._turn_id = 0
        """The turn that the gate was opened for last."""
        self._watched: tuple[Attack, float | None] = (Attack.NONE, None)
        """Which voices the closed gate was told to tell of."""
        self._reference: Final = reference
        self._guard = _EchoGuard.of(config)
        self.echo_advice: Final = _advice(config.state.folder)
        """What `vocative calibrate` made of this room, in one sentence; empty if nobody asked it."""
        if self.echo_advice:
            journal.tell("echo.calibrated", reason=self.echo_advice)
        self.capture: Final = Capture(
            open_microphone,
            Gate(self._settings),
            self._echo_control(),
            vad,
            listener=self,
            audible=audible,
            tell=journal.tell,
        )

    def __repr__(self) -> str:
        return f"<Ears {self.capture!r}>"

    @property
    def echo(self) -> EchoControl:
        """What is done about echo."""
        return self.capture.echo

    @property
    def wants_whoosh(self) -> bool:
        """Whether the echo control has to hear every frequency once, before a voice may stop an answer."""
        return self.echo.mode == "cancel" and self._guard.barge_in and self._guard.primed

    def go_by(self, config: Config) -> bool:
        """Listen as another configuration has it from now on; nobody's turn is under way.

        Returns:
            Whether the echo control is a new one, which has not learned the room yet.
        """
        old, self._settings = self._settings, gate_settings(config.turn)
        self.capture.go_by(self._settings)
        if (old.attack_ms, old.sure_ms) != (self._settings.attack_ms, self._settings.sure_ms):
            self.watch(*self._watched)
        before, self._guard = self._guard, _EchoGuard.of(config)
        if self._guard == before:
            return False
        self.capture.echo = self._echo_control()
        return True

    def open(self, turn_id: int, *, endpointing: bool, to_voice: bool) -> None:
        """Open the gate for a turn; see `Capture.open_gate`."""
        self._turn_id, self._watched = turn_id, (Attack.NONE, None)
        self.capture.open_gate(endpointing=endpointing, to_voice=to_voice)

    def watch(self, attack: Attack, for_s: float | None) -> None:
        """Have the closed gate tell of a voice, for so much audio."""
        self._watched = attack, for_s
        match attack:
            case Attack.NONE:
                attack_ms = None
            case Attack.EASY:
                attack_ms = self._settings.attack_ms
            case Attack.STRICT:
                attack_ms = self._settings.sure_ms
            case _:
                assert_never(attack)
        self.capture.watch(attack_ms, for_s)

    def mute(self, muted: bool, *, by: str) -> None:
        """Be deaf, or not, `by` the owner's word or the switch."""
        self.capture.muted = muted
        self._journal.tell("microphone.muted" if muted else "microphone.unmuted", by=by)

    def _echo_control(self) -> EchoControl:
        guard = self._guard
        settings = EchoSettings(
            guard.echo.mode, guard.echo.noise_suppression, guard.echo.automatic_gain, primed=guard.primed
        )
        return echo_control(settings, self._reference, self._journal.tell, barge_in=guard.barge_in)

    # --- Listener ----------------------------------------------------------------------------------

    def said(self, pcm: bytes, captured_s: float) -> None:
        """Pass on a frame that leaves."""
        self._said(pcm, captured_s)

    def noticed(self, marker: Marker) -> None:
        """Make an event of what the gate noticed."""
        match marker:
            case Marker.SPEECH_STARTED:
                self._dispatch(SpeechStarted(self._turn_id))
            case Marker.SPEECH_ENDED:
                self._dispatch(SpeechEnded(self._turn_id))
            case Marker.NOTHING_SAID:
                self._dispatch(NothingSaid(self._turn_id))
            case Marker.TOO_LONG:
                self._dispatch(TurnTooLong(self._turn_id))
            case Marker.VOICE:
                self._dispatch(VoiceHeard())
            case Marker.WATCH_OVER:
                self._dispatch(WatchOver())
            case _:
                assert_never(marker)

    def barged_in(self) -> None:
        """Somebody talks over the answer."""
        self._dispatch(BargedIn())

    def microphone_lost(self, lost: bool) -> None:
        """The microphone was lost, or is back."""
        self._dispatch(FaultFound(Fault.MICROPHONE) if lost else FaultMended(Fault.MICROPHONE))


def _advice(folder: str) -> str:
    calibration = load(Path(folder)) if folder else None
    return advice(calibration).sentences[0] if calibration is not None else ""
