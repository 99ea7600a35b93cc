"""All tools by name, in an order that does not change by itself.

A resumed session keeps its tools (live-api.md 0.10), so that a handle is only good for the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from .declaration import Declaration
from .mistake import ToolMistake
from .tool import Tool


class Registry:
    """The tools that the model is offered.

    They come from sources (the device, a folder, each MCP server), in the order in which the sources were first named.

    Args:
        allow: Names, or patterns such as `kitchen_*`, of the tools that are offered.
        deny: The same for those that are not, whatever `allow` says.
    """

    def __init__(self, *, allow: Sequence[str] = ("*",), deny: Sequence[str] = ()) -> None:
        self._allow = tuple(allow)
        self._deny = tuple(deny)
        self._sources: dict[str, tuple[Tool, ...]] = {}

    def go_by(self, *, allow: Sequence[str], deny: Sequence[str]) -> None:
        """Offer by other patterns from now on."""
        self._allow = tuple(allow)
        self._deny = tuple(deny)

    def __repr__(self) -> str:
        return f"<Registry {' '.join(one.name for one in self)}>"

    def __iter__(self) -> Iterator[Tool]:
        """Yield every tool that is offered."""
        return (one for tools in self._sources.values() for one in tools if self._offered(one.name))

    def get(self, name: str) -> Tool | None:
        """Return the tool of that name if it is offered."""
        return next((one for one in self if one.name == name), None)

    def declarations(self) -> tuple[Declaration, ...]:
        """Return what a session is to be set up with."""
        return tuple(one.declaration for one in self)

    def replace(self, source: str, tools: Iterable[Tool]) -> tuple[ToolMistake, ...]:
        """Put `tools` in the place of all that came from `source`.

        Returns:
            A mistake for each that has the name of another: that other one is kept, this one is not.
        """
        self._sources[source] = ()
        taken = {one.name: one for others in self._sources.values() for one in others}
        kept, mistakes = [], []
        for one in tools:
            if (other := taken.get(one.name)) is not None:
                reason = f"there is a tool {one.name} already, at {other.place}; rename one of the two"
                mistakes.append(ToolMistake(one.place, reason))
            else:
                taken[one.name] = one
                kept.append(one)
        self._sources[source] = tuple(kept)
        return tuple(mistakes)

    def idle_patterns(self) -> tuple[str, ...]:
        """Return the entries of `allow` and `deny` that fit no tool at all, a slip of the pen perhaps."""
        names = [one.name for tools in self._sources.values() for one in tools]
        return tuple(
            pattern
            for pattern in (*self._allow, *self._deny)
            if pattern != "*" and not any(fnmatchcase(name, pattern) for name in names)
        )

    def _offered(self, name: str) -> bool:
        allowed, denied = (
            any(fnmatchcase(name, pattern) for pattern in patterns) for patterns in (self._allow, self._deny)
        )
        return allowed and not denied
