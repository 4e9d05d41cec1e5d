"""What is in the denominator: a query's terms in the loss of one step, why each is there, and what was kept out.

    found = explain(run, "q17")            # its last use
    found.terms                            # one row a term
    found.funnels                          # from the corpus to the draw, setting by setting

The step is worked out anew from the checkpoint before it (`training.again`). On the machine and versions of `run.json` the
terms are the recorded ones to the bit; how far it is from what was logged is said in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..config import FilterConfig, RunConfig
from ..errors import ConfigError, nearest
from ..recipes import get_recipe
from ..runs import Run
from ..runs.info import installed_versions
from ..samplers import Pool
from ..training.again import Look, Repeated, Watch, pools_at, problem_of, repeat
from ..training.arithmetic import arithmetic_differences
from ..training.problem import Problem
from ..training.run import Training
from .batches import Batches
from .explanation import Agreement, Explanation
from .funnel import funnels_of, mined_unfiltered, sliced
from .terms import terms_of

if TYPE_CHECKING:
    import pandas as pd

COMPARED = ("rank", "score_drawn", "probability", "score", "positive_score", "loss", "grad_norm")
_SHOWN = 8


def explain(run: Run, query: str, step: int | None = None, watch: Watch = lambda *_: None) -> Explanation:
    """The terms of `query` (an id) in the loss of `step`, its last use by default; see `Explanation`.

    watch: told how far it is. ConfigError, in one line, for a run without checkpoints, a query that training does not draw,
    a step at which it was not in the batch, or data that has changed; DataError for data that has gone.
    """
    config, problem = problem_of(run, "explain")
    row = row_of(problem, query)
    uses = uses_of(run, problem, row, query)
    step = uses[-1] if step is None else step
    _check_step(run, query, step, uses)
    unfiltered: dict[str, Pool] = {}
    pause, look = _look(run, config, problem, row, step, unfiltered)
    repeated = repeat(run, config, problem, step, pause, look, watch)
    terms = terms_of(repeated, row)
    funnels = funnels_of(repeated, row, terms, unfiltered)
    dataset_row = int(problem.labels.queries[row])
    return Explanation(
        run=run.name,
        query=dataset_row,
        query_id=query,
        query_text=problem.dataset.queries[dataset_row],
        step=step,
        uses=tuple(uses),
        checkpoint=repeated.checkpoint,
        terms=_with_ids(terms, problem),
        funnels=tuple(funnels),
        agreement=agreement_of(run, config, repeated, dataset_row, terms),
    )


def row_of(problem: Problem, query: str) -> int:
    """The query's place among the training labels. ConfigError for an id that training never draws."""
    dataset, labels = problem.dataset, problem.labels
    known = {name: i for i, name in enumerate(dataset.query_ids)}
    if query not in known:
        raise ConfigError(
            f"query: {dataset.name} has none with the id {query!r}{_near(query, dataset.query_ids)}"
        )
    at = int(np.searchsorted(labels.queries, known[query]))
    if at < len(labels.queries) and labels.queries[at] == known[query]:
        return at
    where = [name for name, qrels in dataset.qrels.items() if known[query] in qrels.queries]
    split = f"is of split {', '.join(where)}" if where else "has no label"
    example = dataset.query_ids[int(labels.queries[0])]
    raise ConfigError(
        f"query: {query!r} {split}, and training draws queries of train with a label alone; choose one such as {example!r}"
    )


def _near(query: str, ids: list[str] | tuple[str, ...]) -> str:
    hint = nearest(query, ids)
    return hint if hint.startswith("; did you") else f"; ids look like {', '.join(map(repr, list(ids)[:3]))}"


def uses_of(run: Run, problem: Problem, row: int, query: str) -> list[int]:
    """The updates (from 1) that a run has done with the query in the batch. ConfigError where there is none yet."""
    batches = Batches(run, problem.labels, problem.n_docs)
    found = batches.uses(row)
    if not found:
        ahead = batches.next_use(row)
        when = f" (the first time will be step {ahead})" if ahead else ""
        raise ConfigError(
            f"query: {query!r} was in no batch of steps {batches.first + 1} to {batches.done} of run '{run.name}'{when}; "
            "choose another query, or train longer"
        )
    return found


