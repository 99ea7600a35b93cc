"""The configuration is read again while somebody talks, while it answers, and while nobody does: nothing is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Final

from daemon.errors import ConfigurationError
from daemon.live.upward import Image
from daemon.rehearsal.stand_in.faults import Faults, Moment, Strike
from daemon.rehearsal.stand_in.messages import Close
from daemon.rehearsal.voices import question
from daemon.status import LinkState, TurnState
from tests.scenario.story import Story, running, scenario

EVERYTHING: Final[Mapping[str, Mapping[str, object]]] = {
    "turn": {"mode": "tap", "pre_roll_ms": 900, "attack_ms": 60, "hangover_ms": 600},
    "echo": {"mode": "off"},
    "speaker": {"volume_percent": 35, "earcons": False},
    "live": {"system_instruction": "Speak like a sailor.", "voice": "Kore"},
    "tools": {"volume": False},
    "prices": {"input_per_million_tokens": 3.0, "currency": "EUR"},
}


@scenario
async def test_in_mid_sentence_nothing_is_lost_and_nothing_cut() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(3.0)
        s.write(**EVERYTHING)
        pressed_s = s.press()
        await s.say(1, seconds=1.0)
        came = await s.app.reload.reload()
        assert "turn.mode" in came.applied
        await s.say(2, seconds=1.0)
        assert s.turn is TurnState.LISTENING
        assert s.app.config == s.config
        released_s = s.release()
        await s.until_answered()
        (turn,) = s.answered_turns()
        heard = turn.digests
        assert heard == s.captured(pressed_s - 0.5, released_s)[-len(heard) :]
        assert len(heard) >= (0.5 + 2.0) / 0.02 - 1
        assert s.windows() == ["start 1", "end 1"]
        assert s.outcomes() == ["1 answered"]
        assert s.app.config.turn.mode == "tap"
        await s.until(lambda: len(s.connector.links) == 2)
        assert s.link.sent == []


@scenario
async def test_in_an_answer_it_goes_on_sounding_and_counts_afterwards() -> None:
    async with running(Story()) as s:
        await s.ask(1, seconds=1.0)
        await s.until_turn(TurnState.SPEAKING)
        begun_s = s.now()
        s.write(**EVERYTHING)
        await s.app.reload.reload()
        assert s.app.body.playback.volume.percent == 70
        await s.until_turn(TurnState.IDLE)
        assert s.now() - begun_s > 3.5
        assert all(s.sounding_at(begun_s + at, begun_s + at + 0.5) for at in (0.5, 1.0, 1.5, 2.0, 2.5))
        assert s.outcomes() == ["1 answered"]
        assert s.app.body.playback.volume.percent == 35


@scenario
async def test_what_is_said_right_after_it_is_heard_in_the_new_way_with_its_first_word() -> None:
    """From hold to hands free: the same voice that meant nothing before opens the gate, its beginning included."""
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await s.say(1, seconds=1.0)
        await asyncio.sleep(3.0)
        assert s.windows() == []
        s.write(turn={"mode": "hands_free", "wake": "voice"}, speaker={"earcons": False})
        begun_s = s.now()
        s.board.mic.say(question(1))
        await asyncio.sleep(0.1)
        await s.app.reload.reload()
        await s.until_answered()
        (turn,) = s.answered_turns()
        assert turn.digests[0] in s.captured(begun_s - 1.0, begun_s + 0.1)
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_the_echo_control_is_another_one_and_a_voice_stops_the_answer() -> None:
    async with running(Story("tap", config={"turn": {"barge_in": "button"}, "echo": {"mode": "off"}})) as s:
        s.write(turn={"barge_in": "voice"})
        await s.app.reload.reload()
        await s.tap()
        await s.say(1, seconds=1.5)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(1.0)
        await s.say(2, seconds=1.0)
        await s.until(lambda: s.outcomes() == ["1 interrupted"], 10.0)


@scenario
async def test_the_next_turn_is_asked_over_a_link_with_the_new_setup_and_no_word_waits_for_it() -> None:
    async with running(Story()) as s:
        await s.ask(1, seconds=1.0)
        await s.until_answered()
        s.write(live={"system_instruction": "Speak like a sailor.", "voice": "Kore"}, tools={"volume": False})
        await s.app.reload.reload()
        await s.ask(2, seconds=1.0)  # at once: the link is being made
        await s.until_answered()
        assert [line["reason"] for line in s.told("link.left")] == ["renewed"]
        old, new = (json.dumps(attempt.setup) for attempt in s.connector.attempts)
        assert ("sailor" in old, "Puck" in old, "set_volume" in old) == (False, True, True)
        assert ("sailor" in new, "Kore" in new, "set_volume" in new) == (True, True, False)
        assert len(s.service.sessions) == 2
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_what_the_session_keeps_anyway_moves_no_link() -> None:
    async with running(Story()) as s:
        s.write(turn={"mode": "tap"}, speaker={"volume_percent": 20}, limits={"turns_per_hour": 1})
        await s.app.reload.reload()
        await asyncio.sleep(5.0)
        assert len(s.connector.links) == 1
        await s.tap()
        await s.say(1, seconds=1.0)
        await s.until_answered()
        await s.tap()
        assert [line["limit"] for line in s.told("limit.reached")] == ["turns_per_hour"]
        s.write(turn={"mode": "tap"}, limits={"turns_per_hour": 5})
        await s.app.reload.reload()
        await s.tap()
        await s.say(1, seconds=1.0)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_a_camera_that_may_look_from_now_on_looks() -> None:
    async with running(Story()) as s:
        assert "look" not in json.dumps(s.connector.attempts[-1].setup)
        s.write(camera={"mode": "with_turn", "driver": "simulated"})
        await s.app.reload.reload()
        await s.until(lambda: len(s.connector.links) == 2)
        await s.until_link(LinkState.UP)
        assert "look" in json.dumps(s.connector.attempts[-1].setup)
        await s.ask(1)
        await s.until_answered()
        assert any(isinstance(item, Image) for _, item in s.sent)


@scenario
async def test_the_next_turn_costs_what_the_new_prices_say() -> None:
    async with running(Story()) as s:
        await s.ask(1, seconds=1.0)
        await s.until_answered()
        s.write(prices={"output_per_million_tokens": 12.0, "currency": "EUR"})
        await s.app.reload.reload()
        await s.ask(2, seconds=1.0)
        await s.until_answered()
        assert [line.get("currency") for line in s.told("turn.done")] == [None, "EUR"]
        assert len(s.connector.links) == 1


@scenario
async def test_an_idle_link_is_hung_up_by_the_new_rule_and_resumed() -> None:
    async with running(Story(config={"limits": {"idle_hangup_s": 0.0}})) as s:
        await s.ask(1, seconds=1.0)
        await s.until_answered()
        await asyncio.sleep(60.0)
        s.write(limits={"idle_hangup_s": 30.0})
        await s.app.reload.reload()
        await s.until_link(LinkState.RESTING, 40.0)
        assert [line["reason"] for line in s.told("link.left")] == ["renewed", "idle"]
        assert len(s.service.sessions) == 1  # nothing of the setup has changed, so it goes on


@scenario
async def test_the_gate_waits_as_long_as_it_is_told_now() -> None:
    quick = {"hangover_ms": 500, "shortest_hangover_ms": 500, "longest_hangover_ms": 500}
    slow = dict.fromkeys(quick, 1_500)
    async with running(Story("tap", config={"turn": quick})) as s:
        waited_s = []
        for keys in (quick, slow):
            s.write(turn=keys)
            await s.app.reload.reload()
            await s.tap()
            await s.say(1)
            said_s = s.now()
            await s.until_turn(TurnState.THINKING)
            waited_s.append(s.now() - said_s)
            await s.until_answered()
        assert 0.9 < waited_s[1] - waited_s[0] < 1.1


@scenario
async def test_a_refused_file_is_told_of_and_the_conversation_goes_on() -> None:
    async with running(Story()) as s:
        s.file = ConfigurationError(("vocative.toml:2:1: modle: there is no such key",))
        s.press()
        await s.say(1, seconds=1.0)
        await s.app.reload.reload()
        s.release()
        await s.until_answered()
        assert [line["place"] for line in s.told("config.refused")] == ["vocative.toml:2:1"]
        assert s.outcomes() == ["1 answered"]
        assert s.app.config == s.config


@scenario
async def test_a_setup_that_the_service_refused_is_tried_again_as_soon_as_it_is_mended() -> None:
    """Without the reload it would be tried again after minutes."""
    faults = Faults(
        strikes=(Strike(Moment.SETUP, (Close(1007, "Request contains an invalid argument."),), times=None),)
    )
    async with running(Story(config={"live": {"voice": "Nobody"}}, faults=faults), linked=False) as s:
        await s.until(lambda: bool(s.told("link.failed")) or bool(s.told("link.lost")))
        await asyncio.sleep(20.0)
        tries = len(s.connector.attempts)
        s.service.faults = Faults()
        s.write(live={"voice": "Kore"})
        begun_s = s.now()
        await s.app.reload.reload()
        await s.until_link(LinkState.UP)
        assert s.now() - begun_s < 2.0
        assert len(s.connector.attempts) == tries + 1
        assert not s.app.conversation.status.faults
