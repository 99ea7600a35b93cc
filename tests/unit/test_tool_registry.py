"""The registry: names, sources, order, and what is allowed."""

from __future__ import annotations

import pytest

from daemon.tools.registry import Registry
from daemon.tools.tool import Tool


def made(name: str) -> Tool:
    space: dict[str, object] = {}
    source = f"def {name}():\n    'Do {name}.'\n"
    exec(compile(source, f"/etc/tools/{name}.py", "exec"), space)  # noqa: S102  # a function that has a file
    function = space[name]
    assert callable(function)
    return Tool.of(function)


def names(registry: Registry) -> list[str]:
    return [one.name for one in registry.declarations()]


def test_tools_are_found_by_name_in_the_order_of_their_sources() -> None:
    registry = Registry()
    registry.replace("device", [made("volume"), made("mute")])
    registry.replace("folder", [made("lamp")])
    assert names(registry) == ["volume", "mute", "lamp"]
    found = registry.get("lamp")
    assert found is not None
    assert found.name == "lamp"
    assert registry.get("nothing") is None


def test_a_source_keeps_its_place_when_its_tools_change() -> None:
    registry = Registry()
    registry.replace("kitchen", [])
    registry.replace("folder", [made("lamp")])
    registry.replace("kitchen", [made("oven")])
    assert names(registry) == ["oven", "lamp"]
    registry.replace("kitchen", [made("kettle"), made("oven")])
    assert names(registry) == ["kettle", "oven", "lamp"]


def test_the_second_of_a_name_is_refused_with_both_places() -> None:
    registry = Registry()
    first = made("lamp")
    registry.replace("device", [first])
    (mistake,) = registry.replace("folder", [made("oven"), made("lamp")])
    assert str(mistake) == "lamp.py:1: there is a tool lamp already, at lamp.py:1; rename one of the two"
    assert registry.get("lamp") is first
    assert names(registry) == ["lamp", "oven"]


def test_two_of_a_name_in_one_source_are_one_too_many() -> None:
    registry = Registry()
    assert len(registry.replace("folder", [made("lamp"), made("lamp")])) == 1
    assert names(registry) == ["lamp"]


@pytest.mark.parametrize(
    ("allow", "deny", "offered"),
    [
        (("*",), (), ["a_one", "a_two", "b"]),
        (("a_*",), (), ["a_one", "a_two"]),
        (("*",), ("a_*",), ["b"]),
        (("a_*", "b"), ("a_two",), ["a_one", "b"]),
        ((), (), []),
    ],
)
def test_allowed_and_denied(allow: tuple[str, ...], deny: tuple[str, ...], offered: list[str]) -> None:
    registry = Registry(allow=allow, deny=deny)
    registry.replace("x", [made("a_one"), made("a_two"), made("b")])
    assert names(registry) == offered
    assert [name for name in ("a_one", "a_two", "b") if registry.get(name)] == offered


def test_patterns_that_fit_nothing_are_named() -> None:
    registry = Registry(allow=("*", "lamp", "lmap"), deny=("lamp", "oven*"))
    registry.replace("x", [made("lamp")])
    assert registry.idle_patterns() == ("lmap", "oven*")
