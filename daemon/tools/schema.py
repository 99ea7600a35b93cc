"""JSON Schemas, reduced to what a Gemini function declaration takes.

Kept are `type`, `properties`, `required`, `enum` of texts, `description`, `items`, `minimum` and `maximum`. References
are put in their place, "or null" is left out (a value that may be null need not be given), and what cannot be said is
named, so that nobody wonders later. Whoever carries a call out still checks the whole of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_SILENT: Final = frozenset({"$defs", "definitions", "$schema", "$id", "$comment", "title", "default", "examples"})
"""What is left out without a word: it restricts nothing."""
_KEPT: Final = frozenset({"type", "properties", "required", "enum", "description", "items", "minimum", "maximum"})
_TYPES: Final = ("string", "integer", "number", "boolean", "array", "object")
_DEEPEST: Final = 6
"""Levels of nesting; a schema that refers to itself has no bottom."""


class Unsayable(Exception):
    """A part of a schema has no counterpart."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """A schema of type "object", and what became of the rest of it."""

    parameters: Mapping[str, object] | None
    """None if nothing is left to be given."""
    dropped: tuple[str, ...]
    """What was left out, as paths such as `count.exclusiveMinimum`, in alphabetical order."""


def reduced(schema: Mapping[str, object]) -> Reduced:
    """Return what is left of a tool's parameters.

    Raises:
        Unsayable: A parameter that must be given cannot be expressed.
    """
    reduction = _Reduction(schema)
    whole = reduction.of(schema, "", 0)
    if whole["type"] != "object":
        raise Unsayable(f'the parameters are of type "{whole["type"]}", not "object"')
    return Reduced(whole if whole.get("properties") else None, tuple(sorted(reduction.dropped)))


class _Reduction:
    """One schema on its way."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self.dropped: set[str] = set()

    def of(self, schema: object, path: str, depth: int) -> dict[str, object]:
        """Return the counterpart of the part of the schema at `path`."""
        if depth > _DEEPEST:
            raise Unsayable(f"{path} is nested too deeply")
        plain = self._plain(schema, path)
        kind = self._kind(plain, path)
        found: dict[str, object] = {"type": kind}
        if isinstance(description := plain.get("description"), str) and description:
            found["description"] = description
        if "enum" in plain:
            self._choices(plain, found)
        match kind:
            case "object":
                found |= self._object(plain, path, depth)
            case "array":
                found["items"] = self.of(plain.get("items", {}), f"{path}[]", depth + 1)
            case "integer" | "number":
                found |= {
                    key: value for key in ("minimum", "maximum") if isinstance(value := plain.get(key), int | float)
                }
            case _:
                pass
        self.dropped |= {_joined(path, key) for key in plain if key not in _KEPT and key not in _SILENT}
        return found

    def _plain(self, schema: object, path: str) -> dict[str, object]:
        """Return a schema without references and alternatives."""
        if not isinstance(schema, Mapping):  # true: anything
            return {}
        plain = dict(schema)
        for _ in range(_DEEPEST):
            if isinstance(reference := plain.pop("$ref", None), str):
                plain = {**self._referred(reference, path), **plain}
            elif isinstance(alternatives := plain.pop("anyOf", None) or plain.pop("oneOf", None), Sequence):
                plain = {**self._chosen(alternatives, path), **plain}
            elif isinstance(parts := plain.get("allOf"), Sequence) and len(parts) == 1 and isinstance(parts[0], dict):
                del plain["allOf"]
                plain = {**parts[0], **plain}
            else:
                break
        if "const" in plain:
            plain["enum"] = [plain.pop("const")]
        return plain

    def _chosen(self, alternatives: Sequence[object], path: str) -> Mapping[str, object]:
        """Return the one alternative besides null; of several, the first."""
        real = [one for one in alternatives if isinstance(one, Mapping) and one.get("type") != "null"]
        if len(real) > 1:
            self.dropped.add(_joined(path, "anyOf"))
        return real[0] if real else {}

    def _referred(self, reference: str, path: str) -> Mapping[str, object]:
        target: object = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            step = step.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901  # RFC 6901
            target = target.get(step) if isinstance(target, Mapping) else None
        if not reference.startswith("#/") or not isinstance(target, Mapping):
            raise Unsayable(f"{path or 'the schema'} refers to {reference[:60]!r}, which is not there")
        return target

    def _kind(self, plain: Mapping[str, object], path: str) -> str:
        """Return the type, guessed where the schema does not say it."""
        kind = plain.get("type")
        if isinstance(kind, Sequence) and not isinstance(kind, str):
            real = [one for one in kind if one != "null"]
            if len(real) > 1:
                self.dropped.add(_joined(path, "type"))
            kind = real[0] if real else None
        if kind in _TYPES:
            return str(kind)
        choices = plain.get("enum")
        if isinstance(choices, Sequence) and choices and all(isinstance(one, int) for one in choices):
            return "integer"
        if "properties" in plain or not path:
            return "object"
        if "items" in plain:
            return "array"
        if not isinstance(choices, Sequence):
            self.dropped.add(_joined(path, "any type but text"))
        return "string"

    def _choices(self, plain: Mapping[str, object], found: dict[str, object]) -> None:
        """Add an enum; the service takes one of texts only, so that others are said in words."""
        choices = plain["enum"]
        listed = [one for one in choices if one is not None] if isinstance(choices, Sequence) else []
        if found["type"] == "string":
            found["enum"] = [str(one) for one in listed]
        else:
            words = f"One of {', '.join(str(one) for one in listed)}."
            found["description"] = f"{found['description']} {words}" if "description" in found else words

    def _object(self, plain: Mapping[str, object], path: str, depth: int) -> dict[str, object]:
        properties = plain.get("properties")
        given = plain.get("required")
        required = [str(name) for name in given] if isinstance(given, Sequence) else []
        kept: dict[str, object] = {}
        for name, schema in properties.items() if isinstance(properties, Mapping) else ():
            where = _joined(path, str(name))
            try:
                kept[str(name)] = self.of(schema, where, depth + 1)
            except Unsayable:
                if name in required:
                    raise
                self.dropped.add(where)
        if path and not kept:
            raise Unsayable(f"{path} is an object without named properties")
        needed = [name for name in required if name in kept]
        return {"properties": kept, **({"required": needed} if needed else {})} if kept else {}


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
