"""Sound cards that go, come back, are held by somebody else, or have another rate."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.device.lab import CONFIGURATION, SOUNDS, Lab

pytestmark = [pytest.mark.device, pytest.mark.timeout(300)]

Measured = Callable[[str, object], None]

MICROPHONE = "snd_aloop.0"
AT_48_KHZ = CONFIGURATION.replace('DEV=1"\n', 'DEV=1"\nrate_hz = 48000\n').replace(
    'DEV=0"\n', 'DEV=0"\nrate_hz = 48000\n'
)
DRIVER = "/sys/bus/platform/drivers/snd_aloop"


def test_microphone_is_pulled_out_and_put_back(device: Lab, record_property: Measured) -> None:
    device.restart()
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    pid = device.pid
    after = device.cursor()
    # The kernel waits until nobody holds the card any more, so it is not waited for.
    device.run(f"(echo {MICROPHONE} >{DRIVER}/unbind) >/dev/null 2>&1 &")
    lost = device.event(after, "device.lost")
    assert lost["PART"] == "microphone"
    sentence = device.show("StatusText")
    assert "microphone" in sentence.lower()
    device.run("sleep 10")
    assert device.pid == pid
    assert device.show("ActiveState") == "active"
    device.until(lambda: "Mic" not in device.says("cat /proc/asound/cards", told=False), "the card is gone")

    device.run(f"echo {MICROPHONE} >{DRIVER}/bind")
    back = device.event(after, "device.back")
    assert back["PART"] == "microphone"
    record_property("status meanwhile", f"“{sentence}”")
    record_property("gone for", f"{float(back['OUTAGE_S']):.1f} s")

    device.ask(1)
    assert device.event(after, "turn.done", within_s=60)["OUTCOME"] == "answered"
    assert device.pid == pid


def test_busy_card_names_who_holds_it(device: Lab) -> None:
    device.run("systemctl stop vocative")
    after = device.cursor()
    holder = device.says("arecord -q -D hw:Mic,1 -f S16_LE -r 16000 -c 1 /dev/null >/dev/null 2>&1 & echo $!")
    try:
        device.run("systemctl start --no-block vocative")
        reason = device.event(after, "device.missing")["REASON"]
        assert reason.startswith("microphone: "), reason
        # Whose processes the service may not see; but to which unit they belong.
        assert "lab-agent.service holds it" in reason, reason
    finally:
        device.run(f"kill {holder}")
    device.until(lambda: device.show("ActiveState") == "active", "it comes up once the card is free", within_s=60)


def test_card_of_48_khz(device: Lab, record_property: Measured) -> None:
    device.configure(AT_48_KHZ)
    try:
        device.restart()
        device.until(lambda: device.status().get("link") == "up", "the link is up")
        opened = device.says("cat /proc/asound/Mic/pcm1c/sub0/hw_params /proc/asound/Speaker/pcm0p/sub0/hw_params")
        assert opened.count("rate: 48000") == 2, opened
        alike = device.answer_heard(rate_hz=48_000)
        record_property("likeness of what sounded", f"{alike:.3f}")
        assert alike > SOUNDS
    finally:
        device.configure()
        device.restart()


def test_calibrate(device: Lab, record_property: Measured) -> None:
    """What is played on the one card is given to the other: a room with nothing in it but its echo."""
    device.configure(AT_48_KHZ)
    device.run("systemctl stop vocative")
    device.run(
        "systemd-run --quiet --unit=room alsaloop -C hw:Speaker,1 -P plughw:Mic,0 -c 2 -r 48000 -f S16_LE -t 40000 -S 0"
    )
    try:
        said = device.run("vocative calibrate --quiet --json 2>/dev/null", within_s=120).output
    finally:
        device.run("systemctl stop room", check=False)
        device.configure()
        device.restart()
    echo = json.loads(said)["room"]["echo"]
    record_property(
        "echo", f"after {echo['delay_ms']:.1f} ms, {echo['coupling_db']:.1f} dB, {echo['found']} of 8 bursts"
    )
    assert abs(echo["coupling_db"]) < 3
    assert 0 < echo["delay_ms"] < 300
