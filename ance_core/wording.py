"""pydantic's errors in this project's words: the setting, the value that was given, what to write instead."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from .errors import cut, nearest

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text, in quotes where it could be read as something else",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "int_or_all": "a whole number, or all",
    "float_or_none": "a number, or none",
    "one_line": "a text on one line",
}


def worded(model: type[BaseModel], error: Any) -> str:
    """One problem out of `ValidationError.errors()` of `model`, on one line."""
    place = tuple(part for part in error["loc"] if part != "[key]")
    path, kind, context = cut(".".join(map(str, place))), error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{path}: no such setting{nearest(str(place[-1]), group(model, place[:-1]).model_fields)}"
    if kind == "value_error":
        message = error["msg"].removeprefix("Value error, ")
        return f"{path}.{message}" if path else message
    if kind == "invalid_key":
        return f"{path}: no such setting; names are texts, such as {', '.join(list(model.model_fields)[:3])}"
    if not place:
        return f"{_shown(error['input'])} is not a group of settings; write NAME: VALUE pairs"
    return f"{path}: {_shown(error['input'])} given; {_wanted(model, place, kind, context)}{_default(model, place)}"


def _wanted(model: type[BaseModel], place: tuple[Any, ...], kind: str, context: dict[str, Any]) -> str:
    bounds = {
        "greater_than": "it must be above {gt:g}",
        "greater_than_equal": "it must be at least {ge}",
        "less_than": "it must be below {lt:g}",
        "less_than_equal": "it must be at most {le}",
        "missing": "a value is missing",
        "finite_number": "it must be a finite number",
        "string_too_short": "it must not be empty",
        "string_too_long": "it must have at most {max_length} characters",
        "too_short": "name at least {min_length}",
    }
    if kind in bounds:
        return bounds[kind].format(**context)
    if kind == "place":
        return f"it must be a name or a path, and {context['wrong']}"
    if kind == "literal_error":
        return f"it must be one of {str(context['expected']).replace(' or ', ', ').replace(chr(39), '')}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        inside = group(model, place)
        known = f" of settings: {', '.join(inside.model_fields)}" if inside else " of NAME: VALUE pairs"
        return f"it is a group{known}"
    wanted = KINDS.get(kind) or KINDS.get(kind.split("_")[0])
    return f"it must be {wanted}" if wanted else "it does not fit"


def _default(model: type[BaseModel], place: tuple[Any, ...]) -> str:
    """` (default 600)`, where there is one worth telling."""
    owner = group(model, place[:-1])
    field = owner.model_fields.get(str(place[-1])) if owner else None
    value = field.default if field else None
    return f" (default {value})" if isinstance(value, int | float | str) and value != "" else ""


def group(model: type[BaseModel], place: tuple[Any, ...]) -> Any:
    """The settings model at a place such as ("encoder",); None where there is no such group."""
    owner: Any = model
    for part in place:
        field = owner.model_fields.get(str(part)) if owner else None
        annotation = field.annotation if field else None
        owner = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return owner


def _shown(value: Any) -> str:
    return cut(" ".join(repr(value).split()), 60)
