"""One line for each frame between a client and the stand-in service: what it was, not what it said.

Never holds words, keys or handles; audio is named by its digest, so that it can be found again elsewhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from hardware import pcm

from .stand_in.fields import snake
from .stand_in.memory import digest
from .stand_in.messages import Abort, Close, Message, Out, Raw, Stall

Line: TypeAlias = dict[str, object]
"""One frame: `t_s` (monotonic clock; going up, when it was read; going down, just before it is written), `way`, `kind`,
`bytes`, `session`; for audio also `pcm_digest` (of each part, in order), `pcm_ms` and `level_db` (of all parts)."""

_CONTENT_KINDS: Final = (
    ("modelTurn", "audio"),
    ("interrupted", "interrupted"),
    ("generationComplete", "generation_complete"),
    ("turnComplete", "turn_complete"),
    ("outputTranscription", "output_transcription"),
    ("inputTranscription", "input_transcription"),
)


def heard(frame: str | bytes, t_s: float, session: str | None) -> Line:
    """Return the line of a frame that the client sent."""
    line = _line("up", _client_kind(frame), len(frame.encode() if isinstance(frame, str) else frame), t_s, session)
    if line["kind"] == "audio":
        blob = _part_of(_part_of(json.loads(frame), "realtimeInput"), "audio")
        mime = str(blob.get("mimeType") or blob.get("mime_type") or "")
        rate_hz = mime.rpartition("rate=")[2]
        _add_audio(line, [_decoded(blob)], int(rate_hz) if rate_hz.isdigit() else pcm.UP.rate_hz)
    return line


def said(out: Out, size_bytes: int, t_s: float, session: str | None) -> Line:
    """Return the line of what the service does, `size_bytes` long as a frame; 0 for what is no frame."""
    match out:
        case Close(code=code):
            return {**_line("down", "close", size_bytes, t_s, session), "code": code}
        case Abort() | Stall():
            return _line("down", type(out).__name__.lower(), size_bytes, t_s, session)
        case Raw():
            return _line("down", "raw", size_bytes, t_s, session)
    line = _line("down", _server_kind(out), size_bytes, t_s, session)
    if line["kind"] == "audio":
        parts = _part_of(_part_of(out, "serverContent"), "modelTurn").get("parts")
        assert isinstance(parts, Sequence)
        _add_audio(line, [_decoded(_part_of(part, "inlineData")) for part in parts], pcm.DOWN.rate_hz)
    return line


def _line(way: str, kind: str, size_bytes: int, t_s: float, session: str | None) -> Line:
    return {"t_s": t_s, "way": way, "kind": kind, "bytes": size_bytes, "session": session}


def _client_kind(frame: str | bytes) -> str:
    try:
        message = json.loads(frame)
    except ValueError:
        return "raw"
    if not isinstance(message, Mapping) or len(message) != 1:
        return "other"
    [(name, value)] = message.items()
    if snake(name) == "realtime_input" and isinstance(value, Mapping) and len(value) == 1:
        return snake(next(iter(value)))
    return snake(name)


def _server_kind(message: Message) -> str:
    if not message:
        return "empty"
    content = message.get("serverContent")
    if isinstance(content, Mapping):
        return next((kind for name, kind in _CONTENT_KINDS if name in content), "server_content")
    return snake(next(iter(message)))


def _part_of(message: object, name: str) -> Mapping[str, object]:
    """Return the sub-message `name` of `message`, in either spelling; empty where there is none."""
    if isinstance(message, Mapping):
        for spelling in (name, snake(name)):
            found = message.get(spelling)
            if isinstance(found, Mapping):
                return found
    return {}


def _decoded(blob: Mapping[str, object]) -> bytes:
    """Return the audio of a blob; of one that the service will refuse, as much as can be made of it."""
    data = str(blob.get("data", ""))
    try:
        return base64.b64decode(data.replace("-", "+").replace("_", "/") + "=" * (-len(data) % 4))
    except ValueError:
        return b""


def _add_audio(line: Line, parts: Sequence[bytes], rate_hz: int) -> None:
    whole = b"".join(parts)
    line["pcm_digest"] = [digest(part) for part in parts]
    line["pcm_ms"] = round(pcm.Format(rate_hz).seconds(len(whole)) * 1000, 3)
    line["level_db"] = round(pcm.level_dbfs(whole[: len(whole) // 2 * 2]), 1)
