"""STAR as a run: static pool, whole batch, and the two forms of its loss."""

import numpy as np

from ance_core.training.session import train_runs

from .test_session import final_weights


def test_static_and_in_batch_negatives_from_one_mining(store, settings):
    (run,) = train_runs([settings(recipe="star", record={"negatives_per_query": 20})], store)
    assert run.refreshes().step.tolist() == [0]
    negatives = run.negatives()
    assert set(negatives["source"]) == {"static", "in-batch"}
    per_step = negatives.groupby("step")["source"].value_counts().unstack()
    assert (per_step["static"] == 8).all()  # one a query
    # 8 * 7 positives and 8 * 7 hard documents of others, less the judged
    assert per_step["in-batch"].between(1, 112).all()
    assert (negatives.loc[negatives["source"] == "static", "rank"] >= 0).all()
    assert (negatives.loc[negatives["source"] == "in-batch", "index_step"] == -1).all()


def test_the_two_forms_of_the_loss_differ(store, settings):
    code, paper = train_runs(
        [settings(recipe="star", preset=preset) for preset in ("authors_code", "paper")], store
    )
    plain = train_runs([settings(recipe="star", name="plain")], store)[0]
    different = [
        name
        for name, value in final_weights(code).items()
        if not np.array_equal(value, final_weights(paper)[name])
    ]
    assert different
    for name, value in final_weights(code).items():
        np.testing.assert_array_equal(value, final_weights(plain)[name])
    for run in (code, paper):
        assert run.info["init"] == plain.info["init"]
