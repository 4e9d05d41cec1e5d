"""A content hash: the same ids, texts and judgements give the same fingerprint, whatever the name or path."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from .dataset import Qrels


def fingerprint(
    doc_ids: list[str],
    docs: list[str],
    query_ids: list[str],
    queries: list[str],
    qrels: Mapping[str, Qrels],
    hidden: Qrels,
    marks: Mapping[str, Qrels] | None = None,
) -> str:
    """16 hex digits of a SHA-256 over everything training can see and the order it stands in.

    The order counts because rows key the random draws. Each string goes in with its length, so that moving
    a character from one text to the next changes the hash. marks: clicks and wrong labels, which count where there are any.
    """
    digest = hashlib.sha256(b"dataset 1")
    for texts in (doc_ids, docs, query_ids, queries):
        digest.update(_packed(texts))
    marked = [(name, part) for name, part in sorted((marks or {}).items()) if len(part)]
    for name, part in (*sorted(qrels.items()), ("hidden", hidden), *marked):
        digest.update(f"|{name} {len(part)}|".encode())
        for array, dtype in ((part.queries, "<i4"), (part.docs, "<i4"), (part.grades, "<i2")):
            digest.update(array.astype(dtype).tobytes())
    return digest.hexdigest()[:16]


def _packed(texts: Iterable[str]) -> bytes:
    encoded = [text.encode("utf-8") for text in texts]
    return f"|{len(encoded)}|{','.join(str(len(e)) for e in encoded)}|".encode() + b"".join(encoded)
