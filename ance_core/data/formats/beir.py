"""BEIR folders (Thakur et al. 2021): `corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`, also gzipped.

As hubs keep them, texts may be Parquet (`corpus.parquet`, `corpus/*.parquet`), and judgements JSON lines or Parquet.
"""

from __future__ import annotations

from pathlib import Path

from ..collection import CLICKS, WRONG, Collection
from ..problems import Problems
from .base import Format, by_split, find, listed
from .qrels import read_qrels
from .rows import without_later_shards
from .texts import read_jsonl_texts


def matches(path: Path) -> bool:
    """Whether the folder has a JSON-lines corpus and no TREC topics beside it."""
    return (
        path.is_dir()
        and _texts(path, "corpus") is not None
        and bool(_texts(path, "queries") or (path / "qrels").is_dir())
    )


def _texts(path: Path, name: str) -> Path | None:
    """The file of corpus or queries: JSON lines or Parquet, or Parquet in a folder of that name; None: there is none."""
    if found := find(path, f"{name}.jsonl", f"{name}.parquet"):
        return found
    inside = without_later_shards(listed(path / name, "*.parquet"))
    return inside[0] if len(inside) == 1 else None


def read(path: Path, problems: Problems) -> Collection:
    """The folder's texts and judgements; missing parts are reported."""
    docs_file, queries_file = _texts(path, "corpus"), _texts(path, "queries")
    found = Collection(path, FORMAT.name, docs_file=docs_file, queries_file=queries_file)
    if docs_file:
        found.docs = read_jsonl_texts(docs_file, "document", problems)
    if queries_file:
        found.queries = read_jsonl_texts(queries_file, "query", problems)
    else:
        problems.error(
            "missing file", f"{path}: no queries.jsonl or queries.jsonl.gz: a BEIR folder needs one"
        )
    files = listed(path / "qrels", "*.tsv") or listed(path / "qrels", "*.jsonl", "*.parquet")
    found.files = by_split(without_later_shards(files), path / "qrels", problems, stem=True)
    if not found.files:
        problems.error(
            "missing file", f"{path}: no qrels/*.tsv: add qrels/train.tsv with query-id, corpus-id, score"
        )
    for marked, name in ((found.clicks, CLICKS), (found.wrong, WRONG)):
        if (path / name).is_file():
            marked += read_qrels(path / name, problems)
    found.judgements = {split: read_qrels(file, problems) for split, file in found.files.items()}
    return found


FORMAT = Format("BEIR", "a folder with corpus.jsonl[.gz], queries.jsonl[.gz] and qrels/*.tsv", matches, read)
