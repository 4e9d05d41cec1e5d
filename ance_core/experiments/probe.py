"""The same-weights probe: at one checkpoint every sampler draws for the same queries, and each draw is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ..config import RunConfig, merge, parse
from ..data.declared import NOTHING
from ..data.of_run import dataset_of
from ..encoders import DualEncoder, build_encoder
from ..errors import AnceError, ConfigError, nearest
from ..probes.gradients import instance_norms, instance_norms_by_loop
from ..probes.gradients.norms import notes_on
from ..recipes import RECIPES, Recipe
from ..runs import Run, probes
from ..samplers import Pool, Sampler
from ..training.checkpoint import read_weights
from ..training.embeddings import CurrentEmbeddings
from ..training.miners import Miner
from ..training.probing import Drawn, draw_one, measure_drawn, probe_batches
from ..training.problem import Problem, load_problem
from ..training.settings import resolve
from ..training.start import check_table

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Watch = Callable[[int, int, str], None]
"""Told of progress: parts done, parts in all, what is being done now."""
SAME_DRAW = ("static-hard", "star", "curriculum", "oracle-weighted")
"""At one set of weights these draw as `ance`, `random` or `oracle` do; measured only when named."""


@dataclass(frozen=True)
class Moment:
    """A run's model, data and embeddings as they were at a checkpoint."""

    run: Run
    step: int
    config: RunConfig
    problem: Problem
    model: DualEncoder
    embeddings: CurrentEmbeddings


def check_checkpoint(run: Run, step: int | None) -> int:
    """The step itself, the last checkpoint's for None. ConfigError where the run has no such checkpoint."""
    checkpoints = run.checkpoints()
    if not checkpoints:
        raise ConfigError(
            f"probe: run '{run.name}' has no checkpoint yet; let it train on, or choose another run"
        )
    step = max(checkpoints) if step is None else step
    if step not in checkpoints:
        raise ConfigError(
            f"probe: run '{run.name}' has no checkpoint at step {step}; it has {', '.join(map(str, checkpoints))}"
        )
    return step


def load_moment(run: Run, step: int | None = None) -> Moment:
    """Weights of a checkpoint, the last one if `step` is None; ConfigError without such a checkpoint, or its data."""
    step = check_checkpoint(run, step)
    config: RunConfig = parse(RunConfig, run.info["config"], f"run '{run.name}'")
    problem = load_problem(config, dataset_of(run))
    check_table(run, problem, "probe")
    model = build_encoder(config.encoder, problem.dataset, problem.tokens, config.seed)
    read_weights(run.checkpoints()[step], model)
    if RECIPES[config.recipe].trains == "queries":
        model.document_tower.requires_grad_(False)
    return Moment(run, step, config, problem, model, CurrentEmbeddings(model, problem.tokens))


def sampler_names(wanted: str) -> list[str]:
    """`all`, or recipes with commas between. ConfigError for one that does not draw."""
    able = [r.name for r in RECIPES.values() if r.step == "contrast" and not r.hardest]
    if wanted == "all":
        return [name for name in able if name not in SAME_DRAW]
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names or [wanted]:
        if name not in able:
            raise ConfigError(f"samplers: {name!r} draws no negatives{nearest(name, able)}")
    return names


def draws_at(
    moment: Moment, names: Sequence[str], queries: int, watch: Watch = lambda *_: None
) -> tuple[dict[str, Drawn], list[str]]:
    """A negative a query by each sampler, and a sentence on each that could not draw (an error if only one was asked)."""
    batches = probe_batches(moment.problem, queries, moment.step)

    def draw(name: str) -> Drawn:
        watch(names.index(name), 2 * len(names), f"{name} draws")
        sampler, pools = sampler_at(moment, RECIPES[name])
        return draw_one(sampler, pools, batches, 1)

    return asked_of_each(names, draw)


def asked_of_each(names: Sequence[str], ask: Callable[[str], T]) -> tuple[dict[str, T], list[str]]:
    """`ask(name)` by name, and a sentence on each sampler that refuses; its AnceError if it is the only one."""
    found, left_out = {}, []
    for name in names:
        try:
            found[name] = ask(name)
        except AnceError as error:
            if len(names) == 1:
                raise
            left_out.append(f"{name} is left out: {error}")
    return found, left_out


def sampler_at(moment: Moment, recipe: Recipe) -> tuple[Sampler, dict[str, Pool]]:
    """A recipe's sampler with the recipe's defaults, and pools of the run's depth mined with the weights at hand."""
    kept = moment.config.model_dump(
        include={"data", "labels_per_query", "seed", "encoder"}, exclude_none=True
    )
    own = {"recipe": recipe.name, "negatives": {"pool_depth": moment.config.negatives.pool_depth}}
    config = resolve(merge(kept, own), NOTHING)  # by the recipe's defaults, not the collection's
    sampler = recipe.build_sampler(config)
    assert sampler is not None
    problem = moment.problem
    sampler.check(problem.labels, problem.n_docs, 1)
    pools: dict[str, Pool] = {}
    if "bm25" in recipe.pools:
        pools["bm25"] = problem.bm25_pool(config.negatives.pool_depth, config.negatives.filter)
    if recipe.pools == ("given",):
        pools["given"] = problem.given_pool(config.negatives.pool_depth)
    if recipe.mines:
        miner = Miner(config, recipe, problem, moment.embeddings, moment.model.scale)
        pools |= miner(moment.step, {}).pools
    return sampler, pools


def probe_run(
    run: Run,
    step: int | None = None,
    samplers: str = "all",
    queries: int = 256,
    slow: bool = False,
    watch: Watch = lambda *_: None,
) -> tuple[pd.DataFrame, int, list[str]]:
    """Measure and store; returns the table (see `runs.probes`), the step, and what a reader should know."""
    import pandas as pd

    names = sampler_names(samplers)
    moment = load_moment(run, step)
    drawn, notes = draws_at(moment, names, queries, watch)
    notes += notes_on(moment.model)
    measure = instance_norms_by_loop if slow else instance_norms
    parts = []
    for place, (name, one) in enumerate(drawn.items(), len(names)):
        watch(place, 2 * len(names), f"{name} is measured")
        own = {name: one}
        parts.append(
            measure_drawn(moment.problem, moment.model, moment.embeddings, own, moment.step, measure)
        )
    frame = pd.concat(parts, ignore_index=True)
    probes.write(run.folder, moment.step, frame)
    return frame, moment.step, notes
