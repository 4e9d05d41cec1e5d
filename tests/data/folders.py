"""Collections written into a folder, small enough to see whole."""

from __future__ import annotations

import gzip
import json
import shutil
from importlib.resources import files
from pathlib import Path

DOCS = {
    "d1": ("The lamp", "It turns at night."),
    "d2": ("", "The bell rings in fog."),
    "d3": ("Seals", "They sleep on the beach."),
    "d4": ("Birds!", "They nest in the walls."),
}
QUERIES = {
    f"q{n}": text for n, text in enumerate(("what turns", "what rings", "who sleeps", "who nests", "who"), 1)
}
TRAIN = [("q1", "d1", 1), ("q2", "d2", 2), ("q3", "d3", 1), ("q3", "d4", 1), ("q3", "d1", 0)]
TEST = [("q4", "d4", 1), ("q5", "d4", 1), ("q5", "d3", 2)]


def write(path: Path, text: str | bytes) -> Path:
    """The file, gzipped if its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def jsonl(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def beir_qrels(rows: list[tuple[str, str, int]]) -> str:
    return "query-id\tcorpus-id\tscore\n" + "".join(f"{q}\t{d}\t{g}\n" for q, d, g in rows)


def trec_qrels(rows: list[tuple[str, str, int]], gap: str = " ") -> str:
    return "".join(gap.join((q, "0", d, str(g))) + "\n" for q, d, g in rows)


def beir(folder: Path, ending: str = "") -> Path:
    """A valid BEIR folder of the constants above."""
    docs = [{"_id": key, "title": title, "text": text} for key, (title, text) in DOCS.items()]
    write(folder / f"corpus.jsonl{ending}", jsonl(docs))
    write(folder / f"queries.jsonl{ending}", jsonl([{"_id": k, "text": t} for k, t in QUERIES.items()]))
    write(folder / "qrels" / f"train.tsv{ending}", beir_qrels(TRAIN))
    write(folder / "qrels" / f"test.tsv{ending}", beir_qrels(TEST))
    return folder


def with_unseen(folder: Path) -> Path:
    """`tiny` with two splits more, dev-unseen and test-unseen, of four and six queries that were train's; in that folder."""
    shutil.copytree(str(files("ance_samples") / "tiny"), folder)
    head, *rows = (folder / "qrels" / "train.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    queries = list(dict.fromkeys(row.split("\t")[0] for row in rows))
    parts = {"dev-unseen": queries[:4], "test-unseen": queries[4:10], "train": queries[10:]}
    for split, own in parts.items():
        chosen = [row for row in rows if row.split("\t")[0] in own]
        write(folder / "qrels" / f"{split}.tsv", "".join([head, *chosen]))
    return folder
