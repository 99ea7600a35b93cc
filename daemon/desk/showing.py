"""One moment of the device, for boards that can show more than a ring: a terminal, a page."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from hardware.pcm import loudness
from hardware.shown import Ask, Front, News, Shown, Words

from ..audio.capture import Capture
from ..audio.playback import Playback
from ..control.condition import Condition
from ..conversation import Conversation
from ..journal import Level, Line
from ..live.recollection import Recollection
from ..panel.scene import meaning, name
from ..status import TurnState

__all__ = ["Ask", "Front", "News", "Showing", "Shown", "Words"]

KEPT_NEWS: Final = 20


class Showing:
    """Looks at the device whenever somebody wants to draw it; nothing here waits, or costs more than a look.

    Args:
        conversation: Who speaks.
        condition: Has overheard the newest turn.
        capture: How loud it is here.
        playback: How loud we are.
        recollection: What was said.
        mode: How one takes turns now.
    """

    def __init__(
        self,
        conversation: Conversation,
        condition: Condition,
        *,
        capture: Capture,
        playback: Playback,
        recollection: Recollection,
        mode: Callable[[], str],
    ) -> None:
        self._conversation: Final = conversation
        self._condition: Final = condition
        self._capture: Final = capture
        self._playback: Final = playback
        self._recollection: Final = recollection
        self._mode: Final = mode
        self._news: Final = deque[News](maxlen=KEPT_NEWS)

    def __repr__(self) -> str:
        return f"<Showing {self._conversation!r}>"

    def overhear(self, line: Line) -> None:
        """Take a line of the journal, on whatever thread it was told."""
        if line.level < Level.DEBUG:
            self._news.append(News(line.at_s, line.text, bad=line.level <= Level.WARNING))
        self._condition.overhear(line)

    def now(self) -> Shown:
        """Return how it is at this moment. Called on the event loop's thread."""
        status = self._conversation.status
        said = self._recollection.newest
        return Shown(
            state=name(status),
            meaning=meaning(status),
            turn=status.turn.value,
            link=status.link.value,
            mode=self._mode(),
            muted=status.muted,
            gate_open=status.turn is TurnState.LISTENING and not status.muted,
            microphone_level=loudness(self._capture.level_db),
            speaker_level=self._playback.level,
            volume_percent=self._playback.volume.percent,
            words=said and Words("device" if said[0] else "you", said[1]),
            last_turn=self._condition.last_turn or {},
            news=tuple(self._news.copy()),
        )
