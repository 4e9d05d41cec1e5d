"""Everything that reads a run, each as a call without arguments."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from ance_core.errors import AnceError
from ance_core.probes.geometry.run import FOLLOWED
from ance_core.runs import Run, Store

Readers = dict[str, Callable[[], Any]]


def command(words: list[str]) -> tuple[int, str, str]:
    """`ance WORDS` in this process: exit code, standard output, standard error."""
    from ance_core.cli import entry

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = entry.run(words)
    return code, out.getvalue(), err.getvalue()


def light(runs: Path, name: str) -> Readers:
    """What is asked of a run's files without its model or its data."""
    run = _opened(runs, name)
    found: Readers = {"open": lambda: Store(runs).run(name)}
    if run is None:
        return found | _pages(runs, name, None)
    found |= {
        what: getattr(run, what)
        for what in (
            "status", "version", "stamp", "scalars", "events", "refreshes", "results", "measures", "per_query", "negatives",
            "checkpoints", "snapshots", "damage",
        )
    }  # fmt: skip
    for step in run.snapshots():
        found[f"snapshot {step}"] = lambda step=step: run.snapshot(step)
    return found | _probes(run) | _compared(runs, run) | _pages(runs, name, run)


def _opened(runs: Path, name: str) -> Run | None:
    try:
        return Store(runs).run(name)
    except AnceError:
        return None


def _probes(run: Run) -> Readers:
    from ance_core.probes.geometry import measure_run
    from ance_core.probes.geometry.run import anisotropy
    from ance_core.probes.projection import read_umap, umap_refusal, umap_state
    from ance_core.probes.whatif import whatif_steps
    from ance_core.samplers.pool_files import pool_steps, read_pools

    found: Readers = {
        "geometry": lambda: measure_run(run),
        "anisotropy": lambda: anisotropy(run),
        "umap": lambda: (umap_state(run), umap_refusal(run), read_umap(run)),
        "whatif steps": lambda: whatif_steps(run),
    }
    for step in pool_steps(run.folder / "pools"):
        found[f"pools {step}"] = lambda step=step: read_pools(run.folder / "pools", step)
    return found


def _compared(runs: Path, run: Run) -> Readers:
    from ance_core.experiments.compare import compare

    good = Store(runs).run("good")
    return {
        "compare": lambda: compare([good, run], "RR@10", "test").render(),
        "compare dev": lambda: compare([run, good], "RR@10", "dev").to_dict(),
    }


def _pages(runs: Path, name: str, run: Run | None) -> Readers:
    """What the dashboard's pages ask."""
    from ance_app import spaces
    from ance_app.drawn import Drawn, nice_edges
    from ance_app.imagined import fork_of, situation_of
    from ance_app.probed import Probed
    from ance_app.source import Source
    from ance_app.texts import dataset_of
    from ance_app.views.reading import COLUMNS

    from ance_core.probes.whatif import WhatIf, whatif_steps

    source = Source(runs)
    drawn, probed = Drawn(source), Probed(source)

    def summaries() -> None:
        seen = source.summaries()
        assert any(one.name == "good" for one in seen), "the sound run is not on the page"
        for one in seen:
            assert all((one.member, one.watched, one.data))

    found: Readers = {
        "page summaries": summaries,
        "page problems": source.problems,
        "page curve": lambda: source.curve([name, "good"], "loss"),
        "page scalars": lambda: source.latest_names([name, "good"]),
        "page refreshes": lambda: source.refreshes([name]),
        "page results": lambda: source.results(name),
    }
    if run is None:
        return found
    documents = int((run.info.get("dataset") or {}).get("docs") or 0)
    for what in (
        "overview",
        "ranks",
        "hidden_by_band",
        "hidden_over_time",
        "staleness",
        "effective",
        "overlap",
        "courses",
    ):
        found[f"page {what}"] = lambda what=what: getattr(drawn, what)(name)
    found |= {
        "page records": lambda: drawn.records(name).read(COLUMNS),
        "page difficulty": lambda: drawn.difficulty(name, nice_edges(-1.0, 1.0)),
        "page variety": lambda: drawn.variety(name, documents),
        "page errors": lambda: drawn.errors(name, True),
        "page probes": lambda: [
            probed.over_steps(name, ask) for ask in (probed.summary, probed.bound, probed.means)
        ],
        "page probe version": lambda: probed.version([name]),
        "page variance": lambda: [probed.variance(name, step) for step in probed.variance_steps(name)],
        "page anisotropy": lambda: [spaces.followed(run, measure) for measure in FOLLOWED],
        "page sizes": lambda: spaces.sizes(run),
        "page most told": lambda: spaces.most_told(run),
        "evaluations": lambda: [
            run.evaluations("dev", "RR@10"),
            run.references(),
            run.reference_tables("start"),
        ],
        "page picture": lambda: spaces.picture_pca(run),
        "page umap": lambda: spaces.picture_umap(run),
        "page queries": lambda: [
            spaces.company(run, s, q) for s in run.snapshots() for q in spaces.query_rows(run)[:2]
        ],
    }
    for step in run.snapshots():
        found[f"page space {step}"] = lambda step=step: (spaces.measured(run, step), spaces.shapes(run, step))

    def situations() -> None:
        dataset = dataset_of(run)
        if isinstance(dataset, str):
            return
        for step in whatif_steps(run):
            situation_of(run, step, dataset)
            fork_of(run, step, WhatIf("ance", 10))

    return found | {"page what-if": situations}


def heavy(runs: Path, name: str, aside: Path, random: Random) -> Readers:
    """What loads the model, the data or a checkpoint; resuming and forking only now and then."""
    from ance_core.experiments.evaluation import evaluate_run
    from ance_core.experiments.search import search_run

    run = _opened(runs, name)
    if run is None:
        return {}
    found: Readers = {
        "search": lambda: search_run(run, "open a file", 3),
        "eval": lambda: evaluate_run(run, "dev"),
        "export and import": lambda: _moved(runs, name, aside),
    }
    if random.random() < 0.5:
        found["probe"] = lambda: _probed(run)
    if random.random() < 0.5:
        found["fork"] = lambda: _forked(runs, name)
    if random.random() < 0.5:
        found["resume"] = lambda: _resumed(runs, name)
    return found


def _moved(runs: Path, name: str, aside: Path) -> None:
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    path = Store(runs).export(name, aside)
    Store(aside / "runs", create=True).import_zip(path, "copy")


def _probed(run: Run) -> None:
    from ance_core.experiments.probe import load_moment

    load_moment(run)


def _resumed(runs: Path, name: str) -> None:
    from ance_core.training.session import resume_run

    resume_run(name, Store(runs))


def _forked(runs: Path, name: str) -> None:
    from ance_core.config import RunConfig, parse
    from ance_core.training.session import train_runs
    from ance_core.training.start import fork_settings, locate

    store = Store(runs)
    parent, step = locate(f"{name}@4", store, "fork")
    settings = fork_settings(parent, step, None, {"steps": 6})
    train_runs([parse(RunConfig, settings)], store)
