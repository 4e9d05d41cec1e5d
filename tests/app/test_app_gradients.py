"""The page *Gradients* in every state: what it draws, what it says, and a probe started from it."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest
from ance_app import prober
from ance_app.charts import gradients, gradients_points, gradients_variance
from ance_app.charts.gradients_points import Texts
from ance_app.probed import Probed
from ance_app.source import Source

from ance_core.data import load_dataset
from ance_core.runs import Store, probes

from . import probes_of_runs as measured
from .negatives_of_runs import trained
from .test_app_pages import figures, quiet, text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs with probes at three steps, one with variances. Read only."""
    place = tmp_path_factory.mktemp("probed")
    for method in ("ance", "random"):
        run = measured.tiny_run(place, method)
        measured.probe(run, 0, 50, 100)
    measured.variance(place / "ance-tiny-0", 100)
    return place


@pytest.fixture
def no_job():
    """No probe is left at work by a test."""
    yield
    prober.stop_all()


def test_all_figures_of_a_probe(open_page, folder):
    app = open_page(folder, "gradients", probe="ance-tiny-0")
    assert quiet(app)
    assert not app.warning
    assert set(figures(app)) >= {"ridges", "rank", "difficulty", "bound", "bound over steps", "variance"}
    assert {"probe/total", "probe/embeddings", "probe/head"} <= set(figures(app))
    assert len(app.latex) >= 5  # an equation beside each figure
    shown = text(app)
    assert "36 instances of 12 queries, weights of ance-tiny-0 after step 100" in shown
    assert "Without a full bar" in shown


def test_marks_of_the_ridges_are_those_of_the_numbers(open_page, folder):
    figure = figures(open_page(folder, "gradients", probe="ance-tiny-0", at="50"))["ridges"]
    frame = probes.read(folder / "ance-tiny-0", 50)
    for name, own in frame.groupby("sampler"):
        by_name = {trace["name"]: trace for trace in figure["data"]}
        assert by_name[f"{name}: median"]["x"][0] == pytest.approx(own["total"].median())
        mean = by_name[f"{name}: mean"]
        assert mean["x"][0] == pytest.approx(own["total"].mean())
        assert mean["error_x"]["array"][0] > 0 < mean["error_x"]["arrayminus"][0]
    assert figure["layout"]["xaxis"]["type"] == "log"
    assert figure["layout"]["yaxis"]["ticktext"] == ["random", "bm25", "ance"]


def test_the_pointer_shows_the_texts(open_page, folder):
    figure = figures(open_page(folder, "gradients", probe="ance-tiny-0"))["bound"]
    points = next(trace for trace in figure["data"] if trace["name"] == "bm25")
    first = probes.read(folder / "ance-tiny-0", 100).query("sampler == 'bm25'").iloc[0]
    said, index = points["customdata"][0]
    data = load_dataset("tiny")
    plain = said.replace("<br>", " ")
    assert data.queries[first["query"]][:30] in plain
    assert data.docs[first["document"]][:30] in plain
    assert "withheld from training" in said
    assert index == first.name


def test_the_link_restores_run_step_and_layers(open_page, folder):
    app = open_page(folder, "gradients", probe="random-tiny-0", at="50", layer="Head")
    assert quiet(app)
    assert "weights of random-tiny-0 after step 50" in text(app)
    assert "Norm, head (log scale)" in json.dumps(figures(app)["ridges"])


@pytest.mark.parametrize(
    "link", [{"probe": "gone"}, {"at": "7"}, {"layer": "Middle"}, {"runs": "random-tiny-0"}]
)
def test_a_link_to_what_is_not_there_shows_what_is(open_page, folder, link):
    app = open_page(folder, "gradients", **link)
    assert quiet(app)
    assert "ridges" in figures(app)


def test_another_run_may_have_other_steps(open_page, folder, tmp_path):
    for name in ("ance", "random"):
        run = measured.tiny_run(tmp_path, name)
        measured.probe(run, *((10, 20) if name == "ance" else (20, 30)))
    app = open_page(tmp_path, "gradients", probe="ance-tiny-0", at="10")
    app.selectbox(key="probe").select("random-tiny-0").run()
    assert quiet(app)
    assert app.selectbox(key="at").value in (20, 30)


def test_without_a_probe_it_gives_the_command_and_draws_what_the_log_has(open_page, tmp_path):
    measured.tiny_run(tmp_path / "my runs")
    app = open_page(tmp_path / "my runs", "gradients")
    assert quiet(app)
    assert "No probe yet" in [heading.value for heading in app.subheader]
    assert app.code[0].value == f"ance probe ance-tiny-0 --runs '{tmp_path / 'my runs'}' --at 100"
    assert app.button(key="probe-first-start").label == "Measure it now"
    assert "batch gradients" in text(app)
    assert {"grad_norm/embeddings", "grad_norm/head"} <= set(figures(app))


