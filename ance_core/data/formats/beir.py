"""BEIR folders (Thakur et al. 2021): `corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`, also gzipped."""

from __future__ import annotations

from pathlib import Path

from ..collection import CLICKS, WRONG, Collection
from ..problems import Problems
from .base import Format, by_split, find, listed
from .qrels import read_qrels
from .texts import read_jsonl_texts


def matches(path: Path) -> bool:
    """Whether the folder has a JSON-lines corpus and no TREC topics beside it."""
    return (
        path.is_dir()
        and bool(find(path, "corpus.jsonl"))
        and bool(find(path, "queries.jsonl") or (path / "qrels").is_dir())
    )


def read(path: Path, problems: Problems) -> Collection:
    """The folder's texts and judgements; missing parts are reported."""
    docs_file, queries_file = find(path, "corpus.jsonl"), find(path, "queries.jsonl")
    found = Collection(path, FORMAT.name, docs_file=docs_file, queries_file=queries_file)
    if docs_file:
        found.docs = read_jsonl_texts(docs_file, "document", problems)
    if queries_file:
        found.queries = read_jsonl_texts(queries_file, "query", problems)
    else:
        problems.error(
            "missing file", f"{path}: no queries.jsonl or queries.jsonl.gz: a BEIR folder needs one"
        )
    found.files = by_split(listed(path / "qrels", "*.tsv"), path / "qrels", problems, stem=True)
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
