"""Comparing runs of a real store: tables by hand, grouping by method, warnings, refusals."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

from ance_core.errors import ConfigError
from ance_core.experiments import compare, holm, paired_effect
from ance_core.experiments.settings import flatten

RR = [0, 0.1, 0.2, 0.25, 1 / 3, 0.5, 1]


def values(n=60, seed=0):
    return np.random.default_rng(seed).choice(RR, n)


def shown(comparison):
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(comparison.render())
    return console.export_text()


def test_two_runs_by_hand(add_run):
    a = add_run("ance-0", [1, 1, 0.5, 0], recipe="ance")
    b = add_run("random-0", [0.5, 1, 0.25, 0.5], recipe="random")
    comparison = compare([a, b], baseline="random")
    row = comparison.runs.set_index("run").loc["ance-0"]
    assert row["RR@10"] == 0.625
    assert row["Success@1"] == 0.5
    assert row["difference"] == pytest.approx(0.625 - 0.5625)
    assert (row["wins"], row["ties"], row["losses"]) == (2, 1, 1)
    effect = paired_effect(np.array([1, 1, 0.5, 0]), np.array([0.5, 1, 0.25, 0.5]))
    assert (row["low"], row["high"], row["p"]) == (effect.low, effect.high, effect.p)
    assert row["p_holm"] == row["p"], "one comparison needs no correction"
    assert comparison.queries == 4
    assert comparison.baseline == "random"
    assert comparison.runs.set_index("run").loc["random-0"][["difference", "p"]].isna().all()
    assert comparison.warnings == []


def test_rows_are_paired_by_query_id_not_by_position(add_run):
    x = values(40)
    order = np.random.default_rng(1).permutation(40)
    a = add_run("a", x, recipe="ance")
    b = add_run("b", x[order], queries=[f"q{i}" for i in order], recipe="random")
    row = compare([a, b]).runs.iloc[1]
    assert (row["difference"], row["p"], row["ties"]) == (0, 1, 40)


def test_holm_over_all_methods(add_run):
    runs = [add_run(r, values(60, i), recipe=r) for i, r in enumerate(["random", "bm25", "ance", "in-batch"])]
    table = compare(runs).methods
    assert table["p_holm"].iloc[0] != table["p_holm"].iloc[0]
    np.testing.assert_allclose(table["p_holm"][1:], holm(table["p"][1:].to_numpy()))


def test_seeds_of_a_method_are_grouped_and_paired(add_run):
    x = {(r, s): values(50, 10 * s + i) for i, r in enumerate(["ance", "random"]) for s in range(3)}
    runs = [add_run(f"{r}-{s}", v, recipe=r, seed=s) for (r, s), v in x.items()]
    comparison = compare(runs, baseline="random")
    assert comparison.methods["method"].tolist() == ["ance", "random"]
    assert comparison.methods["seeds"].tolist() == [3, 3]
    effect = paired_effect(*(np.array([x[r, s] for s in range(3)]) for r in ("ance", "random")))
    row = comparison.methods.iloc[0]
    assert row["RR@10"] == pytest.approx(effect.mean_a)
    assert (row["difference"], row["low"], row["p"]) == (effect.difference, effect.low, effect.p)
    of_runs = comparison.runs.set_index("run")
    assert of_runs.loc["ance-2", "difference"] == pytest.approx(x["ance", 2].mean() - x["random", 2].mean())
    assert comparison.warnings == []
    assert list(comparison.differs.index) == ["recipe", "seed"]


def test_seeds_that_only_one_method_has(add_run):
    runs = [add_run(f"ance-{s}", values(30, s), recipe="ance", seed=s) for s in (0, 1)]
    runs.append(add_run("random-1", values(30, 5), recipe="random", seed=1))
    comparison = compare(runs, baseline="random-1")
    assert comparison.methods.iloc[0]["difference"] == pytest.approx(
        values(30, 1).mean() - values(30, 5).mean()
    )
    assert comparison.runs.iloc[0]["difference"] == pytest.approx(values(30, 0).mean() - values(30, 5).mean())
    assert "different seeds: compared by only seeds 1" in comparison.warnings[0]


def test_no_common_seed(add_run):
    runs = [
        add_run("a", values(30, 0), recipe="ance", seed=0),
        add_run("b", values(30, 1), recipe="random", seed=1),
    ]
    comparison = compare(runs)
    assert comparison.methods.iloc[1]["difference"] == pytest.approx(
        values(30, 1).mean() - values(30, 0).mean()
    )
    assert "chance of seeds included" in comparison.warnings[0]
    assert comparison.methods.iloc[1]["scope"] == "these seeds only"


def test_a_repeated_run_counts_once(add_run):
    runs = [add_run(n, values(30, i), recipe="ance", threads=i) for i, n in enumerate("ab")]
    runs.append(add_run("c", values(30, 2), recipe="random"))
    comparison = compare(runs, baseline="random")
    assert comparison.methods["seeds"].tolist() == [1, 1]
    assert comparison.methods.iloc[0]["RR@10"] == pytest.approx(values(30, 0).mean())
    assert "b repeats a" in comparison.warnings[0]


def test_settings_tell_methods_of_one_recipe_apart(add_run):
    slow = add_run("slow", values(20, 0), recipe="ance", refresh={"mode": "sync", "every": 200})
    fast = add_run("fast", values(20, 1), recipe="ance", refresh={"mode": "sync", "every": 50})
    other = add_run("other", values(20, 2), recipe="random", record={"eval_every": 7})
    comparison = compare([slow, fast, other], baseline="fast")
    assert comparison.methods["method"].tolist() == [
        "ance (refresh.every=200)",
        "ance (refresh.every=50)",
        "random",
    ]
    assert comparison.baseline == "ance (refresh.every=50)"
    assert comparison.differs.loc["refresh.every"].to_dict() == {"slow": 200, "fast": 50, "other": 100}
    assert comparison.differs.loc["record.eval_every"].tolist() == [50, 50, 7]
    assert "steps" not in comparison.differs.index
    with pytest.raises(ConfigError, match="'ance' is 2 methods here"):
        compare([slow, fast, other], baseline="ance")


def test_another_split_and_measure(add_run):
    runs = [add_run(r, values(20, i), split="dev", recipe=r) for i, r in enumerate(["ance", "random"])]
    comparison = compare(runs, measure="Success@1", split="dev")
    assert comparison.methods.iloc[1]["difference"] == pytest.approx(
        (values(20, 1) == 1).mean() - (values(20, 0) == 1).mean()
    )


def test_different_starts_are_warned_of(add_run):
    shared = {"run": "warmup-bm25", "step": 100}
    a = add_run("a", values(20, 0), recipe="ance", init=shared)
    b = add_run("b", values(20, 1), recipe="random", init=shared)
    c = add_run("c", values(20, 2), recipe="bm25")
    d = add_run("d", values(20, 3), recipe="ance", seed=1, init={"run": "warmup-bm25-s1", "step": 100})
    assert compare([a, b]).warnings == []
    assert compare([a, b, c]).warnings == [
        "initial weights differ: a starts from warmup-bm25 at step 100 (static), c from fresh weights "
        "(static): their difference is not the method's alone"
    ]
    assert not any("initial" in w for w in compare([a, d]).warnings), "each seed has its own start"


def test_different_datasets_are_refused(add_run):
    a = add_run("a", values(20, 0), recipe="ance")
    b = add_run("b", values(20, 1), recipe="random", dataset={"name": "other", "fingerprint": "0" * 16})
    with pytest.raises(ConfigError, match=r"a is on dataset 'made-up' .*b on 'other'.*cannot be paired"):
        compare([a, b])


def test_masked_labels_of_one_dataset_are_compared_with_a_warning(add_run):
    a = add_run("a", values(20, 0), recipe="ance")
    b = add_run("b", values(20, 1), recipe="ance", labels_per_query=1, dataset={"fingerprint": "0" * 16})
    comparison = compare([a, b])
    assert "different labels of made-up" in comparison.warnings[0]
    assert comparison.methods["method"].tolist() == [
        "ance (labels_per_query=None)",
        "ance (labels_per_query=1)",
    ]


def test_a_split_of_any_name(add_run):
    runs = [add_run(r, values(20, i), split="dev-unseen", recipe=r) for i, r in enumerate(["ance", "random"])]
    comparison = compare(runs, split="dev-unseen")
    assert (comparison.split, comparison.queries) == ("dev-unseen", 20)
    assert "20 dev-unseen queries" in shown(comparison)


def test_refusals(add_run, store):
    a = add_run("a", values(20, 0), recipe="ance")
    b = add_run("b", values(20, 1), recipe="random")
    with pytest.raises(ConfigError, match="1 given: at least two"):
        compare([a])
    with pytest.raises(ConfigError, match="did you mean 'RR@10'"):
        compare([a, b], measure="RR@100")
    with pytest.raises(ConfigError, match="no run or method 'randm'; did you mean 'random'"):
        compare([a, b], baseline="randm")
    with pytest.raises(
        ConfigError, match="run 'a': no per-query values on 'dev'; it has test: choose one of them"
    ):
        compare([a, b], split="dev")
    fewer = add_run("fewer", values(19, 2), recipe="bm25")
    with pytest.raises(ConfigError, match="a and fewer differ in 1 test queries, such as 'q19'"):
        compare([a, b, fewer])
    twice = add_run("twice", values(20, 2), recipe="bm25", queries=["q0", *[f"q{i}" for i in range(19)]])
    with pytest.raises(ConfigError, match="'q0' has two test rows"):
        compare([a, twice])


def test_a_run_at_work_has_nothing_to_compare(add_run, store):
    a = add_run("a", values(20, 0), recipe="ance")
    with store.create_run("young", {"steps": 10, "recipe": "random"}, dataset=a.info["dataset"]) as writer:
        writer.heartbeat(1, "running")
        with pytest.raises(ConfigError, match="it is running: finish it first"):
            compare([a, store.run("young")])


def test_as_json_and_as_a_table(add_run):
    runs = [add_run(f"{r}-{s}", values(20, s), recipe=r, seed=s) for r in ("ance", "random") for s in (0, 1)]
    comparison = compare(runs, baseline="random")
    plain = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert plain["methods"][0]["method"] == "ance"
    assert plain["methods"][0]["difference"] == 0
    assert plain["methods"][1]["p"] is None
    assert plain["runs"][0]["seed"] == 0
    assert plain["differs"]["recipe"]["random-1"] == "random"
    text = shown(comparison)
    assert "RR@10 on 20 test queries, against random" in text
    assert "+0.0000 [+0.0000, +0.0000]" in text
    assert "0/20/0" in text
    assert "baseline" in text


def seeds_of(add_run, recipe, shift, seeds=5, noise=0.1, queries=100, **settings):
    """Runs of a method over seeds, `shift` above what `shift` 0 has, and runs of equal seed on a common base."""
    common = np.random.default_rng(0).uniform(0.3, 0.6, queries)
    salt = sum(map(ord, recipe)) + len(settings)
    return [
        add_run(
            f"{recipe}{len(settings)}-{seed}",
            common + shift + np.random.default_rng([salt, seed]).normal(0, noise, queries),
            recipe=recipe, seed=seed, **settings,
        )
        for seed in range(seeds)
    ]  # fmt: skip


def test_a_verdict_on_each_method(add_run):
    runs = [
        *seeds_of(add_run, "random", 0.0),
        *seeds_of(add_run, "ance", 0.1),
        *seeds_of(add_run, "bm25", 0.0, noise=0.02),
        *seeds_of(add_run, "simans", 0.03),
    ]
    comparison = compare(runs, baseline="random", smallest=0.03)
    rows = comparison.methods.set_index("method")
    assert rows["verdict"].drop("random").to_dict() == {
        "ance": "higher",
        "bm25": "equivalent",
        "simans": "undecided",
    }
    assert rows.loc["random", "verdict"] != rows.loc["random", "verdict"]
    assert set(rows["scope"].dropna()) == {"seeds and queries"}
    assert comparison.family == 3
    said = shown(comparison)
    assert "Family of 3 comparisons with random, paired by query and seed, Holm-corrected at 5 %" in said
    assert "Smallest effect of interest 0.03" in said
    assert "Undecided, simans: " in said
    assert "seeds p below .05" not in said, "five seeds are no few"
    plain = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert plain["statistics"]["family"] == 3
    assert plain["statistics"]["smallest"] == 0.03
    assert plain["methods"][1]["verdict"] == "higher"
    assert plain["methods"][3]["remedy"] == rows.loc["simans", "remedy"]


def test_seeds_that_would_decide_are_told(add_run):
    runs = [*seeds_of(add_run, "random", 0.0), *seeds_of(add_run, "ance", 0.01)]
    comparison = compare(runs, baseline="random")
    row = comparison.methods.iloc[1]
    assert row["verdict"] == "undecided"
    assert row["seeds_needed"] > 5
    said = shown(comparison)
    assert f"Undecided, ance: {row['seeds_needed']:.0f} seeds would decide it." in said
    assert "chance of 80 %" in said
    assert "nothing is called equivalent" in said


@pytest.mark.parametrize(("seeds", "share"), [(2, "12 %"), (3, "7 %")])
def test_few_seeds_come_with_their_false_alarms(add_run, seeds, share):
    runs = [*seeds_of(add_run, "random", 0.0, seeds), *seeds_of(add_run, "ance", 0.1, seeds)]
    assert f"With {seeds} seeds p below .05 comes up in up to {share}" in shown(compare(runs))


def test_one_seed_says_this_seed_only(add_run):
    runs = [*seeds_of(add_run, "random", 0.0, 1), *seeds_of(add_run, "ance", 0.1, 1)]
    comparison = compare(runs)
    said = shown(comparison)
    assert "difference [95 %, this seed only]" in said
    assert "Intervals and verdicts: this seed only" in said
    assert comparison.to_dict()["methods"][1]["scope"] == "this seed only"


def test_where_only_some_have_one_seed_each_interval_says_so(add_run):
    runs = [
        *seeds_of(add_run, "random", 0.0),
        *seeds_of(add_run, "ance", 0.1),
        *seeds_of(add_run, "bm25", 0.0, 1),
    ]
    rows = {
        line.split()[0]: line for line in shown(compare(runs)).splitlines() if "[+" in line or "[-" in line
    }
    assert "] seeds and queries" in rows["ance"]
    assert "] this seed only" in rows["bm25"]


def test_what_each_arm_was_given(add_run):
    runs = [
        add_run("a", values(20, 0), recipe="random"),
        add_run("b", values(20, 1), recipe="simans", preset="paper", negatives={"per_query": 15}),
        add_run("c", values(20, 2), recipe="in-batch", batch_size=16),
    ]
    comparison = compare(runs)
    given = comparison.arms.set_index("method")
    assert given["negatives"].to_dict() == {"random": 1, "simans:paper": 15, "in-batch": 15}
    assert given["loss"].to_dict() == {
        "random": "pairwise",
        "simans:paper": "pairwise",
        "in-batch": "softmax",
    }
    assert given["queries_seen"].tolist() == [19_200, 19_200, 9_600]
    assert given.loc["simans:paper", "preset"] == "paper"
    assert comparison.warnings == [
        "simans:paper and random differ in negatives a query: not the sampler's difference alone",
        "in-batch and random differ in negatives a query and loss and queries seen: not the sampler's difference alone",
    ]
    said = shown(comparison)
    assert "What each method is given" in said
    assert "softmax, in-batch" in said
    assert not any(line.split()[:1] == ["simans"] for line in said.splitlines())


def test_a_method_that_is_gone_has_no_budget_but_is_compared(add_run):
    runs = [add_run("a", values(20, 0), recipe="random"), add_run("b", values(20, 1), recipe="ance")]
    runs[1].info["recipe"] = runs[1].info["config"]["recipe"] = "gone"
    comparison = compare(runs)
    assert comparison.arms["negatives"].isna().tolist() == [False, True]
    assert "gone" in shown(comparison)
    json.dumps(comparison.to_dict(), allow_nan=False)


def test_a_notebook_compares_too(add_run):
    import ance_core

    runs = [add_run("a", values(20, 0), recipe="random"), add_run("b", values(20, 1), recipe="ance")]
    assert ance_core.compare(runs, smallest=0.01).family == 1


def test_flatten():
    assert flatten({"a": {"b": {"c": 1}, "d": [2]}, "e": None}) == {"a.b.c": 1, "a.d": [2], "e": None}


def test_comparing_needs_no_torch():
    """The app compares runs; it must start fast."""
    script = (
        "import sys, ance_core.experiments as e; sys.exit(any(m in sys.modules for m in ('torch', 'faiss')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
