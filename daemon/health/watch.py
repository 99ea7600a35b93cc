"""Looks after the device's health while it runs, and tells the journal what is news of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, NoReturn, assert_never

from ..journal import Journal
from .news import Health, Trouble, Vitals

LOOK_S: Final = 10.0
"""How often it is looked at: two or three files that the kernel has in memory."""

_REMEDIES: Final = {
    Trouble.HOT: "Give it air: a heat sink, a fan, a place out of the sun.",
    Trouble.UNDER_VOLTAGE: "Use the power supply that came with the Pi, with its own cable.",
}


class HealthWatch:
    """Tells `device.health`, and `device.hot` and `device.under_voltage` when they begin.

    Args:
        journal: Where it is told.
        newest_turn: Returns the number of the newest turn, None while it is under way.
        vitals: Reads what is looked at often.
        effort: Reads what the process takes, as fields of `device.health`; None is what cannot be told.
    """

    def __init__(
        self,
        journal: Journal,
        newest_turn: Callable[[], int | None],
        vitals: Callable[[], Vitals],
        effort: Callable[[], Mapping[str, float | None]],
    ) -> None:
        self._journal: Final = journal
        self._newest_turn: Final = newest_turn
        self._vitals: Final = vitals
        self._effort: Final = effort
        self._health: Final = Health()

    def __repr__(self) -> str:
        return f"<HealthWatch {self._health!r}>"

    async def run(self) -> NoReturn:
        """Look every `LOOK_S`, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Look now, and tell what is news."""
        now, vitals = asyncio.get_running_loop().time(), self._vitals()
        for trouble in self._health.troubles(vitals, now):
            match trouble:
                case Trouble.HOT:
                    self._journal.warn("device.hot", temperature_c=vitals.temperature_c, remedy=_REMEDIES[trouble])
                case Trouble.UNDER_VOLTAGE:
                    self._journal.warn("device.under_voltage", remedy=_REMEDIES[trouble])
                case _:
                    assert_never(trouble)
        turn_id = self._newest_turn()
        if turn_id is not None and self._health.due(turn_id, now):
            self._tell(vitals)

    def _tell(self, vitals: Vitals) -> None:
        effort = self._effort()
        self._journal.tell(
            "device.health",
            temperature_c=vitals.temperature_c,
            under_voltage=vitals.under_voltage,
            memory_mib=effort["memory_mib"],
            cpu_percent=effort["cpu_percent"],
            wakeups_per_s=effort["wakeups_per_s"],
        )
