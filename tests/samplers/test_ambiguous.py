"""SimANS by hand, at its limits, and where its a comes from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.data import Labels
from ance_core.samplers import Ambiguous, Pool, QueryBatch
from ance_core.samplers.base import effective_size
from ance_core.samplers.sharpness import SPREAD, one_for_all, one_for_each


def labels_of(n: int) -> Labels:
    """n queries with one label each: documents 0 to n - 1."""
    rows = np.arange(n, dtype=np.int32)
    return Labels(rows, np.arange(n + 1), rows, np.ones(n, np.int16))


def pool_of(scores, positives) -> Pool:
    scores = np.asarray(scores, np.float32)
    docs = len(scores) + np.tile(np.arange(scores.shape[1], dtype=np.int32), (len(scores), 1))
    docs[np.isneginf(scores)] = -1
    return Pool.of(docs, scores, np.asarray(positives, np.float32), "ann", 0)


def probabilities(sampler: Ambiguous, pool: Pool) -> np.ndarray:
    n, k = pool.docs.shape
    rows = np.arange(n)
    return sampler.probabilities(QueryBatch(rows, rows, labels_of(n), n + k), {"own": pool})[:, n:]


def normalised(weights) -> np.ndarray:
    return np.asarray(weights) / np.sum(weights)


def test_published_weights_at_a_half():
    """Gaps of 0, 1, 2, 3, 5 at a = .5: relative weights 1, .607, .135, .011, 3.7e-6."""
    p = probabilities(Ambiguous("own", 5, a=0.5), pool_of([[0, -1, -2, -3, -5]], [0]))[0]
    np.testing.assert_allclose(p / p[0], [1, 0.60653, 0.13534, 0.01111, 3.7267e-6], rtol=1e-3)


def test_sign_of_b():
    """Paper: the peak is b above the positive. Authors' code: b below it."""
    pool = pool_of([[1, 0, -1]], [0])
    e = np.exp
    paper = probabilities(Ambiguous("own", 3, a=0.5, b=1.0), pool)[0]
    code = probabilities(Ambiguous("own", 3, a=0.5, b=1.0, sign=1), pool)[0]
    np.testing.assert_allclose(paper, normalised([1, e(-0.5), e(-2)]))
    np.testing.assert_allclose(code, normalised([e(-2), e(-0.5), 1]))


def test_laplace_form_uses_tau_alone():
    pool = pool_of([[1, 0.5, -2]], [0])
    p = probabilities(Ambiguous("own", 3, a=99.0, form="laplace"), pool)[0]
    np.testing.assert_allclose(p, normalised(np.exp([-3, -1.5, -6])))


def test_where_the_published_code_has_no_weight_left_the_nearest_is_drawn():
    """exp(-.5 gap^2) is 0 in 64 bits from a gap of 38.7 on; here only the ratios count."""
    p = probabilities(Ambiguous("own", 3, a=0.5), pool_of([[-40, -40, -41]], [0]))[0]
    np.testing.assert_allclose(p, normalised([1, 1, np.exp(-40.5)]))


@pytest.mark.parametrize("a", [1e-300, 1e-6, 1.0, 1e6, 1e300])
@pytest.mark.parametrize("gap", [1e-6, 1.0, 1e6])
def test_no_sharpness_is_too_much(a, gap):
    p = probabilities(Ambiguous("own", 4, a=a), pool_of([[3 * gap, gap, -gap, -4 * gap]], [0]))[0]
    assert np.isfinite(p).all()
    assert p.sum() == pytest.approx(1)
    assert p[1] == pytest.approx(p[2])
    assert p[1] >= p[0] >= p[3]


def test_without_a_score_of_the_positive_draws_are_uniform():
    p = probabilities(Ambiguous("own", 3, a=0.5), pool_of([[9, 1, -np.inf]], [np.nan]))[0]
    np.testing.assert_allclose(p, [0.5, 0.5, 0])


