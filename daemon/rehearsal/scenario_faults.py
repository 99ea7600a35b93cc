"""Everything that is wrong with a scenario's file, found in one go. Most of it is imported only when something is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from annotated_types import Ge
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from daemon.config import Config
from daemon.config.conflicts import conflicts
from daemon.config.fault import Fault
from daemon.config.places import Path as Keys
from daemon.config.places import places
from daemon.config.section import Section
from daemon.config.sentences import Places, allowed, named, value_faults
from daemon.config.suggestions import choices, nearest, toml, value_for
from daemon.config.syntax import parse
from daemon.telling.sentences import SENTENCES

from .device_config import OWN, device_config
from .expected import FIGURES, Expected, InJournal
from .scenario import CallMade, Misdeed, Scenario, Service
from .steps import COMMANDS, VERBS, Command, Power, Push, verb
from .utterances import heard_answer, utterances

_DEBUG: Final = ("gate.opened", "gate.closed", "status.changed", "speaker.asleep", "speaker.awake")
"""What the journal of a rehearsal tells, too, and has no sentence for."""


def diagnose(text: str, folder: Path) -> tuple[Fault, ...]:
    """Return all faults of the scenario `text`, in the order of their lines.

    Args:
        text: What the file holds.
        folder: Where the paths in it begin.
    """
    parsed = parse(text)
    faults = list(parsed.faults)
    if parsed.data is not None:
        found = tuple(places(parsed.text))
        where = Places(found)
        errors = _errors(Scenario, parsed.data)
        inner = [error for error in errors if error["loc"][0] != "config" or len(error["loc"]) == 1]  # else told below
        faults += [_fault(error, where) for error in inner]
        if not errors:
            scenario = Scenario.model_validate(parsed.data)
            faults += (Fault(_line(where, keys), reason) for keys, reason in oddities(scenario, folder))
            reasons = utterances(scenario, folder)[1].items()
            faults += (
                Fault(_line(where, ("steps", index)), f"step {index + 1}: {reason}") for index, reason in reasons
            )
        if isinstance(config := parsed.data.get("config", {}), dict):
            below = (replace(one, path=one.path[1:]) for one in found if one.path[0] == "config" and len(one.path) > 1)
            faults += _config_faults(config, Places(below), parsed.data)
    return tuple(sorted(set(faults), key=lambda fault: (fault.line or 0, fault.column or 0, fault.text)))


def oddities(scenario: Scenario, folder: Path) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong in itself though every value is allowed: where, and a sentence."""
    if not scenario.purpose:
        yield (), 'purpose is missing; write a sentence about what happens and what comes of it: purpose = "…"'
    if not scenario.steps:
        yield (), 'nothing happens; write steps = [{ until = "link" }, { button = "press" }, …]'
    yield from _finger(scenario)
    for index, step in enumerate(scenario.steps):
        if isinstance(step, Command) and step.command.partition(" ")[0] not in COMMANDS:
            yield ("steps", index), f"command = {toml(step.command)}: must begin with {_either(COMMANDS)}"
    for index, call in enumerate(scenario.service.calls):
        if not call.name.isidentifier():
            yield ("service", "calls", index), 'a call needs the name of a function, such as name = "set_timer"'
    if scenario.service.answer and (reason := heard_answer(folder / scenario.service.answer)):
        yield ("service", "answer"), f"answer = {toml(scenario.service.answer)}: {reason}"
    known = (*SENTENCES, *_DEBUG)
    for index, line in enumerate(scenario.expect.journal):
        if line.event not in known:
            near = nearest(line.event, known) if line.event else None
            hint = f"did you mean {near}?" if near else "daemon/README.md lists what the journal tells"
            yield ("expect", "journal", index), f"event = {toml(line.event)}: there is no such event; {hint}"


def reserved(config: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[Keys, str]]:
    """Yield what a scenario cannot set."""
    for section, keys in config.items():
        for key in keys:
            if f"{section}.{key}" in OWN:
                yield (section, key), f"{key}: a rehearsal sets this itself; take the line out"


def _finger(scenario: Scenario) -> Iterator[tuple[Keys, str]]:
    """Yield where the button or the device is asked for what it is or does already."""
    down, on = False, True
    for index, step in enumerate(scenario.steps):
        match step:
            case Push(button="release") if not down:
                yield ("steps", index), 'the button is let go, and nobody holds it; write { button = "press" } before'
            case Push(button=gesture) if gesture != "release" and down:
                yield ("steps", index), 'the button is pressed, and still held; write { button = "release" } before'
            case Power(device=wanted) if (wanted == "on") == on:
                yield ("steps", index), f"the device is switched {wanted}, and it is that already; take the step out"
            case _:
                pass
        if isinstance(step, Push):
            down = step.button == "press"
        if isinstance(step, Power):
            on = step.device == "on"


