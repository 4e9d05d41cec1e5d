"""`ance explain`: what stood in the loss of a step for one query, and what was kept out of it."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from ..runs import Store
from ..tables import Column, FittedTable
from .app import AsJson, RunsFolder, app, console, out, print_json
from .run_commands import RunName

_TEXT = 40


@app.command()
def explain(
    name: RunName,
    query: Annotated[str, typer.Argument(help="id of a training query")],
    step: Annotated[
        int | None, typer.Option(min=1, metavar="STEP", help="update, from 1; default its last use")
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """What stood in a query's loss at a step, and what was kept out. Repeats the step."""
    run = Store(runs).run(name)
    with console.status(f"repeating {name}"):
        from ..experiments.explain import explain as explained

        found = explained(run, query, step)
    if as_json:
        print_json(found.facts())
        return
    say: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}
    out.print(f"{name}, step {found.step}: query {found.query_id}, {found.query_text!r}", **say)
    for (contrast, positive), part in found.terms.groupby(["contrast", "positive_id"], sort=False):
        ordered = part.sort_values(["masked", "weight"], ascending=[True, False], kind="stable")
        score = part["positive_score"].iloc[0]
        out.print(_terms(ordered, f"{_asked(str(contrast))} {positive}, score {score:.3f}"))
    for funnel in found.funnels:
        out.print(_funnel(funnel))
        for note in filter(None, (funnel.sentence(), funnel.note)):
            out.print(note, **say)
    uses = found.uses
    often = f"{len(uses)} times, at steps {uses[0]} to {uses[-1]}" if len(uses) > 1 else "once"
    console.print(f"In the batch {often}. Repeated from the checkpoint at {found.checkpoint}:", **say)
    console.print(f"{found.agreement.sentence()}.", **say)


def _asked(contrast: str) -> str:
    return "terms against" if contrast == "query" else "other queries against its document"


def _terms(part: Any, title: str) -> FittedTable:
    columns = [
        Column("negative"),
        Column("source"),
        Column("rank", right=True),
        Column("mined", right=True, spare=2),
    ]
    columns += [Column("score", right=True), Column("p", right=True, spare=1), Column("weight", right=True)]
    columns += [Column("norm", right=True), Column("of step", right=True, spare=4), Column("what of it")]
    columns += [Column("text", spare=3)]
    table = FittedTable(columns, title)
    for term in part.to_dict("records"):
        counts = not term["masked"]
        notes = [term["masked"]] if term["masked"] else []
        notes += ["hidden relevant"] if term["hidden"] else []
        notes += ["judged positive"] if term["judged"] and counts else []
        text = " ".join(str(term["negative_text"]).split())
        table.add(
            str(term["negative_id"]),
            str(term["source"]),
            str(term["rank"] + 1) if term["rank"] >= 0 else "",
            _number(term["score_drawn"], 3),
            _number(term["score"], 3),
            _number(term["probability"], 4) if counts else "",
            f"{term['weight']:.3g}" if counts else "",
            f"{term['grad_norm']:.3g}" if counts else "",
            str(term["index_step"]) if term["index_step"] >= 0 else "",
            ", ".join(notes),
            text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…",
        )
    return table


def _funnel(funnel: Any) -> FittedTable:
    columns = (Column("candidates"), Column("left", right=True), Column("removed", right=True), Column("by"))
    table = FittedTable(columns, f"from the {funnel.source}")
    for stage in funnel.stages:
        table.add(stage.name, f"{stage.left:,}", f"{stage.removed:,}" if stage.removed else "", stage.setting)
    return table


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if isfinite(value) else ""
