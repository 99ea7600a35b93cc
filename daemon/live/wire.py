"""Reads what comes down from the Live API into small frozen events of our own, `Downward` (live-api.md 1.7 and 2).

One message may say several things at once. They are put into the order in which they must be acted upon:

    content       Heard  HeardSoFar  Audio…  Said  ToolCallsCancelled  ToolCalls      what the message still adds
    its end       Interrupted  Generated  UsageReport  TurnDone  Busy/Idle             content beside an end is its last
    the session   SetupDone  Handle  GoAway

So sound that arrives together with `interrupted` is flushed with the rest, and a turn's cost is known when it ends.
Nothing here needs the SDK at run time: it makes the message objects, and drops the fields that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from hardware.pcm import DOWN

from .downward import (
    Audio,
    Busy,
    Downward,
    Generated,
    GoAway,
    Grounded,
    Handle,
    Heard,
    HeardSoFar,
    Idle,
    Interrupted,
    Said,
    SetupDone,
    ToolCall,
    ToolCalls,
    ToolCallsCancelled,
    TurnDone,
    Unknown,
    UsageReport,
)

if TYPE_CHECKING:
    from google.genai import types

_DURATION: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)s")
"""A protobuf Duration as JSON: "50s", "1.5s"."""


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
