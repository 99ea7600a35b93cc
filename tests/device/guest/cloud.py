"""Runs in the guest: the stand-in for the Live API, at the far end of a cable, and what it knows of its sessions.

Called with its address, the file for its CA and the file that says what it knows, which is written anew whenever
something happens that is more than another piece of sound.
"""

import asyncio
import json
import random
import signal
import sys
from pathlib import Path

from daemon.rehearsal.frame_log import Line
from daemon.rehearsal.server import serve
from daemon.rehearsal.stand_in.memory import Turn
from daemon.rehearsal.stand_in.service import StandIn

PORT = 8443


def known(service: StandIn) -> dict[str, object]:
    """Return what is known of every session and its turns."""
    return {
        "connections": len(service.connections),
        "refusals": len(service.refusals),
        "sessions": [
            {
                "id": session.id,
                "connections": session.connections,
                "oddities": dict(session.oddities),
                "turns": [turn_known(turn) for turn in session.turns],
            }
            for session in service.sessions.values()
        ],
    }


def turn_known(turn: Turn) -> dict[str, object]:
    """Return what is known of one turn; `digests` are of the 20 ms frames that were heard of it, in order."""
    return {
        "number": turn.number,
        "ended": turn.ended_s is not None,
        "heard_s": turn.heard_s,
        "digests": turn.digests,
        "text": turn.text,
        "answered": turn.answered,
        "complete": turn.complete,
        "interrupted": turn.interrupted,
        "forgotten": turn.forgotten,
        "answer_bytes": turn.answer_bytes,
    }


async def main(address: str, ca_file: Path, knowledge: Path) -> None:
    """Serve until SIGTERM."""
    service = StandIn(random.Random(1))

    def note(line: Line) -> None:
        if line["kind"] != "audio":
            new = knowledge.with_suffix(".new")
            new.write_text(json.dumps(known(service)))
            new.rename(knowledge)

    asked_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_stop.set)
    async with serve(service, host=address, port=PORT, log=note, ca_file=ca_file):
        await asked_to_stop.wait()


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
