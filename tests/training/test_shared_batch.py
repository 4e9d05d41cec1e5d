"""In-batch sharing and both losses, for every sampler, against a plain double loop over the batch."""

import math

import numpy as np
import pytest

from ance_core.errors import ConfigError
from ance_core.recipes import RECIPES
from ance_core.rng import keyed_uniforms
from ance_core.training import loop
from ance_core.training.session import train_runs

from .given import data_for

ABLE = [name for name, r in RECIPES.items() if r.sampler and not (r.shares_batch or r.importance_weighted)]
PAIRS = [(name, loss) for name in ABLE for loss in ("pairwise", "softmax")]


def steps_of(config, store, monkeypatch):
    """Trains; returns for each step (training, batch, outcome, query vectors, document vectors), taken before the update."""
    seen = []
    for kind, step in list(loop.STEPS.items()):

        def watched(training, batch, step=step):
            outcome = step(training, batch)
            q = training.embeddings.queries(batch.labels.queries).copy()
            d = training.embeddings.documents(training.step).copy()
            seen.append((training, batch, outcome, q, d, dict(training.pools)))
            return outcome

        monkeypatch.setitem(loop.STEPS, kind, watched)
    (run,) = train_runs([config], store, dataset=data_for(config.recipe))
    return run, [
        one for one in seen if one[0].config.recipe == config.recipe and one[0].writer.name == run.name
    ]


def plain_loss(training, batch, q, d, pools, loss):
    """The loss as a reader of the documentation would write it: no mask, no gather, lists of row numbers."""
    config, sampler, labels = training.config, training.sampler.own, batch.labels
    n, size = config.negatives.per_query, len(batch.rows)
    keys = labels.queries[batch.rows]
    uniforms = keyed_uniforms(config.seed, "negatives", batch.step, keys, sampler.uniforms_needed(n))
    own = sampler.draw(batch, pools, n, uniforms).docs
    total, count = 0.0, 0
    for i in range(size):
        judged = set(labels.of(batch.rows[i]).tolist())
        others = [j for j in range(size) if j != i]
        negatives = [*batch.positives[others], *own[i], *own[others].ravel()]
        negatives = [doc for doc in negatives if doc >= 0 and doc not in judged]
        products = training.model.scale * (d.astype(float) @ q[batch.rows[i]].astype(float))
        positive, scores = products[batch.positives[i]], products[negatives]
        if loss == "pairwise":
            total += sum(math.log1p(math.exp(s - positive)) for s in scores)
            count += len(scores)
        else:
            total += math.log(math.exp(positive) + sum(map(math.exp, scores))) - positive
            count += 1
    return total / count


@pytest.mark.parametrize(("recipe", "loss"), PAIRS)
def test_the_loss_is_that_of_the_plain_formula(recipe, loss, store, settings, monkeypatch):
    config = settings(
        recipe=recipe,
        steps=2,
        negatives={"in_batch": True, "per_query": 2},
        objective={"kind": loss},
        method={"top": 5} if recipe == "uniform-top" else {},
        record={"eval_every": 100, "snapshot_every": 0, "checkpoint_every": 0},
    )
    _, steps = steps_of(config, store, monkeypatch)
    assert len(steps) == 2
    for training, batch, outcome, q, d, pools in steps[:1]:
        prime = outcome.contrasts[0]
        expected = plain_loss(training, batch, q, d, pools, loss)
        assert float(prime.loss.value.detach()) == pytest.approx(expected, rel=2e-5)


