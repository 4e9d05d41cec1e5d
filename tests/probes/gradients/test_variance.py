"""Bias and variance by enumeration, against gradients written out one by one."""

import numpy as np
import pytest
import torch

from ance_core.probes.gradients.variance import query_variance
from ance_core.training.step import TokenBatch


def all_gradients(model, tokens, query, positive, docs):
    """(N, P) the gradient of softplus(s - s+) for every candidate, a backward pass each."""
    rows = []
    for d in docs:
        q = model.encode_queries(TokenBatch.of(tokens.queries, np.array([query])))
        v = model.encode_documents(TokenBatch.of(tokens.docs, np.array([positive, d])))
        loss = torch.nn.functional.softplus(model.scale * (q @ (v[1] - v[0])).squeeze())
        rows.append(
            torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])
            .double()
            .numpy()
        )
    return np.array(rows)


@pytest.fixture
def problem(encoder):
    model, tokens = encoder("static")
    docs = np.setdiff1d(np.arange(40), [3])
    return model, tokens, docs, all_gradients(model, tokens, 5, 3, docs)


def test_every_number_is_that_of_the_gradients(problem):
    model, tokens, docs, g = problem
    n = len(docs)
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(n, 0.5), size=3) * 0.9 + 0.1 / n
    p[2, 1::2] = 0  # as a sampler over a top K
    p[2] /= p[2].sum()
    found = query_variance(model, tokens, 5, 3, docs, p)
    full = g.mean(axis=0)
    np.testing.assert_allclose(found.norms, np.linalg.norm(g, axis=1), rtol=1e-4)
    assert found.full == pytest.approx(np.linalg.norm(full), rel=1e-4)
    for s in range(3):
        expected = p[s] @ g
        spread = (p[s][:, None] * (g - expected) ** 2).sum()
        assert found.as_run[s] == pytest.approx(spread, rel=1e-3)
        assert found.bias[s] == pytest.approx(np.linalg.norm(expected - full), rel=1e-3)
        cosine = expected @ full / np.linalg.norm(expected) / np.linalg.norm(full)
        assert found.cosine[s] == pytest.approx(cosine, rel=1e-3)
    for s in range(2):
        estimates = g / (n * p[s][:, None])
        np.testing.assert_allclose(p[s] @ estimates, full, rtol=1e-6, atol=1e-9)  # unbiased
        assert found.weighted[s] == pytest.approx((p[s][:, None] * (estimates - full) ** 2).sum(), rel=1e-3)
    assert np.isnan(found.weighted[2])


def test_nothing_is_below_the_optimum(problem):
    """Eq 10: the variance is least for p ~ norm, and p ~ norm^2 is no better than uniform."""
    model, tokens, docs, g = problem
    norms = np.linalg.norm(g, axis=1)
    rng = np.random.default_rng(1)
    p = np.concatenate([norms[None], norms[None] ** 2, rng.dirichlet(np.ones(len(docs)), 20)])
    found = query_variance(model, tokens, 5, 3, docs, p / p.sum(axis=1, keepdims=True))
    assert found.weighted[0] == pytest.approx(found.optimum, rel=1e-3)
    assert found.weighted[1] == pytest.approx(found.uniform, rel=1e-2)
    assert (found.weighted >= found.optimum * (1 - 1e-3)).all()
    assert found.uniform > found.optimum
