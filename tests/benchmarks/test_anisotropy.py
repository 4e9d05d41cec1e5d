"""The tables of `benchmarks.anisotropy` say what the runs measure, paired by seed."""

import numpy as np
import pytest
from scipy.stats import t

from ance_core.probes.geometry import measure_run
from ance_core.runs import Store
from benchmarks import anisotropy


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setattr(anisotropy, "STEPS", 6)
    store, arms = Store(tmp_path, create=True), {"ance", "dance"}
    for seed in range(2):
        anisotropy.train(store, "tiny", {arm: anisotropy.DANCE[arm] for arm in arms}, seed)
    return {arm: [store.run(anisotropy._name("tiny", arm, seed)) for seed in range(2)] for arm in arms}


def test_a_run_is_read_as_its_geometry(runs):
    (run, _) = runs["dance"]
    found, read = measure_run(run), anisotropy.read(run)
    last = found.readings[found.readings["step"] == 6].set_index(["of", "measure"])["value"]
    for key, title in anisotropy.SPACE.items():
        assert read[title] == pytest.approx(last[key], rel=1e-6), title
    (draws,) = found.draws[found.draws["of"] == "queries"].itertuples()
    assert read["evenness of the drawn queries (entropy)"] == pytest.approx(draws.entropy)
    assert read["even queries gini"] == pytest.approx(draws.even_gini)
    assert "evenness of the drawn queries (entropy)" not in anisotropy.read(runs["ance"][0])


def test_differences_are_paired_by_seed(runs):
    found = {arm: list(map(anisotropy.read, own)) for arm, own in runs.items()}
    every = {arm: found["ance" if arm == "ance" else "dance"] for arm in anisotropy.DANCE}
    row = next(line for line in anisotropy.dance_table("tiny", every).splitlines() if "t = 2" in line)
    title = "uniformity of queries, t = 2"
    gaps = np.array([b[title] - a[title] for a, b in zip(found["ance"], found["dance"], strict=True)])
    half = t.ppf(0.975, 1) * gaps.std(ddof=1) / np.sqrt(2)
    assert f"{gaps.mean():+.4f} [{gaps.mean() - half:+.4f}, {gaps.mean() + half:+.4f}]" in row


def test_a_collapse_is_as_far_away_as_in_the_seed_where_it_is_nearest(runs):
    arms = {"ance": runs["ance"], "ance, weak start": runs["dance"]}
    lines = anisotropy.collapse_table("tiny", arms, anisotropy.estimates).splitlines()
    found = {arm: [anisotropy.estimates(run) for run in own] for arm, own in arms.items()}
    title = "mean cosine of queries"
    widths = [
        abs(a[title].value - b[title].value) / (2 * max(a[title].half_width, b[title].half_width))
        for a, b in zip(found["ance"], found["ance, weak start"], strict=True)
    ]
    column = lines[0].split("|").index(f" {title} ")
    row = next(line for line in lines if line.startswith("| collapsed"))
    assert float(row.split("|")[column]) == pytest.approx(min(widths), abs=0.5)
