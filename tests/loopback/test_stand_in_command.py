"""`vocative stand-in`, as a process."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import subprocess
import sys
import tomllib
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from daemon.errors import ExitStatus
from hardware.pcm import DOWN
from tests.support.known_sound import known_sound
from tests.support.live_client import PATH, setup

pytestmark = pytest.mark.loopback

ANSWER = known_sound(DOWN, 0.4)


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Yield the process and the configuration that it tells its owner to use."""
    command = [sys.executable, "-m", "daemon", "stand-in", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = ""
            while "ca_file" not in told:
                line = process.stdout.readline()
                assert line, "it ended"
                told += line
            yield process, tomllib.loads(told)["live"]
        finally:
            process.terminate()


async def answer_of(live: dict[str, str]) -> bytes:
    """Return the sound that an empty turn is answered with."""
    tls = ssl.create_default_context(cafile=live["ca_file"])
    url = live["base_url"].replace("https", "wss") + PATH
    sound = b""
    async with (
        asyncio.timeout(10),
        connect(url, ssl=tls, additional_headers={"x-goog-api-key": "k"}, proxy=None) as socket,
    ):
        await socket.send(json.dumps({"setup": setup()}))
        await socket.send(json.dumps({"realtimeInput": {"activityStart": {}}}))
        await socket.send(json.dumps({"realtimeInput": {"activityEnd": {}}}))
        async for frame in socket:
            content = json.loads(frame).get("serverContent", {})
            for part in content.get("modelTurn", {}).get("parts", []):
                sound += base64.b64decode(part["inlineData"]["data"])
            if content.get("turnComplete"):
                break
    return sound


def test_it_says_where_it_is_answers_as_told_logs_and_ends_when_asked(tmp_path: Path) -> None:
    recording = tmp_path / "answer.wav"
    with wave.open(str(recording), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(DOWN.rate_hz)
        file.writeframes(ANSWER)
    log, ca_file = tmp_path / "log.jsonl", tmp_path / "ca.pem"
    options = ("--log", log, "--ca-file", ca_file, "--answer", recording, "--think-ms", 10, "--speed", 50)
    with running(*map(str, options)) as (process, live):
        assert live["ca_file"] == str(ca_file)
        assert asyncio.run(answer_of(live)) == ANSWER
        process.terminate()
        assert process.wait(10) == ExitStatus.ASKED_TO_STOP
    kinds = [json.loads(line)["kind"] for line in log.read_text().splitlines()]
    assert kinds[:2] == ["open", "setup"]
    assert {"audio", "turn_complete", "closed"} <= set(kinds)


@pytest.mark.parametrize("options", [("--answer", "/dev/null"), ("--answer", "/nowhere"), ("--log", "/nowhere/log")])
def test_what_it_cannot_use_is_refused(options: tuple[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "stand-in", *options], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == ExitStatus.CONFIGURATION
    assert done.stderr.startswith("vocative stand-in: ")
    assert "Traceback" not in done.stderr
