"""Probes of several runs, seeds and steps in one table: against numbers by hand, and against what is refused."""

import io
import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import ance_core as ance
from ance_core.config import merge
from ance_core.errors import ConfigError
from ance_core.experiments.probe_compare import compare_probes, compare_variances
from ance_core.experiments.probe_table import COLUMNS, gradient_table, variance_table
from ance_core.runs import Run, probes
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from ..training.conftest import SMALL

QUERIES = 30


def invented(folder, name, recipe="ance", seed=0, **changes):
    """A run's folder with settings alone: what reading its probes needs."""
    config = {"data": "tiny", "recipe": recipe, "seed": seed, "encoder": {"kind": "static", "dim": 16}}
    config["record"] = {"probe_every": seed}  # incidental: seeds stay one method
    info = {
        "format_version": 1,
        "name": name,
        "recipe": recipe,
        "seed": seed,
        "dataset": {"name": "tiny", "fingerprint": "f", "docs": 24, "queries": 20},
        "config": merge(config, changes),
    }
    (folder / name).mkdir(parents=True)
    (folder / name / "run.json").write_text(json.dumps(info))
    return Run(folder / name)


def table(samplers):
    """A probe's table from the norms of each sampler, a query each."""
    parts = []
    for place, (name, norms) in enumerate(samplers.items()):
        norms = np.asarray(norms, float)
        columns = {
            "sampler": name,
            "query": np.arange(len(norms)),
            "positive": np.arange(len(norms)),
            "document": place + 3,
            "source": name,
            "probability": 0.1,
            "hidden": np.arange(len(norms)) == 1,
            "rank": np.arange(len(norms)) + place,
            "positive_rank": 0,
            "score": 0.0,
            "positive_score": 1.0,
            "loss": norms / 2,
            "output": norms / 10,
            "total": norms,
            "band/embeddings": 0.6 * norms,
            "band/head": 0.8 * norms,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def seeds(tmp_path):
    """Five seeds of one method; `ance` twice as large as `random`, `bm25` equal to it but for noise."""
    noise = np.random.default_rng(3)
    difficulty = noise.uniform(1, 2, QUERIES)
    runs = []
    for seed in range(5):
        run = invented(tmp_path, f"a{seed}", seed=seed)
        for step in (0, 10):
            random = difficulty * noise.uniform(0.9, 1.1, QUERIES)
            bm25 = difficulty * noise.uniform(0.9, 1.1, QUERIES)
            samplers = {"random": random, "ance": 2 * random, "bm25": bm25[: QUERIES - seed]}
            probes.write(run.folder, step, table(samplers))
        runs.append(run)
    return runs


def test_the_tidy_table_is_the_stored_one_melted(seeds):
    found = gradient_table(seeds)
    assert tuple(found.columns) == COLUMNS
    assert found.groupby(["run", "step"]).ngroups == 10
    assert list(found["band"].unique()) == ["total", "embeddings", "head", "output"]
    stored = probes.read(seeds[3].folder, 10)
    own = found[(found["run"] == "a3") & (found["step"] == 10)]
    assert set(own["seed"]) == {3}
    assert len(own) == 4 * len(stored)
    for row in stored.itertuples():
        mine = own[
            (own["sampler"] == row.sampler)
            & (own["instance"] == f"{row.query}/{row.positive}/{row.document}")
        ]
        norms = dict(zip(mine["band"], mine["norm"], strict=True))
        assert norms["total"] == row.total
        assert norms["output"] == row.output
        assert math.hypot(norms["embeddings"], norms["head"]) == pytest.approx(row.total)
        assert set(mine["rank"]) == {row.rank}
        assert set(mine["hidden"]) == {row.hidden}
    assert set(gradient_table(seeds, [0])["step"]) == {0}


def test_seeds_are_pooled_and_each_sampler_judged(seeds):
    found = compare_probes(seeds, bands=["total"])
    assert (found.baseline, found.family, found.warnings) == ("random", 4, [])
    rows = found.table.set_index(["method", "step", "sampler"])
    assert list(rows.index) == [("ance", step, s) for step in (0, 10) for s in ("random", "ance", "bm25")]
    ance_row, bm25 = rows.loc[("ance", 10, "ance")], rows.loc[("ance", 10, "bm25")]
    frames = [probes.read(run.folder, 10) for run in seeds]
    own = np.array([f.loc[f["sampler"] == "ance", "total"] for f in frames])  # (S, Q)
    assert ance_row["mean"] == pytest.approx(own.mean())
    assert ance_row["ratio"] == pytest.approx(2)
    assert ance_row["difference"] == pytest.approx(own.mean() / 2)
    assert (ance_row["verdict"], ance_row["scope"], ance_row["seeds"]) == ("higher", "seeds and queries", 5)
    assert ance_row["difference_low"] > 0
    assert bm25["queries"] == QUERIES - 4  # those that all seeds have
    assert bm25["verdict"] == "undecided"
    assert bm25["remedy"]


def test_the_interval_is_the_crossed_variance_t_worked_out_here(seeds):
    from scipy.stats import t

    found = compare_probes(seeds, bands=["head"]).table
    row = found[(found["sampler"] == "random") & (found["step"] == 0)].iloc[0]
    frames = [probes.read(run.folder, 0) for run in seeds]
    x = np.array([f.loc[f["sampler"] == "random", "band/head"] for f in frames])
    s, q = x.shape
    rows, columns = x.mean(axis=1), x.mean(axis=0)
    vs, vq = rows.var(ddof=1) / s, columns.var(ddof=1) / q
    rest = x - rows[:, None] - columns[None] + x.mean()
    ve = (rest**2).sum() / ((s - 1) * (q - 1)) / (s * q)
    v = max(vs + vq - ve, vs, vq)
    freedom = v**2 / (vs**2 / (s - 1) + vq**2 / (q - 1))
    half = t.ppf(0.975, freedom) * math.sqrt(v)
    assert (row["low"], row["high"]) == pytest.approx((x.mean() - half, x.mean() + half))


def test_holm_counts_every_row(seeds):
    one = compare_probes(seeds, [10], bands=["total"])
    every = compare_probes(seeds)
    assert every.family == 2 * 2 * 4  # samplers, steps, bands
    key = {"step": 10, "sampler": "bm25", "band": "total"}
    p = [c.table[(c.table[list(key)] == pd.Series(key)).all(axis=1)].iloc[0] for c in (one, every)]
    assert p[0]["p"] == p[1]["p"]
    assert p[0]["p_holm"] <= p[1]["p_holm"]


def test_one_seed_speaks_of_itself(seeds):
    found = compare_probes(seeds[:1], [0], bands=["total"])
    assert set(found.table["scope"]) == {"this seed only"}
    text = rendered(found)
    assert "mean [95 %, this seed only]" in text
    assert "Intervals and verdicts: this seed only." in text


def test_a_planted_equality_is_equivalent(seeds):
    found = compare_probes(seeds, [0], bands=["total"], smallest=0.2).table.set_index("sampler")
    assert found.loc["bm25", "verdict"] == "equivalent"
    assert found.loc["ance", "verdict"] == "higher"


def test_methods_are_apart_and_a_repeat_is_left_out(seeds, tmp_path):
    other = invented(tmp_path, "other", recipe="random", seed=0)
    again = invented(tmp_path, "again", seed=0)
    for run in (other, again):
        probes.write(run.folder, 10, table({"random": np.ones(5), "ance": np.arange(5.0)}))
    found = compare_probes([*seeds, other, again], {**{run.name: [10] for run in seeds}, "other": [10]})
    assert list(found.table["method"].unique()) == ["ance", "random"]
    assert found.warnings == ["again repeats a0 (method, seed): left out"]


def test_without_a_baseline_there_is_no_verdict(tmp_path):
    run = invented(tmp_path, "a")
    probes.write(run.folder, 0, table({"ance": np.ones(5), "bm25": np.arange(5.0)}))
    found = compare_probes([run])
    assert found.baseline is None
    assert found.table["verdict"].isna().all()
    assert "over random" not in rendered(found)
    assert "verdict" not in rendered(found)
    against = compare_probes([run], bands=["total"], baseline="ance").table.set_index("sampler")
    assert against.loc["bm25", "ratio"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": {"dim": 32}}, r"encoder\.dim is 16 in 'a0' and 32 in 'b'.*one encoder at a time"),
        ({"encoder": {"kind": "mini"}}, r'encoder\.kind is "static" in \'a0\' and "mini" in \'b\''),
        ({"encoder": {"temperature": 0.5}}, r"encoder\.temperature is null in 'a0' and 0\.5 in 'b'"),
    ],
)
def test_other_encoders_are_refused_in_one_line(seeds, tmp_path, changes, message):
    other = invented(tmp_path, "b", **changes)
    probes.write(other.folder, 0, table({"random": np.ones(3)}))
    for ask in (gradient_table, compare_probes, variance_table, ance.gradients):
        with pytest.raises(ConfigError, match=message) as error:
            ask([seeds[0], other])
        assert "\n" not in str(error.value)


