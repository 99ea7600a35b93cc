"""What an MCP server offers and answers, in our own terms."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

from .declaration import NAME, Declaration
from .results import cut
from .schema import Unsayable, reduced
from .tool import Options, Tool, ToolError

if TYPE_CHECKING:
    from mcp.types import CallToolResult

LONGEST_DESCRIPTION_BYTES: Final = 1024
"""It is billed again with every turn (live-api.md 0.15)."""
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Offer:
    """One tool of a server."""

    original: str
    """The server's own name for it."""
    declaration: Declaration | None
    """None if it cannot be declared."""
    refused: str = ""
    """Why not."""
    dropped: tuple[str, ...] = ()
    """What the declaration does not say."""

    def tool(self, call: Callable[..., Awaitable[object]], *, place: str, timeout_s: float) -> Tool:
        """Make a tool of it that `call` carries out; the arguments are the server's to check."""
        assert self.declaration is not None, "a refused one is no tool"
        return Tool(self.declaration, Options(timeout_s=timeout_s), place, dict, call, threaded=False)


def offered(server: str, name: str, description: str, schema: Mapping[str, object]) -> Offer:
    """Return what is made of one tool that `server` lists."""
    ours = _NOT_IN_A_NAME.sub("_", f"{server}_{name}").rstrip("_")[:64]
    if not NAME.fullmatch(ours):
        return Offer(name, None, refused="its name cannot be made one that the model takes")
    try:
        small = reduced(schema)
    except Unsayable as wrong:
        return Offer(name, None, refused=f"the model cannot be told its parameters: {wrong}")
    text = " ".join(description.split()) or name.replace("_", " ")
    short = cut(text, LONGEST_DESCRIPTION_BYTES)
    dropped = small.dropped if short == text else (*small.dropped, "the end of the description")
    return Offer(name, Declaration(ours, short, small.parameters), dropped=dropped)


def told(result: CallToolResult) -> dict[str, object]:
    """Return what a server answered: its texts as `message`, structured content as `result`, the rest in a word.

    Raises:
        ToolError: It answered that it failed.
    """
    texts, others = [], []
    for block in result.content:
        if block.type == "text":
            texts.append(block.text)
        else:
            others.append(block.type.replace("_", " "))
    message = "\n".join(texts)
    if others:
        message = f"{message}\n(left out: {', '.join(others)})".strip()
    if result.is_error:
        raise ToolError(message or "It did not work.")
    structured = result.structured_content
    if structured is None or structured == {"result": message}:  # wrapped, as servers of the official package do
        return {"message": message}
    return {"result": structured} if _is_json_of(message, structured) else {"message": message, "result": structured}


def _is_wrapped(structured: object) -> TypeGuard[dict[str, object]]:
    return isinstance(structured, dict) and structured.keys() == {"result"}


def _is_json_of(message: str, structured: object) -> bool:
    """Whether the text says nothing more, as it often does for those who cannot read structured content."""
    try:
        return json.loads(message) in (structured, structured["result"] if _is_wrapped(structured) else structured)
    except ValueError:
        return False
