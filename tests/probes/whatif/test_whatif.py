"""Expectations against many real draws, against loops, and against what training itself mines and draws from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ance_core.api import train
from ance_core.config import FilterConfig, parse
from ance_core.data import Labels, Qrels, load_dataset
from ance_core.errors import ConfigError, StoreError
from ance_core.probes.negatives import Space
from ance_core.probes.whatif import (
    WhatIf,
    arguments,
    imagine,
    load_situation,
    narrowed,
    situation,
    whatif_steps,
)
from ance_core.recipes import get_recipe
from ance_core.runs import Store
from ance_core.samplers import Pool
from ance_core.samplers.pool_files import read_pools
from ance_core.training.settings import resolve
from ance_core.training.start import fork_settings

N_DOCS, K = 60, 16
SETTINGS = [
    WhatIf("ance", 16),
    WhatIf("ance", 5),
    WhatIf("simans", 16, a=0.7, b=0.3),
    WhatIf("simans", 12),
    WhatIf("simans", 12, a_rule="pool"),
    WhatIf("simans", 16, a=2.0, filters=FilterConfig(absolute_margin=0.2)),
    WhatIf("ance", 16, filters=FilterConfig(rank_from=3, rank_to=9, percentage_of_positive=0.9)),
]


def made() -> tuple[Labels, Pool, Qrels, Space]:
    """Queries with one to three labels; about a tenth of the candidates hidden relevants; vectors behind the scores."""
    rng = np.random.default_rng(7)
    queries = np.array([1, 2, 5, 6, 8, 9, 11, 12])
    docs = rng.normal(size=(N_DOCS, 6)).astype(np.float32)
    vectors = rng.normal(size=(len(queries), 6)).astype(np.float32)
    order = np.argsort(-(vectors @ docs.T), axis=1)[:, :12]  # labels near the top, as after some training
    labelled = [np.sort(rng.choice(best, 1 + i % 3, replace=False)) for i, best in enumerate(order)]
    labels = Qrels.of(
        np.repeat(queries, [len(d) for d in labelled]),
        np.concatenate(labelled),
        [1] * sum(map(len, labelled)),
    ).labels()
    scores = vectors @ docs.T
    rows, of = np.full((len(queries), K), -1, np.int32), np.full((len(queries), K), -np.inf, np.float32)
    for i in range(len(queries)):
        best = [d for d in np.argsort(-scores[i]) if d not in labelled[i]][: K - i % 2]
        rows[i, : len(best)], of[i, : len(best)] = best, scores[i, best]
    own = np.concatenate([scores[i, d] for i, d in enumerate(labelled)]).astype(np.float32)
    hidden = rng.random((len(queries), K)) < 0.15
    q, c = np.nonzero(hidden & (rows >= 0))
    space = Space(3, vectors, queries, docs, np.arange(N_DOCS), 1.0, N_DOCS)
    return labels, Pool.of(rows, of, own, "ann", 3), Qrels.of(queries[q], rows[q, c], [1] * len(q)), space


LABELS, POOL, HIDDEN, SPACE = made()
KNOWN = situation(3, POOL, LABELS, HIDDEN, N_DOCS, SPACE)


def norm(query: int, positive: int, document: int) -> float:
    """The gradient of softplus(s - s+) at the three vectors, written out."""
    q, p, d = SPACE.queries[query].astype(float), SPACE.documents[positive], SPACE.documents[document]
    pull = 1 / (1 + math.exp(-(q @ d - q @ p)))
    return float(np.linalg.norm(np.concatenate([pull * (d - p), pull * q, -pull * q])))


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
def test_expectations_are_what_many_draws_come_to(settings):
    imagined = imagine(KNOWN, settings)
    sampler, (pool, _) = settings.sampler(), narrowed(KNOWN, settings)
    rng = np.random.default_rng(0)
    hidden = set(zip(HIDDEN.queries.tolist(), HIDDEN.docs.tolist(), strict=True))
    false, norms, losses = [], [], []  # by query, then label: means over draws
    for q in range(len(LABELS)):
        if not pool.sizes[q]:
            continue
        own: list[list[float]] = [[], [], []]
        for m in range(LABELS.indptr[q], LABELS.indptr[q + 1]):
            n = 1500
            batch = KNOWN.batch.__class__(np.full(n, q), np.full(n, m), LABELS, N_DOCS)
            drawn = sampler.draw(batch, {"own": pool}, 1, rng.random((n, sampler.uniforms_needed(1))))
            docs = drawn.docs[:, 0].tolist()
            own[0].append(np.mean([(int(LABELS.queries[q]), d) in hidden for d in docs]))
            own[1].append(np.mean([norm(q, int(LABELS.docs[m]), d) for d in docs]))
            own[2].append(np.mean(np.logaddexp(0, drawn.scores[:, 0] - drawn.positive_scores[:, 0])))
        for values, mean in zip((false, norms, losses), own, strict=True):
            values.append(np.mean(mean))
    assert imagined.false_negatives.queries == len(false)
    assert imagined.false_negatives.mean == pytest.approx(np.mean(false), abs=0.015)
    assert imagined.gradient.mean == pytest.approx(np.mean(norms), rel=0.03)
    assert imagined.loss.mean == pytest.approx(np.mean(losses), rel=0.04)
    assert imagined.empty == int((pool.sizes == 0).sum())


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
def test_shares_are_sums_over_candidates(settings):
    imagined = imagine(KNOWN, settings)
    pool, _ = narrowed(KNOWN, settings)
    gaps, ranks = np.zeros(len(imagined.edges) - 1), np.zeros(min(settings.depth, K))
    live = [q for q in range(len(LABELS)) if pool.sizes[q]]
    for q in live:
        labels = range(LABELS.indptr[q], LABELS.indptr[q + 1])
        for m in labels:
            for i in range(pool.sizes[q]):
                share = imagined.probability[m, i] / len(labels) / len(live)
                gap = float(np.float64(pool.scores[q, i]) - POOL.label_scores[m])
                bin_ = int(np.searchsorted(imagined.edges, gap, side="right")) - 1
                gaps[min(max(bin_, 0), len(gaps) - 1)] += share
                ranks[POOL.docs[q].tolist().index(pool.docs[q, i])] += share
    assert imagined.gap_share == pytest.approx(gaps, abs=1e-9)
    assert imagined.rank_share == pytest.approx(ranks, abs=1e-9)
    assert imagined.gap_share.sum() == pytest.approx(1)
    assert imagined.pool_share.sum() == pytest.approx(1)


def test_golden_uniform_over_two_candidates_one_of_them_hidden():
    labels = Qrels.of([0], [9], [1]).labels()
    pool = Pool.of(
        np.array([[3, 4]]), np.array([[1.0, 0.0]], np.float32), np.array([1.0], np.float32), "ann", 0
    )
    known = situation(0, pool, labels, Qrels.of([0], [3], [1]), 10)
    found = imagine(known, WhatIf("ance", 2))
    assert found.false_negatives.mean == 0.5
    assert found.effective.mean == pytest.approx(2)
    assert found.loss.mean == pytest.approx((math.log(2) + math.log(1 + math.exp(-1))) / 2)
    assert found.gradient is None
    sharp = imagine(known, WhatIf("simans", 2, a=math.log(3)))  # weights 1 and 1/3
    assert sharp.probability[0] == pytest.approx([0.75, 0.25])
    assert sharp.false_negatives.mean == pytest.approx(0.75)
    none = imagine(known, WhatIf("ance", 2, filters=FilterConfig(max_score=-5.0)))
    assert none.empty == 1
    assert math.isnan(none.false_negatives.mean)
    assert none.gap_share.sum() == 0


def test_gradient_is_unknown_outside_the_snapshot_and_right_inside():
    part = Space(3, SPACE.queries[:5], SPACE.query_rows[:5], SPACE.documents[:40], np.arange(40), 1.0, N_DOCS)
    norms = situation(3, POOL, LABELS, HIDDEN, N_DOCS, part).gradient
    owner = np.repeat(np.arange(len(LABELS)), LABELS.counts())
    for m, q in enumerate(owner):
        for i, d in enumerate(POOL.docs[q]):
            if q < 5 and LABELS.docs[m] < 40 and 0 <= d < 40:
                assert norms[m, i] == pytest.approx(norm(q, LABELS.docs[m], d), rel=1e-4)
            else:
                assert np.isnan(norms[m, i])


def test_many_queries_are_sampled_the_same_way_each_time(monkeypatch):
    monkeypatch.setattr("ance_core.probes.whatif.frozen.CELLS", 6 * K)
    few, again = (situation(3, POOL, LABELS, HIDDEN, N_DOCS, SPACE) for _ in range(2))
    assert 0 < len(few.labels.docs) <= 6
    assert np.array_equal(few.labels.queries, again.labels.queries)
    at = np.searchsorted(LABELS.queries, few.labels.queries)
    assert np.array_equal(few.pool.docs, POOL.docs[at])
    assert np.array_equal(few.hidden, KNOWN.hidden[at])
    assert few.queries == len(LABELS)


def test_labels_of_some_queries_are_theirs():
    rows = np.array([0, 3, 4])
    part = LABELS.take(rows)
    assert [part.of(i).tolist() for i in range(3)] == [LABELS.of(r).tolist() for r in rows]
    assert LABELS.docs[LABELS.positions(rows)].tolist() == part.docs.tolist()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs from the same weights: one with a deep pool, one with what shall be imagined of it."""
    folder = tmp_path_factory.mktemp("runs")
    common = {"runs": folder, "steps": 4, "labels_per_query": 1, "warmup": {"recipe": "none"}}
    common["record"] = {"snapshot_every": 2, "checkpoint_every": 2}
    refresh = {"mode": "sync", "every": 2}
    train("tiny", "ance", name="deep", negatives={"pool_depth": 16}, refresh=refresh, **common)
    train(
        "tiny", "simans", name="narrow", refresh=refresh, method={"a": 0.4, "b": 0.5},
        negatives={"pool_depth": 9, "filter": {"rank_from": 2, "absolute_margin": 0.1}}, **common,
    )  # fmt: skip
    return Store(folder), load_dataset("tiny", labels_per_query=1, seed=0)


