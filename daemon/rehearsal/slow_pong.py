"""A WebSocket connection that is slow to answer pings: the service took 8 to 30 s (live-api.md 0.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection


def slow_to_pong(delay_s: Callable[[], float]) -> type[ServerConnection]:
    """Return websockets' server connection, but every pong waits for `delay_s()`; all else goes out as ever."""
    from websockets.asyncio.server import ServerConnection
    from websockets.protocol import State

    class SlowToPong(ServerConnection):
        _answering_by_itself = False

        def data_received(self, data: bytes) -> None:
            self._answering_by_itself = True
            super().data_received(data)
            self._answering_by_itself = False

        def send_data(self) -> None:
            # What an open connection writes by itself are pongs, a whole frame each.
            if self._answering_by_itself and delay_s() > 0 and self.protocol.state is State.OPEN:
                for frame in self.protocol.data_to_send():
                    self.loop.call_later(delay_s(), self._pong, frame)
            else:
                super().send_data()

        def _pong(self, frame: bytes) -> None:
            if self.protocol.state is State.OPEN:
                self.transport.write(frame)

    return SlowToPong
