"""systemd says stop: whatever the device is doing, it ends within a second and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from daemon.rehearsal.stand_in.faults import Faults, GoAway, Moment, Strike
from daemon.status import Fault, LinkState, TurnState
from tests.scenario.story import Story, scenario


async def starting(s: Story) -> None:
    """Nothing has been opened yet."""


async def connecting(s: Story) -> None:
    s.service.faults = Faults(setup_complete_after_s=None)
    await s.until_link(LinkState.CONNECTING)
    await asyncio.sleep(1.0)


async def without_network(s: Story) -> None:
    s.network.cut()
    await s.until_link(LinkState.CONNECTING)
    await asyncio.sleep(3.0)


async def backing_off(s: Story) -> None:
    s.network.cut(unreachable=True)
    await asyncio.sleep(200.0)


async def idle(s: Story) -> None:
    await s.until_link(LinkState.UP)


async def listening(s: Story) -> None:
    await idle(s)
    s.press()
    await s.say(1, seconds=1.0)


async def listening_while_the_network_takes_nothing(s: Story) -> None:
    await listening(s)
    s.network.congest()
    await asyncio.sleep(1.0)


async def thinking(s: Story) -> None:
    await idle(s)
    await s.ask(1)
    await s.until_turn(TurnState.THINKING)


async def speaking(s: Story) -> None:
    await thinking(s)
    await s.until_turn(TurnState.SPEAKING)
    await asyncio.sleep(1.0)


async def link_lost_in_the_answer(s: Story) -> None:
    await speaking(s)
    s.network.reset()


async def moving(s: Story) -> None:
    s.service.faults = Faults(strikes=(Strike(Moment.SETUP_COMPLETE, (GoAway(50.0),)),))
    await s.until(lambda: bool(s.told("link.left")))


async def microphone_lost(s: Story) -> None:
    await listening(s)
    s.board.mic.lose()
    await s.until(lambda: Fault.MICROPHONE in s.app.conversation.status.faults)


async def speaker_lost(s: Story) -> None:
    await speaking(s)
    s.board.loudspeaker.lose()
    await s.until(lambda: Fault.SPEAKER in s.app.conversation.status.faults)


async def everything_lost(s: Story) -> None:
    await idle(s)
    for part in (s.board.mic, s.board.loudspeaker, s.board.push_button, s.board.ring):
        part.lose()
    s.network.cut()
    await asyncio.sleep(20.0)


async def refused(s: Story) -> None:
    s.service.faults = Faults(refuse_upgrade=401)
    await s.until(lambda: Fault.KEY in s.app.conversation.status.faults)


STATES: list[Callable[[Story], Awaitable[None]]] = [
    starting,
    connecting,
    without_network,
    backing_off,
    idle,
    listening,
    listening_while_the_network_takes_nothing,
    thinking,
    speaking,
    link_lost_in_the_answer,
    moving,
    microphone_lost,
    speaker_lost,
    everything_lost,
    refused,
]


async def stopped(s: Story) -> float:
    """Cancel the daemon and return how long it takes to end, in seconds."""
    assert s.daemon is not None
    asked_s = s.now()
    s.daemon.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await s.daemon
    return s.now() - asked_s


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@scenario
async def test_stopped_in_any_state_it_ends_within_a_second(state: Callable[[Story], Awaitable[None]]) -> None:
    """That no task is left, the virtual clock's `run` checks."""
    s = Story(hum=False)
    s.daemon = asyncio.get_running_loop().create_task(s.app.run())
    await state(s)
    assert await stopped(s) <= 1.0
    assert not s.board.mic.is_open
    assert not s.board.loudspeaker.is_open
    assert set(s.board.ring.pixels) == {(0, 0, 0)} or state is everything_lost
    assert all(link.closed_s is not None for link in s.connector.links)
