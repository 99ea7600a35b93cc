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

from daemon.events import Fault, LinkState, Status, TurnState
from daemon.panel import shapes
from daemon.panel.shapes import Shape
from hardware.interfaces import Rgb

DARK: Final[Rgb] = (0, 0, 0)
CAMERA: Final[Rgb] = (235, 235, 215)
"""The camera's light. No other picture has all three colours in one pixel."""

SHIMMER_S: Final = 1.2
OVERFLOW: Final[Rgb] = (255, 120, 0)
OVERFLOW_S: Final = 0.8


class Scene(Enum):
    """What there is to show, apart from muting and the camera, which are drawn over it."""

    READY = auto()
    OFFLINE = auto()
    CONNECTING = auto()
    LISTENING = auto()
    THINKING = auto()
    STRANDED = auto()
    """The user waits for an answer, and there is no link for it to come by."""
    SPEAKING = auto()
    FOLLOW_UP = auto()
    """An answer is over, and a voice goes on from it."""
    RINGING = auto()
    NO_MICROPHONE = auto()
    NO_SPEAKER = auto()
    NO_SWITCH = auto()
    """The mute switch cannot be read. The microphone is shut off then, so that it is always drawn in red."""
    USED_UP = auto()
    NO_KEY = auto()
    REFUSED = auto()


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
    scene = _scene(status)
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
    return status.seeing or _scene(status) is not Scene.READY


def meaning(status: Status) -> str:
    """Return what the ring says, as one sentence for systemd's status line and the documentation."""
    scene = _scene(status)
    clauses = []
    if status.muted:
        by = "muted by the switch on the device" if status.muted_by_switch else "muted"
        clauses.append(f"{by}, the microphone is shut off")
    if scene is not Scene.READY or not clauses:
        clauses.append(_clause(scene, status.link))
    if status.overflowing:
        clauses.append("the beginning of it is being lost")
    if status.seeing:
        clauses.append("the camera is on")
    sentence = "; ".join(clauses)
    return f"{sentence[0].upper()}{sentence[1:]}."


def name(status: Status) -> str:
    """Return what matters most in one or two words."""
    scene = _scene(status)
    if status.muted and scene is Scene.READY:
        return "muted"
    return scene.name.lower().replace("_", " ")


def _scene(status: Status) -> Scene:
    """Choose what matters most. An open microphone beats everything; a fault beats the link."""
    if status.ringing and status.turn is not TurnState.LISTENING:
        return Scene.RINGING
    match status.turn:
        case TurnState.LISTENING:
            return Scene.READY if status.muted else Scene.LISTENING
        case TurnState.SPEAKING:
            return Scene.SPEAKING
        case TurnState.THINKING:
            return _fault_scene(status.fault) or _waiting_scene(status.link)
        case TurnState.IDLE:
            return _fault_scene(status.fault) or _idle_scene(status)
        case _:
            assert_never(status.turn)


def _fault_scene(fault: Fault | None) -> Scene | None:  # noqa: PLR0911  # one return for each fault is the table
    match fault:
        case None:
            return None
        case Fault.MICROPHONE:
            return Scene.NO_MICROPHONE
        case Fault.SPEAKER:
            return Scene.NO_SPEAKER
        case Fault.MUTE_SWITCH:
            return Scene.NO_SWITCH
        case Fault.KEY:
            return Scene.NO_KEY
        case Fault.SETUP:
            return Scene.REFUSED
        case Fault.LIMIT:
            return Scene.USED_UP
        case _:
            assert_never(fault)


def _waiting_scene(link: LinkState) -> Scene:
    match link:
        case LinkState.UP | LinkState.DRAINING:
            return Scene.THINKING
        case LinkState.DOWN | LinkState.CONNECTING | LinkState.RESTING:
            return Scene.STRANDED
        case _:
            assert_never(link)


def _idle_scene(status: Status) -> Scene:
    if status.follow_up:
        return Scene.FOLLOW_UP  # whatever the link does: that a voice is waited for matters more
    match status.link:
        case LinkState.UP | LinkState.DRAINING | LinkState.RESTING:
            return Scene.READY
        case LinkState.DOWN:
            return Scene.OFFLINE
        case LinkState.CONNECTING:
            return Scene.CONNECTING
        case _:
            assert_never(status.link)


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


def _clause(scene: Scene, link: LinkState) -> str:  # noqa: C901, PLR0911, PLR0912  # one return for each scene is the table
    match scene:
        case Scene.READY:
            return "ready, nothing is sent"
        case Scene.OFFLINE:
            return "no connection to the service, the next attempt follows by itself"
        case Scene.CONNECTING:
            return "connecting to the service"
        case Scene.LISTENING:
            up = link in (LinkState.UP, LinkState.DRAINING)
            return f"listening, what the microphone hears is {'sent' if up else 'kept until the service is reached'}"
        case Scene.THINKING:
            return "waiting for the answer"
        case Scene.STRANDED:
            return "waiting for the connection, what was said is kept"
        case Scene.SPEAKING:
            return "answering"
        case Scene.FOLLOW_UP:
            return "ready, nothing is sent until you speak, and your voice goes on with the conversation"
        case Scene.RINGING:
            return "a timer, an alarm or a reminder rings, a press stops it"
        case Scene.NO_MICROPHONE:
            return "the microphone does not work"
        case Scene.NO_KEY:
            return "the key is missing, refused, or out of quota"
        case Scene.REFUSED:
            return "the service refuses what the configuration asks for"
        case Scene.NO_SPEAKER:
            return "the speaker does not work"
        case Scene.USED_UP:
            return "a limit of your own is reached, see [limits]"
        case Scene.NO_SWITCH:
            return "the mute switch cannot be read"
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