@pytest.mark.parametrize("rule", ["query", "pool"])
def test_padding_has_no_weight_and_no_say(rule):
    short = probabilities(Ambiguous("own", 3, rule=rule), pool_of([[2, 1, -np.inf]], [1.5]))[0]
    np.testing.assert_allclose(short, [0.5, 0.5, 0])
    padded = pool_of([[4, 3, 2, 1, 0, -1, -np.inf, -np.inf, -np.inf]], [2.2])
    whole = pool_of([[4, 3, 2, 1, 0, -1]], [2.2])
    sampler = Ambiguous("own", 9, rule=rule)
    np.testing.assert_allclose(probabilities(sampler, padded)[0, :6], probabilities(sampler, whole)[0])


def test_a_candidate_infinitely_far_is_not_drawn():
    pool = pool_of([[np.inf, 1, 0, -1, -2]], [0.5])
    for sampler in (Ambiguous("own", 5), Ambiguous("own", 5, a=0.5), Ambiguous("own", 5, form="laplace")):
        p = probabilities(sampler, pool)[0]
        assert p[0] == 0
        assert p.sum() == pytest.approx(1)


def test_limits_are_uniform_and_nearest():
    pool = pool_of([[3, 1, -2]], [0.6])
    np.testing.assert_allclose(probabilities(Ambiguous("own", 3, a=1e-12), pool)[0], np.full(3, 1 / 3))
    np.testing.assert_allclose(probabilities(Ambiguous("own", 3, a=1e6), pool)[0], [0, 1, 0])


def test_one_a_for_all_by_hand():
    """Gaps 1, -1, -3 and 0, -2: mean square 3, over known candidates alone."""
    pool = pool_of([[2, 0, -2], [5, 3, -np.inf], [7, 7, 7]], [1, 5, np.nan])
    assert one_for_all(pool, labels_of(3)) == pytest.approx(SPREAD / 3)


def test_an_a_for_a_query_by_hand():
    """Of six candidates two are to be effective. Gaps 0, 0, 1, 1, 1, 1 squared: with w = exp(-a) the size is
    (2 + 4 w)^2 / (2 + 4 w^2), which is 2 as a goes to infinity: the two that score like the positive are drawn.
    Gaps 0, 1, 1, 1, 1, 1: (1 + 5 w)^2 / (1 + 5 w^2) = 2 at w = (sqrt(40) - 5) / 15, where 15 w^2 + 10 w - 1 = 0."""
    two = probabilities(Ambiguous("own", 6), pool_of([[1, 1, 0, 0, -1, -1]], [0]))[0]
    np.testing.assert_allclose(two, [0, 0, 0.5, 0.5, 0, 0], atol=1e-6)

    pool, batch = (
        pool_of([[1, 1, 0, -1, -1, -1]], [0]),
        QueryBatch(np.arange(1), np.arange(1), labels_of(1), 7),
    )
    w = (np.sqrt(40) - 5) / 15
    assert Ambiguous("own", 6).sharpness(pool, batch) == pytest.approx([-np.log(w)], rel=1e-5)
    np.testing.assert_allclose(
        probabilities(Ambiguous("own", 6), pool)[0], normalised([w, w, 1, w, w, w]), rtol=1e-5
    )


@given(
    seed=st.integers(0, 2**31),
    shift=st.sampled_from([-300.0, -5.0, 0.0, 2.0, 50.0]),
    b=st.sampled_from([-1.0, 0.0, 1.0]),
)
def test_a_third_of_the_candidates_is_effective_wherever_the_positive_stands(seed, shift, b):
    rng = np.random.default_rng(seed)
    scores = -np.sort(-rng.gumbel(scale=rng.uniform(0.1, 5), size=(4, 30)))
    p = probabilities(Ambiguous("own", 30, b=b), pool_of(scores, rng.normal(size=4) + shift))
    np.testing.assert_allclose(effective_size(p), 10, rtol=1e-5)


@given(seed=st.integers(0, 2**31), count=st.integers(1, 12))
def test_suggestions_agree_with_a_slow_search(seed, count):
    """Oracle: of a thousand values of a the one whose effective size is nearest to the target."""
    rng = np.random.default_rng(seed)
    excess = np.square(rng.normal(size=(1, count)) * 10 ** rng.uniform(-3, 3))
    excess -= excess.min()
    a = one_for_each(excess, np.ones((1, count), bool))
    tried = np.append(np.geomspace(1e-9, 1e9, 4000), 0.0)[:, None]
    sizes = effective_size(normalised_rows(np.exp(-tried * excess)))
    target = min(max(count / 3, 2), count)
    found = effective_size(normalised_rows(np.exp(-a[:, None] * excess)))[0]
    assert abs(found - target) <= np.abs(sizes - target).min() + 1e-4 * target


