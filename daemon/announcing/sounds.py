"""The sounds that mean something, as the owner wants them: for each cue an earcon, or what is said in its place.

start     ░░ whoosh, if the canceller needs it ░░ ── 0.1 s ── START, once after the machine was switched on
a fault   the phrase, if it was ever fetched; else an earcon of its own
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from hardware.pcm import DOWN

from ..audio.earcon import Earcon, sound
from ..audio.playback import Playback
from ..audio.whoosh import whoosh
from ..config import Config
from ..effects import Cue
from ..keeping.budget import Blown, Fuse
from .phrases import Phrase

EARCONS: Final = {
    Cue.LISTENING: Earcon.LISTENING,
    Cue.DONE: Earcon.DONE,
    Cue.ERROR: Earcon.ERROR,
    Cue.MUTED: Earcon.MUTED,
    Cue.UNMUTED: Earcon.UNMUTED,
    Cue.NO_NETWORK: Earcon.NO_NETWORK,
    Cue.KEY_REFUSED: Earcon.KEY_REFUSED,
    Cue.LIMIT: Earcon.LIMIT,
}
SWITCHES: Final = {cue: cue.value for cue in Cue} | {Cue.UNMUTED: "muted", Cue.LIMIT: "daily_limit"}
"""The key of `[sounds]` that each cue goes by."""
PHRASES: Final = {
    Cue.NO_NETWORK: (Phrase.NO_NETWORK,),
    Cue.KEY_REFUSED: (Phrase.KEY_REFUSED,),
    Cue.LIMIT: (Phrase.DAILY_LIMIT, Phrase.HOURLY_LIMIT),
}
"""What may be said in the place of an earcon."""
_PAUSE_FRAMES: Final = 5
"""Between the two sounds of the start."""


def switched_on(config: Config, switch: str) -> bool:
    """Return whether the owner wants what the key `switch` of `[sounds]` is about."""
    return config.speaker.earcons and bool(getattr(config.sounds, switch))


class Sounds:
    """Makes them.

    Args:
        config: Which of them the owner wants.
        playback: Sounds.
        refusal: Returns which limit is reached.
    """

    def __init__(self, config: Config, playback: Playback, refusal: Callable[[], Blown | None]) -> None:
        self._config = config
        self._playback: Final = playback
        self._refusal: Final = refusal
        self.phrases: Mapping[Phrase, bytes] = {}
        """What can be said: s16le, mono, 24 kHz."""

    def __repr__(self) -> str:
        return f"<Sounds, {len(self.phrases)} of {len(Phrase)} phrases>"

    def go_by(self, config: Config) -> None:
        """Go by another configuration from now on."""
        self._config = config

    @property
    def wanted(self) -> tuple[Phrase, ...]:
        """The phrases that the owner wants to hear when it comes to that."""
        cues = [cue for cue in PHRASES if switched_on(self._config, SWITCHES[cue])]
        return tuple(phrase for cue in cues for phrase in PHRASES[cue])

    def begin(self, *, rush: bool, chime: bool) -> None:
        """Make the sounds of the start, one after the other: what the canceller learns from, and that it is ready."""
        pcm = whoosh() if rush else b""
        if chime and switched_on(self._config, "start"):
            pcm += (DOWN.silence * _PAUSE_FRAMES if pcm else b"") + sound(Earcon.START)
        if pcm:
            self._playback.earcon(pcm)

    def make(self, cue: Cue) -> None:
        """Make the sound of `cue`, or say what there is to say, if the owner wants it."""
        if not switched_on(self._config, SWITCHES[cue]):
            return
        pcm = sound(EARCONS[cue])
        if cue in PHRASES:
            self._playback.say(self.phrases.get(self._phrase(cue), pcm))
        else:
            self._playback.earcon(pcm)

    def ring(self) -> None:
        """Ring once: a timer, an alarm or a reminder is due."""
        self._playback.earcon(sound(Earcon.RING))

    def hush(self) -> None:
        """Break off what is being said."""
        self._playback.hush()

    def _phrase(self, cue: Cue) -> Phrase:
        blown = self._refusal() if cue is Cue.LIMIT else None
        if blown is not None and blown.fuse is Fuse.TURNS_PER_HOUR:
            return Phrase.HOURLY_LIMIT
        return PHRASES[cue][0]
