"""Scenarios as files: what is refused, where, and with which remedy; what is said in them as sound."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path

import pytest

from daemon.errors import ConfigurationError
from daemon.rehearsal.rehearse import list_shipped
from daemon.rehearsal.scenario_file import find, load, shipped
from daemon.rehearsal.steps import VERBS, Push, Question, verb
from daemon.rehearsal.utterances import INSTALL
from daemon.rehearsal.voices import question, sounding, sounding_s
from hardware.pcm import UP, level_dbfs

ROOT = Path(__file__).resolve().parents[2]
GOOD = 'purpose = "x"\nsteps = [{ until = "link" }]\n'


def refused(folder: Path, text: str) -> list[str]:
    """Return the faults of a scenario."""
    path = folder / "own.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    return list(caught.value.faults)


class TestWhatIsRefused:
    def test_everything_at_once_with_its_line(self, tmp_path: Path) -> None:
        text = """purpose = "x"
pose = 3
steps = [
  { button = "pres" },
  { press = true },
  { wait = 1.0 },
  { say = "x", for = 3.0 },
  { button = "press", say = "x" },
  7,
]
[turn]
mode = "hold"
[config.turn]
mode = "holt"
[expect]
answerd = 3
ring = ["cyn"]
journal = [{ event = "link.lost", time = 0 }]
figures = { peak = 4.0 }
[service]
think_ms = 0.6
faults = [{ does = "clos" }]
"""
        faults = refused(tmp_path, text)
        lines = [int(fault.split(":")[1]) for fault in faults]
        assert lines == [2, 4, 5, 6, 7, 8, 9, 11, 14, 16, 17, 18, 19, 21, 22]
        meant = {4: 'button = "press"', 5: 'button = "press"', 6: "wait_s", 7: "for_s", 8: "two steps"}
        meant |= {11: "[config.turn]", 14: 'mode = "hold"', 16: "answered", 17: '"cyan"', 18: "times", 19: "peak_mib"}
        meant |= {21: "whole number from 0 to 600000", 22: 'does = "close"'}
        assert [line for line, fault in zip(lines, faults, strict=True) if meant.get(line, "") not in fault] == []
        assert all(fault.startswith("own.toml:") for fault in faults)

    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            ('steps = [{ until = "link" }]', None, "purpose is missing"),
            ('purpose = "x"', None, "nothing happens"),
            ('purpose = "x"\nsteps = [\n{ button = "release" },\n]', 3, "nobody holds it"),
            ('purpose = "x"\nsteps = [\n{ button = "press" },\n{ button = "tap" },\n]', 4, "still held"),
            ('purpose = "x"\nsteps = [\n{ device = "on" },\n]', 3, "it is that already"),
            ('purpose = "x"\nsteps = [\n{ say = "" },\n]', 3, "for_s = 3.0"),
            ('purpose = "x"\nsteps = [\n{ wav = "none.wav" },\n]', 3, "begins at the scenario's folder"),
            ('purpose = "x"\nsteps = [\n{ command = "shout" },\n]', 3, "must begin with mute"),
            (GOOD + '[[expect.journal]]\nevent = "link.lots"', 3, "did you mean link.lost?"),
            (GOOD + '[config.leds]\ndriver = "none"', 4, "a rehearsal sets this itself"),
            (
                GOOD + '[config.turn]\nmode = "tap"\nno_speech_s = 60\nlongest_s = 10.0',
                5,
                "must be less than longest_s",
            ),
            (GOOD + "[service]\nanswer = 'none.wav'", 4, "cannot be read"),
            (GOOD + "[[service.calls]]\nanswer = 1", 3, "needs the name of a function"),
            (GOOD + 'steps = "x"', 3, "it is already set in line 2"),
            ('purpose = "x"\nsteps = 3', 2, "docs/scenarios.md"),
            (
                'purpose = "x"\nsteps = [\n{ button = "tap" },\n{ wait 3 },\n]',
                2,
                "something in line 4 is not written right",
            ),
            (GOOD + "config = { turn = 3 }", 3, "turn is a section"),
        ],
    )
    def test_what_makes_no_sense(self, tmp_path: Path, text: str, line: int | None, said: str) -> None:
        [fault] = refused(tmp_path, text)
        assert fault.startswith(f"own.toml:{line}:" if line else "own.toml: ")
        assert said in fault

    def test_what_espeak_ng_would_have_to_say_without_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        [fault] = refused(tmp_path, 'purpose = "x"\nsteps = [{ say = "Nobody has said this before" }]')
        assert fault.startswith("own.toml:2: ")
        assert INSTALL in fault

    def test_a_name_that_is_not_shipped_suggests_the_nearest(self) -> None:
        with pytest.raises(ConfigurationError, match="did you mean outage"):
            find("outag")
        with pytest.raises(ConfigurationError, match="cannot be read"):
            find("./outage.toml")


class TestWhatIsSaid:
    def said(self, folder: Path, steps: str) -> list[bytes]:
        (folder / "own.toml").write_text(f'purpose = "x"\nsteps = [{steps}]')
        return list(load(folder / "own.toml").said.values())

    def test_recorded_speech_as_long_as_it_is_wanted(self, tmp_path: Path) -> None:
        whole, part, long = self.said(
            tmp_path, '{ question = 2 }, { question = 2, for_s = 1.0 }, { say = "", for_s = 20.0 }'
        )
        assert whole == question(2)
        assert part == whole[: UP.bytes_in(1.0)]
        assert UP.seconds(len(long)) == 20.0
        loud = [level_dbfs(long[at : at + UP.bytes_in(2.0)]) > -40 for at in range(0, len(long), UP.bytes_in(2.0))]
        assert all(loud)

    def test_a_recording_of_ones_own(self, tmp_path: Path) -> None:
        for name, rate_hz in (("good", 16_000), ("bad", 44_100)):
            with wave.open(str(tmp_path / f"{name}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(rate_hz)
                file.writeframes(b"\1\2" * 1600)
        assert self.said(tmp_path, '{ wav = "good.wav" }') == [b"\1\2" * 1600]
        [fault] = refused(tmp_path, 'purpose = "x"\nsteps = [{ wav = "bad.wav" }]')
        assert "ffmpeg -i bad.wav -ar 16000 -ac 1" in fault

    @pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
    def test_words_by_espeak_ng(self, tmp_path: Path) -> None:
        [short, long] = self.said(
            tmp_path, '{ say = "Hello." }, { say = "Hello, what is the weather going to be like?", voice = "de" }'
        )
        assert 0.3 < UP.seconds(len(short)) < 2.0 < UP.seconds(len(long)) < 6.0
        assert level_dbfs(short) > -40
        [fault] = refused(tmp_path, 'purpose = "x"\nsteps = [{ say = "Hello.", voice = "nobody" }]')
        assert "espeak-ng --voices" in fault

    def test_it_sounds_from_its_first_word_to_its_last(self) -> None:
        assert sounding(question(1)) == sounding_s(1)
        assert sounding(UP.silence * 3) == pytest.approx((0.0, 0.06))


class TestTheShipped:
    def test_each_can_be_read(self) -> None:
        for name in shipped():
            read = find(name)
            assert read.name == name
            speaks = {index for index, step in enumerate(read.scenario.steps) if isinstance(step, Question)}
            assert speaks == set(read.said)

    def test_they_are_listed_with_what_happens_in_them(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert list_shipped() == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == list(shipped())
        assert f"timer         {find('timer').scenario.purpose}" in lines

    def test_nobody_presses_to_be_heard_over_the_answer(self) -> None:
        steps = find("bargein").scenario.steps
        answered = next(at for at, step in enumerate(steps) if verb(step) == "until" and "answer" in repr(step))
        assert not any(isinstance(step, Push) for step in steps[answered:])

    def test_a_timer_is_known_from_what_sets_it(self) -> None:
        assert find("timer").scenario.timer_s == 20.0
        assert find("outage").scenario.timer_s is None

    @pytest.mark.parametrize("name", shipped())
    def test_the_documentation_tells_of_each_what_it_is_and_shows_it(self, name: str) -> None:
        page = (ROOT / "docs" / "scenarios.md").read_text()
        told = page.partition(f"\n### `{name}`\n")[2].partition("\n#")[0]
        assert told.startswith(f"\n{find(name).scenario.purpose}\n")
        assert f"](scenarios/{name}.png)" in told
        assert (ROOT / "docs" / "scenarios" / f"{name}.png").stat().st_size < 150_000

    def test_the_documentation_shows_every_step(self) -> None:
        page = (ROOT / "docs" / "scenarios.md").read_text()
        assert [name for name in VERBS if f"{{ {name} = " not in page] == []
