"""The whole board without any hardware: six simulated parts that obey the rules of the real ones.

They run on any event loop, real or virtual: their only clock is `loop.time()`, and they have no threads. Each has
hands, with which a story makes things happen, and eyes, with which it sees what the daemon did.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from hardware.interfaces import Button, Camera, DeviceMissing, LedRing, Microphone, MuteSwitch, Speaker
from hardware.settings import BoardSettings
from hardware.simulated_button import SimulatedButton
from hardware.simulated_camera import SimulatedCamera
from hardware.simulated_microphone import SimulatedMicrophone
from hardware.simulated_mute_switch import SimulatedMuteSwitch
from hardware.simulated_ring import SimulatedLedRing
from hardware.simulated_room import Room
from hardware.simulated_speaker import SimulatedSpeaker

__all__ = [
    "SimulatedBoard",
    "SimulatedButton",
    "SimulatedCamera",
    "SimulatedLedRing",
    "SimulatedMicrophone",
    "SimulatedMuteSwitch",
    "SimulatedSpeaker",
]


Part: TypeAlias = Literal["microphone", "speaker", "button", "mute_switch", "leds", "camera"]


class SimulatedBoard:
    """A `Board` whose parts are public, and stay the same ones however often they are opened."""

    def __init__(
        self,
        settings: BoardSettings | None = None,
        *,
        missing: Iterable[Part] = (),
        log_audio: bool = True,
        room: Room | None = None,
    ) -> None:
        """Put it together.

        Args:
            settings: Where gain, debouncing and the number of pixels are taken from; None is the defaults.
            missing: Parts that cannot be opened; the set may be changed later.
            log_audio: Whether the microphone and the speaker remember all that they heard and played.
            room: Where the microphone hears the loudspeaker; None is where it does not.
        """
        settings = settings or BoardSettings()
        self.missing: set[Part] = set(missing)
        self.mic = SimulatedMicrophone(gain_db=settings.microphone.gain_db, log=log_audio, room=room)
        self.loudspeaker = SimulatedSpeaker(log=log_audio, room=room)
        self.push_button = SimulatedButton(debounce_s=settings.button.debounce_ms / 1000)
        self.slide = SimulatedMuteSwitch()
        self.ring = SimulatedLedRing(settings.leds.count)
        self.eye = SimulatedCamera()

    def __repr__(self) -> str:
        parts = (self.mic, self.loudspeaker, self.push_button, self.slide, self.ring, self.eye)
        return f"<SimulatedBoard {' '.join(map(repr, parts))} missing={sorted(self.missing)}>"

    async def microphone(self) -> Microphone:
        """Open `mic`."""
        self._check("microphone")
        self.mic.open()
        return self.mic

    async def speaker(self) -> Speaker:
        """Open `loudspeaker`."""
        self._check("speaker")
        self.loudspeaker.open()
        return self.loudspeaker

    async def button(self) -> Button:
        """Open `push_button`."""
        self._check("button")
        self.push_button.open()
        return self.push_button

    async def mute_switch(self) -> MuteSwitch:
        """Open `slide`."""
        self._check("mute_switch")
        self.slide.open()
        return self.slide

    async def leds(self) -> LedRing:
        """Open `ring`."""
        self._check("leds")
        self.ring.open()
        return self.ring

    async def camera(self) -> Camera:
        """Return `eye`, asleep."""
        self._check("camera")
        await self.eye.close()
        return self.eye

    def _check(self, part: Part) -> None:
        if part in self.missing:
            raise DeviceMissing(f"{part}: not there")
