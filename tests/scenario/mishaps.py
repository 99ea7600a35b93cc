"""What goes wrong: the network, the service and the parts, drawn from dice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from daemon.rehearsal.stand_in import faults as go_wrong
from daemon.rehearsal.stand_in.faults import Act, Faults, GoAway, Handles, Moment, Silence, Strike
from daemon.rehearsal.stand_in.messages import Close, Raw
from tests.scenario.plan import Happening
from tests.scenario.story import Story

PATIENT_FAULTS = 0.02
"""How often something is refused that only the owner can mend: the device then waits for minutes."""
LONGEST_DELAY_S = 0.3
"""One way. There and back and the time to interrupt an answer must stay below `turns.UNHEARD_STALE_S`: beyond it an
answer that is stale cannot be told from one that is new."""


def mishaps(dice: Random, seconds: float, every_s: float) -> list[Happening]:
    kinds, weights = zip(*_KINDS, strict=True)
    happenings: list[Happening] = []
    at_s = dice.uniform(0.0, every_s)
    while at_s < seconds:
        (kind,) = dice.choices(kinds, weights)
        happenings += kind(dice, at_s)
        at_s += dice.expovariate(1.0 / every_s)
    return happenings


def _spell(
    dice: Random,
    at_s: float,
    longest_s: float,
    what: str,
    begin: Callable[[Story], object],
    end: Callable[[Story], object],
) -> list[Happening]:
    """Something that begins and ends."""
    for_s = dice.uniform(0.05, longest_s)
    kind = what.split(",", maxsplit=1)[0]
    return [Happening(at_s, what, begin, kind), Happening(at_s + for_s, f"no longer: {what}", end)]


def _reset(dice: Random, at_s: float) -> list[Happening]:
    return [Happening(at_s, "reset", lambda s: s.network.reset(), "reset")]


def _cut(dice: Random, at_s: float) -> list[Happening]:
    unreachable = dice.random() < 0.5
    return _spell(
        dice,
        at_s,
        12.0,
        f"cut{', no route' if unreachable else ''}",
        lambda s: s.network.cut(unreachable=unreachable),
        lambda s: s.network.restore(),
    )


def _slow(dice: Random, at_s: float) -> list[Happening]:
    delay_s, usual_s = dice.uniform(0.1, LONGEST_DELAY_S), dice.choice((0.002, 0.02, 0.1))

    def set_delay(s: Story, *, delay_s: float) -> None:
        s.network.delay_s = delay_s

    what = f"slow network, {delay_s * 1000:.0f} ms"
    return _spell(dice, at_s, 8.0, what, partial(set_delay, delay_s=delay_s), partial(set_delay, delay_s=usual_s))


def _congestion(dice: Random, at_s: float) -> list[Happening]:
    return _spell(dice, at_s, 5.0, "congestion", lambda s: s.network.congest(), lambda s: s.network.relieve())


def _strike(dice: Random, at_s: float) -> list[Happening]:
    """The service does something at a moment of a link's life: once, or each time for a while."""
    act = dice.choice(_acts(dice))
    moment = dice.choice(tuple(Moment))
    nth = dice.choice((1, 1, 2, 3, 5, 40)) if moment in {Moment.AUDIO, Moment.ANSWER_CHUNK} else 1
    if dice.random() < 0.8:
        once = Faults(strikes=(Strike(moment, (act,), nth=nth),))
        return [_service(at_s, once, f"{act} at {moment.value} {nth}", _kind(act))]
    always = Faults(strikes=(Strike(moment, (act,), nth=nth, times=None),))
    begin = _service(at_s, always, f"{act} at every {moment.value} from the {nth}. on", f"{_kind(act)}, always")
    return [begin, _service(at_s + dice.uniform(1.0, 15.0), Faults(), "the service is well again", "")]


def _kind(act: Act) -> str:
    match act:
        case Close(code):
            return f"close {code}"
        case dict() | Raw():
            return "odd message"
        case _:
            return f"the service: {type(act).__name__.lower()}"


