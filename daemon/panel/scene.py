"""What there is to show of the device, and the same in words. How it is drawn is `lights`."""

from __future__ import annotations

from enum import Enum, auto
from typing import assert_never

from daemon.status import Fault, LinkState, Status, TurnState


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


def meaning(status: Status) -> str:
    """Return what the ring says, as one sentence for systemd's status line and the documentation."""
    scene = scene_of(status)
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
    scene = scene_of(status)
    if status.muted and scene is Scene.READY:
        return "muted"
    return scene.name.lower().replace("_", " ")


def scene_of(status: Status) -> Scene:
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
