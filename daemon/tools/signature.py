"""A function's parameters: which types the model can be asked for, and the check of what it gives.

The model sends JSON, in which 5 and 5.0 are the same number; apart from that nothing is converted: a text is no
number, and an unknown name is an error.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

_PLAIN: Final = (str, int, float, bool)
_ALLOWED: Final = "str, int, float, bool, an Enum or Literal of texts or whole numbers, a list of these, or Optional"
_EXACT: Final = 2**53
"""Below this every whole number is a double, and the other way round."""
_SHOWN: Final = 3
"""So many faults of one call are told."""


class Unfit(Exception):
    """A signature that no tool can have; the text says what is wrong and what to do."""


class WrongArguments(Exception):
    """What the model gave does not fit; the text is for the model."""


class Parameters:
    """The parameters of one function."""

    def __init__(self, function: Callable[..., object], described: Mapping[str, str]) -> None:
        """Read the signature of `function`; `described` is what its docstring says of each parameter.

        Raises:
            Unfit: It is not one that a tool can have.
        """
        try:
            hints = typing.get_type_hints(function, include_extras=True)
        except Exception as error:  # evaluates the annotations, which are the owner's code
            raise Unfit(f"an annotation cannot be understood ({type(error).__name__}: {error}); correct it") from error
        parameters = inspect.signature(function).parameters
        if strangers := [name for name in described if name not in parameters]:
            raise Unfit(f"Args: describes {strangers[0]}, which is not a parameter; correct its name")
        fields = {name: _field(one, hints, described.get(name)) for name, one in parameters.items()}
        try:
            self._model: Final[type[BaseModel]] = create_model(
                "Arguments",
                __config__=ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()),
                **fields,
            )
            self.schema: Final[Mapping[str, object]] = self._model.model_json_schema()
        except (PydanticSchemaGenerationError, PydanticUserError, NameError, TypeError) as error:
            raise Unfit(f"{str(error).splitlines()[0]}; use {_ALLOWED}") from error

    def check(self, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Return what to call the function with.

        Raises:
            WrongArguments: They do not fit. Nothing that was given is repeated in the text.
        """
        try:
            model = self._model.model_validate_json(json.dumps(whole(arguments)))
        except (TypeError, ValueError) as error:
            if not isinstance(error, ValidationError):
                raise WrongArguments("the arguments are not JSON") from error
            faults = [
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
                for one in error.errors(include_url=False, include_input=False, include_context=False)
            ]
            raise WrongArguments("; ".join(faults[:_SHOWN])) from None
        return {name: getattr(model, name) for name in type(model).model_fields}


def _field(parameter: inspect.Parameter, hints: Mapping[str, Any], description: str | None) -> Any:
    """Return a field as pydantic's `create_model` takes it."""
    name = parameter.name
    if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
        raise Unfit(f"the model cannot fill in *{name}; give each parameter a name and a type")
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise Unfit(f"{name} can only be given by its position; remove the / from the parameters")
    if name not in hints:
        raise Unfit(f"{name} has no type; write {name}: followed by {_ALLOWED}")
    if name.startswith("_") or name in dir(BaseModel):
        raise Unfit(f"a parameter of a tool cannot be called {name}; give it another name")
    _supported(name, hints[name])
    default = parameter.default
    if default is inspect.Parameter.empty:
        default = None if _optional(hints[name]) else ...
    return (Annotated[hints[name], Field(description=description)] if description else hints[name], default)


def _optional(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _optional(get_args(hint)[0])
    return get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)


def _supported(name: str, hint: Any) -> None:
    """Refuse a type that the model cannot be asked for."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        _supported(name, inner[0])
    elif origin in (Union, UnionType) and sum(one is not NoneType for one in inner) == 1:
        _supported(name, next(one for one in inner if one is not NoneType))
    elif origin is list:
        _supported(name, inner[0])
    elif origin is Literal:
        _choices(name, inner)
    elif isinstance(hint, type) and issubclass(hint, Enum):
        _choices(name, [one.value for one in hint])
    elif hint not in _PLAIN:
        shown = hint.__name__ if isinstance(hint, type) and not inner else str(hint).removeprefix("typing.")
        raise Unfit(f"{name} is of type {shown}, which the model cannot be asked for; use {_ALLOWED}")


def _choices(name: str, values: Sequence[object]) -> None:
    if not (all(type(one) is str for one in values) or all(type(one) is int for one in values)) or not values:
        raise Unfit(f"{name} may only be chosen from texts, or from whole numbers; use one of the two")


def whole(value: object) -> object:
    """Return JSON with 5 in place of 5.0; a parameter of type float takes the one as well as the other."""
    match value:
        case float() if value.is_integer() and abs(value) < _EXACT:
            return int(value)
        case Mapping():
            return {name: whole(one) for name, one in value.items()}
        case list() | tuple():
            return [whole(one) for one in value]
        case _:
            return value
