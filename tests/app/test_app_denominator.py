"""*Negatives*, In the denominator: what is offered, a step repeated from the page, and what is shown of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from html import escape

import pytest
from ance_app import explained as asked
from ance_app import prober
from ance_app.charts import denominator as figures_of
from ance_app.theme import look
from ance_app.views import denominator, denominator_terms

from ance_core.experiments.explain import explain
from ance_core.experiments.explanation import Explanation
from ance_core.runs import Run, Store, explained

from .negatives_of_runs import STEPS, trained
from .test_app_pages import figures, quiet, text

QUESTION = "In the denominator"
RECIPES = {
    "ance": {
        "negatives": {"pool_depth": 10, "filter": {"rank_from": 2, "rank_to": 9}},
        "labels_per_query": 2,
    },
    "in-batch": {"labels_per_query": 1},
    "dance": {"negatives": {"pool_depth": 10}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of each kind of loss. Read only."""
    place = tmp_path_factory.mktemp("denominator")
    for recipe, changes in RECIPES.items():
        trained(place, recipe, record={"eval_every": 50, "snapshot_every": 0}, **changes)
    return place


@pytest.fixture
def no_job():
    """No repetition is left at work by a test."""
    yield
    prober.stop_all()


def answered(place, name: str, query: str | None = None) -> tuple[Run, Explanation]:
    """The run, and what its last use of a query was, kept as the page's own process keeps it."""
    run = Store(place).run(name)
    found = explain(run, query or next(iter(asked.offered(run).rows)))
    explained.write(run.folder, found.step, found.query, found.facts())
    return run, found


def copied(folder, place, name: str):
    shutil.copytree(folder / name, place / name)
    return place


def test_offered_are_the_queries_and_steps_of_the_records(folder):
    for name in RECIPES:
        run = Store(folder).run(name)
        there, records = asked.offered(run), run.negatives()
        assert {there.row(query) for query in there.rows} == set(records["query"])
        for query in list(there.rows)[:5]:
            used = sorted(set(records.loc[records["query"] == there.row(query), "step"]), reverse=True)
            assert there.uses(query) == used


def test_a_step_is_repeated_from_the_page_and_then_shown_at_once(open_page, folder, tmp_path, no_job):
    place = copied(folder, tmp_path, "ance")
    app = open_page(place, "negatives", question=QUESTION)
    assert quiet(app)
    there = asked.offered(Store(place).run("ance"))
    query = next(iter(there.rows))
    step = there.uses(query)[0]
    assert app.selectbox(key="use").value == step
    assert f"ance explain ance {query} --step {step}" in app.code[0].value
    app.button(key="repeat-start").click().run()
    assert quiet(app)
    job = prober.job(place, prober.REPEAT)
    assert f"Repeating **ance** at step {step}" in app.get("progress")[0].proto.text
    with pytest.raises(
        prober.AnceError, match=r"^The repetition of step .* is under way: wait until it has ended"
    ):
        prober.start(place, "ance", STEPS)
    assert job.process.wait(timeout=240) == 0, job._text("err")
    app.run()
    assert quiet(app)
    assert prober.job(place, prober.REPEAT) is None
    shown = text(app)
    found = explain(Store(place).run("ance"), query)
    kept = asked.answer(Store(place).run("ance"), step, there.row(query))
    assert kept is not None
    assert kept.agreement == found.agreement
    assert kept.funnels == found.funnels
    assert kept.terms.astype(object).equals(found.terms.astype(object)[kept.terms.columns])
    assert "As it was" in shown
    assert "1 of 1 records equal to the bit" in shown
    assert found.funnels[0].sentence() in shown
    assert "negatives.filter.rank_from 2" in figures(app)["denominator/pool own"]["data"][0]["customdata"][3]
    again = open_page(place, "negatives", question=QUESTION)
    assert "denominator/weights" in figures(again)
    assert again.button(key="repeat-start").label == "Repeat it again"


def test_every_term_stands_in_the_table_with_its_numbers_and_flags(open_page, folder, tmp_path):
    place = copied(folder, tmp_path, "in-batch")
    run = Store(place).run("in-batch")
    for query in asked.offered(
        run
    ).rows:  # one with a masked term and a hidden relevant among those that count
        _, found = answered(place, "in-batch", query)
        if (found.terms["masked"] != "").any() and found.terms["hidden"].any():
            break
    else:
        pytest.fail("no query with both")
    app = open_page(place, "negatives", question=QUESTION, asked=query)
    assert quiet(app)
    shown = text(app)
    assert shown.count('data-label="Term"') == denominator.SHOWN + 1  # and the positive
    shown = text(app.toggle(key="all-terms").set_value(True).run())
    assert quiet(app)
    assert shown.count('data-label="Term"') == len(found.terms) + 1
    counted = found.terms[found.terms["masked"] == ""]
    for term in counted.to_dict("records"):
        assert escape(term["negative_text"][:40]) in shown
        assert f"{term['weight']:.3g}" in shown
        assert f"{term['grad_norm']:.3g}" in shown
    for reason in set(found.terms["masked"]) - {""}:
        assert shown.count(f"masked: {reason}") == (found.terms["masked"] == reason).sum()
    assert shown.count(">hidden relevant<") == found.terms["hidden"].sum()
    figure = figures(app)["denominator/weights"]
    assert {trace["name"] for trace in figure["data"]} == {"negative", "hidden relevant"}
    assert f"{len(counted)} terms of the loss count" in shown


