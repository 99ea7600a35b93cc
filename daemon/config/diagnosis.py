"""Everything that is wrong with a configuration, found in one go. Imported only when something is."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from daemon.credentials import KEY_LIKE

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
        table: Any = kept
        for part in error["loc"]:
            inner = table.get(part) if isinstance(table, dict) else None
            if not isinstance(inner, dict) or part == error["loc"][-1]:
                if isinstance(table, dict):
                    table.pop(part, None)
                break
            table = inner
    try:
        return Config.model_validate(kept)
    except ValidationError:
        return None


def _between(config: Config, where: Places, unknown: frozenset[str], refusals: Refusals | None) -> Iterator[Fault]:
    """Yield what is wrong between the keys, except where a key's own value is `unknown`."""
    for conflict in conflicts(config):
        if not any(part in unknown for key in conflict.keys for part in key.split(".")):
            yield _located(conflict.keys, conflict.reason, where)
    if refusals is not None and not unknown & {"live", "model"}:
        for refusal in refusals(config.live):
            if refusal.key.rpartition(".")[2] not in unknown:
                yield _located((refusal.key,), refusal.reason, where)


def _located(keys: Sequence[str], reason: str, where: Places) -> Fault:
    """Return the fault at the first of `keys` that is written in the file; else at the section it belongs to."""
    for key in keys:
        path: Path = tuple(key.split("."))
        place = where.exact(path)
        if place is not None:
            return Fault(place.line, f"{named(path, place)}: {reason}")
    section = where.exact((keys[0].split(".")[0],))
    return Fault(section.line if section else None, f"{keys[0]} is not set: {reason}")
