"""The diary of the device: events with numbers, for journald, a terminal, a file, or a test.

A line is an event (a dotted lower-case name) and fields with units in their names, never prose; the words for it are
made here, by the table in `sentences`. Under systemd it becomes a journal entry: the sentence as its MESSAGE, `EVENT=`,
every field in capitals (`SESSION_ID=`, `TURN_ID=`, `FIRST_AUDIO_MS=`), and a `MESSAGE_ID=` if its owner must act upon
it. Elsewhere it goes to standard error. Which of the two is decided once, by whether standard error *is* the journal;
neither stands in for the other.

What must not be kept does not get in: audio and transcripts are for callers to withhold, keys and tokens are removed
here from every text.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol, TextIO

from .errors import ConfigurationError
from .keys.credentials import KEY_LIKE
from .telling.message_ids import message_id
from .telling.sentences import sentence
from .telling.wording import Value


class Level(IntEnum):
    """How much a line matters; the numbers are syslog's, which journald keeps in PRIORITY."""

    ERROR = 3
    WARNING = 4
    INFO = 6
    DEBUG = 7


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal, free of secrets."""

    at_s: float
    """When it was told, by the journal's clock."""
    event: str
    level: Level
    fields: Mapping[str, Value]

    @property
    def words(self) -> str:
        """What happened, in one printable line: a sentence, or `key=value …` where nobody has written one."""
        fields = (f"{name}={_shown(value)}" for name, value in self.fields.items())
        return sentence(self.event, self.fields) or " ".join(fields)

    @property
    def text(self) -> str:
        """The line as a person reads it, who does not see the event: a sentence, or `event key=value …`."""
        return sentence(self.event, self.fields) or f"{self.event} {self.words}".rstrip()

    def as_dict(self) -> dict[str, Value]:
        """Return the line flat: `at_s`, `event`, `level` ("info", …) and the fields beside them."""
        return {"at_s": self.at_s, "event": self.event, "level": self.level.name.lower(), **self.fields}


class Sink(Protocol):
    """Where lines go. One at a time, but from any thread: foreign libraries warn from theirs."""

    def write(self, line: Line) -> None:
        """Take one line. Neither waits for the network nor keeps the loop for more than a write."""
        ...


class Journal:
    """What the daemon's rooms tell their events to; handed around, never global."""

    def __init__(self, sink: Sink, *, clock: Callable[[], float] = time.time) -> None:
        """Write to `sink`; `clock` gives `Line.at_s`: seconds since 1970, or a loop's time in a rehearsal."""
        self._sink = sink
        self._clock = clock
        self.overheard: Callable[[Line], object] = lambda _: None
        """Called with each line once it is written, on the thread that told it. Must not raise, nor wait."""
        self._lock = threading.RLock()  # re-entrant: a ResourceWarning may be told from within a write

    def tell(self, event: str, /, *, level: Level = Level.INFO, **fields: Value | None) -> None:
        """Write that `event` happened, with those of `fields` that are not None.

        Field names are lower case and end in their unit (`first_audio_ms`); `session_id` and `turn_id` are given
        where they apply. Texts are one-liners; what looks like a key or token in them is removed.
        """
        assert _EVENT.fullmatch(event), f"not an event name: {event!r}"
        assert not _RESERVED & fields.keys(), f"{event} uses a reserved field name"
        clean: dict[str, Value] = {}
        for name, value in fields.items():
            assert _FIELD.fullmatch(name), f"not a field name: {name!r}"
            if value is not None:
                clean[name] = redacted(value) if isinstance(value, str) else value
        with self._lock:
            line = Line(self._clock(), event, level, clean)
            self._sink.write(line)
        self.overheard(line)

    def error(self, event: str, /, **fields: Value | None) -> None:
        """`tell` at ERROR: something that only its owner can mend."""
        self.tell(event, level=Level.ERROR, **fields)

    def warn(self, event: str, /, **fields: Value | None) -> None:
        """`tell` at WARNING: the first failure of a cycle."""
        self.tell(event, level=Level.WARNING, **fields)

    def debug(self, event: str, /, **fields: Value | None) -> None:
        """`tell` at DEBUG: a failure's repetitions, and what only its developer asks for."""
        self.tell(event, level=Level.DEBUG, **fields)


# --- sinks -----------------------------------------------------------------------------------------


class MemorySink:
    """Keeps every line for a test to look at."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Value]] = []

    def write(self, line: Line) -> None:
        """Append the line as `Line.as_dict` shows it."""
        self.lines.append(line.as_dict())

    def told(self, event: str) -> list[dict[str, Value]]:
        """Return the lines of `event`, oldest first."""
        return [line for line in self.lines if line["event"] == event]


class JsonLinesSink:
    """Writes one JSON object a line; the file is the caller's to close."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: Line) -> None:
        """Append the line as `Line.as_dict` shows it."""
        self._file.write(json.dumps(line.as_dict(), ensure_ascii=False) + "\n")


