"""`vocative doctor` as its owner has it: the real command, on laid-out machines, on this one, and with the service."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from daemon.config import Config
from daemon.doctor import network, online, running
from daemon.doctor.finding import Finding, Verdict
from daemon.doctor.reach import reach
from daemon.doctor.session import tried
from daemon.keys.credentials import Secret
from daemon.rehearsal.network import network as cable
from daemon.rehearsal.server import serve
from daemon.rehearsal.stand_in.answer import Answer
from daemon.rehearsal.stand_in.faults import Faults, Moment, Strike
from daemon.rehearsal.stand_in.messages import Close
from daemon.rehearsal.stand_in.service import StandIn
from hardware.pcm import UP
from tests.support import pulse
from tests.support.pi_root import KEY, answering, broken_pi, good_pi
from tests.support.process import Service, device, stand_in, vocative

pytestmark = pytest.mark.loopback

PATIENCE_S = 30.0
"""The promise is about ten. A test machine may be busy; what it must tell from is a probe that hangs."""


def examined(*options: str, status: int, **environ: str) -> list[dict[str, Any]]:
    """Run the command for a program and return its findings."""
    began_s = time.monotonic()
    with vocative("doctor", "--json", *options, environ=environ) as process:
        assert process.ended() == status, process.text
        assert time.monotonic() - began_s < PATIENCE_S
        findings: list[dict[str, Any]] = json.loads(process.text)
        return findings


def told(findings: list[dict[str, Any]], area: str) -> str:
    return "\n".join(f"{one['verdict']}: {one['what']} -> {one['remedy']}" for one in findings if one["area"] == area)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a path short enough for sockets (unix(7): 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="pi-") as name:
        yield Path(name)


# --- machines laid out in a folder ---------------------------------------------------------------------


def test_a_pi_that_is_in_order_gets_a_clean_bill(folder: Path) -> None:
    pi = good_pi(folder)
    with answering(pi):
        findings = examined("--root", str(folder), status=0)
        with vocative("doctor", "--root", str(folder), environ={"PYTHONIOENCODING": "ascii"}) as process:
            assert process.ended() == 0
            text = process.text
    assert [one for one in findings if one["verdict"] == "to do"] == []
    assert "Raspberry Pi 5 Model B Rev 1.0" in told(findings, "board")
    assert "open at 48000 Hz by the service" in told(findings, "sound")
    assert "held by the service" in told(findings, "pins")
    assert "the daemon says: ready" in told(findings, "running")
    assert "version 1.0.0 is installed and runs" in told(findings, "service")
    assert text.isascii()
    assert "\x1b" not in text
    assert text.endswith("Nothing is to be done.\n")
    assert KEY not in text + json.dumps(findings)


def test_a_pi_on_which_much_is_wrong_is_told_what_to_do_about_each(folder: Path) -> None:
    broken_pi(folder)
    findings = examined("--root", str(folder), status=1)
    assert all(one["remedy"] for one in findings if one["verdict"] == "to do")
    for area, words in (
        ("overlays", "Add dtparam=spi=on to /boot/firmware/config.txt"),
        ("overlays", "Add core_freq=250"),
        ("permissions", "sudo usermod -aG gpio vocative"),
        ("sound", "is in use by arecord (process 812)"),
        ("camera", "apt install --no-install-recommends python3-picamera2"),
        ("clock", "set-ntp true"),
        ("network", "nmtui"),
        ("key", "sudo chmod 600 /etc/vocative/gemini-api-key"),
        ("service", "microphone: it is in use"),
        ("running", "the daemon does not run"),
        ("upkeep", "the supply's voltage is too low"),
        ("upkeep", "82 °C: too hot"),
    ):
        assert words in told(findings, area), (area, findings)


def test_every_fault_of_the_configuration_is_told_and_the_rest_still_looked_at(folder: Path) -> None:
    pi = good_pi(folder)
    pi.write("/etc/vocative/vocative.toml", '[leds]\ncout = 12\n[turn]\nmode = "holt"\n')
    findings = examined("--root", str(folder), status=1)
    said = told(findings, "configuration")
    assert "Correct line 2 of" in said
    assert "Correct line 4 of" in said
    assert "set by the network" in told(findings, "clock")
    pi.remove("/etc/vocative/vocative.toml")
    assert "-> sudo vocative setup" in told(examined("--root", str(folder), status=1), "configuration")


def test_programs_that_hang_cost_their_own_findings_only(folder: Path) -> None:
    pi = good_pi(folder)
    for program in ("timedatectl", "systemctl"):
        pi.write(f"/usr/bin/{program}", "#!/bin/sh\nexec sleep 60\n", mode=0o755)
    with answering(pi):
        findings = examined("--root", str(folder), status=1)  # without systemd nobody knows whose the pin is
    assert told(findings, "clock").startswith("note: ")
    assert told(findings, "service").startswith("note: ")
    assert "Raspberry Pi 5" in told(findings, "board")


# --- this machine, with sound --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rig() -> Iterator[pulse.PrivatePulse]:
    if reason := pulse.missing():
        pytest.skip(reason)
    with pulse.PrivatePulse() as private:
        yield private


def machine(folder: Path, more: str = "", microphone: str = pulse.MICROPHONE) -> Path:
    """Write the configuration of a device on the private PulseAudio."""
    config = folder / "vocative.toml"
    config.write_text(
        f'[microphone]\ndevice = "{microphone}"\n[speaker]\ndevice = "{pulse.LOUDSPEAKER}"\n'
        '[button]\ndriver = "none"\n[leds]\ndriver = "none"\n[camera]\ndriver = "none"\n'
        f'[control]\nsocket = "{folder}/control"\n{more}'
    )
    return config


def hiss(seconds: float) -> bytes:
    """Return white noise of -30 dBFS."""
    return np.random.default_rng(1).normal(0.0, 1000.0, round(seconds * UP.rate_hz)).astype("<i2").tobytes()


def test_it_listens_for_a_second(rig: pulse.PrivatePulse, folder: Path) -> None:
    config = str(machine(folder))
    silent = examined("--config", config, status=1, GEMINI_API_KEY=KEY)
    assert "silence to the last bit" in told(silent, "levels")
    assert "16000" in told(silent, "sound")
    rig.feed(hiss(12.0))
    loud = examined("--config", config, status=0, GEMINI_API_KEY=KEY)
    assert "fine: the microphone hears -3" in told(loud, "levels")
    assert KEY not in json.dumps(loud)


@pytest.mark.usefixtures("rig")
def test_a_name_that_fits_nothing_is_told_with_those_that_would(
    folder: Path,
) -> None:
    findings = examined("--config", str(machine(folder, microphone="Jabra")), status=1, GEMINI_API_KEY=KEY)
    assert 'no device fits "Jabra". There are: ' in told(findings, "sound")
    assert told(findings, "levels") == ""


# --- the service ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="pi-") as name, stand_in(Path(name), "--key", KEY) as running:
        yield running


def asked_online(folder: Path, service: Service, *, key: str = KEY, live: str = "", ca: bool = True) -> str:
    """Return what `--online` finds, of a made-up Pi whose service is the stand-in."""
    pi = good_pi(folder)
    trusted = service.live if ca else f'base_url = "{service.base_url}"\n'
    pi.write("/etc/vocative/vocative.toml", f"[live]\n{trusted}{live}")
    pi.write("/etc/vocative/gemini-api-key", f"{key}\n", mode=0o600)
    with vocative("doctor", "--json", "--online", "--root", str(folder)) as process:
        process.ended()
        findings = json.loads(process.text)
    return "\n".join(f"{told(findings, area)}" for area in ("network", "key", "model", "quota"))


def test_a_service_that_takes_us(folder: Path, service: Service) -> None:
    said = asked_online(folder, service)
    assert "is reached and trusted" in said
    assert "fine: the service takes the key" in said
    assert "fine: a session could be begun" in said


def test_a_wrong_key(folder: Path, service: Service) -> None:
    said = asked_online(folder, service, key="AIza" + "w" * 35)
    assert "to do: the service refuses the key" in said
    assert "make a new one in Google AI Studio" in said


def test_a_model_that_there_is_not(folder: Path, service: Service) -> None:
    said = asked_online(folder, service, live='model = "gemini-9-live"\n')
    assert "to do: the service has no gemini-9-live, or not for this key" in said


def test_a_certificate_that_nobody_vouches_for(folder: Path, service: Service) -> None:
    said = asked_online(folder, service, ca=False)
    assert "is not trusted: " in said
    assert "name its CA in live.ca_file" in said
    assert "session" not in said, "nothing more is tried"


def test_beside_the_running_daemon_it_asks_that_and_opens_nothing(
    rig: pulse.PrivatePulse, folder: Path, service: Service
) -> None:
    with device(folder / "one", service.live, key=KEY) as one:
        one.process.line("link.up")
        before = one.process.text
        rig.feed(hiss(8.0))
        findings = examined("--config", str(one.config), status=0, GEMINI_API_KEY=KEY)
        assert one.ask("status")["faults"] == []
        assert one.process.text == before, "it was disturbed"
        one.config.write_text(one.config.read_text() + "\n[prices]\ncurrency = 'GBP'\n")
        newer = list(running.findings(running.Facts(one.ask("changes")), unit_active=False))
        assert one.process.text == before
    assert newer[-1].what == "the configuration was changed since the daemon read it: prices.currency"
    assert "fine: the daemon says: " in told(findings, "running")
    assert "as the running daemon measures it" in told(findings, "levels")


# --- failures that the command line cannot ask the stand-in for -----------------------------------------


@asynccontextmanager
async def failing(faults: Faults) -> AsyncIterator[Config]:
    """Run a service that fails so, and return the configuration for it."""
    service = StandIn(Random(1), answer=lambda _: Answer(b"", ""), faults=faults)
    async with serve(service, log=lambda _: None) as server, cable(server.port) as between:
        yield Config.model_validate(
            {"live": {"base_url": f"https://127.0.0.1:{between.port}", "ca_file": str(server.ca_file)}}
        )


@pytest.mark.parametrize(
    ("faults", "area"),
    [
        (Faults(refuse_upgrade=429), "quota"),
        (Faults(refuse_upgrade=403), "key"),
        (Faults(refuse_upgrade=503), "network"),
        (
            Faults(strikes=(Strike(Moment.SETUP, (Close(1011, "You exceeded your current quota."),)),)),
            "quota",
        ),
        (Faults(strikes=(Strike(Moment.SETUP, (Close(1007, "setup.model: no."),)),)), "model"),
    ],
)
def test_what_the_service_says_no_with(faults: Faults, area: str) -> None:
    async def story() -> list[Finding]:
        async with failing(faults) as config:
            return list(online.findings(await tried(config, Secret(KEY))))

    assert [(one.area, one.verdict) for one in asyncio.run(story())] == [(area, Verdict.TO_DO)]


def test_a_door_that_is_not_there() -> None:
    nobody = reach("https://127.0.0.1:9", "")
    assert nobody.tcp
    nowhere = reach("https://nowhere.invalid", "")
    assert nowhere.dns
    assert [one.verdict for one in network.reached(nowhere)] == [Verdict.TO_DO]
