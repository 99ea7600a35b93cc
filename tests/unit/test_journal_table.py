"""The table of journal events in daemon/README.md says what the source says: events, levels, fields."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "daemon" / "README.md"
EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
LEVELS = {"tell": "info", "warn": "warning", "error": "error", "debug": "debug"}
"""What a line's level is by the method that tells it; `level=` of a `tell` overrules it."""
OUTAGES = ROOT / "daemon" / "panel" / "outage.py"
"""It tells what `panel` names, and `panel` adds the part."""


@dataclass
class Told:
    """One event, put together from all places that tell it."""

    levels: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def in_the_source() -> dict[str, Told]:
    """Return every event that the daemon tells, without the rehearsal, which has no journal of its own."""
    found: dict[str, Told] = defaultdict(Told)
    for path in sorted((ROOT / "daemon").rglob("*.py")):
        if "rehearsal" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        named = named_levels(tree)
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = method(call.func)
            for event in events(call.args[0]):
                if name in LEVELS:
                    found[event].levels |= levels(call, LEVELS[name], named)
                    found[event].fields |= {key.arg for key in call.keywords if key.arg and key.arg != "level"}
                    if path == OUTAGES:
                        found[event].fields.add("part")
                elif name == "failed" and path.parent == OUTAGES.parent:
                    found[event].levels.add("warning")
                    found[event].fields |= {"part", "reason"}
    return dict(found)


def method(called: ast.expr) -> str:
    """Return the bare name of what is called: `tell` of `self._tell` and of `journal.tell`."""
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name.removeprefix("_")


def events(argument: ast.expr) -> Iterator[str]:
    """Yield the events that an argument may be: a text, or one of two."""
    choices = (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,)
    for choice in choices:
        if isinstance(choice, ast.Constant) and isinstance(choice.value, str) and EVENT.fullmatch(choice.value):
            yield choice.value


def levels(call: ast.Call, usual: str, named: Mapping[str, set[str]]) -> set[str]:
    """Return what `level=` may be, as a `Level.` each or by a name for some of them, or the method's usual one."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "level"]
    found = {level for value in given for level in levels_in(value)}
    for value in given:
        if isinstance(value, ast.Name):
            found |= named[value.id]
    return found or {usual}


def levels_in(value: ast.expr) -> set[str]:
    """Return every `Level.` that an expression names."""
    nodes = [node for node in ast.walk(value) if isinstance(node, ast.Attribute)]
    return {node.attr.lower() for node in nodes if ast.unparse(node.value) == "Level"}


def named_levels(tree: ast.Module) -> dict[str, set[str]]:
    """Return the variables of a module that hold levels, and which."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and levels_in(node.value):
            found[node.targets[0].id] |= levels_in(node.value)
    return found


def in_the_readme() -> dict[str, Told]:
    """Return the rows `| event | level | fields | meaning |`."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| ([a-z, ]+) \| (.*?) \|", README.read_text(), re.MULTILINE)
    return {event: Told(set(said.split(", ")), set(re.findall(r"`([a-z_]+)`", fields))) for event, said, fields in rows}


def test_the_readme_lists_every_event_that_the_daemon_tells() -> None:
    assert sorted(in_the_readme()) == sorted(in_the_source())


def test_each_event_has_the_levels_and_fields_of_the_source() -> None:
    said = in_the_readme()
    wrong = [row(event, told) for event, told in in_the_source().items() if said.get(event) != told]
    assert wrong == [], f"{README} should say:\n" + "\n".join(wrong)


def row(event: str, told: Told) -> str:
    """Return how the row of an event must begin."""
    fields = " ".join(f"`{name}`" for name in sorted(told.fields))
    return f"| `{event}` | {', '.join(sorted(told.levels))} | {fields} |"


def test_the_finder_sees_both_events_of_a_choice_and_a_level_that_is_given() -> None:
    call = ast.parse("t.tell('a.b' if up else 'a.c', level=Level.DEBUG if told else Level.WARNING, x=1)", mode="eval")
    assert isinstance(call.body, ast.Call)
    assert list(events(call.body.args[0])) == ["a.b", "a.c"]
    assert levels(call.body, "info", {}) == {"debug", "warning"}


def test_the_finder_sees_a_level_behind_a_name() -> None:
    tree = ast.parse("level = Level.INFO if good else Level.WARNING\nt.tell('a.b', level=level)")
    call = tree.body[1]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert levels(call.value, "info", named_levels(tree)) == {"info", "warning"}
