"""How a figure was drawn, in sentences: under it in the page, and inside the file people take away."""

from __future__ import annotations

from collections.abc import Sequence

from ..words import count, listing
from .curves import Drawing
from .ends import MOST_ENDS, Interval, Level
from .groups import Group
from .measures import Measure


def caption(groups: Sequence[Group], measure: Measure, drawing: Drawing) -> str:
    """What line, band, thin lines and smoothing are in this figure."""
    sentences = [_lines(groups, drawing), _smoothing(measure, drawing), _left_out(groups)]
    return " ".join(sentence for sentence in sentences if sentence)


def _lines(groups: Sequence[Group], drawing: Drawing) -> str:
    sizes = sorted({len(group.averaged) for group in groups})
    if not sizes or sizes[-1] == 1:
        return "Each line is one run."
    several = f"{sizes[-1]}" if sizes[0] == sizes[-1] else f"up to {sizes[-1]}"
    said = (
        f"Lines are means over {several} seeds, at steps that all of them have reached; "
        "thin lines are single runs."
    )
    if drawing.x != "step":
        said += f" The mean's {drawing.x} are averaged at equal steps."
    return said + _band(sizes, drawing)


def _band(sizes: Sequence[int], drawing: Drawing) -> str:
    if drawing.band == "none":
        return ""
    if drawing.band == "range" or sizes[-1] < 3:
        why = " (an interval needs three seeds)" if drawing.band == "interval" else ""
        return f" The band spans the lowest to the highest run{why}."
    fewer = " With two seeds it spans both runs." if 2 in sizes else ""
    return f" The band is the 95 % t-interval of the mean.{fewer}"


def _smoothing(measure: Measure, drawing: Drawing) -> str:
    if not measure.each_step:
        what = "Evaluations are" if measure.evaluated else "This is"
        return f"{what} never smoothed; points are what was measured."
    if drawing.window < 2:
        return "Not smoothed."
    if drawing.kind == "centred":
        return (
            f"Smoothed: mean over a window of {drawing.window} steps centred on each step, narrower "
            f"towards both ends; "
            "it uses later steps, so a change can show before it happened. Faint: as measured."
        )
    return (
        f"Smoothed: exponential mean of the past, debiased, mean age {drawing.window / 2:g} steps; "
        "it lags by about that much. Faint: as measured."
    )


def _left_out(groups: Sequence[Group]) -> str:
    names = [m.run for group in groups for m in group.members if m not in group.averaged]
    if not names:
        return ""
    shown = listing(names) if len(names) <= 3 else count(len(names), "run")
    return f"Not in the means, as they ended early: {shown}."


def intervals(
    groups: Sequence[Group], interval: Interval, without: Sequence[str], queries: int, tests: int
) -> str:
    """What the intervals of evaluations are over, who has none, and what the sentence above them tests.

    without: labels of groups whose runs did not record single queries. queries: in the sample. tests: comparisons made.
    """
    having = [group for group in groups if group.label not in without]
    sentences = []
    if having and interval != "none":
        sizes = {len(group.averaged) > 1 for group in having}
        over = f"over the {queries:,} queries of the sample, for this seed only"
        if sizes == {True}:
            over = f"over seeds and the {queries:,} queries of the sample (crossed-variance t)"
        elif len(sizes) > 1:
            over = f"over seeds and the {queries:,} queries of the sample, over queries alone where a line has one seed"
        if interval == "ends" and len(having) > MOST_ENDS:
            sentences.append(f"Whiskers are left out, as there are more than {MOST_ENDS} lines.")
        else:
            what = "Whiskers at the right are 95 % intervals of the last points"
            sentences.append(
                f"{what if interval == 'ends' else 'Bands are 95 % intervals of the lines'}, {over}."
            )
    if without:
        named = listing(list(without)) if len(without) <= 3 else count(len(without), "line")
        sentences.append(f"No interval for {named}: recorded before runs kept what single queries score.")
    if tests:
        sentences.append(
            "The sentence pairs runs query by query, which tells more than whether intervals overlap; 5 %, Holm-corrected "
            f"over {count(tests, 'comparison')}."
        )
    return " ".join(sentences)


def references(levels: Sequence[Level]) -> str:
    """What the references are; empty without any."""
    meant = {
        "bm25": "BM25 alone ranks by words and is never trained",
        "untrained": "untrained is the encoder before its warm-up",
        "start": "the start is the weights that the curves begin with",
    }
    said = [meant[name] for name in dict.fromkeys(level.reference for level in levels)]
    if not said:
        return ""
    sentence = f"{said[0][0].upper()}{said[0][1:]}{''.join(f'; {one}' for one in said[1:])}."
    if others := dict.fromkeys(name for level in levels for name in level.others):
        verb = "scores" if len(others) == 1 else "score"
        which = "which ranks the same weights a little differently"
        sentence += f" {listing(list(others))} {verb} by another similarity, {which}."
    return sentence
