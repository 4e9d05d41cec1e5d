"""What all settings groups have in common: immutable, no unknown keys; and the kinds of numbers in them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from .layers import misfit

MOST = 2**31 - 1  # what every column, seed and array size downstream can hold
Positive = Annotated[int, Field(ge=1, le=MOST)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Size = Annotated[int, Field(ge=1, le=16_384)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


def _all_is_none(value: Any) -> Any:
    """`all` as None; a text that is no number is refused with a word on `all`."""
    if value == "all":
        return None
    if isinstance(value, bool) or (isinstance(value, str) and not value.strip().isdecimal()):
        raise PydanticCustomError("int_or_all", "neither a number nor all")
    return value


def _usable(value: str) -> str:
    """A name or path that any system could have; see `layers.misfit`."""
    if wrong := misfit(value):
        raise PydanticCustomError("place", "{wrong}", {"wrong": wrong})
    return value


Place = Annotated[str, AfterValidator(_usable)]
"""A name, or a path of a file or folder."""
LabelsPerQuery = Annotated[Positive | None, BeforeValidator(_all_is_none)]
"""At most so many labels a training query; None, or the word `all`: every one."""


class Settings(BaseModel):
    """Base of every settings group: immutable, no unknown keys, no NaN or infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: ValidationInfo) -> Any:
        """numpy's numbers as Python's; `true` is not taken for the number 1."""
        if getattr(value, "shape", None) == () and hasattr(value, "item"):
            value = value.item()
        wanted = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and wanted in (int, float, int | None, float | None):
            raise PydanticCustomError(
                "int_type" if wanted in (int, int | None) else "float_type", "not a number"
            )
        return value
