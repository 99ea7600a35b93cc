"""How late reply audio comes: what the jitter buffer knows of the network, within a reply and from one to the next.

    lateness of a chunk = when it arrived - its place in the reply

    chunk      0      1          2   3      4                 place (s of audio):  |0  |1  |2  |3  |4
    arrives  --*------*----------*---*------*--> time
                                 ^ behind the earliest by the spread: a reply that sounds from `earliest + reach` on,
                                   where reach is at least the spread, waits for none of them

A reply that comes faster than it is spoken (live-api.md 0.13: 3.3 times) has an ever smaller lateness, so the earliest
is always the newest, and nothing has to be waited for. All times are seconds of the caller's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_TOGETHER_S: Final = 0.005
"""Chunks that arrive within this time count as one arrival: the parts of one message, or what one packet held up."""
_DOUBT: Final = 4.0
_MARGIN: Final = 0.1
"""Of the spread that n arrivals show, what exceeds the slack is taken `1 + _MARGIN + _DOUBT / n` times: few arrivals
show less than the whole range, and the last of it shows late. After its 20th chunk hardly a reply with random delays
runs dry then (`make bench`, jitter); the price is about 130 ms more delay than the best in hindsight."""
_AHEAD: Final = 2.2
"""A reply that runs ahead has a pace of its own. How far its arrivals stray from that pace is taken so many times for
the beginning of the next one, which has nothing in hand yet (`make bench`, jitter)."""
_FEWEST: Final = 8
"""Arrivals that show a pace."""
_MOST: Final = 400
SLACK_S: Final = 0.010
"""What a reply that comes no faster than it is spoken should have in hand beyond its expected lateness."""
_FIRST_GUESS_S: Final = 0.010
"""What is expected of a network nothing is known of: enough for a quiet one, too little to be noticed as a delay."""


class Lateness:
    """How late the chunks of a reply come, and from when on it can be played without missing one.

    The spread of one reply is remembered for the next one: at once where it grew, slowly where it shrank.

    Args:
        longest_s: The most that is ever waited for. One lost packet costs TCP a retransmission timer of 200 ms plus a
            round trip; beyond that, waiting before each answer would disturb more than a gap now and then.
        half_life_s: Reply audio on a quieter network after which half of what was learned in excess is forgotten.
    """

    def __init__(self, *, longest_s: float = 0.4, half_life_s: float = 15.0) -> None:
        self._longest_s: Final = longest_s
        self._half_life_s: Final = half_life_s
        self._learned_s = _FIRST_GUESS_S
        self._arrivals = 0
        self._arrived_s = 0.0
        self._first_s = 0.0
        self._earliest_s = 0.0
        self._spread_s = 0.0
        self._course: Final[list[tuple[float, float]]] = []
        """Of the present reply, when each arrival began and the place of its first chunk; the first 400."""

    def __repr__(self) -> str:
        return f"<Lateness reach {self.reach_s * 1000:.0f} ms of {self._arrivals} arrivals>"

    def arrived(self, now: float, place_s: float, in_hand_s: float) -> None:
        """Take note that a chunk arrived.

        Args:
            now: When it arrived.
            place_s: Its first sample's place in the reply.
            in_hand_s: The audio that was still to be played when it arrived; 0 while nothing sounds.
        """
        late_s = now - place_s
        if not self._arrivals:
            self._first_s = self._earliest_s = late_s
        behind_s = late_s - self._earliest_s
        if behind_s < 0 or behind_s > self._longest_s:
            # The last case is a pause of the model's, a new route, or a network slower than speech: no prime could
            # have covered it, so it is a new beginning and teaches nothing.
            self._earliest_s = late_s
        elif in_hand_s < self._longest_s:
            # With more in hand than is ever waited for, a late chunk is of no consequence: that reply runs ahead.
            self._spread_s = max(self._spread_s, behind_s)
        if not self._arrivals or now - self._arrived_s >= _TOGETHER_S:
            if len(self._course) < _MOST:
                self._course.append((now, place_s))
            self._arrivals += 1
            self._arrived_s = now

    @property
    def reach_s(self) -> float:
        """How much later than the earliest chunk the latest one is expected, at most `longest_s`."""
        return min(self._longest_s, max(self._learned_s, self._seen_s))

    @property
    def start_at_s(self) -> float:
        """From when on the reply's first sample may sound, or might have sounded, for all others to come in time."""
        return self._earliest_s + self.reach_s

    def settle(self, heard_s: float) -> None:
        """Close a reply of which `heard_s` seconds arrived, and keep what it taught for the next one."""
        if self._arrivals > 1:
            ran_ahead = self._first_s - self._earliest_s > self._longest_s
            seen_s = self._seen_s
            if ran_ahead:
                seen_s = max(seen_s - SLACK_S, _AHEAD * max(0.0, self._strayed_s - SLACK_S))
            seen_s = min(self._longest_s, seen_s)
            self._learned_s = seen_s + max(0.0, self._learned_s - seen_s) * 0.5 ** (heard_s / self._half_life_s)
        self._arrivals = 0
        self._spread_s = 0.0
        self._course.clear()

    @property
    def _strayed_s(self) -> float:
        """How far the arrivals of this reply strayed from its own pace.

        Many parts in one message are no delay. Whether a message leaves when its audio begins or ends is the
        service's secret, so its course is looked at in both ways, and the straighter one believed.
        """
        if len(self._course) < _FEWEST:
            return 0.0
        times_s = [at_s for at_s, _ in self._course[:-1]]
        begins_s = [place_s for _, place_s in self._course]
        return min(_straying_s(times_s, begins_s[:-1]), _straying_s(times_s, begins_s[1:]))

    @property
    def _seen_s(self) -> float:
        """What this reply alone suggests for `reach_s`."""
        if self._arrivals <= 1:
            return 0.0
        beyond_s = max(0.0, self._spread_s - SLACK_S)
        return self._spread_s + beyond_s * (_MARGIN + _DOUBT / self._arrivals) + SLACK_S


def _straying_s(times_s: Sequence[float], places_s: Sequence[float]) -> float:
    """Return how far `times_s` are from a straight line over `places_s`, without the tenth at either end."""
    took_s, ran_s = times_s[-1] - times_s[0], places_s[-1] - places_s[0]
    slope = took_s / ran_s if ran_s > 0.0 else 0.0
    late_s = sorted(at_s - slope * place_s for at_s, place_s in zip(times_s, places_s, strict=True))
    return late_s[-1 - len(late_s) // 10] - late_s[len(late_s) // 10]