def test_what_leaves_the_norms_alone_is_not_refused(seeds, tmp_path):
    other = invented(tmp_path, "b", seed=9, encoder={"dropout": 0.1, "precision": "fp32"})
    probes.write(other.folder, 0, table({"random": np.ones(3)}))
    assert len(gradient_table([seeds[0], other], [0]))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda runs: gradient_table(runs, [5]), r"'a0' has no probe at step 5, only at 0, 10.*--at 5"),
        (lambda runs: compare_probes(runs, bands=["middle"]), r"band: 'middle' is none of this encoder"),
        (lambda runs: compare_probes(runs, baseline="bm2"), r"baseline: no sampler 'bm2'.*'bm25'"),
        (lambda runs: compare_probes(runs, smallest=0), r"smallest: 0 is no effect of interest"),
        (variance_table, r"'a0' has no variance; measure it with `ance probe a0 --variance 8`"),
    ],
)
def test_what_is_not_there(seeds, ask, message):
    with pytest.raises(ConfigError, match=message):
        ask(seeds)


def test_a_run_without_probes_and_another_dataset(seeds, tmp_path):
    bare = invented(tmp_path, "bare")
    with pytest.raises(ConfigError, match="'bare' has no probe yet; measure one with `ance probe bare`"):
        gradient_table([seeds[0], bare])
    other = invented(tmp_path, "other")
    other.info["dataset"]["fingerprint"] = "g"
    with pytest.raises(ConfigError, match="queries cannot be paired"):
        gradient_table([seeds[0], other])


