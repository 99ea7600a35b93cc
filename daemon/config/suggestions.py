"""What an owner probably meant: the nearest name, the same value in another unit, the same value in the right type."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, get_args

from pydantic import ValidationError

from .schema import Config, Section
from .values import OneOf

TRUE_WORDS: Final = frozenset({"true", "yes", "on", "y", "t", "1", "ja", "oui", "si", "sí", "wahr", "vrai", "enabled"})
FALSE_WORDS: Final = frozenset({"false", "no", "off", "n", "f", "0", "nein", "non", "falsch", "faux", "disabled"})
_UNITS: Final[dict[str, tuple[str, float]]] = {
    "us": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "s": ("time", 1.0),
    "sec": ("time", 1.0),
    "secs": ("time", 1.0),
    "seconds": ("time", 1.0),
    "min": ("time", 60.0),
    "minutes": ("time", 60.0),
    "ma": ("current", 1e-3),
    "a": ("current", 1.0),
    "percent": ("share", 0.01),
    "fraction": ("share", 1.0),
    "db": ("level", 1.0),
    "px": ("pixels", 1.0),
    "tokens": ("tokens", 1.0),
}
"""What each unit at the end of a key measures, and how much of the measure it is."""
_QUANTITY: Final = re.compile(r"\s*([-+]?\d+(?:[.,]\d+)?)\s*([a-zA-Z%]*)\s*")


def sections() -> dict[str, type[Section]]:
    """Return the sections of the schema by name; one that there may be several of has a dot in it: "tools.mcp"."""
    found: dict[str, type[Section]] = {}
    for name, field in Config.model_fields.items():
        for section in _sections_in(field.annotation):
            found[name] = section
            for key, inner in section.model_fields.items():
                found.update({f"{name}.{key}": item for item in _sections_in(inner.annotation)})
    return found


def header(name: str) -> str:
    """Return the line that the section begins with."""
    return f"[[{name}]]" if "." in name else f"[{name}]"


def nearest_section(name: str) -> str | None:
    """Return the section that was probably meant by what stands in a header, with dots where they stand there."""
    whole = nearest(name, sections())
    if whole is not None:
        return whole
    lasts = {other.rpartition(".")[2]: other for other in sections() if "." in other}
    return next((lasts[near] for part in name.split(".") if (near := nearest(part, lasts))), None)


def owners(key: str) -> list[str]:
    """Return the names of the sections that have `key`."""
    return [name for name, section in sections().items() if key in section.model_fields]


def toml(value: object) -> str:
    """Return `value` (a text, number, boolean, or list of these) as TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list():
            return "[" + ", ".join(toml(item) for item in value) + "]"
        case _:
            return str(value)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that `name` was probably meant to be."""
    known = {_plain(other): other for other in names}
    plain = _plain(name)
    if plain in known:
        return known[plain]
    longer = [other for other in known if len(plain) >= 3 and (other.startswith(plain) or plain.startswith(other))]
    close = longer if len(longer) == 1 else difflib.get_close_matches(plain, known, n=1, cutoff=0.65)
    return known[close[0]] if close else None


def value_for(section: type[Section], key: str, value: object) -> object | None:
    """Return what is allowed for `key` and means the same as the refused `value`, or None."""
    for candidate in _readings(section, key, value):
        if accepts(section, key, candidate):
            return candidate
    return None


def accepts(section: type[Section], key: str, value: object) -> bool:
    """Say whether the schema takes `value` for `key`."""
    try:
        section.model_validate({key: value})
    except ValidationError:
        return False
    return True


def unknown_key(section_name: str, key: str, value: object) -> tuple[str, str | None]:
    """Return what to say of a key that `section_name` does not have, and the key that was probably meant."""
    section = sections()[section_name]
    for name in section.model_fields:
        if _stem(name) == _stem(_plain(key)) and _plain(key) != name:
            meant = _in_unit_of(name, _unit(_plain(key)), value)
            if meant is not None and accepts(section, name, meant):
                return f"there is no such key; did you mean {name} = {toml(meant)}?", name
            return f"there is no such key; did you mean {name}?", name
    fitting = [header(name) for name in owners(key) if accepts(sections()[name], key, value)]
    if fitting:
        return f"there is no such key here; `{key}` belongs to {' or '.join(fitting)}", None
    near = nearest(key, section.model_fields)
    if near is not None:
        return f"there is no such key; did you mean {near}?", near
    for name, other in sections().items():
        near = nearest(key, other.model_fields)
        if near is not None:
            return f"there is no such key here; did you mean `{near}` in {header(name)}?", None
    return f"there is no such key; {header(section_name)} has {', '.join(section.model_fields)}", None


def _sections_in(annotation: object) -> tuple[type[Section], ...]:
    """Return the section that `annotation` is, or is a tuple of."""
    return tuple(
        part for part in (annotation, *get_args(annotation)) if isinstance(part, type) and issubclass(part, Section)
    )


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _unit(key: str) -> str:
    stem, _, unit = key.rpartition("_")
    return unit if stem and unit in _UNITS else ""


def _stem(key: str) -> str:
    unit = _unit(key)
    return key.removesuffix(f"_{unit}") if unit else key


def _in_unit_of(key: str, unit: str, value: object) -> object | None:
    """Return `value`, given in `unit` (empty: not said), in the unit that `key` ends in; None if it has no such."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value if not unit else None
    target = _unit(key)
    if not unit and target == "percent" and 0 < value <= 1:
        unit = "fraction"
    if not unit or unit == target:
        return value
    measure, factor = _UNITS[unit]
    if target not in _UNITS or _UNITS[target][0] != measure:
        return None
    return _whole(round(value * factor / _UNITS[target][1], 6))


def _whole(number: float) -> int | float:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _readings(section: type[Section], key: str, value: object) -> Iterator[object]:
    """Yield what `value` may have been meant to be, the likeliest first."""
    match value:
        case str():
            lower = value.strip().lower()
            if lower in TRUE_WORDS:
                yield True
            if lower in FALSE_WORDS:
                yield False
            options = choices(section.model_fields[key].annotation)
            near = nearest(value, options) if options else None
            if near is not None:
                yield near
            quantity = _QUANTITY.fullmatch(value)
            if quantity is not None:
                unit = quantity[2].lower().replace("%", "percent")
                number = _whole(float(quantity[1].replace(",", ".")))
                yield _in_unit_of(key, unit, number) if unit in _UNITS or not unit else None
            with suppress(ValueError):  # quotes in the text that do not end
                yield [part.strip() for part in value.split(",")] if "," in value else shlex.split(value)
        case bool():
            yield {True: "on", False: "off"}[value]
            yield str(value)
        case int() | float():
            if value in (0, 1):
                yield bool(value)
            yield _whole(value)
            yield str(value)
        case [single]:
            yield single
        case _:
            return


def choices(annotation: object) -> tuple[str, ...]:
    """Return the words that a `Literal` or a `OneOf`, optional or not, allows; nothing for any other type."""
    found: list[str] = []
    for part in (*getattr(annotation, "__metadata__", ()), *getattr(annotation, "__args__", ())):
        found.extend(part.words if isinstance(part, OneOf) else [part] if isinstance(part, str) else choices(part))
    return tuple(found)
