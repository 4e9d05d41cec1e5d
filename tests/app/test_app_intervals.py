"""Intervals, reference levels and the sentence of *Convergence*: as functions, and in the page with real small runs."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from ance_app import levels as level_module
from ance_app.charts import captions, intervals, measures
from ance_app.charts.curves import Drawing, curves
from ance_app.charts.ends import LEAST_SPAN, Level, apart, axis_range, evaluation_figure
from ance_app.charts.groups import Member, by_method
from ance_app.source import Source
from ance_app.tables import final

from ance_core.experiments.statistics import crossed_mean
from ance_core.runs import Store
from ance_core.runs.evaluations import PerQuery
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from .test_app_pages import figures, names, quiet, text

RR = measures.EVALUATIONS["RR@10"]
STEPS = np.array([0, 10, 20])
QUERIES = tuple(f"q{i}" for i in range(40))


def recorded(seed: int, level: float, steps: Sequence[int] = STEPS) -> PerQuery:
    draws = np.random.default_rng(seed).uniform(-0.2, 0.2, (len(steps), len(QUERIES)))
    rise = level * np.arange(len(steps))[:, None] / 4
    return PerQuery(QUERIES, np.array(steps), (0.3 + rise + draws).astype(np.float32))


def drawn_of(found: dict[str, PerQuery], members: Sequence[Member]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "run": run,
                "step": of.steps,
                "value": of.values.mean(axis=1),
                "seconds": of.steps,
                "examples": 1,
            }
        )
        for run, of in found.items()
    ]
    return curves(pd.concat(parts), by_method(members), Drawing(band="none"))


TWO = {"a0": recorded(0, 1.0), "a1": recorded(1, 1.0), "r0": recorded(2, 0.2)}
MEMBERS = (Member("a0", "ance", 0), Member("a1", "ance", 1), Member("r0", "random", 0))


class TestIntervals:
    def test_each_step_has_the_interval_of_its_values(self):
        drawn = intervals.with_intervals(drawn_of(TWO, MEMBERS), by_method(MEMBERS), TWO)
        for label, runs in (("ance", ["a0", "a1"]), ("random", ["r0"])):
            own = drawn[drawn["group"] == label]
            for step in range(3):
                expected = crossed_mean(np.stack([TWO[run].values[step] for run in runs]))
                got = [own.loc[own["role"] == role, "value"].iloc[step] for role in ("line", "low", "high")]
                assert got == pytest.approx([expected.mean, expected.low, expected.high], abs=1e-6)

    def test_a_group_with_an_older_run_has_none(self):
        found = {"a0": TWO["a0"], "r0": TWO["r0"]}
        groups = by_method(MEMBERS)
        drawn = intervals.with_intervals(drawn_of(TWO, MEMBERS), groups, found)
        assert set(drawn.loc[drawn["role"] == "low", "group"]) == {"random"}
        assert intervals.without_interval(groups, found) == ["ance"]

    def test_arms_end_at_their_own_last_step(self):
        made, step = intervals.arms(by_method(MEMBERS), TWO, frozenset())
        assert (step, [arm.label for arm in made]) == (None, ["random", "ance"])
        assert set(made[1].last) == {0, 1}
        assert np.array_equal(made[1].last[1], TWO["a1"].values[-1])
        assert np.array_equal(made[0].first[0], TWO["r0"].values[0])

    def test_while_one_trains_all_are_compared_where_it_stands(self):
        found = TWO | {"a1": recorded(1, 1.0, STEPS[:2])}
        made, step = intervals.arms(by_method(MEMBERS), found, frozenset({"a1"}))
        assert step == 10
        assert np.array_equal(made[0].last[0], TWO["r0"].values[1])
        begun = TWO | {"a1": recorded(1, 1.0, STEPS[:1])}
        assert intervals.arms(by_method(MEMBERS), begun, frozenset({"a1"})) == ([], None)

    def test_runs_are_paired_on_the_queries_all_have(self):
        fewer = PerQuery(QUERIES[:0:-1], STEPS, TWO["r0"].values[:, :0:-1])
        made, _ = intervals.arms(by_method(MEMBERS), TWO | {"r0": fewer}, frozenset())
        assert np.array_equal(np.sort(made[0].last[0]), np.sort(TWO["r0"].values[-1, 1:]))
        assert len(made[1].last[0]) == len(QUERIES) - 1

    def test_what_ended_early_is_not_compared(self):
        members = [*MEMBERS[:2], Member("r0", "random", 0, cut_short=True)]
        made, _ = intervals.arms(by_method(members), TWO, frozenset())
        assert [arm.label for arm in made] == ["ance"]


class TestFigure:
    levels: ClassVar = {
        ("bm25", "BM25 alone"): 0.05,
        ("start", "Shared start"): 0.3,
        ("untrained", "Untrained"): 0.051,
    }

    def figure(self, interval="ends", levels=None):
        groups = by_method(MEMBERS)
        drawn = intervals.with_intervals(drawn_of(TWO, MEMBERS), groups, TWO)
        return drawn, evaluation_figure(drawn, groups, RR, "step", interval, levels or {})

    def test_whiskers_stand_beside_the_curves_the_highest_first(self):
        drawn, made = self.figure()
        ends = [trace for trace in made.data if trace.xaxis == "x2"]
        assert [trace.name for trace in ends] == ["ance: end", "random: end"]
        last = drawn[(drawn["group"] == "ance") & (drawn["step"] == 20)].set_index("role")["value"]
        assert ends[0].y[0] + ends[0].error_y.array[0] == pytest.approx(last["high"])
        assert ends[0].y[0] - ends[0].error_y.arrayminus[0] == pytest.approx(last["low"])
        assert made.layout.xaxis.domain[1] < made.layout.xaxis2.domain[0]
        assert [t.name for t in made.data if t.showlegend is None] == ["random", "ance"]

    @pytest.mark.parametrize("interval", ["ends", "bands", "none"])
    def test_the_axis_holds_intervals_and_levels_whatever_is_drawn(self, interval):
        drawn, made = self.figure(interval, self.levels)
        low, high = made.layout.yaxis.range
        assert low < 0.05
        top = drawn["value"].max()
        assert top > drawn.loc[drawn["role"] == "line", "value"].max()
        assert high >= min(top, 1.03)  # two seeds can have an interval beyond 1, where no score is
        bands = [trace.name for trace in made.data if "band" in (trace.name or "")]
        assert len(bands) == (2 if interval == "bands" else 0)
        assert bool([t for t in made.data if t.xaxis == "x2"]) == (interval == "ends")

    def test_levels_are_lines_with_names_that_do_not_touch(self):
        _, made = self.figure("ends", self.levels)
        assert sorted(shape.y0 for shape in made.layout.shapes) == [0.05, 0.051, 0.3]
        assert len({shape.line.dash for shape in made.layout.shapes}) == 3
        low, high = made.layout.yaxis.range
        at = {a.text: a.y / (high - low) * 320 + a.yshift for a in made.layout.annotations}
        assert at["Untrained"] - at["BM25 alone"] >= 14

    def test_noise_alone_does_not_fill_the_axis(self):
        low, high = axis_range(np.array([0.5, 0.502]))
        assert high - low == pytest.approx(LEAST_SPAN)
        for values in ([0.99, 1.0], [0.0, 0.01], [0.0, 1.0], []):
            low, high = axis_range(np.array(values))
            assert high - low >= LEAST_SPAN - 1e-9
            assert all(-0.2 < low <= value <= high < 1.2 for value in values)

    def test_names_are_moved_apart_and_keep_their_order(self):
        places = np.array([0.0, 1.0, 1.5, 40.0, 100.0])
        moved = apart(places, 15.0)
        assert (np.diff(moved) >= 15 - 1e-9).all()
        assert moved[-1] == 100.0
        assert moved[:3].mean() == pytest.approx(places[:3].mean())


class TestWords:
    def said(self, members=MEMBERS, interval="ends", without=()):
        return captions.intervals(by_method(members), interval, without, 40, 3)

    def test_the_caption_says_what_an_interval_is_over(self):
        assert "over the 40 queries of the sample, for this seed only" in self.said([MEMBERS[0]])
        assert "over seeds and the 40 queries of the sample (crossed-variance t)" in self.said(MEMBERS[:2])
        assert "over queries alone where a line has one seed" in self.said()
        assert "Bands are 95 % intervals" in self.said(interval="bands")
        assert "interval" not in self.said(interval="none").replace("intervals overlap", "")
        assert "Holm-corrected over 3 comparisons" in self.said()

    def test_older_runs_are_named(self):
        said = self.said(without=["ance"])
        assert "No interval for ance: recorded before runs kept what single queries score." in said

    def test_the_best_of_a_column_may_be_a_reference(self):
        table = pd.DataFrame(
            [("ance", "test", "RR@10", 1, 0.4, np.nan)],
            columns=["method", "split", "measure", "runs", "mean", "half_width"],
        )
        level = Level("bm25", "BM25 <alone>", {}, {("test", "RR@10"): 0.6})
        html = final(table, by_method(MEMBERS[:1]), "test", [level])
        assert "<b>0.600</b>" in html
        assert "<b>0.400</b>" not in html
        assert "BM25 &lt;alone&gt;" in html
        assert html.count('class="ance-reference"') == 1
        assert "ance-reference" not in final(table, by_method(MEMBERS[:1]), "test", [])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods of two seeds and one that scores by cosines, trained on `tiny` for a dozen steps."""
    folder = tmp_path_factory.mktemp("real")
    small = {
        "data": "tiny", "encoder": {"width": 16, "dim": 16, "vocab_size": 400}, "batch_size": 8, "steps": 12,
        "warmup": {"steps": 5}, "negatives": {"pool_depth": 10},
        "record": {"eval_every": 5, "snapshot_every": 0, "checkpoint_every": 0},
    }  # fmt: skip
    configs = [resolve(small | {"recipe": r, "seed": s}) for r in ("random", "ance") for s in (0, 1)]
    for config in [*configs, resolve(small | {"recipe": "dance", "seed": 0})]:
        train_runs([config], Store(folder, create=True))
    return folder


