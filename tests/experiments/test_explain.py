"""`ance explain`: the terms of a step are those that were recorded, for every recipe; the funnel; bad input in one line."""

import hashlib
import shutil

import numpy as np
import pandas as pd
import pytest

from ance_core.config import merge
from ance_core.errors import AnceError, ConfigError
from ance_core.experiments.explain import explain
from ance_core.runs import Store
from ance_core.training.again import StoredPools, problem_of, repeat
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .explained import CASES, ID, folder_of, settings


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of every case, of twelve steps with checkpoints at 0, 5, 10 and 12."""
    store = Store(tmp_path_factory.mktemp("explained") / "runs", create=True)
    train_runs([resolve(settings(name)) for name in CASES], store)
    return store


def run_of(store, name):
    return store.run(folder_of(name))


def digest(folder):
    """Of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", CASES)
def test_a_repeated_step_is_the_recorded_one_to_the_bit(runs, name):
    """From the checkpoints at 5 and at 10, and from the first: all records of a query stand among the terms with the same
    numbers, the terms that count are these and no others, the batch's loss is the logged one. Nothing is written."""
    run = run_of(runs, name)
    before = digest(run.folder)
    records = run.negatives()
    steps = (8, 11, 1)[: 3 if name in ("random", "ance", "restart") else 2]
    for step in steps:
        own = records[records["step"] == step]
        query = int(own["query"].iloc[0])
        found = explain(run, ID.format(query + 1), step)
        assert found.query == query
        assert found.agreement.same, found.agreement
        assert found.agreement.relative is not None
        assert found.agreement.relative <= 1e-6
        counted = found.terms[found.terms["masked"] == ""]
        assert (
            found.agreement.equal == found.agreement.records == len(counted) == (own["query"] == query).sum()
        )
        assert counted["hidden"].sum() == own[own["query"] == query]["hidden"].sum()
        assert np.isfinite(counted["weight"]).all()
    assert digest(run.folder) == before


@pytest.mark.parametrize("name", ["star", "in-batch", "shared", "ance-tele", "nce", "adore"])
def test_what_is_masked_is_what_others_brought_and_the_query_judged(runs, name):
    """Oracle: of all passages of the batch, those judged positive for the query are masked, all others count."""
    run = run_of(runs, name)
    config, problem = problem_of(run, "explain")
    seen = 0
    for step in (3, 6, 11, 12):
        repeated = repeat(run, config, problem, step)
        for row in repeated.batch.rows:
            judged = set(problem.labels.of(row).tolist())
            terms = explain_terms(repeated, int(row))
            out = terms[terms["masked"] != ""]
            masked = out[out["masked"] != "not the hardest in the batch"]
            assert set(masked["document"]) <= judged
            assert masked["judged"].all()
            assert not set(terms[terms["masked"] == ""]["document"]) & judged
            seen += len(masked)
            if name in ("star", "in-batch", "shared", "ance-tele"):
                positives = repeated.batch.positives[repeated.batch.rows != row]
                offered = terms[terms["source"] == "in-batch"]["document"].tolist()
                assert not set(positives.tolist()) - set(offered)
            if name == "nce":
                best = terms["score"].max()
                assert terms[terms["masked"] == ""]["score"].tolist() == [pytest.approx(best)]
                assert len(out) == len(repeated.batch.rows) - 2
    assert seen or name == "nce"


def explain_terms(repeated, row):
    from ance_core.experiments.terms import terms_of

    return terms_of(repeated, row)


def test_terms_add_up_to_the_loss(runs):
    """The mean over a batch of what each query's terms say is the batch's loss: pairwise, softmax, both directions."""
    for name, of in (("ance", "loss"), ("dance", "loss"), ("ance-tele", "softmax")):
        run = run_of(runs, name)
        config, problem = problem_of(run, "explain")
        repeated = repeat(run, config, problem, 7)
        parts = []
        for row in repeated.batch.rows:
            terms = explain_terms(repeated, int(row))
            terms = terms[terms["masked"] == ""]
            if of == "softmax":  # each term carries its query's whole loss
                scores = np.append(terms["score"], terms["positive_score"].iloc[0])
                parts.append(np.logaddexp.reduce(scores) - terms["positive_score"].iloc[0])
                np.testing.assert_allclose(terms["loss"], parts[-1], rtol=1e-5)
            else:
                gap = terms["score"] - terms["positive_score"]
                np.testing.assert_allclose(terms["loss"], np.logaddexp(0, gap), rtol=1e-5)
                share = np.where(terms["contrast"] == "document", 0.1, 1.0)
                parts.append(float((share * terms["loss"]).sum()))
        assert np.mean(parts) == pytest.approx(float(repeated.outcome.loss.detach()), rel=1e-5)


