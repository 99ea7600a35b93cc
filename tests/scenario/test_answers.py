"""What becomes of an answer: however it comes, all of it sounds; once it is stopped, none of it does."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import numpy as np
import pytest

from daemon.rehearsal.stand_in import messages as say
from daemon.rehearsal.stand_in.answer import BURSTS, REAL_TIME, SLOW, Answer, Pacing, spoken
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.faults import STALL, Faults, Moment, Strike
from daemon.status import TurnState
from hardware.pcm import DOWN
from tests.scenario.story import SILENT_AFTER_S, Story, running, scenario
from tests.support.virtual_time import block

LOUDEST = {"speaker": {"volume_percent": 100, "earcons": False}}
"""What is heard is what was sent, sample for sample."""
TINY = replace(BURSTS, parts=(1, 1), part_ms=(1, 3))
HUGE = replace(BURSTS, parts=(1, 1), part_ms=(60_000, 60_000))


def tone(number: int, seconds: float = 4.0) -> Answer:
    """An answer that can be told from all others: one of `number` times 100 Hz."""
    at_s = np.arange(round(seconds * DOWN.rate_hz)) / DOWN.rate_hz
    wave = 8000 * np.sin(2 * math.pi * 100 * number * at_s)
    return Answer(np.rint(wave).astype("<i2").tobytes())


def tones(turn: int) -> Answer:
    return tone(turn + 2)


def pitch(sound: bytes) -> int:
    """Which tone it is."""
    spectrum = np.abs(np.fft.rfft(np.frombuffer(sound, "<i2")))
    return round(float(np.argmax(spectrum)) * DOWN.rate_hz / (len(sound) // 2) / 100)


async def answered(s: Story) -> float:
    """Ask, and wait until the answer is over; return when it began to sound."""
    await asyncio.sleep(1.0)
    await s.ask(1)
    await s.until_turn(TurnState.SPEAKING)
    sounding_s = s.now()
    await s.until_turn(TurnState.IDLE)
    return sounding_s


@pytest.mark.parametrize("pacing", [BURSTS, TINY, HUGE], ids=["bursts", "tiny", "huge"])
@scenario
async def test_an_answer_sounds_whole_and_without_a_gap(pacing: Pacing) -> None:
    async with running(Story(pacing=pacing, config=LOUDEST, answer=tones)) as s:
        sounding_s = await answered(s)
        sent = tones(1).pcm
        sound = s.board.loudspeaker.heard(sounding_s - 0.1, s.now() + 0.1)
        assert sent in sound
        (done,) = s.told("turn.done")
        assert (done["outcome"], done["underruns"], done["sounded_ms"]) == ("answered", 0, 4000)
        assert (done["stutters"], done["xruns"]) == (0, 0)


@pytest.mark.parametrize(("pacing", "gaps"), [(REAL_TIME, 1), (SLOW, 10)], ids=["real_time", "slow"])
@scenario
async def test_an_answer_that_comes_no_faster_than_it_sounds_has_gaps_and_loses_nothing(
    pacing: Pacing, gaps: int
) -> None:
    async with running(Story(pacing=pacing, config=LOUDEST, answer=tones)) as s:
        await answered(s)
        (done,) = s.told("turn.done")
        assert (done["outcome"], done["sounded_ms"]) == ("answered", 4000)
        assert 0 < done["underruns"] <= gaps
        assert (done["stutters"], done["xruns"]) == (0, 0), "it was the network"


@scenario
async def test_what_a_busy_computer_does_to_an_answer_is_told_of_its_turn() -> None:
    async with running(Story(config=LOUDEST, answer=tones)) as s:
        s.board.loudspeaker.xrun()
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(0.5)
        block(0.2)
        await asyncio.sleep(0.5)
        s.board.loudspeaker.xrun()
        await s.until_turn(TurnState.IDLE)
        (done,) = s.told("turn.done")
        assert (done["underruns"], done["stutters"], done["xruns"]) == (0, 1, 1)
        assert 100 <= done["stutter_ms"] <= 160


@scenario
async def test_an_answer_sounds_as_soon_as_the_first_of_it_is_there() -> None:
    async with running(Story()) as s:
        await answered(s)
        (done,) = s.told("turn.done")
        assert done["chunk_to_sound_ms"] <= 100


@pytest.mark.parametrize(
    "faults",
    [
        Faults(generation_complete=False),
        Faults(turn_complete=False),
        Faults(generation_complete=False, turn_complete=False),
    ],
    ids=["no generationComplete", "no turnComplete", "neither"],
)
@scenario
async def test_an_answer_whose_end_is_not_told_is_over_all_the_same(faults: Faults) -> None:
    async with running(Story(faults=faults)) as s:
        await answered(s)
        assert s.outcomes() == ["1 answered"]
        s.service.faults = Faults()
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes()[-1].endswith(" answered")


@scenario
async def test_a_turn_that_gets_no_sound_is_heard_as_an_error_and_the_next_is_answered() -> None:
    silent = {1: Answer(b"", reason="MALFORMED_FUNCTION_CALL")}
    async with running(Story(answer=lambda turn: silent.get(turn) or spoken(turn))) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        asked_s = s.now()
        await s.until_turn(TurnState.IDLE)
        over_s = s.now()
        assert over_s - asked_s < 2.0
        await asyncio.sleep(1.0)
        assert s.sounding_at(over_s, over_s + 0.5)
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 unanswered", "2 answered"]
        assert len(s.connector.attempts) == 1


@scenario
async def test_a_turn_that_the_service_does_not_answer_is_said_three_times_and_given_up() -> None:
    async with running(Story(faults=Faults(answers=False), hum=False)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.IDLE)
        assert s.windows() == ["start 1", "end 1"] * 3
        assert [line["turn_id"] for line in s.told("turn.given_up")] == [1]
        assert s.outcomes() == ["1 unanswered"]
        await asyncio.sleep(60.0)
        assert s.windows() == ["start 1", "end 1"] * 3
        s.service.faults = Faults()
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 unanswered", "2 answered"]


# --- stopping it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("pacing", [BURSTS, REAL_TIME, HUGE], ids=["bursts", "real_time", "huge"])
@pytest.mark.parametrize("after_s", [0.013, 2.0])
@scenario
async def test_a_press_silences_the_answer_at_once_and_none_of_it_is_heard_again(
    pacing: Pacing, after_s: float
) -> None:
    async with running(Story(pacing=pacing, config=LOUDEST, answer=tones)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(after_s)
        pressed_s = s.press()
        await s.say(2)
        s.release()
        await s.until_turn(TurnState.SPEAKING)
        assert not s.sounding_at(pressed_s + SILENT_AFTER_S, s.now() - 0.02)
        again_s = s.now()
        await s.until_turn(TurnState.IDLE)
        assert pitch(s.board.loudspeaker.heard(again_s, again_s + 1.0)) == 4
        assert s.outcomes() == ["1 interrupted", "2 answered"]


@scenario
async def test_a_tap_in_hold_mode_only_stops_the_answer() -> None:
    async with running(Story(config=LOUDEST)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(1.0)
        tapped_s = await s.tap()
        await asyncio.sleep(20.0)
        assert not s.sounding_at(tapped_s + SILENT_AFTER_S, s.now())
        assert s.outcomes() == ["1 interrupted", "2 empty"]


@scenario
async def test_interrupted_by_the_service_with_eight_seconds_unplayed_is_silent_at_once() -> None:
    """As 3.8 does it: everything has been sent, little has sounded, then `interrupted` comes (live-api.md 0.13)."""
    interruption = Strike(Moment.GENERATION_COMPLETE, (say.interrupted(),))
    fast = replace(BURSTS, speed=10.0)
    async with running(Story(pacing=fast, answer=spoken, faults=Faults(strikes=(interruption,)), config=LOUDEST)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await s.until_turn(TurnState.IDLE)
        interrupted_s = s.now()
        assert 9.34 - s.told("turn.done")[0]["sounded_ms"] / 1000 > 8.0
        await asyncio.sleep(15.0)
        assert not s.sounding_at(interrupted_s + SILENT_AFTER_S, s.now())
        assert s.outcomes() == ["1 interrupted"]


@scenario
async def test_a_late_interrupted_of_the_old_answer_does_not_stop_the_new_one() -> None:
    """The spurious pair (live-api.md 1.3): it comes when the next turn has been said already."""
    slowly = replace(BURSTS, interrupt_s=0.6)
    async with running(Story(pacing=slowly, config=LOUDEST, answer=tones)) as s:
        s.network.delay_s = 0.3
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await s.ask(2, seconds=0.4)
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 answered"]
        assert s.told("turn.done")[1]["sounded_ms"] == 4000


@scenario
async def test_three_turns_in_quick_succession_over_a_slow_network_are_answered() -> None:
    """The ends of two older turns are still under way when the third begins."""
    async with running(Story()) as s:
        s.network.delay_s = 0.4
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await s.ask(2, seconds=0.3)
        await asyncio.sleep(0.1)
        await s.ask(1, seconds=0.3)
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 superseded", "3 answered"]


@scenario
async def test_the_end_of_an_old_answer_is_no_sign_of_life_for_the_new_one() -> None:
    """The service breaks the old answer off, and then says nothing more: the new turn is said again elsewhere."""
    deaf = Strike(Moment.TURN_COMPLETE, (STALL,))
    async with running(Story()) as s:
        s.network.delay_s = 0.3
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        s.service.faults = Faults(strikes=(deaf,))
        await s.ask(2, seconds=0.3)
        asked_s = s.now()
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 answered"]
        assert s.connector.attempts[1].at_s - asked_s < 11.0


@scenario
async def test_a_press_that_a_full_network_holds_up_does_not_let_the_old_answer_in() -> None:
    """What counts is when the service can have heard of it, not when we wanted to tell."""
    async with running(Story(pacing=REAL_TIME, config=LOUDEST, answer=lambda turn: tone(turn + 2, 12.0))) as s:
        s.network.delay_s = 0.3
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        s.network.congest()
        asyncio.get_running_loop().call_later(2.9, s.network.relieve)
        pressed_s = s.press()
        await s.say(2, seconds=1.0)
        s.release()
        await s.until_turn(TurnState.SPEAKING)
        assert not s.sounding_at(pressed_s + SILENT_AFTER_S, s.now() - 0.02)
        await asyncio.sleep(1.0)
        assert pitch(s.board.loudspeaker.heard(s.now() - 0.5, s.now())) == 4
        await s.until_turn(TurnState.IDLE)
        assert s.outcomes() == ["1 interrupted", "2 answered"]


@scenario
async def test_a_service_that_says_nothing_of_a_turn_gone_on_from_does_not_leave_the_next_one_waiting() -> None:
    """The end of the next one is not taken for the end of the first, of which no word has come for seconds."""
    silent = {2: Answer(b"")}
    async with running(Story(answer=lambda turn: silent.get(turn) or spoken(turn))) as s:
        s.service.conduct.manners = Manners(ends_unheard_turns=False)
        await asyncio.sleep(1.0)
        await s.ask(1)
        await asyncio.sleep(0.2)
        await s.ask(2)
        asked_s = s.now()
        await s.until_turn(TurnState.IDLE)
        assert s.now() - asked_s < 2.0
        assert s.outcomes() == ["1 superseded", "2 unanswered"]