@pytest.fixture
def older(real: Path, tmp_path: Path) -> Path:
    """The same as runs were recorded before."""
    folder = tmp_path / "older"
    shutil.copytree(real, folder)
    for log in folder.glob("*/log.sqlite"):
        with closing(sqlite3.connect(log)) as connection:
            for table in ("evaluations", "reference_levels", "queries"):
                connection.execute(f"DROP TABLE {table}")
    return folder


def test_the_page_shows_intervals_levels_and_the_sentence(open_page, real):
    app = open_page(real, "convergence")
    assert quiet(app)
    figure = figures(app)["dev/RR@10"]
    assert names(figure) == ["random", "ance", "dance"]
    assert sum(trace.get("xaxis") == "x2" for trace in figure["data"]) == 3
    assert [a["text"] for a in figure["layout"]["annotations"]].count("BM25 alone") == 1
    assert {a["text"] for a in figure["layout"]["annotations"]} == {"BM25 alone", "Untrained", "Shared start"}
    shown = text(app)
    assert '<p class="ance-finding">O' in shown
    assert "dance scores by another similarity" in shown
    assert shown.count('<tr class="ance-reference">') == 3
    for interval in ("Bands", "No interval"):
        drawn = figures(open_page(real, "convergence", interval=interval))["dev/RR@10"]["data"]
        assert not [trace for trace in drawn if trace.get("xaxis") == "x2"]
        assert any("(band)" in trace["name"] for trace in drawn) == (interval == "Bands")


