"""What there is to say of the device as it is now: to whoever asks for the status, and to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..conversation import Conversation
from ..ears import Ears
from ..journal import Line
from ..keeping.keeping import Keeping
from ..panel.scene import meaning
from ..telling.wording import Value
from .client import Reply
from .server import Audience

NEWS: Final = frozenset(
    {
        "turn.done",
        "turn.given_up",
        "link.up",
        "link.failed",
        "link.lost",
        "link.left",
        "limit.reached",
        "device.missing",
        "device.lost",
        "device.back",
        "microphone.muted",
        "microphone.unmuted",
        "volume.set",
        "alarm.rings",
        "config.reloaded",
        "config.refused",
    }
)
"""What of the journal a watcher is told, too: never what was said, nor what a tool was told. It is all told on the
loop's thread."""


class Condition:
    """How the device is doing.

    Args:
        conversation: Who speaks.
        keeping: What was used, and what the owner said of muting.
        ears: What is done about the echo.
        volume_percent: How loud it is.
        memory_mib: What the process takes; None where nobody can tell.
        clock: A time in seconds, now and later.
    """

    def __init__(
        self,
        *,
        conversation: Conversation,
        keeping: Keeping,
        ears: Ears,
        volume_percent: Callable[[], int],
        memory_mib: Callable[[], float | None],
        clock: Callable[[], float],
    ) -> None:
        self._conversation: Final = conversation
        self._keeping: Final = keeping
        self._ears: Final = ears
        self._volume_percent: Final = volume_percent
        self._memory_mib: Final = memory_mib
        self._clock: Final = clock
        self._began_s: Final = clock()
        self.last_turn: Mapping[str, Value] | None = None
        """The fields of the newest `turn.done`."""
        self.audience: Final = Audience()
        """Those who watch."""
        self._wrong: Final[dict[str, Value]] = {}
        """Why a part does not work, by its name."""

    def __repr__(self) -> str:
        return f"<Condition {self._conversation!r} watched by {len(self.audience)}>"

    def reply(self) -> Reply:
        """Return all of it, for JSON."""
        status = self._conversation.status
        return {
            "link": status.link.value,
            "turn": status.turn.value,
            "turn_id": self._conversation.turn_id,
            "muted": status.muted,
            "muted_by": self._muted_by(),
            "microphone_dbfs": round(self._ears.capture.level_db, 1),
            "follow_up": status.follow_up,
            "ringing": status.ringing,
            "seeing": status.seeing,
            "faults": sorted(fault.value for fault in status.faults),
            "meaning": meaning(status),
            "wrong": dict(self._wrong),
            "volume_percent": self._volume_percent(),
            "echo": self._ears.echo.mode,
            "echo_advice": self._ears.echo_advice,
            "tokens_today": self._keeping.today().get("total", 0),
            "daily_tokens": self._keeping.limits.daily_tokens,
            "session_id": self._keeping.session_id,
            "last_turn": None if self.last_turn is None else dict(self.last_turn),
            "uptime_s": round(self._clock() - self._began_s),
            "memory_mib": self._memory_mib(),
        }

    def overhear(self, line: Line) -> None:
        """Take a line of the journal: it is remembered what is wrong, and those who watch are told the news."""
        match line.event:
            case "turn.done":
                self.last_turn = line.fields
            case "device.missing" | "device.lost":
                self._wrong[str(line.fields.get("part", ""))] = line.fields.get("reason", "")
            case "device.back":
                self._wrong.pop(str(line.fields.get("part", "")), None)
            case _:
                pass
        if not self.audience:
            return
        if line.event == "status.changed":
            self.audience.publish({"event": "status", **self.reply()})
        elif line.event in NEWS:
            self.audience.publish({"event": line.event, "text": line.text, **line.fields})

    def _muted_by(self) -> list[str]:
        by = {"owner": self._keeping.muted, "switch": self._conversation.status.muted_by_switch}
        return [who for who, mutes in by.items() if mutes]
