"""Tools: what is declared of a function, what is accepted for it, and which functions are refused with what words."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, Optional

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from daemon.tools import ToolError, tool
from daemon.tools.declaration import Behavior, Declaration, Scheduling
from daemon.tools.docstring import parsed
from daemon.tools.mistake import ToolMistake
from daemon.tools.results import LONGEST_BYTES, cut, succeeded
from daemon.tools.schema import Unsayable, reduced
from daemon.tools.signature import WrongArguments
from daemon.tools.tool import MARKED, Tool


class Mood(Enum):
    CALM = "calm"
    WILD = "wild"


class Step(IntEnum):
    ONE = 1
    TWO = 2


def lamp(  # noqa: PLR0917, D417  # one of each kind, and not all of them described
    room: str,
    level: Annotated[int, Field(ge=0, le=100)],
    warmth: float = 0.5,
    fade: bool = False,
    mood: Mood = Mood.CALM,
    side: Literal["left", "right"] = "left",
    step: Step | None = None,
    gears: Literal[1, 2, 3] = 1,
    colours: list[str] | None = None,
    note: Optional[str] = None,  # noqa: UP045  # the old spelling is accepted, too
) -> str:
    """Set a lamp.

    Takes a moment.

    Args:
        room: Which room
            it is in.
        level (int): How bright.
        colours: Some of them.

    Returns:
        What it did.
    """
    return f"{room} {level} {warmth} {fade} {mood} {side} {step} {gears} {colours} {note}"


def without_parameters() -> None:
    """Do it."""


async def slow_one(seconds: float) -> None:
    """Wait.

    Args:
        seconds: How long.
    """


SLOW_ONE = Tool.of(slow_one)
ANYTHING = st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9), st.lists, max_leaves=5)
"""What JSON may hold."""


class TestDeclaration:
    def test_name_description_and_parameters_come_from_the_function(self) -> None:
        declaration = Tool.of(lamp, behavior=Behavior.BLOCKING).declaration
        assert declaration == Declaration(
            "lamp",
            "Set a lamp.",
            {
                "type": "object",
                "properties": {
                    "room": {"type": "string", "description": "Which room it is in."},
                    "level": {"type": "integer", "description": "How bright.", "minimum": 0, "maximum": 100},
                    "warmth": {"type": "number"},
                    "fade": {"type": "boolean"},
                    "mood": {"type": "string", "enum": ["calm", "wild"]},
                    "side": {"type": "string", "enum": ["left", "right"]},
                    "step": {"type": "integer", "description": "One of 1, 2."},
                    "gears": {"type": "integer", "description": "One of 1, 2, 3."},
                    "colours": {"type": "array", "items": {"type": "string"}, "description": "Some of them."},
                    "note": {"type": "string"},
                },
                "required": ["room", "level"],
            },
            Behavior.BLOCKING,
        )

    def test_the_sdk_takes_it(self) -> None:
        theirs = types.FunctionDeclaration.model_validate(
            Tool.of(lamp, behavior=Behavior.BLOCKING).declaration.as_dict()
        )
        assert theirs.parameters is not None
        assert theirs.parameters.properties is not None
        assert theirs.parameters.properties["level"].maximum == 100.0
        assert theirs.behavior is types.Behavior.BLOCKING

    def test_without_parameters_none_are_declared(self) -> None:
        assert Tool.of(without_parameters).declaration.as_dict() == {
            "name": "without_parameters",
            "description": "Do it.",
        }

    def test_options_are_kept_and_plain_functions_get_a_thread(self) -> None:
        made = Tool.of(lamp, timeout_s=3.0, scheduling=Scheduling.SILENT, idempotent=True)
        assert (made.options.timeout_s, made.options.scheduling, made.options.idempotent) == (
            3.0,
            Scheduling.SILENT,
            True,
        )
        assert made.threaded
        assert not Tool.of(slow_one).threaded

    def test_a_bound_method_is_a_tool(self) -> None:
        class Device:
            async def beep(self, times: int) -> None:
                """Beep."""

        made = Tool.of(Device().beep)
        assert made.declaration.parameters is not None
        assert list(made.declaration.parameters["properties"]) == ["times"]  # type: ignore[call-overload]  # a schema

    def test_the_place_is_file_and_line(self) -> None:
        assert Tool.of(lamp).place == f"test_tool.py:{lamp.__code__.co_firstlineno}"


class TestArguments:
    def test_json_becomes_what_the_function_takes(self) -> None:
        given_ = {
            "room": "hall",
            "level": 5.0,
            "warmth": 1,
            "mood": "wild",
            "step": 2.0,
            "gears": 3.0,
            "colours": ["red"],
        }
        assert Tool.of(lamp).check(given_) == {
            "room": "hall",
            "level": 5,
            "warmth": 1.0,
            "fade": False,
            "mood": Mood.WILD,
            "side": "left",
            "step": Step.TWO,
            "gears": 3,
            "colours": ["red"],
            "note": None,
        }

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ({"level": 1}, "room"),
            ({"room": "hall", "level": "5"}, "level"),
            ({"room": "hall", "level": 5.5}, "level"),
            ({"room": "hall", "level": 101}, "level"),
            ({"room": "hall", "level": True}, "level"),
            ({"room": 7, "level": 1}, "room"),
            ({"room": "hall", "level": 1, "fade": 1}, "fade"),
            ({"room": "hall", "level": 1, "mood": "mad"}, "mood"),
            ({"room": "hall", "level": 1, "step": 9}, "step"),
            ({"room": "hall", "level": 1, "warmth": float("nan")}, "warmth"),
            ({"room": "hall", "level": 1, "colours": ["red", 1]}, "colours.1"),
            ({"room": "hall", "level": 1, "speed": 1}, "speed"),
        ],
    )
    def test_what_does_not_fit_is_named_and_not_repeated(self, arguments: Mapping[str, object], named: str) -> None:
        with pytest.raises(WrongArguments, match=f"^{named}: ") as refused:
            Tool.of(lamp).check(arguments)
        assert "hall" not in str(refused.value)

    def test_what_is_no_json_is_refused(self) -> None:
        with pytest.raises(WrongArguments, match="not JSON"):
            Tool.of(lamp).check({"room": object()})

    @given(st.dictionaries(st.just("seconds") | st.text(max_size=9), ANYTHING, max_size=3))
    def test_whatever_the_model_sends_is_taken_or_refused(self, arguments: dict[str, object]) -> None:
        try:
            taken = SLOW_ONE.check(arguments)
        except WrongArguments:
            return
        assert isinstance(taken["seconds"], float)


def undocumented(x: int) -> None: ...


def untyped(x) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001, RUF100  # what is refused
    """Do."""


def starred(*rest: int) -> None:
    """Do."""


def keywords(**rest: int) -> None:
    """Do."""


def by_place(x: int, /) -> None:
    """Do."""


def nested(x: dict[str, int]) -> None:
    """Do."""


def either(x: int | str) -> None:
    """Do."""


def anything(x: Any) -> None:
    """Do."""


def mixed(x: Literal["a", 1]) -> None:
    """Do."""


def misnamed(x: int) -> None:  # noqa: D417  # what is refused
    """Do.

    Args:
        y: Which.
    """


def unknown(x: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821  # what is refused
    """Do."""


def yields(x: int) -> Any:
    """Do."""
    yield x


def größe() -> None:  # noqa: PLC2401, RUF100  # what is refused
    """Do."""


def copy_of(copy: int) -> None:
    """Do."""


def odd_bounds(x: Annotated[list[str], Field(ge=3)]) -> None:
    """Do."""


class TestMistakes:
    @pytest.mark.parametrize(
        ("function", "wrong", "remedy"),
        [
            (undocumented, "no docstring", "begin it with one"),
            (untyped, "x has no type", "write x:"),
            (starred, r"\*rest", "give each parameter a name"),
            (keywords, r"\*rest", "give each parameter a name"),
            (by_place, "x can only be given by its position", "remove the /"),
            (nested, r"x is of type dict\[str, int\]", "use str, int"),
            (either, "x is of type int | str", "use str, int"),
            (anything, "x is of type Any", "use str, int"),
            (mixed, "x may only be chosen from texts", "use one of the two"),
            (misnamed, "describes y", "correct its name"),
            (unknown, "Nowhere", "correct it"),
            (yields, "it yields", "return one result"),
            (größe, "letters a to z", "rename it"),
            (lambda: None, "letters a to z", "rename it"),
            (copy_of, "called copy", "another name"),
            (functools.partial(lamp, "hall"), "not a function", "write it with def"),
        ],
    )
    def test_each_says_where_what_and_the_remedy(
        self, function: Callable[..., object], wrong: str, remedy: str
    ) -> None:
        with pytest.raises(ToolMistake, match=rf"cannot be a tool: .*{wrong}.*{remedy}") as refused:
            Tool.of(function)
        code = getattr(function, "__code__", None)
        assert refused.value.place == (f"test_tool.py:{code.co_firstlineno}" if code else "(no file)")

    @pytest.mark.parametrize("timeout_s", [0.0, -1.0, 601.0, float("nan")])
    def test_a_timeout_must_be_one(self, timeout_s: float) -> None:
        with pytest.raises(ToolMistake, match="timeout_s"):
            Tool.of(lamp, timeout_s=timeout_s)


class TestMarking:
    def test_a_marked_function_stays_a_function_and_is_listed_in_its_file(self) -> None:
        space: dict[str, Any] = {"tool": tool}
        exec("@tool\ndef a(): 'A.'\n@tool(timeout_s=2)\nasync def b(): 'B.'\n", space)  # noqa: S102  # as an owner's file
        assert space["a"]() is None
        tools = [Tool.of_marked(one) for one in space[MARKED]]
        assert [(one.name, one.options.timeout_s) for one in tools] == [("a", 10.0), ("b", 2.0)]

    def test_above_something_else_it_is_a_mistake(self) -> None:
        with pytest.raises(ToolMistake, match="not a function"):
            tool(Mood)
        assert issubclass(ToolError, Exception)


class TestDocstring:
    @pytest.mark.parametrize(
        ("text", "summary", "arguments"),
        [
            (None, "", {}),
            ("", "", {}),
            ("One\n    line.", "One line.", {}),
            (
                "Sum.\n\nMore.\n\nArgs:\n    a: One.\n    *b: Two\n      goes on.\n\nReturns:\n    c: No.",
                "Sum.",
                {"a": "One.", "b": "Two goes on."},
            ),
            ("Sum.\nArgs:\n    a (int, optional): One: two.", "Sum.", {"a": "One: two."}),
        ],
    )
    def test_summary_and_arguments(self, text: str | None, summary: str, arguments: dict[str, str]) -> None:
        docstring = parsed(text)
        assert (docstring.summary, docstring.arguments) == (summary, arguments)


class TestSchema:
    @pytest.mark.parametrize(
        ("schema", "kept", "dropped"),
        [
            ({"type": "string", "format": "date", "maxLength": 3}, {"type": "string"}, ("x.format", "x.maxLength")),
            ({"type": ["string", "null"]}, {"type": "string"}, ()),
            ({"type": ["string", "integer"]}, {"type": "string"}, ("x.type",)),
            (
                {"anyOf": [{"type": "null"}, {"type": "integer"}], "description": "D"},
                {"type": "integer", "description": "D"},
                (),
            ),
            ({"oneOf": [{"type": "number"}, {"type": "string"}]}, {"type": "number"}, ("x.anyOf",)),
            ({"const": "on"}, {"type": "string", "enum": ["on"]}, ()),
            ({"enum": [1, 2], "description": "D."}, {"type": "integer", "description": "D. One of 1, 2."}, ()),
            ({"enum": ["a", None]}, {"type": "string", "enum": ["a"]}, ()),
            ({"$ref": "#/$defs/C"}, {"type": "boolean"}, ()),
            ({"allOf": [{"$ref": "#/$defs/C"}]}, {"type": "boolean"}, ()),
            ({}, {"type": "string"}, ("x.any type but text",)),
            (True, {"type": "string"}, ("x.any type but text",)),
            ({"type": "array"}, {"type": "array", "items": {"type": "string"}}, ("x[].any type but text",)),
            (
                {"type": "object", "properties": {"y": {"type": "integer", "minimum": 0}}, "required": ["y", "z"]},
                {"type": "object", "properties": {"y": {"type": "integer", "minimum": 0}}, "required": ["y"]},
                (),
            ),
            ({"type": "object", "additionalProperties": True}, None, ("x",)),
            ({"$ref": "#/$defs/Loop"}, None, ("x",)),
            ({"$ref": "https://elsewhere/"}, None, ("x",)),
        ],
    )
    def test_one_parameter(self, schema: object, kept: object, dropped: tuple[str, ...]) -> None:
        loop = {"type": "object", "properties": {"again": {"$ref": "#/$defs/Loop"}}, "required": ["again"]}
        whole = {"type": "object", "properties": {"x": schema}, "$defs": {"C": {"type": "boolean"}, "Loop": loop}}
        result = reduced(whole)
        assert result.parameters == (None if kept is None else {"type": "object", "properties": {"x": kept}})
        assert result.dropped == dropped

    def test_a_parameter_that_must_be_given_and_cannot_be_said_is_an_error(self) -> None:
        with pytest.raises(Unsayable, match=r"^x is an object without named properties"):
            reduced({"type": "object", "properties": {"x": {"type": "object"}}, "required": ["x"]})

    def test_parameters_are_an_object(self) -> None:
        with pytest.raises(Unsayable, match="array"):
            reduced({"type": "array"})

    @given(
        st.recursive(
            st.none() | st.booleans() | st.text(max_size=5),
            lambda one: (
                st.lists(one, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["type", "properties", "items", "anyOf", "enum", "$ref", "required", "const", "allOf", "x"]
                    ),
                    one,
                    max_size=4,
                )
            ),
        )
    )
    def test_rubbish_becomes_a_schema_or_an_error(self, rubbish: object) -> None:
        try:
            result = reduced({"type": "object", "properties": {"x": rubbish}})
        except Unsayable:
            return
        types.FunctionDeclaration.model_validate(Declaration("x", "x", result.parameters).as_dict())


class TestResults:
    @pytest.mark.parametrize(
        ("result", "told"),
        [
            (None, {"message": "Done."}),
            ("", {"message": "Done."}),
            ("It is on.", {"message": "It is on."}),
            (7, {"message": "Done.", "result": 7}),
            (float("inf"), {"message": "Done."}),
            ([1, "a"], {"message": "Done.", "result": [1, "a"]}),
            (Mood.WILD, {"message": "wild"}),
            ({"celsius": 21.5}, {"message": "Done.", "celsius": 21.5}),
            ({"message": "Warm.", "celsius": 21.5}, {"message": "Warm.", "celsius": 21.5}),
            ({"status": "bad"}, {"message": "Done.", "result": {"status": "bad"}}),
            ({"message": 5}, {"message": "Done.", "result": {"message": 5}}),
        ],
    )
    def test_a_result_is_told_beside_status_and_message(self, result: object, told: dict[str, object]) -> None:
        assert succeeded(result) == {"status": "ok", "retryable": False, **told}

    def test_what_is_no_json_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="serialize"):
            succeeded(object())

    @pytest.mark.parametrize("result", ["ä" * 9000, ["x"] * 5000, {"message": "y" * 9000}])
    def test_a_long_one_is_cut_with_a_word(self, result: object) -> None:
        told = succeeded(result)
        assert "cut off here" in str(told["message"])
        assert len(str(told).encode()) < LONGEST_BYTES + 100

    @given(st.text(), st.integers(60, 200))
    def test_a_cut_text_fits(self, text: str, longest_bytes: int) -> None:
        assert len(cut(text, longest_bytes).encode()) <= longest_bytes
