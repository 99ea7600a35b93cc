"""Everything that is wrong with a configuration, found in one go. Imported only when something is."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from daemon.keys.credentials import KEY_LIKE

from .conflicts import conflicts
from .fault import WHERE_KEYS_BELONG, Fault
from .places import Path, places
from .schema import Config, Refusals
from .sentences import Places, named, value_faults
from .syntax import parse


def diagnose(text: str, refusals: Refusals | None) -> tuple[Fault, ...]:
    """Return all faults of the configuration `text`, in the order of their lines.

    One fault does not hide another: what follows from a faulty value is left out, the rest is judged without it.
    """
    parsed = parse(text)
    faults = list(parsed.faults)
    if parsed.data is not None:
        where = Places(places(parsed.text))
        errors = _errors(parsed.data)
        faults += value_faults(errors, where)
        unknown = frozenset[str]().union(*(fault.about for fault in faults))
        config = _without(parsed.data, errors)
        if config is not None:
            faults += _between(config, where, unknown, refusals)
    secrets = {number for number, line in enumerate(text.split("\n"), 1) if KEY_LIKE.search(line)}
    faults = [fault for fault in faults if fault.line not in secrets]
    faults += (Fault(number, f"this line holds what looks like an API key; {WHERE_KEYS_BELONG}") for number in secrets)
    return tuple(sorted(set(faults), key=lambda fault: (fault.line or 0, fault.column or 0, fault.text)))


def _errors(data: dict[str, Any]) -> Sequence[ErrorDetails]:
    try:
        Config.model_validate(data)
    except ValidationError as error:
        return error.errors(include_url=False)
    return ()


def _without(data: dict[str, Any], errors: Iterable[ErrorDetails]) -> Config | None:
    """Return the configuration with the defaults in the place of what is in error."""
    kept = copy.deepcopy(data)
    for error in errors:
        _drop(kept, error["loc"])
    try:
        return Config.model_validate(kept)
    except ValidationError:
        return None


def _drop(data: dict[str, Any], path: Path) -> None:
    """Take the key out of `data` that `path` leads to; into an array of tables, but no other array."""
    inner: Any = data
    table, key = data, path[0]
    for part in path:
        match inner, part:
            case dict(), _:
                table, key = inner, part
                inner = inner.get(part)
            case list(), int() if isinstance(inner[part], dict):
                inner = inner[part]
            case _:
                break
    table.pop(str(key), None)


def _between(config: Config, where: Places, unknown: frozenset[str], refusals: Refusals | None) -> Iterator[Fault]:
    """Yield what is wrong between the keys, except where a key's own value is `unknown`."""
    for conflict in conflicts(config):
        if not any(_in_doubt(key, unknown) for key in conflict.keys):
            yield _located(conflict.keys, conflict.reason, where)
    if refusals is not None and not _in_doubt("live.model", unknown):
        for refusal in refusals(config.live):
            if not _in_doubt(refusal.key, unknown):
                yield _located((refusal.key,), refusal.reason, where)


def _in_doubt(key: str, unknown: frozenset[str]) -> bool:
    """Say whether `unknown` holds `key`, something that it is in, or the bare name of one of these."""
    parts = key.split(".")
    return any(part in unknown or ".".join(parts[:end]) in unknown for end, part in enumerate(parts, 1))


def _located(keys: Sequence[str], reason: str, where: Places) -> Fault:
    """Return the fault at the first of `keys` that is written in the file; else at the section it belongs to."""
    for key in keys:
        path = _path(key)
        place = where.exact(path)
        if place is not None:
            return Fault(place.line, f"{named(path, place)}: {reason}")
    path = _path(keys[0])
    section = where.exact(path[:-1])
    return Fault(section.line if section else None, f"{named(path, None)} is not set: {reason}")


def _path(key: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in key.split("."))
