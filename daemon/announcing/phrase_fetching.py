"""Fetches the phrases: once, in a session of its own, when the service can be reached and nobody speaks.

    missing? ─► link up, nobody's turn, for QUIET_S ─► connect ─► one text after the other ─► judged ─► kept
        ▲                                                 │ a turn begins, a failure, a bad answer
        └──── PAUSES_S: a few times in a day ◄────────────┘

Nothing of it is in the conversation, and what it costs counts as used today.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Final

from hardware.blocking import in_thread

from ..config import Config
from ..errors import LinkError
from ..journal import Journal, Level
from ..keeping.keeping import Keeping
from ..live.link import Link
from ..live.recital import Reader, recite
from ..status import LinkState, Status, TurnState
from .phrase_store import PhraseStore
from .phrases import Phrase, Speaker, said_twice, trimmed
from .sounds import Sounds

QUIET_S: Final = 5.0
"""For so long nobody's turn must have been under way: somebody may go on from an answer."""
PAUSES_S: Final = (600.0, 3600.0, 8 * 3600.0)
"""From one attempt to the next, the last one for ever: each is billed."""
TRIES: Final = 2
"""How often a phrase is asked for in one attempt."""
SPARE: Final = 0.1
"""The share of the tokens of a day that must be left: it would be a pity to fetch what then has to be said."""


