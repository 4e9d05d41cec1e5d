"""How a text is drawn by the part it plays for a query. Greys and blues for the many; what lights up differs in
colour, shape and size, so that colour is never the only cue."""

from __future__ import annotations

from typing import NamedTuple


class Role(NamedTuple):
    """Colour, outline, Plotly marker, its size, dash, the glyph that stands for it in text, words."""

    color: str
    edge: str
    marker: str
    size: int
    dash: str
    glyph: str
    word: str
    plural: str


ROLES = {
    "document": Role("#8A8F98", "#8A8F98", "circle", 5, "dash", "●", "Document", "documents"),
    "query": Role("#3E7CC4", "#3E7CC4", "diamond", 5, "solid", "◆", "Query", "queries"),
    "chosen": Role("#7B3B9D", "#FFFFFF", "diamond", 17, "dot", "◆", "The query", "the query"),
    "positive": Role("#17915F", "#FFFFFF", "star", 17, "solid", "★", "Positive", "its positives"),
    "negative": Role("#D0433B", "#FFFFFF", "x", 11, "solid", "✖", "Drawn negative", "its drawn negatives"),
    "neighbour": Role(
        "#C98A10", "#C98A10", "circle-open", 21, "solid", "○", "Nearest document", "its nearest documents"
    ),
}
