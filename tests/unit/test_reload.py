"""Reading the configuration again: what is said of it, when it counts, and that nothing that was heard is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace

import pytest

from daemon.audio.gate import Gate, GateSettings, Marker
from daemon.config import Config
from daemon.config.changes import Changes
from daemon.conversation import Conversation
from daemon.effects import Attack, Watch
from daemon.errors import ConfigurationError
from daemon.events import Pressed, ReplySounded, ReplySounding, SpeechEnded, SpeechStarted
from daemon.journal import Journal, MemorySink
from daemon.notify import ServiceManager
from daemon.reloading.reload import Reload, Reloaded
from daemon.ways import Mode, Ways
from hardware.pcm import UP

LOUDER = Config.model_validate({"speaker": {"volume_percent": 90}, "leds": {"count": 3}})
REFUSED = ConfigurationError(("vocative.toml:3:1: modle = 1: unknown", "vocative.toml:9:5: pin = 99: too much"))


class Bench:
    """A `Reload` whose file, rooms and turns are in the test's hands."""

    def __init__(self) -> None:
        self.file: Config | ConfigurationError = LOUDER
        self.resting = True
        self.adopted: list[Changes] = []
        self.messages: list[str] = []
        self.journal = MemorySink()
        manager = ServiceManager(self.messages.append, None)
        manager.ready()
        self.reload = Reload(
            Config(),
            self.read,
            refusals=lambda _: (),
            adopt=self.adopted.append,
            at_rest=lambda: self.resting,
            manager=manager,
            journal=Journal(self.journal),
        )

    async def read(self) -> Config:
        await asyncio.sleep(0)
        if isinstance(self.file, ConfigurationError):
            raise self.file
        return self.file


def done(work: Coroutine[None, None, Reloaded]) -> Reloaded:
    return asyncio.run(work)


def test_what_is_accepted_counts_at_once_if_nobody_speaks() -> None:
    bench = Bench()
    came = done(bench.reload.reload())
    assert came == Reloaded(("speaker.volume_percent",), ("leds.count",))
    assert [changes.config for changes in bench.adopted] == [bench.reload.config]
    assert (bench.reload.config.speaker.volume_percent, bench.reload.config.leds.count) == (90, 12)
    (line,) = bench.journal.told("config.reloaded")
    assert (line["applied"], line["needs_restart"], line["waits"]) == ("speaker.volume_percent", "leds.count", False)


def test_in_a_turn_it_waits_for_the_end_and_the_newest_file_counts() -> None:
    bench = Bench()
    bench.resting = False
    done(bench.reload.reload())
    assert bench.journal.told("config.reloaded")[0]["waits"] is True
    assert bench.reload.config == Config()
    bench.file = Config.model_validate({"speaker": {"volume_percent": 20}})
    done(bench.reload.reload())
    assert bench.adopted == []
    bench.reload.rested()
    bench.reload.rested()
    assert [changes.config.speaker.volume_percent for changes in bench.adopted] == [20]


def test_a_change_that_is_taken_back_before_the_turn_is_over_never_counts() -> None:
    bench = Bench()
    bench.resting = False
    done(bench.reload.reload())
    bench.file = Config()
    assert done(bench.reload.reload()).sentences == ("Nothing has changed.",)
    bench.reload.rested()
    assert bench.adopted == []


def test_a_refused_file_changes_nothing_and_every_fault_is_said_with_its_place() -> None:
    bench = Bench()
    bench.file = REFUSED
    came = done(bench.reload.reload())
    assert came.faults == REFUSED.faults
    assert came.sentences[:2] == REFUSED.faults
    assert (bench.adopted, bench.reload.config) == ([], Config())
    assert [(line["level"], line["place"], line["reason"]) for line in bench.journal.told("config.refused")] == [
        ("error", "vocative.toml:3:1", "modle = 1: unknown"),
        ("error", "vocative.toml:9:5", "pin = 99: too much"),
    ]


def test_what_a_reload_would_come_to_is_said_and_nothing_done() -> None:
    bench = Bench()
    assert done(bench.reload.foreseen()) == Reloaded(("speaker.volume_percent",), ("leds.count",))
    done(bench.reload.reload())
    assert done(bench.reload.foreseen()) == Reloaded((), ("leds.count",))  # it still goes by 12
    bench.file = REFUSED
    assert done(bench.reload.foreseen()) == Reloaded(faults=REFUSED.faults)
    assert (len(bench.adopted), len(bench.journal.told("config.reloaded"))) == (1, 1)
    assert not bench.journal.told("config.refused")


