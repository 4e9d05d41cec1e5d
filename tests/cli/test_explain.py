"""`ance explain` for people and for scripts."""

import json

import pytest

from ance_core.runs import Store


def test_what_is_printed_is_what_was_recorded(ance, trained):
    records = Store(trained).run("ance-a").negatives()
    last = records[records["query"] == 0].iloc[-1]
    done = ance("explain", "ance-a", "q01", "--runs", trained)
    assert done.code == 0
    assert f"ance-a, step {last['step']}: query q01, 'How often does the North Light flash?'" in done.out
    assert f"{last['score']:.3f}" in done.out
    assert "negatives.pool_depth 10" in done.out
    assert "1 of 1 records equal to the bit" in " ".join(done.err.split())

    value = json.loads(ance("explain", "ance-a", "q01", "--runs", trained, "--json").out)
    assert value["agreement"]["same"] is True
    (term,) = value["terms"]
    assert term["document"] == last["document"]
    assert term["score"] == pytest.approx(last["score"])
    assert value["step"] == value["uses"][-1] == last["step"]
    assert [stage["left"] for stage in value["funnels"][0]["stages"]][-3:] == [10, 10, 1]


def test_mistakes_are_one_line(ance, trained):
    for words, said in (
        (("ance-a", "nobody"), "query: tiny has none with the id 'nobody'"),
        (("ance-a", "q01", "--step", "900"), "was not in the batch of step 900 of run 'ance-a'; it was at"),
        (("nope", "q01"), "run 'nope'"),
    ):
        done = ance("explain", *words, "--runs", trained)
        assert (done.code, done.out) == (1, "")
        assert said in done.err
        assert done.err.count("\n") == 1


def test_a_notebook_gets_the_same(trained):
    import ance_core

    found = ance_core.explain(Store(trained).run("ance-a"), "q01")
    assert found.terms["negative_text"].str.len().min() > 0
    assert found.agreement.same
