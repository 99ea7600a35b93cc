"""What comes down from the service, and which room it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hardware.pcm import DOWN

from .audio.playback import Playback
from .events import Event, ReplyDone, ReplyGenerated, ReplyInterrupted, ToolsCalled
from .journal import Journal
from .keeping.keeping import Keeping
from .live import downward
from .live.uplink import Uplink
from .telling.diary import Diary
from .toolbox import Toolbox
from .tools.call import Call
from .transcripts.scribe import Scribe


class Downlink:
    """The device's end of the link: `live.supervisor.Device`.

    Args:
        uplink: What is to go up.
        dispatch: Takes what happened.
        playback: Takes the sound of answers.
        toolbox: Takes calls.
        scribe: Takes down what was said.
        keeping: Counts what was used.
        diary: Is told of answers, and what they cost.
        journal: Where the link is told of.
    """

    def __init__(
        self,
        uplink: Uplink,
        dispatch: Callable[[Event], None],
        *,
        playback: Playback,
        toolbox: Toolbox,
        scribe: Scribe,
        keeping: Keeping,
        diary: Diary,
        journal: Journal,
    ) -> None:
        self.uplink: Final = uplink
        self.dispatch: Final = dispatch
        self.tell: Final = journal.tell
        self._playback: Final = playback
        self._toolbox: Final = toolbox
        self._scribe: Final = scribe
        self._keeping: Final = keeping
        self._diary: Final = diary

    def __repr__(self) -> str:
        return f"<Downlink {self._playback!r} {self._toolbox!r}>"

    def hear(self, turn_id: int, event: downward.Downward) -> None:
        """Take one event of the service that belongs to turn `turn_id`. Nothing in it waits."""
        match event:
            case downward.Audio(pcm):
                self._diary.chunk(turn_id, DOWN.seconds(len(pcm)), asyncio.get_running_loop().time())
                self._playback.play(turn_id, pcm)
            case downward.Interrupted():
                self.dispatch(ReplyInterrupted(turn_id))
            case downward.Generated():
                self.dispatch(ReplyGenerated(turn_id))
            case downward.TurnDone(reason):
                self.dispatch(ReplyDone(turn_id, reason))
            case downward.UsageReport():
                self._diary.used(turn_id, event)
                self._keeping.used(turn_id, event)
            case downward.Heard() | downward.HeardSoFar() | downward.Said() | downward.Grounded():
                self._scribe.take_down(turn_id, event)
            case downward.ToolCalls(calls):
                self.dispatch(ToolsCalled(turn_id))
                self._toolbox.called([Call(call.call_id, call.name, call.arguments) for call in calls])
            case downward.ToolCallsCancelled(call_ids):
                self._toolbox.cancelled(call_ids)
            case _:
                pass

    def heard_share(self, turn_id: int) -> float:
        """Return how much of what has arrived of the answer to `turn_id` has sounded, 0 to 1."""
        return self._diary.heard_share(turn_id, asyncio.get_running_loop().time())
