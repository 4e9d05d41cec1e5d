"""Colours, dashes and markers of the methods; the only place that knows them.

The six colours of the first methods were searched for the largest smallest distance (OKLab) under normal
sight and simulated protanopia, deuteranopia and tritanopia, among colours that stand out on white and on
the dark background alike. Colour is never the only cue: every method has a dash and a marker of its own.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple


class Look(NamedTuple):
    """How a method is drawn: hex colour, Plotly dash, Plotly marker symbol."""

    color: str
    dash: str
    marker: str


METHODS = {
    "random": Look("#736C77", "dot", "circle"),
    "in-batch": Look("#046FC7", "dash", "square"),
    "bm25": Look("#EB881F", "dashdot", "diamond"),
    "bm25+random": Look("#B58BF9", "longdashdot", "triangle-up"),
    "static-hard": Look("#47B09E", "longdash", "triangle-down"),
    "ance": Look("#CF3D0B", "solid", "star"),
    "dance": Look("#B968A7", "8px,3px", "hexagon"),
    "star": Look("#98374A", "12px,4px,2px,4px", "star-diamond"),
    "adore": Look("#378139", "3px,6px", "cross"),
    "simans": Look("#F95E7C", "6px,2px,2px,2px", "pentagon"),
    "ance-tele": Look("#7B3B9D", "16px,3px", "x"),
    "oracle": Look("#7700FF", "2px,2px", "triangle-left"),
    "nce": Look("#5F7FB8", "4px,4px,12px,4px", "circle-cross"),
    "top": Look("#A1567F", "10px,2px,2px,2px,2px,2px", "hexagram"),
    "uniform-top": Look("#6E8B3D", "2px,4px", "octagon"),
    "curriculum": Look("#8A6D1F", "20px,3px,3px,3px", "triangle-right"),
    "mixture": Look("#2F8F9D", "8px,2px,8px,6px", "diamond-tall"),
}
ORDER = {name: place for place, name in enumerate(METHODS)}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "hexagon", "star")
UNKNOWN = ("#5F7FB8", "#A8772F", "#2F8F9D", "#A1567F", "#6E8B3D", "#8062B5", "#B0604A", "#4F8A68")

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Source Sans 3', 'Source Sans Pro', sans-serif"
INK, FAINT, GRID = "#1f2733", "#5b6675", "#e6e9ee"  # of the figures people take away, on white


def look(method: str) -> Look:
    """The look of a method, the same in every session.

    A variant (`ance/authors`, `simans:b=0`) keeps its method's colour and gets a dash of its own; an
    unknown name gets colour, dash and marker from a hash of the name.
    """
    if method in METHODS:
        return METHODS[method]
    key = zlib.crc32(method.encode())
    dash, marker = DASHES[key % len(DASHES)], MARKERS[key // 8 % len(MARKERS)]
    base = max((name for name in METHODS if _is_variant(method, name)), key=len, default=None)
    if base is None:
        return Look(UNKNOWN[key // 64 % len(UNKNOWN)], dash, marker)
    known = METHODS[base]
    other = [d for d in DASHES if d != known.dash]
    return Look(known.color, other[key % len(other)], marker)


def rank(method: str) -> tuple[int, str]:
    """Sort key: the methods in the order they are taught, variants behind their method, others at the end by name."""
    base = max((name for name in METHODS if name == method or _is_variant(method, name)), key=len, default="")
    return ORDER.get(base, len(ORDER)), method


def _is_variant(method: str, name: str) -> bool:
    return method.startswith(name) and method[len(name) : len(name) + 1] in set("-_:/@(, ")


def tint(color: str, opacity: float) -> str:
    """`#rrggbb` as `rgba(r, g, b, opacity)`, for bands and raw points."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"