MEANS = {
    "weighted": 1.0,
    "as_run": 1.0,
    "bias": 0.0,
    "cosine": 1.0,
}  # which the comparison takes from `each` instead


def test_variances_over_seeds_are_ratios_of_sums(seeds):
    noise = np.random.default_rng(5)
    sums = {"optimum": 0.0, "weighted": 0.0, "bias": 0.0, "full": 0.0}
    for run in seeds:
        each = {name: noise.uniform(1, 2, 6).tolist() for name in ("optimum", "full")}
        own = {name: noise.uniform(2, 4, 6).tolist() for name in ("weighted", "as_run", "bias")}
        rows = [
            {"sampler": "random", "each": own, **MEANS},
            {"sampler": "bm25", "each": own | {"weighted": [None] * 2 + own["weighted"][2:]}, **MEANS},
        ]
        each["query"] = list(range(6))
        probes.write_variance(run.folder, 10, {"queries": 6, "negatives": 9, "samplers": rows, "each": each})
        for name in sums:
            sums[name] += sum((each | own)[name])
    found = compare_variances(seeds).set_index("sampler")
    assert found.loc["random", "weighted"] == pytest.approx(sums["weighted"] / sums["optimum"])
    assert found.loc["random", "bias"] == pytest.approx(sums["bias"] / sums["full"])
    assert found.loc["random", "weighted_low"] < found.loc["random", "weighted"]
    assert np.isnan(found.loc["bm25", "weighted"])
    assert (found["seeds"] == 5).all()
    assert (found["scope"] == "seeds and queries").all()


def test_a_variance_of_before_is_measured_again(seeds):
    rows = [{"sampler": "random", "weighted": 3.0, "as_run": 3.0, "bias": 0.0, "cosine": 1.0}]
    probes.write_variance(seeds[0].folder, 10, {"queries": 4, "negatives": 9, "samplers": rows})
    with pytest.raises(ConfigError, match=r"without its queries.*--at 10 --variance 4"):
        variance_table(seeds[:1])


