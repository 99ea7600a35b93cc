"""What is asked of the device from outside, and what whoever asks or watches is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from daemon.control.status_lines import status_lines
from daemon.live.upward import Glance, Prompt
from daemon.status import LinkState, TurnState
from tests.scenario.story import Story, running, scenario

SEES = {"camera": {"driver": "simulated", "mode": "on_request"}}


async def asked(s: Story, *words: str) -> Any:
    """Ask as the control socket does."""
    return await s.app.reception.requests.answer(words)


@scenario
async def test_a_look_shows_one_fresh_picture_and_has_it_spoken_of() -> None:
    async with running(Story("tap", config=SEES)) as s:
        await asyncio.sleep(1.0)
        assert (await asked(s, "look"))["turn"] == "thinking"
        await s.until_answered()
        sent = [item for _, item in s.sent]
        assert [type(item) for item in sent] == [Glance, Prompt]
        assert s.outcomes() == ["1 answered"]
        assert s.told("turn.done")[0]["begun"] == "prompt"


@scenario
async def test_a_look_wakes_a_link_that_rests() -> None:
    limits = {"idle_hangup_s": 30.0}
    async with running(Story("tap", config={**SEES, "limits": limits})) as s:
        await s.until_link(LinkState.RESTING)
        await asked(s, "look")
        await s.until_answered()
        assert [type(item) for _, item in s.link.sent] == [Glance, Prompt]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"camera": {"driver": "none"}}, "no camera"),
        ({"camera": {"driver": "simulated", "mode": "off"}}, "camera is off"),
        ({**SEES, "tools": {"look": False}}, r"look in \[tools\] is false"),
    ],
)
@scenario
async def test_a_device_that_may_not_look_says_why(config: dict[str, dict[str, object]], reason: str) -> None:
    async with running(Story("tap", config=config)) as s:
        with pytest.raises(ValueError, match=reason):
            await asked(s, "look")
        assert s.told("status.changed")[-1]["seeing"] is False


@scenario
async def test_nobody_looks_while_somebody_speaks_or_without_a_link() -> None:
    async with running(Story("tap", config=SEES)) as s:
        await s.tap()
        with pytest.raises(ValueError, match="try again"):
            await asked(s, "look")
        await s.until_turn(TurnState.IDLE)
        s.network.cut()
        await s.until_link(LinkState.DOWN)
        with pytest.raises(ValueError, match="try again"):
            await asked(s, "look")
        assert s.sent == [item for item in s.sent if not isinstance(item[1], Glance)]


@scenario
async def test_the_status_says_who_muted_it_and_how_the_last_turn_went() -> None:
    async with running(Story()) as s:
        before = await asked(s, "status")
        assert (before["muted_by"], before["last_turn"]) == ([], None)
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        await asked(s, "mute")
        s.board.slide.flip(True)
        await asyncio.sleep(60.0)
        status = await asked(s, "status")
        assert status["muted_by"] == ["owner", "switch"]
        assert status["last_turn"] == {
            name: value for name, value in s.told("turn.done")[0].items() if name not in {"at_s", "event", "level"}
        }
        assert status["uptime_s"] >= 60
        with pytest.raises(ValueError, match="only the switch"):
            await asked(s, "unmute")
        shown = "\n".join(status_lines(status))
        assert shown.startswith("Muted by the switch on the device, the microphone is shut off.\n")
        assert "muted, by command, voice or press; muted, by the switch on the device" in shown
