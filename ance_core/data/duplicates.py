"""Documents with the same text: what they do to measures, and how they become one."""

from __future__ import annotations

from collections import defaultdict

from .collection import Collection, Judgement
from .problems import Problems, shown


def folded(text: str) -> str:
    """The text for comparison: white space and letter case do not count."""
    return " ".join(text.casefold().split())


def copies(found: Collection) -> dict[str, str]:
    """Of each document that repeats an earlier one, the first with its text, by id. Empty ones repeat none."""
    first: dict[str, str] = {}
    kept = {key: first.setdefault(folded(text), key) if text else key for key, text in found.docs.items()}
    return {key: other for key, other in kept.items() if other != key}


def fold(found: Collection, problems: Problems) -> str:
    """Make one document of each group, under its first id; judgements, marks and given negatives go along.

    Where two of a group are judged for one query, the higher grade holds. The note says how many went.
    """
    repeated = copies(found)
    if not repeated:
        return ""
    for key in repeated:
        del found.docs[key]

    def moved(rows: list[Judgement]) -> list[Judgement]:
        best: dict[tuple[str, str], Judgement] = {}
        for row in rows:
            row = row._replace(doc=repeated.get(row.doc, row.doc))
            other = best.setdefault((row.query, row.doc), row)
            if row.grade > other.grade:
                best[row.query, row.doc] = row
        return list(best.values())

    # What is judged twice under one id stays as it is: it is a mistake or a repetition, and reported as such.
    for split, rows in found.judgements.items():
        concerned = set(repeated) | set(repeated.values())
        rest = [row for row in rows if row.doc not in concerned]
        found.judgements[split] = sorted(
            [*rest, *moved([row for row in rows if row.doc in concerned])], key=lambda row: row.line
        )
    found.clicks, found.wrong, found.given = moved(found.clicks), moved(found.wrong), moved(found.given)
    return f"; {len(repeated):,} documents folded into others with their text"


def report(found: Collection, judged: dict[str, list[Judgement]], problems: Problems) -> int:
    """How many documents repeat another; a warning for that, and one a split whose measures it lowers."""
    repeated = copies(found)
    for key, other in repeated.items():
        pair = f"documents {shown(other)} and {shown(key)}"
        message = f"{pair} have the same text: keep one of them, or fold them (data.fold)"
        problems.warn("duplicate passage", f"{found.corpus_name}: {message}")
    groups: dict[str, set[str]] = defaultdict(set)
    for key, other in repeated.items():
        groups[other] |= {key, other}
    for split, rows in judged.items() if repeated else ():
        if split == "train":
            continue  # is not measured
        relevant: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row.grade >= 1:
                relevant[row.query].add(row.doc)
        worst = {query: _worst(docs, repeated, groups) for query, docs in relevant.items()}
        harmed = [query for query, rank in worst.items() if rank > 1]
        if harmed:
            mean = sum(1 / rank for rank in worst.values()) / len(worst)
            problems.warn(
                f"unjudged copies in {split}",
                f"{found.files.get(split, found.path)}: of {len(harmed):,} of {len(worst):,} {split} queries, such as "
                f"{shown(harmed[0])}, a relevant document has copies that are not judged: no model can tell them apart, "
                f"and one that ranks these texts first may be measured with RR {mean:.2f} instead of 1: fold them "
                "(data.fold)",
            )
    return len(repeated)


def _worst(docs: set[str], repeated: dict[str, str], groups: dict[str, set[str]]) -> int:
    """Rank of the first judged document where a text that is relevant comes first, its unjudged copies before it."""
    return min(1 + len(groups.get(repeated.get(doc, doc), {doc}) - docs) for doc in docs)
