"""What the documents name is there: files, commands, targets, keys, rooms, functions."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from daemon import cli
from daemon.config import Config

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
INSIDE = ROOT / "daemon" / "README.md"
DOCUMENTS = (README, INSIDE, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))


def code(document: Path) -> list[str]:
    """Return what stands in backticks, and the lines that are indented as code."""
    text = document.read_text()
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^ {4,}(\S.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_headings(document: Path) -> None:
    for file, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", document.read_text()):
        text = (document.parent / file if file else document).read_text()
        heads = (
            re.sub(r"[^\w\s-]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.+)$", text, re.M)
        )
        assert anchor in set(heads), f"{file}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_are_commands(document: Path) -> None:
    named = {word for text in code(document) for word in re.findall(r"\bvocative ([a-z][a-z-]*)\b", text)}
    known = set(re.findall(r"^ {4}([a-z][a-z-]*)(?: |$)", cli._parser().format_help(), re.MULTILINE))
    assert {"run", "check"} <= known, "the finder does not find the commands any more"
    # What is a folder, a unit or a user in other programs' commands.
    assert named - known - {"vocative"} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_are_targets(document: Path) -> None:
    named = {word for text in code(document) for word in re.findall(r"^make ([a-z-]+)", text)}
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_keys_are_keys_of_the_configuration(document: Path) -> None:
    sections = Config.model_fields
    named = [
        found
        for text in code(document)
        for found in re.findall(rf"^({'|'.join(sections)})\.([a-z_]+)(?: = .*)?$", text)
        if not text.endswith((".py", ".toml", ".wav"))
    ]
    events = {tuple(event.split(".")) for event in re.findall(r"^\| `([a-z_.]+)` \|", INSIDE.read_text(), re.MULTILINE)}
    config = Config()
    assert [pair for pair in named if pair not in events and not hasattr(getattr(config, pair[0]), pair[1])] == []


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return every function, class, `Class.method` and constant of a module."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{one.name}" for one in inner}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return frozenset(found)


def stations() -> list[tuple[str, str]]:
    """Return every file and name that daemon/README.md puts side by side."""
    return re.findall(r"`([a-z_/]+\.py)` `([A-Za-z_.]+)`", INSIDE.read_text())


@pytest.mark.parametrize(("file", "name"), stations())
def test_the_stations_of_a_word_are_where_they_are_said_to_be(file: str, name: str) -> None:
    path = ROOT / file
    assert name in names_in(path if path.exists() else INSIDE.parent / file)


def test_there_are_stations() -> None:
    assert len(stations()) > 20


def test_every_room_is_in_the_drawing_of_the_house() -> None:
    said = {word for text in re.findall(r"`([^`\n]+)`", INSIDE.read_text()) for word in re.findall(r"[a-z0-9_]+", text)}
    rooms = {path for folder in ("daemon", "hardware") for path in (ROOT / folder).rglob("*.py")}
    missing = [
        room
        for room in rooms
        if room.stem not in said
        and room.parent.name not in {"stand_in", "commands"}  # the latter have the names of their commands
        and not room.stem.startswith("simulated_")
    ]
    assert sorted(room.relative_to(ROOT).as_posix() for room in missing if room.stem != "__init__") == []
