"""What systemd hears of a device that starts, works, hangs, and is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from daemon.app import App
from daemon.audio.vad import detector
from daemon.journal import Journal
from daemon.keeping.keeping import Keeping
from daemon.live.supervisor import Supervisor
from daemon.notify import ServiceManager
from daemon.reloading.choices import limits
from hardware.interfaces import Board
from tests.scenario.story import Story, running, scenario

WATCHDOG_S = 2.0


class Watched(Story):
    """A story with a service manager that writes down what it is told, and when."""

    def _app(self, board: Board, supervise: Callable[[App], Supervisor] | None) -> App:
        self.messages: list[tuple[float, str]] = []
        journal = Journal(self.journal, clock=self.now)
        return App(
            config=self.config,
            board=board,
            supervise=supervise,
            journal=journal,
            manager=ServiceManager(lambda text: self.messages.append((self.now(), text)), WATCHDOG_S),
            vad=detector(self.config.turn.vad, self.config.turn.vad_aggressiveness),
            keeping=Keeping(limits(self.config), None, journal, wall=self.wall_s),
            clocks=self.clocks,
        )

    def fed(self) -> list[float]:
        return [at_s for at_s, text in self.messages if text == "WATCHDOG=1"]

    def texts(self) -> list[str]:
        return [text for _, text in self.messages]


@scenario
async def test_it_is_ready_with_its_parts_and_not_with_its_link() -> None:
    s = Watched()
    s.network.cut()
    async with running(s, linked=False):
        await s.until(lambda: "READY=1" in s.texts())
        before = s.texts()[: s.texts().index("READY=1")]
        assert [text for text in before if text.startswith("STATUS=")] == [
            "STATUS=Starting: the microphone and the loudspeaker are opened.",
            "STATUS=Starting: the button is opened.",
        ]
        assert before.count("EXTEND_TIMEOUT_USEC=30000000") == 2
        assert before[-1] == "WATCHDOG_USEC=30000000"
        await asyncio.sleep(5.0)
        assert s.texts().count("WATCHDOG_USEC=2000000") == 1
    assert s.texts()[-2:] == ["STATUS=Stopped.", "STOPPING=1"]


@scenario
async def test_the_watchdog_is_fed_long_before_it_bites_whatever_the_device_does() -> None:
    async with running(Watched()) as s:
        await s.ask(1)
        await s.until_answered()
        s.mute()
        await asyncio.sleep(60.0)
        assert max(later - earlier for earlier, later in pairwise(s.fed())) <= WATCHDOG_S / 4


@scenario
async def test_the_cameras_libraries_are_waited_for_once() -> None:
    camera = {"camera": {"driver": "simulated", "mode": "with_turn"}}
    once = ["WATCHDOG_USEC=30000000", "WATCHDOG_USEC=2000000"]
    async with running(Watched(config=camera)) as s:
        await asyncio.sleep(1.0)
        assert [text for text in s.texts() if text.startswith("WATCHDOG_USEC")] == once  # for google-genai
        for number in (1, 2):
            await s.ask(number)
            await s.until_answered()
            assert [text for text in s.texts() if text.startswith("WATCHDOG_USEC")] == 2 * once


@scenario
async def test_frames_that_stop_without_a_known_loss_are_a_hang_and_it_is_not_fed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(Watched()) as s:
        await asyncio.sleep(2.0)
        monkeypatch.setattr(s.board.mic, "read", asyncio.Event().wait)  # a driver whose thread is dead
        await asyncio.sleep(2 * WATCHDOG_S)
        assert s.now() - s.fed()[-1] > WATCHDOG_S


@scenario
async def test_a_microphone_that_is_known_to_be_lost_is_no_hang_however_long_it_is_gone() -> None:
    async with running(Watched()) as s:
        s.board.mic.lose()
        await asyncio.sleep(120.0)
        assert s.now() - s.fed()[-1] <= WATCHDOG_S / 2
        assert max(later - earlier for earlier, later in pairwise(s.fed())) <= 0.75 * WATCHDOG_S  # until that is known


@scenario
async def test_without_a_key_there_is_nothing_to_be_patient_for() -> None:
    async with running(Watched(key=False), linked=False) as s:
        await asyncio.sleep(3.0)
        assert not [text for text in s.texts() if text.startswith("WATCHDOG_USEC")]
