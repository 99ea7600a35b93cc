"""A tool: a typed function with a docstring, and what the model is told of it.

    @tool(timeout_s=5)
    def set_heating(room: Literal["kitchen", "bath"], celsius: Annotated[float, Field(ge=5, le=25)]) -> str:
        '''Set the heating of one room.'''

The name is the function's, the description the docstring's first paragraph, the parameters come from annotations and
`Args:`. What the function returns is told to the model; see `results.succeeded`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final, TypeVar, overload

from .declaration import NAME, Behavior, Declaration, Scheduling
from .docstring import parsed
from .mistake import ToolMistake
from .schema import Unsayable, reduced
from .signature import Parameters, Unfit

F = TypeVar("F", bound=Callable[..., object])

MARKED: Final = "__vocative_tools__"
"""The global of a module that lists its `Marked` functions, in the order in which they were defined."""
TIMEOUT_S: Final = 10.0
LONGEST_TIMEOUT_S: Final = 600.0


class ToolError(Exception):
    """Raised by a tool that could not do it; the text is told to the model as it stands.

    Attributes:
        retryable: Whether it may go better if the model tries again.
    """

    def __init__(self, text: str, *, retryable: bool = False) -> None:
        super().__init__(text)
        self.retryable: Final = retryable


@dataclass(frozen=True, slots=True)
class Options:
    """How a tool is called."""

    timeout_s: float = TIMEOUT_S
    """The longest the model is kept waiting."""
    scheduling: Scheduling = Scheduling.WHEN_IDLE
    behavior: Behavior | None = None
    idempotent: bool = False
    """Whether doing it twice does no harm, as with a question. Such a tool is run afresh where another's answer would
    be given once more, and may be tried again after a timeout."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A function that is to be a tool."""

    function: Callable[..., object]
    options: Options


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that the model can have done."""

    declaration: Declaration
    options: Options
    place: str
    """Where it comes from, as in `ToolMistake`."""
    check: Callable[[Mapping[str, object]], dict[str, Any]] = field(repr=False)
    """Returns what to call `function` with, or raises `signature.WrongArguments`."""
    function: Callable[..., Any] = field(repr=False)
    """Takes what `check` returned by name. Returns its result, or an awaitable of it unless `threaded`."""
    threaded: bool
    """Whether it may block, and so is called on a thread of its own."""

    @property
    def name(self) -> str:
        """The name that the model calls it by."""
        return self.declaration.name

    @classmethod
    def of(
        cls,
        function: Callable[..., object],
        *,
        timeout_s: float = TIMEOUT_S,
        scheduling: Scheduling = Scheduling.WHEN_IDLE,
        behavior: Behavior | None = None,
        idempotent: bool = False,
    ) -> Tool:
        """Make a tool of a function or a bound method. An `async def` runs on the loop, others on a thread.

        Raises:
            ToolMistake: No tool can be made of it.
        """
        return cls.of_marked(Marked(function, Options(timeout_s, scheduling, behavior, idempotent)))

    @classmethod
    def of_marked(cls, marked: Marked) -> Tool:
        """Make a tool of what `tool` has marked.

        Raises:
            ToolMistake: No tool can be made of it.
        """
        function, options = marked.function, marked.options
        place = _place(function)
        name = getattr(function, "__name__", "")
        docstring = parsed(function.__doc__)
        try:
            _refuse(function, name, docstring.summary, options)
            parameters = Parameters(function, docstring.arguments)
            schema = reduced(parameters.schema)
        except (Unfit, Unsayable) as wrong:
            raise ToolMistake(place, f"{name or 'this'} cannot be a tool: {wrong}") from wrong
        declaration = Declaration(name, docstring.summary, schema.parameters, options.behavior)
        threaded = not inspect.iscoroutinefunction(function)
        return cls(declaration, options, place, parameters.check, function, threaded)


@overload
def tool(function: F, /) -> F: ...


@overload
def tool(
    *,
    timeout_s: float = TIMEOUT_S,
    scheduling: Scheduling = Scheduling.WHEN_IDLE,
    behavior: Behavior | None = None,
    idempotent: bool = False,
) -> Callable[[F], F]: ...


def tool(
    function: F | None = None,
    /,
    *,
    timeout_s: float = TIMEOUT_S,
    scheduling: Scheduling = Scheduling.WHEN_IDLE,
    behavior: Behavior | None = None,
    idempotent: bool = False,
) -> F | Callable[[F], F]:
    """Mark a function of an owner's file as a tool; `@tool` or `@tool(timeout_s=…)`. The function stays as it is.

    Whether it can be one is looked at when the file has been read, so that all mistakes are told at once.
    """
    options = Options(timeout_s, scheduling, behavior, idempotent)

    def mark(marked: F) -> F:
        # What was marked has no globals if it is not a function; then nobody could call it as one either.
        module = getattr(inspect.unwrap(marked), "__globals__", None)
        if module is None:
            raise ToolMistake("(no file)", "@tool stands above something that is not a function; write it with def")
        module.setdefault(MARKED, []).append(Marked(marked, options))
        return marked

    return mark if function is None else mark(function)


def _refuse(function: Callable[..., object], name: str, summary: str, options: Options) -> None:
    """Refuse what no signature shows."""
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        raise Unfit("it is not a function; write it with def")
    if not NAME.fullmatch(name):
        raise Unfit("a tool's name consists of at most 64 letters a to z, digits and underscores; rename it")
    if not summary:
        raise Unfit("it has no docstring, and so the model would not know what it is for; begin it with one")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise Unfit("it yields; return one result instead")
    if not 0.0 < options.timeout_s <= LONGEST_TIMEOUT_S:
        raise Unfit(f"timeout_s must be above 0 and at most {LONGEST_TIMEOUT_S:g}; it is {options.timeout_s:g}")


def _place(function: object) -> str:
    """Return `FILE:LINE` of a function, the file without its folder."""
    code = getattr(inspect.unwrap(function) if callable(function) else function, "__code__", None)
    return f"{PurePath(code.co_filename).name}:{code.co_firstlineno}" if code is not None else "(no file)"
