"""How a dataset is read, as options that several commands share; in settings they are `data.strict` and so on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..config import ReadingConfig, parse

Strict = Annotated[
    bool | None,
    typer.Option("--strict", help="a judgement of an unknown document or query is an error in every split"),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAMES",
        help="of a table without a header line: query,passage[,negative|id|score]",
    ),
]
Fold = Annotated[bool | None, typer.Option("--fold", help="documents with the same text become one")]
IgnoreIds = Annotated[
    bool | None,
    typer.Option(
        "--ignore-identical-ids/--keep-identical-ids",
        help="whether a document with its query's id is left out; by default where ids are shared",
    ),
]


def said(**options: Any) -> dict[str, Any]:
    """Those of the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def reading_of(**options: Any) -> ReadingConfig:
    """The settings of a reading. ConfigError for values that are none."""
    reading: ReadingConfig = parse(ReadingConfig, said(**options), "data")
    return reading