class TerminalSink:
    """Writes `HH:MM:SS event  sentence`, local time, for somebody who watches; without DEBUG lines."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: Line) -> None:
        """Write and flush the line."""
        if line.level < Level.DEBUG:
            clock = time.strftime("%H:%M:%S", time.localtime(line.at_s))
            self._file.write(f"{clock} {line.event:<{_EVENT_COLUMN}} {line.words}".rstrip() + "\n")
            self._file.flush()


class JournaldSink:
    """Sends journal entries through systemd-python's `sendv`, which takes `NAME=value` strings.

    DEBUG lines are sent too: `LogLevelMax=` of the unit decides what is kept. While no journald takes lines, they are
    lost: losing the conversation for them would be worse.
    """

    def __init__(self, sendv: Callable[..., object]) -> None:
        self._sendv = sendv

    def write(self, line: Line) -> None:
        """Send the line as one entry; its time is journald's own."""
        fields = {"EVENT": line.event, **{name.upper(): _plain(value) for name, value in line.fields.items()}}
        if told := message_id(line.event, line.fields):
            fields = {"MESSAGE_ID": told, **fields}
        with suppress(OSError):
            self._sendv(
                f"MESSAGE={line.text}",
                f"PRIORITY={int(line.level)}",
                "SYSLOG_IDENTIFIER=vocative",
                *(f"{name}={value}" for name, value in fields.items()),
            )


def process_sink(environ: Mapping[str, str], stderr: TextIO) -> JournaldSink | TerminalSink:
    """Return journald's sink if `stderr` is connected to the journal (JOURNAL_STREAM, systemd.exec(5)), else stderr's.

    Raises:
        ConfigurationError: It is connected to the journal, but systemd-python is not installed.
    """
    if not _is_journal(environ.get("JOURNAL_STREAM", ""), stderr):
        return TerminalSink(stderr)
    try:
        from systemd.journal import sendv
    except ImportError as missing:
        fault = "systemd-python is not installed: run `pip install 'vocative[journal]'` in vocative's environment."
        raise ConfigurationError((fault,)) from missing
    return JournaldSink(sendv)


def _is_journal(journal_stream: str, stderr: TextIO) -> bool:
    """Tell whether `stderr` is the stream that systemd named as "device:inode"; a child's redirected one is not."""
    if not journal_stream:
        return False
    about = os.fstat(stderr.fileno())
    return journal_stream == f"{about.st_dev}:{about.st_ino}"


# --- other people's loggers ------------------------------------------------------------------------


@contextmanager
def foreign_loggers_told_to(journal: Journal) -> Iterator[None]:
    """Tell what libraries log at WARNING and above, and Python's warnings, to `journal` as `library.said` while inside.

    Only the first line of the message before its arguments are filled in, and the name of the exception's class, are
    kept. Arguments, tracebacks, and the `repr`s that asyncio puts on the following lines may hold what was said
    (hardware.md section 7).
    """
    root = logging.getLogger()
    listener = _Listener(journal)
    root.addHandler(listener)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(listener)


class _Listener(logging.Handler):
    """The one handler on the root logger."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Tell the record's harmless part."""
        exceptions = [record.exc_info[1]] if record.exc_info else []
        exceptions += [argument for argument in record.args or () if isinstance(argument, BaseException)]
        self._journal.tell(
            "library.said",
            level=Level.ERROR if record.levelno >= logging.ERROR else Level.WARNING,
            logger=record.name,
            text=redacted(str(record.msg).partition("\n")[0])[:_FOREIGN_TEXT_CHARACTERS],  # whole keys only are found
            error=type(exceptions[0]).__name__ if exceptions else None,
        )


# --- texts -----------------------------------------------------------------------------------------


def redacted(text: str) -> str:
    """Return `text` without what looks like a key or token, or stands where a URL or header has one."""
    for secret in (_IN_URL, _IN_HEADER):
        text = secret.sub(rf"\1{_REMOVED}", text)
    return KEY_LIKE.sub(_REMOVED, text)


_EVENT_COLUMN: Final = 18
_FOREIGN_TEXT_CHARACTERS: Final = 200
_EVENT: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")  # journald's limit
_RESERVED: Final = frozenset({"at_s", "event", "level", "message", "message_id", "priority", "syslog_identifier"})
_REMOVED: Final = "[removed]"
_IN_URL: Final = re.compile(r"(\b\w*(?:key|token)=)[^\s&#'\"]+")
_IN_HEADER: Final = re.compile(
    r"(\b(?:x-goog-api-key|authorization)['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|token)\s+)?)[^\s'\",]+", re.IGNORECASE
)


def _plain(value: Value) -> str:
    """Return a value for a machine or a terminal: no needless digits, `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


def _shown(value: Value) -> str:
    """Return `_plain`, quoted where it would not read as one printable word."""
    plain = _plain(value)
    if plain and plain.isprintable() and not re.search(r'[\s"=]', plain):
        return plain
    return json.dumps(plain, ensure_ascii=not plain.isprintable())
