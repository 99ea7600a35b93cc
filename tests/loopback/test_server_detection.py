"""The service's own voice detection over real TLS: one conversation over a link, as the rest of the daemon sees it.

Uplink ── Session ── GenaiLink ── google-genai ── TLS ── network proxy ── TLS ── the stand-in service, which listens
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from daemon.errors import LinkError, LinkTimeout
from daemon.live.downward import Audio, Downward, Generated, Handle, Heard, Interrupted, TurnDone
from daemon.live.link import GenaiLink
from daemon.live.liveness import Liveness
from daemon.live.session import Session
from daemon.live.turns import Rules
from daemon.live.uplink import Uplink
from daemon.live.upward import Image, Speech, Taking
from daemon.rehearsal.stand_in.answer import Answer
from daemon.rehearsal.stand_in.memory import digest
from hardware.pcm import DOWN, UP
from tests.loopback.test_link import ANSWER, AT_ONCE, World, on_a_loop, until, world
from tests.support.known_sound import known_sound
from tests.support.stage import staged

pytestmark = pytest.mark.loopback

SPEECH = known_sound(UP, 0.6)
MORE = known_sound(UP, 0.6, seed=7)
PAUSE = UP.silence * 50
"""A second: more than the 800 ms with which the service takes a turn to be over."""
SLOWLY = replace(AT_ONCE, speed=0.3, interrupt_s=0.2, part_ms=(20, 20), parts=(1, 1))
"""The answer of 0.6 s takes 2 s, and goes on for a while when somebody talks over it."""


@dataclass
class Talk:
    """What goes up and what comes down, over one link after another."""

    here: World
    reply_timeout_s: float = 5.0
    uplink: Uplink = field(default_factory=lambda: Uplink(60.0, 30.0))
    heard: list[tuple[int, Downward]] = field(default_factory=list)
    given_up: int = 0
    _captured: count[int] = field(default_factory=count)

    @asynccontextmanager
    async def over(self, link: GenaiLink) -> AsyncIterator[asyncio.Task[object]]:
        """Talk over `link` for as long as the block lasts, or the link does."""
        self.uplink.replay.rewind()
        liveness = Liveness(reply_timeout_s=self.reply_timeout_s, stall_timeout_s=5.0, taking=Taking.SERVER)
        session = Session(
            link,
            self.uplink,
            liveness,
            hear=lambda turn_id, event: self.heard.append((turn_id, event)),
            give_up=self._give_up,
            rules=Rules(taking=Taking.SERVER),
        )
        running: asyncio.Task[object] = asyncio.ensure_future(session.run())
        try:
            yield running
        finally:
            running.cancel()
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()  # seen by whoever asked
            await link.close(politely=False)

    def say(self, pcm: bytes) -> None:
        """Give the open turn `pcm`, frame by frame."""
        for at in range(0, len(pcm), UP.frame_bytes):
            self.uplink.say(Speech(pcm[at : at + UP.frame_bytes], float(next(self._captured))))

    def came(self, kind: type[Downward], turn_id: int) -> list[Downward]:
        return [event for of, event in self.heard if of == turn_id and isinstance(event, kind)]

    def answer(self, turn_id: int) -> bytes:
        return b"".join(event.pcm for of, event in self.heard if of == turn_id and isinstance(event, Audio))

    def sent(self) -> list[str]:
        """What the service was sent beside the sound, over all links."""
        kinds = [str(line["kind"]) for line in self.here.log if line["way"] == "up"]
        return [kind for kind in kinds if kind not in {"open", "audio", "closed"}]

    def _give_up(self) -> None:
        self.given_up += 1
        assert self.uplink.replay.newest_turn is not None
        self.uplink.forget(self.uplink.replay.newest_turn)


@asynccontextmanager
async def talk() -> AsyncIterator[Talk]:
    async with world(taking=Taking.SERVER) as here:
        yield Talk(here)


@on_a_loop
async def test_the_service_finds_the_end_and_answers_into_the_open_gate() -> None:
    async with talk() as t, t.over(await t.here.connect()):
        t.uplink.begin(1)
        t.say(SPEECH + PAUSE)
        await until(lambda: bool(t.came(TurnDone, 1)))
        assert t.answer(1) == ANSWER
        assert t.sent() == ["setup"]  # nobody told it anything
        t.uplink.end(1)
        await until(lambda: t.sent() == ["setup", "audio_stream_end"])
        [turn] = t.here.service.turns
        spoken = [digest(SPEECH[at : at + UP.frame_bytes]) for at in range(0, len(SPEECH), UP.frame_bytes)]
        assert [one for one in turn.digests if one in spoken] == spoken


@on_a_loop
async def test_the_closed_gate_ends_what_the_service_still_listens_to() -> None:
    async with talk() as t, t.over(await t.here.connect()):
        for turn_id in (1, 2):
            t.uplink.begin(turn_id)
            t.say(SPEECH)
            t.uplink.show(Image(b"\xff\xd8"))
            t.uplink.end(turn_id)
            await until(lambda turn_id=turn_id: bool(t.came(TurnDone, turn_id)))  # type: ignore[misc]  # a lambda
            assert t.answer(turn_id) == ANSWER
        assert t.sent() == ["setup", *["video", "audio_stream_end"] * 2]
        [session] = t.here.service.sessions.values()
        assert not session.oddities


@on_a_loop
async def test_who_talks_over_an_answer_hears_nothing_more_of_it_and_all_of_the_next() -> None:
    async with talk() as t, t.over(await t.here.connect()):
        t.here.service.conduct.answer = lambda number: Answer(known_sound(DOWN, 0.6, seed=number))
        t.here.service.conduct.pacing = SLOWLY
        t.uplink.begin(1)
        t.say(SPEECH + PAUSE)
        await until(lambda: len(t.came(Audio, 1)) > 3)
        t.uplink.end(1)
        t.uplink.begin(2)  # what the conversation does then, it does at once: the rest of 1 is silenced here
        await asyncio.sleep(0.1)
        heard = t.answer(1)
        t.here.service.conduct.pacing = replace(AT_ONCE, interrupt_s=0.2)
        t.say(SPEECH + PAUSE)
        await until(lambda: bool(t.came(TurnDone, 2)))
        assert known_sound(DOWN, 0.6, seed=1).startswith(t.answer(1))
        assert len(t.answer(1)) <= len(heard) + DOWN.bytes_in(0.1)
        assert t.answer(2) == known_sound(DOWN, 0.6, seed=2)
        assert t.came(Interrupted, 1)
        assert t.came(TurnDone, 1)
        assert not t.came(Interrupted, 2)


@on_a_loop
async def test_who_goes_on_after_a_pause_is_answered_to_all_of_it_in_the_same_turn() -> None:
    async with talk() as t, t.over(await t.here.connect()):
        t.here.service.conduct.pacing = replace(AT_ONCE, think_s=0.3)
        t.uplink.begin(1)
        t.say(SPEECH + PAUSE)
        await asyncio.sleep(0.15)  # it thinks about the answer
        t.say(MORE + PAUSE)
        await until(lambda: bool(t.came(TurnDone, 1)))
        assert t.answer(1) == ANSWER
        assert not t.came(Interrupted, 1)
        assert [turn.answered_in for turn in t.here.service.turns] == [2, 2]


@on_a_loop
async def test_after_a_cut_what_was_said_is_said_again_once_and_its_end_is_told() -> None:
    async with talk() as t:
        link = await t.here.connect()
        async with t.over(link) as running:
            t.uplink.begin(1)
            t.say(SPEECH)
            await until(lambda: not t.uplink.replay.pending and bool(t.here.service.sessions))
            t.here.between.reset()
            with pytest.raises(LinkError):
                await running
        t.say(MORE)
        t.uplink.end(1)
        await t.here.closed()
        async with t.over(await t.here.connect()):
            await until(lambda: bool(t.came(TurnDone, 1)))
        assert t.answer(1) == ANSWER
        assert t.sent() == ["setup", "setup", "audio_stream_end"]
        said = SPEECH + MORE
        _, session = t.here.service.sessions.values()
        [turn] = session.turns
        assert turn.digests == [digest(said[at : at + UP.frame_bytes]) for at in range(0, len(said), UP.frame_bytes)]


@on_a_loop
async def test_a_turn_that_is_open_at_a_cut_just_goes_on() -> None:
    async with talk() as t:
        async with t.over(await t.here.connect()) as running:
            t.uplink.begin(1)
            t.say(SPEECH)
            await until(lambda: not t.uplink.replay.pending)
            t.here.between.reset()
            with pytest.raises(LinkError):
                await running
        await t.here.closed()
        async with t.over(await t.here.connect()):
            t.say(MORE + PAUSE)
            await until(lambda: bool(t.came(TurnDone, 1)))
        assert t.answer(1) == ANSWER
        assert "audio_stream_end" not in t.sent()
        _, session = t.here.service.sessions.values()
        [turn] = session.turns
        assert turn.heard_s > UP.seconds(len(SPEECH + MORE))


@on_a_loop
async def test_a_link_over_which_nothing_was_heard_is_kept_and_good() -> None:
    async with talk() as t:
        t.reply_timeout_s = 0.2
        async with t.over(await t.here.connect()) as running:
            t.uplink.begin(1)
            t.say(PAUSE)
            t.uplink.end(1)
            await until(lambda: t.given_up == 1)
            assert t.uplink.replay.newest_turn is None
            t.uplink.begin(2)
            t.say(SPEECH)
            t.uplink.end(2)
            await until(lambda: bool(t.came(TurnDone, 2)))
            assert not running.done()
            assert t.answer(2) == ANSWER
            assert t.given_up == 1
            assert t.came(Heard, 2)
            assert t.came(Generated, 2)


@on_a_loop
async def test_a_service_that_is_silent_twice_in_a_row_is_doubted() -> None:
    async with talk() as t:
        t.reply_timeout_s = 0.2
        t.here.service.conduct.faults = replace(t.here.service.conduct.faults, answers=False)
        async with t.over(await t.here.connect()) as running:
            for turn_id in (1, 2):
                t.uplink.begin(turn_id)
                t.say(SPEECH)
                t.uplink.end(turn_id)
                await until(lambda turn_id=turn_id: t.given_up == turn_id or running.done())  # type: ignore[misc]  # a lambda
            with pytest.raises(LinkTimeout):
                await running
        assert t.given_up == 1
        assert t.uplink.replay.newest_turn == 2  # to be said again over another link


@on_a_loop
async def test_the_whole_daemon_is_wired_for_it() -> None:
    """What the owner chose reaches the setup, the wire, and whoever judges what comes."""
    async with staged(taking="server") as s:
        await s.exchange()
        sent = {str(line["kind"]) for line in s.log if line["way"] == "up"}
        assert "audio_stream_end" in sent
        assert not sent & {"activity_start", "activity_end"}
        [session] = s.service.sessions.values()
        assert not session.setup.manual
        assert (session.connections, len(session.turns)) == (1, 1)
        assert [line["outcome"] for line in s.journal.told("turn.done")] == ["answered"]


@on_a_loop
async def test_a_session_is_resumed_with_its_way_of_taking_turns() -> None:
    async with talk() as t:
        async with t.over(await t.here.connect()):
            t.uplink.begin(1)
            t.say(SPEECH + PAUSE)
            await until(lambda: any(isinstance(event, Handle) and event.handle for _, event in t.heard))
            t.uplink.end(1)
            t.uplink.forget(1)
            await until(lambda: not t.uplink.replay.pending)
        handle = next(event.handle for _, event in t.heard if isinstance(event, Handle) and event.handle)
        await t.here.closed()
        async with t.over(await t.here.connect(handle)):
            t.uplink.begin(2)
            t.say(MORE + PAUSE)
            await until(lambda: bool(t.came(TurnDone, 2)))
        [session] = t.here.service.sessions.values()
        assert (session.connections, len(session.turns)) == (2, 2)