def test_one_probe_is_no_course(open_page, tmp_path):
    measured.probe(measured.tiny_run(tmp_path), 100)
    app = open_page(tmp_path, "gradients")
    assert quiet(app)
    assert "one probe only" in text(app)
    assert {"ridges", "grad_norm/head"} <= set(figures(app))
    assert not any(key.startswith("probe/") for key in figures(app))
    assert "has not been measured yet" in text(app)
    assert any("--variance 8" in code.value for code in app.code)


def test_a_run_without_checkpoint_is_told_so(open_page, tmp_path):
    measured.tiny_run(tmp_path, checkpoint=False)
    app = open_page(tmp_path, "gradients")
    assert quiet(app)
    assert "has no checkpoint" in text(app)
    assert not app.button


def test_a_damaged_file_is_a_sentence_and_the_others_are_shown(open_page, tmp_path):
    run = measured.tiny_run(tmp_path)
    measured.probe(run, 0, 50, 100)
    measured.variance(run, 50)
    probes.probe_path(run, 100).write_bytes(b"cut off")
    probes.variance_path(run, 50).write_text("{")
    app = open_page(tmp_path, "gradients")
    assert quiet(app)
    assert "delete it and probe again" in app.warning[0].value
    assert "ridges" not in figures(app)
    app.selectbox(key="at").select(50).run()
    assert quiet(app)
    assert {"ridges", "probe/head"} <= set(figures(app))
    said = " ".join(warning.value for warning in app.warning)
    assert "probe again with --variance" in said
    assert "step-00000100.parquet" in text(app)  # left out of the course, and said so


def test_norms_of_zero_are_counted(open_page, tmp_path):
    run = measured.tiny_run(tmp_path)
    frame = measured.table(100)
    frame.loc[:2, ["total", "output", "band/head"]] = 0.0
    frame.loc[frame["sampler"] == "bm25", "total"] = 1.0  # all equal: no density, no correlation
    probes.write(run, 100, frame)
    app = open_page(tmp_path, "gradients")
    assert quiet(app)
    assert "3 instances with a norm of exactly 0" in text(app)
    assert "–" in text(app)


def test_a_probe_is_started_watched_and_shown(open_page, tmp_path, no_job):
    trained(tmp_path, "ance", "mine")
    app = open_page(tmp_path, "gradients")
    app.button(key="probe-first-start").click().run()
    assert quiet(app)
    job = prober.job(tmp_path)
    assert job is not None
    assert "Probing **mine** at step" in app.get("progress")[0].proto.text
    assert app.button(key="probe-first-start").disabled
    assert job.process.wait(timeout=120) == 0, job._text("err")
    share, doing = job.progress()
    assert 0.5 < share < 1
    assert doing.endswith("is measured")
    app.run()
    assert quiet(app)
    assert prober.job(tmp_path) is None
    assert "ridges" in figures(app)
    assert {"random", "ance", "simans"} <= set(probes.read(tmp_path / "mine", job.step)["sampler"])


def test_a_probe_that_fails_says_why_once(open_page, tmp_path, no_job):
    measured.tiny_run(tmp_path)  # its checkpoint has no weights
    app = open_page(tmp_path, "gradients")
    app.button(key="probe-first-start").click().run()
    job = prober.job(tmp_path)
    job.process.wait(timeout=120)
    app.run()
    assert not app.exception
    assert "The probe of ance-tiny-0 at step 100 ended without a result: " in app.error[0].value
    assert "Traceback" not in app.error[0].value
    assert not app.run().error


def test_one_probe_at_a_time_and_it_can_be_stopped(open_page, tmp_path, no_job):
    measured.tiny_run(tmp_path)
    app = open_page(tmp_path, "gradients")
    app.button(key="probe-first-start").click().run()
    job = prober.job(tmp_path)
    with pytest.raises(prober.AnceError, match="is under way: wait until it has ended"):
        prober.start(tmp_path, "ance-tiny-0", 100)
    app.button(key="probe-stop").click().run()
    assert prober.job(tmp_path) is None
    assert job.process.poll() is not None


def test_the_page_sees_a_probe_that_appears(open_page, tmp_path):
    run = measured.tiny_run(tmp_path)
    app = open_page(tmp_path, "gradients")
    before = app.session_state["_probes"]
    measured.probe(run, 50)
    assert app.run().session_state["_probes"] != before
    assert "ridges" in figures(app)


def test_a_probe_is_read_again_only_when_it_changed(tmp_path):
    run = measured.tiny_run(tmp_path)
    measured.probe(run, 100)
    probed = Probed(Source(tmp_path))
    first = probed.means("ance-tiny-0", 100)
    assert probed.means("ance-tiny-0", 100) is first
    measured.probe(run, 100, samplers={"random": 1.0})
    assert list(probed.means("ance-tiny-0", 100).index) == ["random"]


