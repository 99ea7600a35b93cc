"""What the journal has kept, read again: `vocative log` and the page of `vocative report`."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import cli
from daemon.errors import ConfigurationError
from daemon.history import charts, figures, scale
from daemon.history.clock import put_right
from daemon.history.entry import OF_SYSTEMD, Entry, entry
from daemon.history.page import page
from daemon.history.reading import Source, read
from daemon.history.table import as_json, newest, table
from daemon.history.turn import turn
from daemon.journal import Journal, JournaldSink, JsonLinesSink, Level

NOON_S = datetime(2026, 9, 14, 12, 0, tzinfo=UTC).timestamp()
BERLIN = ZoneInfo("Europe/Berlin")


def told(at_s: float, event: str, /, *, priority: int = 6, words: str = "", **fields: str | float) -> Entry:
    return Entry(NOON_S + at_s, event, priority, fields, words)


def done(at_s: float, number: int = 1, /, **fields: str | float) -> Entry:
    usual: dict[str, str | float] = {
        "turn_id": number,
        "outcome": "answered",
        "listened_ms": 2140,
        "first_audio_ms": 412,
        "sounded_ms": 6300,
        "underruns": 0,
        "total_tokens": 1234,
    }
    return Entry(NOON_S + at_s, "turn.done", 6, usual | fields, "")


def lost(at_s: float, reason: str = "close 1006") -> Entry:
    return told(at_s, "link.lost", priority=4, words=f"Lost the connection: {reason}")


def started(boot_id: str, running_s: float, seems_s: float, event: str) -> Entry:
    """Return what was told so long after the machine was started, and when its clock said that was."""
    return Entry(NOON_S + seems_s, event, 6, {}, "", boot_id, running_s)


class TestClock:
    def test_what_was_told_before_the_clock_was_set_was_told_just_before(self) -> None:
        """Switched off for nine hours in the middle of an outage, and the clock goes on where it stood."""
        night_s = 9 * 3600.0
        evening = [started("a", 50.0, -100.0, "link.up"), started("a", 100.0, -50.0, "link.lost")]
        morning = [
            started("b", 10.0, -40.0, "daemon.ready"),
            started("b", 12.0, -38.0, "link.failed"),
            started("b", 20.0, night_s, "link.up"),
        ]
        righted = put_right([*evening, *morning])
        assert [one.at_s - NOON_S for one in righted] == [-100.0, -50.0, night_s - 10.0, night_s - 8.0, night_s]
        assert [one.end_s - one.begin_s for one in figures.outages(righted)] == [0.0, 8.0]

    def test_a_clock_from_1970_does_not_make_the_page_fifty_years_long(self) -> None:
        righted = put_right([started("a", 5.0, 5.0 - NOON_S, "link.failed"), started("a", 9.0, 0.0, "link.up")])
        assert [one.at_s - NOON_S for one in righted] == [-4.0, 0.0]

    def test_a_clock_that_is_hurried_and_lines_without_a_machine_keep_their_times(self) -> None:
        slowed = [started("a", 0.0, 0.0, "link.up"), started("a", 86_400.0, 86_401.5, "link.lost")]
        assert put_right(slowed) == slowed
        assert put_right([told(2.0, "link.up"), told(1.0, "link.lost")]) == [
            told(1.0, "link.lost"),
            told(2.0, "link.up"),
        ]

    def test_journalctl_tells_which_start_it_was(self) -> None:
        line = {"__REALTIME_TIMESTAMP": "1000000", "__MONOTONIC_TIMESTAMP": "2500000", "_BOOT_ID": "ab", "EVENT": "x"}
        found = entry(json.dumps(line))
        assert found is not None
        assert (found.at_s, found.boot_id, found.running_s) == (1.0, "ab", 2.5)


class TestEntries:
    def exported(self, **fields: object) -> str:
        return json.dumps({"__REALTIME_TIMESTAMP": f"{int(NOON_S * 1e6)}", "__CURSOR": "s=1", **fields})

    def test_a_line_of_journalctl(self) -> None:
        found = entry(
            self.exported(EVENT="turn.done", MESSAGE="Answered", PRIORITY="6", TURN_ID="3", OUTCOME="answered")
        )
        assert found == Entry(
            NOON_S,
            "turn.done",
            6,
            {"event": "turn.done", "message": "Answered", "priority": "6", "turn_id": "3", "outcome": "answered"},
            "Answered",
        )

    def test_bytes_and_several_values(self) -> None:
        found = entry(self.exported(EVENT="link.lost", MESSAGE=list(b"Lost it\x07"), PRIORITY="4", REASON=["a", "b"]))
        assert found is not None
        assert (found.words, found.text("reason")) == ("Lost it\\x07", "a")

    @pytest.mark.parametrize(
        "line",
        [
            '{"__REALTIME_TIMESTAMP": null, "EVENT": "turn.done"}',
            '{"__REALTIME_TIMESTAMP": "99999999999999999999", "EVENT": "turn.done"}',
            '{"at_s": NaN, "event": "turn.done"}',
            '{"at_s": Infinity, "event": "turn.done"}',
            "[" * 100_000,
        ],
    )
    def test_what_is_damaged_is_refused_and_not_drawn(self, line: str) -> None:
        with pytest.raises(ValueError, match=r"no time|not a line|invalid literal"):
            entry(line)

    def test_what_is_no_finite_number_is_none_and_nothing_moves_the_cursor_of_a_terminal(self) -> None:
        mad = done(0.0, 1, first_audio_ms="nan", total_tokens="inf", underruns="-inf", outcome="\x1b[2Jboo\x9b")
        one = turn(mad)
        assert (one.first_audio_ms, one.tokens, one.underruns, one.outcome) == (None, 0, 0, "\\x1b[2Jboo\\x9b")
        assert page([mad, told(1.0, "device.health", memory_mib="nan")], UTC, made_s=NOON_S)

    def test_a_field_that_is_too_long_is_left_out(self) -> None:
        found = entry(self.exported(EVENT="link.lost", MESSAGE=None))
        assert found is not None
        assert found.words == ""

    def test_what_systemd_warns_of(self) -> None:
        said = "vocative.service: Failed with result 'watchdog'."
        found = entry(self.exported(MESSAGE=said, PRIORITY="4", _PID="1"))
        assert found is not None
        assert (found.event, found.is_fault) == (OF_SYSTEMD, True)

    @pytest.mark.parametrize("fields", [{"_PID": "1", "PRIORITY": "6"}, {"_PID": "77", "PRIORITY": "3"}, {}])
    def test_other_lines_are_passed_over(self, fields: dict[str, str]) -> None:
        assert entry(self.exported(MESSAGE="Started.", **fields)) is None

    @pytest.mark.parametrize("line", ["", "not json", "[]", "3", "{}", '{"at_s": "now", "event": "a.b"}'])
    def test_what_is_no_journal_is_refused(self, line: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            entry(line)

    @given(st.integers(0, 10**6), st.sampled_from(list(Level)), st.text(max_size=40))
    def test_both_formats_tell_the_same(self, first_audio_ms: int, level: Level, reason: str) -> None:
        """What the daemon writes to a file and what it sends to journald is read as the same."""
        sent: list[tuple[str, ...]] = []
        lines: list[str] = []

        class Line:
            def write(self, text: str) -> int:
                lines.append(text)
                return len(text)

        for sink in (JsonLinesSink(Line()), JournaldSink(lambda *fields: sent.append(fields))):  # type: ignore[arg-type]  # no more of a file is used
            Journal(sink, clock=lambda: NOON_S).tell(
                "turn.done", level=level, turn_id=3, outcome="answered", first_audio_ms=first_audio_ms, reason=reason
            )
        from_file = entry(lines[0])
        from_journald = entry(self.exported(**dict(field.split("=", 1) for field in sent[0])))
        assert from_file is not None
        assert from_journald is not None
        assert turn(from_file) == turn(from_journald)
        assert from_file.words == from_journald.words
        assert from_file.is_fault == from_journald.is_fault


class TestReading:
    def test_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.jsonl"
        path.write_text(
            '{"at_s": 1.0, "event": "link.up", "level": "info"}\n\n{"at_s": 2, "event": "a.b", "level": "debug"}\n'
        )
        assert [one.event for one in read(Source(path))] == ["link.up", "a.b"]

    def test_a_clock_that_was_set_back_brings_nothing_out_of_order(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.jsonl"
        path.write_text('{"at_s": 9.0, "event": "a.b"}\n{"at_s": 2.0, "event": "link.up"}\n')
        assert [one.at_s for one in read(Source(path))] == [2.0, 9.0]

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO('{"at_s": 1.0, "event": "link.up"}\n'))
        assert [one.event for one in read(Source(Path("-")))] == ["link.up"]

    def test_a_mistake_is_told_with_its_line(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.jsonl"
        path.write_text('{"at_s": 1.0, "event": "link.up"}\nMon 14 vocative[1]: Ready\n')
        with pytest.raises(ConfigurationError, match=r"journal\.jsonl:2: "):
            read(Source(path))

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read(Source(tmp_path / "none"))

    def test_a_file_is_read_as_a_whole(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="--since"):
            read(Source(tmp_path / "none", since="today"))

    @pytest.fixture
    def journalctl(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A program of that name, which does what the test has written."""
        program = tmp_path / "journalctl"
        program.write_text("#!/bin/sh\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return program

    def test_journalctl_is_asked_for_the_service_and_the_time(self, journalctl: Path) -> None:
        asked = journalctl.parent / "asked"
        line = '{"__REALTIME_TIMESTAMP": "5000000", "EVENT": "daemon.ready", "MESSAGE": "Ready", "PRIORITY": "6"}'
        journalctl.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{asked}\necho '{line}'\n")
        (found,) = read(Source(since="yesterday", until="-1 hour"))
        assert (found.at_s, found.words) == (5.0, "Ready")
        words = asked.read_text().splitlines()
        assert words[:5] == ["--no-pager", "-u", "vocative", "-o", "json"]
        assert words[6:] == ["--since=yesterday", "--until=-1 hour"]
        assert words[5].startswith("--output-fields=EVENT,MESSAGE,PRIORITY,")

    def test_without_the_rights(self, journalctl: Path) -> None:
        hint = "Hint: You are currently not seeing messages from other users and the system."
        journalctl.write_text(f"#!/bin/sh\necho '{hint}' >&2\n")
        with pytest.raises(ConfigurationError, match=r"sudo.*systemd-journal"):
            read(Source())

    def test_what_journalctl_refuses(self, journalctl: Path) -> None:
        journalctl.write_text("#!/bin/sh\necho 'Failed to parse timestamp: soon' >&2\nexit 1\n")
        with pytest.raises(ConfigurationError, match="Failed to parse timestamp: soon"):
            read(Source(since="soon"))

    def test_nothing_yet(self, journalctl: Path) -> None:
        assert read(Source()) == []

    def test_no_systemd(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ConfigurationError, match="--file"):
            read(Source())


class TestTable:
    def test_turns_and_what_went_wrong_between_them(self) -> None:
        shown = [
            done(0.0),
            lost(30.0),
            done(62.0, 2, outcome="interrupted", underruns=2, stutters=3, xruns=1, first_audio_ms=18_893),
            told(12 * 3600.0, "turn.done", turn_id=3, outcome="empty", listened_ms=8000, underruns=0),
        ]
        assert list(table(shown, UTC)) == [
            "Monday, 14 September 2026",
            "          asked for  first sound   spoken  ran dry  stuttered   tokens",
            "12:00:00      2.1 s       412 ms    6.3 s        -          -     1234   answered",
            "12:00:30  ! Lost the connection: close 1006",
            "12:01:02      2.1 s       18.9 s    6.3 s        2          4     1234   stopped in the answer",
            "",
            "Tuesday, 15 September 2026",
            "          asked for  first sound   spoken  ran dry  stuttered   tokens",
            "00:00:00        8 s            -        -        -          -        -   nothing was said",
        ]

    def test_the_newest_turns_with_the_faults_since_then(self) -> None:
        all_ = [
            lost(0.0),
            done(1.0, 1),
            told(1.5, "link.up"),
            lost(2.0),
            done(3.0, 2),
            lost(4.0),
            done(5.0, 3),
            lost(6.0),
        ]
        assert [one.at_s - NOON_S for one in newest(all_, 2)] == [3.0, 4.0, 5.0, 6.0]
        assert [one.at_s - NOON_S for one in newest(all_, 9)] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        assert newest([told(1.5, "link.up")], 2) == []

    def test_for_a_program(self) -> None:
        first, second = (json.loads(line) for line in as_json([done(0.0), lost(30.0)], UTC))
        assert datetime.fromisoformat(first.pop("at")).timestamp() == NOON_S
        assert first == {
            "turn_id": "1",
            "outcome": "answered",
            "asked_ms": 2140.0,
            "first_audio_ms": 412.0,
            "sounded_ms": 6300.0,
            "underruns": 0,
            "stutters": 0,
            "xruns": 0,
            "tokens": 1234,
        }
        assert (second["fault"], second["words"]) == ("link.lost", "Lost the connection: close 1006")


class TestScale:
    @given(st.floats(0, 1e9, allow_nan=False), st.booleans())
    def test_an_axis_goes_up_in_even_steps_to_what_is_to_be_seen(self, highest: float, whole: bool) -> None:
        ticks = scale.heights(highest, whole=whole)
        values = [tick.at for tick in ticks]
        assert values[0] == 0.0
        assert values[-1] >= highest * (1 - 1e-6)
        assert 2 <= len(values) <= 7
        steps = [after - before for before, after in pairwise(values)]
        assert max(steps) == pytest.approx(min(steps))
        assert len({tick.label for tick in ticks}) == len(ticks)
        assert not whole or all(value == int(value) for value in values)

    @settings(deadline=None)
    @given(
        st.floats(1.6e9, 1.9e9),
        st.one_of(st.floats(0, 3e5), st.floats(0, 4e7)),
        st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")]),
    )
    def test_a_period_holds_all_and_its_pieces_follow_each_other(
        self, at_s: float, for_s: float, zone: ZoneInfo
    ) -> None:
        period = scale.Period.of(at_s, at_s + for_s, zone)
        assert period.begin_s <= at_s
        assert at_s + for_s < period.end_s
        lengths = [after - before for before, after in pairwise(period.edges_s)]
        assert all(length > 0 for length in lengths)
        for edge_s in period.edges_s if period.by_day else ():
            assert datetime.fromtimestamp(edge_s, zone).hour == 0
        ticks = list(period.ticks())
        assert 2 <= len(ticks) <= 12
        assert all(period.begin_s <= tick.at <= period.end_s for tick in ticks)

    def test_a_day_on_which_summer_time_ends_is_longer(self) -> None:
        begin_s = datetime(2026, 10, 20, tzinfo=BERLIN).timestamp()
        period = scale.Period.of(begin_s, begin_s + 12 * scale.DAY_S, BERLIN)
        lengths = {after - before for before, after in pairwise(period.edges_s)}
        assert lengths == {86_400.0, 90_000.0}


class TestFigures:
    @given(st.lists(st.floats(0, 1e6), min_size=1))
    def test_a_spread_is_of_numbers_that_were_there_and_in_order(self, numbers: list[float]) -> None:
        found = figures.spread(numbers)
        assert found is not None
        assert {found.half, found.nine_tenths, found.most} <= set(numbers)
        assert found.half <= found.nine_tenths <= found.most
        assert sum(number <= found.half for number in numbers) >= len(numbers) / 2
        assert sum(number <= found.nine_tenths for number in numbers) >= len(numbers) * 0.9

    def test_no_numbers_have_no_spread(self) -> None:
        assert figures.spread([]) is None

    def test_an_outage_lasts_from_the_first_failure_until_there_is_a_link(self) -> None:
        failed = told(11.0, "link.failed", priority=4)
        found = figures.outages([lost(10.0), failed, told(25.0, "link.up"), lost(40.0), told(50.0, "daemon.stopped")])
        assert [(one.begin_s - NOON_S, one.end_s - NOON_S) for one in found] == [(10.0, 25.0), (40.0, 50.0)]

    def test_one_that_goes_on_lasts_until_the_last_line(self) -> None:
        (found,) = figures.outages([told(0.0, "link.up"), lost(10.0), done(30.0)])
        assert found.end_s == NOON_S + 30.0

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e5)), max_size=5))
    def test_no_second_without_a_connection_is_lost_or_counted_twice(self, spells: list[tuple[float, float]]) -> None:
        found = [figures.Outage(NOON_S + begin, NOON_S + begin + length) for begin, length in spells]
        period = scale.Period.of(NOON_S, NOON_S + 1.2e6, BERLIN)
        seconds = figures.without_connection(found, period)
        assert sum(seconds) == pytest.approx(sum(length for _, length in spells), abs=1e-3)

    def test_faults_that_differ_by_numbers_are_of_one_kind(self) -> None:
        kinds = figures.faults([lost(0.0, "close 1006"), lost(1.0, "close 1011"), lost(2.0, "no route"), done(3.0)])
        assert [(kind.count, kind.words) for kind in kinds] == [
            (1, "Lost the connection: no route"),
            (2, "Lost the connection: close 1011"),
        ]


class Reader(HTMLParser):
    """What is in a page: its texts, its pictures, and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [str(value) for name, value in attrs if name in {"src", "href", "srcset"}]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def opened(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


DAYS = [
    entry
    for day in range(12)
    for entry in (
        done(day * 86_400.0, 2 * day, first_audio_ms=300 + 50 * day, underruns=day % 3),
        lost(day * 86_400.0 + 60),
        told(day * 86_400.0 + 90, "link.up"),
        told(day * 86_400.0 + 100, "device.health", memory_mib=80.0 + day, temperature_c=50.0 + day),
        done(day * 86_400.0 + 200, 2 * day + 1, outcome="interrupted", cost_estimate=0.01, currency="USD"),
    )
]


class TestPage:
    @pytest.mark.parametrize("kept", [[], [done(0.0)], [told(0.0, "daemon.ready")], [lost(0.0)], DAYS[:5], DAYS])
    def test_whatever_was_kept_it_is_one_page_with_whole_pictures(self, kept: list[Entry]) -> None:
        html = page(kept, BERLIN, made_s=NOON_S)
        reader = opened(html)
        assert reader.fetched == []
        assert "script" not in reader.tags
        assert not re.search(r"url\(|@import|https?:", html)
        assert not re.search(r"\b(nan|inf|None)\b(?! did)", html)
        for picture in re.findall(r"<svg.*?</svg>", html):
            ET.fromstring(picture)  # noqa: S314 - our own

    def test_it_shows_what_the_journal_tells(self) -> None:
        reader = opened(page(DAYS, UTC, made_s=NOON_S))
        texts = "\n".join(reader.texts)
        for words in ("How soon it answers", "by the hour of the day", "Tokens per day", "Temperature", "Memory"):
            assert words in texts
        assert "Lost 12 times, for 6 min in all, 30 s at most." in texts
        assert reader.tags.count("svg") == 8

    def test_what_was_not_told_is_said_to_be_missing(self) -> None:
        texts = "\n".join(opened(page([done(0.0)], UTC, made_s=NOON_S)).texts)
        assert "nothing of this time about: memory, temperature." in texts

    def test_nothing_in_the_journal_becomes_part_of_the_page(self) -> None:
        fault = told(0.0, "tool.refused", priority=4, words="<script>alert(1)</script> & more")
        html = page([fault, done(1.0, currency="<b>", cost_estimate=1.0)], UTC, made_s=NOON_S)
        assert "<script>" not in html
        assert "<b><" not in html
        assert "<script>alert(1)</script> & more" in "".join(opened(html).texts)

    @settings(deadline=None, max_examples=30)
    @given(st.lists(st.tuples(st.floats(0, 5e6), st.integers(0, 10**6), st.integers(0, 50)), min_size=1, max_size=30))
    def test_every_mark_lies_in_its_picture(self, given: list[tuple[float, int, int]]) -> None:
        kept = [done(at, first_audio_ms=latency, underruns=dry) for at, latency, dry in sorted(given)]
        for picture in re.findall(r"<svg.*?</svg>", page(kept, UTC, made_s=NOON_S)):
            for rect in re.findall(
                r'<rect[^>]* x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"', picture
            ):
                left, top, width, height = map(float, rect)
                assert 0 <= left <= left + width <= charts.WIDTH
                assert 0 <= top <= top + height <= charts.HEIGHT


class TestCommands:
    @pytest.fixture
    def kept(self, tmp_path: Path) -> Path:
        path = tmp_path / "journal.jsonl"
        path.write_text(
            json.dumps({"at_s": NOON_S, "event": "turn.done", "level": "info", "turn_id": 1, "outcome": "answered"})
            + "\n"
        )
        return path

    def test_log(self, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["log", "--file", str(kept)]) == 0
        assert "answered" in capsys.readouterr().out

    def test_log_for_somebody_who_has_seen_enough(self, kept: Path) -> None:
        """`vocative log | head` has nothing to complain of."""
        kept.write_text(kept.read_text() * 3000)
        reads, writes = os.pipe()
        os.close(reads)
        command = [sys.executable, "-m", "daemon", "log", "--file", str(kept), "-n", "3000"]
        done = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, text=True, check=False)
        os.close(writes)
        assert (done.returncode, done.stderr) == (0, "")

    def test_log_of_nothing(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "empty").touch()
        assert cli.main(["log", "--file", str(tmp_path / "empty"), "-n", "3"]) == 0
        assert "Nobody has talked to the device" in capsys.readouterr().err

    @pytest.mark.parametrize("count", ["0", "-1", "many"])
    def test_so_many_turns_there_are_not(self, count: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            cli.main(["log", "-n", count])
        assert "argument -n" in capsys.readouterr().err

    def test_report(self, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = tmp_path / "page.html"
        assert cli.main(["report", "--file", str(kept), "--out", str(out)]) == 0
        assert out.read_text().startswith("<!doctype html>")
        assert str(out) in capsys.readouterr().out

    def test_a_report_that_cannot_be_written(self, kept: Path, tmp_path: Path) -> None:
        assert cli.main(["report", "--file", str(kept), "--out", str(tmp_path / "none" / "page.html")]) != 0
