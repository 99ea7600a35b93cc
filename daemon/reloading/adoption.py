"""Has the rooms go by a configuration that was read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..announcing.phrase_fetching import PhraseFetching
from ..announcing.sounds import Sounds
from ..body import Body
from ..config.changes import Changes
from ..device import OwnDevice
from ..hands import Hands
from ..keeping.keeping import Keeping
from ..telling.diary import Diary
from ..toolbox import Toolbox
from .choices import limits, looks, prices


class Adoption:
    """Hands each room what it goes by. What needs a restart it leaves alone.

    Args:
        device: Has the volume.
        hands: Look in turns.
        body: Has the gate, the echo control, and the pause between two pictures.
        sounds: Are made as the owner wants them.
        phrases: Are spoken by the model's voice.
        keeping: Has the limits.
        diary: Has the prices.
        toolbox: Offers tools.
        renew_link: Called when sessions are to be set up otherwise.
    """

    def __init__(  # noqa: PLR0913 - a part for each thing that can be changed
        self,
        *,
        device: OwnDevice,
        hands: Hands,
        body: Body,
        sounds: Sounds,
        phrases: PhraseFetching,
        keeping: Keeping,
        diary: Diary,
        toolbox: Toolbox,
        renew_link: Callable[[], None],
    ) -> None:
        self._device: Final = device
        self._hands: Final = hands
        self._body: Final = body
        self._sounds: Final = sounds
        self._phrases: Final = phrases
        self._keeping: Final = keeping
        self._diary: Final = diary
        self._toolbox: Final = toolbox
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
        self._sounds.go_by(config)
        self._hands.go_by(config)
        self._body.sight.interval_s = config.camera.interval_s
        self._keeping.limits = limits(config)
        self._diary.prices = prices(config)
        if any(key.startswith(("tools.", "camera.")) for key in changes.live):
            self._toolbox.go_by(config, sees=looks(config))
        if self._body.ears.go_by(config):  # the new echo control knows nothing of the room
            self._sounds.begin(rush=self._body.ears.wants_whoosh, chime=False)
        if changes.need_link:
            self._renew_link()
        self._phrases.go_by(config)
