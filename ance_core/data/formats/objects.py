"""JSON objects, one a line, with every way one can be wrong turned into a `Problem`; and what an id may be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..lines import read_lines
from ..problems import Problems, shown


def read_objects(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is a JSON object; other lines are reported."""
    for number, line in read_lines(path, problems):
        try:
            value = _loads(line)
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


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its pairs. ValueError where a key is given twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {shown(repeated)} is given twice")
    return value


# Straight to the scanner: `json.loads` makes a decoder for every line where there is a hook.
_scan = getattr(json.JSONDecoder(object_pairs_hook=no_duplicates), "scan_once")  # noqa: B009 - typeshed leaves it out


def _loads(line: str) -> Any:
    """`json.loads` that refuses a key given twice, of which it silently keeps the last."""
    try:
        value, end = _scan(line, 0)
    except StopIteration:
        end = -1
    return value if end == len(line) else json.loads(line, object_pairs_hook=no_duplicates)


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
