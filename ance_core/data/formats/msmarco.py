"""MS MARCO passage files: `collection.tsv`, `queries.<split>.tsv`, `qrels.<split>.tsv`, plain or gzipped.

The official archive has queries of splits it gives no judgements for, and each query file twice (`dev` and
`dev.small`). So a judgement file brings in the query file of its own name where there is one, and a query
that two files give with the same text is one query.
"""

from __future__ import annotations

from pathlib import Path

from ..collection import Collection
from ..problems import Problems, shown
from .base import Format, by_split, find, listed
from .qrels import read_qrels
from .texts import read_tsv_texts


def matches(path: Path) -> bool:
    """Whether the folder has a tab-separated collection, and queries in a `.tsv` of the same kind."""
    return path.is_dir() and bool(find(path, "collection.tsv")) and bool(listed(path, "queries*.tsv"))


def read(path: Path, problems: Problems) -> Collection:
    """The folder's texts and judgements; missing parts are reported."""
    docs_file = find(path, "collection.tsv")
    found = Collection(path, FORMAT.name, docs_file=docs_file)
    if docs_file:
        found.docs = read_tsv_texts(docs_file, "document", problems)
    found.files = by_split(listed(path, "qrels*.tsv", "qrels*.txt"), path, problems)
    if not found.files:
        problems.error("missing file", f"{path}: no qrels*.tsv: add qrels.train.tsv with qid, 0, pid, grade")
    for file in _query_files(path, list(found.files.values())):
        for key, text in read_tsv_texts(file, "query", problems).items():
            if found.queries.setdefault(key, text) != text:
                remedy = "give each query its own id"
                problems.error(
                    "duplicated id", f"{file}: query id {shown(key)} has another text here: {remedy}"
                )
    found.judgements = {split: read_qrels(file, problems) for split, file in found.files.items()}
    return found


def _query_files(path: Path, qrels: list[Path]) -> list[Path]:
    partners = [
        find(path, f"queries{file.name.removesuffix('.gz')[len('qrels') : -4]}.tsv") for file in qrels
    ]
    paired = [file for file in partners if file is not None]
    return paired if paired and len(paired) == len(qrels) else listed(path, "queries*.tsv")


FORMAT = Format("MS MARCO", "a folder with collection.tsv[.gz], queries*.tsv and qrels*.tsv", matches, read)
