"""Faults of the TOML itself, as many as can be found at once, in words for somebody who seldom writes TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from .fault import WHERE_KEYS_BELONG, Fault, pair, secret, shown
from .places import Place, ScanError, places
from .suggestions import FALSE_WORDS, TRUE_WORDS, header, sections

_MOST_FAULTS: Final = 20
"""Past these, what is found is more likely a consequence of what was found before."""
_WHERE: Final = re.compile(r"\(at line (\d+), column (\d+)\)$")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*[=:]")
_STATEMENT: Final = re.compile(r"\s*(?P<key>[\w.\"'-]+)\s*(?P<sign>[=:])?\s*(?P<value>.*?)\s*")
_COMMENT: Final = re.compile(r"\s+#[^\"']*$")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What could be read of a file."""

    data: dict[str, Any] | None
    """The values; without those in the lines of the faults. None if too little is left to judge."""
    text: str
    """The text that `data` was read from: the faulty lines are empty in it, so that lines keep their numbers."""
    faults: tuple[Fault, ...]


def parse(text: str) -> Parsed:
    """Read `text` as TOML; after a fault go on without the lines it spoils, where they can be told."""
    lines = text.split("\n")
    faults: list[Fault] = []
    while len(faults) < _MOST_FAULTS:
        faults += _single_headers(lines)
        text = "\n".join(lines)
        try:
            return Parsed(tomllib.loads(text), text, tuple(faults))
        except tomllib.TOMLDecodeError as error:
            fault, spoilt = _explained(text, lines, error)
        about = (_KEY.match(lines[number - 1]) for number in spoilt)
        names = frozenset(match[1].rpartition(".")[2] for match in about if match)
        faults.append(Fault(fault.line, fault.text, fault.column, names))
        if not spoilt:
            break
        for number in spoilt:
            lines[number - 1] = ""
    return Parsed(None, text, tuple(faults))


def _single_headers(lines: list[str]) -> list[Fault]:
    """Give two brackets, in `lines`, to the headers of what there may be several of; return a fault for each."""
    faults = []
    try:
        for place in places("\n".join(lines)):
            name = ".".join(part for part in place.path if isinstance(part, str))
            if place.header and not place.written.startswith("[[") and name in sections() and "." in name:
                reason = f"there may be several of these, so that two brackets are needed; write {header(name)}"
                faults.append(Fault(place.line, f"{shown(place.written)}: {reason}", place.column))
                here, at = lines[place.line - 1], place.column - 1
                lines[place.line - 1] = f"{here[:at]}[{place.written}]{here[at + len(place.written) :]}"
    except ScanError:
        pass  # what comes after it is looked at when it has been taken out
    return faults


def _explained(text: str, lines: list[str], error: tomllib.TOMLDecodeError) -> tuple[Fault, range]:
    """Return the fault behind `error`, and the lines to leave out to read on; none if reading on makes no sense."""
    message = str(error)
    line, column = _where(message, lines)
    here = lines[line - 1]
    if _spoils_itself(here, column):
        header = here.lstrip().startswith("[")
        spoilt = range(line, _next_header(lines, line) if header else line + 1)
        return Fault(line, _header_fault(here) if header else _pair_fault(here, message), column), spoilt
    twice = _set_twice(text, line)
    if twice is not None:
        return _twice_fault(*twice)
    open_line = _statement_line(text) or line
    if open_line != line:
        here, column = lines[open_line - 1], len(lines[open_line - 1]) + 1
        reason = "a quote or a bracket that begins here does not end"
        if "end of document" not in message:
            reason += f", or something in line {line} is not written right"
        return Fault(open_line, f"`{_quoted(here)}`: {reason}", column), range(0)
    return Fault(line, f"`{_quoted(here)}`: {_plain(message)}", column), range(0)


def _header_fault(line: str) -> str:
    example = "[[tools.mcp]]" if line.lstrip().startswith("[[") else "[turn]"
    return f"`{shown(line)}`: the name of a section stands between brackets, alone in its line, such as {example}"


def _twice_fault(first: Place, second: Place, after: int) -> tuple[Fault, range]:
    """Return the fault, and the lines of the second one: of a section, up to the header in line `after`."""
    name = ".".join(part for part in second.path if isinstance(part, str))
    begin = shown(second.written) if second.header else pair(name, second.written)
    spoilt = range(second.line, after if second.header else second.last_line + 1)
    if first.header and second.header:
        reason = f"the section already begins in line {first.line}; move its keys there"
    else:
        reason = f"it is already set in line {first.line}; keep one of the two"
    return Fault(second.line, f"{begin}: {reason}", second.column), spoilt


