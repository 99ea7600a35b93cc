"""One text in, what the model makes of it out: for a session of its own, in which nobody speaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from daemon.errors import Deadline, LinkError, LinkTimeout
from hardware.pcm import DOWN

from .downward import Audio, GoAway, Said, TurnDone, UsageReport
from .link import Connector, Link
from .turns import Rules
from .upward import Prompt

REPLY_S: Final = 30.0
"""The longest that one text may take. The end comes about when it would have sounded (live-api.md 0.14)."""
LATE_WORDS_S: Final = 2.0
"""How long after the end the transcript may come: it is in no fixed order relative to the sound (live-api.md 1.4)."""
LONGEST_S: Final = 30.0
"""Of sound that is kept; what is longer is not what was asked for in any case."""


@dataclass(frozen=True, slots=True)
class Recital:
    """What came."""

    pcm: bytes = field(repr=False)
    """s16le, mono, 24 kHz."""
    transcript: str = field(repr=False)
    usage: UsageReport | None
    """What the service counted, if it did."""


class Reader:
    """How a session is had in which texts are read aloud.

    Args:
        connector: Makes links to new sessions that are set up for it (`setup.reading_config`).
        release: Called when what the connector holds is not needed for now.
        rules: How the model takes turns.
    """

    def __init__(self, connector: Connector, release: Callable[[], Awaitable[None]], rules: Rules) -> None:
        self._connector: Final = connector
        self._release: Final = release
        self.rules: Final = rules

    def __repr__(self) -> str:
        return f"<Reader {self._connector!r}>"

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[Link]:
        """Have a session for the length of the block. Raises `LinkError`."""
        try:
            await self._connector.prepare()
            link = await self._connector.connect(None)
            try:
                yield link
            finally:
                await link.close(politely=True)
        finally:
            await self._release()


async def recite(link: Link, text: str, rules: Rules) -> Recital:
    """Send `text` and wait for all of the answer; `link` was set up with the transcription of what it says.

    Raises:
        LinkError: The link failed or is to be left. `LinkTimeout` when the answer did not end within `REPLY_S`.
    """
    await link.send(Prompt(1, text))
    pcm, words, usage, done = bytearray(), "", None, False
    try:
        async with asyncio.timeout(REPLY_S) as limit:
            while not (done and words):
                for said in await link.receive():
                    match rules.settled(said):
                        case Audio(pcm=piece) if len(pcm) < DOWN.bytes_in(LONGEST_S):
                            pcm += piece
                        case Said(text=piece):
                            words += piece
                        case UsageReport() as report:
                            usage = report
                        case TurnDone():
                            done = True
                            limit.reschedule(asyncio.get_running_loop().time() + LATE_WORDS_S)
                        case GoAway():
                            raise LinkError("the service asked us to leave", close_code=1001)
                        case _:
                            pass
    except TimeoutError as late:
        if not done:
            raise LinkTimeout("no answer in time", deadline=Deadline.REPLY) from late
    return Recital(bytes(pcm), words, usage)
