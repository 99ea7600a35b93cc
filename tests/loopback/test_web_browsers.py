"""The page in real browsers: a conversation in Chromium, which hears a recording, and in Firefox: it hears a tone."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path
from typing import Final

import pytest

from daemon.rehearsal import voices
from hardware.pcm import DOWN, SAMPLE_BYTES, UP, Format
from tests.support import chromium, firefox
from tests.support.page import url_of
from tests.support.process import START_S, stand_in, vocative
from tests.support.pulse import PrivatePulse, private_pulse

__all__ = ["private_pulse"]

pytestmark = pytest.mark.loopback

EAR: Final = """
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...others) {
    if (to instanceof AudioDestinationNode) {
      window.ear = new AnalyserNode(this.context, { fftSize: 8192 });
      connect.call(this, window.ear);
    }
    return connect.call(this, to, ...others);
  };
  window.heard = () => {
    const wave = new Float32Array(8192);
    window.ear.getFloatTimeDomainData(wave);
    return Math.max(...wave.map(Math.abs));
  };
"""
"""Hears what the page really sends to the browser's loudspeaker, and changes nothing about it."""
LAMP: Final = "document.querySelector('#lamps circle').getAttribute('fill').match(/\\d+/g).map(Number)"
STATE: Final = "document.getElementById('state').textContent"


def write(path: Path, pcm: bytes, audio: Format) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, SAMPLE_BYTES, audio.rate_hz, 0, "NONE", ""))
        file.writeframes(pcm)


async def converse(url: str, speech: Path) -> None:
    async with chromium.tab(f"--use-file-for-fake-audio-capture={speech}%noloop") as tab:
        await tab.ask("Page.enable")
        await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=EAR)
        await tab.open(url)
        await tab.until("document.getElementById('meaning').textContent.startsWith('Press the ring')")
        await tab.space(down=True)
        await tab.space(down=False)
        await tab.until(f"{STATE} === 'ready'")
        await tab.until("heard() < 0.001")  # the sound of the start is over
        await tab.space(down=True)
        await tab.space(down=False)
        await tab.until(f"{STATE} === 'listening'")
        red, green, blue = await tab.value(LAMP)
        assert min(green, blue) > 150
        assert red < 60
        # Nobody presses again: the device has heard the words, and the pause after them.
        await tab.until(f"{STATE} === 'speaking' && heard() > 0.02")
        red, green, blue = await tab.value(LAMP)
        assert green > 100
        assert green > max(red, blue) + 20
        await tab.until("document.querySelector('#turn .answer') !== null && heard() < 0.001")
        assert (await tab.value("document.querySelector('#said').textContent")).strip()
        await tab.value("document.getElementById('look').click()")
        await tab.until(f"{STATE} === 'speaking' && heard() > 0.02")
        await tab.value("document.getElementById('mute').click()")
        await tab.until("document.getElementById('mute').textContent === 'Muted'")
        await tab.until(f"{LAMP}[0] > 150 && {LAMP}[2] < 80")
        await tab.value("document.getElementById('stop').click()")
        await tab.until(f"{STATE} === 'muted' && heard() < 0.001")


def test_a_conversation_in_chromium(tmp_path: Path) -> None:
    if reason := chromium.missing():
        pytest.skip(reason)
    speech, answer, config = (tmp_path / name for name in ("speech.wav", "answer.wav", "vocative.toml"))
    question = voices.question(1)[: UP.bytes_in(1.6)]
    write(speech, bytes(UP.bytes_in(4.0)) + question + bytes(UP.bytes_in(60.0)), UP)
    write(answer, voices.answer()[: DOWN.bytes_in(2.4)], DOWN)
    with stand_in(tmp_path, "--answer", str(answer)) as service:
        config.write_text(
            f"[live]\n{service.live}[turn]\nmode = 'tap'\nbarge_in = 'button'\n"
            "[state]\nfolder = ''\n[control]\nsocket = ''\n"
        )
        environ = {"GEMINI_API_KEY": "any"}
        with vocative("run", "--board", "web", "--config", str(config), environ=environ) as process:
            asyncio.run(converse(url_of(process), speech))
            process.line("Answered after", within_s=START_S)
            process.line("Lost the microphone: microphone: the page was closed")
            assert process.stop().status == 0
    frames = [json.loads(line) for line in service.log.read_text().splitlines()]
    up = [frame for frame in frames if frame["way"] == "up"]
    assert max(frame["level_db"] for frame in up if frame["kind"] == "audio") > -30.0
    assert [frame["kind"] for frame in up].count("video") == 1


WATCH: Final = f"""() => {{
  {EAR}
  window.refused = [];
  document.addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective));
  const resume = AudioContext.prototype.resume;
  AudioContext.prototype.resume = function () {{
    return window.deaf ? new Promise(() => undefined) : resume.call(this);
  }};
}}"""
"""The same, what the page's policy kept it from doing, and a browser that finds no loudspeaker while it is `deaf`."""
MIDDLE: Final = (
    "(({ x, y, width, height }) => [Math.round(x + width / 2), Math.round(y + height / 2)])"
    "(document.getElementById('button').getBoundingClientRect())"
)


async def converse_in_firefox(url: str, pulse_server: str) -> None:
    async with firefox.tab(WATCH, pulse_server=pulse_server) as tab:
        await tab.open(url)
        await tab.until("document.getElementById('meaning').textContent.startsWith('Press the ring')")
        x, y = await tab.value(MIDDLE)
        await tab.value("void (window.deaf = true)")
        await tab.point("touch", down=True, at_px=(x, y))
        await tab.point("touch", down=False, at_px=(x, y))
        await tab.until("document.getElementById('notice').textContent.includes('Connect a loudspeaker')")
        await tab.value("void (window.deaf = false)")
        await tab.space(down=True)
        await tab.space(down=False)
        await tab.until(f"{STATE} === 'ready' && document.getElementById('notice').hidden")
        await tab.until("heard() < 0.001")
        for pointer in ("mouse", "touch"):
            await tab.point(pointer, down=True, at_px=(x, y))
            await tab.until(f"{STATE} === 'listening'")
            await asyncio.sleep(0.6)
            await tab.point(pointer, down=False, at_px=(x, y))
            await tab.until(f"{STATE} === 'speaking' && heard() > 0.02")
            await tab.value("document.getElementById('stop').click()")
            await tab.until(f"{STATE} === 'ready' && heard() < 0.001")
        assert await tab.value("refused") == []


def test_a_conversation_in_firefox(tmp_path: Path, private_pulse: PrivatePulse) -> None:
    if reason := firefox.missing():
        pytest.skip(reason)
    config = tmp_path / "vocative.toml"
    with stand_in(tmp_path) as service:
        config.write_text(f"[live]\n{service.live}[state]\nfolder = ''\n[control]\nsocket = ''\n")
        environ = {"GEMINI_API_KEY": "any"}
        with vocative("run", "--board", "web", "--config", str(config), environ=environ) as process:
            asyncio.run(converse_in_firefox(url_of(process), private_pulse.server))
            process.line("Stopped in the answer", within_s=START_S)
            assert process.stop().status == 0
    frames = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert max(frame["level_db"] for frame in frames if frame["way"] == "up" and frame["kind"] == "audio") > -30.0
