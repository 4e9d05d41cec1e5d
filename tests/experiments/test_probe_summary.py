"""What a probe's table says in numbers, against hand-made tables and slow loops."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ance_core.experiments import probe_summary

VALUES = st.lists(st.integers(0, 6), min_size=5, max_size=30)


def frame_of(output, total, sampler=None):
    n = len(output)
    return pd.DataFrame(
        {
            "sampler": sampler or ["ance"] * n,
            "query": range(n),
            "positive": range(n),
            "document": 0,
            "positive_rank": np.arange(n),
            "output": np.asarray(output, float),
            "total": np.asarray(total, float),
            "band/head": np.asarray(total, float)[::-1].copy(),
        }
    )


def slow_rank(values):
    """Ranks from 1, equal values sharing the mean of theirs."""
    return np.array([sum(o < v for o in values) + (1 + sum(o == v for o in values)) / 2 for v in values])


@given(VALUES, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_rank_correlation_is_pearsons_of_ranks(a, random):
    b = a.copy()
    random.shuffle(b)
    found = probe_summary.rank_correlation(np.array(a, float), np.array(b, float))
    if len(set(a)) == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(np.corrcoef(slow_rank(a), slow_rank(b))[0, 1], abs=1e-12)


def test_rank_correlation_of_too_few_says_nothing():
    assert np.isnan(probe_summary.rank_correlation(np.arange(4.0), np.arange(4.0)))
    assert probe_summary.rank_correlation(np.arange(5.0), np.arange(5.0) ** 3) == pytest.approx(1)


def test_the_bound_by_sampler_and_layer():
    frame = frame_of([1, 2, 3, 4, 5], [2, 6, 7, 8, 10])
    found = probe_summary.bound(frame).set_index(["sampler", "layer"])
    assert list(found.index.get_level_values("layer").unique()) == ["total", "band/head"]
    assert found.loc[("all", "total"), "factor"] == 3  # 6 / 2
    assert found.loc[("ance", "total"), "rho"] == pytest.approx(1)
    assert found.loc[("all", "band/head"), "rho"] == pytest.approx(-1)
    frame.loc[0, "output"] = 0  # bounds nothing
    assert probe_summary.bound(frame)["factor"].max() == 4  # 8 / 2 in the head


def test_an_instance_drawn_twice_counts_once_over_all():
    twice = pd.concat([frame_of([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [name] * 5) for name in ("ance", "oracle")])
    found = probe_summary.bound(twice).set_index(["sampler", "layer"])["instances"]
    assert found[("all", "total")] == 5
    assert found[("oracle", "total")] == 5


@given(st.lists(st.tuples(st.integers(1, 3000), st.floats(1e-6, 1e3)), min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_bands_against_a_loop(pairs):
    ranks, norms = np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs])
    edges = probe_summary.rank_edges(int(ranks.max()))
    found = probe_summary.in_bands(ranks, norms, edges)
    assert found["instances"].sum() == len(pairs)
    for row in found.itertuples():
        own = [norm for rank, norm in pairs if row.low <= rank < row.high]
        assert row.instances == len(own)
        assert row.mean == pytest.approx(sum(own) / len(own))
        assert row.p10 <= row.p90
        if len(own) > 1:
            mean = sum(own) / len(own)
            assert row.variance == pytest.approx(sum((x - mean) ** 2 for x in own) / (len(own) - 1), abs=1e-9)
        else:
            assert np.isnan(row.variance)


@pytest.mark.parametrize(
    ("deepest", "edges"), [(1, [1, 4]), (3, [1, 4]), (4, [1, 4, 11]), (100, [1, 4, 11, 31, 101])]
)
def test_rank_edges(deepest, edges):
    assert probe_summary.rank_edges(deepest).tolist() == edges


def test_the_positives_rank_counts_a_query_once():
    frame = pd.concat([frame_of([1, 1, 1], [1, 1, 1])] * 3)
    assert probe_summary.positive_rank(frame) == {"mean": 2.0, "median": 2.0}


def test_no_deep_learning_library_is_loaded():
    code = "import sys, ance_core.experiments.probe_summary; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
