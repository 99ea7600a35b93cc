"""`vocative calibrate` on real PyAudio: what the loudspeaker plays is what the microphone hears, as in a pipe."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.audio.calibration import BURSTS
from daemon.calibrate import calibrate
from daemon.calibration_file import load
from daemon.control.client import Reply
from daemon.control.server import Audience, serve
from tests.support import pulse

PIPE = "pipe"
"""The PCM that hears what the loudspeaker plays."""


@pytest.fixture(scope="module", autouse=True)
def private_pulse() -> Iterator[pulse.PrivatePulse]:
    if reason := pulse.missing():
        pytest.skip(reason)
    with pulse.PrivatePulse() as private:
        alsa = Path(os.environ["ALSA_CONFIG_PATH"])
        socket = f"unix:{alsa.parent}/socket"
        alsa.write_text(f'{alsa.read_text()}pcm.{PIPE} {{ type pulse server "{socket}" device "speaker.monitor" }}\n')
        yield private


def configured(folder: Path, *, microphone: str) -> Path:
    path = folder / "vocative.toml"
    path.write_text(
        f'[microphone]\ndevice = "{microphone}"\n[speaker]\ndevice = "{pulse.LOUDSPEAKER}"\nvolume_percent = 80\n'
        f'[state]\nfolder = "{folder}"\n[control]\nsocket = "{folder}/control.sock"\n'
        '[button]\ndriver = "none"\n[leds]\ndriver = "none"\n[camera]\ndriver = "none"\n'
    )
    return path


def test_in_a_pipe_the_delay_is_plausible_and_nothing_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(configured(tmp_path, microphone=PIPE), as_json=True, quiet=True) == 0
    kept = load(tmp_path)
    assert kept is not None
    printed = json.loads(capsys.readouterr().out)
    echo = kept.room.echo
    assert echo is not None
    assert printed["room"]["echo"]["delay_ms"] == echo.delay_ms
    assert echo.found == len(BURSTS)
    assert 5.0 < echo.delay_ms < 300.0
    assert echo.coupling_db == pytest.approx(0.0, abs=1.0)
    assert echo.compression_db == pytest.approx(0.0, abs=1.0)
    assert kept.voice_dbfs is None
    assert printed["advice"]["voice_to_echo_db"] < -10.0  # in a pipe nobody is louder than the answer


def test_a_device_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate(configured(tmp_path, microphone="nothing of that name"), as_json=False, quiet=True) == 69
    said = capsys.readouterr().err
    assert "microphone" in said
    assert "systemctl stop vocative" in said
    assert load(tmp_path) is None


def test_a_running_daemon_must_be_stopped_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = configured(tmp_path, microphone=PIPE)

    async def ready(_: tuple[str, ...]) -> Reply:
        return {"meaning": "Ready."}

    async def beside_a_daemon() -> int:
        daemon = asyncio.ensure_future(serve(tmp_path / "control.sock", ready, Audience()))
        await asyncio.sleep(0.1)
        try:
            return await asyncio.to_thread(calibrate, path, as_json=False, quiet=True)
        finally:
            daemon.cancel()

    assert asyncio.run(beside_a_daemon()) == 69
    assert "Stop it first: sudo systemctl stop vocative" in capsys.readouterr().err
    assert load(tmp_path) is None
