"""The `[tools]` section: what the model may have done, and the MCP servers it may use."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from .section import AbsolutePath, Section
from .values import Why, credential_header, mcp_url, program, server_name, tool_pattern

Patterns: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(tool_pattern)], ...], Field(strict=False, examples=[["get_*", "set_volume"]])
]
Command: TypeAlias = Annotated[
    tuple[str, ...], AfterValidator(program), Field(strict=False, examples=[["uvx", "mcp-server-time"]])
]


class McpSection(Section):
    """One `[[tools.mcp]]`: an MCP server, either a program (`command`) or an address (`url`)."""

    name: Annotated[str, AfterValidator(server_name)] = ""
    """Must be given, and no two are alike: the names of its tools begin with it."""
    command: Command = ()
    url: Annotated[str, AfterValidator(mcp_url)] = ""
    header: Annotated[str, AfterValidator(credential_header)] = "Authorization"
    """What the credential is sent in; in `Authorization` behind the word "Bearer"."""
    credential_file: AbsolutePath = ""
    """Empty: the server is shown none."""
    allow: Patterns = ("*",)
    """The server's own names for its tools, without ours in front."""
    timeout_s: Annotated[
        float, Field(gt=0.0, le=600.0), Why("so long the model waits for an answer, and somebody for the model")
    ] = 10.0


class ToolsSection(Section):
    """What the model may have done while it talks."""

    google_search: bool = False
    """Grounding with Google Search, which Google bills apart."""
    volume: bool = True
    timers: bool = True
    look: bool = True
    """Only with a camera whose mode is not "off"."""
    device: bool = True
    """Mute, fall silent, end the conversation, the time, the device's condition, the ring's brightness."""
    folder: AbsolutePath = ""
    """The owner's own tools, files of Python; empty for none."""
    allow: Patterns = ("*",)
    deny: Patterns = ()
    """Weighs more than `allow`."""
    tell_content: bool = False
    """Whether arguments and answers stand in the journal; they are as private as what was said."""
    mcp: Annotated[tuple[McpSection, ...], Field(strict=False)] = ()
