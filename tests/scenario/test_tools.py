"""The model has things done: what the device does, says and shows then, whatever happens in between."""

from __future__ import annotations

import asyncio
from itertools import chain, repeat
from typing import Any

import pytest

from daemon.audio.earcon import Earcon, sound
from daemon.live.upward import ToolAnswer, TurnStart
from daemon.rehearsal.stand_in.answer import Answer, Call
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.status import LinkState, TurnState
from daemon.tools.calls import BLOCKING_S
from daemon.tools.declaration import Behavior, Scheduling
from daemon.tools.tool import Tool
from tests.scenario.story import Story, briefly, running, scenario
from tests.support.virtual_time import START_S

BLOCKING, NON_BLOCKING = "gemini-3.1-flash-live-preview", "gemini-3.8-live"
"""Models that wait for a result, and that do not, if nothing is said about it."""
LOUDEST = {"speaker": {"volume_percent": 100}}
WITHOUT_WORDS = Answer(b"")
QUIETER = Call("set_volume", {"percent": 40})


class Calling(Story):
    """A story in which the model calls for `calls` in its first answers: one tuple for each, the rest for nothing."""

    def __init__(self, *calls: tuple[Call, ...], model: str = NON_BLOCKING, silent: bool = False, **options: Any):
        asked = chain(calls, repeat(()))
        said = WITHOUT_WORDS if silent else briefly(1)
        config = {"live": {"model": model}, **LOUDEST, **options.pop("config", {})}
        super().__init__(config=config, answer=lambda _: Answer(said.pcm, calls=next(asked)), **options)

    def oddities(self) -> list[str]:
        """What the service was surprised at."""
        return [oddity for session in self.service.sessions.values() for oddity in session.oddities]

    def results(self) -> list[ToolAnswer]:
        return [item for _, item in self.sent if isinstance(item, ToolAnswer)]

    def sounded(self, earcon: Earcon) -> bool:
        """Whether it sounded, alone."""
        bell = sound(earcon).strip(b"\0")
        return bell in self.board.loudspeaker.heard(START_S, self.now())


class Work:
    """A tool of the owner's that takes `seconds`, or for ever, and counts how often it was begun."""

    def __init__(self, seconds: float | None = 0.0) -> None:
        self.begun = 0
        self.ended = 0
        self._seconds = seconds

    def tool(self, **options: Any) -> Tool:
        """Return it, under the name of `work`."""

        async def work() -> str:
            """Work."""
            self.begun += 1
            await (asyncio.Event().wait() if self._seconds is None else asyncio.sleep(self._seconds))
            self.ended += 1
            return "It is done."

        return Tool.of(work, **options)


WORK = Call("work", {})


