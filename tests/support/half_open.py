"""Two hosts on this machine, a cable between them, and one that falls silent: run inside a network namespace.

The device's host is the namespace of this process; the service's is one of its own, in a child. `main` prints, for
a device that speaks and for one that only listens, how many seconds after the cut the link was known to be dead.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from daemon.config import Config
from daemon.errors import LinkError
from daemon.live.link import Endpoint, GenaiConnector, Link
from daemon.live.setup import live_config
from daemon.live.upward import Speech, TurnStart
from daemon.rehearsal.server import serve
from daemon.rehearsal.stand_in.service import StandIn

DEVICE, SERVICE = "10.77.0.1", "10.77.0.2"
PATIENCE_S = 15.0


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


async def service(ca_file: Path) -> None:
    """The other host: it gets its cable, serves, and vanishes when told to."""
    await said("cable")
    ip("addr", "add", f"{SERVICE}/24", "dev", "service")
    ip("link", "set", "service", "up")
    async with serve(StandIn(random.Random(1)), host=SERVICE, port=4443, ca_file=ca_file):
        print("serving", flush=True)
        await said("vanish")
        ip("addr", "del", f"{SERVICE}/24", "dev", "service")
        print("vanished", flush=True)
        await said("end")


async def said(word: str) -> None:
    line = await asyncio.to_thread(sys.stdin.readline)
    assert line.strip() == word, line


async def device() -> None:
    """This host: two links, one that sends and one that listens, and the seconds until each is known to be dead."""
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder) / "ca.pem"
        other = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-m", "tests.support.half_open", "service", str(ca_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdin is not None
        assert other.stdout is not None
        try:
            ip("link", "add", "device", "type", "veth", "peer", "name", "service")
            await asyncio.sleep(0.2)  # until the child is in its own namespace
            ip("link", "set", "service", "netns", str(other.pid))
            ip("addr", "add", f"{DEVICE}/24", "dev", "device")
            ip("link", "set", "device", "up")
            tell(other, "cable")
            await asyncio.to_thread(other.stdout.readline)
            links = [await connected(ca_file) for _ in range(2)]
            tell(other, "vanish")
            await asyncio.to_thread(other.stdout.readline)
            cut_s = time.monotonic()
            noticed = await asyncio.gather(dead(links[0], speaks=True), dead(links[1], speaks=False))
            print(json.dumps([round(at_s - cut_s, 2) for at_s in noticed]))
            tell(other, "end")
        finally:
            other.communicate(timeout=10)


def tell(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


async def connected(ca_file: Path) -> Link:
    live = Config().live
    connector = GenaiConnector(
        Endpoint(api_key="k", model=live.model, base_url=f"https://{SERVICE}:4443", ca_file=str(ca_file)),
        lambda handle: live_config(live, handle=handle, transcripts=False),
        lambda: "fingerprint",
    )
    await connector.prepare()
    return await connector.connect(None)


async def dead(link: Link, *, speaks: bool) -> float:
    """Return when the link failed."""
    talking = asyncio.create_task(talk(link)) if speaks else None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await link.receive()
    except LinkError:
        return time.monotonic()
    finally:
        if talking is not None:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
        await link.close(politely=False)


async def talk(link: Link) -> None:
    await link.send(TurnStart(1))
    while True:
        await link.send(Speech(bytes(640), 0.0))
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(service(Path(sys.argv[2])) if sys.argv[1] == "service" else device())
