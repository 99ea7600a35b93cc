"""A broken tool of the owner's, a dead MCP server and a camera that is not there: the conversation is unharmed."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.rehearsal import voices
from hardware.pcm import DOWN, UP
from tests.support import pulse
from tests.support.process import device, stand_in, vocative

pytestmark = pytest.mark.loopback

ANSWER = voices.answer()[: DOWN.bytes_in(1.2)]
QUESTION = voices.question(1)[: UP.bytes_in(1.2)]
TABLES = """
[tools]
folder = "{folder}"

[[tools.mcp]]
name = "dead"
command = ["{python}", "-c", "raise SystemExit(3)"]
"""
BROKEN = """from daemon.tools import tool

@tool
def water_the_plants(minutes: int) -> str:
    return "watered"

x = 1 / 0
"""
SOUND = '''from daemon.tools import tool

@tool
def open_the_window(wide: bool) -> str:
    """Open the window."""
    return "open"
'''


@dataclass(frozen=True, slots=True)
class Evening:
    """One conversation with all that, and what was said of it."""

    heard: bytes
    said: str
    status: int


def push(gesture: str, config: Path) -> None:
    with vocative("button", gesture, "--config", str(config)) as command:
        assert command.ended() == 0, command.text


@pytest.fixture(scope="module")
def evening() -> Iterator[Evening]:
    if reason := pulse.missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="run-") as name, pulse.PrivatePulse() as rig:
        folder = Path(name)
        tools = folder / "tools"
        tools.mkdir()
        (tools / "broken.py").write_text(BROKEN)
        (tools / "sound.py").write_text(SOUND)
        answer = folder / "answer.wav"
        with wave.open(str(answer), "wb") as file:
            file.setparams((1, 2, DOWN.rate_hz, 0, "NONE", ""))
            file.writeframes(ANSWER)
        with (
            stand_in(folder, "--answer", str(answer), "--think-ms", "200") as service,
            device(
                folder / "one",
                service.live,
                key="k",
                camera='driver = "usb"\nmode = "with_turn"',
                more=TABLES.format(folder=tools, python=sys.executable),
            ) as one,
        ):
            one.process.line("link.up")
            push("press", one.config)
            rig.feed(QUESTION)
            time.sleep(UP.seconds(len(QUESTION)) + 0.3)
            with rig.recording() as recording:
                push("release", one.config)
                one.until("idle")
                time.sleep(0.2)
                heard = recording.read_bytes()
            one.process.line("mcp.failed")
            ended = one.process.stop(signal.SIGTERM)
            yield Evening(heard, one.process.text, ended.status)


def test_the_question_is_answered_and_the_answer_heard(evening: Evening) -> None:
    assert "Answered after" in evening.said
    assert max(evening.heard) > 0
    assert evening.status == 0


def test_the_broken_tool_is_told_of_with_its_line_and_the_sound_one_is_there(evening: Evening) -> None:
    [line] = [line for line in evening.said.splitlines() if "tool.refused" in line]
    assert "broken.py:7" in line
    assert "ZeroDivisionError" in line


def test_the_dead_server_is_told_of(evening: Evening) -> None:
    assert any("mcp.failed" in line and "The tools of dead" in line for line in evening.said.splitlines())


def test_the_missing_camera_is_told_of_once(evening: Evening) -> None:
    assert len([line for line in evening.said.splitlines() if "camera.failed" in line]) == 1
