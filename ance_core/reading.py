"""Settings of a dataset: its name or place, and how its files are read.

    data: ferry                      # the short form, a name or a path alone
    data: {name: pairs.tsv, columns: [query, passage], fold: true}

Readings that give other contents have other fingerprints.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from .fields import Place, Settings


def _listed(value: Any) -> Any:
    """`query,passage` as a list, the form of the command line."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) and value else value


class ReadingConfig(Settings):
    """How files become a dataset."""

    strict: bool = Field(
        False,
        description="a judgement of an unknown document or query is an error in every split, not in train alone",
    )
    columns: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (),
        description="names of the columns of a table without a header line: query, passage, and optionally negative, id "
        "or score",
    )
    fold: bool = Field(
        False, description="documents with the same text become one, their judgements are joined"
    )
    ignore_identical_ids: bool | None = Field(
        None,
        description="a document with its query's own id is neither ranked nor drawn for it, unless judged relevant; if "
        "absent: where queries and documents share ids that are no mere numbers, or texts as well",
    )

    def given(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        plain = self.model_dump(mode="json", include=set(ReadingConfig.model_fields))
        return {name: value for name, value in plain.items() if value not in (None, False, [])}


class DataConfig(ReadingConfig):
    """A dataset and how it is read."""

    name: Place = Field(
        "catalogue", min_length=1, description="name of an embedded dataset, or a folder or file"
    )

    @property
    def reading(self) -> ReadingConfig:
        """How it is read, without its name."""
        return ReadingConfig(**self.model_dump(exclude={"name"}))


def spelled_out_data(value: Any) -> Any:
    """The short form, a name or path alone, as a group; anything else as it is.

    >>> spelled_out_data("tiny")
    {'name': 'tiny'}
    """
    return {"name": str(value)} if isinstance(value, str | Path) else value


Data = Annotated[DataConfig, BeforeValidator(spelled_out_data)]
"""A `DataConfig`, also from its short form."""


def data_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The group `data` of a run's settings as `run.json` has them.

    Runs of before say the name alone; no document was left out of their rankings for having its query's id.
    """
    value = config.get("data")
    return dict(value) if isinstance(value, dict) else {"name": value, "ignore_identical_ids": False}


def data_name(config: Mapping[str, Any]) -> str | None:
    """The dataset's name in a run's settings; None where they say none."""
    name = data_of(config).get("name")
    return None if name is None else str(name)


def data_words(config: Mapping[str, Any]) -> str | None:
    """The dataset in a run's settings on one line, with what of its reading differs from the defaults.

    >>> data_words({"data": {"name": "pairs.tsv", "fold": True, "columns": ["query", "passage"]}})
    'pairs.tsv (columns=query,passage, fold)'
    """
    own = data_of(config)
    parts = [
        name if value is True else f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in sorted(own.items())
        if name != "name" and value not in (None, False, [], ())
    ]
    name = data_name(config)
    return f"{name} ({', '.join(parts)})" if parts else name
