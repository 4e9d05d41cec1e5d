"""Curves, smoothing, grouping, figures and exports, without Streamlit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ance_app.charts import captions, export, measures
from ance_app.charts.curves import MOST_POINTS, Drawing, curves, edges
from ance_app.charts.figures import RAW_POINTS, camera, curves_figure, refresh_marks
from ance_app.charts.groups import Member, by_method, by_run
from ance_app.charts.smoothing import smooth, thin


def table(**runs: list[float]) -> pd.DataFrame:
    """Values of runs at the steps 1, 2, ...; half a second and 32 queries a step."""
    parts = []
    for run, values in runs.items():
        steps = np.arange(1, len(values) + 1)
        columns = {"run": run, "step": steps, "value": values, "seconds": steps / 2, "examples": steps * 32}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def seeds(method: str, *names: str, **settings) -> list[Member]:
    return [Member(name, method, seed, settings) for seed, name in enumerate(names)]


def values(drawn: pd.DataFrame, role: str) -> list[float]:
    return drawn.loc[drawn["role"] == role, "value"].tolist()


class TestSmoothing:
    def test_centred_mean_is_the_mean_of_its_window(self):
        noisy = np.array([0.0, 4.0, 2.0, 6.0, 8.0, 1.0, 3.0])
        smoothed = smooth(np.arange(7), noisy, window=2, kind="centred")
        assert smoothed[3] == pytest.approx((2 + 6 + 8) / 3)
        # Nothing lies before the first step: its window holds itself alone (half a step either side).
        assert smoothed[0] == 0.0

    def test_a_straight_line_is_kept_away_from_the_ends(self):
        line = np.arange(100) * 0.5
        assert smooth(np.arange(100), line, 21, "centred")[10:-10] == pytest.approx(line[10:-10])

    def test_steps_count_not_rows(self):
        smoothed = smooth(np.array([0, 100, 200]), np.array([1.0, 2.0, 9.0]), window=50, kind="centred")
        assert smoothed.tolist() == [1.0, 2.0, 9.0]

    def test_trailing_mean_equals_its_definition(self):
        steps, noisy = np.array([1, 2, 5, 9]), np.array([3.0, 1.0, 4.0, 1.5])
        smoothed = smooth(steps, noisy, window=6, kind="trailing")
        for i, step in enumerate(steps):
            weights = np.exp(-(step - steps[: i + 1]) / 3)
            assert smoothed[i] == pytest.approx(np.average(noisy[: i + 1], weights=weights))

    def test_trailing_is_not_pulled_to_zero_and_never_looks_ahead(self):
        assert smooth(np.arange(50), np.full(50, 7.0), 25, "trailing") == pytest.approx(np.full(50, 7.0))
        early = np.arange(50.0)
        late = np.where(early < 30, early, 1e6)
        first, second = (smooth(np.arange(50), v, 11, "trailing")[:30] for v in (early, late))
        assert first.tolist() == second.tolist()

    @pytest.mark.parametrize("kind", ["centred", "trailing"])
    def test_a_hole_stays_a_hole_and_spoils_nothing(self, kind):
        holed = np.array([1.0, np.nan, 1.0, 1.0, np.inf, 1.0])
        smoothed = smooth(np.arange(6), holed, 3, kind)
        assert np.isnan(smoothed[1])
        assert np.isinf(smoothed[4])
        assert smoothed[[0, 2, 3, 5]] == pytest.approx(np.ones(4))

    def test_thinning_keeps_peaks_and_ends(self):
        series = np.sin(np.arange(100_000) / 50)
        series[61_234] = 40.0
        rows = thin(series, 1000)
        assert len(rows) <= 1002
        assert {0, 61_234, 99_999} <= set(rows.tolist())
        assert thin(series[:1000], 1000).tolist() == list(range(1000))


class TestGroups:
    def test_seeds_of_one_setting_are_one_group(self):
        group, *others = by_method(seeds("ance", "a", "b", lr=1))
        assert (group.label, [m.run for m in group.members], others) == ("ance", ["a", "b"], [])

    def test_other_settings_are_never_averaged_together(self):
        one, two = by_method([*seeds("ance", "a", every=50), *seeds("ance", "b", every=100)])
        assert (one.label, two.label) == ("ance · every=50", "ance · every=100")
        assert one.look.color == two.look.color
        assert one.look.dash != two.look.dash

    def test_methods_come_in_the_order_they_are_taught(self):
        members = [*seeds("ance", "a"), *seeds("novel", "n"), *seeds("random", "r")]
        assert [group.label for group in by_method(members)] == ["random", "ance", "novel"]
        assert [group.label for group in by_run(members)] == ["r", "a", "n"]


class TestCurves:
    def test_mean_band_and_single_runs(self):
        drawn = curves(table(a=[1, 2, 3], b=[3, 4, 5]), by_method(seeds("ance", "a", "b")), Drawing())
        assert values(drawn, "line") == [2, 3, 4]
        assert (values(drawn, "low"), values(drawn, "high")) == ([1, 2, 3], [3, 4, 5])
        assert values(drawn, "raw") == [1, 2, 3, 3, 4, 5]
        assert set(drawn.loc[drawn["role"] == "line", "runs"]) == {2}

    def test_the_mean_ends_where_the_slowest_run_is(self):
        drawn = curves(table(a=[1, 1, 1], b=[5]), by_method(seeds("ance", "a", "b")), Drawing())
        assert values(drawn, "line") == [3]

    def test_a_run_cut_short_is_drawn_but_not_averaged(self):
        members = [*seeds("ance", "a", "b"), Member("c", "ance", 2, cut_short=True)]
        drawn = curves(table(a=[1, 1], b=[3, 3], c=[90]), by_method(members), Drawing())
        assert values(drawn, "line") == [2, 2]
        assert 90 in values(drawn, "raw")

    def test_seconds_are_averaged_at_equal_steps(self):
        fast, slow = table(a=[1, 1]), table(b=[1, 1]).assign(seconds=[2.5, 5.0])
        drawn = curves(pd.concat([fast, slow]), by_method(seeds("ance", "a", "b")), Drawing(x="seconds"))
        assert drawn.loc[drawn["role"] == "line", "x"].tolist() == [1.5, 3.0]

    def test_one_unsmoothed_run_is_its_own_line(self):
        drawn = curves(table(a=[1, 2]), by_run(seeds("ance", "a")), Drawing(x="examples"))
        assert set(drawn["role"]) == {"line"}
        assert drawn["x"].tolist() == [32, 64]

    def test_interval_needs_three_seeds(self):
        three = np.array([[1.0, 2.0, 3.0]])
        low, high = edges(three, "interval")
        assert high[0] - 2 == pytest.approx(4.302653 / np.sqrt(3))  # t(2 degrees, 97.5 %) * 1 / sqrt(3)
        assert 2 - low[0] == pytest.approx(high[0] - 2)
        assert [edge[0] for edge in edges(three[:, :2], "interval")] == [1.0, 2.0]

    def test_long_runs_are_thinned_for_drawing(self):
        drawn = curves(
            table(a=list(np.random.default_rng(0).random(9000))), by_run(seeds("ance", "a")), Drawing()
        )
        assert len(drawn) <= MOST_POINTS + 2

    def test_nothing_recorded_gives_an_empty_table(self):
        assert curves(table(a=[1]).head(0), by_run(seeds("ance", "a")), Drawing()).empty


class TestFigures:
    members = (*seeds("random", "r"), *seeds("ance", "a", "b"))

    def figure(self, **options):
        groups = by_method(self.members)
        drawn = curves(table(r=[1, 2, 3], a=[1, 2, 4], b=[2, 3, 5]), groups, Drawing())
        return curves_figure(drawn, groups, measures.LOSS, "step", **options)

    def test_one_legend_entry_a_group_each_with_its_own_dash_and_marker(self):
        shown = [trace for trace in self.figure().data if trace.showlegend is None]
        assert [trace.name for trace in shown] == ["random", "ance"]
        assert len({trace.line.dash for trace in shown}) == 2
        assert len({trace.marker.symbol for trace in shown}) == 2

    def test_axes_have_titles_with_units_and_zoom_survives_new_data(self):
        layout = self.figure().layout
        assert (layout.xaxis.title.text, layout.yaxis.title.text) == (
            "Training step",
            "Loss (nats per query)",
        )
        assert layout.uirevision == self.figure().layout.uirevision
        assert layout.uirevision != self.figure(log=True).layout.uirevision
        assert self.figure(log=True).layout.yaxis.type == "log"

    def test_refreshes_sit_on_the_line_and_tell_their_cost(self):
        groups = by_method(self.members)
        record = {"run": ["a", "b"], "step": [2, 2], "index_step": [1, 1], "active_step": [2, 2]}
        table_of = pd.DataFrame(record | {"jaccard": [0.4, 0.6], "seconds_total": [1.0, 3.0]})
        marks = refresh_marks(table_of, groups)
        assert marks[["jaccard", "seconds", "staleness"]].to_numpy().tolist() == [[0.5, 2.0, 1.0]]
        tick = self.figure(refreshes=marks).data[-1]
        assert (list(tick.x), list(tick.y)) == ([2.0], [2.5])
        assert "Jaccard" in tick.hovertemplate

    def test_a_hostile_run_name_stays_text(self):
        groups = by_run(seeds("ance", "<b onclick=x>"))
        drawn = curves(table(**{"<b onclick=x>": [1, 2]}), groups, Drawing())
        assert "<b onclick" not in curves_figure(drawn, groups, measures.LOSS, "step").data[-1].hovertemplate

    def test_the_page_to_take_away_needs_no_network(self):
        page = export.page(self.figure(), measures.LOSS, "Not smoothed.", "loss-by-step")
        assert "Training loss" in page
        assert "Not smoothed." in page
        assert "<script src" not in page.replace(" charset", "")
        assert len(page) > 1_000_000  # the library is inside

    def test_the_camera_saves_a_sharp_named_png(self):
        name = export.filename(measures.EVALUATIONS["RR@10"], Drawing(x="seconds"))
        options = camera(name)["toImageButtonOptions"]
        assert options == {"format": "png", "filename": "dev-RR-10-by-seconds", "scale": 2}

    def test_csv_is_what_is_drawn(self):
        drawn = curves(table(a=[1 / 3, 0.1]), by_run(seeds("ance", "a")), Drawing())
        back = pd.read_csv(__import__("io").StringIO(export.csv(drawn)))
        assert back["value"].tolist() == drawn["value"].tolist()

    def test_many_runs_have_fewer_points_behind_their_mean_and_keep_their_peaks(self):
        rng = np.random.default_rng(0)
        runs = {f"r{i}": list(rng.random(900)) for i in range(20)}
        runs["r7"][450] = 9.0
        drawn = curves(table(**runs), by_method(seeds("ance", *runs)), Drawing())
        assert (drawn["role"] == "raw").sum() == 20 * 900  # the download has them all
        groups = by_method(seeds("ance", *runs))
        raw = next(
            t for t in curves_figure(drawn, groups, measures.LOSS, "step").data if t.name == "ance (raw)"
        )
        assert len(raw.x) <= 1.1 * RAW_POINTS
        assert np.nanmax(raw.y) == 9.0
        assert np.isnan(raw.y).sum() == 19  # a gap between two runs, or they would be joined


class TestCaptions:
    def said(self, members, measure=measures.LOSS, **drawing) -> str:
        return captions.caption(by_method(members), measure, Drawing(**drawing))

    def test_band_is_named(self):
        three = seeds("ance", "a", "b", "c")
        assert "lowest to the highest run" in self.said(three)
        assert "95 % t-interval" in self.said(three, band="interval")
        assert "needs three seeds" in self.said(three[:2], band="interval")
        assert "band" not in self.said(three, band="none")

    def test_smoothing_is_named_with_its_window_and_evaluations_are_never_smoothed(self):
        one = seeds("ance", "a")
        assert "window of 25 steps centred" in self.said(one, window=25)
        assert "mean age 12.5 steps" in self.said(one, window=25, kind="trailing")
        assert "Not smoothed." in self.said(one)
        assert "never smoothed" in self.said(one, measure=measures.EVALUATIONS["RR@10"], window=25)

    def test_runs_left_out_of_the_mean_are_named(self):
        members = [*seeds("ance", "a", "b"), Member("gone", "ance", 2, cut_short=True)]
        assert "ended early: gone" in self.said(members)


def test_final_table_counts_only_runs_with_results():
    results = {"a": {"test": {"RR@10": 0.4}}, "b": {"test": {"RR@10": 0.6}}, "c": {}}
    row = export.final_table(by_method(seeds("ance", "a", "b", "c")), results).iloc[0]
    assert (row["runs"], row["mean"]) == (2, pytest.approx(0.5))
    assert row["half_width"] == pytest.approx(12.7062 * np.sqrt(0.02) / np.sqrt(2), rel=1e-4)


def test_final_table_has_every_split_and_nothing_else():
    measured = {"dev": {"RR@10": 0.5}, "test": {"RR@10": 0.4}}
    results = {
        "a": measured | {"test-unseen": {"RR@10": 0.2}},
        "b": measured | {"dev-unseen": {"RR@10": 0.3}},
    }
    table = export.final_table(by_run(seeds("ance", "a", "b")), results)
    assert table[["method", "split"]].to_records(index=False).tolist() == [
        ("a", "dev"), ("a", "test"), ("a", "test-unseen"), ("b", "dev"), ("b", "test"), ("b", "dev-unseen"),
    ]  # fmt: skip


def test_a_measure_of_another_split_names_it_everywhere():
    unseen = measures.evaluation("RR@10", "dev-unseen")
    assert (unseen.scalar, unseen.title) == ("dev-unseen/RR@10", "RR@10 on dev-unseen queries")
    assert "fixed sample of dev-unseen queries" in unseen.see
    assert export.filename(unseen, Drawing()) == "dev-unseen-RR-10-by-step"
    assert unseen.evaluated
    assert not measures.GRADIENT.evaluated
    assert "Evaluations are never smoothed" in TestCaptions().said(seeds("ance", "a"), measure=unseen)


def test_which_curves_a_run_has_makes_no_method_of_its_own():
    members = [
        Member("old", "ance", 0, {"steps": 9}),
        Member("new", "ance", 1, {"steps": 9, "record.eval_splits": ["dev"]}),
        Member("more", "ance", 2, {"steps": 9, "record.eval_splits": ["dev", "dev-unseen"]}),
    ]
    assert [group.label for group in by_method(members)] == ["ance"]