class PhraseFetching:
    """Sees to it that the sounds have their phrases. Made on the loop.

    Args:
        config: Whose voice, in which language; where phrases are kept: nowhere, and then none are fetched, if the state
            has no folder.
        sounds: Is given what there is.
        keeping: Knows the limits.
        sample: Returns something in the language of the answers; empty if none was given yet.
        journal: Is told `phrases.fetched` and `phrases.failed`.
        quiet_s: For so long nobody's turn must have been under way.
    """

    def __init__(
        self,
        config: Config,
        *,
        sounds: Sounds,
        keeping: Keeping,
        sample: Callable[[], str],
        journal: Journal,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._config = config
        self._sounds: Final = sounds
        self._keeping: Final = keeping
        self._sample: Final = sample
        self._quiet_s: Final = quiet_s
        self._journal: Final = journal
        self._store: Final = PhraseStore(Path(config.state.folder)) if config.state.folder else None
        self.reader: Reader | None = None
        """Who speaks them; None: nobody."""
        self._answered = False
        """An answer was heard, so that there is a language to go by."""
        self._quiet: Final = asyncio.Event()
        """Nobody's turn is under way, and the service can be reached."""
        self._busy: Final = asyncio.Event()
        """The opposite."""
        self._busy.set()
        self._changed: Final = asyncio.Event()
        """Another voice, other switches, or an answer: look again what is missing."""

    def __repr__(self) -> str:
        return f"<PhraseFetching {self._store} {self._sounds!r}>"

    def noticed(self, status: Status) -> None:
        """Note what the device does; to be called whenever that has changed."""
        if status.turn is TurnState.SPEAKING and not self._answered:
            self._answered = True
            self._changed.set()
        reachable = status.link in {LinkState.UP, LinkState.RESTING} and not status.faults
        if reachable and status.turn is TurnState.IDLE and not status.ringing:
            self._quiet.set()
            self._busy.clear()
        else:
            self._quiet.clear()
            self._busy.set()

    def go_by(self, config: Config) -> None:
        """Go by another configuration from now on: perhaps it is another voice."""
        self._config = config
        self._changed.set()

    async def run(self) -> None:
        """Find what is kept, and fetch what is not, until cancelled. Return at once where nothing can be kept."""
        store = self._store
        if store is None or not await in_thread(store.usable):
            return
        while True:
            await self._complete(store, self._speaker)

    async def _complete(self, store: PhraseStore, speaker: Speaker) -> None:
        """Return when there is another voice to be heard."""
        self._sounds.phrases = await in_thread(partial(store.kept, speaker))
        pauses_s = chain(PAUSES_S, repeat(PAUSES_S[-1]))
        again_s = 0.0
        while speaker == self._speaker:
            self._changed.clear()
            missing = [phrase for phrase in self._sounds.wanted if phrase not in self._sounds.phrases]
            now = asyncio.get_running_loop().time()
            if self.reader is None or not missing or not (speaker.language or self._answered):
                await self._changed.wait()
            elif now < again_s:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(again_s):
                        await self._changed.wait()
            else:
                await self._until_quiet()
                again_s = asyncio.get_running_loop().time() + next(pauses_s)
                if self._affordable and speaker == self._speaker:
                    await self._attempt(self.reader, store, speaker, missing)

    @property
    def _speaker(self) -> Speaker:
        live = self._config.live
        return Speaker(live.model, live.voice, next(iter(live.language_hints), ""))

    @property
    def _affordable(self) -> bool:
        limit, used = self._keeping.limits.daily_tokens, self._keeping.today().get("total", 0)
        return self._keeping.refusal() is None and (not limit or used < (1.0 - SPARE) * limit)

    async def _until_quiet(self) -> None:
        while True:
            await self._quiet.wait()
            try:
                async with asyncio.timeout(self._quiet_s):
                    await self._busy.wait()
            except TimeoutError:
                return

    async def _attempt(self, reader: Reader, store: PhraseStore, speaker: Speaker, missing: list[Phrase]) -> None:
        """Fetch what can be had in one session, unless somebody wants to speak meanwhile."""
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._read_aloud(reader, store, speaker, missing), name="phrases-read")
            interrupting = group.create_task(self._interrupt(reading), name="phrases-interrupt")
            await asyncio.wait((reading,))
            interrupting.cancel()
        reason = "interrupted" if reading.cancelled() else reading.result()
        if reason:
            level = Level.DEBUG if reading.cancelled() else Level.WARNING
            self._journal.tell("phrases.failed", level=level, reason=reason)

    async def _interrupt(self, reading: asyncio.Task[str]) -> None:
        await self._busy.wait()
        reading.cancel()

    async def _read_aloud(self, reader: Reader, store: PhraseStore, speaker: Speaker, missing: list[Phrase]) -> str:
        """Fetch `missing` and keep what is good; return what was wrong, empty if nothing was."""
        transcripts: list[str] = []
        reason = ""
        try:
            async with reader.session() as link:
                for phrase in missing:
                    pcm, mistake = await self._read(reader, link, speaker, phrase, transcripts)
                    if mistake is None:
                        # First of all it can be said: what cannot be written must not be paid for again and again.
                        self._sounds.phrases = {**self._sounds.phrases, phrase: pcm}
                        reason = await self._kept(store, phrase, speaker, pcm) or reason
                    else:
                        reason = f"{phrase.label}: {mistake}"
        except LinkError as error:
            reason = str(error)
        finally:
            if transcripts:
                self._journal.tell("phrases.fetched", fetched=len(transcripts), missing=len(missing) - len(transcripts))
        return reason

    @staticmethod
    async def _kept(store: PhraseStore, phrase: Phrase, speaker: Speaker, pcm: bytes) -> str:
        """Keep it for the next start; return why it cannot be kept, empty if it was."""
        try:
            await in_thread(partial(store.write, phrase, speaker, pcm))
        except OSError as error:
            return f"only until a restart, because the disk does not keep it: {error.strerror}"
        return ""

    async def _read(
        self, reader: Reader, link: Link, speaker: Speaker, phrase: Phrase, transcripts: list[str]
    ) -> tuple[bytes, str | None]:
        """Have one read aloud, a second time if need be; return the sound, and what is wrong with it."""
        mistake = None
        for _ in range(TRIES):
            request = speaker.request(phrase, self._sample() or self._config.live.system_instruction)
            recital = await recite(link, request, reader.rules)
            if recital.usage is not None:
                self._keeping.spent(recital.usage)
            pcm = trimmed(recital.pcm)
            mistake = speaker.mistake(phrase, pcm, recital.transcript)
            if mistake is None and said_twice(recital.transcript, transcripts):
                mistake = "words"
            if mistake is None:
                transcripts.append(recital.transcript)
                return pcm, None
        return b"", mistake