def _acts(dice: Random) -> tuple[Act, ...]:
    fatal = (Close(1007, "Request contains an invalid argument."), Close(1008, "Requested entity was not found."))
    return (
        go_wrong.ABORT,
        go_wrong.ABORT,
        go_wrong.STALL,
        Silence(),
        Close(1000),
        Close(1001),
        Close(1011, "Internal error encountered."),
        Close(1011, "The service is currently unavailable."),
        Close(1008, "The operation was aborted."),
        GoAway(dice.choice((0.0, 1.0, 5.0, 50.0)), silent=dice.random() < 0.3),
        GoAway(dice.choice((5.0, 50.0)), silent=dice.random() < 0.3),
        go_wrong.UNKNOWN_MESSAGE,
        go_wrong.ERROR_FRAME,
        go_wrong.MALFORMED_JSON,
        go_wrong.EMPTY_FRAME,
        *(fatal if dice.random() < PATIENT_FAULTS * 10 else ()),
    )


def _standing(dice: Random, at_s: float) -> list[Happening]:
    """The service does something wrong for a while."""
    faults = dice.choice(
        (
            Faults(refuse_upgrade=503),
            Faults(setup_complete_after_s=dice.uniform(0.1, 3.0)),
            Faults(setup_complete_after_s=None),
            Faults(answers=False),
            Faults(generation_complete=False),
            Faults(turn_complete=False),
            Faults(handles=Handles.CUT),
            Faults(handles=Handles.EMPTY),
            Faults(handles=Handles.NONE),
            Faults(handle_after_s=dice.uniform(0.1, 2.0)),
        )
    )
    if dice.random() < PATIENT_FAULTS:
        faults = Faults(refuse_upgrade=dice.choice((401, 429)))
    begin = _service(at_s, faults, _said(faults), _said(faults).split("=")[0])
    return [begin, _service(at_s + dice.uniform(0.5, 10.0), Faults(), "the service is well again", "")]


def _service(at_s: float, faults: Faults, what: str, kind: str) -> Happening:
    def change(s: Story) -> None:
        s.service.faults = faults

    return Happening(at_s, what, change, kind)


def _said(faults: Faults) -> str:
    usual = Faults()
    names = ("refuse_upgrade", "setup_complete_after_s", "answers", "generation_complete", "turn_complete", "handles")
    odd = (f"{name}={getattr(faults, name)}" for name in names if getattr(faults, name) != getattr(usual, name))
    return f"the service: {', '.join(odd) or 'handles come late'}"


def _mute(dice: Random, at_s: float) -> list[Happening]:
    return _spell(dice, at_s, 5.0, "muted", Story.mute, lambda s: s.mute(False))


def _part(part: str) -> Callable[[Random, float], list[Happening]]:
    def lost(dice: Random, at_s: float) -> list[Happening]:
        return _spell(
            dice,
            at_s,
            5.0,
            f"{part} lost",
            lambda s: getattr(s.board, part).lose(),
            lambda s: getattr(s.board, part).restore(),
        )

    return lost


def slide(dice: Random, seconds: float) -> list[Happening]:
    """The mute switch, in some conversations: moved, and in a few of them lost."""
    if dice.random() > 0.3:
        return []
    happenings = []
    for _ in range(round(seconds / 20.0) or 1):
        at_s = dice.uniform(0.0, seconds)
        if dice.random() < 0.8:
            happenings += _spell(
                dice, at_s, 5.0, "switched off", lambda s: s.board.slide.flip(True), lambda s: s.board.slide.flip(False)
            )
        else:
            happenings += _part("slide")(dice, at_s)
    return happenings


def _overflow(dice: Random, at_s: float) -> list[Happening]:
    frames = dice.randint(1, 30)
    return [Happening(at_s, f"overflow of {frames} frames", lambda s: s.board.mic.overflow(frames), "overflow")]


_KINDS: tuple[tuple[Callable[[Random, float], list[Happening]], int], ...] = (
    (_reset, 4),
    (_cut, 3),
    (_slow, 3),
    (_congestion, 2),
    (_strike, 10),
    (_standing, 5),
    (_mute, 3),
    (_part("mic"), 1),
    (_part("loudspeaker"), 2),
    (_part("ring"), 1),
    (_part("push_button"), 1),
    (_overflow, 1),
)
