"""What the stand-in service says: the server's messages as JSON objects, and the ways in which a connection ends.

Field names are camelCase, audio is base64 of the standard alphabet (live-api.md 2).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Message: TypeAlias = dict[str, object]
"""One server message: an object that `json.dumps` takes."""

REASON_BYTES: Final = 123
"""What a close frame has room for (RFC 6455 5.5; live-api.md 2)."""


@dataclass(frozen=True, slots=True)
class Close:
    """The service closes the connection; `reason` is cut to what a close frame can carry."""

    code: int
    reason: str = ""

    def __post_init__(self) -> None:
        cut = self.reason.encode()[:REASON_BYTES].decode(errors="ignore")
        object.__setattr__(self, "reason", cut)


@dataclass(frozen=True, slots=True)
class Abort:
    """The connection is gone without a close frame (a reset)."""


@dataclass(frozen=True, slots=True)
class Stall:
    """From here on the service neither reads nor writes; the connection stays open."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One frame of exactly this text, which need not be JSON."""

    text: str


Out: TypeAlias = Message | Raw | Close | Abort | Stall


class Rejected(Exception):
    """The client broke a rule of the service; the connection ends with `close`. Never leaves the stand-in."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.close: Final = Close(code, reason)


def setup_complete() -> Message:
    """Return the answer to a good setup."""
    return {"setupComplete": {}}


def audio(parts: Sequence[bytes]) -> Message:
    """Return one message of 24 kHz s16le mono audio, one inlineData part for each of `parts`."""
    return _content(modelTurn={"role": "model", "parts": [_audio_part(part) for part in parts]})


def output_transcription(text: str) -> Message:
    """Return a piece of what the service says, in words."""
    return _content(outputTranscription={"text": text})


def input_transcription(text: str) -> Message:
    """Return what the service heard, in words."""
    return _content(inputTranscription={"text": text})


def interrupted() -> Message:
    """Return the word that the answer was cut off."""
    return _content(interrupted=True)


def grounding(sources: Sequence[str], queries: Sequence[str]) -> Message:
    """Return what an answer stands on: the sites of pages, and what was searched for."""
    chunks = [{"web": {"uri": f"https://{source}/", "title": source}} for source in sources]
    return _content(groundingMetadata={"webSearchQueries": list(queries), "groundingChunks": chunks})


def generation_complete() -> Message:
    """Return the word that the whole answer has been sent."""
    return _content(generationComplete=True)


def turn_complete(usage: Message, *, status: str = "", reason: str = "") -> Message:
    """Return the end of a turn with its `usageMetadata` beside it; empty `status` and `reason` are left out."""
    content: Message = {"turnComplete": True}
    if reason:
        content["turnCompleteReason"] = reason
    if status:
        content["interactionStatus"] = status
    return {"serverContent": content, "usageMetadata": usage}


def usage(prompt: Mapping[str, int], response: Mapping[str, int]) -> Message:
    """Return a `usageMetadata` object from token counts by modality ("TEXT", "AUDIO", "VIDEO")."""
    return {
        "promptTokenCount": sum(prompt.values()),
        "responseTokenCount": sum(response.values()),
        "totalTokenCount": sum(prompt.values()) + sum(response.values()),
        "promptTokensDetails": _token_details(prompt),
        "responseTokensDetails": _token_details(response),
    }


def go_away(time_left_s: float) -> Message:
    """Return the warning that the connection ends in `time_left_s`, a protobuf Duration."""
    return {"goAway": {"timeLeft": f"{time_left_s:.3f}".rstrip("0").rstrip(".") + "s"}}


def resumption_update(handle: str = "", *, resumable: bool | None = None) -> Message:
    """Return a session resumption update; what is empty or None is left out, as the service does (live-api.md 1.6)."""
    update: Message = {}
    if handle:
        update["newHandle"] = handle
    if resumable is not None:
        update["resumable"] = resumable
    return {"sessionResumptionUpdate": update}


def tool_call(calls: Sequence[tuple[str, str, Mapping[str, object]]]) -> Message:
    """Return function calls, each an (id, name, arguments)."""
    return {"toolCall": {"functionCalls": [{"id": key, "name": name, "args": dict(args)} for key, name, args in calls]}}


def tool_call_cancellation(ids: Sequence[str]) -> Message:
    """Return the word that the calls with these ids need no answer any more."""
    return {"toolCallCancellation": {"ids": list(ids)}}


def voice_activity(kind: str, offset_s: float) -> Message:
    """Return what gemini-3.1 reports of its own voice detection (live-api.md 1.3); `offset_s` counts audio."""
    return {"voiceActivity": {"type": kind, "audioOffset": f"{offset_s:.3f}s"}}


def _content(**fields: object) -> Message:
    return {"serverContent": dict(fields)}


def _audio_part(pcm: bytes) -> Message:
    return {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": base64.b64encode(pcm).decode("ascii")}}


def _token_details(counts: Mapping[str, int]) -> list[Message]:
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]
