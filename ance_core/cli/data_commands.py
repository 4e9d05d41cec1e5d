"""`ance data`: what datasets there are, and whether one would train."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ..tables import Column, FittedTable
from .app import AsJson, app, console, out, print_json
from .data_options import Columns, Fold, IgnoreIds, Strict, reading_of
from .progress import prepare

data = typer.Typer(help="Datasets: list, build, check, show.", no_args_is_help=True)
app.add_typer(data, name="data")

NameOrPath = Annotated[
    str, typer.Argument(help="catalogue, campus, pydocs, tiny, a folder or file, or ir_datasets:ID")
]


@data.command("list")
def list_(as_json: AsJson = False) -> None:
    """Embedded datasets, and the forms your own may have."""
    from ..data import dataset_names

    names = dataset_names()
    if as_json:
        print_json(names)
        return
    table = FittedTable((Column("name"), Column("what it is")))
    for name, description in names.items():
        table.add(name, description)
    out.print(table)
    console.print(
        "Your own: --data PATH for a BEIR folder, MS MARCO TSV files, TREC topics and qrels, or tables (JSONL, CSV, "
        "Parquet) of pairs, triplets or lists, each also as a zip; --data ir_datasets:ID and datasets:ID with the extras "
        "of those names.",
        highlight=False,
    )


@data.command()
def build(
    name: NameOrPath = "catalogue",
    strict: Strict = None,
    columns: Columns = None,
    fold: Fold = None,
    ignore_identical_ids: IgnoreIds = None,
    as_json: AsJson = False,
) -> None:
    """Read or build a dataset. Makes its tokens for `static` and `mini` too."""
    reading = reading_of(strict=strict, columns=columns, fold=fold, ignore_identical_ids=ignore_identical_ids)
    place = prepare(console, name)
    with console.status(f"reading {name}"):
        import numpy as np

        from ..config import EncoderConfig
        from ..data import load_place
        from ..data.tokens import tokenized

        dataset = load_place(place, reading)
        tokens = tokenized(dataset, encoder=EncoderConfig())
    facts: dict[str, Any] = {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "documents": len(dataset.docs),
        "queries": len(dataset.queries),
        "splits": {split: len(np.unique(qrels.queries)) for split, qrels in dataset.qrels.items()},
        "vocabulary": tokens.vocab_size,
        "source": dataset.source,
        **({"folder": str(place.where)} if place.facts else {}),
    }
    if as_json:
        print_json(facts | ({"built": dict(place.facts)} if place.facts else {}))
        return
    counts = ", ".join(f"{split} {n:,}" for split, n in facts["splits"].items())
    for key, value in [*(facts | {"splits": counts}).items(), *_told(place.facts)]:
        out.print(f"{key:>17}  {value}", highlight=False, markup=False)


def _told(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a built collection says of itself: its counts, the versions it was made from, what it leaves out."""
    lines = [(name, f"{number:,}") for name, number in facts.get("counts", {}).items()]
    if versions := facts.get("versions"):
        lines.append(("made from", ", ".join(f"{name} {version}" for name, version in versions.items())))
    return lines + [("left out", reason["line"]) for reason in facts.get("left_out", {}).values()]


@data.command()
def check(
    path: NameOrPath,
    strict: Strict = None,
    columns: Columns = None,
    fold: Fold = None,
    ignore_identical_ids: IgnoreIds = None,
    as_json: AsJson = False,
) -> None:
    """Look for what would break training. Counts, lengths, duplicates, dangling ids, leakage; exit code 1."""
    if path.lower().endswith((".yaml", ".yml")):
        _check_world(path, as_json)
        return
    from ..data.check import check_dataset
    from ..data.report import render

    reading = reading_of(strict=strict, columns=columns, fold=fold, ignore_identical_ids=ignore_identical_ids)
    prepare(console, path)
    with console.status(f"checking {path}"):
        report = check_dataset(path, reading)
    if as_json:
        print_json(report.to_dict())
    else:
        out.print(render(report))
    if not report.ok:
        raise typer.Exit(1)


def _check_world(path: str, as_json: bool) -> None:
    """All that is wrong in the world of a catalogue, or what it has; exit code 1 where anything is wrong."""
    from pathlib import Path

    from ..data.catalogue.reader import check_world
    from ..data.problems import Problems

    problems = Problems()
    world = check_world(Path(os.path.expanduser(path)), problems)
    errors = [str(problem) for problem in problems.errors]
    facts = (
        {}
        if world is None
        else {
            "title": world.title,
            "kinds": len(world.kinds),
            "departments": len(world.departments),
            "families": len(world.families),
            "values": sum(len(family.values) for family in world.families),
            "voices": len(world.voices),
        }
    )
    if as_json:
        print_json({"world": path, "ok": not errors, "errors": errors, **facts})
    else:
        for line in errors or [f"{name:>12}  {value}" for name, value in facts.items()]:
            out.print(line, highlight=False, markup=False, soft_wrap=True)
    if errors:
        raise typer.Exit(1)


@data.command()
def show(
    name: NameOrPath,
    split: Annotated[str, typer.Option(help="train, dev, test, or another it has")] = "train",
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="queries to show")] = 5,
    strict: Strict = None,
    columns: Columns = None,
    fold: Fold = None,
    ignore_identical_ids: IgnoreIds = None,
    as_json: AsJson = False,
) -> None:
    """The first queries of a split with their relevant documents. Of a built collection also its versions."""
    from ..data import load_place

    reading = reading_of(strict=strict, columns=columns, fold=fold, ignore_identical_ids=ignore_identical_ids)
    place = prepare(console, name)
    with console.status(f"reading {name}"):
        dataset = load_place(place, reading)
    labels = dataset.split(split).labels()
    shown = []
    for i, query in enumerate(labels.queries[:number]):
        answers = [
            {"id": dataset.doc_ids[d], "grade": int(g), "text": dataset.docs[d]}
            for d, g in zip(labels.of(i), labels.grades[labels.indptr[i] : labels.indptr[i + 1]], strict=True)
        ]
        shown.append({"id": dataset.query_ids[query], "query": dataset.queries[query], "relevant": answers})
    if as_json:
        built = {"built": dict(place.facts)} if place.facts else {}
        print_json({"data": dataset.name, "split": split, "queries": shown, **built})
        return
    for key, value in _told(place.facts):
        out.print(f"{key}: {value}", style="dim", highlight=False, markup=False)
    for item in shown:
        out.print(f"{item['query']}  ({item['id']})", style="bold", highlight=False, markup=False)
        for answer in item["relevant"]:
            text = " ".join(answer["text"].split())
            out.print(
                f"  {answer['grade']}  {answer['id']}: {text[:300]}{'…' if len(text) > 300 else ''}",
                markup=False,
                highlight=False,
            )