def test_densities_have_area_one_per_factor_of_ten():
    curves = gradients.densities(measured.table(3), "total")
    for name, own in curves.groupby("sampler"):
        area = np.trapezoid(own["density"], np.log10(own["norm"]))
        assert area == pytest.approx(1, abs=0.01), name


def test_thinning_keeps_each_sampler_and_its_extremes():
    frame = measured.table(3)
    few = gradients_points.thin(frame, 12)
    assert len(few) <= 12
    for name, own in frame.groupby("sampler"):
        kept = few[few["sampler"] == name]["total"]
        assert {own["total"].min(), own["total"].max()} <= set(kept)
    assert gradients_points.thin(frame, 36) is frame


def test_texts_in_hovers_are_text_not_markup_and_short():
    row = measured.table(3).iloc[1].to_dict()
    said = gradients_points.hover(row, Texts(["<b>bold</b> " * 200] * 20, ["a & b"] * 30))
    assert "&lt;b&gt;bold" in said
    assert "a &amp; b" in said
    assert len(said) < 900
    assert "query in row 1" in gradients_points.hover(row, Texts())


def test_bars_reach_from_the_optimum_to_the_variance(folder):
    table = gradients_variance.rows(probes.read_variance(folder / "ance-tiny-0", 100))
    weighted, as_run, bias = gradients_variance.bars(table).data
    assert list(weighted.y) == ["random", "bm25", "p ∝ output norm"]
    assert weighted.base == as_run.base == 1
    assert weighted.x[0] + 1 == pytest.approx(3.0)
    assert math.isnan(weighted.x[1])
    assert list(np.add(as_run.x, 1)) == pytest.approx([3, 12, 20])
    assert list(bias.x) == [0, 1.5, 2]


def test_seeds_of_a_method_are_one_line(open_page, tmp_path):
    for seed in (0, 1):
        measured.probe(measured.tiny_run(tmp_path, "ance", seed), 50, 100)
    figure = figures(open_page(tmp_path, "gradients"))["probe/total"]
    line = next(trace for trace in figure["data"] if trace["name"] == "ance")
    frames = [probes.read(Store(tmp_path).run(f"ance-tiny-{seed}").folder, 100) for seed in (0, 1)]
    means = [frame[frame["sampler"] == "ance"]["total"].mean() for frame in frames]
    y = np.frombuffer(base64.b64decode(line["y"]["bdata"]), line["y"]["dtype"])
    assert y[-1] == pytest.approx(np.mean(means))


def test_samplers_under_one_runs_weights(open_page, folder):
    app = open_page(folder, "gradients", norm_lines="All samplers, one run", probe="ance-tiny-0")
    assert quiet(app)
    assert app.get("button_group")
    lines = {trace["name"] for trace in figures(app)["probe/head"]["data"]}
    assert {"random", "bm25", "ance"} <= lines


def test_samplers_measured_once_are_no_course(open_page, tmp_path):
    run = measured.tiny_run(tmp_path)
    measured.probe(run, 50, samplers={"ance": 0.0})
    measured.probe(run, 100)
    app = open_page(tmp_path, "gradients")
    assert quiet(app)
    assert not app.get("button_group")
    assert [trace["name"] for trace in figures(app)["probe/total"]["data"]] == ["ance"]


def test_norms_and_distances_stand_side_by_side(open_page, tmp_path):
    measured.tiny_run(tmp_path, "ance", moved=True)
    measured.tiny_run(tmp_path, "random")
    app = open_page(tmp_path, "gradients")
    assert quiet(app)
    drawn = figures(app)
    (line,) = drawn["weights/distance"]["data"]
    logged = Store(tmp_path).run("ance-tiny-0").scalars(["weights/distance"])
    y = np.frombuffer(base64.b64decode(line["y"]["bdata"]), line["y"]["dtype"])
    assert y.tolist() == logged["value"].tolist()
    names = {str(trace.get("name")) for trace in drawn["grad_norm/total"]["data"]}
    assert "ance" in names
    assert not any("random" in name for name in names)
    assert "gradients three times as large move the weights equally far, under SGD they do not" in text(app)
    assert "therefore not drawn: random-tiny-0" in text(app)


def test_runs_from_before_distances_were_logged_say_so_and_draw_nothing(open_page, tmp_path):
    measured.probe(measured.tiny_run(tmp_path), 100)
    app = open_page(tmp_path, "gradients")
    assert quiet(app)
    assert not {"weights/distance", "grad_norm/total"} & set(figures(app))
    assert any("trained before the distance of the weights" in info.value for info in app.info)
