"""The notebook's way in: train, then look at tidy frames.

import ance_core as ance

data = ance.load_dataset("tiny")
runs = [ance.train(data, recipe=name, steps=200) for name in ("random", "ance")]
ance.metrics(runs)                  # run, recipe, seed, step, name, value, ...
ance.negatives(runs[1], data)       # one row a drawn negative, with ids and texts of your data
ance.explain(runs[1], "q01").terms  # what stood in the loss of the query's last step
ance.plot(runs, "dev/RR@10").show()
ance.probe(runs, at="all").table    # gradient norms by sampler, with intervals and verdicts
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .config import merge, spelled_out
from .data import Dataset, mask_labels
from .data.declared import Declared
from .errors import ConfigError, nearest
from .runs import Run, Store

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from .experiments.explain import Explanation
    from .experiments.probe_compare import ProbeComparison
    from .experiments.probe_runs import At

DEFAULT_RUNS = Path("runs")


def train(
    data: str | Path | Dataset = "catalogue",
    recipe: str = "ance",
    *,
    runs: Path | str = DEFAULT_RUNS,
    **settings: Any,
) -> Run:
    """Train one run and return it. All of `RunConfig` goes as keyword; nested groups as dicts.

        train("tiny", "ance", steps=200, seed=1, optimizer={"learning_rate": 1e-3}, encoder="mini")

    `encoder` may be a dict or a kind (`static`, `static:FOLDER`, `mini`, `hf:FOLDER`). Runs with the same data,
    encoder and seed share one warm-up. Give a folder of yours by its path where `ance search`, `ance eval` and
    resuming shall find it again: a Dataset in memory leaves only its name in the run. Raises AnceError, in one line, for
    settings or data that would not train.
    """
    from .training.session import train_runs
    from .training.settings import resolve

    name = data.name if isinstance(data, Dataset) else str(data)
    dataset = data if isinstance(data, Dataset) else None
    config = resolve(
        merge(spelled_out({"data": name, "recipe": recipe}), spelled_out(settings)), _declared(dataset)
    )
    if dataset is not None and config.labels_per_query is not None:
        dataset = mask_labels(dataset, config.labels_per_query, config.seed)
    return train_runs([config], Store(runs, create=True), dataset=dataset)[0]


def _declared(dataset: Dataset | None) -> Declared | None:
    """What a dataset in memory says of itself; nothing about labels where some are withheld already."""
    if dataset is None:
        return None
    return replace(dataset.declared, labels_per_query=None) if len(dataset.hidden) else dataset.declared


def metrics(runs: Run | Sequence[Run], names: Sequence[str] | str | None = None) -> pd.DataFrame:
    """Logged numbers, tidy: one row a run, step and name.

    Columns: run, recipe, seed; step (updates done); name ("loss", "dev/RR@10", "grad_norm/total", ...; `names`
    keeps only these), value; seconds of training and examples (training queries) so far. ConfigError for a
    name that no run has logged.
    """
    listed = _listed(runs)
    wanted = [names] if isinstance(names, str) else None if names is None else list(names)
    frame = pd.concat([_tagged(run, run.scalars(wanted)) for run in listed], ignore_index=True)
    for name in wanted or ():
        if name not in set(frame["name"]):
            known = {known for run in listed for known in run.scalars()["name"]}
            hint = nearest(name, known) if known else "; there are none yet"
            raise ConfigError(f"name: {name!r} is not logged in {', '.join(r.name for r in listed)}{hint}")
    return frame


def negatives(runs: Run | Sequence[Run], dataset: Dataset | None = None, **options: Any) -> pd.DataFrame:
    """The provenance records: one row a drawn negative.

    Columns: run, recipe, seed; step it was used at; query, positive and document as rows of the dataset; slot;
    source ("random", "bm25", "ann", ...); rank in its pool (-1: not ranked); the scores when drawn and when
    used; probability as the sampler states it; loss; grad_norm; index_step the pool was mined at; hidden
    (a relevant document withheld from training). With the `dataset` the runs were trained on, ids and texts
    stand beside the rows: query_id, query_text, positive_id, ...

    options: `columns` and `filter` as `Run.negatives` takes them. ConfigError for another dataset.
    """
    from .data.of_run import check_rows

    listed = _listed(runs)
    if dataset is not None:
        for run in listed:
            check_rows(run, dataset)
    frame = pd.concat([_tagged(run, run.negatives(**options)) for run in listed], ignore_index=True)
    if dataset is None:
        return frame
    ids = {"query": dataset.query_ids, "positive": dataset.doc_ids, "document": dataset.doc_ids}
    texts = {"query": dataset.queries, "positive": dataset.docs, "document": dataset.docs}
    for column in filter(frame.columns.__contains__, ids):
        rows = frame[column].to_numpy()
        frame[f"{column}_id"] = np.array(ids[column], dtype=object)[rows]
        frame[f"{column}_text"] = np.array(texts[column], dtype=object)[rows]
    return frame


def explain(run: Run, query: str, step: int | None = None) -> Explanation:
    """What stood in the loss of one step for a training query (an id), and what was kept out of it.

        found = ance.explain(run, "q17")       # its last use; step=120 for another, counted from 1
        found.terms                            # one row a term: source, rank, scores, probability, weight, norm, ...
        found.funnels[0].stages                # from the corpus to the draw, setting by setting
        found.agreement.sentence()             # how it agrees with what the run logged

    The step is repeated from the checkpoint before it; nothing is written. ConfigError or DataError, in one line, as of
    `ance explain`.
    """
    from .experiments.explain import explain as explained

    return explained(_listed(run)[0], query, step)


def probe(
    runs: Run | Sequence[Run],
    at: At = None,
    *,
    samplers: str | Sequence[str] = "all",
    queries: int = 256,
    variance: int = 0,
    smallest: float | None = None,
) -> ProbeComparison:
    """Measure exact gradient norms at checkpoints, store them in the runs, and compare the samplers, as `ance probe`.

        found = ance.probe(runs, at="all", samplers=["random", "ance"])
        found.table       # a row a method, step, sampler and band: mean with interval, ratio to random, verdict

    at: a checkpoint's step, several, "all", or None for each run's last. variance: also that of each sampler's gradient,
    for so many queries, which `gradient_variance` reads. Verdicts count all rows, every band's, as one family. ConfigError,
    in one line and before anything is measured, for runs of different encoders or data, or a step without a checkpoint.
    """
    from .experiments.probe_compare import compare_probes
    from .experiments.probe_runs import check_comparison, probe_runs

    listed = _listed(runs)
    names = samplers if isinstance(samplers, str) else ",".join(samplers)
    check_comparison(listed, "all", None, smallest, names)
    steps: dict[str, list[int]] = {}
    for one in probe_runs(listed, at, names, queries, variance):
        steps.setdefault(one.run.name, []).append(one.step)
    return compare_probes(listed, steps, smallest=smallest)


def gradients(runs: Run | Sequence[Run], steps: int | Sequence[int] | None = None) -> pd.DataFrame:
    """Stored probes, tidy: one row an instance and layer band.

    Columns: run, seed, step (of the weights); sampler that drew the negative; instance, rows of the dataset as
    "query/positive/negative"; band ("total", then the layers from input to output, and "output", the norm at the text
    vectors); norm of the gradient; rank of the negative among all documents that are not judged, from 0; hidden (a relevant
    document withheld from training). By default every step that was probed, by `probe`, `ance probe`, or while training
    (`record={"probe_every": 50}`). ConfigError for a run without a probe, and for runs of different encoders or data.
    """
    from .experiments.probe_table import gradient_table

    return gradient_table(_listed(runs), _steps(steps))


def gradient_variance(runs: Run | Sequence[Run], steps: int | Sequence[int] | None = None) -> pd.DataFrame:
    """The variance of samplers' gradients relative to the least possible (ANCE, Eq 10), from what `probe` stored of it.

    Columns: method, step, sampler, seeds, queries; weighted by 1 / (N p) (NaN for a sampler that never draws some
    document), as_run, and bias relative to the full gradient, each with 95 % interval (`_low`, `_high`); scope, what the
    intervals speak of. ConfigError as of `gradients`.
    """
    from .experiments.probe_compare import compare_variances

    return compare_variances(_listed(runs), _steps(steps))


def plot_gradients(found: ProbeComparison) -> go.Figure:
    """Mean norm of an instance against the step, a panel a layer band and a line a sampler, with 95 % intervals.

    After figure 4 of ANCE (Xiong et al. 2021), but from the same weights for all samplers. Methods of training, where there
    are several, are rows of panels.
    """
    import plotly.express as px
    from ance_app.theme import look

    table = found.table.assign(above=lambda t: t["high"] - t["mean"], below=lambda t: t["mean"] - t["low"])
    figure = px.line(
        table,
        x="step",
        y="mean",
        error_y="above",
        error_y_minus="below",
        color="sampler",
        line_dash="sampler",
        symbol="sampler",
        facet_col="band",
        facet_row="method" if table["method"].nunique() > 1 else None,
        log_y=True,
        markers=True,
        symbol_map={name: look(name).marker for name in table["sampler"].unique()},
        labels={"mean": "mean norm of an instance (log scale)"},
        **_looks("sampler", table["sampler"]),
    )
    return figure.for_each_annotation(lambda a: a.update(text=a.text.split("=")[-1]))


def plot(runs: Run | Sequence[Run], name: str = "dev/RR@10") -> go.Figure:
    """One logged number against the step, a line a run; each recipe looks as it does in the dashboard."""
    import plotly.express as px

    frame = metrics(runs, name)
    return px.line(
        frame,
        x="step",
        y="value",
        color="recipe",
        line_dash="recipe",
        line_group="run",
        hover_name="run",
        labels={"value": name, "step": "step (updates)"},
        **_looks("recipe", frame["recipe"]),
    )


def _looks(column: str, methods: pd.Series) -> dict[str, Any]:
    """Order, colours and dashes of methods as the dashboard has them, for Plotly Express. column: that names them."""
    from ance_app.theme import look, rank  # the one place that knows how a method is drawn

    names = sorted(methods.unique(), key=rank)
    return {
        "category_orders": {column: names},
        "color_discrete_map": {name: look(name).color for name in names},
        "line_dash_map": {name: look(name).dash for name in names},
        "template": "plotly_white",
    }


def _steps(steps: int | Sequence[int] | None) -> list[int] | None:
    return [steps] if isinstance(steps, int) else None if steps is None else list(steps)


def _listed(runs: Run | Sequence[Run]) -> list[Run]:
    listed = [runs] if isinstance(runs, Run) else list(runs)
    strange = [run for run in listed if not isinstance(run, Run)]
    if strange or not listed:
        what = repr(strange[0]) if strange else "an empty list"
        raise ConfigError(
            f"runs: {what} given; pass a run or a list of runs, as from train() or Store(...).runs()"
        )
    return listed


def _tagged(run: Run, frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    frame.insert(0, "run", run.name)
    frame.insert(1, "recipe", run.info["recipe"])
    frame.insert(2, "seed", run.info["seed"])
    return frame
