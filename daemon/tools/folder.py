"""An owner's own tools: a folder of Python files, each read by itself, none of which can stop the daemon.

A file is run with the service's rights. So it must belong to root or to the service's own user, and nobody else may
be able to write it, or to put another in its place. It is read once and compiled from what was read: what lies in
`__pycache__` is not believed.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from daemon.journal import Journal
from hardware.blocking import in_thread

from .mistake import ToolMistake
from .tool import MARKED, Marked, Tool

IMPORT_S: Final = 5.0
"""The longest that one file may take."""
LONGEST_BYTES: Final = 1_000_000
_SHOWN: Final = 200
"""Characters of an exception's text that are told; it was raised before anybody had said anything."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found in a folder."""

    tools: tuple[Tool, ...]
    """In the order of the files' names, within a file in that of the functions."""
    mistakes: tuple[ToolMistake, ...]


async def load(folder: Path) -> Loaded:
    """Read every `*.py` in `folder` whose name does not begin with an underscore. Raises nothing.

    Waits at most `IMPORT_S` for each file. One that takes longer is given up; its thread is left behind.
    """
    tools: list[Tool] = []
    mistakes: list[ToolMistake] = []
    try:
        paths = await in_thread(lambda: _files(folder))
    except ToolMistake as wrong:
        return Loaded((), (wrong,))
    for path in paths:
        try:
            async with asyncio.timeout(IMPORT_S):
                marked = await in_thread(lambda path=path: _run(path))  # type: ignore[misc]  # mypy#2608: a default in a lambda
        except ToolMistake as wrong:
            mistakes.append(wrong)
        except TimeoutError:
            reason = f"it was not imported within {IMPORT_S:g} s and is given up; do what takes long in the tool itself"
            mistakes.append(ToolMistake(path.name, reason))
        else:
            found, wrongs = _made(marked)
            tools += found
            mistakes += wrongs
    return Loaded(tuple(tools), tuple(mistakes))


def report(mistakes: Iterable[ToolMistake], journal: Journal) -> None:
    """Tell each mistake to the journal as `tool.refused`."""
    for one in mistakes:
        journal.warn("tool.refused", place=one.place, reason=one.reason)


def _made(marked: Sequence[Marked]) -> tuple[list[Tool], list[ToolMistake]]:
    tools, mistakes = [], []
    for one in marked:
        try:
            tools.append(Tool.of_marked(one))
        except ToolMistake as wrong:
            mistakes.append(wrong)
    return tools, mistakes


# --- on a thread -----------------------------------------------------------------------------------


def _files(folder: Path) -> list[Path]:
    """Return the files to read.

    Raises:
        ToolMistake: The folder cannot be read, or somebody else could put files into it.
    """
    try:
        about = folder.stat()
        if not stat.S_ISDIR(about.st_mode):
            raise ToolMistake(str(folder), "this is not a folder; name the folder that the files are in")
        _refuse_strangers(str(folder), about)
        return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    except OSError as error:
        raise ToolMistake(str(folder), f"the folder cannot be read ({error.strerror})") from error


def _run(path: Path) -> list[Marked]:
    """Run a file and return what it has marked.

    Raises:
        ToolMistake: It is not to be trusted, or does not run.
    """
    source = _source(path)
    module = ModuleType(f"vocative_tools_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses and enums look for what they belong to
    try:
        exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102  # what the folder is for
    except ToolMistake as wrong:  # of `tool`, above something that has no line of its own
        raise ToolMistake(_line(path, wrong), wrong.reason) from wrong
    except BaseException as error:  # an owner's file may raise anything, even SystemExit; this is a thread's end
        raise _fault(path, error) from error
    return list(vars(module).get(MARKED, ()))


def _source(path: Path) -> bytes:
    try:
        with path.open("rb") as file:  # what is looked at is what is read
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise ToolMistake(path.name, "this is not a file")
            _refuse_strangers(path.name, about)
            source = file.read(LONGEST_BYTES + 1)
    except OSError as error:
        raise ToolMistake(path.name, f"it cannot be read by the service ({error.strerror})") from error
    if len(source) > LONGEST_BYTES:
        raise ToolMistake(path.name, f"it has more than {LONGEST_BYTES} bytes and is not read")
    return source


def _refuse_strangers(place: str, about: os.stat_result) -> None:
    if about.st_uid not in (0, os.geteuid()):
        reason = f"it belongs to user {about.st_uid}, who could have it do anything; sudo chown root it"
        raise ToolMistake(place, reason)
    if about.st_mode & stat.S_IWOTH:
        mode = stat.S_IMODE(about.st_mode)
        raise ToolMistake(place, f"everybody on this device can write it (mode {mode:04o}); sudo chmod o-w it")


def _fault(path: Path, error: BaseException) -> ToolMistake:
    """Return where in the file it went wrong, and what."""
    what = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:_SHOWN]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return ToolMistake(f"{path.name}:{error.lineno or 1}", f"it is not Python ({error.msg}); correct this line")
    return ToolMistake(_line(path, error), f"it cannot be imported ({what}); correct this line or remove the file")


def _line(path: Path, error: BaseException) -> str:
    """Return the place of the last step that `error` took in the file."""
    lines = [step.lineno for step in traceback.extract_tb(error.__traceback__) if step.filename == str(path)]
    return f"{path.name}:{lines[-1]}" if lines else path.name
