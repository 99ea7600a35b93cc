"""What every section of the configuration is, and the types that several of them use."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from .values import absolute_path, device_name

AbsolutePath: TypeAlias = Annotated[str, AfterValidator(absolute_path)]
DeviceName: TypeAlias = Annotated[str, AfterValidator(device_name)]
Percent: TypeAlias = Annotated[int, Field(ge=0, le=100)]


class Section(BaseModel):
    """One table of the file: strict, frozen, without unknown keys. Each key has a default.

    A key that an owner must give has a default that `conflicts` refuses, so that what is wrong with other keys is
    found in the same go.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
