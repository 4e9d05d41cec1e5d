"""The page *Embedding space* in every state: what it draws, what it says where it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from ance_app import spaces
from ance_app.views import film

from ance_core.probes.projection import Projection
from ance_core.probes.projection.stored import note_progress, write_umap
from ance_core.runs import Store

from . import spaces_of_runs as invented
from . import store_of_runs
from .test_app_pages import figures, names, quiet, text

QUERY = str(invented.QUERIES[0])


def traces(app) -> dict[str, list]:
    """What lights up in the picture: customdata by the name of the trace."""
    return {trace["name"]: trace for trace in figures(app)["projection"]["data"]}


def rows(trace) -> set[int]:
    return {row for _, row in np.atleast_2d(decoded(trace["customdata"]))}


def decoded(value):
    if isinstance(value, dict):
        import base64

        array = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        return array.reshape([int(n) for n in str(value["shape"]).split(",")]) if "shape" in value else array
    return np.array(value)


def test_a_finished_run_is_drawn_from_all_sides(open_page, tmp_path):
    invented.spaced(tmp_path, "ance")
    invented.spaced(tmp_path, "dance")
    app = open_page(tmp_path, "space")
    assert quiet(app)
    drawn = figures(app)
    both = ["mean_cosine/queries", "mean_cosine/documents"]
    assert list(drawn) == [*both, "projection", "cosines", "spectrum", "hubness"]
    for side in both:
        assert names(drawn[side]) == ["ance", "dance"]
    assert {"documents", "queries"} == set(traces(app))
    assert "Spread out" in text(app)
    assert "IsoScore" in text(app)


def test_the_slider_moves_points_and_not_the_axes(open_page, tmp_path):
    invented.spaced(tmp_path)
    app = open_page(tmp_path, "space", step="0")
    first, before = figures(app)["projection"], traces(app)["queries"]["x"]
    assert "at step 0" in text(app)
    app.select_slider(key="step").set_value(200).run()
    last = figures(app)["projection"]
    assert quiet(app)
    assert "at step 200" in text(app)
    assert first["layout"]["xaxis"]["range"] == last["layout"]["xaxis"]["range"]
    assert first["layout"]["uirevision"] == last["layout"]["uirevision"]
    assert not np.allclose(decoded(before), decoded(traces(app)["queries"]["x"]))


def test_a_chosen_query_lights_up_with_its_company_and_their_texts(open_page, tmp_path):
    invented.spaced(tmp_path)
    app = open_page(tmp_path, "space", query=QUERY, step="200")
    assert quiet(app)
    labels = invented.TINY.split("train").labels()
    positive = int(labels.of(0)[0])
    lit = traces(app)
    assert rows(lit["the query"]) == {int(QUERY)}
    assert rows(lit["its positives"]) == {positive}
    assert rows(lit["its drawn negatives"]) == {(positive + d) % len(invented.TINY.docs) for d in (1, 150)}
    scores = invented.vectors(200)
    best = np.argsort(-(scores["documents"] @ scores["queries"][0]))[: spaces.K]
    assert rows(lit["its nearest documents"]) == set(best.tolist())
    shown = text(app)
    assert invented.TINY.queries[int(QUERY)] in shown
    assert invented.TINY.docs[positive][:60] in shown


def test_negatives_of_later_steps_are_not_shown_earlier(open_page, tmp_path):
    invented.spaced(tmp_path)
    lit = traces(open_page(tmp_path, "space", query=QUERY, step="100"))
    assert len(rows(lit["its drawn negatives"])) == 1


def test_choosing_a_query_puts_it_into_the_link(open_page, tmp_path):
    invented.spaced(tmp_path)
    app = open_page(tmp_path, "space")
    app.selectbox(key="query").select(QUERY).run()
    assert app.query_params["query"] in (QUERY, [QUERY])
    app.selectbox(key="query").select(film.NOBODY).run()
    assert app.query_params["query"] in ("–", ["–"])  # none was chosen, which the link keeps as well


def test_playing_goes_through_all_frames_and_stops_at_the_last(open_page, tmp_path):
    invented.spaced(tmp_path)
    app = open_page(tmp_path, "space")
    app.button(key="play").click().run()
    seen = [app.select_slider(key="step").value]
    for _ in range(4):
        app.run()
        seen.append(app.select_slider(key="step").value)
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert seen[-1] == 200
    assert app.button(key="play").label == "Play"
    assert quiet(app)


def test_no_runs(open_page, tmp_path):
    assert "No runs yet" in [h.value for h in open_page(tmp_path, "space").subheader]


def test_runs_without_snapshots_say_how_to_get_them(open_page, finished_runs):
    app = open_page(finished_runs, "space")
    assert quiet(app)
    assert "record.snapshot_every" in app.info[0].value
    assert not figures(app)


def test_one_snapshot_has_no_film(open_page, tmp_path):
    invented.spaced(tmp_path, snapshots={50: invented.vectors(50)})
    app = open_page(tmp_path, "space")
    assert quiet(app)
    assert "one snapshot, at step 50" in text(app)
    assert not app.button
    assert "projection" in figures(app)


def broken(step: int) -> dict:
    arrays = invented.vectors(step)
    arrays["queries"][0] = np.nan
    return arrays


def test_a_diverged_snapshot_is_left_out_of_the_film_and_told(open_page, tmp_path):
    invented.spaced(
        tmp_path, snapshots={0: invented.vectors(0), 100: invented.vectors(100), 200: broken(200)}
    )
    app = open_page(tmp_path, "space")
    assert quiet(app)
    assert "not finite: step 200" in text(app)
    assert app.select_slider(key="step").options == ["0", "100"]


def test_a_run_that_diverged_from_the_start(open_page, tmp_path):
    invented.spaced(tmp_path, snapshots={0: broken(0)})
    app = open_page(tmp_path, "space")
    assert quiet(app)
    assert "no snapshot has finite vectors" in app.warning[0].value


def test_a_damaged_snapshot_costs_its_run_only(open_page, tmp_path):
    name = invented.spaced(tmp_path, "ance")
    folder = Store(tmp_path).run(name).folder
    invented.spaced(tmp_path, "dance")
    (folder / "snapshots/step-00000100/queries.npy").write_bytes(b"half a file")
    app = open_page(tmp_path, "space")
    assert quiet(app)
    assert names(figures(app)["mean_cosine/queries"]) == ["dance"]
    assert "damaged snapshot" in text(app)
    assert "damaged snapshot" in app.warning[0].value
    app.selectbox(key="space").select("dance-pydocs-0").run()
    assert "projection" in figures(app)


def test_zero_vectors_are_told(open_page, tmp_path):
    arrays = invented.vectors(0)
    arrays["documents"][:3] = 0
    invented.spaced(tmp_path, snapshots={0: arrays})
    app = open_page(tmp_path, "space")
    assert quiet(app)
    assert "3 of 24 documents are zero vectors" in text(app)


def test_a_collapsed_space_is_red(open_page, tmp_path):
    invented.spaced(tmp_path, snapshots={0: invented.vectors(0, spread=0.0)})
    app = open_page(tmp_path, "space")
    assert quiet(app)
    assert "Collapsed" in text(app)
    assert "is above 0.9" in text(app)


def test_another_dataset_on_this_machine_costs_the_texts_only(open_page, tmp_path):
    invented.spaced(tmp_path, dataset={**invented.DATASET, "fingerprint": "another"})
    app = open_page(tmp_path, "space", query=QUERY)
    assert quiet(app)
    assert "texts cannot be shown" in app.info[0].value
    assert "its positives" in traces(app)


def test_umap_is_offered_computed_elsewhere_and_shown(open_page, tmp_path, monkeypatch):
    name = invented.spaced(tmp_path)
    asked = []
    monkeypatch.setattr(film, "umap_request", lambda run: asked.append(run.name))
    app = open_page(tmp_path, "space", picture="UMAP")
    assert "projection" not in figures(app)
    app.button(key="umap").click().run()
    assert asked == [name]

    folder = Store(tmp_path).run(name).folder
    (folder / "projections").mkdir()
    note_progress(folder, 0.4)
    app.run()
    assert app.get("progress")[0].proto.value == 40

    (folder / "projections/umap-progress.json").unlink()
    n = len(invented.QUERIES)
    is_query = np.arange(n + 24) < n
    coordinates = np.random.default_rng(0).standard_normal((2, n + 24, 2)).astype(np.float32)
    found = np.concatenate([invented.QUERIES, np.arange(24)])
    write_umap(folder, Projection([0, 100], is_query, found, coordinates))
    app.run()
    assert quiet(app)
    assert figures(app)["projection"]["layout"]["xaxis"]["title"]["text"] == "UMAP 1"
    assert app.select_slider(key="step").options == ["0", "100"]
    assert "ends at step 100" in app.info[0].value


def test_a_umap_that_failed_says_why(open_page, tmp_path):
    folder = Store(tmp_path).run(invented.spaced(tmp_path)).folder
    (folder / "projections").mkdir()
    note_progress(folder, 0.0, "failed", "no room on the disk")
    app = open_page(tmp_path, "space", picture="UMAP")
    assert quiet(app)
    assert "no room on the disk" in app.warning[0].value


def test_too_few_texts_for_umap(open_page, tmp_path):
    small = {name: array[:6] for name, array in invented.vectors(0).items()}
    invented.spaced(tmp_path, snapshots={0: small})
    app = open_page(tmp_path, "space", picture="UMAP")
    assert quiet(app)
    assert "12 texts" in app.info[0].value
    assert not app.button


def test_runs_without_snapshots_beside_others_are_counted(open_page, tmp_path):
    invented.spaced(tmp_path, "ance")
    store_of_runs.finished(tmp_path, "random", steps=20, dataset=invented.DATASET)
    app = open_page(tmp_path, "space")
    assert quiet(app)
    assert "1 run of those shown above without snapshots" in text(app)


@pytest.mark.parametrize("query", ["999999", "nonsense"])
def test_a_link_to_a_query_that_is_not_there(open_page, tmp_path, query):
    invented.spaced(tmp_path)
    app = open_page(tmp_path, "space", query=query)
    assert quiet(app)
    assert app.selectbox(key="query").value == film.NOBODY