NARROW = WhatIf("simans", 9, a=0.4, b=0.5, filters=FilterConfig(rank_from=2, absolute_margin=0.1))


def load(runs, name="deep", step=0):
    store, data = runs
    return load_situation(store.run(name), step, data.split("train").labels(), data.hidden, len(data.docs))


def test_what_is_imagined_is_what_training_mines_and_draws_from(runs):
    store, _ = runs
    pool, _ = narrowed(load(runs), NARROW)
    mined = read_pools(store.run("narrow").folder / "pools", 0)["own"]
    assert np.array_equal(pool.docs, mined.docs)
    assert np.array_equal(pool.scores, mined.scores)
    config = parse(type(resolve({})), store.run("narrow").info["config"])
    assert get_recipe("simans").sampler(config) == NARROW.sampler()
    assert get_recipe("ance").sampler(resolve({"recipe": "ance"})) == WhatIf("ance", 200).sampler()
    assert imagine(load(runs), NARROW).gradient is not None


def test_the_settings_for_a_fork_lead_to_the_same_sampler_and_filters(runs):
    store, _ = runs
    for parent in (store.run("deep"), store.run("narrow")):
        for settings in (
            NARROW,
            WhatIf("simans", 12, filters=FilterConfig(max_score=3.0)),
            WhatIf("simans", 12, a_rule="pool"),
            WhatIf("ance", 7),
        ):
            changes: dict = {}
            for key, value in settings.settings(parent.info["config"]).items():
                place = changes
                *groups, name = key.split(".")
                for group in groups:
                    place = place.setdefault(group, {})
                place[name] = value
            config = resolve(fork_settings(parent, 2, settings.recipe, changes))
            assert get_recipe(settings.recipe).sampler(config) == settings.sampler()
            assert config.negatives.filter == settings.filters


