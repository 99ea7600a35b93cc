"""What a docstring in Google's style says of a function and of its arguments."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_ARGUMENTS: Final = re.compile(r"(?:Args|Arguments):\s*")
_ARGUMENT: Final = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
"""`name: text` or `name (type): text`."""


@dataclass(frozen=True, slots=True)
class Docstring:
    """The parts that the model is told."""

    summary: str
    """The first paragraph in one line; empty if there is none."""
    arguments: Mapping[str, str]
    """The text of each argument in one line, by its name."""


def parsed(text: str | None) -> Docstring:
    """Read a docstring as it stands in the source, or none at all."""
    lines = inspect.cleandoc(text or "").splitlines()
    summary = []
    for line in lines:
        if not line.strip() or _ARGUMENTS.fullmatch(line):
            break
        summary.append(line.strip())
    return Docstring(" ".join(summary), _arguments(lines))


def _arguments(lines: list[str]) -> dict[str, str]:
    """Return the entries below `Args:`; a line further in than its entry goes on with it."""
    found: dict[str, str] = {}
    inside, margin, name = False, None, ""
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if not inside:
            inside = _ARGUMENTS.fullmatch(line) is not None
        elif line.strip() and depth == 0:
            break
        elif line.strip():
            margin = depth if margin is None else margin
            if depth <= margin and (entry := _ARGUMENT.fullmatch(line.strip())):
                name = entry[1]
                found[name] = entry[2]
            elif name:
                found[name] = f"{found[name]} {line.strip()}".strip()
    return found
