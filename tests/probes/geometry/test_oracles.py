"""The fast way against loops over all pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ance_core.probes.geometry import (
    Neighbours,
    cosine_histogram,
    effective_rank_estimate,
    evenness,
    hubness,
    k_occurrence,
    mean_cosine,
    nearest,
    random_reference,
    spectrum,
    uniformity,
    unit,
)
from ance_core.probes.geometry.angles import BINS, mean_cosine_of
from ance_core.probes.geometry.estimate import NORMAL_95
from ance_core.probes.geometry.spectrum import effective_rank_of
from ance_core.rng import generator

from .spaces import isotropic

MATRICES = arrays(
    np.float32,
    st.tuples(st.integers(2, 9), st.integers(1, 5)),
    elements=st.floats(-50, 50, width=32).map(lambda x: x if abs(x) > 1e-6 else 0.0),
)


def cosine(x, y):
    return float(x @ y) / math.sqrt(float(x @ x) * float(y @ y))


@given(MATRICES)
@settings(max_examples=60)
def test_mean_cosine_is_the_mean_over_pairs(vectors):
    kept = [x.astype(np.float64) for x in vectors if np.abs(x).max() > 0]
    found = mean_cosine(unit(vectors)[0]).value
    if len(kept) < 2:
        assert math.isnan(found)
        assert math.isnan(mean_cosine_of(vectors))
    else:
        pairs = [cosine(x, y) for x, y in itertools.combinations(kept, 2)]
        assert found == pytest.approx(np.mean(pairs), abs=1e-5)
        assert mean_cosine_of(vectors) == pytest.approx(np.mean(pairs), abs=1e-5)


@given(MATRICES, st.sampled_from([0.5, 2.0, 5.0]))
@settings(max_examples=60)
def test_uniformity_is_the_log_mean_over_pairs(vectors, t):
    exponents = [
        -t * float(((x - y) ** 2).sum()) for x, y in itertools.combinations(vectors.astype(np.float64), 2)
    ]
    top = max(exponents)
    expected = top + math.log(np.mean([math.exp(e - top) for e in exponents]))
    assert uniformity(vectors.astype(np.float64), t).value == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_uniformity_over_several_blocks():
    vectors = unit(isotropic(1100, 8))[0]
    squared = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)[~np.eye(1100, dtype=bool)]
    for t in (2.0, 5.0):
        assert uniformity(vectors, t).value == pytest.approx(math.log(np.exp(-t * squared).mean()), abs=1e-5)


@pytest.mark.parametrize("measure", ["mean_cosine", "uniformity"])
def test_intervals_hold_the_truth_as_often_as_they_say(measure):
    """200 samples of 80 from a large anisotropic population."""
    generator = np.random.default_rng(5)
    everyone = unit(generator.standard_normal((20_000, 6)).astype(np.float32) * [3, 2, 1, 1, 1, 1] + 0.5)[0]
    if measure == "mean_cosine":
        truth = mean_cosine(everyone).value
        found = [mean_cosine(everyone[generator.choice(20_000, 80, replace=False)]) for _ in range(200)]
    else:
        truth = uniformity(everyone, limit=6000).value
        found = [uniformity(everyone, limit=80, seed=seed) for seed in range(200)]
    covered = np.mean([abs(f.value - truth) <= f.half_width for f in found])
    assert 0.89 <= covered <= 0.99
    spread = NORMAL_95 * np.std([f.value for f in found])
    assert np.mean([f.half_width for f in found]) == pytest.approx(spread, rel=0.2)


@given(MATRICES)
@settings(max_examples=60)
def test_spectrum_is_that_of_the_matrix(vectors):
    exact = vectors.astype(np.float64)
    scale = np.abs(exact).max() or 1.0
    found, dims = spectrum(vectors), exact.shape[1]
    singular = np.zeros(dims)
    plain = np.linalg.svd(exact / math.sqrt(len(exact)), compute_uv=False)
    singular[: len(plain)] = plain[:dims]
    assert np.allclose(found.singular, singular, atol=1e-6 * scale)
    variances = np.linalg.eigvalsh(np.atleast_2d(np.cov(exact.T, bias=True)))[::-1]
    assert np.allclose(found.variances, variances, atol=1e-9 * scale**2)


def test_isoscore_is_what_the_steps_of_the_paper_give():
    vectors = isotropic(300, 7) * np.array([5, 3, 2, 1, 1, 0.5, 0.1])
    n = 7
    variances = np.linalg.eigvalsh(np.cov(vectors.T))
    normalised = math.sqrt(n) * variances / np.linalg.norm(variances)
    defect = np.linalg.norm(normalised - 1) / math.sqrt(2 * (n - math.sqrt(n)))
    share = (n - defect**2 * (n - math.sqrt(n))) ** 2 / n**2
    assert spectrum(vectors).isoscore == pytest.approx((n * share - 1) / (n - 1))


def test_effective_rank_is_the_exponential_of_the_entropy_of_singular_values():
    vectors = isotropic(60, 5) + 1
    shares = np.linalg.svd(vectors.astype(np.float64), compute_uv=False)
    expected = math.exp(scipy.stats.entropy(shares))
    assert spectrum(vectors).effective_rank == pytest.approx(expected, rel=1e-6)


def test_hubness_is_the_skewness_of_sorted_lists():
    askers, targets = isotropic(90, 4, seed=1), isotropic(70, 4, seed=2)
    scores = askers @ targets.T
    there, back = hubness(askers, targets, k=5)
    for found, table in ((there, scores), (back, scores.T)):
        counts = np.zeros(table.shape[1])
        for row in table:
            counts[np.argsort(-row)[:5]] += 1
        assert found.value == pytest.approx(scipy.stats.skew(counts))
    assert k_occurrence(scores, 500).tolist() == [90] * 70


def test_hubness_of_a_sample_has_an_interval_that_holds_the_whole():
    askers, targets = isotropic(600, 20, seed=1), isotropic(600, 20, seed=2)
    scores = askers @ targets[:200].T
    whole = scipy.stats.skew(k_occurrence(scores, 10))
    sampled = hubness(askers, targets[:200], limit=300)[0]
    assert sampled.half_width > 0
    assert abs(sampled.value - whole) < 2 * sampled.half_width


@given(MATRICES, st.integers(1, 4), st.booleans())
@settings(max_examples=60)
def test_nearest_are_those_of_a_full_sort(vectors, k, same):
    found = nearest(vectors, vectors, k, same)
    for row, (x, list_) in enumerate(zip(vectors, found, strict=True)):
        scores = vectors @ x
        if same:
            scores[row] = -np.inf
            assert row not in list_
        best = np.sort(scores)[::-1][: len(list_)]
        assert np.allclose(np.sort(scores[list_])[::-1], best, rtol=1e-4, atol=1e-3)
        assert len(set(list_)) == len(list_) == min(k, len(vectors) - same)


def test_overlap_counts_shared_neighbours():
    first = isotropic(40, 3, seed=1)
    second = first + 0.4 * isotropic(40, 3, seed=2)
    shares = []
    for row in range(40):
        lists = []
        for vectors in (first, second):
            scores = vectors @ vectors[row]
            scores[row] = -np.inf
            lists.append(set(np.argsort(-scores)[:5]))
        shares.append(len(lists[0] & lists[1]) / 5)
    before, after = (Neighbours(v, v, 5, same=True) for v in (first, second))
    assert after.overlap(before).value == pytest.approx(np.mean(shares))
    assert before.overlap(before).value == 1


@given(st.lists(st.integers(0, 50), min_size=2, max_size=12).filter(any))
@settings(max_examples=60)
def test_evenness_is_the_plain_formula(counts):
    found = evenness(np.array(counts))
    assert found.entropy == pytest.approx(scipy.stats.entropy(counts) / math.log(len(counts)), abs=1e-9)
    differences = sum(abs(a - b) for a in counts for b in counts)
    assert found.gini == pytest.approx(differences / (2 * len(counts) * sum(counts)))


def test_histogram_of_cosines_is_a_density_of_all_pairs():
    units = unit(isotropic(50, 4))[0]
    pairs = [cosine(x, y) for x, y in itertools.combinations(units.astype(np.float64), 2)]
    expected, _ = np.histogram(pairs, BINS, density=True)
    assert np.allclose(
        cosine_histogram(units), expected, atol=0.2
    )  # a pair may fall on the other side of an edge
    assert (cosine_histogram(units) * np.diff(BINS)).sum() == pytest.approx(1)


def test_histogram_of_a_sample_of_pairs_is_close_to_all():
    units = unit(isotropic(3000, 4))[0]
    cosines = (units @ units.T)[np.triu_indices(3000, 1)]
    expected, _ = np.histogram(cosines, BINS, density=True)
    assert np.abs(cosine_histogram(units) - expected).max() < 0.06
    assert np.abs(cosine_histogram(units, isotropic_units()) - expected).max() < 0.08


def isotropic_units():
    return unit(isotropic(2500, 4, seed=9))[0]


@given(MATRICES)
@settings(max_examples=60)
def test_effective_rank_alone_is_that_of_the_spectrum(vectors):
    assert effective_rank_of(vectors) == pytest.approx(
        spectrum(vectors).effective_rank, rel=1e-5, nan_ok=True
    )


def test_the_jackknife_leaves_out_a_group_at_a_time():
    vectors, groups = isotropic(90, 5) * [4, 2, 1, 1, 0.5] + 0.3, 9
    order = generator(0, "jackknife groups").permutation(90).reshape(groups, 10)
    ranks = [spectrum(np.delete(vectors, out, axis=0)).effective_rank for out in order]
    variance = (groups - 1) / groups * sum((r - np.mean(ranks)) ** 2 for r in ranks)
    found = effective_rank_estimate(vectors, groups=groups)
    assert found.value == pytest.approx(spectrum(vectors).effective_rank)
    assert found.half_width == pytest.approx(scipy.stats.t.ppf(0.975, 8) * math.sqrt(variance), rel=1e-6)
    half = effective_rank_estimate(vectors, population=180, groups=groups)
    assert half.half_width == pytest.approx(found.half_width * math.sqrt(0.5))
    assert effective_rank_estimate(vectors, population=90).half_width == 0
    assert math.isnan(effective_rank_estimate(vectors[:17], groups=9).half_width)


def test_the_interval_of_an_effective_rank_holds_that_of_the_sampling():
    """200 samples of 400 from a large anisotropic population, around what samples of that size come to on average."""
    noise = np.random.default_rng(7)
    everyone = unit(
        noise.standard_normal((20_000, 8)).astype(np.float32) * [3, 2, 1, 1, 1, 1, 0.5, 0.2] + 0.5
    )[0]
    found = [effective_rank_estimate(everyone[noise.choice(20_000, 400, replace=False)]) for _ in range(200)]
    values = np.array([f.value for f in found])
    covered = np.mean([abs(f.value - values.mean()) <= f.half_width for f in found])
    assert 0.89 <= covered <= 0.99
    spread = scipy.stats.t.ppf(0.975, 19) * values.std()
    assert np.mean([f.half_width for f in found]) == pytest.approx(spread, rel=0.2)


@pytest.mark.parametrize(("n", "dims"), [(2000, 128), (600, 32), (300, 128)])
def test_random_vectors_have_the_effective_rank_of_the_marchenko_pastur_law(n, dims):
    """Singular values of a large Gaussian matrix follow a known density; the entropy of their shares, by quadrature."""
    ratio = dims / n
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2
    edges = np.linspace(low, high, 200_001)
    squares = (edges[1:] + edges[:-1]) / 2
    weights = np.sqrt((high - squares) * (squares - low)) / squares
    shares = np.sqrt(squares)
    weights, shares = weights / weights.sum(), shares / (dims * (weights * shares).sum() / weights.sum())
    expected = math.exp(-dims * (weights * shares * np.log(shares)).sum())
    found = random_reference(n, dims)
    assert found.effective_rank == pytest.approx(expected, rel=0.003)
    assert abs(found.mean_cosine) < 4 / (n * math.sqrt(dims))
