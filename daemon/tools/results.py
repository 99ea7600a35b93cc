"""What the model is told of a call.

Always `status`, `retryable` and `message`, for it calls again where a result is empty (live-api.md 1.8), and beside
them what the tool returned.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Final

from pydantic_core import to_json

LONGEST_BYTES: Final = 8192
"""Of a result as UTF-8 JSON: all of it stays in the context and is billed again with every turn (live-api.md 0.15)."""
_DONE: Final = "Done."
_OWN: Final = frozenset({"status", "retryable"})


class Status(Enum):
    """How a call has ended."""

    OK = "ok"
    ERROR = "error"
    """It failed, or was called wrongly."""
    TIMED_OUT = "timed_out"
    BUSY = "busy"
    """It was not begun."""
    CANCELLED = "cancelled"


def succeeded(result: object) -> dict[str, object]:
    """Return what to tell of a result: a text as `message`, a mapping's entries by their names, others as `result`.

    Raises:
        ValueError: It cannot be told as JSON.
    """
    value: object = json.loads(to_json(result, inf_nan_mode="null"))
    message, rest = _DONE, {}
    match value:
        case None | "":
            pass
        case str():
            message = value
        case dict() if not _OWN & value.keys() and isinstance(value.get("message", ""), str):
            message = value.get("message") or _DONE
            rest = {name: one for name, one in value.items() if name != "message"}
        case _:
            rest = {"result": value}
    whole = {"message": message, **rest}
    if len(_json(whole).encode()) > LONGEST_BYTES:
        whole = {"message": cut(_json(whole) if rest else message)}
    return {"status": Status.OK.value, "retryable": False, **whole}


def failed(status: Status, message: str, *, retryable: bool) -> dict[str, object]:
    """Return what to tell of a call without a result."""
    return {"status": status.value, "retryable": retryable, "message": cut(message)}


def cut(text: str, longest_bytes: int = LONGEST_BYTES) -> str:
    """Return `text` as it is, or so much of its beginning as fits, with a word about the rest."""
    raw = text.encode()
    if len(raw) <= longest_bytes:
        return text
    note = f" … (cut off here; it had {len(raw)} bytes)"
    return raw[: max(0, longest_bytes - len(note.encode()))].decode(errors="ignore") + note


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