def test_the_hardest_of_the_batch_is_drawn_alone(store, settings, monkeypatch):
    run, steps = steps_of(settings(recipe="nce", steps=3), store, monkeypatch)
    for training, batch, outcome, q, d, _ in steps[:1]:
        contrast = outcome.contrasts[0]
        assert contrast.draw.docs.shape == (len(batch.rows), 1)
        losses = []
        for i, row in enumerate(batch.rows):
            judged = set(batch.labels.of(row).tolist())
            scores = {
                int(doc): training.model.scale * float(q[row] @ d[doc])
                for j, doc in enumerate(batch.positives)
                if j != i and doc not in judged
            }
            assert int(contrast.draw.docs[i, 0]) == max(scores, key=scores.get)
            positive = training.model.scale * float(q[row] @ d[batch.positives[i]])
            losses.append(math.log1p(math.exp(max(scores.values()) - positive)))
        assert float(outcome.loss.detach()) == pytest.approx(np.mean(losses), rel=2e-5)
    negatives = run.negatives()
    assert (negatives["source"] == "in-batch").all()
    assert negatives["probability"].isna().all()
    assert negatives.groupby(["step", "query"]).size().max() == 1


def test_the_top_n_are_drawn_whole(store, settings):
    (run,) = train_runs([settings(recipe="top", negatives={"per_query": 3})], store)
    negatives = run.negatives()
    for _, drawn in negatives.groupby(["step", "query", "positive"]):
        assert sorted(drawn["rank"]) == [0, 1, 2]
        assert drawn["probability"].to_numpy() == pytest.approx(1 / 3)


def test_sharing_implies_the_softmax_unless_said(settings):
    def loss(**values):
        config = settings(**values)
        return RECIPES[config.recipe].build_objective(config).name

    assert loss(recipe="ance") == "pairwise-nll"
    assert loss(recipe="ance", negatives={"in_batch": True}) == "softmax"
    assert loss(recipe="ance", negatives={"in_batch": True}, objective={"kind": "pairwise"}) == "pairwise-nll"
    assert loss(recipe="in-batch", objective={"kind": "pairwise"}) == "pairwise-nll"
    assert loss(recipe="star", objective={"kind": "softmax"}) == "softmax"


@pytest.mark.parametrize("recipe", ["star", "ance-tele", "in-batch", "nce"])
def test_sharing_is_refused_where_it_is_already(recipe, settings):
    with pytest.raises(
        ConfigError, match=rf"negatives\.in_batch: recipe '{recipe}' has .* already; leave it out"
    ):
        settings(recipe=recipe, negatives={"in_batch": True})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"recipe": "adore", "negatives": {"in_batch": True}}, r"negatives\.in_batch: recipe 'adore' ranks"),
        (
            {"recipe": "oracle-weighted", "negatives": {"in_batch": True}},
            r"negatives\.in_batch: .* 1 / \(N p\)",
        ),
        (
            {"recipe": "oracle-weighted", "objective": {"kind": "softmax"}},
            r"objective\.kind: 'softmax' .* 1 / \(N p\)",
        ),
        (
            {"recipe": "adore", "objective": {"kind": "softmax"}},
            r"objective\.kind: .* loss of its own \(rank-weighted\)",
        ),
        (
            {"recipe": "star", "preset": "paper", "objective": {"kind": "pairwise"}},
            r"objective\.kind: .* as set here has a loss of its own \(star\)",
        ),
        (
            {"recipe": "ance", "objective": {"kind": "hinge"}},
            r"objective\.kind: 'hinge' given; it must be one of",
        ),
    ],
)
def test_what_cannot_be_is_refused(values, message, settings):
    with pytest.raises(ConfigError, match=message):
        settings(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"recipe": "top", "negatives": {"per_query": 11}},
            r"negatives\.per_query: 11 asked of the top of a pool of 10",
        ),
        (
            {"recipe": "uniform-top", "method": {"top": 11}},
            r"method\.top: 11 must lie between .*\(1\) and negatives\.pool_depth \(10\)",
        ),
        (
            {"recipe": "ance", "negatives": {"in_batch": True, "per_query": 11}},
            r"negatives\.per_query: 11 asked of",
        ),
    ],
)
def test_more_than_there_is_is_refused_before_a_folder_is_made(values, message, settings, store):
    with pytest.raises(ConfigError, match=message):
        train_runs([settings(**values)], store)
    assert not list(store.folder.iterdir())
