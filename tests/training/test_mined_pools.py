"""What pools go through between mining and drawing, in whole runs: filters, weights, mixtures, a switch of sampler."""

import numpy as np
import pytest

from ance_core.errors import ConfigError
from ance_core.training.session import resume_run, train_runs

from .test_session import assert_same_run


def value(run, name):
    return run.scalars([name]).set_index("step").value


def test_each_refresh_says_what_the_sampler_makes_of_it(store, settings):
    runs = train_runs(
        [
            settings(recipe="simans", refresh={"every": 4}),
            settings(recipe="simans", refresh={"every": 4}, method={"a": 1e6}, name="sharp"),
            settings(recipe="ance", refresh={"every": 4}),
            settings(recipe="simans", refresh={"every": 4}, preset="one-a"),
        ],
        store,
    )
    suggested, sharp, plain, one = runs
    sizes = value(suggested, "effective_sample_size")
    assert sizes.index.tolist() == [1, 5, 9]  # of the updates that first draw from the pools of 0, 4, 8
    np.testing.assert_allclose(sizes, 10 / 3, rtol=1e-4)
    assert value(suggested, "draws/top 1").between(0.05, 0.6).all()
    assert value(suggested, "draws/top 10").eq(1).all()
    assert value(sharp, "effective_sample_size").max() < 1.5 < sizes.min()
    messages = suggested.events().query("kind == 'sampler'").message
    assert len(messages) == 3
    assert messages.str.fullmatch(
        r"a = \S+ / score\^2 \(median; suggested for each query, \S+ to \S+\), peak at s\+ \+0; "
        r"effective sample size \S+, median \S+; top 1 \d+%, top 10 100%, top 50 100% of draws"
    ).all()
    assert (
        one.events()
        .query("kind == 'sampler'")
        .message.str.contains(r"\(one for all, suggested from the score gaps\)")
        .all()
    )
    assert (
        sharp.events().query("kind == 'sampler'").message.str.startswith("a = 1e+06 / score^2 (as set)").all()
    )
    assert value(plain, "effective_sample_size").empty  # all alike: the size of the pool, nothing to say


def test_filtered_candidates_are_never_drawn(store, settings):
    run, windowed = train_runs(
        [
            settings(recipe="ance", negatives={"filter": {"absolute_margin": 0.25}, "per_query": 2}),
            settings(recipe="ance", negatives={"filter": {"rank_from": 4, "rank_to": 6}}, name="window"),
        ],
        store,
    )
    drawn = run.negatives()
    assert len(drawn) > 0
    assert (drawn.score_drawn <= drawn.positive_score_drawn - 0.25 + 1e-6).all()
    (message,) = run.events().query("kind == 'filter'").message
    none = int(message.split("; ")[1].split()[0])
    assert message.startswith("pool 'own' keeps ")
    assert message.endswith("of 24 queries keep none")
    assert (none > 0) == (drawn["query"].nunique() < 24)
    assert windowed.negatives()["rank"].between(0, 2).all()
    assert (
        windowed.events()
        .query("kind == 'filter'")
        .message.item()
        .startswith("pool 'own' keeps 3.0 candidates")
    )


def test_bm25_candidates_are_filtered_too(store, settings):
    plain, later = train_runs(
        [
            settings(recipe="bm25", name="all"),
            settings(recipe="bm25", negatives={"filter": {"rank_from": 3}}, name="later"),
        ],
        store,
    )
    short = [
        int(run.events().query("kind == 'shortage'").message.item().split()[0]) for run in (plain, later)
    ]
    assert short[0] < short[1]
    best = plain.negatives().query("rank < 2").groupby("query").document.agg(set)
    for query, docs in later.negatives().groupby("query").document.agg(set).items():
        assert not docs & best.get(query, set())


def test_a_filter_that_takes_everything_stops_the_run_with_the_remedy(store, settings):
    with pytest.raises(
        ConfigError, match=r"absolute_margin 1000 leaves none of 24 queries a candidate; loosen it"
    ):
        train_runs(
            [settings(recipe="ance", negatives={"filter": {"absolute_margin": 1000}}, name="bad")], store
        )
    assert store.run("bad").status().state == "failed"


def test_a_curriculum_draws_from_bm25_and_then_from_the_model(store, settings):
    (run,) = train_runs([settings(recipe="curriculum", method={"switch_at": 7}, refresh={"every": 4})], store)
    sources = run.negatives().groupby("step")["source"].agg(set)
    assert all(sources[step] == ({"bm25"} if step <= 7 else {"ann"}) for step in range(1, 13))
    said = run.events().query("kind == 'sampler'").set_index("step").message
    assert said.str.startswith("'top-k' from pool").all()
    assert [m.split("pool ")[1].split(";")[0] for m in said] == ["'bm25'", "'bm25'", "'own'"]


def test_a_mixture_draws_from_each_source_as_often_as_it_should(store, settings):
    shares = {"bm25": 1, "random": 2, "ann": 3}
    (run,) = train_runs([settings(recipe="mixture", steps=60, negatives={"shares": shares})], store)
    drawn = run.negatives()
    found = drawn.source.value_counts(normalize=True)
    assert set(found.index) == {"bm25", "random", "ann"}
    n = len(drawn)
    for name, share in (("random", 1 / 3), ("ann", 1 / 2)):  # BM25 finds nothing for some queries
        assert abs(found[name] - share) < 4 * np.sqrt(share * (1 - share) / n) + 0.1


@pytest.mark.parametrize("recipe", ["oracle", "oracle-weighted"])
def test_weights_of_the_pool_survive_chunks_and_a_resumption(recipe, tmp_path, store, settings):
    from ance_core.runs import Store

    config = settings(recipe=recipe, name="it", refresh={"every": 3, "chunks": 2}, negatives={"per_query": 3})
    (whole,) = train_runs([config], Store(tmp_path / "whole", create=True))
    (run,) = train_runs([config], store)
    writer = store.resume_run("it")
    writer.finish("stopped")
    from shutil import rmtree

    for step, folder in run.checkpoints().items():
        if step > 5:
            rmtree(folder)
    assert_same_run(whole, resume_run("it", store))
    drawn = whole.negatives()
    assert drawn.probability.gt(0).all()
    assert drawn.groupby("query").probability.nunique().max() > 1


def test_importance_weights_multiply_the_recorded_loss(store, settings):
    """Of one draw: recorded loss = softplus(s- - s+) / (N p)."""
    (run,) = train_runs([settings(recipe="oracle-weighted")], store)
    drawn = run.negatives()
    plain = np.log1p(np.exp(drawn.score - drawn.positive_score))
    np.testing.assert_allclose(drawn.loss, plain / (10 * drawn.probability), rtol=1e-4)
    assert (1 / (10 * drawn.probability) < 10.001).all()
