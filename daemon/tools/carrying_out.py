"""Calls one tool and says what came of it, whatever an owner's code may do."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from daemon.journal import Journal
from hardware.blocking import in_thread

from .results import Status, failed, succeeded
from .signature import WrongArguments
from .tool import Tool, ToolError


@dataclass(frozen=True, slots=True)
class _Raised:
    """What a function on a thread raised, whatever it was."""

    error: BaseException


async def carried_out(tool: Tool, arguments: Mapping[str, object], journal: Journal) -> dict[str, object]:
    """Check what the model gave, call `tool` with it, and wait for what the model is to be told.

    Raises nothing. What a tool raises is told to the model without its text, which may name anything, and to the
    journal as `tool.failed` with its place. Cancelling leaves a thread running.
    """
    try:
        return succeeded(await _called(tool, tool.check(arguments)))
    except WrongArguments as wrong:
        return failed(Status.ERROR, f"The arguments do not fit: {wrong}.", retryable=True)
    except ToolError as refused:
        return failed(Status.ERROR, str(refused) or "It did not work.", retryable=refused.retryable)
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # whatever an owner's code or its library raises
        place = place_of(error, tool.function)
        journal.warn("tool.failed", name=tool.name, error=type(error).__name__, place=place)
        return failed(Status.ERROR, f"{tool.name} failed because of a fault in it.", retryable=False)


async def _called(tool: Tool, arguments: Mapping[str, Any]) -> object:
    if not tool.threaded:
        return await tool.function(**arguments)
    result = await in_thread(lambda: _guarded(tool.function, arguments))
    if isinstance(result, _Raised):
        raise result.error
    # A plain function may hand out what is to be awaited, as one that wraps an `async def` does.
    return await result if inspect.isawaitable(result) else result


def _guarded(function: Callable[..., object], arguments: Mapping[str, Any]) -> object:
    try:
        return function(**arguments)
    except BaseException as error:  # on a thread: a SystemExit would end it without a word to whoever waits
        return _Raised(error)


def place_of(error: BaseException, function: Callable[..., object]) -> str:
    """Return `FILE:LINE` of the last step that `error` took in the file of `function`, or of its last one at all."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    steps, at = [], error.__traceback__
    while at is not None:
        steps.append((at.tb_frame.f_code.co_filename, at.tb_lineno))
        at = at.tb_next
    own = [step for step in steps if code is not None and step[0] == code.co_filename]
    if not steps:
        return "(no file)"
    file, line = (own or steps)[-1]
    return f"{PurePath(file).name}:{line}"