def _config_faults(config: Mapping[str, Any], where: Places, data: Mapping[str, Any]) -> Iterator[Fault]:
    errors = _errors(Config, config)
    yield from value_faults(errors, where)
    if all(isinstance(keys, dict) for keys in config.values()):
        yield from (Fault(_line(where, keys), reason) for keys, reason in reserved(config))
    if errors:
        return
    kept = {key: value for key, value in data.items() if key in {"config", "camera"}}
    if not _errors(Scenario, kept):
        for conflict in conflicts(device_config(Scenario.model_validate(kept))):
            path = tuple(conflict.keys[0].split("."))
            yield Fault(_line(where, path), f"{named(path, where.exact(path))}: {conflict.reason}")


def _errors(model: type[Section], data: Mapping[str, Any]) -> Sequence[ErrorDetails]:
    try:
        model.model_validate(data)
    except ValidationError as error:
        return error.errors(include_url=False)
    return ()


def _line(where: Places, keys: Keys) -> int | None:
    place = where.nearest(keys) if keys else None
    return place.line if place else None


def _fault(error: ErrorDetails, where: Places) -> Fault:
    """Return what is wrong where pydantic says so; its paths hold the verbs of steps, the file's do not."""
    loc = tuple(part for part in error["loc"] if part != "[key]")
    kind = VERBS.get(str(loc[2])) if len(loc) > 2 and loc[0] == "steps" else None
    keys: Keys = (*loc[:2], *loc[3:]) if kind else loc
    model = kind or _model(loc)
    place = where.nearest(keys)
    begin = named(keys, place)
    key = str(loc[-1])
    match error["type"]:
        case "union_tag_not_found":
            text = f"{begin}: {_no_verb(error['input'])}"
        case "extra_forbidden" if kind and key in VERBS:
            text = f"{begin}: a step does one thing, and this one has {verb(error['input']) or loc[2]}; write two steps"
        case "extra_forbidden":
            text = f"{begin}: {_unknown(key, model)}"
        case "missing":
            text = f"{begin}: {key} is missing"
        case _:
            text = f"{begin}: {_refused(model, keys, error)}"
    return Fault(place.line if place else None, text)


def _model(loc: Keys) -> type[Section]:
    """Return the table that the last part of `loc` is a key of, or is in the value of one of its keys."""
    match loc:
        case ("service", "calls", int(), _, *_):
            return CallMade
        case ("service", "faults", int(), _, *_):
            return Misdeed
        case ("expect", "journal", int(), _, *_):
            return InJournal
        case ("service", _, *_):
            return Service
        case ("expect", _, *_):
            return Expected
        case _:
            return Scenario


def _no_verb(step: object) -> str:
    if not isinstance(step, dict):
        return 'a step is a table, such as { button = "press" } or { wait_s = 1.5 }'
    values = {word: f"{name} = {toml(word)}" for name, kind in VERBS.items() for word in _words(kind, name)}
    meant = next((values[key] for key in step if key in values), None)
    meant = meant or next((near for key in step if (near := nearest(key, VERBS))), None)
    hint = f"did you mean {meant}?" if meant else f"it needs one of {', '.join(VERBS)}"
    return f"it does not say what happens; {hint}"


def _words(kind: type[Section], key: str) -> Sequence[str]:
    return choices(kind.model_fields[key].annotation)


def _unknown(key: str, model: type[Section]) -> str:
    near = nearest(key, model.model_fields)
    if near is not None:
        return f"there is no such key; did you mean {near}?"
    homes: dict[str, type[Section]] = {
        "service": Service,
        "expect": Expected,
        "service.calls": CallMade,
        "service.faults": Misdeed,
    }
    fitting = [f"[{name}]" for name, home in homes.items() if key in home.model_fields and home is not model]
    if fitting:
        return f"there is no such key here; `{key}` belongs to {_either(fitting)}"
    if key in Config.model_fields:
        return f"there is no such key; how the device is set stands in [config.{key}]"
    return f"there is no such key here; there are {', '.join(model.model_fields)}"


def _refused(model: type[Section], keys: Keys, error: ErrorDetails) -> str:
    """Return what a value must be, and what was probably meant."""
    if keys[:2] == ("expect", "figures") and error["loc"][-1] == "[key]":
        near = nearest(str(keys[-1]), FIGURES)
        return f"there is no such figure; did you mean {near}?" if near else f"there are {', '.join(FIGURES)}"
    key = next((str(part) for part in reversed(keys) if str(part) in model.model_fields), str(keys[-1]))
    field = model.model_fields.get(key)
    if error["type"].startswith(("model_type", "dict_type", "tuple_type", "list_type")) or field is None:
        return "it stands in the wrong place, or is of the wrong kind; docs/scenarios.md shows how it is written"
    words = choices(field.annotation)
    if str(keys[-1]) != key and words:  # an item of a list
        near = nearest(str(error["input"]), words)
        return f"must be {_either([toml(word) for word in words])}" + (f"; write {toml(near)}" if near else "")
    ranged = any(isinstance(part, Ge) for part in field.metadata)
    if not (words or ranged or {str, bool} & {field.annotation}):
        return str(error["msg"]).lower()
    meant = value_for(model, key, error["input"])
    return f"must be {allowed(key, field, error['type'])}" + (
        f"; write {key} = {toml(meant)}" if meant is not None else ""
    )


def _either(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
