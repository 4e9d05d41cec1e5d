"""A run in the making: model, optimizer, pools and log, put together fresh or from a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import save
from torch.optim import Optimizer

from ..config import RunConfig
from ..encoders import DualEncoder, build_encoder
from ..errors import ConfigError
from ..objectives import Objective
from ..recipes import Recipe, get_recipe
from ..rng import generator
from ..runs import Run, RunWriter
from ..samplers import Pool, Sampler
from .asynchronous import AsyncRefresher
from .checkpoint import read_checkpoint, read_weights, weights_of
from .control import Control
from .device import make_accelerator
from .distance import Start
from .embeddings import CurrentEmbeddings
from .episodes import Episodes, start_folder
from .gradients import GradientMeter
from .miners import Miner
from .optimizer import make_optimizer
from .order import DataOrder
from .problem import Problem
from .problem_files import write_problem
from .refresh import Refresher


@dataclass(eq=False)
class Training:
    """Everything the loop touches. step: updates done. seconds: spent training, refreshes in, evaluation out."""

    config: RunConfig
    recipe: Recipe
    problem: Problem
    model: DualEncoder
    accelerator: Accelerator
    optimizer: Optimizer
    writer: RunWriter
    sampler: Sampler | None
    objective: Objective
    order: DataOrder
    refresher: Refresher
    episodes: Episodes
    embeddings: CurrentEmbeddings
    meter: GradientMeter
    control: Control
    batch_size: int
    step: int = 0
    first_step: int = 0
    seconds: float = 0.0
    evaluated: dict[str, float] = field(default_factory=dict)  # the last, by `<split>/<measure>`
    start_quality: float | None = None  # dev RR@10 before the first update
    start: Start | None = None  # the weights before the first update, while they are known
    start_cosines: dict[str, float] | None = None  # mean cosine of queries and documents, likewise
    collapsed: bool = False  # whether the event `collapse` has been written

    @property
    def pools(self) -> dict[str, Pool]:
        """The pools in force, by name."""
        found: dict[str, Pool] = {}
        if "bm25" in self.recipe.pools:
            negatives = self.config.negatives
            found["bm25"] = self.problem.bm25_pool(negatives.pool_depth, negatives.filter)
        if "given" in self.recipe.pools and "given" in (self.sampler.pools if self.sampler else ()):
            found["given"] = self.problem.given_pool(self.config.negatives.pool_depth)
        return found | self.refresher.current

    @cached_property
    def frozen_documents(self) -> torch.Tensor:
        """(N, D) vectors of all documents, for recipes that leave the document tower as it was."""
        vectors = self.embeddings.documents(self.step)
        return torch.from_numpy(vectors).to(self.accelerator.device)

    @property
    def examples(self) -> int:
        """Training queries seen so far, with repeats."""
        return self.step * self.batch_size

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the block's wall time as training time."""
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Around the towers: the run's number format, and dropout masks as a function of (seed, step)."""
        with self.accelerator.autocast():
            if self.config.encoder.dropout == 0:
                yield
                return
            with torch.random.fork_rng():  # torch's global generator is left as it was
                torch.manual_seed(int(generator(self.config.seed, "dropout", self.step).integers(2**62)))
                yield

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds besides tensors."""
        return {
            "step": self.step,
            "first_step": self.first_step,
            "seconds": self.seconds,
            "pools": self.refresher.state(),
            "start_quality": self.start_quality,
            "start_cosines": self.start_cosines,
            "collapsed": self.collapsed,
        }


def effective_batch_size(config: RunConfig, problem: Problem) -> int:
    """The configured size, or all training queries where there are fewer. ConfigError below two."""
    queries = len(problem.labels.queries)
    if queries < 2:
        raise ConfigError(
            f"data: {problem.dataset.name} has {queries} training query; at least 2 are needed: add labels"
        )
    return min(config.batch_size, queries)


def check_dual(config: RunConfig, problem: Problem) -> None:
    """Refuse a dual objective where some document answers so many queries that too few are left as negatives."""
    mirror = problem.mirror
    left = mirror.n_queries - np.diff(mirror.labels.excluded[0])
    if left.min() < config.negatives.per_query:
        document = problem.dataset.doc_ids[mirror.labels.queries[int(left.argmin())]]
        raise ConfigError(
            f"method.dual_weight: document '{document}' leaves {int(left.min())} of {mirror.n_queries} training queries as "
            f"dual negatives, {config.negatives.per_query} are asked for; add queries, or set method.dual_weight to 0"
        )


def assemble(
    config: RunConfig, problem: Problem, writer: RunWriter, start: Run | None, start_step: int
) -> Training:
    """A run at step 0: weights from `start`'s checkpoint (the shared warm-up), or built from corpus and seed."""
    recipe = get_recipe(config.recipe)
    accelerator = make_accelerator(config)
    model = build_encoder(config.encoder, problem.dataset, problem.tokens, config.seed)
    if start is not None:
        read_weights(start.checkpoints()[start_step], model)
    if recipe.trains == "queries":
        model.document_tower.requires_grad_(False)
    model = model.to(accelerator.device)
    model.train()
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = make_optimizer(config.optimizer, trainable)
    model = accelerator.prepare(model)  # its optimizer is for accumulation and fp16: neither is used here
    size = effective_batch_size(config, problem)
    embeddings = CurrentEmbeddings(model, problem.tokens, frozen_documents=recipe.trains == "queries")
    miner = Miner(config, recipe, problem, embeddings, model.scale) if recipe.mines else None
    return Training(
        config=config,
        recipe=recipe,
        problem=problem,
        model=model,
        accelerator=accelerator,
        optimizer=optimizer,
        writer=writer,
        sampler=recipe.build_sampler(config),
        objective=recipe.build_objective(config),
        order=DataOrder(problem.labels, problem.n_docs, size, config.seed),
        refresher=make_refresher(config, recipe, problem, model, miner, writer),
        episodes=Episodes.of(config),
        embeddings=embeddings,
        meter=GradientMeter(model.bands()),
        control=Control(writer),
        batch_size=size,
    )


def make_refresher(
    config: RunConfig,
    recipe: Recipe,
    problem: Problem,
    model: DualEncoder,
    miner: Miner | None,
    writer: RunWriter,
) -> Refresher:
    """The Refresher for the configured mode."""
    if config.refresh.mode != "async":
        return Refresher(miner, config.refresh, recipe.refreshes, writer.folder / "pools")
    return AsyncRefresher(
        miner,
        config.refresh,
        recipe.refreshes,
        writer.folder / "pools",
        weights=lambda: save(weights_of(model)),
        prepare=lambda folder: write_problem(folder, problem),
        tell=writer.event,
        device=str(next(model.parameters()).device),
    )


def restore(training: Training, run: Run, step: int) -> None:
    """Bring a freshly assembled run to the checkpoint at `step` of its own folder."""
    state = read_checkpoint(run.checkpoints()[step], training.model, training.optimizer)
    training.step, training.first_step, training.seconds = (
        state["step"],
        state["first_step"],
        state["seconds"],
    )
    training.start = Start.of_checkpoint(start_folder(run.folder, training.first_step), training.model)
    training.start_quality = state.get("start_quality")
    training.start_cosines = state.get("start_cosines")
    training.collapsed = state.get("collapsed", False)
    training.refresher.restore(state["pools"])
