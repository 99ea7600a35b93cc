"""An owner's folder of tools: what is loaded, and that each fault is told with its place and costs only itself."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.journal import Journal, MemorySink
from daemon.tools import folder
from daemon.tools.folder import Loaded, load, report
from daemon.tools.mistake import ToolMistake
from daemon.tools.registry import Registry

LAMP = '''
from enum import Enum
from dataclasses import dataclass
from daemon.tools import tool, ToolError

class Room(Enum):
    HALL = "hall"

@dataclass
class Known:
    """Needs its module to be known."""
    room: Room

@tool(timeout_s=3)
def lamp(room: Room) -> str:
    """Switch a lamp."""
    return Known(room).room.value

def helper():
    pass

@tool
async def oven(celsius: int) -> None:
    """Heat the oven."""
'''


@pytest.fixture(autouse=True)
def _modules() -> Iterator[None]:
    """Forget the files of a test."""
    yield
    for name in [name for name in sys.modules if name.startswith("vocative_tools_")]:
        del sys.modules[name]


def loaded(place: Path, **files: str) -> Loaded:
    for name, source in files.items():
        (place / f"{name}.py").write_text(source)
    return asyncio.run(load(place))


def told(mistakes: tuple[ToolMistake, ...]) -> list[str]:
    return [str(one) for one in mistakes]


def test_marked_functions_become_tools_in_order(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not Python")
    found = loaded(tmp_path, lamp=LAMP, _draft="1 / 0", zebra="x = 1", a="from daemon.tools import tool\n")
    assert [(one.name, one.place, one.options.timeout_s) for one in found.tools] == [
        ("lamp", "lamp.py:14", 3.0),
        ("oven", "lamp.py:22", 10.0),
    ]
    assert found.mistakes == ()
    lamp = found.tools[0]
    assert lamp.function(**lamp.check({"room": "hall"})) == "hall"


def test_what_is_imported_from_elsewhere_is_no_tool_of_this_file(tmp_path: Path) -> None:
    found = loaded(tmp_path, a=LAMP, b="from vocative_tools_a import lamp\n")
    assert [one.place.partition(":")[0] for one in found.tools] == ["a.py", "a.py"]


def test_every_fault_is_told_with_its_place_and_the_rest_is_loaded(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        a_syntax="x = 1\ndef f(:\n    pass\n",
        b_import="import json\n\n\njson.loads('nonsense')\n",
        c_exit="import sys\nsys.exit(3)\n",
        d_missing="import nowhere_to_be_found\n",
        e_declaration=(
            "from daemon.tools import tool\n@tool\ndef f(x): 'F.'\n@tool\ndef g(x: set): 'G.'\n@tool\ndef h(): 'H.'\n"
        ),
        f_class="from daemon.tools import tool\n\n@tool\nclass F: pass\n",
        g_bytes="x = '\0'\n",
        lamp=LAMP,
    )
    assert [one.name for one in found.tools] == ["h", "lamp", "oven"]
    beginnings = [
        "a_syntax.py:2: it is not Python (",
        "b_import.py:4: it cannot be imported (JSONDecodeError: Expecting value",
        "c_exit.py:2: it cannot be imported (SystemExit: 3)",
        "d_missing.py:1: it cannot be imported (ModuleNotFoundError: No module named 'nowhere_to_be_found')",
        "e_declaration.py:2: f cannot be a tool: x has no type",
        "e_declaration.py:4: g cannot be a tool: x is of type set",
        "f_class.py:3: @tool stands above something that is not a function",
        "g_bytes.py",
    ]
    mistakes = told(found.mistakes)
    assert len(mistakes) == len(beginnings)
    for mistake, beginning in zip(mistakes, beginnings, strict=True):
        assert mistake.startswith(beginning)


def test_two_of_a_name_are_told_with_both_places(tmp_path: Path) -> None:
    twice = "from daemon.tools import tool\n@tool\ndef same():\n    'One.'\n@tool\ndef same():\n    'Two.'\n"
    found = loaded(tmp_path, a=twice, b=twice)
    assert told(Registry().replace("folder", found.tools)) == [
        "a.py:5: there is a tool same already, at a.py:2; rename one of the two",
        "b.py:2: there is a tool same already, at a.py:2; rename one of the two",
        "b.py:5: there is a tool same already, at a.py:2; rename one of the two",
    ]


def test_a_file_that_hangs_is_given_up_and_the_others_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "IMPORT_S", 0.05)
    found = loaded(tmp_path, a="import threading\nthreading.Event().wait(3)\n", lamp=LAMP)
    assert [one.name for one in found.tools] == ["lamp", "oven"]
    assert told(found.mistakes)[0].startswith("a.py: it was not imported within 0.05 s and is given up")


def test_a_file_that_everybody_can_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open.py").write_text("raise SystemExit('was run')")
    (tmp_path / "open.py").chmod(0o646)
    found = loaded(tmp_path, lamp=LAMP)
    assert told(found.mistakes) == ["open.py: everybody on this device can write it (mode 0646); sudo chmod o-w it"]
    assert len(found.tools) == 2


def test_a_folder_that_everybody_can_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    found = loaded(tmp_path, lamp=LAMP)
    assert found.tools == ()
    assert "everybody on this device can write it (mode 0777)" in told(found.mistakes)[0]


def test_strangers_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs.py").write_text("raise SystemExit('was run')")
    stranger, real = os.geteuid() + 12345, os.fstat

    def as_if_a_strangers(descriptor: int) -> os.stat_result:
        about = real(descriptor)
        return os.stat_result((*about[:4], stranger, *about[5:]))

    monkeypatch.setattr("daemon.tools.folder.os.fstat", as_if_a_strangers)
    found = asyncio.run(load(tmp_path))
    assert found.tools == ()
    assert f"theirs.py: it belongs to user {stranger}" in told(found.mistakes)[0]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Path.exists, "the folder cannot be read (No such file or directory)"),
        (Path.touch, "this is not a folder"),
    ],
)
def test_a_folder_that_is_none_is_told(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    make(tmp_path / "tools")
    found = asyncio.run(load(tmp_path / "tools"))
    assert found.tools == ()
    assert said in told(found.mistakes)[0]


def test_odd_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "long.py").write_text("#" * 1_000_001)
    assert [one.place for one in asyncio.run(load(tmp_path)).mistakes] == ["folder.py", "gone.py", "long.py"]


def test_what_lies_in_pycache_is_not_run_and_nothing_is_put_there(tmp_path: Path) -> None:
    loaded(tmp_path, lamp=LAMP)
    assert not (tmp_path / "__pycache__").exists()


def test_mistakes_are_reported_to_the_journal() -> None:
    sink = MemorySink()
    report([ToolMistake("a.py:1", "it is odd")], Journal(sink))
    (line,) = sink.told("tool.refused")
    assert (line["place"], line["reason"], line["level"]) == ("a.py:1", "it is odd", "warning")