@pytest.mark.parametrize("name", ["lag", "many", "tele-filter"])
def test_the_funnel_counts_what_the_filter_leaves(runs, name):
    """The last count before the draw is the stored pool's size; the ceiling of the filter stands where it does by hand."""
    run = run_of(runs, name)
    config, problem = problem_of(run, "explain")
    for step in (2, 8, 12):
        repeated = repeat(run, config, problem, step)
        row = int(repeated.batch.rows[0])
        found = explain(run, problem.dataset.query_ids[int(problem.labels.queries[row])], step)
        funnel = found.funnels[0]
        pool = repeated.training.pools["own"]
        left = {stage.name: stage.left for stage in funnel.stages}
        assert left["far enough below the positive"] == pool.sizes[row]
        assert left["the corpus"] == len(problem.dataset.docs)
        width = left["not judged positive"]
        assert left["in the window of ranks"] == min(max(width - 1, 0), 8)
        assert left["drawn"] <= left["can be drawn"] <= pool.sizes[row]
        removed = [stage.removed for stage in funnel.stages]
        assert min(removed) >= 0
        assert [a.left - b.left for a, b in zip(funnel.stages, funnel.stages[1:], strict=False)] == removed[
            1:
        ]
        assert funnel.note == ""
        between = [s for s in funnel.stages if s.name not in ("the corpus", "ranked", "drawn")]
        assert funnel.most is None or funnel.most.removed == max(stage.removed for stage in between)
        assert funnel.most is not None


def test_the_funnel_of_plain_pools_and_batches(runs):
    found = explain(run_of(runs, "ance"), first_query(runs))
    pool = found.funnels[0]
    assert [(s.name, s.left) for s in pool.stages][2:] == [
        ("not judged positive", 10), ("can be drawn", 10), ("drawn", 1),
    ]  # fmt: skip
    shared = explain(run_of(runs, "shared"), first_query(runs))
    own, batch = shared.funnels
    assert own.stages[-1].left == 2
    assert batch.stages[0].left == 7 + 7 * 2  # positives of the others, and their two draws each
    assert batch.stages[-1].left == (shared.terms.query("masked == ''")["source"] == "in-batch").sum()
    random = explain(run_of(runs, "random"), first_query(runs)).funnels
    judged = len(problem_of(run_of(runs, "random"), "explain")[1].labels.of(0))
    assert [stage.left for stage in random[0].stages] == [24, 24 - judged, 1]


def first_query(store):
    _, problem = problem_of(run_of(store, "ance"), "explain")
    return problem.dataset.query_ids[int(problem.labels.queries[0])]


def test_without_a_step_it_is_the_last_use_and_another_step_names_the_uses(runs):
    run, query = run_of(runs, "ance"), first_query(runs)
    records = run.negatives()
    _, problem = problem_of(run, "explain")
    row = int(problem.labels.queries[0])
    uses = sorted(set(records[records["query"] == row]["step"]))
    assert list(explain(run, query).uses) == uses
    assert explain(run, query).step == uses[-1]
    other = next(step for step in range(1, 13) if step not in uses)
    with pytest.raises(
        ConfigError,
        match=rf"--step: query '{query}' was not in the batch of step {other} .* it was at {uses[0]}",
    ):
        explain(run, query, other)


def test_bad_input_is_one_line_with_the_remedy(runs, tmp_path):
    run, query = run_of(runs, "ance"), first_query(runs)
    dev = problem_of(run, "explain")[1].dataset
    of_dev = dev.query_ids[int(dev.qrels["dev"].queries[0])]
    with pytest.raises(ConfigError, match=r"query: .* none with the id 'nobody'; "):
        explain(run, "nobody")
    with pytest.raises(ConfigError, match=rf"query: '{of_dev}' is of split dev, .* choose one such as"):
        explain(run, of_dev)

    copy = Store(tmp_path)
    shutil.copytree(run.folder, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "checkpoints")
    with pytest.raises(ConfigError, match=r"explain: run 'bare' has no checkpoint, .* choose another run"):
        explain(copy.run("bare"), query)
    shutil.copytree(run.folder, tmp_path / "late")
    for at in (0, 5):
        shutil.rmtree(tmp_path / "late" / "checkpoints" / f"step-{at:08d}")
    shutil.copytree(run.folder, tmp_path / "poolless")
    for path in (tmp_path / "poolless" / "pools").iterdir():
        path.unlink()
    use = explain(run, query).uses[0]
    for name, step, remedy in (
        (
            "late",
            use,
            rf"--step: {use} lies before the first checkpoint of run 'late', 10; choose 11 or later",
        ),
        (
            "poolless",
            None,
            r"missing, so the steps that draw from it cannot be repeated: restore it from a copy",
        ),
    ):
        with pytest.raises(AnceError, match=remedy) as error:
            explain(copy.run(name), query, step)
        assert "\n" not in str(error.value)