def test_both_directions_of_dance_are_shown(open_page, folder, tmp_path):
    place = copied(folder, tmp_path, "dance")
    _, found = answered(place, "dance")
    app = open_page(place, "negatives", question=QUESTION)
    assert quiet(app)
    shown = text(app)
    for contrast, title in (("query", "Terms against"), ("document", "Other queries against its document")):
        positive = found.terms.loc[found.terms["contrast"] == contrast, "positive_id"].iloc[0]
        assert f"{title} {positive}" in shown
    assert "query against the document" in {t["name"] for t in figures(app)["denominator/weights"]["data"]}


def test_bars_add_up_to_the_weights_and_the_funnel_to_its_counts(folder, tmp_path):
    place = copied(folder, copied(folder, tmp_path, "in-batch"), "ance")
    _, found = answered(place, "in-batch")
    weights = figures_of.weights_figure(found.terms, look("in-batch"))
    bars = sorted((x for trace in weights.data for x in trace.x), reverse=True)
    assert sum(bars) == pytest.approx(found.terms["weight"].sum())
    assert len(bars) == figures_of.BARS + 1  # the others share one
    _, other = answered(place, "ance")
    funnel = other.funnels[0]
    left, removed = figures_of.funnel_figure(funnel, look("ance")).data
    assert [round(10**x) - 1 for x in left.x] == [stage.left for stage in funnel.stages]
    for base, length, stage in zip(removed.base, removed.x, funnel.stages, strict=True):
        assert round(10 ** (base + length)) - 1 == stage.left + stage.removed
    marked = [i for i, said in enumerate(removed.text) if said.startswith("<b>")]
    assert marked == [i for i, stage in enumerate(funnel.stages) if stage == funnel.most]
    assert len(marked) == 1


def test_texts_are_text_and_not_markup(folder, tmp_path):
    _, found = answered(copied(folder, tmp_path, "ance"), "ance")
    evil = "<img src=x onerror=alert(1)> & **bold**"
    terms = found.terms.assign(negative_text=evil, negative_id="<b>id</b>", positive_id="<i>p</i>")
    shown = denominator_terms.table(denominator_terms.ordered(terms), evil, 30)
    assert "<img" not in shown
    assert "<b>id" not in shown
    assert "<i>p" not in shown
    figure = figures_of.weights_figure(terms, look("ance")).to_json()
    assert "<img" not in figure.encode().decode("unicode_escape")


def test_a_repetition_that_fails_says_why_once(open_page, folder, tmp_path, no_job):
    place = copied(folder, tmp_path, "ance")
    for path in (place / "ance" / "pools").iterdir():
        path.unlink()
    app = open_page(place, "negatives", question=QUESTION)
    app.button(key="repeat-start").click().run()
    prober.job(place, prober.REPEAT).process.wait(timeout=240)
    app.run()
    assert not app.exception
    assert "The repetition of step" in app.error[0].value
    assert "restore it from a copy, or train again" in app.error[0].value
    assert "Traceback" not in app.error[0].value
    assert not app.run().error


@pytest.mark.parametrize("damage", ["{", '{"run": "ance"}', "[]"])
def test_an_answer_that_cannot_be_read_can_be_made_again(open_page, folder, tmp_path, damage):
    place = copied(folder, tmp_path, "ance")
    run, found = answered(place, "ance")
    explained.path_of(run.folder, found.step, found.query).write_text(damage)
    app = open_page(place, "negatives", question=QUESTION)
    assert quiet(app)
    assert "delete it and repeat the step" in app.warning[0].value
    assert app.button(key="repeat-start").label == "Repeat that step"


def test_nothing_to_repeat_is_a_sentence(open_page, folder, tmp_path):
    bare = copied(folder, tmp_path / "bare", "ance")
    shutil.rmtree(bare / "ance" / "checkpoints")
    app = open_page(bare, "negatives", question=QUESTION)
    assert quiet(app)
    assert "ance has no checkpoint" in app.info[0].value
    gone = copied(folder, tmp_path / "gone", "ance")
    info = gone / "ance" / "run.json"
    written = json.loads(info.read_text())
    written["config"]["data"]["name"] = "nowhere-to-be-found"
    info.write_text(json.dumps(written))
    app = open_page(gone, "negatives", question=QUESTION)
    assert quiet(app)
    assert "nowhere-to-be-found" in app.info[0].value


def test_a_run_without_records_can_be_asked_all_the_same(open_page, tmp_path):
    trained(tmp_path, "random", record={"negatives": False, "snapshot_every": 0})
    answered(tmp_path, "random")
    app = open_page(tmp_path, "negatives", question=QUESTION)
    assert quiet(app)
    assert "denominator/weights" in figures(app)


def test_a_query_or_step_that_is_not_offered_falls_back_to_one_that_is(open_page, folder):
    app = open_page(folder, "negatives", question=QUESTION, explained="dance", asked="nobody", use="900")
    assert quiet(app)
    there = asked.offered(Store(folder).run("dance"))
    query = next(iter(there.rows))
    assert app.selectbox(key="asked").value == query
    assert app.selectbox(key="use").value == there.uses(query)[0]


def test_a_resumed_run_forgets_the_steps_it_trains_again(folder, tmp_path):
    run, _ = answered(copied(folder, tmp_path, "ance"), "ance")
    for step in (4, 9):
        explained.write(run.folder, step, 0, {})
    explained.truncate(run.folder, 8)
    assert [path.name for path in (run.folder / explained.FOLDER).iterdir() if "query-0." in path.name] == [
        explained.path_of(run.folder, 4, 0).name
    ]


def test_asking_what_can_be_repeated_loads_no_torch(folder):
    code = (
        "import sys; from pathlib import Path; from ance_app import explained; from ance_core.runs import Store; "
        f"explained.offered(Store(Path({str(folder)!r})).run('ance')); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
