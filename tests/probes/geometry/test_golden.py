"""Numbers that follow from how a space was made."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest

from ance_core.probes.geometry import (
    Estimate,
    alignment,
    estimate,
    evenness,
    hubness,
    k_occurrence,
    mean_cosine,
    measure_snapshot,
    reference,
    spectrum,
    uniformity,
    unit,
    widths_apart,
)

from .spaces import collapsed, isotropic, one_direction, orthogonal_clusters

FOUR = 4 * 100 * 99 / (400 * 399)  # share of pairs within a cluster, of 4 clusters of 100


@pytest.mark.parametrize(
    ("vectors", "expected"), [(one_direction(), 1.0), (collapsed(), 1.0), (orthogonal_clusters(), FOUR)]
)
def test_mean_cosine(vectors, expected):
    assert mean_cosine(unit(vectors)[0]).value == pytest.approx(expected, abs=1e-5)


def test_directions_of_a_ball_have_no_mean_and_the_interval_knows():
    found = mean_cosine(unit(isotropic())[0])
    assert abs(found.value) < found.half_width < 0.002
    assert mean_cosine(unit(isotropic())[0], population=4000).half_width == 0


def test_uniformity_of_clusters_and_of_a_point():
    far = math.exp(-2 * 2.0)  # orthogonal unit vectors are sqrt(2) apart
    assert uniformity(orthogonal_clusters(), 2.0).value == pytest.approx(math.log(FOUR + (1 - FOUR) * far))
    assert uniformity(unit(collapsed())[0], 2.0).value == pytest.approx(0.0, abs=1e-5)


def test_uniformity_where_every_term_underflows():
    vectors = 100.0 * np.eye(3)  # squared distances of 20,000
    assert uniformity(vectors, 5.0).value == pytest.approx(-100_000)


def test_alignment_of_known_distances():
    left, right = np.zeros((2, 2), np.float32), np.array([[3, 4], [0, 1]], np.float32)
    assert alignment(left, right).value == pytest.approx((25 + 1) / 2)
    assert alignment(left, right, alpha=1).value == pytest.approx(3)
    assert alignment(left, right).half_width == pytest.approx(
        1.959964 * np.std([25, 1], ddof=1) / math.sqrt(2)
    )


@pytest.mark.parametrize(
    ("vectors", "rank", "ratio", "score"),
    [
        (isotropic(200_000), 16, 16, 1),
        (one_direction(), 1, 1, 0),
        (orthogonal_clusters(), 4, 3, 2 / 15),  # four points span three dimensions about their mean
    ],
)
def test_dimensions_in_use(vectors, rank, ratio, score):
    found = spectrum(vectors)
    assert found.effective_rank == pytest.approx(rank, rel=1e-3)
    assert found.participation_ratio == pytest.approx(ratio, rel=1e-3)
    assert found.isoscore == pytest.approx(score, rel=1e-3, abs=1e-9)


def test_a_collapsed_space_has_one_direction_and_no_variance():
    found = spectrum(collapsed())
    assert found.effective_rank == pytest.approx(1)
    assert found.variances.max() == 0
    assert math.isnan(found.participation_ratio)
    assert math.isnan(found.isoscore)


def test_singular_values_do_not_depend_on_the_number_of_vectors():
    once, twice = spectrum(isotropic(50)), spectrum(np.tile(isotropic(50), (2, 1)))
    assert np.allclose(once.singular, twice.singular)


def test_one_document_that_everybody_asks_for_is_a_hub():
    askers = np.tile(np.array([[1.0, 0.0]], np.float32), (50, 1))
    targets = np.concatenate([[[1.0, 0.0]], np.tile([[0.0, 1.0]], (99, 1))]).astype(np.float32)
    there, back = hubness(askers, targets, k=1)
    p = 0.01  # the skewness of one in a hundred is that of a Bernoulli variable
    assert there.value == pytest.approx((1 - 2 * p) / math.sqrt(p * (1 - p)))
    assert back.value == 0  # every asker is as near as the others: ties all count


def test_equal_vectors_are_no_hubs():
    assert k_occurrence(np.ones((5, 7)), 3).tolist() == [5] * 7
    assert hubness(collapsed(), collapsed())[0].value == 0


def test_evenness():
    even, one = evenness(np.full(10, 7)), evenness(np.array([0, 0, 9, 0]))
    assert (even.entropy, even.gini) == (pytest.approx(1), pytest.approx(0))
    assert (one.entropy, one.gini) == (pytest.approx(0), pytest.approx(3 / 4))
    assert all(math.isnan(value) for value in evenness(np.zeros(4, int)))


def test_few_draws_are_compared_with_as_many_uniform_ones():
    counts = np.bincount(np.random.default_rng(3).integers(0, 1000, 500), minlength=1000)
    found = evenness(counts)
    assert found.entropy < 0.9
    assert found.even_entropy == pytest.approx(found.entropy, abs=0.01)
    assert found.even_gini == pytest.approx(found.gini, abs=0.02)


@pytest.mark.parametrize(
    ("vectors", "colour"),
    [
        (isotropic(), "green"),
        (isotropic() + 1.2, "amber"),  # mean cosine 1.44 / 2.44
        (isotropic() + 10, "red"),
        (one_direction(), "red"),
        (orthogonal_clusters(dims=64), "amber"),  # 4 directions of 64
        (collapsed(), "red"),
        (np.zeros((5, 4), np.float32), "unknown"),
    ],
)
def test_the_light(vectors, colour):
    light = measure_snapshot({"queries": vectors, "documents": vectors}).light
    assert light.colour == colour, light.reason


def test_distances_are_counted_in_widths_of_the_wider_interval():
    assert widths_apart(Estimate(0.9, 0.01), Estimate(0.1, 0.02)) == pytest.approx(20)
    assert widths_apart(Estimate(0.1, 0.02), Estimate(0.9, 0.01)) == pytest.approx(20)
    assert widths_apart(Estimate(1.0), Estimate(2.0)) == np.inf
    assert widths_apart(Estimate(1.0), Estimate(1.0)) == 0
    assert np.isnan(widths_apart(Estimate(1.0), Estimate(float("nan"))))
    assert np.isnan(widths_apart(Estimate(1.0, float("nan")), Estimate(2.0, 0.1)))


@pytest.mark.parametrize("module", [estimate, reference])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed
