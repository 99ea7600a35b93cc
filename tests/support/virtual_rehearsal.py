"""Rehearses a scenario's file in virtual time: the same person, device and service, without sockets and processes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC
from typing import Any, assert_never

from daemon.app import App
from daemon.journal import Journal, MemorySink
from daemon.live.supervisor import Supervisor
from daemon.live.upward import Taking
from daemon.rehearsal import frame_log
from daemon.rehearsal.converse import converse, simulated_board
from daemon.rehearsal.device import Device
from daemon.rehearsal.device_config import device_config
from daemon.rehearsal.recording import Line, Recording
from daemon.rehearsal.scenario_file import Read
from daemon.rehearsal.server import answerer
from daemon.rehearsal.stand_in.answer import Pacing
from daemon.rehearsal.stand_in.connection import Connection
from daemon.rehearsal.stand_in.faults import Faults
from daemon.rehearsal.stand_in.messages import Out
from daemon.rehearsal.stand_in.service import Refusal, StandIn
from daemon.rehearsal.steps import Weather
from daemon.rehearsal.voices import read_wav
from daemon.tools.alarm import Reading
from daemon.wiring import liveness, rules
from tests.support.in_process import InProcessConnector
from tests.support.network import Network
from tests.support.sdk_frames import setup_frame, tools_frame
from tests.support.virtual_time import START_S, run


def rehearsed(read: Read) -> Recording:
    """Return what was to be seen and heard of a scenario.

    What needs a thread or a disk has no place in virtual time: tools of the owner's, and what outlives a restart.
    """
    return run(_rehearse(read))


async def _rehearse(read: Read) -> Recording:
    scenario, told = read.scenario, MemorySink()
    noted: list[Line] = []
    config = device_config(scenario)
    answer = read_wav((read.folder / scenario.service.answer).read_bytes()) if scenario.service.answer else None
    service = _Logged(
        random.Random(1),
        pacing=Pacing(speed=scenario.service.speed, think_s=scenario.service.think_ms / 1000),
        answer=answerer(answer, scenario.service.called()),
        faults=Faults(strikes=scenario.service.strikes()),
    )
    service.note = noted.append
    network = Network(delay_s=0.002)
    connector = InProcessConnector(service, network, setup_frame(config.live, Taking(config.turn.taking)))

    def supervise(app: App) -> Supervisor:
        connector.tools = lambda: tools_frame(config.live.model, json.loads(json.dumps(app.toolbox.declarations)))
        return Supervisor(
            app.downlink,
            connector=connector,
            handles=app.keeping.handles,
            limits=lambda: app.keeping.limits,
            random=random.Random(1).random,
            liveness=lambda: liveness(config),
            rules=rules(config),
        )

    loop = asyncio.get_running_loop()
    board = simulated_board(read, config)
    device = Device(config, board, Journal(told, clock=loop.time), supervise=supervise, clocks=_clocks)
    recording = await converse(read, board, device, lambda weather: _befall(network, weather), lambda _: None)
    return replace(recording, service=tuple(noted), journal=tuple(dict(line) for line in told.lines))


def _clocks() -> Reading:
    now_s = asyncio.get_running_loop().time()
    return Reading(1_800_014_400.0 + now_s - START_S, now_s, "this start", trusted=True, zone=UTC)


def _befall(network: Network, weather: Weather) -> None:
    match weather.network:
        case "cut":
            network.cut()
        case "silent_up" | "silent_down":
            network.hush()
        case "reset":
            network.reset()
        case "slow":
            network.delay_s = weather.delay_ms / 1000
        case "back":
            network.restore()
            network.delay_s = 0.002
        case _:
            assert_never(weather.network)


class _Logged(StandIn):
    """Keeps the log that `vocative stand-in --log` writes."""

    note: Callable[[Line], object]

    def connect(self, now: float, **request: Any) -> Connection | Refusal:
        accepted = super().connect(now, **request)
        if isinstance(accepted, Connection):
            _listen(accepted, self.note)
        return accepted


def _listen(connection: Connection, note: Callable[[Line], object]) -> None:
    """Have everything noted that goes over a connection."""
    receive, poll = connection.receive, connection.poll

    def session() -> str | None:
        return connection.session.id if connection.session else None

    def received(frame: str | bytes, now: float) -> None:
        receive(frame, now)
        note(frame_log.heard(frame, now, session()))

    def polled(now: float) -> Iterable[Out]:
        for out in poll(now):
            note(frame_log.said(out, 0, now, session()))
            yield out

    connection.receive, connection.poll = received, polled  # type: ignore[method-assign, assignment]  # it listens in
