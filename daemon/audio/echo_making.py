"""From the owner's words to what is done about echo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, assert_never

from daemon.audio.barge_in import GUARDED_S, PRIMED_S, BargeIn
from daemon.audio.canceller import Canceller, Finish, Suppression
from daemon.audio.cancelling import EchoCancelling
from daemon.audio.echo import Cleaned, EchoControl, HalfDuplex
from daemon.audio.echo_level import LevelGated
from daemon.audio.vad import Vad, WebRtcVad
from daemon.journal import Level
from hardware.interfaces import Frame
from hardware.played import Piece

Mode: TypeAlias = Literal["cancel", "half_duplex", "level", "system", "off"]

_AGGRESSIVENESS: Final = 2
"""Of webrtcvad, for barge-in (hardware.md section 2.4), whatever the gate uses."""


@dataclass(frozen=True, slots=True)
class EchoSettings:
    """The part of `[echo]` that is not about the room; see `config/vocative.toml`."""

    mode: Mode = "cancel"
    noise_suppression: Suppression = "off"
    automatic_gain: bool = False
    primed: bool = False
    """Whether `whoosh` is played at the start, for mode "cancel" to learn from."""


class EchoFree:
    """An `EchoControl` where no echo reaches us: somebody else takes it out, or there is none.

    Args:
        mode: "system" or "off", whichever was asked for.
        barge_in: What notices a user who talks over us; None if nobody wants to know.
    """

    def __init__(self, mode: Literal["system", "off"], barge_in: BargeIn | None) -> None:
        self.mode: Final = mode
        self._barge_in: Final = barge_in

    def __repr__(self) -> str:
        return f"<EchoFree {self.mode} {self._barge_in!r}>"

    def heard(self, frame: Frame, *, audible: bool) -> Cleaned:
        """Take the next frame; see `EchoControl.heard`."""
        barged_in = self._barge_in is not None and self._barge_in.heard(frame.pcm, audible=audible)
        return Cleaned(frame.pcm, kept=True, users=True, barged_in=barged_in)


def echo_control(
    settings: EchoSettings,
    reference: Callable[[], list[Piece]],
    tell: Callable[..., None],
    *,
    barge_in: bool,
    detectors: Sequence[Vad] | None = None,
) -> EchoControl:
    """Return what `settings.mode` asks for, or half duplex where the canceller's library is not installed.

    Args:
        settings: What the owner wants.
        reference: Returns what the speaker handed to its device since it was called last (`Playback.reference`).
        tell: The journal: `echo.mode` (mode, asked, reason), a warning if the two are not the same.
        barge_in: Whether a voice stops an answer. If not, `Cleaned.barged_in` is never true.
        detectors: What tells voices, for this alone, since it hears other frames than the gate's; a voice is what any
            of them takes for one. None is webrtcvad alone; Silero beside it finds softer voices sooner (hardware.md
            section 2.4).
    """
    control, reason = _made(settings, reference, _rule(settings, detectors) if barge_in else None)
    as_asked = control.mode == settings.mode
    level = Level.INFO if as_asked else Level.WARNING
    tell("echo.mode", level=level, mode=control.mode, asked=settings.mode, reason=reason)
    return control


def _rule(settings: EchoSettings, detectors: Sequence[Vad] | None) -> BargeIn:
    chosen = detectors if detectors is not None else [WebRtcVad(_AGGRESSIVENESS)]
    learning_s = PRIMED_S if settings.primed else GUARDED_S
    return BargeIn(chosen, guarded_s=learning_s if settings.mode == "cancel" else 0.0)


def _made(
    settings: EchoSettings, reference: Callable[[], list[Piece]], barge_in: BargeIn | None
) -> tuple[EchoControl, str | None]:
    """Return the control, and why it is not the one that was asked for."""
    match settings.mode:
        case "cancel":
            try:
                canceller = Canceller()
                finish = Finish(settings.noise_suppression, automatic_gain=settings.automatic_gain)
            except ImportError:
                return HalfDuplex(), "pywebrtc-audio is not installed: pip install pywebrtc-audio"
            return EchoCancelling(reference, barge_in, canceller, finish), None
        case "level":
            return LevelGated(reference, barge_in=barge_in is not None), None
        case "half_duplex":
            return HalfDuplex(), None
        case "system" | "off":
            return EchoFree(settings.mode, barge_in), None
        case _:
            assert_never(settings.mode)
