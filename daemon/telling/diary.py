"""Tells the journal the story of each turn: one `turn.done` line with all of its numbers, once it is over."""

from __future__ import annotations

from dataclasses import dataclass

from ..audio.answer import Heard
from ..journal import Journal
from ..keeping.budget import Prices
from ..live.downward import UsageReport


@dataclass(slots=True)
class _Story:
    """The stations of one turn, in seconds of the loop's clock; None for what has not happened."""

    opened_s: float
    begun: str | None = None
    """By what; None where it is said again."""
    closed_s: float | None = None
    ending: str | None = None
    first_chunk_s: float | None = None
    first_sound_s: float | None = None
    arrived_s: float = 0.0
    heard: Heard | None = None
    dropped_s: float = 0.0
    usage: UsageReport | None = None
    cost: float | None = None


class Diary:
    """Collects what happens in the turns that are not over. A turn it was not told of is ignored.

    Every `now` is a time of the loop's clock, in seconds.
    """

    def __init__(self, journal: Journal, prices: Prices) -> None:
        self._journal = journal
        self.prices = prices
        """What tokens cost, for the estimate."""
        self._stories: dict[int, _Story] = {}

    def __repr__(self) -> str:
        return f"<Diary turns={sorted(self._stories)}>"

    def opened(self, turn_id: int, begun: str, now: float) -> None:
        """The gate was opened for the turn, because of what is named."""
        self._journal.debug("gate.opened", turn_id=turn_id, begun=begun)
        self._stories[turn_id] = _Story(now, begun)

    def closed(self, turn_id: int, ending: str, now: float) -> None:
        """The gate was closed: the user had finished."""
        self._journal.debug("gate.closed", turn_id=turn_id, ending=ending)
        if story := self._stories.get(turn_id):
            story.closed_s, story.ending = now, ending

    def prompted(self, turn_id: int, now: float) -> None:
        """The turn is a text that nobody spoke."""
        self._stories[turn_id] = _Story(now, begun="prompt", closed_s=now)

    def said_again(self, turn_id: int, now: float) -> None:
        """What was said in an older turn waits for a link again, under this number."""
        self._stories[turn_id] = _Story(now, closed_s=now, ending="said_again")

    def chunk(self, turn_id: int, seconds: float, now: float) -> None:
        """So much audio of the answer arrived."""
        if story := self._stories.get(turn_id):
            story.arrived_s += seconds
            if story.first_chunk_s is None:
                story.first_chunk_s = now

    def heard_share(self, turn_id: int, now: float) -> float:
        """Return how much of what has arrived of the answer has sounded, 0 to 1, as if it had never run dry."""
        story = self._stories.get(turn_id)
        if story is None or story.first_sound_s is None or not story.arrived_s:
            return 0.0
        return min(1.0, (now - story.first_sound_s) / story.arrived_s)

    def sounding(self, turn_id: int, now: float) -> None:
        """The first sample of the answer was handed to the converter."""
        if story := self._stories.get(turn_id):
            story.first_sound_s = now

    def sounded(self, heard: Heard) -> None:
        """This became of the answer."""
        if story := self._stories.get(heard.turn_id):
            story.heard = heard

    def dropped(self, turn_id: int, seconds: float) -> None:
        """Speech was given up because too much was waiting for the link."""
        if story := self._stories.get(turn_id):
            story.dropped_s += seconds

    def used(self, turn_id: int, usage: UsageReport) -> None:
        """The service counted tokens; the newest count of a turn holds."""
        if story := self._stories.get(turn_id):
            story.usage, story.cost = usage, self.prices.estimate(usage.counts())

    def over(self, turn_id: int, outcome: str, now: float, *, session_id: str | None, day_tokens: int) -> None:
        """The turn is over: tell its story, and what was used today."""
        story = self._stories.pop(turn_id, None)
        if story is None:
            return
        usage, heard = story.usage, story.heard or Heard(turn_id)
        self._journal.tell(
            "turn.done",
            session_id=session_id,
            turn_id=turn_id,
            outcome=outcome,
            begun=story.begun,
            ending=story.ending,
            listened_ms=_ms(story.opened_s, story.closed_s if story.closed_s is not None else now),
            thought_ms=_ms(story.closed_s, story.first_chunk_s),
            first_audio_ms=_ms(story.closed_s, story.first_sound_s),
            chunk_to_sound_ms=_ms(story.first_chunk_s, story.first_sound_s),
            sounded_ms=round(heard.sounded_s * 1000),
            underruns=heard.underruns,
            stutters=heard.stutters,
            stutter_ms=round(heard.stutter_s * 1000) or None,
            xruns=heard.xruns,
            dropped_ms=round(story.dropped_s * 1000) or None,
            prompt_tokens=usage.prompt_tokens if usage else None,
            response_tokens=usage.response_tokens if usage else None,
            total_tokens=usage.total_tokens if usage else None,
            day_tokens=day_tokens,
            cost_estimate=round(story.cost, 6) if story.cost is not None else None,
            currency=self.prices.currency if story.cost is not None else None,
        )


def _ms(start_s: float | None, end_s: float | None) -> int | None:
    """Return from when to when; None if one is not known, or the end came first: an answer into an open gate."""
    return None if start_s is None or end_s is None or end_s < start_s else round((end_s - start_s) * 1000)
