"""A reader of the client's frames that refuses every field it does not know, as the service does."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Final, TypeAlias

from .messages import Rejected
from .schema import ENUMS, MESSAGES

Fields: TypeAlias = Mapping[str, object]
"""A message that was read: camelCase names of known fields, values of the declared kinds, bytes decoded."""


def read(frame: str | bytes) -> Fields:
    """Return one client frame, text or binary, camelCase or snake_case, as known fields.

    Raises:
        Rejected: 1007, with the path of the first field that is unknown or has a wrong value.
    """
    try:
        value: object = json.loads(frame)
    except ValueError as error:  # not JSON, or not UTF-8
        raise Rejected(1007, "Invalid JSON payload received. Unexpected token.") from error
    return _message(value, "ClientMessage", "")


def group(fields: Fields, *names: str) -> Fields:
    """Return the sub-message that `names` lead to from `fields`; an empty one where it was not sent."""
    for name in names:
        found = fields.get(name, {})
        assert isinstance(found, dict), name
        fields = found
    return fields


def groups(fields: Fields, name: str) -> list[Fields]:
    """Return the repeated sub-messages `name` of `fields`; none where it was not sent."""
    found = fields.get(name, [])
    assert isinstance(found, list), name
    return found


def text(fields: Fields, name: str) -> str:
    """Return the string, or the enum, `name` of `fields`; empty where it was not sent."""
    found = fields.get(name, "")
    assert isinstance(found, str), name
    return found


def number(fields: Fields, name: str) -> float | None:
    """Return the number `name` of `fields`; None where it was not sent."""
    found = fields.get(name)
    assert found is None or isinstance(found, int | float), name
    return found


@cache
def snake(name: str) -> str:
    """Return a camelCase name in snake_case, as the service writes it in its reasons."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    message: {spelling: name for name in fields for spelling in (name, snake(name))}
    for message, fields in MESSAGES.items()
}
"""Message name to both spellings of each field to its camelCase name."""


def _message(value: object, message: str, path: str) -> Fields:
    if not isinstance(value, dict):
        raise _invalid(value, message, path)
    read_so_far: dict[str, object] = {}
    for spelling, given in value.items():
        name = _NAMES[message].get(spelling)
        if name is None or name in read_so_far:
            where = f" at '{path}'" if path else ""
            raise Rejected(1007, f'Invalid JSON payload received. Unknown name "{spelling}"{where}: Cannot find field.')
        if given is not None:  # null means "not there" in protobuf's JSON
            below = f"{path}.{snake(name)}" if path else snake(name)
            read_so_far[name] = _value(given, MESSAGES[message][name], below)
    return read_so_far


def _value(value: object, kind: str, path: str) -> object:
    if kind.startswith("["):
        if not isinstance(value, list):
            raise _invalid(value, kind, path)
        return [_value(item, kind[1:-1], f"{path}[{index}]") for index, item in enumerate(value)]
    if kind.startswith("{"):
        if not isinstance(value, dict):
            raise _invalid(value, kind, path)
        return {key: _value(item, kind[1:-1], f"{path}[{key}]") for key, item in value.items()}
    if kind in MESSAGES:
        return _message(value, kind, path)
    if kind in ENUMS:
        return _enumerated(value, kind, path)
    return _scalar(value, kind, path)


def _enumerated(value: object, kind: str, path: str) -> str:
    if isinstance(value, str):
        # Lower-case schema types are taken (live-api.md 2); of the other enums nobody knows.
        wanted = value.upper() if kind == "Type" else value
        if wanted in ENUMS[kind]:
            return wanted
    raise _invalid(value, kind, path)


def _scalar(value: object, kind: str, path: str) -> object:
    match kind, value:
        case ("any", _) | ("string", str()) | ("bool", bool()) | ("struct", dict()):
            return value
        case ("int" | "float", bool()):
            raise _invalid(value, kind, path)
        case ("int", int()) | ("float", int() | float()):
            return value
        case ("int", float()) if value.is_integer():  # the SDK sends topK as 40.0
            return int(value)
        case ("bytes", str()):
            return _decoded(value, path)
    raise _invalid(value, kind, path)


_URL_SAFE: Final = str.maketrans("-_", "+/")


def _decoded(value: str, path: str) -> bytes:
    """Return base64 of either alphabet, padded or not (the SDK sends the URL-safe one, live-api.md 0.16)."""
    try:
        return base64.b64decode(value.translate(_URL_SAFE) + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected(1007, f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed.") from error


def _invalid(value: object, kind: str, path: str) -> Rejected:
    shown = json.dumps(value, default=str)
    return Rejected(1007, f"Invalid value at '{path}' ({kind.strip('[]{}')}), {shown[:40]}")
