"""Any collection of the `ir_datasets` catalogue (MacAvaney et al. 2021), as `ir_datasets:ID`. An extra.

The judgements of `ID/train`, `ID/dev` and `ID/test` are read where they exist, else those of `ID` itself, which are a
split's where the id says so (`beir/scifact/test`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import DataError
from ..collection import Collection, Judgement, join_title
from ..problems import Problems
from ..split_names import SPLIT_NAMES, UNION
from .qrels import read_grade
from .texts import add_text

PREFIX = "ir_datasets:"


def read(name: str, problems: Problems) -> Collection:
    """The collection `ir_datasets:ID`. DataError if the extra is not installed or there is no such id."""
    base_id = name.removeprefix(PREFIX)
    base = _load(base_id)
    if base is None:
        raise DataError(f"{name}: ir_datasets has no {base_id!r}: look it up at https://ir-datasets.com")
    if not base.has_docs():
        raise DataError(f"{name}: it has no documents: choose a collection with a corpus")
    found = Collection(Path(name), "ir_datasets")
    for doc in base.docs_iter():
        add_text(found.docs, doc.doc_id, _text(doc), name, "document", problems)
    for split, part in _splits(base_id, base).items():
        found.files[split] = Path(name)
        for query in part.queries_iter():
            if query.query_id not in found.queries:
                add_text(found.queries, query.query_id, _text(query), name, "query", problems)
        found.judgements[split] = [
            Judgement(row.query_id, row.doc_id, grade, line)
            for line, row in enumerate(part.qrels_iter(), 1)
            if (grade := read_grade(row.relevance, f"{name}:{line}", problems)) is not None
        ]
    if not found.judgements:
        problems.error(
            "missing file", f"{name}: no judgements: choose an id with qrels, such as {base_id}/train"
        )
    return found


def _load(dataset_id: str) -> Any | None:
    try:
        import ir_datasets
    except ImportError:
        raise DataError(
            f"{PREFIX}{dataset_id}: ir_datasets is not installed: pip install 'ance-workbench[ir-datasets]'"
        ) from None
    try:
        return ir_datasets.load(dataset_id)
    except KeyError:
        return None


def _splits(base_id: str, base: Any) -> dict[str, Any]:
    """Split -> the part of the catalogue with its judgements; if no split has any, the id's own, or {"all": base}."""
    parts: dict[str, Any] = {}
    for name, split in SPLIT_NAMES.items():
        part = _load(f"{base_id}/{name}")
        if split not in parts and part is not None and part.has_qrels() and part.has_queries():
            parts[split] = part
    if not parts and base.has_qrels() and base.has_queries():
        words = reversed(base_id.split("/")[1:])
        parts[next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), UNION)] = base
    return parts


def _text(record: Any) -> str:
    """Title and text where a record has both, else what the catalogue says stands for it."""
    title, text = getattr(record, "title", None), getattr(record, "text", None)
    if isinstance(title, str) and isinstance(text, str):
        return join_title(title, text)
    return str(record.default_text()).strip()
