"""What is wrong with a tool, for the owner who wrote or configured it."""

from __future__ import annotations

from typing import Final

from daemon.errors import VocativeError


class ToolMistake(VocativeError):
    """A tool cannot be offered.

    Attributes:
        place: Where: `FILE:LINE`, or what stands for it, such as "the MCP server kitchen".
        reason: What is wrong, and what to do about it.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place: Final = place
        self.reason: Final = reason