def test_a_collection_that_has_gone_and_a_query_that_was_never_drawn(tmp_path):
    from importlib.resources import files

    shutil.copytree(str(files("ance_samples") / "tiny"), tmp_path / "mine")
    store = Store(tmp_path / "runs", create=True)
    short = merge(settings("ance"), {"data": str(tmp_path / "mine"), "steps": 1, "name": "short"})
    (run,) = train_runs([resolve(short)], store)
    _, problem = problem_of(run, "explain")
    drawn = set(run.negatives()["query"])
    unused = next(int(q) for q in problem.labels.queries if int(q) not in drawn)
    name = problem.dataset.query_ids[unused]
    with pytest.raises(
        ConfigError,
        match=rf"query: '{name}' was in no batch of steps 1 to 1 of run 'short' \(the first time will be step \d",
    ):
        explain(run, name)
    shutil.rmtree(tmp_path / "mine")
    with pytest.raises(AnceError, match=r"mine: no such dataset, folder or file") as error:
        explain(run, name)
    assert "\n" not in str(error.value)


def test_other_versions_and_other_numbers_are_said(runs, tmp_path):
    import json

    run, query = run_of(runs, "ance"), first_query(runs)
    shutil.copytree(run.folder, tmp_path / "elsewhere")
    path = tmp_path / "elsewhere" / "run.json"
    info = json.loads(path.read_text())
    info["versions"]["torch"] = "1.0"
    info["instruction_set"]["torch"] = "VSX"
    path.write_text(json.dumps(info))
    import sqlite3

    with sqlite3.connect(tmp_path / "elsewhere" / "log.sqlite") as log:
        log.execute("UPDATE scalars SET value = value * 1.01 WHERE name = 'loss'")
    found = explain(Store(tmp_path).run("elsewhere"), query).agreement
    assert not found.same
    assert found.relative == pytest.approx(0.01 / 1.01, rel=1e-3)
    assert any(text.startswith("torch ") and "then 1.0" in text for text in found.differing)
    assert any("of torch " in text and "then VSX" in text for text in found.differing)
    assert "relative difference 0.01" in found.sentence()
    del info["instruction_set"], info["threads"]  # as in runs of before
    path.write_text(json.dumps(info))
    older = explain(Store(tmp_path).run("elsewhere"), query).agreement
    assert [text.split()[0] for text in older.differing] == ["torch"]


def test_which_pools_were_in_force_follows_from_checkpoint_and_log(tmp_path):
    """An asynchronous run: mined at 10 and in use from 25, mined at 20 and in use from 35; the checkpoint is of step 30."""
    from ance_core.config import RefreshConfig

    stored = StoredPools(None, RefreshConfig(), False, tmp_path, known=((35, 20),))
    stored.restore({"current": 10, "waiting": []})
    assert [stored.in_force(step) for step in (30, 34, 35, 90)] == [10, 10, 20, 20]
    lagging = StoredPools(None, RefreshConfig(), False, tmp_path, known=((11, 8), (15, 12)))
    lagging.restore({"current": 4, "waiting": [[11, 8]]})
    assert [lagging.in_force(step) for step in (10, 11, 14, 15)] == [4, 8, 8, 12]
    assert [lagging.before(step) for step in (4, 8, 12)] == [None, 4, 8]
    first = StoredPools(None, RefreshConfig(), False, tmp_path, known=((0, 0),))
    first.restore({"current": None, "waiting": []})
    assert first.in_force(0) == 0


def test_a_fork_names_its_parent_for_earlier_steps(runs, tmp_path):
    from ance_core.training.start import fork_settings

    store = Store(tmp_path / "runs", create=True)
    shutil.copytree(run_of(runs, "lag").folder, store.folder / "parent")
    child_settings = fork_settings(store.run("parent"), 10, None, {"steps": 16, "name": "child"})
    (child,) = train_runs([resolve(child_settings)], store)
    config, problem = problem_of(child, "explain")
    for step in (11, 12, 16):
        row = int(repeat(child, config, problem, step).batch.rows[0])
        found = explain(child, problem.dataset.query_ids[int(problem.labels.queries[row])], step)
        assert found.agreement.same
        assert min(found.uses) > 10
        assert isinstance(found.terms, pd.DataFrame)
