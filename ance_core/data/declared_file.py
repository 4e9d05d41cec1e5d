"""A `collection.yaml` read and checked; every complaint names file, line, value and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from ..config import RunConfig
from ..fields import LabelsPerQuery, Settings
from ..wording import worded
from .problems import Problems

Encoder = Literal["static", "mini", "hf"]
MAY_SET: dict[str, tuple[str, ...]] = {
    "warmup": (),
    "optimizer": (),
    "negatives": ("per_query", "pool_depth"),
    "encoder": ("vocab_size", "max_query_tokens", "max_document_tokens"),
    "steps": (),
    "batch_size": (),
}
"""What `settings` may hold, () for all of a group: what suits every method, so that no default makes one refuse."""


class CollectionFile(Settings):
    """The fields of a `collection.yaml`."""

    title: str = Field("", description="what to call the collection where there is room")
    about: str = Field("", description="what it is, on one line")
    labels_per_query: LabelsPerQuery = Field(
        None, description="default of its trainings; all: keep every label"
    )
    settings: dict[Encoder, dict[str, Any]] = Field({}, description="defaults of its trainings, by encoder")

    @field_validator("title", "about")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if len(value.strip().splitlines()) > 1:
            raise PydanticCustomError("one_line", "several lines")
        return value.strip()


def read_file(path: Path, problems: Problems) -> dict[str, Any]:
    """The fields that the file has and that are right, as `Declared` takes them; what is wrong goes to `problems`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        _complain(problems, f"{path}", f"byte {error.start + 1} is not UTF-8; save the file as UTF-8")
        return {}
    except OSError as error:
        _complain(problems, f"{path}", f"cannot be read ({error.strerror or error}); check its permissions")
        return {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: dates that do not exist
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        _complain(problems, f"{path}:{line}", "not valid YAML; write one `name: value` a line")
        return {}
    if values is None:
        return {}  # nothing but comments
    errors = list(_errors(values))
    for place, message in errors:
        _complain(problems, f"{path}:{_line(root, place)}", message)
    return {} if errors else _fields(values)


def _complain(problems: Problems, where: str, message: str) -> None:
    problems.error("collection.yaml", f"{where}: {message}")


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    fields = CollectionFile.model_validate(values).model_dump(exclude_unset=True)
    if "labels_per_query" in fields and fields["labels_per_query"] is None:
        fields["labels_per_query"] = "all"
    return fields


def _errors(values: Any) -> Iterator[tuple[tuple[Any, ...], str]]:
    """(place, message) of everything wrong."""
    try:
        found = CollectionFile.model_validate(values)
    except ValidationError as error:
        for problem in error.errors():
            yield problem["loc"], worded(CollectionFile, problem)
        return
    for kind, settings in found.settings.items():
        where, place = f"settings.{kind}", ("settings", kind)
        strange = list(_strange(settings))
        for path in strange:
            name = ".".join(map(str, path))
            yield (*place, *path), f"{where}.{name}: not for a collection to set; it may set {_allowed()}"
        if strange:
            continue
        try:
            RunConfig.model_validate(settings)
        except ValidationError as error:
            for problem in error.errors():
                yield (*place, *problem["loc"]), f"{where}.{worded(RunConfig, problem)}"


def _strange(settings: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Places of settings that are not in MAY_SET."""
    for group, values in settings.items():
        if group not in MAY_SET:
            yield (group,)
        elif MAY_SET[group] and isinstance(values, dict):
            yield from ((group, name) for name in values if name not in MAY_SET[group])


def _allowed() -> str:
    return ", ".join(
        f"{group}.{name}" if name else group for group, names in MAY_SET.items() for name in names or ("",)
    )


def _line(node: Any, place: tuple[Any, ...]) -> int:
    """The line, from 1, of the deepest key of `place` that the file has."""
    line = int(node.start_mark.line) + 1
    for part in place:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((key, value) for key, value in pairs if key.value == str(part)), None)
        if found is None:
            break
        line, node = int(found[0].start_mark.line) + 1, found[1]
    return line
