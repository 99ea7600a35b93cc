"""Fills a pattern with an event's fields so that it reads as English, whichever of the fields there are.

A pattern is text with fields in braces, and with parts in brackets that stay away where one of their fields does:
`Lost the connection[: {reason}][; trying again in {again_s}]`. Outside of brackets a field has a word for when it is
missing: `{part|A part} works again`. The unit of a number comes from its name: `first_audio_ms=412` is "412 ms".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

Value: TypeAlias = str | int | float | bool
"""What a field may hold."""

_UNITS: Final = (
    ("percent", " %"),
    ("_mib", " MiB"),
    ("_c", " °C"),
    ("_db", " dB"),
)
"""What stands behind a number, by the end of its field's name; times are worded by their length."""
_PARTS: Final = re.compile(r"(\[[^\]]*\])")
_FIELD: Final = re.compile(r"\{(\w+)(?:\|([^}]*))?\}")


def worded(pattern: str, fields: Mapping[str, Value]) -> str:
    """Return `pattern` with `fields` in it: one printable line, without a space too many.

    Texts lose their last full stop, since the line may go on. A field that is an empty text counts as missing.
    """
    said = []
    for part in _PARTS.split(pattern):
        optional = part.startswith("[")
        if optional and any(not has(fields, name) for name, _ in _FIELD.findall(part)):
            continue
        said.append(_FIELD.sub(lambda found: _filled(found, fields), part[1:-1] if optional else part))
    return "".join(said)


def has(fields: Mapping[str, Value], name: str) -> bool:
    """Return whether there is a field with something in it."""
    return name in fields and one_line(str(fields[name])) != ""


def value(name: str, held: Value) -> str:
    """Return what a field holds as a person says it: with its unit, a time in the unit that suits its length."""
    if isinstance(held, bool):
        return "yes" if held else "no"
    if isinstance(held, str):
        return one_line(held)
    if name.endswith("_ms"):
        return f"{plain(round(held, 1) if held < 10 else round(held))} ms" if held < 1000 else span(held / 1000)
    if name.endswith("_s"):
        return span(held)
    unit = next((unit for end, unit in _UNITS if name.endswith(end)), "")
    return plain(round(held, 1) if unit else held) + unit


def span(seconds: float) -> str:
    """Return a length of time in the largest unit of which there are two."""
    if seconds < 120:
        return f"{plain(round(seconds, 1))} s"
    if seconds < 2 * 3600:
        return f"{round(seconds / 60)} min"
    if seconds < 2 * 86400:
        return f"{plain(round(seconds / 3600, 1))} h"
    return f"{plain(round(seconds / 86400, 1))} days"


def plain(number: float) -> str:
    """Return a number without needless digits."""
    return f"{number:.4f}".rstrip("0").rstrip(".") if isinstance(number, float) else str(number)


def one_line(text: str) -> str:
    """Return `text` in one printable line: no line ends, no doubled spaces, no full stop at its end."""
    words = " ".join(text.split()).rstrip(".")
    return words if words.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)


def _filled(found: re.Match[str], fields: Mapping[str, Value]) -> str:
    name, missing = found.groups()
    return value(name, fields[name]) if has(fields, name) else missing
