"""The terms of a query's loss as a table, and what they come to in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

import pandas as pd

from ance_core.experiments.explanation import Explanation

from .. import tables, words
from ..texts import clip

HEADERS = ("Term", "Source", "Rank", "Score mined", "Score used", "Probability", "Weight", "Gradient norm")


def ordered(terms: pd.DataFrame) -> pd.DataFrame:
    """Those that count before those that were masked, the heaviest first."""
    out = terms["masked"] != ""
    return terms.assign(_out=out).sort_values(["_out", "weight"], ascending=[True, False], kind="stable")


def parts(found: Explanation) -> Iterator[tuple[str, pd.DataFrame]]:
    """(title, terms) of each row of the loss: against which positive, or which document asks."""
    for (contrast, positive), part in found.terms.groupby(["contrast", "positive_id"], sort=False):
        title = "Terms against" if contrast == "query" else "Other queries against its document"
        yield f"{title} {positive}", ordered(part)


def table(part: pd.DataFrame, positive_text: str, limit: int) -> str:
    """One row a term, the positive first; at most `limit` terms."""
    rows = [_positive(part.iloc[0], positive_text)]
    rows += [_row(term) for _, term in part.head(limit).iterrows()]
    return tables.grid(HEADERS, rows, numeric=6)


def _positive(term: pd.Series, text: str) -> list[str]:
    told = f"<b>{escape(clip(text, 110))}</b><small>the positive, {escape(str(term['positive_id']))}</small>"
    scores = [words.number(term["positive_score_drawn"], 2), words.number(term["positive_score"], 2)]
    return [told, tables.BLANK, tables.BLANK, *scores, *[tables.BLANK] * 3]


def _row(term: pd.Series) -> list[str]:
    counts = not term["masked"]
    text = " ".join(str(term["negative_text"]).split()) or "nothing"
    facts = [escape(str(term["negative_id"]))] if term["negative_id"] else []
    if term["index_step"] >= 0:
        facts.append(f"mined at step {term['index_step']:,}")
    flags = [f"masked: {term['masked']}"] if not counts else []
    flags += ["judged positive"] if term["judged"] and counts else []
    flags += ["hidden relevant"] if term["hidden"] else []
    marks = "".join(f' <b class="ance-flag">{escape(flag)}</b>' for flag in flags)
    return [
        f"{escape(clip(text, 110))}<small>{' · '.join(facts)}{marks}</small>",
        f'<span style="white-space:nowrap">{escape(str(term["source"]))}</span>',
        f"{term['rank'] + 1:,}" if term["rank"] >= 0 else tables.BLANK,
        words.number(term["score_drawn"], 2),
        words.number(term["score"], 2),
        words.number(term["probability"], 4) if counts else tables.BLANK,
        _three(term["weight"]) if counts else tables.BLANK,
        _three(term["grad_norm"]) if counts else tables.BLANK,
    ]


def finding(found: Explanation) -> str:
    """How many terms count, why others do not, and which pulls hardest."""
    counted = found.terms[found.terms["masked"] == ""]
    out = found.terms[found.terms["masked"] != ""]
    said = [f"{words.count(len(counted), 'term')} of the loss {'count' if len(counted) != 1 else 'counts'}"]
    for why, own in out.groupby("masked", sort=False):
        said.append(f"{len(own):,} masked ({why})")
    sentence = f"{', '.join(said)}."
    hidden = int(counted["hidden"].sum())
    if hidden:
        sentence += (
            f" {words.count(hidden, 'hidden relevant')} among them: withheld from training, and pushed away."
        )
    total = float(counted["weight"].sum())
    if len(counted) == 1:
        sentence += f" Its weight is {total:.2g}."
    elif total > 0:
        top = counted.loc[counted["weight"].idxmax()]
        rank = f", rank {top['rank'] + 1:,} when it was mined," if top["rank"] >= 0 else ""
        sentence += f" The heaviest{rank} has {top['weight'] / total:.0%} of all their weight."
    return sentence


def _three(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else tables.BLANK
