"""Where each key stands in a TOML text, and how it is written there: what `tomllib` does not tell.

`tomllib` remains the judge of what is TOML and of every value. This scanner only walks over the same text, so it
accepts more than TOML does, but it walks every valid text right (a test holds it against `tomllib`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys from the root, with indices where arrays are."""

_KEY: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_BLANK: Final = re.compile(r"[ \t]*")
_NOTHING: Final = re.compile(r"(?:\s|#[^\n]*)*")
"""White space, line ends and comments."""
_SCALAR: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'  # up to two quotes may stand before the closing three
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]+"  # a date and a time may be parted by a space
    r"|[^\s,\[\]{}#=\"']+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key, a section or an array's item is written."""

    path: Path
    line: int
    """Counted from 1; of the key, of the header, or of an array's item."""
    column: int
    """Counted from 1, in characters."""
    last_line: int
    """Where its value ends."""
    written: str
    """The value as it is written, or the whole header of a section."""
    header: bool = False


class ScanError(Exception):
    """The text is not TOML. `statement_line` is where the statement begins that cannot be walked over."""

    def __init__(self, statement_line: int) -> None:
        super().__init__(f"the statement in line {statement_line} cannot be walked over")
        self.statement_line: Final = statement_line


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._statement_at = 0
        self._items: dict[Path, int] = {}
        """How many items each array of tables has."""

    def places(self) -> Iterator[Place]:
        section: Path = ()
        while True:
            self._take(_NOTHING)
            self._statement_at = self._at
            if self._at == len(self._text):
                return
            if self._text[self._at] == "[":
                header = self._header()
                section = header.path
                yield header
            else:
                yield from self._pair(section)

    def _place(self, path: Path, start: int, value_start: int, *, header: bool = False) -> Place:
        """Return the place that begins at `start` and ends here."""
        column = start - self._text.rfind("\n", 0, start)
        written = self._text[value_start : self._at]
        return Place(path, self._line(start), column, self._line(self._at), written, header)

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _stuck(self) -> ScanError:
        return ScanError(self._line(self._statement_at))

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise self._stuck()
        self._at = match.end()
        return match[0]

    def _expect(self, literal: str) -> None:
        if not self._text.startswith(literal, self._at):
            raise self._stuck()
        self._at += len(literal)

    def _next_is(self, literal: str) -> bool:
        return self._text.startswith(literal, self._at)

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._take(_BLANK)
            part = self._take(_KEY)
            parts.append(self._unquoted(part))
            self._take(_BLANK)
            if not self._next_is("."):
                return tuple(parts)
            self._expect(".")

    def _unquoted(self, part: str) -> str:
        if part[0] not in "\"'":
            return part
        try:
            return str(tomllib.loads(f"key = {part}")["key"])
        except tomllib.TOMLDecodeError:
            raise self._stuck() from None

    def _header(self) -> Place:
        start = self._at
        brackets = 2 if self._next_is("[[") else 1
        self._expect("[" * brackets)
        key = self._key()
        self._expect("]" * brackets)
        path = self._in_last_items(key[:-1])
        if brackets == 2:
            array = (*path, key[-1])
            index = self._items.get(array, 0)
            self._items[array] = index + 1
            path = (*array, index)
        else:
            path = self._in_last_items(key)
        return self._place(path, start, start, header=True)

    def _in_last_items(self, key: tuple[str, ...]) -> Path:
        """Return the path of `key`, leading into the newest item of every array of tables on the way."""
        path: Path = ()
        for part in key:
            path = (*path, part)
            if path in self._items:
                path = (*path, self._items[path] - 1)
        return path

    def _pair(self, section: Path) -> Iterator[Place]:
        start = self._at
        path = section + self._key()
        self._expect("=")
        yield from self._value(path, start)

    def _value(self, path: Path, key_start: int | None = None) -> Iterator[Place]:
        self._take(_NOTHING)
        start = self._at
        inner: list[Place] = []
        if self._next_is("["):
            inner.extend(self._array(path))
        elif self._next_is("{"):
            inner.extend(self._table(path))
        else:
            self._take(_SCALAR)
        yield self._place(path, start if key_start is None else key_start, start)
        yield from inner

    def _array(self, path: Path) -> Iterator[Place]:
        self._expect("[")
        index = 0
        while True:
            self._take(_NOTHING)
            if self._next_is("]"):
                break
            yield from self._value((*path, index))
            index += 1
            self._take(_NOTHING)
            if self._next_is(","):
                self._expect(",")
        self._expect("]")

    def _table(self, path: Path) -> Iterator[Place]:
        self._expect("{")
        while True:
            self._take(_NOTHING)
            if self._next_is("}"):
                break
            yield from self._pair(path)
            self._take(_NOTHING)
            if self._next_is(","):
                self._expect(",")
        self._expect("}")


def places(text: str) -> Iterator[Place]:
    """Yield a place for each key, section header and array item of `text`, in the order of their beginnings.

    Lines must end in a line feed alone, as `tomllib` reads them.

    Raises:
        ScanError: At the first thing that cannot be walked over; what came before was yielded.
    """
    return _Scanner(text).places()
