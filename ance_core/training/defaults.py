"""Defaults that follow the corpus: how deep pools are, and how long and at which rate the shared start trains.

A setting that nobody named (user, preset, recipe, collection) is settled here, once the dataset is read, from
numbers that anyone can check: documents, training queries, the kind of encoder. `run.json` says of each where it
came from. `ance tune` finds values by measuring instead; a collection then carries those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..config import RunConfig, merge, parse
from ..errors import ConfigError
from .problem import Problem

LEAST_DEPTH, MOST_DEPTH, DEPTH_SHARE = 20, 200, 0.05
LEAST_STEPS, MOST_STEPS, DOCS_A_STEP, MOST_EPOCHS = 100, 1000, 50, 4
TRANSFORMER_STEPS = 5  # times as many: attention starts from noise, where `static` starts from the corpus
RATES = {
    "static": 1.2e-3,
    "mini": 6e-4,
    "hf": 2e-5,
}  # static: `ance tune` on six collections, docs/results.md
SGD_RATES = {"static": 0.3}  # `ance tune --optimizer sgd` on catalogue and squad-dev, docs/results.md
MANY_PASSES = 40  # cranfield has 165 of them and wants the half, scifact 24 and does not


@dataclass(frozen=True)
class Rule:
    """How a setting follows the corpus. value: from (config, documents, training queries); words: the same, said."""

    setting: str  # dotted name in RunConfig
    value: Callable[[RunConfig, int, int], Any]
    words: Callable[[RunConfig, int, int], str]


def pool_depth(n_docs: int) -> int:
    """Candidates kept a query: a twentieth of the corpus, at least 20 and at most ANCE's 200.

    >>> pool_depth(695), pool_depth(2_000), pool_depth(30_000)
    (34, 100, 200)
    """
    return min(MOST_DEPTH, max(LEAST_DEPTH, int(n_docs * DEPTH_SHARE)))


def warmup_steps(kind: str, n_docs: int, n_queries: int, batch_size: int) -> int:
    """Steps of the shared start: one for every 50 documents, 100 to 1,000, at most four passes over the queries.

    The more documents, the more of them look alike to a model that has learned little: hard negatives then push
    everything apart and the space collapses. Transformers train five times as long.

    >>> warmup_steps("static", 5_000, 4_800, 32), warmup_steps("static", 30_000, 28_800, 32)
    (100, 600)
    >>> warmup_steps("mini", 5_000, 4_800, 32)
    500
    """
    steps = min(MOST_STEPS, max(LEAST_STEPS, n_docs // DOCS_A_STEP))
    longest = max(LEAST_STEPS, MOST_EPOCHS * n_queries // batch_size)
    return min(steps, longest) * (1 if kind == "static" else TRANSFORMER_STEPS)


def learning_rate(kind: str, passes: float = 1.0) -> float:
    """Peak learning rate of a kind of encoder, the same for every method.

    passes: how often the training sees each query. Beyond `MANY_PASSES` the rate is half: a small collection is then
    learnt by heart, and at a high rate at the cost of what the start knew.

    >>> learning_rate("static", 4), learning_rate("static", 160)
    (0.0012, 0.0006)
    """
    return RATES[kind] * (0.5 if passes > MANY_PASSES else 1.0)


def sgd_rate(kind: str, momentum: float = 0.0) -> float | None:
    """Peak learning rate of a kind of encoder under SGD; None where nobody has looked for one.

    Nothing of AdamW's rates goes into it. With momentum m updates add up to 1 / (1 - m) times their length, so the
    rate is 1 - m times as high.

    >>> sgd_rate("static"), sgd_rate("static", momentum=0.5), sgd_rate("mini")
    (0.3, 0.15, None)
    """
    return SGD_RATES[kind] * (1 - momentum) if kind in SGD_RATES else None


def _depth(config: RunConfig, docs: int, queries: int) -> int:
    return pool_depth(docs)


def _depth_words(config: RunConfig, docs: int, queries: int) -> str:
    return f"rule: {DEPTH_SHARE:.0%} of {docs:,} documents, at least {LEAST_DEPTH} and at most {MOST_DEPTH}"


def _steps(config: RunConfig, docs: int, queries: int) -> int:
    return warmup_steps(config.encoder.kind, docs, queries, config.warmup.batch_size)


def _steps_words(config: RunConfig, docs: int, queries: int) -> str:
    times = (
        "" if config.encoder.kind == "static" else f", times {TRANSFORMER_STEPS} for '{config.encoder.kind}'"
    )
    return (
        f"rule: 1 for every {DOCS_A_STEP} of {docs:,} documents, {LEAST_STEPS} to {MOST_STEPS:,}, at most {MOST_EPOCHS} "
        f"passes over {queries:,} training queries{times}"
    )


def _rate(config: RunConfig, docs: int, queries: int) -> float:
    if config.optimizer.kind == "sgd":
        return _rate_of_sgd(config)
    return learning_rate(config.encoder.kind, config.steps * config.batch_size / queries)


def _rate_of_sgd(config: RunConfig) -> float:
    """ConfigError for encoders whose rate nobody has looked for, those that start from a pretrained table among them."""
    encoder = config.encoder
    rate = sgd_rate(encoder.kind, config.optimizer.momentum)
    if rate is None or encoder.model:
        named = f"{encoder.kind}:{encoder.model}" if encoder.model else encoder.kind
        raise ConfigError(
            f"optimizer.learning_rate: missing, and there is no rule under SGD for encoder '{named}', since AdamW's rates "
            "say nothing of it; name one with --lr, or search one with `ance tune DATA --optimizer sgd --rate RATE`"
        )
    return rate


def _rate_words(config: RunConfig, docs: int, queries: int) -> str:
    if config.optimizer.kind == "sgd":
        momentum = config.optimizer.momentum
        said = f"rule: {SGD_RATES[config.encoder.kind]:g} for '{config.encoder.kind}' under SGD"
        return f"{said}, times 1 - momentum {momentum:g}" if momentum else said
    kind, passes = config.encoder.kind, config.steps * config.batch_size / queries
    said = f"rule: {RATES[kind]:g} for '{kind}'"
    return f"{said}, halved for {passes:.0f} passes over the queries" if passes > MANY_PASSES else said


# The shared start's rate never follows the run's own length: longer runs have to start from the same weights.
def _start_rate(config: RunConfig, docs: int, queries: int) -> float:
    return learning_rate(config.encoder.kind)


def _start_rate_words(config: RunConfig, docs: int, queries: int) -> str:
    return f"rule: {RATES[config.encoder.kind]:g} for '{config.encoder.kind}'"


RULES = (
    Rule("negatives.pool_depth", _depth, _depth_words),
    Rule("warmup.steps", _steps, _steps_words),
    Rule("warmup.learning_rate", _start_rate, _start_rate_words),
    Rule("optimizer.learning_rate", _rate, _rate_words),
)


def settle(config: RunConfig, problem: Problem) -> RunConfig:
    """The config with every setting of `RULES` decided: as named by a layer of `resolve`, else by its rule.

    Where each came from is noted for `run.json` (`RunConfig.origins`). ConfigError where a rule's value
    contradicts another setting (a filter that reaches beyond the pool).
    """
    docs, queries = problem.n_docs, len(problem.labels.queries)
    changes: dict[str, Any] = {}
    origins = dict(config.origins)
    for rule in RULES:
        group, name = rule.setting.split(".")
        if name in getattr(config, group).model_fields_set:
            origins.setdefault(rule.setting, "given")
            continue
        changes = merge(changes, {group: {name: rule.value(config, docs, queries)}})
        origins[rule.setting] = rule.words(config, docs, queries)
    settled: RunConfig = parse(RunConfig, merge(config.model_dump(exclude_unset=True), changes))
    return settled.with_origins(origins)
