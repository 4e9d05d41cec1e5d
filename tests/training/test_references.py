"""References: BM25 alone, the untrained encoder and the start, on the queries of the run, each measured once."""

import numpy as np
import pytest

from ance_core.data import load_dataset
from ance_core.retrieval import BM25, evaluate
from ance_core.training import references
from ance_core.training.session import resume_run, train_runs

SAMPLE = {"record": {"eval_queries": 3}}


def level(run, reference, split="dev", part="mean"):
    found = {(row.reference, row.split, row.measure): row for row in run.references()}
    row = found.get((reference, split, "RR@10"))
    return row and getattr(row, part)


def at(run, step):
    found = run.evaluations("dev")
    return found.values[list(found.steps).index(step)]


@pytest.fixture
def warmed(store, settings):
    (run,) = train_runs([settings(recipe="random", **SAMPLE)], store)
    (warmup,) = (other for other in store.runs() if other.info["kind"] == "warmup")
    return run, warmup


def test_what_queries_score_averages_to_the_curve(warmed):
    for run in warmed:
        for measure in ("RR@10", "nDCG@10", "R@100", "Success@1"):
            curve, found = run.scalars([f"dev/{measure}"]), run.evaluations("dev", measure)
            assert found.steps.tolist() == curve.step.tolist()
            assert found.values.mean(axis=1) == pytest.approx(curve.value.to_numpy(), abs=1e-6)


def test_queries_of_the_last_step_are_those_of_the_results(warmed):
    run, _ = warmed
    table = run.per_query().query("split == 'dev'").set_index("query_id")["RR@10"]
    found = run.evaluations("dev")
    assert len(found.queries) == 3
    assert found.values[-1] == pytest.approx(table.loc[list(found.queries)].to_numpy(), abs=1e-6)


def test_the_start_is_the_first_point_and_the_untrained_encoder_that_of_the_warm_up(warmed):
    run, warmup = warmed
    assert level(run, "start", part="sample_mean") == pytest.approx(at(run, 0).mean(), abs=1e-6)
    untrained = run.reference_tables("untrained")["dev"]["RR@10"]
    first = warmup.evaluations("dev")
    assert untrained.loc[list(first.queries)].to_numpy() == pytest.approx(first.values[0], abs=1e-6)
    assert level(run, "start", "test") == pytest.approx(warmup.measures()["test"]["RR@10"], abs=1e-6)
    assert level(warmup, "start") is None  # it begins with the untrained encoder


def test_bm25_is_bm25(warmed):
    run, warmup = warmed
    data = load_dataset("tiny")
    labels = data.split("test").labels()
    ranking = BM25(data.docs).search([data.queries[q] for q in labels.queries], len(data.docs))
    expected = evaluate(ranking, labels, len(data.docs))
    table = run.reference_tables("bm25")["test"]
    assert table.index.tolist() == [data.query_ids[q] for q in labels.queries]
    assert set(table) == set(expected)
    assert np.allclose(table[list(expected)], expected)
    assert level(warmup, "bm25", "test") == pytest.approx(expected["RR@10"].mean())


def test_nothing_is_measured_twice(warmed, store, settings, monkeypatch):
    monkeypatch.setattr(references, "BM25", lambda *_: pytest.fail("indexed again"))
    monkeypatch.setattr(references, "measure", lambda *_: pytest.fail("measured again"))
    (run,) = train_runs([settings(recipe="ance", **SAMPLE)], store)
    assert run.references() == warmed[0].references()


def test_another_similarity_ranks_the_same_weights_in_its_own_way(warmed, store, settings):
    (run,) = train_runs([settings(recipe="random", encoder={"similarity": "cosine"}, **SAMPLE)], store)
    assert level(run, "start", part="sample_mean") == pytest.approx(at(run, 0).mean(), abs=1e-6)
    assert level(run, "untrained") is not None


def test_another_seed_has_an_untrained_encoder_of_its_own(warmed, store, settings):
    (run,) = train_runs([settings(recipe="random", seed=1, encoder={"init": "random"}, **SAMPLE)], store)
    (other,) = train_runs([settings(recipe="random", seed=2, encoder={"init": "random"}, **SAMPLE)], store)
    assert level(run, "bm25") == level(other, "bm25")
    ranks = [one.reference_tables("untrained")["dev"]["R@100"].sum() for one in (run, other)]
    assert len(ranks) == 2
    assert not run.reference_tables("untrained")["dev"].equals(other.reference_tables("untrained")["dev"])


def test_without_a_warm_up_a_run_begins_untrained(store, settings):
    (run,) = train_runs([settings(recipe="random", warmup={"recipe": "none"}, **SAMPLE)], store)
    assert level(run, "untrained", part="sample_mean") == pytest.approx(at(run, 0).mean(), abs=1e-6)
    assert level(run, "start") is None


def test_a_fork_starts_where_its_parent_stood(warmed, store, settings):
    parent, _ = warmed
    (fork,) = train_runs([settings(recipe="random", fork=f"{parent.name}@5", name="fork", **SAMPLE)], store)
    assert fork.evaluations("dev").steps.tolist() == [5, 10, 12]
    assert at(fork, 5) == pytest.approx(at(parent, 5))
    assert level(fork, "start", part="sample_mean") == pytest.approx(at(parent, 5).mean(), abs=1e-6)
    assert level(fork, "untrained") == level(parent, "untrained")


def test_a_resumed_run_has_what_the_uninterrupted_one_has(store, settings):
    (whole,) = train_runs([settings(recipe="random", name="whole", **SAMPLE)], store)

    def interrupt(training):
        if training.step == 7 and training.writer.name == "broken":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_runs([settings(recipe="random", name="broken", **SAMPLE)], store, watch=interrupt)
    broken = resume_run("broken", store)
    assert broken.evaluations("dev").steps.tolist() == whole.evaluations("dev").steps.tolist()
    assert np.array_equal(broken.evaluations("dev").values, whole.evaluations("dev").values)
    assert broken.references() == whole.references()
