"""What the model can do with the device itself. Most of it also works without the model: by button or by command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Final, Protocol

from pydantic import Field

from hardware.interfaces import HardwareError

from .declaration import Scheduling
from .tool import Tool, ToolError

Percent = Annotated[int, Field(ge=0, le=100)]


class Device(Protocol):
    """The rest of the daemon, as the model's hands reach it. Everything happens at once, on the event loop's thread."""

    volume_percent: int
    """0 to 100; what is set is kept."""
    brightness_percent: int
    """Of the ring, relative to what its owner configured: 5 to 100, so that it can always be seen; it is kept."""

    def mute(self) -> None:
        """Let the microphone hear nothing, until somebody unmutes it by hand."""
        ...

    def stop(self) -> None:
        """Fall silent."""
        ...

    def end_conversation(self) -> None:
        """Forget the conversation once what is being said has been said; the next one begins anew."""
        ...

    async def look(self) -> None:
        """Have the model shown one fresh picture.

        Raises:
            HardwareError: The camera delivers none.
        """
        ...


class DeviceTools:
    """The tools of one device.

    Args:
        device: What they work on.
        machine: Says how the machine is doing.
        now: The local time, with its zone.
    """

    def __init__(
        self, device: Device, machine: Callable[[], Mapping[str, object]], now: Callable[[], datetime]
    ) -> None:
        self._device: Final = device
        self._machine: Final = machine
        self._now: Final = now

    def volume(self) -> tuple[Tool, ...]:
        """Return how loud it is: to be asked and set."""
        return (Tool.of(self.get_volume, idempotent=True), Tool.of(self.set_volume, idempotent=True))

    def device(self) -> tuple[Tool, ...]:
        """Return everything but the volume and the camera."""
        return (
            Tool.of(self.mute_microphone, idempotent=True),
            Tool.of(self.stop_talking, scheduling=Scheduling.SILENT, idempotent=True),
            Tool.of(self.end_conversation, scheduling=Scheduling.SILENT, idempotent=True),
            Tool.of(self.set_ring_brightness, idempotent=True),
            Tool.of(self.get_time, idempotent=True),
            Tool.of(self.get_device_status, idempotent=True),
        )

    def look(self) -> tuple[Tool, ...]:
        """Return the eyes."""
        return (Tool.of(self.look_at_surroundings, idempotent=True),)

    async def get_volume(self) -> dict[str, object]:
        """Say how loud the device speaks. To make it louder or quieter, ask this first and then set another value."""
        return {"percent": self._device.volume_percent}

    async def set_volume(self, percent: Percent) -> str:
        """Set how loud the device speaks.

        Args:
            percent: 0 is silent, 100 the loudest. A step that is well heard is 10.
        """
        self._device.volume_percent = percent
        return f"The volume is {percent} percent now."

    async def mute_microphone(self) -> str:
        """Shut the microphone off. Only the user's hand can switch it on again, so do it only when the user asks."""
        self._device.mute()
        return "The microphone is off. The user switches it on again by hand."

    async def stop_talking(self) -> str:
        """Fall silent at once, when the user wants the device to be quiet."""
        self._device.stop()
        return "Silent."

    async def end_conversation(self) -> str:
        """End this conversation and forget it, when the user says goodbye or wants to begin anew."""
        self._device.end_conversation()
        return "The conversation ends here."

    async def set_ring_brightness(self, percent: Annotated[int, Field(ge=5, le=100)]) -> str:
        """Set how bright the ring of lights is.

        Args:
            percent: 100 is as bright as its owner allows.
        """
        self._device.brightness_percent = percent
        return f"The brightness is {percent} percent now."

    async def get_time(self) -> dict[str, object]:
        """Say what day and what time it is where the device is."""
        now = self._now()
        return {"time": now.strftime("%H:%M:%S"), "date": now.strftime("%A, %Y-%m-%d"), "zone": now.strftime("%Z (%z)")}

    def get_device_status(self) -> dict[str, object]:
        """Say how the device is doing: temperature, power supply or battery, wireless signal, volume."""
        return {**self._machine(), "volume_percent": self._device.volume_percent}

    async def look_at_surroundings(self) -> str:
        """Look through the camera once: a picture of what is in front of the device comes with the answer.

        Do it only when the user asks about something that is to be seen.
        """
        try:
            await self._device.look()
        except HardwareError as error:  # its text is written for the owner, who is asking
            raise ToolError(f"The camera sees nothing: {error}") from error
        return "The newest picture shows what is in front of the camera now."
