"""The device as others can handle it: the model with its tools, and whoever is at the control socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from .body import Body
from .conversation import Conversation
from .events import Event, MuteAsked, PromptAsked, StopAsked
from .journal import Journal
from .keeping.keeping import Keeping
from .live.uplink import Uplink
from .live.upward import Glance
from .status import LinkState, Status, TurnState

DESCRIBE: Final = "The user has had you shown one picture of what is in front of your camera now. Say what you see."
LINK_WITHIN_S: Final = 10.0
"""How long a picture waits for a link that rests or is being made."""
GLANCE_S: Final = 0.05
"""How often it is looked whether there is one."""


class OwnDevice:
    """What can be done with it. Everything happens at once, on the event loop's thread.

    Args:
        conversation: Whether anybody speaks.
        dispatch: Lets something have happened.
        body: Has the volume and the ring, and looks.
        keeping: Keeps what is set.
        uplink: Takes what is to be shown.
        end_session: Called to end the conversation and forget it.
        wanted: Called when a link is wanted now.
        blindness: Returns why the device may not look; empty if it may.
        journal: Is told `volume.set`.
    """

    def __init__(  # noqa: PLR0913 - a part for each thing that can be done
        self,
        *,
        conversation: Conversation,
        dispatch: Callable[[Event], None],
        body: Body,
        keeping: Keeping,
        uplink: Uplink,
        end_session: Callable[[], None],
        wanted: Callable[[], None],
        blindness: Callable[[], str],
        journal: Journal,
    ) -> None:
        self._conversation: Final = conversation
        self.dispatch: Final = dispatch
        self._playback: Final = body.playback
        self._panel: Final = body.panel
        self._sight: Final = body.sight
        self._keeping: Final = keeping
        self._uplink: Final = uplink
        self.end_conversation: Final = end_session
        self._wanted: Final = wanted
        self._blindness: Final = blindness
        self._journal: Final = journal
        volume, brightness = keeping.setting("volume"), keeping.setting("brightness")
        if volume is not None:
            body.playback.volume.set(volume)
        if brightness is not None:
            body.panel.brightness_percent = brightness

    def __repr__(self) -> str:
        return f"<OwnDevice at {self.volume_percent} %>"

    @property
    def status(self) -> Status:
        """What goes on."""
        return self._conversation.status

    @property
    def volume_percent(self) -> int:
        """How loud it is, 0 to 100; what is set is kept."""
        return self._playback.volume.percent

    @volume_percent.setter
    def volume_percent(self, percent: int) -> None:
        self._playback.volume.set(percent)
        self._panel.show_volume(percent)
        self._keeping.keep_setting("volume", percent)
        self._journal.tell("volume.set", percent=percent)

    @property
    def brightness_percent(self) -> int:
        """How bright the ring is, relative to what is configured; what is set is kept."""
        return self._panel.brightness_percent

    @brightness_percent.setter
    def brightness_percent(self, percent: int) -> None:
        self._panel.brightness_percent = percent
        self._panel.refresh()
        self._keeping.keep_setting("brightness", percent)

    def mute(self) -> None:
        """Let the microphone hear nothing."""
        self.dispatch(MuteAsked(muted=True))

    def stop(self) -> None:
        """Fall silent."""
        self.dispatch(StopAsked())

    async def look(self) -> None:
        """Have the model shown one fresh picture.

        Raises:
            HardwareError: The camera delivers none.
        """
        picture = await self._sight.look()
        self._uplink.put_aside(Glance(picture.jpeg))

    async def describe(self) -> bool:
        """Have the model shown one fresh picture, and speak of it; return whether that could be begun just now.

        Raises:
            HardwareError: The camera delivers none.
            ValueError: The device may not look; the text says what to do.
        """
        if reason := self._blindness():
            raise ValueError(reason)
        if self.status.turn is not TurnState.IDLE or self.status.link is LinkState.DOWN:
            return False
        self._wanted()
        picture = await self._sight.look()
        try:
            async with asyncio.timeout(LINK_WITHIN_S):
                while self.status.link is not LinkState.UP:  # noqa: ASYNC110 - nobody tells of it here
                    await asyncio.sleep(GLANCE_S)
        except TimeoutError:
            return False
        if self.status.turn is TurnState.IDLE:
            self._uplink.put_aside(Glance(picture.jpeg))
        return self.say(DESCRIBE)

    def say(self, text: str) -> bool:
        """Have the model told `text`, and speak of it; return whether that could be begun just now."""
        before = self._conversation.turn_id
        if self._conversation.status.link in {LinkState.UP, LinkState.RESTING}:
            self.dispatch(PromptAsked(text))
        return self._conversation.turn_id != before
