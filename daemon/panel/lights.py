"""What the ring shows: a pure function of the status, the time and the loudness.

A picture is a *ground* colour with an *ink* on it, and a *shape* that says how much ink each place has at each
moment. The place is a fraction of a turn, clockwise from the top, so that the same shapes serve a single LED and
a ring of sixty. Colour says what it is about, movement says what is going on:

    cyan    the microphone is open, and nothing else ever is cyan; never dark
    violet  the answer is being waited for
    green   the answer sounds; faint, an arc that shrinks: so long a voice goes on with the conversation
    red     muted: whatever else happens is drawn in red on a red ground
    amber   something outside is wrong: the link (one place moves), or a fault (everything blinks, one to five times)
    rose    a timer: it rings and everything pulses, or it runs and an arc shrinks
    blue    how loud the device has just been set, as an arc
    white   the camera delivers frames
    dark    all is well and nothing is going on
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, assert_never

from daemon.panel import shapes
from daemon.panel.scene import Scene, scene_of
from daemon.panel.shapes import Shape
from daemon.status import Status
from hardware.interfaces import Rgb

DARK: Final[Rgb] = (0, 0, 0)
CAMERA: Final[Rgb] = (235, 235, 215)
"""The camera's light. No other picture has all three colours in one pixel."""

SHIMMER_S: Final = 1.2
OVERFLOW: Final[Rgb] = (255, 120, 0)
OVERFLOW_S: Final = 0.8


class ArcKind(Enum):
    """What an arc measures."""

    VOLUME = auto()
    """Shown over whatever there is, unless the microphone is open: that one must be cyan."""
    TIMER = auto()
    """What is left of the nearest timer; shown while there is nothing else to show."""


_ARC_INKS: Final[dict[ArcKind, Rgb]] = {ArcKind.VOLUME: (0, 40, 255), ArcKind.TIMER: (60, 0, 22)}


@dataclass(frozen=True, slots=True)
class Arc:
    """A share of the ring, clockwise from the top."""

    kind: ArcKind
    share: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How a scene is drawn."""

    ground: Rgb
    ink: Rgb
    shape: Shape


def lights(status: Status, t_s: float, count: int, *, level: float = 0.0, arc: Arc | None = None) -> tuple[Rgb, ...]:
    """Return `count` pixels, clockwise from the top, each 0 to 255, for any status at all.

    Args:
        status: What to show.
        t_s: Seconds of any clock that does not jump; only its progress matters.
        count: Pixels; 1 is a single LED, 0 no ring.
        level: Loudness from 0 to 1, clipped: the user's while listening, the answer's while speaking. In a follow-up
            the share of its time that is left.
        arc: What is measured beside that, if anything.
    """
    scene = scene_of(status)
    look = _look(scene)
    level = min(1.0, max(0.0, level))
    ground, ink = ((125, 0, 0), (255, 0, 0)) if status.muted else (look.ground, look.ink)
    pixels = [_mixed(ground, ink, look.shape(index / count, t_s, level)) for index in range(count)]
    if arc is not None and pixels and _shows(arc, scene, status.muted):
        _put_arc(pixels, arc)
    if status.overflowing and pixels:
        _put_overflow(pixels, t_s)
    if status.seeing and pixels:
        _put_camera(pixels, t_s)
    return tuple(pixels)


def _shows(arc: Arc, scene: Scene, muted: bool) -> bool:
    match arc.kind:
        case ArcKind.VOLUME:
            return scene is not Scene.LISTENING and not muted
        case ArcKind.TIMER:
            return scene is Scene.READY and not muted
        case _:
            assert_never(arc.kind)


def animated(status: Status) -> bool:
    """Say whether the picture of `status` changes with time or level; a still one need not be drawn again."""
    return status.seeing or scene_of(status) is not Scene.READY


def _look(scene: Scene) -> _Look:  # noqa: C901, PLR0911, PLR0912  # one return for each scene is the table
    faint_amber, amber = (72, 43, 0), (225, 135, 0)
    match scene:
        case Scene.READY:
            return _Look(DARK, DARK, shapes.still)
        case Scene.OFFLINE:
            return _Look(DARK, faint_amber, shapes.breathing_dot)
        case Scene.CONNECTING:
            return _Look(DARK, faint_amber, shapes.walking_dot)
        case Scene.LISTENING:
            return _Look((0, 70, 110), (0, 225, 255), shapes.ripple)
        case Scene.THINKING:
            return _Look((14, 0, 26), (150, 0, 255), shapes.comet)
        case Scene.STRANDED:
            return _Look((26, 15, 0), (255, 153, 0), shapes.swing)
        case Scene.SPEAKING:
            return _Look((0, 34, 6), (30, 255, 20), shapes.bloom)
        case Scene.FOLLOW_UP:
            return _Look(DARK, (4, 90, 10), shapes.ebb)
        case Scene.RINGING:
            return _Look((40, 0, 16), (255, 0, 90), shapes.pulse)
        case Scene.NO_MICROPHONE:
            return _Look(DARK, amber, shapes.blinks(1))
        case Scene.NO_SWITCH:
            return _Look(DARK, amber, shapes.pulse)
        case Scene.NO_KEY:
            return _Look(DARK, amber, shapes.blinks(2))
        case Scene.REFUSED:
            return _Look(DARK, amber, shapes.blinks(3))
        case Scene.NO_SPEAKER:
            return _Look(DARK, amber, shapes.blinks(4))
        case Scene.USED_UP:
            return _Look(DARK, amber, shapes.blinks(5))
        case _:
            assert_never(scene)


def _mixed(ground: Rgb, ink: Rgb, amount: float) -> Rgb:
    red, green, blue = (round(low + (high - low) * min(1.0, amount)) for low, high in zip(ground, ink, strict=True))
    return red, green, blue


def _put_arc(pixels: list[Rgb], arc: Arc) -> None:
    """Draw a share of the ring, its last pixel in part; a single LED is as bright as the share is large."""
    ink = _ARC_INKS[arc.kind]
    share = min(1.0, max(0.0, arc.share))
    for index in range(len(pixels)):
        amount = min(1.0, max(0.0, share * len(pixels) - index))
        pixels[index] = _mixed(DARK, ink, amount)


def _put_overflow(pixels: list[Rgb], t_s: float) -> None:
    """Let amber well up from below, and ebb: the lower third of a ring, or the tint of a single LED."""
    count = len(pixels)
    amount = 0.5 + 0.5 * shapes.wave(t_s / OVERFLOW_S)
    third = range(count // 3, count - count // 3) if count > 1 else range(1)
    for index in third:
        pixels[index] = _mixed(pixels[index], OVERFLOW, amount if count > 1 else amount / 2)


def _put_camera(pixels: list[Rgb], t_s: float) -> None:
    """Set the camera's light at the top, one pixel of up to 40, apart from its neighbours where there is room.

    A single LED must say both at every instant: it turns pale and shimmers, keeping the tint of its state.
    """
    count = len(pixels)
    if count == 1:
        pixels[0] = _mixed(pixels[0], CAMERA, 0.325 + 0.125 * shapes.wave(t_s / SHIMMER_S))
        return
    beside = count // 40
    for offset in range(-beside, beside + 1):
        pixels[offset % count] = CAMERA
    if count >= 8:
        pixels[-beside - 1] = pixels[beside + 1] = DARK
