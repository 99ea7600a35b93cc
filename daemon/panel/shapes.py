"""Shapes of light: how much ink is at a place of the ring, at a time, at a loudness.

A place is a fraction of a turn, clockwise from the top, so that one shape serves a single LED (which is at
place 0) and a ring of sixty. Nothing jumps: every edge takes several pictures at 25 a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeAlias

Shape: TypeAlias = Callable[[float, float, float], float]
"""(place 0..1, time in seconds, level 0..1) -> ink 0..1."""

THINKING_TURN_S: Final = 1.8
CONNECTING_TURN_S: Final = 4.0
SWING_S: Final = 2.4
BREATH_S: Final = 6.0
RIPPLE_S: Final = 3.0
BLINK_S: Final = 0.4
BLINK_EVERY_S: Final = 0.6
BLINKS_EVERY_S: Final = 4.8


def still(_place: float, _t_s: float, _level: float) -> float:
    """Nothing."""
    return 0.0


def breathing_dot(place: float, t_s: float, _level: float) -> float:
    """One dim place at the top that comes and goes, slowly enough for a bedroom."""
    return dot(place, 0.0, 0.05) * (0.55 + 0.45 * wave(t_s / BREATH_S))


def walking_dot(place: float, t_s: float, _level: float) -> float:
    """One dim place that goes round."""
    return dot(place, t_s / CONNECTING_TURN_S, 0.12)


def ripple(place: float, t_s: float, level: float) -> float:
    """The whole ring lit, a slow wave going round in it, rising with the user's voice; never without light."""
    return 0.16 + 0.14 * wave(place - t_s / RIPPLE_S) + 0.7 * level


def comet(place: float, t_s: float, _level: float) -> float:
    """A head going round clockwise, with a soft front and a long tail behind it."""
    behind = (t_s / THINKING_TURN_S - place) % 1.0
    front = 0.86
    if behind > front:
        return smooth((behind - front) / (1.0 - front))
    return (1.0 - behind / front) ** 2


def swing(place: float, t_s: float, _level: float) -> float:
    """A wide light swinging to and fro through the top: looking for the way out."""
    return dot(place, 0.36 * math.sin(math.tau * t_s / SWING_S), 0.24)


def bloom(place: float, t_s: float, level: float) -> float:
    """An arc from the top down both sides, longer and brighter with the answer's loudness."""
    away = min(place, 1.0 - place)
    reach = 0.16 + 0.5 * level
    return smooth((reach - away) / 0.16) * (0.34 + 0.06 * wave(t_s / RIPPLE_S) + 0.6 * level)


def ebb(place: float, _t_s: float, level: float) -> float:
    """An arc clockwise from the top, as long as what is left, and fainter the less there is."""
    return smooth((1.1 * level - place) / 0.1) * (0.3 + 0.7 * level)


def pulse(_place: float, t_s: float, _level: float) -> float:
    """Everything swells and ebbs, three times in two seconds: to be seen from the corner of the eye."""
    return 0.5 - 0.5 * wave(1.5 * t_s)


def blinks(times: int) -> Shape:
    """Everything blinks so many times, softly, and then rests."""

    def blinks(_place: float, t_s: float, _level: float) -> float:
        number, since_s = divmod(t_s % BLINKS_EVERY_S, BLINK_EVERY_S)
        if number >= times or since_s > BLINK_S:
            return 0.0
        return math.sin(math.pi * since_s / BLINK_S) ** 2

    return blinks


def dot(place: float, centre: float, half_width: float) -> float:
    """A round light about `centre`, 0 from `half_width` on; both are fractions of a turn."""
    away = abs((place - centre + 0.5) % 1.0 - 0.5)
    return smooth(1.0 - away / half_width)


def wave(turns: float) -> float:
    """A cosine from -1 to 1, once for each turn."""
    return math.cos(math.tau * turns)


def smooth(x: float) -> float:
    """Ease from 0 at 0 to 1 at 1, flat at both ends."""
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)
