"""Instances as points: which of many are drawn, and what a pointer above one shows."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .layout import plain

MOST = 2000
"""Points a figure draws; more hide each other and make the page slow."""
CLIP = 140  # characters of a text
WIDTH = 48  # characters of a line


@dataclass(frozen=True)
class Texts:
    """The texts of a dataset by row. Without them a point names rows."""

    queries: Sequence[str] | None = None
    docs: Sequence[str] | None = None

    def query(self, row: int) -> str:
        """The text of a query."""
        return _at(self.queries, row, "query")

    def document(self, row: int) -> str:
        """The text of a document."""
        return _at(self.docs, row, "document")


def _at(texts: Sequence[str] | None, row: int, what: str) -> str:
    return texts[row] if texts is not None and 0 <= row < len(texts) else f"{what} in row {row:,}"


def thin(frame: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """At most about `most` rows of a probe's table, evenly over each sampler's range of norms; all, if it has no more."""
    if len(frame) <= most:
        return frame
    share = most / len(frame)
    kept = []
    for _, own in frame.groupby("sampler", sort=False):
        ordered = own.sort_values("total", kind="stable")
        kept.append(ordered.iloc[np.linspace(0, len(own) - 1, max(int(len(own) * share), 2)).astype(int)])
    return pd.concat(kept).sort_index()


def customdata(frame: pd.DataFrame, texts: Texts) -> list[list[object]]:
    """For each row, what the pointer shows, and the row's index for clicks."""
    records = frame.to_dict("records")
    return [[hover(row, texts), int(index)] for index, row in zip(frame.index, records, strict=True)]


def parts(row: Mapping[str, Any], texts: Texts) -> list[tuple[str, str]]:
    """Titles and texts of query, positive and negative of a row of a probe's table."""
    hidden = "; in truth relevant, but withheld from training" if row["hidden"] else ""
    return [
        ("Query", texts.query(int(row["query"]))),
        (
            f"Positive, rank {row['positive_rank'] + 1:,}, score {row['positive_score']:.2f}",
            texts.document(int(row["positive"])),
        ),
        (
            f"Negative, rank {row['rank'] + 1:,}, score {row['score']:.2f}{hidden}",
            texts.document(int(row["document"])),
        ),
    ]


def norms(row: Mapping[str, Any]) -> str:
    """The norms of a row in words."""
    return f"norm {row['total']:.3g}, at the output {row['output']:.3g}, loss {row['loss']:.3g}"


def hover(row: Mapping[str, Any], texts: Texts) -> str:
    """A row of a probe's table in lines of HTML as Plotly understands it."""
    lines = [f"<b>{plain(str(row['sampler']))}</b>  {norms(row)}"]
    for title, text in parts(row, texts):
        lines += [f"<b>{title}</b>", _wrapped(text)]
    return "<br>".join(lines)


@functools.lru_cache(maxsize=10_000)  # a text is in many instances, and an instance in several figures
def _wrapped(text: str) -> str:
    clipped = textwrap.shorten(text[: 2 * CLIP], CLIP, placeholder=" …")
    return "<br>".join(plain(line) for line in textwrap.wrap(clipped, WIDTH))