@pytest.mark.parametrize("view", [{"lines": "Each run"}, {"x": "Seconds"}, {"measure": "R@100"}])
def test_other_views_have_intervals_too(open_page, real, view):
    app = open_page(real, "convergence", **view)
    assert quiet(app)
    figure = figures(app)[f"dev/{view.get('measure', 'RR@10')}"]
    assert sum(t.get("xaxis") == "x2" for t in figure["data"]) == (5 if "lines" in view else 3)
    assert '<p class="ance-finding">' in text(app)


def test_runs_of_before_are_shown_without_and_the_page_says_so(open_page, older):
    app = open_page(older, "convergence")
    assert quiet(app)
    figure = figures(app)["dev/RR@10"]
    assert "annotations" not in figure["layout"]
    assert not [trace for trace in figure["data"] if trace.get("xaxis") == "x2"]
    shown = text(app)
    assert "No interval for random, ance and dance: recorded before" in shown
    assert '<p class="ance-finding">' not in shown
    assert '<tr class="ance-reference">' not in shown
    assert quiet(open_page(older, "runs"))


def test_runs_has_the_references_in_its_columns(open_page, real):
    shown = text(open_page(real, "runs"))
    for label in ("BM25 alone", "Untrained", "Shared start"):
        assert shown.count(f"{label}<small>reference</small>") == 1


class TestLevels:
    def levels(self, folder: Path, *only: str) -> dict[str, Level]:
        source = Source(folder)
        shown = [run for run in source.summaries() if run.kind != "warmup" and (run.name in only or not only)]
        return {level.reference: level for level in level_module.levels(source, shown)}

    def test_means_over_seeds_of_what_runs_recorded(self, real):
        found = self.levels(real)
        assert list(found) == ["bm25", "untrained", "start"]
        store = Store(real)
        starts = [store.run(f"random-tiny-s{seed}").evaluations("dev").values[0].mean() for seed in (0, 1)]
        assert found["start"].sample["dev", "RR@10"] == pytest.approx(np.mean(starts), abs=1e-5)
        assert found["start"].others == ("dance",)
        assert found["start"].whole["test", "RR@10"] > 0

    def test_a_start_that_is_not_shared_has_no_line(self, real, tmp_path):
        folder = tmp_path / "runs"
        shutil.copytree(real, folder)
        small = Store(folder).run("random-tiny-s0").info["config"]
        other = small | {"name": "other", "warmup": small["warmup"] | {"steps": 3}}
        train_runs([resolve(other)], Store(folder))
        assert list(self.levels(folder, "random-tiny-s0", "other")) == ["bm25", "untrained"]

    def test_one_run_of_before_among_others_hides_no_bm25(self, real, older, tmp_path):
        folder = tmp_path / "mixed"
        shutil.copytree(real, folder)
        shutil.rmtree(folder / "random-tiny-s1")
        shutil.copytree(older / "random-tiny-s1", folder / "random-tiny-s1")
        found = self.levels(folder)
        assert list(found) == ["bm25", "untrained", "start"]  # ance of that seed recorded its start

    def test_none_before_anything_was_recorded(self, older):
        assert self.levels(older) == {}
