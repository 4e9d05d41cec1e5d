"""The page *What-if sampler* in every state, on runs that were really trained."""

from __future__ import annotations

import json
import shlex
import shutil
import time

import pytest
from ance_app import imagined
from ance_app.texts import dataset_of
from ance_app.views.whatif import own_settings

from ance_core.config import FilterConfig
from ance_core.probes.whatif import WhatIf, imagine
from ance_core.runs import Store

from . import store_of_runs as invented
from .negatives_of_runs import STEPS, trained
from .test_app_pages import figures, quiet, text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of ANCE, one of SimANS, and one without pools. Read only."""
    place = tmp_path_factory.mktemp("whatif")
    for recipe in ("ance", "simans", "random"):
        trained(place, recipe)
    return place


def expected(folder, name, step, settings):
    run = Store(folder).run(name)
    return imagine(imagined.situation_of(run, step, dataset_of(run)), settings)


def test_it_shows_what_the_probe_says(open_page, folder):
    app = open_page(folder, "whatif")
    assert quiet(app)
    assert app.selectbox(key="of").options == ["ance", "simans"]
    assert list(figures(app)) == ["whatif/gap", "whatif/query"]
    assert (app.selectbox(key="of").value, app.select_slider(key="at").value) == ("simans", 4)
    found = expected(folder, "simans", 4, WhatIf("simans", 16))
    assert f"{found.false_negatives.mean:.2%} ± {found.false_negatives.half_width:.2%}" in text(app)
    assert f"{found.gradient.mean:.3f} ± {found.gradient.half_width:.3f}" in text(app)


def test_every_slider_counts_and_reaches_the_command(open_page, folder):
    app = open_page(folder, "whatif", of="ance", at="4")
    app.segmented_control(key="draw").set_value("SimANS").run()
    app.slider(key="depth").set_value(12).run()
    app.toggle(key="suggested").set_value(False).run()
    app.select_slider(key="a").set_value(1.0).run()
    app.slider(key="ranks").set_value((2, 10)).run()
    app.selectbox(key="margin").set_value("Absolute").run()
    app.slider(key="absolute_margin").set_value(-2.0).run()
    assert quiet(app)
    filters = FilterConfig(rank_from=2, rank_to=10, absolute_margin=-2.0)
    found = expected(folder, "ance", 4, WhatIf("simans", 12, 1.0, 0.0, filters))
    assert f"{found.loss.mean:.3f} ± {found.loss.half_width:.3f}" in text(app)
    assert shlex.split(app.code[0].value) == [
        "ance", "fork", "ance", "--at", "4", "--recipe", "simans", "--set", "negatives.pool_depth=12",
        "--set", "method.a=1", "--set", "method.b=0", "--set", "negatives.filter.rank_from=2",
        "--set", "negatives.filter.rank_to=10", "--set", "negatives.filter.absolute_margin=-2",
        "--runs", str(folder),
    ]  # fmt: skip


def test_the_link_restores_the_sliders(open_page, folder):
    app = open_page(
        folder, "whatif", of="simans", at="0", draw="SimANS", depth="9", b="0.5", margin="Percentage"
    )
    assert quiet(app)
    assert app.slider(key="depth").value == 9
    assert app.selectbox(key="margin").value == "Percentage"
    assert app.select_slider(key="at").value == 0


def test_sliders_beyond_what_another_run_has_are_forgotten(open_page, folder, tmp_path):
    for name in ("ance", "simans"):
        shutil.copytree(folder / name, tmp_path / name)
    trained(tmp_path, "ance", "shallow", negatives={"pool_depth": 4})
    app = open_page(tmp_path, "whatif", of="ance", depth="14")
    app.slider(key="ranks").set_value((3, 11)).run()
    app.selectbox(key="of").set_value("shallow").run()
    assert quiet(app)
    assert app.slider(key="depth").value == 4
    assert app.slider(key="ranks").value == (1, 4)


def test_filters_that_leave_nothing_say_so(open_page, folder):
    app = open_page(folder, "whatif", margin="Highest score")
    slider = app.slider(key="max_score")
    slider.set_value(slider.min).run()
    assert quiet(app)
    assert "leave no query a candidate" in app.info[0].value
    assert "no candidate" in text(app)


def test_without_pools_it_says_how_to_get_them(open_page, tmp_path):
    trained(tmp_path, "random")
    app = open_page(tmp_path, "whatif")
    assert quiet(app)
    assert "ance train --recipe ance" in app.info[0].value


def test_without_hidden_relevants_or_a_snapshot_it_says_so(open_page, tmp_path):
    trained(tmp_path, "ance", labels_per_query=None, record={"snapshot_every": 0})
    app = open_page(tmp_path, "whatif")
    assert quiet(app)
    assert "no draw can be known to be a false negative" in text(app)
    assert "no gradient norm is known" in text(app)


def test_another_dataset_than_the_trained_one_is_told(open_page, folder, tmp_path):
    shutil.copytree(folder / "ance", tmp_path / "ance")
    path = tmp_path / "ance" / "run.json"
    info = json.loads(path.read_text())
    info["dataset"]["fingerprint"] = "0" * 16
    path.write_text(json.dumps(info))
    app = open_page(tmp_path, "whatif")
    assert quiet(app)
    assert "trained on another content of tiny" in app.info[0].value


def test_torn_pools_are_one_sentence(open_page, folder, tmp_path):
    shutil.copytree(folder / "ance", tmp_path / "ance")
    for pools in (tmp_path / "ance" / "pools").iterdir():
        pools.write_bytes(pools.read_bytes()[:50])
    app = open_page(tmp_path, "whatif")
    assert not app.exception
    assert "cannot be read" in app.error[0].value
    assert "choose another step" in app.error[0].value


def test_the_runs_own_draw_is_named_as_what_it_is(folder):
    ance, simans = (Store(folder).run(name) for name in ("ance", "simans"))
    known = imagined.situation_of(ance, 0, dataset_of(ance))
    assert own_settings(ance, known) == (WhatIf("ance", 16), "as this run draws")
    assert own_settings(simans, known) == (WhatIf("simans", 16, None, 0.0), "as this run draws")
    simans.info["config"]["method"]["form"] = "laplace"
    assert own_settings(simans, known)[1] == "all candidates alike"


def test_a_fork_beyond_the_last_step_is_as_long_again(folder):
    run = Store(folder).run("ance")
    fork = imagined.fork_of(run, STEPS, WhatIf("ance", 8))
    assert (fork.at, fork.steps) == (STEPS, 2 * STEPS)
    assert imagined.fork_of(run, 7, WhatIf("ance", 8)).at == 4


def test_the_button_trains_the_fork(open_page, folder, tmp_path):
    shutil.copytree(folder / "ance", tmp_path / "ance")
    app = open_page(tmp_path, "whatif", at="8", draw="SimANS")
    app.button(key="train").click().run()
    assert quiet(app)
    assert "has been started" in app.toast[0].value
    wait(lambda: not app.session_state["forks"][0].running)
    app.run()
    assert quiet(app)
    fork = next(run for run in Store(tmp_path).runs() if run.info["config"]["fork"])
    assert fork.info["config"]["fork"] == "ance@8"
    assert fork.info["recipe"] == "simans"
    assert fork.status().state == "finished"


def test_a_fork_that_fails_says_why(open_page, folder, tmp_path, monkeypatch):
    shutil.copytree(folder / "ance", tmp_path / "ance")
    monkeypatch.setattr(imagined.Fork, "arguments", lambda self: ["fork", "nobody", "--runs", str(tmp_path)])
    app = open_page(tmp_path, "whatif")
    app.button(key="train").click().run()
    wait(lambda: not app.session_state["forks"][0].running)
    app.run()
    assert not app.exception
    assert "nobody" in app.error[0].value


def wait(done) -> None:
    for _ in range(1200):
        if done():
            return
        time.sleep(0.05)
    pytest.fail("the fork did not end within a minute")


def test_a_live_run_without_pools_yet_says_so(open_page, tmp_path):
    with invented.begun(tmp_path, "ance"):
        app = open_page(tmp_path, "whatif")
        assert quiet(app)
        assert "nothing to draw from" in app.info[0].value
