"""What comes down from the Live API, as small frozen events of our own (live-api.md 1.7 and 2).

What was said, what sounded and what opens a session is kept out of every `repr`, and so out of the journal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class SetupDone:
    """The service has accepted the setup."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Audio:
    """One part of the answer's sound: s16le, mono, 24 kHz, of any length; several make up one message."""

    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the service understood of the user; in no fixed order relative to the answer (live-api.md 1.4)."""

    text: str = field(repr=False)
    finished: bool


@dataclass(frozen=True, slots=True)
class HeardSoFar:
    """A guess at what the user is saying; takes the place of the guess before it."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer in writing."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The user has interrupted the answer: its TurnDone follows, without a Generated."""


@dataclass(frozen=True, slots=True)
class Generated:
    """The answer has been sent whole."""


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The service considers the turn finished: about when the answer has sounded (live-api.md 0.14)."""

    reason: str
    """The turnCompleteReason, such as MALFORMED_FUNCTION_CALL; mostly empty."""


@dataclass(frozen=True, slots=True)
class Busy:
    """More of the answer will come, even after a TurnDone (extended thinking)."""


@dataclass(frozen=True, slots=True)
class Idle:
    """The service has nothing more to say to what it was asked."""


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was counted. An estimate: the details of one report need not add up to its total (field-notes.md)."""

    prompt_tokens: int
    """The whole context, billed again with every turn (live-api.md 0.15)."""
    response_tokens: int
    thoughts_tokens: int
    tool_prompt_tokens: int
    total_tokens: int
    prompt_details: tuple[tuple[str, int], ...]
    """Modality (`AUDIO`, `TEXT`, `VIDEO`, ...) and tokens."""
    response_details: tuple[tuple[str, int], ...]

    def counts(self) -> dict[str, int]:
        """Return what is not zero, in tokens, by names fit for a journal field: `prompt`, `prompt_audio`, `total`."""
        found = {
            "prompt": self.prompt_tokens,
            "response": self.response_tokens,
            "thoughts": self.thoughts_tokens,
            "tool_prompt": self.tool_prompt_tokens,
            "total": self.total_tokens,
        }
        for side, details in (("prompt", self.prompt_details), ("response", self.response_details)):
            for modality, tokens in details:
                name = f"{side}_{_NOT_IN_A_NAME.sub('_', modality.lower()) or 'other'}"
                found[name] = found.get(name, 0) + tokens
        return {name: tokens for name, tokens in found.items() if tokens}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One thing that the model wants done; the answer must bear the same id."""

    call_id: str
    name: str
    arguments: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """What the model wants done."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class ToolCallsCancelled:
    """What the model no longer wants done."""

    call_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grounded:
    """What an answer stands on, where the model has searched for it."""

    sources: tuple[str, ...]
    """The titles of the pages, mostly the names of their sites."""


@dataclass(frozen=True, slots=True)
class Handle:
    """Whether, and with what, the session could be resumed from here. Often empty (live-api.md 1.6)."""

    handle: str | None = field(repr=False)
    resumable: bool


@dataclass(frozen=True, slots=True)
class GoAway:
    """The service will end the connection soon."""

    time_left_s: float | None
    """None when it did not say."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that we cannot use, described for the journal: names and types, never content."""

    what: str


Downward: TypeAlias = (
    SetupDone
    | Audio
    | Heard
    | HeardSoFar
    | Said
    | Interrupted
    | Generated
    | TurnDone
    | Busy
    | Idle
    | UsageReport
    | ToolCalls
    | Grounded
    | ToolCallsCancelled
    | Handle
    | GoAway
    | Unknown
)
