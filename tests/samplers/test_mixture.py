"""Mixtures with several negatives a query: shares, repeats, components that run dry."""

import numpy as np
import pytest

from ance_core.errors import ConfigError
from ance_core.samplers import Mixture, Pool, QueryBatch, TopK, Uniform

from .cases import LABELS, N_DOCS, POOLS

BM25, OWN = TopK("bm25", 9), TopK("own", 12)


def draw(sampler, n, copies=4000, query=0, pools=POOLS):
    rows = np.full(copies, query)
    batch = QueryBatch(rows, LABELS.indptr[rows], LABELS, N_DOCS)
    uniforms = np.random.default_rng(0).random((copies, sampler.uniforms_needed(n)))
    return sampler.draw(batch, pools, n, uniforms)


def test_each_slot_comes_from_a_component_by_its_share():
    """Disjoint components: nothing is ever replaced, so every slot has the shares, not only the first."""
    docs = POOLS["own"].docs
    scores, labels = POOLS["own"].scores, POOLS["own"].label_scores
    pools = {
        "bm25": Pool.of(docs[:, :6], scores[:, :6], labels, "bm25", -1),
        "own": Pool.of(docs[:, 6:], scores[:, 6:], labels, "ann", 0),
    }
    drawn = draw(Mixture((TopK("bm25", 6), TopK("own", 6)), (0.3, 0.7)), 3, pools=pools)
    from_bm25 = (drawn.sources == 2).mean(axis=0)
    np.testing.assert_allclose(from_bm25, 0.3, atol=4 * np.sqrt(0.21 / 4000))


def test_a_component_without_a_share_lends_nothing():
    drawn = draw(Mixture((BM25, Uniform()), (1.0, 0.0)), 9)
    assert set(np.unique(drawn.sources[drawn.docs >= 0])) == {2}
    assert (np.sort(drawn.docs, axis=1) == np.sort(POOLS["bm25"].docs[0])).all()


def test_all_that_there_is_can_be_drawn_and_no_more():
    sampler = Mixture((BM25, OWN), (0.5, 0.5))
    union = set(POOLS["bm25"].docs[2].tolist()) | set(POOLS["own"].docs[2].tolist()) - {-1}
    union.discard(-1)
    for row in draw(sampler, 12, copies=50, query=2).docs:
        got = row[row >= 0].tolist()
        assert len(got) == len(set(got)) == min(12, len(union))
        assert set(got) <= union


def test_a_component_that_runs_dry_is_replaced():
    empty = Pool.of(np.full((12, 9), -1, np.int32), np.zeros((12, 9)), np.zeros(len(LABELS.docs)), "bm25", -1)
    drawn = draw(Mixture((BM25, OWN), (0.9, 0.1)), 4, copies=50, pools=POOLS | {"bm25": empty})
    assert (drawn.docs >= 0).all()
    assert set(np.unique(drawn.sources)) == {4}


def test_shares_must_be_proportions():
    for shares in ((0.5,), (0.5, 0.6), (-0.5, 1.5)):
        with pytest.raises(ConfigError, match="shares"):
            Mixture((BM25, OWN), shares)
