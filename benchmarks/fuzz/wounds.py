"""Ways to damage a file of a run: of any file by its bytes; of JSON, parquet, npy, safetensors and SQLite from within."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

Wound = Callable[[Path, Random], str]
DEEP = 100_000
ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**400, 2**63, 1e308, float("nan"), float("inf"), "", "x", "2025-11-25", "600",
    "![x](http://localhost:1/a.png)", "<img src=x onerror=alert(1)>", "\x1b[2J\r\n\x00", "\ud800", "ä" * 300, "../../etc",
    [], [1], [[]], ["a"], {}, {"a": 1}, [None] * 3, {"": {}},
]  # fmt: skip


def bytes_of(path: Path, random: Random) -> str:
    """Any file: emptied, cut, garbage, some bits turned, its end doubled."""
    data = path.read_bytes()
    kind = random.choice(["empty", "cut", "garbage", "flip", "zeros", "twice", "text"])
    if kind == "cut":
        data = data[: random.randrange(len(data) or 1)]
    elif kind == "garbage":
        data = random.randbytes(random.choice([1, 7, 100, 5000]))
    elif kind == "flip":
        turned = bytearray(data)
        for _ in range(random.choice([1, 3, 20])):
            if turned:
                turned[random.randrange(len(turned))] ^= 1 << random.randrange(8)
        data = bytes(turned)
    elif kind == "twice":
        data += data[-random.randrange(1, 200) :]
    elif kind == "text":
        data = random.choice(
            [b"[]", b"{}", b"null", b"0", b'"x"', b"[" * DEEP, b'{"a":' * DEEP, b"\xff\xfe\x00"]
        )
    else:
        data = b"" if kind == "empty" else bytes(len(data))
    path.write_bytes(data)
    return kind


def place_of(path: Path, random: Random) -> str:
    """Any file: gone, a folder, a link to nowhere, to itself."""
    path.unlink()
    kind = random.choice(["gone", "folder", "full folder", "dangling link", "loop"])
    if "folder" in kind:
        path.mkdir()
        if kind == "full folder":
            (path / "x").write_text("x")
    elif kind == "dangling link":
        path.symlink_to(path.parent / "nowhere")
    elif kind == "loop":
        path.symlink_to(path)
    return kind


def json_in(path: Path, random: Random) -> str:
    """JSON: one value is another, is gone, or there is one more; or nested deeply."""
    value = json.loads(path.read_bytes())
    places = list(_places(value))
    owner, key, name = random.choice(places)
    kind = random.choice(["odd", "odd", "odd", "gone", "more", "deep"])
    if kind == "deep":
        text = json.dumps(value)
        path.write_text(text[:-1] + ', "deep": ' + "[" * DEEP + "]" * DEEP + "}")
        return kind
    odd = random.choice(ODD)
    if kind == "gone":
        del owner[key]
    elif kind == "more" and isinstance(owner, dict):
        owner[str(random.choice(["x", "![x](y)", "\x1b", "a.b", ""]))] = odd
    else:
        owner[key] = odd
    path.write_text(json.dumps(value))
    return f"{kind} {name} {odd!r:.30}"


def _places(value: Any, name: str = "") -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key, f"{name}.{key}"
        yield from _places(item, f"{name}.{key}")


def npy_in(path: Path, random: Random) -> str:
    """An array of another length, kind, order or content."""
    array = np.load(path)
    kind = random.choice(
        ["shorter", "longer", "none", "objects", "texts", "flat", "nan", "negative", "huge", "columns"]
    )
    if kind == "shorter":
        array = array[: len(array) // 2]
    elif kind == "longer":
        array = np.concatenate([array, array])
    elif kind == "none":
        array = array[:0]
    elif kind in ("objects", "texts"):
        array = array.astype(object if kind == "objects" else "U8")
    elif kind == "flat":
        array = array.reshape(-1)
    elif kind == "columns":
        array = np.asfortranarray(array)
    else:
        array = array.copy()
        if array.size:
            bad = {"nan": np.nan, "negative": -1, "huge": 2e9}[kind]
            array.flat[random.randrange(array.size)] = bad if array.dtype.kind == "f" or kind != "nan" else 0
    np.save(path, array)
    return kind


def parquet_in(path: Path, random: Random) -> str:
    """A table without rows, without a column, with a column of another kind, or with values that cannot be."""
    import pandas as pd

    table = pd.read_parquet(path)
    column = random.choice(list(table.columns))
    kind = random.choice(["rows", "column", "texts", "nulls", "huge", "negative", "nan", "numbers"])
    if kind == "rows":
        table = table.iloc[:0]
    elif kind == "column":
        table = table.drop(columns=column)
    elif kind == "texts":
        table[column] = "![x](http://localhost:1/a.png)"
    elif kind == "numbers":
        table[column] = 7
    elif kind == "nulls":
        table[column] = None
    elif pd.api.types.is_numeric_dtype(table[column]) and table[column].dtype != bool:
        at = random.randrange(len(table))
        table[column] = table[column].astype("float64" if kind == "nan" else table[column].dtype)
        bad = {"huge": 30_000, "negative": -7, "nan": float("nan")}[kind]
        table.loc[table.index[at], column] = bad
    table.to_parquet(path, index=False)
    return f"{kind} {column}"


def safetensors_in(path: Path, random: Random) -> str:
    """A tensor that is gone, of another shape or kind, not finite, or one too many."""
    from safetensors.numpy import load, save

    tensors = load(path.read_bytes())
    name = random.choice(list(tensors))
    kind = random.choice(["gone", "shorter", "flat", "kind", "nan", "more", "name"])
    array = tensors[name]
    if kind == "gone":
        del tensors[name]
    elif kind == "shorter":
        tensors[name] = np.ascontiguousarray(array[: len(array) // 2]) if array.ndim else array
    elif kind == "flat":
        tensors[name] = array.reshape(-1)
    elif kind == "kind":
        tensors[name] = array.astype("int64" if array.dtype.kind == "f" else "float32")
    elif kind == "nan":
        tensors[name] = np.full_like(array, np.nan if array.dtype.kind == "f" else -9)
    else:
        tensors["x" if kind == "more" else "a/b/c"] = array
    path.write_bytes(save(tensors))
    return f"{kind} {name}"


def sqlite_in(path: Path, random: Random) -> str:
    """A log without a table or rows, or with a value that cannot be."""
    with closing(sqlite3.connect(path)) as connection:
        table = random.choice(["heartbeat", "heartbeat", "scalars", "events", "refreshes", "control"])
        kind = random.choice(["drop", "delete", "value", "value", "value", "value", "rename"])
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        column = random.choice(columns)
        odd = random.choice(
            [None, "x", "", b"\xff\x00", -1, 2**62, 1e308, float("inf"), "2025-11-25", "\x1b[2J", "![x](y)"]
        )
        try:
            if kind == "drop":
                connection.execute(f"DROP TABLE {table}")
            elif kind == "delete":
                connection.execute(f"DELETE FROM {table}")
            elif kind == "rename":
                connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
            else:
                connection.execute("PRAGMA ignore_check_constraints = ON")
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid % 3 <> 7", (odd,))
        except sqlite3.Error:  # scalars has no rowid; a constraint holds
            connection.execute("UPDATE scalars SET value = ?, seconds = ?", (odd, odd))
        connection.commit()
    return f"{kind} {table}.{column} {odd!r}"


WITHIN: dict[str, Wound] = {
    ".json": json_in, ".npy": npy_in, ".parquet": parquet_in, ".safetensors": safetensors_in, ".sqlite": sqlite_in,
}  # fmt: skip


def damage(path: Path, random: Random) -> str:
    """Damage a file in one of the ways that fit it; what was done, in a few words."""
    within = WITHIN.get(path.suffix)
    wound = random.choice([bytes_of, bytes_of, place_of, *([within] * 4 if within else [])])
    try:
        return f"{wound.__name__}: {wound(path, random)}"
    except Exception:  # it does not take this one, or was damaged already
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.write_bytes(random.randbytes(30))
        return f"{wound.__name__}: garbage instead"