def test_what_is_accepted_and_doubtful_is_told() -> None:
    bench = Bench()
    bench.file = Config.model_validate({"live": {"model": "gemini-99-live"}})
    done(bench.reload.foreseen())
    assert not bench.journal.told("config.doubtful")
    done(bench.reload.reload())
    assert len(bench.journal.told("config.doubtful")) == 1


@pytest.mark.parametrize("file", [LOUDER, REFUSED], ids=["good", "bad"])
def test_the_service_manager_hears_of_the_begin_and_the_end(file: Config | ConfigurationError) -> None:
    bench = Bench()
    bench.file = file
    done(bench.reload.reload())
    ready, reloading, ready_again = bench.messages
    assert (ready, reloading.split("\n")[0], ready_again) == ("READY=1", "RELOADING=1", "READY=1")


def test_signals_that_come_together_are_one_and_none_is_lost() -> None:
    async def story() -> None:
        bench = Bench()
        running = asyncio.ensure_future(bench.reload.run())
        for _ in range(3):
            bench.reload.ask()
        await asyncio.sleep(0.01)
        assert len(bench.journal.told("config.reloaded")) == 1
        bench.reload.ask()
        await asyncio.sleep(0.01)
        assert len(bench.journal.told("config.reloaded")) == 2
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(story())


def test_people_are_told_what_acts_and_what_does_not() -> None:
    both = Reloaded(applied=("turn.mode",), needs_restart=("button.pin", "leds.count")).sentences
    assert both[0] == "In effect: turn.mode."
    assert "button.pin, leds.count" in both[1]
    assert "sudo systemctl restart vocative" in both[1]


# --- the rooms that go by it ---------------------------------------------------------------------------


def frame(number: int) -> bytes:
    return number.to_bytes(2, "little") * (len(UP.silence) // 2)


def test_a_gate_that_goes_by_other_settings_keeps_what_it_has_heard() -> None:
    gate = Gate(GateSettings(pre_roll_ms=500))
    for number in range(100):
        gate.push(frame(number), voiced=number > 95, kept=True)
    gate.go_by(GateSettings(pre_roll_ms=700, attack_ms=40))
    gate.push(frame(100), voiced=True, kept=True)
    pre_roll = gate.open(endpointing=True)
    assert pre_roll == [frame(number) for number in range(66, 101)]
    assert gate.push(frame(101), voiced=True, kept=True).marker is Marker.SPEECH_STARTED


def test_a_gate_forgets_what_it_learned_of_pauses_only_if_it_is_told_otherwise() -> None:
    settings = GateSettings()
    gate = Gate(settings)
    gate.patience.paused(40)
    learned = gate.patience.hangover_frames
    assert learned != settings.hangover_ms // 20
    gate.go_by(replace(settings, attack_ms=200))
    assert gate.patience.hangover_frames == learned
    gate.go_by(replace(settings, hangover_ms=1_000, shortest_hangover_ms=1_000))
    assert gate.patience.hangover_frames == 50


def test_a_new_way_to_talk_to_it_moves_the_watch_at_the_gate() -> None:
    conversation = Conversation(Ways())
    assert conversation.go_by(Ways(Mode.HANDS_FREE, wakes=True)) == [Watch(Attack.STRICT)]
    assert conversation.go_by(Ways(Mode.HANDS_FREE, wakes=True)) == []
    assert conversation.go_by(Ways(Mode.TAP)) == [Watch(Attack.NONE)]


def test_a_follow_up_ends_where_there_are_none_any_more() -> None:
    conversation = Conversation(Ways(Mode.HANDS_FREE, follow_up_s=8.0))
    conversation.handle(Pressed(0.0))
    conversation.handle(SpeechStarted(1))
    conversation.handle(SpeechEnded(1))
    conversation.handle(ReplySounding(1))
    conversation.handle(ReplySounded(1))
    assert conversation.status.follow_up
    conversation.go_by(Ways())
    assert not conversation.status.follow_up
