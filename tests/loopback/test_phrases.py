"""The spoken faults as an owner has them: fetched by the first start, kept, and said when the service is gone."""

from __future__ import annotations

import json
import stat
import tempfile
import time
import wave
from pathlib import Path

import pytest

from daemon.announcing.phrase_fetching import QUIET_S
from hardware.pcm import DOWN
from tests.support import pulse
from tests.support.process import Service, device, stand_in

pytestmark = pytest.mark.loopback

KEY = "the-right-key"


def sessions(service: Service) -> int:
    """How many connections the service has taken."""
    return sum(json.loads(line)["kind"] == "open" for line in service.log.read_text().splitlines())


def test_fetched_by_the_first_start_kept_for_the_second_and_said_when_the_service_is_gone() -> None:
    if reason := pulse.missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="say-") as name, pulse.PrivatePulse() as rig:
        folder = Path(name)
        (state := folder / "state").mkdir()
        more = f'[state]\nfolder = "{state}"\n[sounds]\ndaily_limit = false\n'
        with stand_in(folder, "--think-ms", "100", "--speed", "20", "--key", KEY) as service:
            live = service.live + 'language_hints = ["en-US"]'
            with device(folder / "one", live, key=KEY, more=more) as first:
                first.process.line("phrases.fetched", within_s=40.0)
                assert first.ask("status")["turn"] == "idle"
            assert sessions(service) == 2, "the conversation's, and one for all of them"
            files = sorted((state / "phrases").iterdir())
            assert [path.name.partition("-")[0] for path in files] == ["key_refused", "no_network"]
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
            with device(folder / "two", live, key=KEY, more=more) as second:
                second.process.line("link.up")
                time.sleep(QUIET_S + 1.0)
                assert sessions(service) == 3, "nothing is fetched again"
                service.process.stop()
                second.process.line("link.lost")
                second.ask("button", "press")
                time.sleep(0.4)
                with rig.recording() as recording:
                    second.ask("button", "release")
                    time.sleep(5.0)
                    heard = recording.read_bytes()
                assert second.ask("status")["turn"] == "thinking", "what was said is kept"
        with wave.open(str(next(path for path in files if path.name.startswith("no_network")))) as file:
            said = file.readframes(file.getnframes())
        size = DOWN.bytes_in(0.1)
        pieces = [said[at : at + size] for at in range(0, len(said) - size, size)]
        assert sum(piece in heard for piece in pieces) > 0.5 * len(pieces)  # a busy machine makes gaps
