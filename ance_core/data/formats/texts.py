"""Texts by id, from JSON lines or tab-separated lines; the parts that several formats share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..collection import join_title
from ..lines import read_lines
from ..problems import Problems, shown
from .objects import read_id, read_objects
from .rows import COLUMNAR, read_rows


def read_jsonl_texts(path: Path, what: str, problems: Problems) -> dict[str, str]:
    """Texts by id from rows with `_id`, `text` and an optional `title`, in file order; also of a Parquet table."""
    texts: dict[str, str] = {}
    rows = read_rows if path.name.lower().endswith(COLUMNAR) else read_objects
    for number, row in rows(path, problems):
        where = f"{path}:{number}"
        key = row.get("_id", row.get("id"))
        if not (isinstance(key, str) and key):
            key = read_id(key)
        text, title = row.get("text"), "" if row.get("title") is None else row["title"]
        if key is None:
            remedy = f"give the {what} an `_id` of its own"
            problems.error("missing id", f"{where}: field '_id' is {_state(row, '_id')}: {remedy}")
        elif not isinstance(text, str) or not isinstance(title, str):
            name = "title" if isinstance(text, str) else "text"
            problems.error(
                "missing text", f"{where}: field {name!r} is {_state(row, name)}: give the {what} a string"
            )
        else:
            add_text(texts, key, join_title(title, text), where, what, problems)
    return texts


def _state(row: dict[str, Any], name: str) -> str:
    return f"{shown(row[name])}, not a string" if name in row else f"missing (found {shown(sorted(row), 60)})"


def read_tsv_texts(path: Path, what: str, problems: Problems) -> dict[str, str]:
    """Texts by id from lines `id<TAB>text` or `id<TAB>title<TAB>text`, in file order."""
    texts: dict[str, str] = {}
    for number, line in read_lines(path, problems):
        key, tab, text = line.partition("\t")
        key = key.strip()
        if not tab or not key:
            missing = "no tab" if not tab else "an empty id"
            problems.error("missing id", f"{path}:{number}: {missing} in {shown(line)}: write `id<TAB>text`")
            continue
        title, tab, body = text.partition("\t")
        text = join_title(title, body) if tab else text.strip()
        add_text(texts, key, text, f"{path}:{number}", what, problems)
    return texts


def add_text(texts: dict[str, str], key: str, text: str, where: str, what: str, problems: Problems) -> None:
    """Put a text under a new id; an id that is taken is an error, an empty text too for queries."""
    if key in texts:
        problems.error(
            "duplicated id", f"{where}: {what} id {shown(key)} is duplicated: give each {what} its own"
        )
        return
    if not text:
        remedy = "write its text or remove it"
        if what == "query":
            problems.error("empty query", f"{where}: query {shown(key)} has no text: {remedy}")
        else:
            problems.warn("empty passage", f"{where}: {what} {shown(key)} has no text: {remedy}")
    texts[key] = text