def test_no_deep_learning_library_is_loaded():
    code = "import sys, ance_core.experiments.probe_compare; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def rendered(found):
    from rich.console import Console

    console = Console(width=300, file=io.StringIO())
    console.print(found.render())
    return console.file.getvalue()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two seeds of `ance`, and one run of another encoder."""
    from ance_core.runs import Store

    store = Store(tmp_path_factory.mktemp("several") / "runs", create=True)
    settings = [
        {"recipe": "ance", "seed": 0, "name": "a0"},
        {"recipe": "ance", "seed": 1, "name": "a1"},
        {"recipe": "ance", "name": "wide", "encoder": {"dim": 24}},
    ]
    record = {"record": {"checkpoint_every": 6, "snapshot_every": 0}}
    train_runs([resolve(merge(SMALL, record, one)) for one in settings], store)
    return store


def test_from_the_prompt_over_seeds_and_steps(trained, ance):
    words = ["probe", "a0", "a1", "--runs", trained.folder, "--samplers", "random,ance", "--queries", 8]
    done = ance(*words, "--at", "all", "--variance", 2, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [(one["run"], one["step"]) for one in found["probes"]] == [
        (name, step) for name in ("a0", "a1") for step in (0, 6, 12)
    ]
    rows = found["comparison"]["rows"]
    assert [(row["step"], row["sampler"]) for row in rows] == [
        (step, sampler) for step in (0, 6, 12) for sampler in ("random", "ance")
    ]
    assert {row["seeds"] for row in rows} == {2}
    assert found["comparison"]["statistics"]["family"] == 3
    text = ance(*words, "--at", "0,12", "--variance", 2)
    assert "Family of 2 comparisons with random" in text.out
    assert "variance / optimum" in text.out
    assert "With 2 seeds p below .05 comes up" in text.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a0", "wide"], "runs: encoder.dim is 16 in 'a0' and 24 in 'wide'"),
        (["a0", "--at", "0,soon"], "at: 'soon' is no step"),
        (["a0", "--at", ","], "at: ',' is no step"),
        (["a0", "a1", "--at", "0,7"], "probe: run 'a0' has no checkpoint at step 7; it has 0, 6, 12"),
        (["a0", "--band", "middle"], "band: 'middle' is none of this encoder"),
        (["a0", "--baseline", "adore"], "baseline: 'adore' is none of the samplers probed"),
        (["a0", "--smallest", "-1"], "smallest: -1 is no effect of interest"),
    ],
)
def test_nothing_is_measured_where_something_is_wrong(trained, ance, words, message, monkeypatch):
    monkeypatch.setattr("ance_core.experiments.probe_runs.probe_run", lambda *_: pytest.fail("measured"))
    done = ance("probe", *words, "--runs", trained.folder)
    assert done.code == 1
    assert done.err.startswith(f"ance: {message}")
    assert done.err.count("\n") == 1


def test_a_notebook_gets_the_same(trained):
    runs = [trained.run(name) for name in ("a0", "a1")]
    found = ance.probe(runs, at=[6], samplers=["random", "ance"], queries=8, variance=2)
    assert set(found.table["band"]) == {"total", "embeddings", "top", "head", "output"}
    tidy = ance.gradients(runs, 6)
    own = tidy[(tidy["sampler"] == "ance") & (tidy["band"] == "total")]
    row = found.table[(found.table["sampler"] == "ance") & (found.table["band"] == "total")].iloc[0]
    assert row["mean"] == pytest.approx(own["norm"].mean())
    spread = ance.gradient_variance(runs, 6).set_index("sampler")
    assert 1 <= spread.loc["p ~ output norm", "weighted"] <= spread.loc["random", "weighted"]
    assert spread.loc["random", "weighted"] == pytest.approx(spread.loc["random", "as_run"], rel=1e-4)


def test_the_figure_has_a_panel_a_band_and_the_methods_colours(trained):
    from ance_app.theme import look

    found = ance.probe(trained.run("a0"), at=[0, 12], samplers="random,ance", queries=6)
    figure = ance.plot_gradients(found)
    assert {a.text for a in figure.layout.annotations} == {"total", "embeddings", "top", "head", "output"}
    assert {(line.name, line.line.color) for line in figure.data} == {
        (name, look(name).color) for name in ("random", "ance")
    }
    lines = [line for line in figure.data if line.name == "ance"]
    drawn = sorted(float(value) for line in lines for value in line.y)
    assert drawn == sorted(found.table.loc[found.table["sampler"] == "ance", "mean"])
