"""`Ends` as one sentence: every arm is named once, and nothing is claimed that was not tested."""

from __future__ import annotations

from collections.abc import Sequence

from .ends import Ends, Ranked


def ends_sentence(ends: Ends, step: int | None = None) -> str:
    """Who ends above whom beyond chance, who cannot be told apart, who ended below its start; empty without arms.

    step: where the arms were compared if some still train; None at their end.

    >>> from ..recipes.budget import Spend
    >>> ranked = Ranked(Spend(1, "pairwise"), ("ance", "random", "bm25"), 1, frozenset({(0, 1), (0, 2)}))
    >>> ends_sentence(Ends((ranked,), (), ("ance",), (), 6))
    'On this seed ance ends above random and bm25 beyond chance; random and bm25 cannot be told apart; none ended \
below its start.'
    """
    verbs = ("ends", "end", "ended") if step is None else ("stands", "stand", "stands")
    several = [ranked for ranked in ends.groups if len(ranked.labels) > 1]
    alone = [ranked for ranked in ends.groups if len(ranked.labels) == 1]
    clauses, said = [], ""
    for ranked in several:
        clause = _ranking(ranked, verbs)
        if len(ends.groups) > 1:
            clause = f"with {ranked.budget}, {clause}"
        lead = _lead(ranked.seeds)
        clauses.append(f"{lead} {clause}" if lead and lead != said else clause)
        said = lead or said
    if alone:
        names = listing([r.labels[0] for r in alone])
        lead = "" if said else _lead(max(r.seeds for r in alone))
        if several:
            why = "spends" if len(alone) == 1 else "each spend"
            clauses.append(f"{names} {why} something else on a query and {_be(alone)} not ranked")
        elif len(alone) > 1:
            clauses.append(f"{lead} {names} each spend something else on a query and are not ranked")
    if not clauses and not alone:
        return ""
    clauses.append(_starts(ends, verbs, _lead(alone[0].seeds) if not clauses and alone else ""))
    sentence = "; ".join(clauses)
    if step is not None:
        sentence = f"so far, at step {step:,}, {sentence[0].lower()}{sentence[1:]}"
    return f"{sentence[0].upper()}{sentence[1:]}."


def listing(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _lead(seeds: int) -> str:
    return "" if seeds == 0 else "on this seed" if seeds == 1 else f"over {seeds} seeds"


def _be(groups: Sequence[Ranked]) -> str:
    return "is" if len(groups) == 1 else "are"


def _ranking(ranked: Ranked, verbs: tuple[str, str, str]) -> str:
    if ranked.seeds == 0:
        return f"{listing(ranked.labels)} have no seed in common and are not compared"
    blocks = ranked.blocks()
    parts = []
    if len(blocks) > 1:
        named = [listing([ranked.labels[i] for i in block]) for block in blocks]
        chain = f"{named[0]} {verbs[len(blocks[0]) > 1]} above {named[1]}"
        for above, name in zip(blocks[1:], named[2:], strict=False):
            chain += f", which {verbs[len(above) > 1]} above {name}"
        parts.append(f"{chain} beyond chance")
    return "; ".join([*parts, *(_within(ranked, block, verbs) for block in blocks if len(block) > 1)])


def _within(ranked: Ranked, block: range, verbs: tuple[str, str, str]) -> str:
    """What is known inside a stretch that nothing cuts."""
    names = listing([ranked.labels[i] for i in block])
    wins: dict[tuple[int, ...], list[int]] = {}
    for i in block:
        if below := tuple(j for j in block if (i, j) in ranked.above):
            wins.setdefault(below, []).append(i)
    if not wins:
        return f"{names} cannot be told apart"
    said = [
        f"{listing([ranked.labels[i] for i in who])} above {listing([ranked.labels[j] for j in below])}"
        for below, who in wins.items()
    ]
    first = said[0].replace(" above ", f" {verbs[len(next(iter(wins.values()))) > 1]} above ", 1)
    return f"of {names} only {listing([first, *said[1:]])} beyond chance"


def _starts(ends: Ends, verbs: tuple[str, str, str], lead: str) -> str:
    labels = [label for ranked in ends.groups for label in ranked.labels]
    _, _, did = verbs
    if len(labels) == 1:
        name = labels[0]
        if name in ends.below or name in ends.above:
            return f"{lead} {name} {did} {'below' if name in ends.below else 'above'} its start beyond chance".lstrip()
        return f"{lead} {name} cannot be told from its start".lstrip()
    if ends.below:
        verb = did if did == "ended" or len(ends.below) == 1 else verbs[1]
        return f"{listing(ends.below)} {verb} below {'its' if len(ends.below) == 1 else 'their'} start beyond chance"
    return f"none {did} below its start" + (" beyond chance" if ends.lower else "")