def test_arguments_of_a_command_say_only_what_is_set(runs):
    said = arguments(WhatIf("simans", 9, a=0.25).settings(runs[0].run("deep").info["config"]))
    assert said == ["--set", "negatives.pool_depth=9", "--set", "method.a=0.25", "--set", "method.b=0"]
    taken_back = arguments(WhatIf("ance", 9).settings(runs[0].run("narrow").info["config"]))
    assert taken_back[2:] == [
        "--set", "negatives.filter.rank_from=1", "--set", "negatives.filter.absolute_margin=null",
    ]  # fmt: skip


def test_what_is_missing_is_one_line(runs, tmp_path):
    store, data = runs
    assert whatif_steps(store.run("deep")) == [0, 2]
    with pytest.raises(StoreError, match=r"no pools at step 3; it has 0, 2") as error:
        load(runs, step=3)
    assert "\n" not in str(error.value)
    labels = data.split("train").labels().take(np.arange(3))
    with pytest.raises(StoreError, match="do not fit the dataset's training labels"):
        load_situation(store.run("deep"), 0, labels, data.hidden, len(data.docs))
    torn = store.run("narrow").folder / "pools" / "step-00000002.safetensors"
    torn.write_bytes(torn.read_bytes()[:100])
    with pytest.raises(StoreError, match="step 2 cannot be read") as error:
        load(runs, "narrow", 2)
    assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="depth: 0"):
        WhatIf("ance", 0)
    with pytest.raises(ConfigError, match="a: -1"):
        WhatIf("simans", 5, a=-1.0)
