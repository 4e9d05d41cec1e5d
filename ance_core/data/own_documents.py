"""Documents that are the query itself: collections in which queries are taken from the corpus share their ids.

BEIR leaves them out of rankings (`ignore_identical_ids` of its `EvaluateRetrieval`): ranked first, they would answer
every query with itself. A pair that is judged relevant stays: there the id says which document is the answer.
"""

from __future__ import annotations

from typing import NamedTuple

from .collection import Collection, Judgement
from .duplicates import folded


class Own(NamedTuple):
    """pairs: (query id, document id), which are equal or, folded, were. note: what is said about them, "" if nothing."""

    pairs: list[tuple[str, str]]
    note: str = ""


def own_documents(
    found: Collection, judged: dict[str, list[Judgement]], wanted: bool | None, moved: dict[str, str]
) -> Own:
    """Each query's own document where ids are shared. moved: what documents were folded into.

    wanted: True and False decide it. None: ids are shared unless they are plain numbers that count both sides
    (documents 1 to 1400, queries 1 to 225), which shows in texts that have nothing in common.
    """
    if wanted is False:
        return Own([])
    alike = [(key, moved.get(key, key)) for key in found.queries if key in found.docs or key in moved]
    if not alike:
        return Own([])
    relevant = {(row.query, row.doc) for rows in judged.values() for row in rows if row.grade >= 1}
    pairs = [pair for pair in alike if pair not in relevant]
    if not pairs:
        return Own([])
    first = pairs[0][0]
    if wanted is None and all(key.isdecimal() for key, _ in alike):
        same = sum(folded(found.queries[query]) in folded(found.docs[doc]) for query, doc in alike)
        if 2 * same < len(alike):
            note = (
                f"{found.path}: {len(pairs):,} documents have a query's id, such as {first!r}, and other texts: taken for "
                "chance, and ranked (data.ignore_identical_ids: true leaves them out)"
            )
            return Own([], note)
    note = (
        f"{found.path}: {len(pairs):,} documents have a query's id, such as {first!r}: each is left out of that query's "
        "rankings and negatives, as BEIR does (data.ignore_identical_ids: false ranks them)"
    )
    return Own(pairs, note)
