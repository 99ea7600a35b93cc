"""The other side of the soak: the stand-in service behind a network, and who does to both what standard input says.

    reset | cut | restore | refuse STATUS (0: no more) | strike MOMENT NAME

Prints the port of the network, and ends with its input.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path
from typing import Final

from daemon.rehearsal.network import Network, network
from daemon.rehearsal.server import serve
from daemon.rehearsal.stand_in.answer import Answer
from daemon.rehearsal.stand_in.faults import (
    ABORT,
    ERROR_FRAME,
    MALFORMED_JSON,
    STALL,
    Act,
    Faults,
    GoAway,
    Moment,
    Strike,
)
from daemon.rehearsal.stand_in.messages import Close
from daemon.rehearsal.stand_in.service import StandIn
from daemon.rehearsal.voices import answer
from hardware.pcm import DOWN

MOMENTS: Final = ("audio", "activity_end", "answer_chunk")
"""At which a strike can come down."""
STRIKES: Final[dict[str, Act]] = {
    "1000": Close(1000),
    "1007": Close(1007, "Request contains an invalid argument."),
    "1008": Close(1008, "The operation was aborted."),
    "1011": Close(1011, "Internal error encountered."),
    "abort": ABORT,
    "error": ERROR_FRAME,
    "go_away_10": GoAway(10.0),
    "go_away_silent": GoAway(10.0, silent=True),
    "go_away_50": GoAway(50.0),
    "malformed": MALFORMED_JSON,
    "stall": STALL,
}


async def _serve(ca_file: Path) -> None:
    dice = random.Random(2)
    service = StandIn(dice, answer=lambda _: Answer(answer()[: DOWN.bytes_in(dice.uniform(1.0, 2.0))], "an answer"))
    async with serve(service, ca_file=ca_file) as server, network(server.port) as between:
        print(between.port, flush=True)
        while command := await asyncio.to_thread(sys.stdin.readline):
            _do(command.split(), service, between)


def _do(words: list[str], service: StandIn, between: Network) -> None:
    match words:
        case ["reset"]:
            between.reset()
        case ["cut"]:
            between.cut()
        case ["restore"]:
            between.restore()
        case ["refuse", status]:
            service.faults = Faults(refuse_upgrade=int(status) or None)
        case ["strike", moment, name]:
            service.faults = Faults(strikes=(Strike(Moment(moment), (STRIKES[name],)),))
        case _:
            raise AssertionError(words)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
