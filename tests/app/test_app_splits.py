"""*Convergence* where collections bring splits of their own; where they do not, nothing is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import store_of_runs as invented
from .test_app_pages import figures, names, quiet, text

UNSEEN = ("dev-unseen", "test-unseen")


@pytest.fixture(scope="module")
def split_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods with four splits; ance has curves of two."""
    folder = tmp_path_factory.mktemp("splits")
    invented.finished(folder, "random", steps=60, splits=UNSEEN)
    invented.finished(folder, "ance", steps=60, splits=UNSEEN, watched=("dev", "dev-unseen"))
    return folder


def test_nothing_is_asked_where_there_is_one_curve_set(open_page, finished_runs):
    app = open_page(finished_runs, "convergence")
    assert not app.selectbox
    assert "Quality on the dev queries" in [heading.value for heading in app.subheader]
    assert [group.options for group in app.get("button_group") if group.key == "split"] == [["Test", "Dev"]]


def test_dev_is_shown_first_and_another_split_can_be_chosen(open_page, split_runs):
    app = open_page(split_runs, "convergence")
    assert quiet(app)
    chosen = app.selectbox(key="queries")
    assert (chosen.value, chosen.options) == ("dev", ["dev", "dev-unseen"])
    assert names(figures(app)["dev/RR@10"]) == ["random", "ance"]
    assert "Not evaluated" not in text(app)

    chosen.set_value("dev-unseen").run()
    assert quiet(app)
    assert "Quality on the dev-unseen queries" in [heading.value for heading in app.subheader]
    assert names(figures(app)["dev-unseen/RR@10"]) == ["ance"]
    assert "Not evaluated on dev-unseen queries while training: random-pydocs-0." in text(app)
    assert "sample of dev-unseen queries" in text(app)


def test_a_link_restores_the_split_and_one_to_a_split_that_is_gone_shows_dev(open_page, split_runs):
    app = open_page(split_runs, "convergence", queries="dev-unseen", measure="R@100")
    assert "dev-unseen/R@100" in figures(app)
    app = open_page(split_runs, "convergence", queries="elsewhere")
    assert quiet(app)
    assert "dev/RR@10" in figures(app)


def test_other_runs_without_that_split_fall_back_to_dev(open_page, split_runs):
    app = open_page(split_runs, "convergence")
    app.selectbox(key="queries").set_value("dev-unseen").run()
    app.multiselect(key="runs").set_value(["random-pydocs-0"]).run()
    assert quiet(app)
    assert not app.selectbox
    assert "dev/RR@10" in figures(app)


@pytest.mark.parametrize("split", ["Test", "Dev", "dev-unseen", "test-unseen"])
def test_final_metrics_of_every_split(open_page, split_runs, split):
    app = open_page(split_runs, "convergence", split=split)
    assert quiet(app)
    (asked,) = (group for group in app.get("button_group") if group.key == "split")
    assert asked.options == ["Test", "Dev", "dev-unseen", "test-unseen"]
    top = invented.CEILING["ance"] + {"Test": 0, "Dev": 0.01, "dev-unseen": -0.1, "test-unseen": -0.12}[split]
    assert f"<b>{top:.3f}</b>" in text(app)


def test_runs_without_dev_curves_show_those_they_have(open_page, tmp_path):
    invented.finished(tmp_path, "ance", steps=60, splits=UNSEEN, watched=("dev-unseen",))
    app = open_page(tmp_path, "convergence")
    assert quiet(app)
    assert "dev-unseen/RR@10" in figures(app)
    assert quiet(open_page(tmp_path, "runs"))


def test_runs_does_not_call_the_curves_a_difference(open_page, split_runs):
    assert "every other setting is the same" in text(open_page(split_runs, "runs"))