@pytest.mark.parametrize("model", [BLOCKING, NON_BLOCKING])
@scenario
async def test_the_volume_is_set_shown_and_spoken_of_in_one_turn(model: str) -> None:
    async with running(Calling((QUIETER,), model=model)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until(lambda: bool(s.told("volume.set")))
        await asyncio.sleep(0.2)
        blue = sum(pixel[2] > 200 and pixel[0] == 0 for pixel in s.board.ring.pixels)
        assert blue == 1, "40 % of three pixels: one whole, one in part"
        await s.until_answered()
        await asyncio.sleep(10.0)
        assert s.app.body.playback.volume.percent == 40
        assert s.outcomes() == ["1 answered"]
        (done,) = s.told("turn.done")
        assert done["sounded_ms"] == 4000
        assert done["underruns"] == 0
        assert not s.oddities()
        assert [result.response["status"] for result in s.results()] == ["ok"]
        assert not s.app.uplink.replay.held_s, "nothing of it need ever be said again"


@pytest.mark.parametrize("model", [BLOCKING, NON_BLOCKING])
@scenario
async def test_a_result_that_the_model_does_not_speak_of_ends_in_a_cheerful_sound(model: str) -> None:
    async with running(Calling((Call("get_time", {}),), model=model, silent=True)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until(lambda: bool(s.outcomes()), limit_s=10.0)
        await asyncio.sleep(1.0)
        assert s.outcomes() == ["1 answered"]
        assert s.sounded(Earcon.DONE)
        assert not s.sounded(Earcon.ERROR)
        s.service.conduct.answer = briefly
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes()[1:] == ["2 answered"]
        assert len(s.connector.links) == 1


@scenario
async def test_several_calls_at_once_are_spoken_of_in_one_answer() -> None:
    async with running(Calling((QUIETER, Call("get_time", {}), Call("get_volume", {})))) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]
        assert len(s.results()) == 3
        assert not s.oddities()


@scenario
async def test_a_call_that_is_made_again_after_the_user_talked_over_it_is_carried_out_once() -> None:
    s = Calling((WORK,))
    work = Work(BLOCKING_S + 8.0)
    s.app.toolbox.offer("test", [work.tool(behavior=Behavior.BLOCKING, timeout_s=50.0)])
    s.service.conduct.manners = Manners(reissue_s=(2.6, 3.6))
    async with running(s):
        await asyncio.sleep(1.0)
        await s.ask(1, seconds=1.0)
        await s.until(lambda: work.begun == 1)
        await s.ask(2, seconds=1.0)
        await s.until_answered()
        await asyncio.sleep(5.0)
        assert work.begun == work.ended == 1
        assert s.outcomes() == ["1 superseded", "2 answered"]
        assert s.told("tool.repeated")
        assert len({result.call_id for result in s.results()}) == len(s.results())


@pytest.mark.parametrize("away_s", [1.0, 40.0])
@scenario
async def test_an_answer_for_a_session_that_is_gone_is_dropped_and_serves_the_question_said_again(
    away_s: float,
) -> None:
    """However long the network was away: what was done must not be done a second time."""
    s = Calling((WORK,), (WORK,))
    work = Work(8.0)
    s.app.toolbox.offer("test", [work.tool()])
    async with running(s):
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until(lambda: work.begun == 1)
        s.network.cut()
        await s.until_link(LinkState.DOWN)
        await asyncio.sleep(away_s)
        s.network.restore()
        await s.until_answered()
        assert work.begun == work.ended == 1
        assert s.outcomes() == ["1 answered"]
        assert not s.oddities()
        assert len(s.told("tool.repeated")) == 1
        if away_s > 8.0:
            assert len(s.told("tool.answer_dropped")) == 1


@scenario
async def test_a_cancelled_call_is_left_off_and_the_next_question_is_answered() -> None:
    s = Calling((WORK,))
    work = Work(None)
    s.app.toolbox.offer("test", [work.tool(behavior=Behavior.BLOCKING, timeout_s=50.0)])
    s.service.conduct.manners = Manners(cancels_calls=True, reissue_s=(60.0, 60.0))
    async with running(s):
        await asyncio.sleep(1.0)
        await s.ask(1, seconds=1.0)
        await s.until(lambda: work.begun == 1)
        await asyncio.sleep(BLOCKING_S)  # speech waits for so long
        await s.ask(2, seconds=1.0)
        await s.until(lambda: bool(s.told("tool.cancelled")))
        assert work.ended == 0


@pytest.mark.parametrize("behavior", list(Behavior))
@scenario
async def test_a_tool_that_fails_or_hangs_is_answered_for_and_told_of(behavior: Behavior) -> None:
    async def broken() -> str:
        """Fail."""
        raise KeyError("something of the owner's")

    s = Calling((Call("broken", {}),), (WORK,))
    work = Work(None)
    s.app.toolbox.offer("test", [Tool.of(broken, behavior=behavior), work.tool(behavior=behavior, timeout_s=4.0)])
    async with running(s):
        await asyncio.sleep(1.0)
        for number in (1, 2):
            await s.ask(number)
            await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert [result.response["status"] for result in s.results()] == ["error", "timed_out"]
        (failed,) = s.told("tool.failed")
        assert failed["error"] == "KeyError"
        assert "owner" not in str(s.journal.lines)
        assert not s.oddities()


@scenario
async def test_speech_waits_for_a_blocking_call_and_no_longer_than_ten_seconds() -> None:
    s = Calling((WORK,))
    work = Work(None)
    s.app.toolbox.offer("test", [work.tool(behavior=Behavior.BLOCKING, timeout_s=50.0)])
    async with running(s):
        await asyncio.sleep(1.0)
        await s.ask(1, seconds=1.0)
        await s.until(lambda: work.begun == 1)
        called_s = s.now()
        await asyncio.sleep(1.0)
        from_s, to_s = await s.ask(2, seconds=2.0)
        await s.until(lambda: "end 2" in s.windows())
        await asyncio.sleep(0.1)
        start_s = next(at_s for at_s, item in s.sent if item == TurnStart(2))
        assert start_s == pytest.approx(called_s + BLOCKING_S, abs=0.5)
        heard = list(s.service.turns)[-1].digests
        assert heard == s.captured(from_s, to_s), "all of it, once and in order"


@scenario
async def test_speech_goes_on_as_soon_as_the_blocking_call_is_answered() -> None:
    s = Calling((WORK,))
    work = Work(2.0)
    s.app.toolbox.offer("test", [work.tool(behavior=Behavior.BLOCKING)])
    async with running(s):
        await asyncio.sleep(1.0)
        await s.ask(1, seconds=1.0)
        await s.until(lambda: work.begun == 1)
        s.press()
        await s.until(lambda: bool(s.results()))
        result_s = s.now()
        await s.say(2, seconds=1.0)
        s.release()
        await s.until_answered()
        start_s = next(at_s for at_s, item in s.sent if item == TurnStart(2))
        assert start_s == pytest.approx(result_s, abs=0.1)
        assert s.outcomes() == ["1 superseded", "2 answered"]


@scenario
async def test_the_model_lets_the_device_fall_silent() -> None:
    async with running(Calling((Call("stop_talking", {}),), silent=True)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until(lambda: bool(s.outcomes()))
        await asyncio.sleep(10.0)
        assert s.outcomes() == ["1 interrupted"]
        assert not any(s.sounded(earcon) for earcon in Earcon)
        assert s.link.closed_s is None


@scenario
async def test_the_model_ends_the_conversation_and_the_next_press_begins_another() -> None:
    async with running(Calling((), (Call("end_conversation", {}),))) as s:
        await asyncio.sleep(1.0)
        for number in (1, 2):
            await s.ask(number)
            await s.until(lambda number=number: len(s.outcomes()) == number)  # type: ignore[misc]  # mypy knows no default in a lambda
        await s.until_link(LinkState.RESTING)
        await asyncio.sleep(5.0)
        await s.ask(1)
        await s.until_answered()
        assert [attempt.handle for attempt in s.connector.attempts] == [None, None]
        first, second = (line["session_id"] for line in s.told("link.up"))
        assert first != second
        assert [line["reason"] for line in s.told("link.left")] == ["ended"]
        assert s.outcomes()[-1] == "3 answered"


@scenario
async def test_the_model_mutes_the_microphone_and_its_answer_still_sounds() -> None:
    async with running(Calling((Call("mute_microphone", {}),))) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        assert s.app.conversation.status.muted
        assert s.outcomes() == ["1 answered"]
        assert all(pixel[1] == pixel[2] == 0 < pixel[0] for pixel in s.board.ring.pixels), "red"
        sent = len(s.spoken_up())
        await s.ask(2)
        await asyncio.sleep(5.0)
        assert len(s.spoken_up()) == sent
        s.mute(False)
        await s.ask(1)
        await s.until_answered()
        assert s.outcomes()[-1].endswith("answered")


@scenario
async def test_a_silent_result_that_is_late_is_no_reason_to_wait() -> None:
    s = Calling((WORK,), silent=True)
    work = Work(3.0)
    s.app.toolbox.offer("test", [work.tool(scheduling=Scheduling.SILENT)])
    async with running(s):
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until(lambda: work.ended == 1)
        done_s = s.now()
        await s.until(lambda: bool(s.outcomes()))
        assert s.now() - done_s < 0.5
        assert s.outcomes() == ["1 answered"]
        assert s.turn is TurnState.IDLE


@scenario
async def test_what_an_answer_stands_on_is_in_the_journal() -> None:
    async with running(Story(answer=lambda _: Answer(briefly(1).pcm, sources=("a.example", "b.example")))) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until(lambda: bool(s.told("turn.done")))
        [grounded] = s.told("turn.grounded")
        assert (grounded["sources"], grounded["turn_id"]) == ("a.example; b.example", 1)
