"""JSON objects, one a line, with every way one can be wrong turned into a `Problem`; and what an id may be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..lines import read_lines
from ..problems import Problems, shown

_scan = json.JSONDecoder().scan_once


def read_objects(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is a JSON object; other lines are reported."""
    for number, line in read_lines(path, problems):
        try:
            value = _loads(line)
            if isinstance(value, dict) and _may_repeat(line, value):
                json.loads(line, object_pairs_hook=no_duplicates)
            if "\\ud" in line or "\\uD" in line:
                refuse_lone_surrogates(value)
        except (ValueError, RecursionError) as error:
            problems.error("json", f"{path}:{number}: not valid JSON ({error}): one object a line is needed")
            continue
        if not isinstance(value, dict):
            kind = type(value).__name__
            problems.error("json", f"{path}:{number}: a JSON {kind}, not an object: write one {{...}} a line")
            continue
        yield number, value


def _loads(line: str) -> Any:
    """`json.loads`, without the steps that a line with nothing around its value does not need."""
    try:
        value, end = _scan(line, 0)
    except StopIteration:
        return json.loads(line)
    return value if end == len(line) else json.loads(line)


def _may_repeat(line: str, value: dict[str, Any]) -> bool:
    """Whether the line may give a key twice, of which JSON readers silently keep the last. Cheap, never wrongly False.

    Every key stands before a colon, so with no more of these than keys none was given twice.
    """
    return line.count('":') != len(value) or " :" in line or "\t:" in line


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its pairs. ValueError where a key is given twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {shown(repeated)} is given twice")
    return value


def refuse_lone_surrogates(value: object) -> None:
    """ValueError for half a character: JSON can escape one, but no file, hash or tokenizer can hold it."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("an escape stands for half a character, a lone surrogate") from None


def read_id(value: object) -> str | None:
    """An id: a text that is not empty, or a whole number; None for anything else (a list, true, NaN)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