def normalised_rows(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(axis=1, keepdims=True)


def test_a_query_gets_the_same_a_in_every_batch():
    rng = np.random.default_rng(1)
    pool = pool_of(-np.sort(-rng.normal(size=(6, 20))), rng.normal(size=6))
    sampler, labels = Ambiguous("own", 20), labels_of(6)
    whole = sampler.sharpness(pool, QueryBatch(np.arange(6), np.arange(6), labels, 26))
    for i in range(6):
        alone = QueryBatch(np.array([i]), np.array([i]), labels, 26)
        assert sampler.sharpness(pool, alone)[0] == whole[i]


def test_one_a_is_sharpest_where_the_positive_ranks_first():
    """The fault of one a for all, and that an a for each query does not have it: a pool of falling scores, the positive
    far above it, and in its middle."""
    scores = np.tile(10 * np.exp(-np.arange(60) / 10), (2, 1))
    pool = pool_of(scores, [12.0, scores[0, 30]])
    above, within = effective_size(probabilities(Ambiguous("own", 60, rule="pool"), pool))
    assert above < 8 < 30 < within
    np.testing.assert_allclose(effective_size(probabilities(Ambiguous("own", 60), pool)), 20, rtol=1e-5)


@given(seed=st.integers(0, 2**31), scale=st.sampled_from([1e-6, 1e-3, 1.0, 40.0, 1e6]))
def test_suggestion_makes_the_distribution_blind_to_the_score_scale(seed, scale):
    """The reason for it: multiply all scores, and with a suggested a every probability stays what it was."""
    rng = np.random.default_rng(seed)
    scores, positives = -np.sort(-rng.normal(size=(3, 6))), rng.normal(size=3)
    for rule in ("query", "pool"):
        one = probabilities(Ambiguous("own", 6, rule=rule), pool_of(scores, positives))
        other = probabilities(Ambiguous("own", 6, rule=rule), pool_of(scale * scores, scale * positives))
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("rule", ["query", "pool"])
def test_degenerate_pools_are_no_problem(rule):
    """All scores equal, near the positive or far from it; one candidate; two; none has a score."""
    for scores, positive, expected in (
        ([2.0] * 4, 2.0, [0.25] * 4),
        ([2.0] * 4, -7.0, [0.25] * 4),
        ([2.0], 9.0, [1]),
        ([2.0, -np.inf, -np.inf, -np.inf], 9.0, [1, 0, 0, 0]),
        ([3e38, 3e38, 3e38], -3e38, [1 / 3] * 3),
        ([np.nan] * 3, 1.0, [1 / 3] * 3),
    ):
        found = probabilities(Ambiguous("own", len(scores), rule=rule), pool_of([scores], [positive]))[0]
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(
        probabilities(Ambiguous("own", 2), pool_of([[3, -5]], [3]))[0], [0.5, 0.5]
    )  # of two candidates both are to be effective


def test_one_a_is_computed_once_a_pool():
    pool = pool_of([[2, 0, -2]], [1])
    first = one_for_all(pool, labels_of(1))
    pool.scores[:] = 100.0
    assert one_for_all(pool, labels_of(1)) == first


def test_the_chosen_label_sets_the_centre():
    """A query with two labels: draws gather around the score of the one it is trained towards."""
    labels = Labels(np.zeros(1, np.int32), np.array([0, 2]), np.array([0, 1], np.int32), np.ones(2, np.int16))
    docs = np.array([[2, 3]], np.int32)
    pool = Pool.of(docs, np.array([[4, 1]], np.float32), np.array([4, 1], np.float32), "ann", 0)
    for label, favourite in ((0, 2), (1, 3)):
        batch = QueryBatch(np.zeros(1, np.int64), np.array([label]), labels, 4)
        assert Ambiguous("own", 2, a=1.0).probabilities(batch, {"own": pool})[0].argmax() == favourite
