"""What comes down from the Live API, read into small frozen events of our own (live-api.md 1.7 and 2).

One message may say several things at once. They are put into the order in which they must be acted upon:

    content       Heard  HeardSoFar  Audio…  Said  ToolCallsCancelled  ToolCalls      what the message still adds
    its end       Interrupted  Generated  UsageReport  TurnDone  Busy/Idle             content beside an end is its last
    the session   SetupDone  Handle  GoAway

So sound that arrives together with `interrupted` is flushed with the rest, and a turn's cost is known when it ends.
Nothing here needs the SDK at run time: it makes the message objects, and drops the fields that it does not know.
What was said, what sounded and what opens a session is kept out of every `repr`, and so out of the journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from hardware.pcm import DOWN

if TYPE_CHECKING:
    from google.genai import types

_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")
_DURATION: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)s")
"""A protobuf Duration as JSON: "50s", "1.5s"."""


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


def read(message: types.LiveServerMessage) -> tuple[Downward, ...]:
    """Return what `message` says, in the order in which to act upon it; nothing for the empty `{}`."""
    return tuple(_events(message))


def _events(message: types.LiveServerMessage) -> Iterator[Downward]:
    content = message.server_content
    if content is not None:
        yield from _content(content)
    if message.tool_call_cancellation is not None:
        yield ToolCallsCancelled(tuple(message.tool_call_cancellation.ids or ()))
    if message.tool_call is not None:
        yield from _tool_calls(message.tool_call.function_calls or ())
    if content is not None and content.interrupted:
        yield Interrupted()
    if content is not None and content.generation_complete:
        yield Generated()
    if message.usage_metadata is not None:
        yield _usage(message.usage_metadata)
    if content is not None:
        yield from _end(content)
    yield from _session(message)


def _content(content: types.LiveServerContent) -> Iterator[Downward]:
    heard, so_far, said = content.input_transcription, content.interim_input_transcription, content.output_transcription
    if heard is not None and (heard.text or heard.finished):
        yield Heard(heard.text or "", bool(heard.finished))
    if so_far is not None and so_far.text:
        yield HeardSoFar(so_far.text)
    for part in content.model_turn.parts or () if content.model_turn is not None else ():
        yield from _part(part)
    if said is not None and said.text:
        yield Said(said.text)
    if content.grounding_metadata is not None:
        yield from _grounded(content.grounding_metadata)


def _grounded(metadata: types.GroundingMetadata) -> Iterator[Downward]:
    pages = [chunk.web for chunk in metadata.grounding_chunks or () if chunk.web is not None]
    sources = tuple(dict.fromkeys(page.title or page.domain or page.uri or "" for page in pages))
    if sources:
        yield Grounded(sources)


def _part(part: types.Part) -> Iterator[Downward]:
    if part.thought:
        return
    if part.inline_data is None:
        kinds = sorted(part.model_fields_set - {"thought_signature"})
        yield Unknown(f"a part with {', '.join(kinds) or 'nothing known'}")
    elif not _is_sound(part.inline_data.mime_type):
        yield Unknown(f"inline data of type {part.inline_data.mime_type}")
    elif part.inline_data.data:
        yield Audio(part.inline_data.data)


def _is_sound(mime_type: str | None) -> bool:
    """Whether it is `audio/pcm` at our rate or, as others have seen, at no stated one (live-api.md 1.1)."""
    kind, *parameters = [piece.strip() for piece in (mime_type or "").lower().split(";")]
    rates = [piece for piece in parameters if piece.startswith("rate=")]
    return kind == "audio/pcm" and rates in ([], [f"rate={DOWN.rate_hz}"])


def _end(content: types.LiveServerContent) -> Iterator[Downward]:
    if content.turn_complete:
        reason = content.turn_complete_reason
        yield TurnDone("" if reason is None else reason.value.removeprefix("TURN_COMPLETE_REASON_UNSPECIFIED"))
    status = content.interaction_status.value if content.interaction_status is not None else None
    match status:
        case None | "INTERACTION_STATUS_UNSPECIFIED":
            pass
        case "IN_PROGRESS":
            yield Busy()
        case "IDLE" | "REQUIRES_ACTION":  # the latter is the deprecated name (live-api.md 1.7)
            yield Idle()
        case other:
            yield Unknown(f"interaction status {other}")


def _tool_calls(calls: Sequence[types.FunctionCall]) -> Iterator[Downward]:
    # A call without an id cannot be answered: the service wants it back (live-api.md 4).
    known = tuple(ToolCall(call.id, call.name, call.args or {}) for call in calls if call.id and call.name)
    if known:
        yield ToolCalls(known)
    for call in calls:
        if not (call.id and call.name):
            yield Unknown("a tool call without id or name")


def _usage(usage: types.UsageMetadata) -> UsageReport:
    return UsageReport(
        prompt_tokens=usage.prompt_token_count or 0,
        response_tokens=usage.response_token_count or 0,
        thoughts_tokens=usage.thoughts_token_count or 0,
        tool_prompt_tokens=usage.tool_use_prompt_token_count or 0,
        total_tokens=usage.total_token_count or 0,
        prompt_details=_details(usage.prompt_tokens_details or ()),
        response_details=_details(usage.response_tokens_details or ()),
    )


def _details(counts: Iterable[types.ModalityTokenCount]) -> tuple[tuple[str, int], ...]:
    return tuple((count.modality.value if count.modality else "", count.token_count or 0) for count in counts)


def _session(message: types.LiveServerMessage) -> Iterator[Downward]:
    if message.setup_complete is not None:
        yield SetupDone(message.setup_complete.session_id or "")
    if (update := message.session_resumption_update) is not None:
        yield Handle(update.new_handle or None, bool(update.resumable))
    if message.go_away is not None:
        yield GoAway(_seconds(message.go_away.time_left))


def _seconds(duration: str | None) -> float | None:
    """Read a protobuf Duration; a negative one is 0, and one that cannot be read is None."""
    match = _DURATION.fullmatch(duration or "")
    return None if match is None else max(0.0, float(match[1]))
