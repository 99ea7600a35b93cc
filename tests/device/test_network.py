"""The cable between the device and the service."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from daemon.rehearsal import voices
from hardware.pcm import UP
from tests.device.heard import gaps, likeness, places
from tests.device.lab import Lab, save

pytestmark = [pytest.mark.device, pytest.mark.timeout(300)]

Measured = Callable[[str, object], None]

OUT_S = 30


def test_cable_out_in_mid_sentence(device: Lab, record_property: Measured) -> None:
    """The plug is pulled while somebody speaks, and put back half a minute later: all of it is heard, and answered."""
    begun = device.cursor()
    device.restart()
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    device.ask(1)
    device.event(begun, "turn.done", within_s=60)
    after = device.cursor()
    with device.listening() as heard:
        device.run(
            f"{device.pressing}; sleep 0.3; {device.saying(2)} & sleep 1.5; ip link set eth0 down; wait;"
            f" sleep 0.3; {device.letting_go}; sleep {OUT_S - 3}"
        )
        assert device.status()["link"] != "up"
        unplugged = device.show("StatusText")
        device.plug_cable()
        plugged_s = time.monotonic()
        device.until(lambda: device.turns()[-1]["answer_bytes"] > 0, "the answer begins", within_s=120)
        record_property("cable back to the answer", f"{time.monotonic() - plugged_s:.0f} s")
        done = device.event(after, "turn.done", within_s=60)
        device.run("sleep 0.5")
        sound = heard()
    save("outage.txt", device.says(f"journalctl -q -u vocative -o short-precise --after-cursor='{begun}'"))

    # Perhaps in another session: the service may still believe in the old connection, and refuse to go on with it.
    turn = device.turns()[-1]
    question = voices.question(2)
    found = places(question, turn["digests"])
    spoken = [place for place in found if place is not None]
    assert list(gaps(found)) == []
    assert spoken[0] < UP.frame_bytes // 2
    assert len(question) // 2 - spoken[-1] < UP.frame_bytes
    assert turn["answered"]
    assert likeness(sound, voices.answer()) > 0.98
    assert done["OUTCOME"] == "answered"
    record_property("frames of the question", f"{len(spoken)} of {len(question) // UP.frame_bytes}, in order, once")
    record_property("status meanwhile", f"“{unplugged}”")
