"""One fault of the configuration file, and how a piece of the file may be shown in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from daemon.keys.credentials import KEY_LIKE, REMEDY

NOT_SHOWN: Final = "(not shown)"
WHERE_KEYS_BELONG: Final = f"a key does not belong into this file, which everybody on the device can read; {REMEDY}"
_SECRET_NAME: Final = re.compile(r"key|token|secret|passw|credential|authorization|cookie", re.IGNORECASE)
_HARMLESS: Final = re.compile(r"[-+\d._]+|true|false|[\"']?/.*|[\"']?https?://[\w.:/-]*[\"']?")
"""Numbers, booleans, paths and plain addresses: no secrets, whatever they are called."""
_HEADER: Final = re.compile(r"[\w-]+|\"[\w-]+\"|'[\w-]+'")
"""A header's name alone, without what it is to hold."""
_IN_ADDRESS: Final = re.compile(r"(?<=://)[^/\s\"']*(?=@)|(?<=\?)[^\s\"']+")
"""What of an address may be secret: a name and password, and a question."""
_LONGEST: Final = 60
"""Characters of the file that a sentence quotes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one place of the file."""

    line: int | None
    """Counted from 1; None where no line is to blame."""
    text: str
    """One sentence: what stands there, what is allowed, and what to do."""
    column: int | None = None
    about: frozenset[str] = field(default_factory=frozenset)
    """Sections and keys whose values are now unknown: nothing else may be concluded from them."""

    def sentence(self, file_name: str) -> str:
        """Return the fault as editors and people like it: file, line, column, text."""
        where = [file_name, *(str(number) for number in (self.line, self.column) if number is not None)]
        return f"{':'.join(where)}: {self.text}"


def secret(name: str, written: str) -> bool:
    """Say whether `name` calls its value `written` a secret, so that no sentence may show it."""
    if name.endswith("_tokens") or _HARMLESS.fullmatch(written):
        return False
    if written.startswith(("[", "{")) or (name.endswith("header") and not _HEADER.fullmatch(written)):
        # The arguments of a program, the headers of a connection: what is named in there may be given in there.
        name += written
    return _SECRET_NAME.search(name) is not None


def pair(name: str, written: str) -> str:
    """Return how a sentence shows a key and its value."""
    return f"{name} = {NOT_SHOWN if secret(name, written) else shown(written)}"


def shown(written: str) -> str:
    """Return a piece of the file in one short line; without a trace of it if a key may be in it."""
    if KEY_LIKE.search(written):
        return NOT_SHOWN
    line = " ".join(written.split())
    line = _IN_ADDRESS.sub(NOT_SHOWN, line) if "://" in line else line
    line = "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
