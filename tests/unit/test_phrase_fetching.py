"""The phrases are fetched once, when nobody speaks, and only what was asked for is kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.announcing.phrase_fetching import PhraseFetching
from daemon.announcing.phrases import Phrase
from daemon.announcing.sounds import Sounds
from daemon.audio.playback import Playback
from daemon.config import Config
from daemon.errors import LinkError
from daemon.journal import Journal, MemorySink
from daemon.keeping.budget import Limits
from daemon.keeping.keeping import Keeping
from daemon.live.downward import Audio, Downward, Generated, GoAway, Said, TurnDone, UsageReport
from daemon.live.recital import Reader
from daemon.live.turns import Rules
from daemon.live.upward import Prompt, Upward
from daemon.rehearsal.voices import answer
from daemon.status import Fault, LinkState, Status, TurnState
from hardware.pcm import DOWN
from hardware.settings import BoardSettings
from hardware.simulated import SimulatedBoard

SPEECH = answer()[: DOWN.bytes_in(1.0)]
IDLE = Status(LinkState.UP)
USAGE = UsageReport(30, 70, 0, 0, 100, (), ())
Reply = Callable[[str], tuple[Downward, ...]]


def obedient(request: str) -> tuple[Downward, ...]:
    """Say what is asked for, as the service does."""
    words = request.split('"')[-2] if request.endswith('"') else request.split('"')[1]
    halves = (Audio(SPEECH[:24_000]), Said(words[:20]), Audio(SPEECH[24_000:]), Said(words[20:]))
    return (*halves, Generated(), USAGE, TurnDone(""))


class Service:
    """A connector whose links answer each text as `reply` says."""

    def __init__(self, reply: Reply = obedient) -> None:
        self.reply = reply
        self.asked: list[str] = []
        self.open = self.connections = self.released = 0
        self.refuses = False

    async def prepare(self) -> str:
        return ""

    async def connect(self, handle: str | None) -> Service:
        assert handle is None, "the conversation is not for it"
        self.connections += 1
        if self.refuses:
            raise LinkError("the upgrade was refused", http_status=503)
        self.open += 1
        return self

    async def release(self) -> None:
        self.released += 1

    async def send(self, item: Upward) -> None:
        assert isinstance(item, Prompt)
        self.asked.append(item.text)

    async def receive(self) -> tuple[Downward, ...]:
        reply = self.reply(self.asked[-1])
        if not reply:
            await asyncio.Event().wait()
        return reply

    async def close(self, *, politely: bool) -> None:
        assert politely
        self.open -= 1


class Device:
    """As much of a device as it takes; `fetching` is run for the length of `running`."""

    def __init__(self, folder: Path, service: Service, **sections: dict[str, Any]) -> None:
        limits = Limits(idle_hangup_s=0, session_max_minutes=0, turns_per_hour=0, daily_tokens=10_000)
        self.sink = MemorySink()
        journal = Journal(self.sink)
        live = {"language_hints": ["en-US"]}
        self.config = Config.model_validate({"live": live, "state": {"folder": str(folder)}, **sections})
        self.keeping = Keeping(limits, None, journal)
        self.sounds = Sounds(self.config, _mute(), self.keeping.refusal)
        self.said = ""
        self.fetching = PhraseFetching(
            self.config,
            sounds=self.sounds,
            keeping=self.keeping,
            sample=lambda: self.said,
            journal=journal,
            quiet_s=0.05,
        )
        self.fetching.reader = Reader(service, service.release, Rules())

    @contextlib.asynccontextmanager
    async def running(self, status: Status = IDLE) -> AsyncIterator[None]:
        """Run it, with a link and nobody who speaks."""
        self.fetching.noticed(status)
        task = asyncio.ensure_future(self.fetching.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until(self, seen: Callable[[], object]) -> None:
        """Wait until it is seen; ten seconds are enough on any machine."""
        async with asyncio.timeout(10.0):
            while not seen():  # noqa: ASYNC110 - it happens on threads and in files
                await asyncio.sleep(0.01)

    def told(self, event: str) -> list[dict[str, Any]]:
        return self.sink.told(event)


def _mute() -> Playback:
    return Playback(
        SimulatedBoard(BoardSettings()).speaker,
        volume_percent=0,
        on_sounding=lambda _: None,
        on_sounded=lambda _turn_id, _heard: None,
        on_fault=lambda _: None,
        tell=lambda *_, **__: None,
    )


def test_they_are_fetched_in_one_session_once_and_for_all(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service()
        device = Device(tmp_path, service)
        async with device.running():
            await device.until(lambda: device.told("phrases.fetched"))
        assert set(device.sounds.phrases) == set(Phrase)
        assert (service.connections, service.open, service.released) == (1, 0, 1)
        assert len(service.asked) == len(Phrase)
        assert device.keeping.today()["total"] == 100 * len(Phrase)
        again = Device(tmp_path, service)
        async with again.running():
            await again.until(lambda: again.sounds.phrases)
            await asyncio.sleep(0.3)
        assert again.sounds.phrases == device.sounds.phrases
        assert service.connections == 1

    asyncio.run(story())


def test_what_the_disk_does_not_take_is_said_all_the_same_and_paid_for_once(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "phrases").write_text("in the place of the folder")
        service = Service()
        device = Device(tmp_path, service)
        async with device.running():
            await device.until(lambda: device.told("phrases.failed"))
            device.fetching.go_by(device.config)
            await asyncio.sleep(0.3)
        assert set(device.sounds.phrases) == set(Phrase)
        assert (service.connections, len(service.asked)) == (1, len(Phrase))
        (failed,) = device.told("phrases.failed")
        assert failed["reason"] == "only until a restart, because the disk does not keep it: File exists"

    asyncio.run(story())


def test_without_a_language_they_are_fetched_after_an_answer_in_its_language(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service()
        device = Device(tmp_path, service, live={})
        async with device.running():
            await asyncio.sleep(0.3)
            assert service.connections == 0
            device.said = "Es ist halb vier."
            device.fetching.noticed(replace(IDLE, turn=TurnState.SPEAKING))
            await asyncio.sleep(0.2)
            assert service.connections == 0, "not while an answer sounds"
            device.fetching.noticed(IDLE)
            await device.until(lambda: device.told("phrases.fetched"))
        assert all("Es ist halb vier." in request for request in service.asked)

    asyncio.run(story())


@pytest.mark.parametrize(
    "status",
    [
        Status(LinkState.DOWN),
        Status(LinkState.CONNECTING),
        replace(IDLE, turn=TurnState.LISTENING),
        replace(IDLE, faults=frozenset((Fault.LIMIT,))),
        replace(IDLE, ringing=True),
    ],
)
def test_not_at_a_bad_time(tmp_path: Path, status: Status) -> None:
    async def story() -> None:
        service = Service()
        device = Device(tmp_path, service)
        async with device.running(status):
            await asyncio.sleep(0.3)
            assert service.connections == 0
            device.fetching.noticed(Status(LinkState.RESTING))
            await device.until(lambda: device.told("phrases.fetched"))

    asyncio.run(story())


def test_who_wants_to_speak_is_not_kept_waiting(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(lambda request: obedient(request) if Phrase.NO_NETWORK.value in request else ())
        device = Device(tmp_path, service)
        async with device.running():
            await device.until(lambda: len(service.asked) == 2)
            device.fetching.noticed(replace(IDLE, turn=TurnState.LISTENING))
            await device.until(lambda: device.told("phrases.failed"))
        assert service.open == 0
        assert device.told("phrases.failed")[0]["reason"] == "interrupted"
        assert set(device.sounds.phrases) == {Phrase.NO_NETWORK}, "what was fetched is kept"

    asyncio.run(story())


@pytest.mark.parametrize(
    "bad",
    [
        (Audio(SPEECH), Said("I am sorry, but I cannot do that."), TurnDone("")),
        (Audio(DOWN.silence * 60), Said(Phrase.KEY_REFUSED.value), TurnDone("")),
        (Said(Phrase.KEY_REFUSED.value), TurnDone("")),
    ],
)
def test_what_is_wrong_is_asked_for_once_more_and_not_kept(tmp_path: Path, bad: tuple[Downward, ...]) -> None:
    async def story() -> None:
        service = Service(lambda request: bad if Phrase.KEY_REFUSED.value in request else obedient(request))
        device = Device(tmp_path, service)
        async with device.running():
            await device.until(lambda: device.told("phrases.failed"))
            await asyncio.sleep(0.3)
        assert set(device.sounds.phrases) == set(Phrase) - {Phrase.KEY_REFUSED}
        assert len(service.asked) == len(Phrase) + 1
        assert service.connections == 1, "not again before long"
        assert device.told("phrases.fetched")[0]["missing"] == 1

    asyncio.run(story())


@pytest.mark.parametrize("fails", ["connecting", "going away"])
def test_a_service_that_fails_is_left_alone_for_a_while(tmp_path: Path, fails: str) -> None:
    async def story() -> None:
        service = Service(lambda _: (GoAway(1.0),))
        service.refuses = fails == "connecting"
        device = Device(tmp_path, service)
        async with device.running():
            await device.until(lambda: device.told("phrases.failed"))
            await asyncio.sleep(0.3)
        assert (service.connections, service.open) == (1, 0)

    asyncio.run(story())


def test_near_the_limit_of_the_day_nothing_is_spent_on_it(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service()
        device = Device(tmp_path, service)
        device.keeping.spent(replace(USAGE, response_tokens=9_000, total_tokens=9_030))
        async with device.running():
            await asyncio.sleep(0.3)
        assert service.connections == 0

    asyncio.run(story())


def test_what_is_switched_off_is_not_fetched_and_without_a_folder_nothing_is(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service()
        one = Device(tmp_path, service, sounds={"daily_limit": False, "key_refused": False})
        async with one.running():
            await one.until(lambda: one.told("phrases.fetched"))
        assert set(one.sounds.phrases) == {Phrase.NO_NETWORK}
        silent = Device(tmp_path, service, speaker={"earcons": False})
        nowhere = Device(tmp_path, service, state={"folder": ""})
        missing = Device(tmp_path / "missing", service)
        for device in (silent, nowhere, missing):
            async with device.running():
                await asyncio.sleep(0.2)
        assert service.connections == 1

    asyncio.run(story())


def test_another_voice_is_fetched_as_soon_as_it_is_configured(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service()
        device = Device(tmp_path, service)
        async with device.running():
            await device.until(lambda: device.told("phrases.fetched"))
            live = device.config.live.model_copy(update={"voice": "Kore"})
            device.fetching.go_by(device.config.model_copy(update={"live": live}))
            await device.until(lambda: len(device.told("phrases.fetched")) == 2)
        assert service.connections == 2
        assert len(list((tmp_path / "phrases").iterdir())) == len(Phrase), "the old voice is gone"

    asyncio.run(story())