def _check_step(run: Run, query: str, step: int, uses: list[int]) -> None:
    if step in uses:
        return
    near = sorted(sorted(uses, key=lambda use: abs(use - step))[:_SHOWN])
    more = f" (and {len(uses) - len(near)} more)" if len(uses) > len(near) else ""
    raise ConfigError(
        f"--step: query {query!r} was not in the batch of step {step} of run '{run.name}'; it was at "
        f"{', '.join(map(str, near))}{more}"
    )


def _look(
    run: Run, config: RunConfig, problem: Problem, row: int, step: int, unfiltered: dict[str, Pool]
) -> tuple[int | None, Look | None]:
    """Where to pause, and what to do there, to learn the query's candidates before the filter; (None, None) where no need.

    BM25's are known without the model. The model's own are mined again with the weights of their index step.
    """
    if not config.negatives.filter.given():
        return None, None
    recipe = get_recipe(config.recipe)
    if "bm25" in recipe.pools:
        pool = problem.bm25_pool(config.negatives.pool_depth, FilterConfig())
        unfiltered["bm25"] = sliced(pool, problem.labels, row)
    if not recipe.mines:
        return None, None
    stored, active = pools_at(run, config, step - 1)
    first = min(run.checkpoints())
    index = -1 if active is None else int(stored.read(active)["own"].index_step[row])
    if index < first:
        return None, None

    def mine(training: Training) -> None:
        last = pools_at(run, config, training.step)[0].before(index)
        newest = None if last is None else stored.read(last)["own"]
        unfiltered["own"] = mined_unfiltered(training, config, row, newest)

    return index, mine


def agreement_of(
    run: Run, config: RunConfig, repeated: Repeated, query: int, terms: pd.DataFrame
) -> Agreement:
    """The repeated step beside the log and the records of the run."""
    step = repeated.step
    log = run.scalars(["loss"], after_step=step - 1)
    there = log[log["step"] == step]["value"]
    logged = float(there.iloc[0]) if len(there) else None
    loss = float(repeated.outcome.loss.detach())
    relative = None if logged is None else abs(loss - logged) / max(abs(logged), 1e-12)
    records = run.negatives([("step", "==", step), ("query", "==", query)])
    equal, gap = _compare(records, terms[terms["masked"] == ""])
    return Agreement(loss, logged, relative, len(records), equal, gap, _differing(run, config))


def _compare(records: pd.DataFrame, terms: pd.DataFrame) -> tuple[int, float]:
    """How many records stand among the terms with the same numbers, and the largest difference of a score."""
    keys = ["positive", "document", "negative_query", "slot"]
    both = records.merge(terms, on=keys, how="left", suffixes=("", "_now"))
    if not len(both):
        return 0, 0.0
    same = np.ones(len(both), bool)
    for name in COMPARED:
        then, now = both[name].to_numpy(float), both[f"{name}_now"].to_numpy(float)
        same &= (then == now) | (np.isnan(then) & np.isnan(now))
    same &= both["source"].astype(str).to_numpy() == both["source_now"].astype(str).to_numpy()
    gap = np.abs(both["score"].to_numpy(float) - both["score_now"].to_numpy(float))
    return int(same.sum()), float(np.nanmax(gap)) if np.isfinite(gap).any() else float("nan")


def _differing(run: Run, config: RunConfig) -> tuple[str, ...]:
    then, now = run.info.get("versions") or {}, installed_versions()
    names = [name for name in then if then[name] != now.get(name)]
    versions = (f"{name} {now.get(name, 'absent')} (then {then[name]})" for name in names)
    return (*versions, *arithmetic_differences(run.info, config))


def _with_ids(terms: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    """The terms with `positive_id` and `negative_id`, and the negative's text."""
    dataset = problem.dataset
    frame = terms.copy()
    frame["positive_id"] = [dataset.doc_ids[d] for d in frame["positive"]]
    of_query = frame["negative_query"].to_numpy() >= 0
    ids, texts = [], []
    for document, other, queries in zip(frame["document"], frame["negative_query"], of_query, strict=True):
        row = int(other if queries else document)
        names, words = (dataset.query_ids, dataset.queries) if queries else (dataset.doc_ids, dataset.docs)
        ids.append(names[row] if row >= 0 else "")
        texts.append(words[row] if row >= 0 else "")
    return frame.assign(negative_id=ids, negative_text=texts)
