"""What the model is told of a tool, in the words of Gemini's function declarations (live-api.md 1.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""What a tool may be called."""


class Behavior(Enum):
    """Whether the model waits for the answer before it goes on (live-api.md 1.8)."""

    BLOCKING = "BLOCKING"
    NON_BLOCKING = "NON_BLOCKING"


class Scheduling(Enum):
    """When the model is to speak of an answer that it did not wait for (live-api.md 1.8)."""

    INTERRUPT = "INTERRUPT"
    WHEN_IDLE = "WHEN_IDLE"
    SILENT = "SILENT"


@dataclass(frozen=True, slots=True)
class Declaration:
    """One function declaration."""

    name: str
    """Matches `NAME`."""
    description: str
    parameters: Mapping[str, object] | None = None
    """A JSON Schema of type "object" in the subset of `schema.reduced`; None for a tool without parameters, for the
    service takes no object without properties."""
    behavior: Behavior | None = None
    """None: whatever is the model's default."""

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON, which google-genai's `FunctionDeclaration.model_validate` takes."""
        whole: dict[str, object] = {"name": self.name, "description": self.description}
        if self.parameters is not None:
            whole["parameters"] = dict(self.parameters)
        if self.behavior is not None:
            whole["behavior"] = self.behavior.value
        return whole
