"""A run in the making: model, optimizer, pools and log, put together fresh or from a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from torch.optim import AdamW

from ..config import RunConfig
from ..encoders import DualEncoder, build_encoder
from ..errors import ConfigError
from ..recipes import Recipe, get_recipe
from ..rng import generator
from ..runs import Run, RunWriter
from ..samplers import Pool, Sampler
from .checkpoint import read_checkpoint, read_weights
from .control import Control
from .device import make_accelerator
from .embeddings import CurrentEmbeddings
from .gradients import GradientMeter
from .problem import Problem
from .refresh import Refresher
from .step import DataOrder


@dataclass(eq=False)
class Training:
    """Everything the loop touches. step: updates done. seconds: spent training, refreshes in, evaluation out."""

    config: RunConfig
    recipe: Recipe
    problem: Problem
    model: DualEncoder
    accelerator: Accelerator
    optimizer: AdamW
    writer: RunWriter
    sampler: Sampler
    order: DataOrder
    refresher: Refresher
    embeddings: CurrentEmbeddings
    meter: GradientMeter
    control: Control
    batch_size: int
    step: int = 0
    seconds: float = 0.0
    evaluated: dict[str, float] = field(default_factory=dict)

    @property
    def pools(self) -> dict[str, Pool]:
        """The pools in force, by name."""
        found = {}
        if "bm25" in self.recipe.pools:
            found["bm25"] = self.problem.bm25_pool(self.config.negatives.pool_depth)
        if self.refresher.current is not None:
            found["own"] = self.refresher.current
        return found

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

    def dropout_noise(self) -> AbstractContextManager[None]:
        """Dropout masks as a function of (seed, step); torch's global generator is left alone."""
        if self.config.encoder.dropout == 0:
            return nullcontext()
        return _seeded(int(generator(self.config.seed, "dropout", self.step).integers(2**62)))

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds besides tensors."""
        return {"step": self.step, "seconds": self.seconds, "pools": self.refresher.state()}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def effective_batch_size(config: RunConfig, problem: Problem) -> int:
    """The configured size, or all training queries where there are fewer. ConfigError below two."""
    queries = len(problem.labels.queries)
    if queries < 2:
        raise ConfigError(
            f"data: {problem.dataset.name} has {queries} training query; at least 2 are needed: add labels"
        )
    return min(config.batch_size, queries)


def assemble(
    config: RunConfig, problem: Problem, writer: RunWriter, start: Run | None, start_step: int
) -> Training:
    """A run at step 0: weights from `start`'s checkpoint (the shared warm-up), or built from corpus and seed."""
    recipe = get_recipe(config.recipe)
    accelerator = make_accelerator(config)
    model = build_encoder(config.encoder, problem.dataset, problem.tokens, config.seed)
    if start is not None:
        read_weights(start.checkpoints()[start_step], model)
    model = model.to(accelerator.device)
    model.train()
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = AdamW(trainable, lr=0.0, weight_decay=config.optimizer.weight_decay, fused=True)
    model, optimizer = accelerator.prepare(model, optimizer)
    size = effective_batch_size(config, problem)
    return Training(
        config=config,
        recipe=recipe,
        problem=problem,
        model=model,
        accelerator=accelerator,
        optimizer=optimizer,
        writer=writer,
        sampler=recipe.sampler(config.negatives),
        order=DataOrder(problem.labels, problem.n_docs, size, config.seed),
        refresher=Refresher(
            recipe,
            config.refresh,
            config.negatives.pool_depth,
            problem.labels,
            model.scale,
            writer.folder / "pools",
        ),
        embeddings=CurrentEmbeddings(model, problem.tokens),
        meter=GradientMeter(model.bands()),
        control=Control(writer),
        batch_size=size,
    )


def restore(training: Training, run: Run, step: int) -> None:
    """Bring a freshly assembled run to the checkpoint at `step` of its own folder."""
    state = read_checkpoint(run.checkpoints()[step], training.model, training.optimizer)
    training.step, training.seconds = state["step"], state["seconds"]
    training.refresher.restore(state["pools"])
