"""The scanner that finds lines: held against tomllib over documents of every shape."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.places import Path, Place, ScanError, places

AWKWARD = st.text(st.sampled_from("ab \t'#[]{}=,.:é\\\"\n"), max_size=12)


def basic(text: str) -> str:
    """Write `text` as a TOML string in one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def multi_line(text: str) -> str:
    """Write `text` as a TOML string over several lines, with up to two quotes before the closing three."""
    body = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{body}"""' if not body.endswith('""') else f'"""\n{body} """'


SCALARS = st.one_of(
    st.integers(-9999, 9999).map(str),
    st.sampled_from(["1_000", "0x1F", "0o7", "+5", "1.5e-3", "-inf", "nan", "true", "false", "''", '""', '""""""']),
    st.sampled_from(["1979-05-27", "07:32:00", "1979-05-27 07:32:00", "1979-05-27T07:32:00.5-07:00", "'''a'b''c'''''"]),
    AWKWARD.map(basic),
    AWKWARD.map(multi_line),
    AWKWARD.map(lambda text: "'" + text.replace("'", "").replace("\n", "") + "'"),
)
GAPS = st.sampled_from(["", " ", "\n", "\r\n  ", ' # a [comment] = "\n', "\n\n\t"])


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    """A value as TOML, perhaps an array over several lines or an inline table."""
    kind = draw(st.sampled_from(["scalar", "scalar", "array", "table"])) if depth else "scalar"
    if kind == "scalar":
        scalar: str = draw(SCALARS)
        return scalar
    inner = draw(st.lists(values(depth=depth - 1), max_size=3))
    if kind == "table":
        names = ("one", "'t w o'", "three.four")
        return "{" + ", ".join(f"{name} = {value}" for name, value in zip(names, inner, strict=False)) + "}"
    items = "".join(f"{draw(GAPS)}{value}{draw(GAPS)}," for value in inner)
    return f"[{items}{draw(GAPS)}]"


@dataclass
class Written:
    """A document, and where each of its own statements was put."""

    text: str
    lines: dict[Path, int]


def _key(draw: st.DrawFn, number: int) -> tuple[str, tuple[str, ...]]:
    return draw(
        st.sampled_from(
            [
                (f"k{number}", (f"k{number}",)),
                (f'"k {number}\\u0041"', (f"k {number}A",)),
                (f"'k.{number}'", (f"k.{number}",)),
                (f"k{number} . sub", (f"k{number}", "sub")),
                (f'k{number}."a.b".-c', (f"k{number}", "a.b", "-c")),
            ]
        )
    )


@st.composite
def documents(draw: st.DrawFn) -> Written:
    """A whole document: keys, sections, sections of sections, arrays of sections, comments and blank lines."""
    text, lines = "", {}

    def put(path: Path, statement: str) -> None:
        nonlocal text
        text += draw(st.sampled_from(["", "\n", "# k0 = 1\n", "\t", "\r\n"]))
        lines[path] = text.count("\n") + 1
        text += statement + draw(st.sampled_from(["\n", "\r\n", "  # [no]\n"]))

    def pairs(section: Path) -> None:
        for number in range(draw(st.integers(0, 3))):
            written, key = _key(draw, number)
            put((*section, *key), f"{written} = {draw(values())}")

    pairs(())
    for number in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            put((f"s{number}", "in"), f"[ s{number} . 'in' ]")
            pairs((f"s{number}", "in"))
        else:
            for item in range(draw(st.integers(1, 2))):
                put((f"s{number}", item), f"[[s{number}]]")
                pairs((f"s{number}", item))
                put((f"s{number}", item, "below"), f"[s{number}.below]")
                pairs((f"s{number}", item, "below"))
    return Written(text, lines)


def at(data: Any, path: Path) -> Any:
    """Follow `path` into what tomllib returned."""
    for part in path:
        data = data[part]
    return data


def paths_in(data: Any, path: Path = ()) -> list[Path]:
    """All paths to what is not a table."""
    match data:
        case dict():
            return [found for key, value in data.items() for found in paths_in(value, (*path, key))]
        case list() if not (data and all(isinstance(item, dict) for item in data)):
            return [path, *(found for i, item in enumerate(data) for found in paths_in(item, (*path, i)))]
        case list():
            return [found for i, item in enumerate(data) for found in paths_in(item, (*path, i))]
        case _:
            return [path]


def scanned(text: str) -> dict[Path, Place]:
    """All places by path; each path at most once."""
    found = list(places(text))
    by_path = {place.path: place for place in found}
    assert len(by_path) == len(found)
    return by_path


@settings(max_examples=40)
@given(documents())
def test_every_statement_is_found_in_its_line(document: Written) -> None:
    found = scanned(document.text.replace("\r\n", "\n"))
    assert {path: found[path].line for path in document.lines} == document.lines


@settings(max_examples=40)
@given(documents())
def test_every_value_is_found_as_it_is_written(document: Written) -> None:
    text = document.text.replace("\r\n", "\n")
    data = tomllib.loads(text)
    found = scanned(text)
    assert set(paths_in(data)) <= set(found)
    for path, place in found.items():
        if not place.header:
            assert str(tomllib.loads(f"x = {place.written}")["x"]) == str(at(data, path))
            lines = text.split("\n")[place.line - 1 : place.last_line]
            assert place.written in "\n".join(lines)[place.column - 1 :]


@settings(max_examples=40)
@given(documents(), st.data())
def test_a_broken_text_ends_in_a_scan_error_or_in_places(document: Written, data: st.DataObject) -> None:
    """Whatever is cut out, the scanner stops: no other exception, no endless loop."""
    text = document.text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    stuck_in = 1
    try:
        list(places(text[:start] + text[end:]))
    except ScanError as stuck:
        stuck_in = stuck.statement_line
    assert 1 <= stuck_in <= text.count("\n") + 1


def test_a_statement_that_does_not_end_is_named_by_its_first_line() -> None:
    with pytest.raises(ScanError) as stuck:
        list(places('a = 1\nb = [\n  1,\n\n[c]\nd = "x"\n'))
    assert stuck.value.statement_line == 2


def test_columns_count_characters() -> None:
    (place,) = places("  'é' = 1")
    assert (place.path, place.line, place.column, place.last_line, place.written) == (("é",), 1, 3, 1, "1")
