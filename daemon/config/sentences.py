"""Faults of keys and values, in complete sentences: what stands there, what is allowed, what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args, get_origin

from annotated_types import Ge, Gt, Le, MultipleOf
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .fault import WHERE_KEYS_BELONG, Fault, pair, secret, shown
from .places import Path, Place
from .suggestions import (
    accepts,
    choices,
    header,
    nearest,
    nearest_section,
    owners,
    sections,
    toml,
    unknown_key,
    value_for,
)
from .values import Why

_UNITS: Final = {
    "ms": "milliseconds",
    "s": "seconds",
    "minutes": "minutes",
    "db": "decibels",
    "px": "pixels",
    "percent": "percent",
    "tokens": "tokens",
    "ma": "milliamperes",
}

_IN_A_FILE: Final = (
    "what is secret does not belong into this file, which everybody on the device can read; write it into a file of its"
    " own, and the path of that into credential_file"
)


class Places:
    """Finds where a path is written, or what comes nearest to it."""

    def __init__(self, found: Iterable[Place]) -> None:
        self._found: dict[Path, Place] = {}
        for place in found:
            self._found.setdefault(place.path, place)

    def exact(self, path: Path) -> Place | None:
        """Return where `path` itself is written."""
        return self._found.get(path)

    def nearest(self, path: Path) -> Place | None:
        """Return the place of `path`, or else of the first thing in it, or else of what it is in."""
        if path in self._found:
            return self._found[path]
        for other, place in self._found.items():
            if other[: len(path)] == path:
                return place
        return self.nearest(path[:-1]) if path else None


def value_faults(errors: Iterable[ErrorDetails], places: Places) -> Iterator[Fault]:
    """Yield a fault for each of pydantic's `errors`."""
    for error in errors:
        path: Path = tuple(part for part in error["loc"] if part != "[key]")
        place = places.nearest(path)
        line = place.line if place else None
        if error["type"] == "extra_forbidden":
            text, about = _unknown(path, error["input"], place)
        elif len(path) == 1:
            text, about = _not_a_section(str(path[0]), place), frozenset({str(path[0])})
        else:
            text, about = _refused(path, error, place), frozenset({dotted(_key_of(path))})
        yield Fault(line, text, about=about)


def dotted(path: Path) -> str:
    """Return `path` as one text, the indices of arrays included: "tools.mcp.0.url"."""
    return ".".join(map(str, path))


def named(path: Path, place: Place | None) -> str:
    """Return how a sentence begins: the key and its value as written, or the header as written."""
    if place is not None and place.header:
        return shown(place.written)
    name = ".".join(part for part in path if isinstance(part, str))
    return name if place is None else pair(name, place.written)


def _unknown(path: Path, value: Any, place: Place | None) -> tuple[str, frozenset[str]]:
    name, begin = str(path[-1]), named(path, place)
    section = _section_of(path)
    if place is not None and not place.header and secret(name, place.written):
        return f"{begin}: {_IN_A_FILE if section == 'tools.mcp' else WHERE_KEYS_BELONG}", frozenset()
    if len(path) > 1:
        reason, meant = unknown_key(section, name, value)
        return f"{begin}: {reason}", frozenset({dotted((*path[:-1], meant))} if meant else ())
    written = ".".join(str(part) for part in place.path if not isinstance(part, int)) if place else name
    meant = nearest_section(written if place and place.header else name)
    if meant is not None or isinstance(value, dict) or (place is not None and place.header):
        hint = f"did you mean {header(meant)}?" if meant else f"there are {', '.join(map(header, sections()))}"
        return f"{begin}: there is no such section; {hint}", frozenset({meant} if meant else ())
    owning = [other for other in owners(name) if accepts(sections()[other], name, value)] or owners(name)
    headers = " or ".join(map(header, owning))
    hint = f"`{name}` belongs below {headers}" if headers else "every key belongs below a [section]"
    return f"{begin}: it stands outside of every section; {hint}", frozenset({name})


def _section_of(path: Path) -> str:
    """Return the section that `path` leads into; inside an item of an array of them, that one."""
    array = dotted(path[:2])
    return array if len(path) > 3 and array in sections() else str(path[0])


def _key_of(path: Path) -> Path:
    """Return the path up to the key, without what is in its value."""
    return path[: _section_of(path).count(".") * 2 + 2]


def _not_a_section(name: str, place: Place | None) -> str:
    return f"{named((name,), place)}: {name} is a section; write [{name}] once, alone in a line, and its keys below it"


def _refused(path: Path, error: ErrorDetails, place: Place | None) -> str:
    begin = named(path, place)
    section, key, value = sections()[_section_of(path)], str(_key_of(path)[-1]), error["input"]
    field = section.model_fields[key]
    if dotted(path[:2]) in sections() and len(path) <= 3:
        array = dotted(path[:2])
        return f"{begin}: there may be several of these; write {header(array)} alone in a line above the keys of each"
    if error["type"] == "value_error":
        return f"{begin}: {error['ctx']['error']}"
    if path != _key_of(path):
        return f"{begin}: {_refused_item(field, error, str(path[-1]))}"
    sentence = f"{begin}: must be {allowed(key, field, error['type'])}"
    meant = value_for(section, key, value)
    if meant is not None:
        sentence += f"; write {key} = {toml(meant)}"
    why = [part.reason for part in field.metadata if isinstance(part, Why)]
    return "; ".join([sentence, *why]) if not error["type"].endswith("_type") else sentence


def _refused_item(field: FieldInfo, error: ErrorDetails, name: str) -> str:
    """Return what is wrong with one item of a list or of a table of texts."""
    if error["loc"][-1] == "[key]":
        names = choices(get_args(field.annotation)[0])
        near = nearest(name, names)
        return f"there is no such name; did you mean {near}?" if near else f"the names are {_either(names)}"
    words = choices(get_args(field.annotation)[-1])
    near = nearest(error["input"], words) if isinstance(error["input"], str) else None
    return f"must be {_either(map(toml, words)) if words else 'text in quotes'}" + (
        f"; write {toml(near)}" if near else ""
    )


def allowed(key: str, field: FieldInfo, error_type: str) -> str:
    """Return what may stand for a key; with the type, if that is what is wrong."""
    options = choices(field.annotation)
    kinds = set(get_args(field.annotation)) or {field.annotation}
    if get_origin(field.annotation) is tuple:
        return f"a list of texts, such as {toml((field.examples or [[]])[0])}"
    if get_origin(field.annotation) is dict:
        return f"a section of its own, written [live.{key}]"
    if options:
        return _either(map(toml, options))
    if bool in kinds:
        return "true or false, in lower case and without quotes"
    if str in kinds:
        return "text in quotes"
    wrong_type = error_type.endswith("_type") or error_type == "int_from_float"
    kind = ("a whole number " if int in kinds else "a number ") if wrong_type else ""
    return kind + _range(key, field)


def _range(key: str, field: FieldInfo) -> str:
    above = next((part.gt for part in field.metadata if isinstance(part, Gt)), None)
    low = next((part.ge for part in field.metadata if isinstance(part, Ge)), None)
    high = next((part.le for part in field.metadata if isinstance(part, Le)), None)
    step = next((part.multiple_of for part in field.metadata if isinstance(part, MultipleOf)), None)
    unit = None if "_per_" in key else _UNITS.get(key.rpartition("_")[2])
    if above is not None:
        text = f"above {above:g} and at most {high:g}"
    else:
        text = f"from {low:g} to {high:g}" if isinstance(low, float) else f"from {low} to {high}"
    return text + (f" in steps of {step}" if step else "") + (f" ({unit})" if unit else "")


def _either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
