"""Has the rooms go by a configuration that was read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..config.changes import Changes
from ..device import OwnDevice
from ..ears import Ears
from ..hands import Hands
from ..keeping.keeping import Keeping
from ..sight import Sight
from ..telling.diary import Diary
from ..toolbox import Toolbox
from .choices import limits, looks, prices


class Adoption:
    """Hands each room what it goes by. What needs a restart it leaves alone.

    Args:
        device: Has the volume.
        hands: Make earcons, and look in turns.
        ears: Have the gate and the echo control.
        sight: Has the pause between two pictures.
        keeping: Has the limits.
        diary: Has the prices.
        toolbox: Offers tools.
        prime_echo: Called when a new echo control knows nothing of the room.
        renew_link: Called when sessions are to be set up otherwise.
    """

    def __init__(  # noqa: PLR0913 - a part for each thing that can be changed
        self,
        *,
        device: OwnDevice,
        hands: Hands,
        ears: Ears,
        sight: Sight,
        keeping: Keeping,
        diary: Diary,
        toolbox: Toolbox,
        prime_echo: Callable[[], None],
        renew_link: Callable[[], None],
    ) -> None:
        self._device: Final = device
        self._hands: Final = hands
        self._ears: Final = ears
        self._sight: Final = sight
        self._keeping: Final = keeping
        self._diary: Final = diary
        self._toolbox: Final = toolbox
        self._prime_echo: Final = prime_echo
        self._renew_link: Final = renew_link

    def __repr__(self) -> str:
        return f"<Adoption for {self._device!r}>"

    def adopt(self, changes: Changes) -> None:
        """Go by `changes.config` from now on; nobody's turn is under way.

        The volume only if it is among the changes: otherwise what somebody set since counts.
        """
        config = changes.config
        if "speaker.volume_percent" in changes.live:
            self._device.volume_percent = config.speaker.volume_percent
        self._hands.go_by(config)
        self._sight.interval_s = config.camera.interval_s
        self._keeping.limits = limits(config)
        self._diary.prices = prices(config)
        if any(key.startswith(("tools.", "camera.")) for key in changes.live):
            self._toolbox.go_by(config, sees=looks(config))
        if self._ears.go_by(config):
            self._prime_echo()
        if changes.need_link:
            self._renew_link()
