"""A real kernel, a real interface: in a network namespace of the test's own."""

import shutil
import subprocess
import sys

import pytest

STORY = """
import asyncio, subprocess, sys
from daemon.presence import watch

async def story():
    told = asyncio.Event()
    watching = asyncio.ensure_future(watch(told.set))
    await asyncio.sleep(0.1)
    assert not told.is_set()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    async with asyncio.timeout(5):
        await told.wait()
    watching.cancel()
    print("noticed")

asyncio.run(story())
"""


@pytest.mark.loopback
def test_an_interface_that_comes_up_is_noticed_at_once() -> None:
    unshare, ip = shutil.which("unshare"), shutil.which("ip")
    if unshare is None or ip is None:
        pytest.skip("needs unshare (util-linux) and ip (iproute2)")
    ran = subprocess.run(
        [unshare, "--map-root-user", "--net", sys.executable, "-c", STORY], capture_output=True, text=True, check=False
    )
    if "unshare failed" in ran.stderr or "Operation not permitted" in ran.stderr:
        pytest.skip("this machine allows no network namespaces")
    assert ran.stdout.strip() == "noticed", ran.stderr
