"""Histograms, bands, rates and phases against loops."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from ance_core.probes.negatives import (
    BANDS,
    band_name,
    band_of,
    counting,
    even_edges,
    hidden_by_band,
    hidden_over_time,
    histogram,
    phase_of,
    phase_steps,
    ranks_by_phase,
    staleness,
    wilson,
)

from .invented import STEPS, columns

DRAWN = columns()


def test_histogram_counts_as_a_loop_does():
    gap = (
        DRAWN["score"] - DRAWN["positive_score"] + 0.037
    )  # off the edges: sums of tenths fall on either side
    phase = phase_of(DRAWN["step"], STEPS, 3)
    edges = even_edges(-2, 2, 8)
    counted = histogram(gap, edges, phase, 3)
    slow = np.zeros((3, 8), int)
    for value, p in zip(gap, phase, strict=True):
        if math.isfinite(value):
            inside = [b for b in range(8) if edges[b] <= value < edges[b + 1]]
            slow[p, inside[0] if inside else (0 if value < edges[0] else 7)] += 1
    assert np.array_equal(counted.counts, slow)
    assert counted.shares.sum(axis=1) == pytest.approx(1)


def test_histogram_golden():
    counted = histogram(
        np.array([-9.0, 0.0, 0.5, 1.0, np.nan, 9.0]), np.array([0.0, 1.0, 2.0]), np.zeros(6), 2
    )
    assert counted.counts.tolist() == [[3, 2], [0, 0]]
    assert counted.shares.tolist() == [[0.6, 0.4], [0, 0]]


def test_one_value_has_bins_around_it():
    edges = even_edges(2.0, 2.0, 4)
    assert histogram(np.full(5, 2.0), edges, np.zeros(5), 1).counts.sum() == 5
    assert edges[0] < 2.0 < edges[-1]


@given(st.integers(1, 500), st.integers(1, 6))
def test_phases_split_all_steps_and_agree_with_their_limits(last, phases):
    steps = np.arange(1, last + 1)
    of = phase_of(steps, last, phases)
    for i, (first, end) in enumerate(phase_steps(last, phases)):
        assert set(steps[of == i]) == set(range(first, end + 1))


def test_bands_are_found_as_they_are_named():
    for rank in (-1, 0, 9, 10, 19, 20, 49, 50, 99, 100, 199, 200, 5000):
        band = int(band_of(np.array([rank]))[0])
        if rank < 0:
            assert band_name(band) == "not ranked"
        else:
            first, last = BANDS[band]
            assert first <= rank + 1 <= (last or math.inf)
            assert str(first) in band_name(band)


def test_ranks_and_hidden_by_band_count_as_a_loop_does():
    phase = phase_of(DRAWN["step"], STEPS, 3)
    bands = band_of(DRAWN["rank"])
    counts = ranks_by_phase(DRAWN["rank"], phase, 3)
    rates = hidden_by_band(DRAWN["rank"], DRAWN["hidden"])
    for band in range(len(BANDS) + 1):
        rows = [i for i in range(len(bands)) if bands[i] == band]
        assert rates.drawn[band] == len(rows)
        assert rates.hidden[band] == sum(DRAWN["hidden"][i] for i in rows)
        for p in range(3):
            assert counts[p, band] == sum(phase[i] == p for i in rows)


def test_hidden_over_time_counts_as_a_loop_does():
    edges = np.array([0, 10, 25, 38])  # the last two steps are outside
    rates = hidden_over_time(DRAWN["step"], DRAWN["hidden"], edges)
    for i in range(3):
        rows = [edges[i] < s <= edges[i + 1] for s in DRAWN["step"]]
        assert rates.drawn[i] == sum(rows)
        assert rates.hidden[i] == sum(h for h, inside in zip(DRAWN["hidden"], rows, strict=True) if inside)
        low, high = rates.interval
        assert low[i] < rates.share[i] < high[i]


def test_a_stretch_without_draws_has_no_share():
    rates = hidden_over_time(np.array([1]), np.array([True]), np.array([0, 5, 9]))
    assert rates.share[0] == 1
    assert np.isnan(rates.share[1])
    assert (rates.interval[0][1], rates.interval[1][1]) == (0, 1)


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (3, 10), (10, 10), (17, 4000)])
def test_interval_is_wilsons(hits, total):
    expected = binomtest(hits, total).proportion_ci(0.95, "wilson")
    low, high = wilson(np.array([hits]), np.array([total]))
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_staleness_is_the_mean_age_of_what_was_ranked():
    steps, age = staleness(DRAWN["step"], DRAWN["index_step"])
    for step, mean in zip(steps, age, strict=True):
        rows = (DRAWN["step"] == step) & (DRAWN["index_step"] >= 0)
        assert mean == pytest.approx(np.mean([step - 1 - i for i in DRAWN["index_step"][rows]]))
    assert set(steps) == set(DRAWN["step"][DRAWN["index_step"] >= 0])
    assert staleness(np.array([5]), np.array([-1]))[0].size == 0


def test_examples_in_docstrings():
    result = doctest.testmod(counting)
    assert result.attempted
    assert not result.failed
