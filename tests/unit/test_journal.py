"""The journal's promises: what a line looks like in each sink, and what never gets into one."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import ConfigurationError
from daemon.journal import (
    Journal,
    JournaldSink,
    JsonLinesSink,
    Level,
    MemorySink,
    Sink,
    TerminalSink,
    foreign_loggers_told_to,
    process_sink,
    redacted,
)
from daemon.telling.message_ids import MESSAGE_IDS

KEY = "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


def journal_to(sink: Sink) -> Journal:
    return Journal(sink, clock=lambda: 12.5)


@pytest.fixture
def memory() -> MemorySink:
    return MemorySink()


class TestLines:
    def test_a_line_has_its_time_event_level_and_fields(self, memory: MemorySink) -> None:
        journal_to(memory).warn("link.lost", session_id="s1", after_ms=3.0)
        assert memory.lines == [
            {"at_s": 12.5, "event": "link.lost", "level": "warning", "session_id": "s1", "after_ms": 3.0}
        ]

    def test_a_field_that_is_none_is_left_out(self, memory: MemorySink) -> None:
        journal_to(memory).tell("turn.done", turn_id=0, first_audio_ms=None, interrupted=False)
        assert memory.lines == [
            {"at_s": 12.5, "event": "turn.done", "level": "info", "turn_id": 0, "interrupted": False}
        ]

    def test_a_level_has_a_word_of_its_own(self, memory: MemorySink) -> None:
        journal = journal_to(memory)
        for tell in (journal.tell, journal.error, journal.warn, journal.debug):
            tell("link.failed")
        assert [line["level"] for line in memory.lines] == ["info", "error", "warning", "debug"]

    def test_lines_are_found_by_event(self, memory: MemorySink) -> None:
        journal = journal_to(memory)
        for turn_id in (1, 2):
            journal.tell("turn.begun", turn_id=turn_id)
            journal.tell("turn.done", turn_id=turn_id)
        assert [line["turn_id"] for line in memory.told("turn.done")] == [1, 2]

    @pytest.mark.parametrize("event", ["", "turn", "Turn.done", "turn.", ".done", "turn done", "turn.done\nx.y"])
    def test_what_is_no_event_name_is_refused(self, memory: MemorySink, event: str) -> None:
        with pytest.raises(AssertionError, match="not an event name"):
            journal_to(memory).tell(event)

    @pytest.mark.parametrize("name", ["Turn_id", "_private", "a-b", "x" * 65, "größe_px", ""])
    def test_what_journald_takes_for_no_field_is_refused(self, memory: MemorySink, name: str) -> None:
        with pytest.raises(AssertionError, match="not a field name"):
            journal_to(memory).tell("turn.done", level=Level.INFO, **{name: 1})

    @pytest.mark.parametrize("name", ["message", "priority", "at_s"])
    def test_the_journals_own_fields_are_not_the_tellers(self, memory: MemorySink, name: str) -> None:
        with pytest.raises(AssertionError, match="reserved"):
            journal_to(memory).tell("turn.done", level=Level.INFO, **{name: 1})

    def test_lines_of_several_threads_do_not_mix(self) -> None:
        class MeetingPlace:
            """A sink that would notice a second thread in it."""

            met = False
            barrier = threading.Barrier(2, timeout=0.1)

            def write(self, _: object) -> None:
                with suppress(threading.BrokenBarrierError):
                    self.barrier.wait()
                    self.met = True

        sink = MeetingPlace()
        journal = Journal(sink)
        threads = [threading.Thread(target=journal.tell, args=("a.b",)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not sink.met


class TestTerminal:
    def test_a_line_reads_as_a_clock_an_event_and_a_sentence(self) -> None:
        out = io.StringIO()
        journal_to(TerminalSink(out)).tell("turn.done", turn_id=3, outcome="answered", first_audio_ms=412)
        assert re.fullmatch(r"\d\d:\d\d:\d\d turn\.done +Answered after 412 ms \(turn 3\)\n", out.getvalue())

    def test_what_nobody_has_put_into_words_reads_as_its_fields(self) -> None:
        out = io.StringIO()
        journal_to(TerminalSink(out)).tell("gate.opened", turn_id=3, drift_ms=0.12345, muted=True)
        assert re.fullmatch(r"\d\d:\d\d:\d\d gate\.opened +turn_id=3 drift_ms=0\.123 muted=true\n", out.getvalue())

    def test_debug_lines_are_not_shown(self) -> None:
        out = io.StringIO()
        journal_to(TerminalSink(out)).debug("link.failed")
        assert out.getvalue() == ""

    @given(st.text())
    def test_no_text_breaks_out_of_its_line(self, text: str) -> None:
        out = io.StringIO()
        journal_to(TerminalSink(out)).tell("link.lost", reason=text)
        line = out.getvalue()
        assert line.endswith("\n")
        assert line[:-1].isprintable()

    @given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
    def test_every_text_can_be_read_back(self, text: str) -> None:
        out = io.StringIO()
        journal_to(TerminalSink(out)).tell("status.changed", reason=text)
        shown = out.getvalue()[:-1].partition("reason=")[2]
        assert (json.loads(shown) if shown.startswith('"') else shown) == redacted(text)


class TestJsonLines:
    def test_each_line_is_one_object(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.jsonl"
        with path.open("w", encoding="utf-8") as file:
            journal = journal_to(JsonLinesSink(file))
            journal.tell("turn.done", turn_id=1, first_audio_ms=12.25)
            journal.debug("link.failed", reason="größer\nals")
        first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
        assert first == {"at_s": 12.5, "event": "turn.done", "level": "info", "turn_id": 1, "first_audio_ms": 12.25}
        assert second["reason"] == "größer\nals"


class TestJournald:
    def test_an_entry_has_capital_fields_and_a_readable_message(self) -> None:
        entries: list[tuple[str, ...]] = []
        journal = journal_to(JournaldSink(lambda *fields: entries.append(fields)))
        journal.tell("turn.done", level=Level.ERROR, session_id="s1", turn_id=7, first_audio_ms=183.5, muted=False)
        assert entries == [
            (
                "MESSAGE=A turn is over (turn 7)",
                "PRIORITY=3",
                "SYSLOG_IDENTIFIER=vocative",
                "EVENT=turn.done",
                "SESSION_ID=s1",
                "TURN_ID=7",
                "FIRST_AUDIO_MS=183.5",
                "MUTED=false",
            )
        ]

    def test_what_its_owner_must_act_upon_has_a_message_id(self) -> None:
        entries: list[tuple[str, ...]] = []
        journal = journal_to(JournaldSink(lambda *fields: entries.append(fields)))
        journal.error("key.missing", remedy="Put it there.")
        journal.warn("link.lost", reason="close 1006")
        journal.warn("link.lost", reason="close 1008", remedy="Make a new one.")
        ids = [[field for field in entry if field.startswith("MESSAGE_ID=")] for entry in entries]
        assert ids == [
            [f"MESSAGE_ID={MESSAGE_IDS['key.missing']}"],
            [],
            [f"MESSAGE_ID={MESSAGE_IDS['link.lost']}"],
        ]

    def test_a_journald_that_is_gone_takes_no_turn_with_it(self) -> None:
        def refuse(*_: str) -> None:
            raise ConnectionRefusedError

        journal_to(JournaldSink(refuse)).tell("turn.done")

    @linux_only
    def test_standard_error_on_the_journal_means_journald(self, tmp_path: Path) -> None:
        with (tmp_path / "stream").open("w") as stderr:
            about = os.fstat(stderr.fileno())
            sink = process_sink({"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}, stderr)
        assert isinstance(sink, JournaldSink)

    @pytest.mark.parametrize("environ", [{}, {"JOURNAL_STREAM": ""}, {"JOURNAL_STREAM": "8:1"}])
    def test_standard_error_elsewhere_means_a_terminal(self, tmp_path: Path, environ: dict[str, str]) -> None:
        """A shell under systemd inherits JOURNAL_STREAM, but not the stream."""
        with (tmp_path / "stream").open("w") as stderr:
            assert isinstance(process_sink(environ, stderr), TerminalSink)

    def test_a_journal_without_systemd_python_is_a_fault_with_its_remedy(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "systemd.journal", None)
        with (tmp_path / "stream").open("w") as stderr:
            about = os.fstat(stderr.fileno())
            with pytest.raises(ConfigurationError, match="pip install"):
                process_sink({"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}, stderr)


class TestSecrets:
    @pytest.mark.parametrize(
        "text",
        [
            KEY,
            f"wss://host/ws?key={KEY}&alt=json",
            "GET /ws?key=abc123 HTTP/1.1",
            "api_key=abc123",
            "auth_tokens/abc123abc123abc123",
            "access_token=abc123",
            "{'x-goog-api-key': 'abc123', 'a': 1}",
            "Authorization: Bearer abc123",
            "authorization=Token abc123",
        ],
    )
    def test_what_looks_like_a_secret_is_removed(self, text: str) -> None:
        clean = redacted(text)
        assert "[removed]" in clean
        assert KEY[4:] not in clean
        assert "abc123" not in clean

    def test_what_stands_around_a_secret_stays(self) -> None:
        assert redacted(f"wss://host/ws?key={KEY}&alt=json") == "wss://host/ws?key=[removed]&alt=json"

    @pytest.mark.parametrize(
        "text", ["close 1008 API key not valid", "models/gemini-3.8-live", "", "the key is missing"]
    )
    def test_innocent_texts_stay(self, text: str) -> None:
        assert redacted(text) == text

    def test_no_sink_gets_to_see_a_secret(self, memory: MemorySink) -> None:
        journal_to(memory).tell("link.failed", reason=f"no such key: {KEY}")
        assert memory.lines[0]["reason"] == "no such key: [removed]"

    def test_no_sentence_tells_one(self) -> None:
        entries: list[tuple[str, ...]] = []
        out = io.StringIO()
        for sink in (JournaldSink(lambda *fields: entries.append(fields)), TerminalSink(out)):
            journal_to(sink).tell("link.failed", reason=f"no such key: {KEY}")
        assert "MESSAGE=No connection: no such key: [removed]" in entries[0]
        assert KEY[4:] not in repr(entries) + out.getvalue()


class TestForeignLoggers:
    @pytest.fixture(autouse=True)
    def _routed(self, memory: MemorySink) -> Iterator[None]:
        with foreign_loggers_told_to(journal_to(memory)):
            yield

    def test_a_warning_is_told(self, memory: MemorySink) -> None:
        logging.getLogger("google_genai._api_client").warning("Both keys are set: %s", KEY)
        (line,) = memory.told("library.said")
        assert line["logger"] == "google_genai._api_client"
        assert line["level"] == "warning"
        assert line["text"] == "Both keys are set: %s"

    def test_chatter_is_not(self, memory: MemorySink) -> None:
        logging.getLogger("websockets.client").info("connection open")
        assert memory.lines == []

    def test_a_key_in_the_message_is_removed(self, memory: MemorySink) -> None:
        logging.getLogger("google_genai").error(f"refused {KEY}")
        assert memory.lines[0]["text"] == "refused [removed]"

    def test_of_an_exception_only_its_kind_is_told(self, memory: MemorySink) -> None:
        error = ValueError("what the user said")
        logging.getLogger("websockets.server").error("handler failed", exc_info=error)
        logging.getLogger("google_genai").warning("Failed: %s", error)
        assert [line["error"] for line in memory.lines] == ["ValueError", "ValueError"]
        assert "what the user said" not in repr(memory.lines)

    def test_asyncios_reprs_are_not_told(self, memory: MemorySink) -> None:
        async def story() -> None:
            context = {"message": "Task exception was never retrieved", "future": "what the user said"}
            asyncio.get_running_loop().call_exception_handler(context)

        asyncio.run(story())
        (line,) = memory.lines
        assert (line["logger"], line["text"]) == ("asyncio", "Task exception was never retrieved")
        assert "what the user said" not in repr(memory.lines)

    def test_python_warnings_are_told(self, memory: MemorySink) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)  # catch_warnings brought its own hook along
            logging.captureWarnings(True)
            warnings.warn("ephemeral tokens are experimental", UserWarning, stacklevel=1)
        assert "ephemeral tokens are experimental" in str(memory.lines[0]["text"])
        assert memory.lines[0]["logger"] == "py.warnings"

    def test_afterwards_nothing_is_left_behind(self) -> None:
        before = list(logging.getLogger().handlers)
        with foreign_loggers_told_to(journal_to(MemorySink())):
            assert len(logging.getLogger().handlers) == len(before) + 1
        assert logging.getLogger().handlers == before


@linux_only
def test_the_journal_costs_a_laptop_no_systemd() -> None:
    """Importing the room loads nothing of systemd: it is met on first use."""
    script = "import sys, daemon.journal; print([name for name in sys.modules if 'systemd' in name])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