def _quoted(line: str) -> str:
    """Return the line in short, without its value if that may be a secret."""
    statement = _STATEMENT.fullmatch(line)
    if statement is not None and secret(statement["key"], statement["value"]):
        return pair(statement["key"], statement["value"])
    return shown(line)


def _where(message: str, lines: list[str]) -> tuple[int, int]:
    """Return line and column of a `TOMLDecodeError`; before Python 3.14 only its message has them."""
    match = _WHERE.search(message)
    return (int(match[1]), int(match[2])) if match else (len(lines), len(lines[-1]) + 1)


def _plain(message: str) -> str:
    sentence = re.sub(r"\s*\(at (line \d+, column \d+|end of document)\)$", "", message)
    return sentence[:1].lower() + sentence[1:]


def _spoils_itself(line: str, column: int) -> bool:
    """Say whether the line alone has the same fault, and opens nothing that later lines would close."""
    if re.search(r"\{|\"\"\"|'''", line):
        return False
    try:
        tomllib.loads(line + "\n")
    except tomllib.TOMLDecodeError as error:
        return _where(str(error), [line])[1] == column
    return False


def _next_header(lines: list[str], line: int) -> int:
    for number in range(line + 1, len(lines) + 1):
        if lines[number - 1].lstrip().startswith("["):
            return number
    return len(lines) + 1


def _set_twice(text: str, line: int) -> tuple[Place, Place, int] | None:
    """Return both places of what is set twice up to `line`, and the line of the header after them."""
    seen: dict[tuple[str | int, ...], Place] = {}
    twice: tuple[Place, Place] | None = None
    try:
        for place in places(text):
            if twice is None and place.line <= line and place.path in seen:
                twice = seen[place.path], place
            elif twice is not None and place.header:
                return (*twice, place.line)
            seen.setdefault(place.path, place)
    except ScanError:
        pass  # a fault further down; it is found in its turn
    return (*twice, text.count("\n") + 2) if twice else None


def _statement_line(text: str) -> int | None:
    try:
        list(places(text))
    except ScanError as stuck:
        return stuck.statement_line
    return None


def _pair_fault(line: str, message: str) -> str:
    """Return what is wrong with a line that is not a header, and how it is written."""
    statement = _STATEMENT.fullmatch(_COMMENT.sub("", line))
    if statement is None or statement["sign"] is None:
        return f'`{_quoted(line)}`: a line is a [section], a key = value, or a comment that begins with "#"'
    key, value = statement["key"], statement["value"]
    begin = f"`{_quoted(line)}`"
    if secret(key, value):
        return f"{begin}: {WHERE_KEYS_BELONG}"
    if statement["sign"] == ":":
        return f'{begin}: between a key and its value stands "=": {key} = …'
    habits = (reason.format(key=key, value=shown(value)) for pattern, reason in _HABITS if pattern.match(value))
    return f"{begin}: {next(habits, _plain(message))}"


def _words(words: Iterable[str]) -> str:
    return f"(?i:{'|'.join(sorted(words))})$"


_HABITS: Final = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        ("$", "the value is missing"),
        ("[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]", 'text stands between straight quotes, "like this"'),
        (r"[-+]?\d+,\d+$", "a number has a decimal point, not a comma"),
        (r"[-+]?0\d+$", "a number does not begin with 0"),
        (r"[-+]?\.\d+$", "a number has a digit before its decimal point, such as 0.5"),
        (r"[-+]?\d+\.$", "a number has a digit after its decimal point, such as 5.0"),
        (r"[-+]?\d+([.,]\d+)?\s*[A-Za-z%]+$", "a number stands alone; its unit is in the name of the key"),
        (_words(TRUE_WORDS), "write true or false, in lower case and without quotes: {key} = true"),
        (_words(FALSE_WORDS), "write true or false, in lower case and without quotes: {key} = false"),
        (
            r'".*\\[^btnfr"\\uU]',
            "a backslash in double quotes needs another before it; or use single quotes around the text",
        ),
        ("[\"']", "the text must end in this line with the quote it began with, and nothing may follow it"),
        (r"[\w./:-]+$", 'text stands in quotes: {key} = "{value}"'),
    )
)
"""How values are written elsewhere, and what to say of each; the first that matches is meant."""
