"""What all settings groups have in common: immutable, no unknown keys; and the kinds of numbers in them."""

from __future__ import annotations

import os
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

MOST = 2**31 - 1  # what every column, seed and array size downstream can hold
Positive = Annotated[int, Field(ge=1, le=MOST)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Size = Annotated[int, Field(ge=1, le=16_384)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Prefix = Annotated[str, Field(max_length=2000)]


def _all_is_none(value: Any) -> Any:
    """`all` as None; a text that is no number is refused with a word on `all`."""
    if value == "all":
        return None
    if isinstance(value, bool) or (isinstance(value, str) and not value.strip().isdecimal()):
        raise PydanticCustomError("int_or_all", "neither a number nor all")
    return value


def _none_is_none(value: Any) -> Any:
    """The word `none` as None; a truth value, or a text that is no number, is refused with a word on `none`."""
    if value == "none":
        return None
    if isinstance(value, bool) or (isinstance(value, str) and not _is_number(value)):
        raise PydanticCustomError("float_or_none", "neither a number nor none")
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def misfit(place: str) -> str:
    """What is wrong with a text as a name or a path on any system; empty where nothing is.

    >>> misfit("a/b"), misfit("a\\0"), misfit("x" * 300)
    ('', 'it has control characters', 'a name in it has more than 255 bytes')
    """
    if any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in place):
        return "it has control characters"
    if any(len(part.encode()) > 255 for part in place.replace("\\", "/").split("/")):
        return "a name in it has more than 255 bytes"
    if len(place.encode()) > 4000:
        return "it is longer than 4,000 bytes"
    start = place.partition(":")[2] if place.startswith(("hf:", "static:")) else place
    if start.startswith("~") and os.path.expanduser(start) == start and "/" in start:
        return f"there is no user {start.partition('/')[0][1:]!r}"
    return ""


def _usable(value: str) -> str:
    """A name or path that any system could have; see `misfit`."""
    if wrong := misfit(value):
        raise PydanticCustomError("place", "{wrong}", {"wrong": wrong})
    return value


Place = Annotated[str, AfterValidator(_usable)]
"""A name, or a path of a file or folder."""
LabelsPerQuery = Annotated[Positive | None, BeforeValidator(_all_is_none)]
"""At most so many labels a training query; None, or the word `all`: every one."""
RateOrNone = Annotated[Rate | None, BeforeValidator(_none_is_none)]
"""A number above 0; None, or the word `none`: there is none."""


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
