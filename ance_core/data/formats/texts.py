"""Texts by id, from JSON lines or tab-separated lines; the parts that several formats share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..collection import join_title
from ..lines import read_lines
from ..problems import Problems, shown


def read_objects(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is a JSON object; other lines are reported."""
    for number, line in read_lines(path, problems):
        try:
            value = json.loads(line)
            if "\\ud" in line or "\\uD" in line:
                _refuse_lone_surrogates(value)
        except (ValueError, RecursionError) as error:
            problems.error("json", f"{path}:{number}: not valid JSON ({error}): one object a line is needed")
            continue
        if not isinstance(value, dict):
            kind = type(value).__name__
            problems.error("json", f"{path}:{number}: a JSON {kind}, not an object: write one {{...}} a line")
            continue
        yield number, value


def _refuse_lone_surrogates(value: object) -> None:
    """ValueError for half a character: JSON can escape one, but no file, hash or tokenizer can hold it."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("an escape stands for half a character, a lone surrogate") from None


def read_jsonl_texts(path: Path, what: str, problems: Problems) -> dict[str, str]:
    """Texts by id from objects with `_id`, `text` and an optional `title`, in file order."""
    texts: dict[str, str] = {}
    for number, row in read_objects(path, problems):
        where = f"{path}:{number}"
        key = row.get("_id", row.get("id"))
        text, title = row.get("text"), row.get("title") or ""
        if isinstance(key, int) and not isinstance(key, bool):
            key = str(key)
        if not isinstance(key, str) or not key:
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
