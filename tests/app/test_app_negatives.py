"""The page *Negatives* in every state, on runs that were really trained."""

from __future__ import annotations

import base64
import shutil

import numpy as np
import pytest
from ance_app import drawn as kept
from ance_app.source import Source
from ance_app.texts import clip
from ance_app.views.negatives import SECTIONS

from ance_core.data import load_dataset
from ance_core.runs import Store
from ance_core.runs.negatives import parts

from . import store_of_runs as invented
from .negatives_of_runs import STEPS, trained
from .test_app_pages import figures, quiet, text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three methods, ANCE with two seeds. Read only."""
    place = tmp_path_factory.mktemp("negatives")
    for seed in (0, 1):
        trained(place, "ance", f"ance-{seed}", seed=seed)
    trained(place, "simans")
    trained(place, "random")
    return place


@pytest.mark.parametrize("section", [name for name in SECTIONS if name != "In the denominator"])
def test_every_section_draws_its_figures(open_page, folder, section):
    app = open_page(folder, "negatives", question=section)
    assert quiet(app)
    assert not app.warning
    drawn = figures(app)
    assert drawn
    assert all(figure["data"] for figure in drawn.values())


def test_difficulty_adds_up_to_all_draws_and_seeds_are_one_method(open_page, folder):
    app = open_page(folder, "negatives")
    figure = figures(app)["negatives/difficulty"]
    assert [trace["name"] for trace in figure["data"]] == ["random", "ance", "simans"]
    frames = {name: Store(folder).run(name).negatives() for name in ("ance-0", "ance-1", "simans", "random")}
    for trace in figure["data"]:
        packed = trace["customdata"]
        cells = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).reshape(-1, 4)
        draws = sum(len(f) for name, f in frames.items() if name.split("-")[0] == trace["name"])
        assert cells[:, 1].sum() == draws > 0
        assert f"{draws:,}" in text(app)


def test_a_bar_in_the_link_is_read_with_its_texts(open_page, folder):
    app = open_page(folder, "negatives", question="Ranks", read="ance", rank="1–10")
    assert quiet(app)
    shown = text(app)
    frame = Store(folder).run("ance-0").negatives([("rank", "<", 10)])
    other = Store(folder).run("ance-1").negatives([("rank", "<", 10)])
    assert f"**{len(frame) + len(other)} draws** of ance with rank 1–10" in shown
    data = load_dataset("tiny", labels_per_query=1, seed=0)
    seen = [q for q in data.queries if q in shown.replace("&#x27;", "'").replace("&quot;", '"')]
    assert seen
    assert "Negative" in shown
    before = text(app)
    app.button(key="shuffle").click().run()
    assert quiet(app)
    assert text(app) != before


def test_a_third_of_the_training_limits_what_is_counted_and_read(open_page, folder):
    app = open_page(folder, "negatives", question="Ranks", read="simans", rank="1–10", phase="Late")
    late = Store(folder).run("simans").negatives([("rank", "<", 10), ("step", ">", STEPS * 2 // 3)])
    assert f"**{len(late)} draws** of simans" in text(app)


def test_false_negatives_are_counted_and_read(open_page, folder):
    frames = [Store(folder).run(name).negatives() for name in ("ance-0", "ance-1")]
    hidden = sum(int(f["hidden"].sum()) for f in frames)
    top = sum(int((f["hidden"] & (f["rank"] < 10) & (f["rank"] >= 0)).sum()) for f in frames)
    assert top > 0
    app = open_page(folder, "negatives", question="False negatives", read="ance", hidden_rank="1–10")
    shown = text(app)
    assert quiet(app)
    assert f">{hidden}<" in shown
    assert f"**{top} draws** of ance with rank 1–10 that were relevant after all" in shown
    assert "hidden relevant</b>" in shown


def test_nothing_hidden_says_how_to_hide_something(open_page, tmp_path):
    trained(tmp_path, "random", labels_per_query=None)
    app = open_page(tmp_path, "negatives", question="False negatives")
    assert quiet(app)
    assert "--labels-per-query 1" in app.info[0].value
    assert not figures(app)


def test_runs_without_records_say_why(open_page, tmp_path):
    trained(tmp_path, "ance", record={"negatives": False})
    app = open_page(tmp_path, "negatives")
    assert quiet(app)
    assert "None of these runs has negatives on record" in app.info[0].value
    assert "trained with record.negatives off" in text(app)


def test_a_run_that_has_just_begun_says_so(open_page, tmp_path):
    with invented.begun(tmp_path, "ance"):
        app = open_page(tmp_path, "negatives")
        assert quiet(app)
        assert "None of these runs has negatives on record yet" in app.info[0].value


def test_records_cut_off_by_a_crash_are_shown_as_far_as_they_go(open_page, folder, tmp_path):
    shutil.copytree(folder / "ance-0", tmp_path / "ance-0")
    last = parts(tmp_path / "ance-0")[-1]
    last.path.unlink()
    app = open_page(tmp_path, "negatives")
    assert quiet(app)
    assert figures(app)
    assert f"its records end at step {last.first - 1}, though it reached step {STEPS}" in text(app)
    assert "ance train --resume ance-0" in text(app)


def test_a_torn_part_is_named_and_the_rest_is_shown(open_page, folder, tmp_path):
    shutil.copytree(folder / "ance-0", tmp_path / "ance-0")
    torn = parts(tmp_path / "ance-0")[0].path
    torn.write_bytes(torn.read_bytes()[:100])
    app = open_page(tmp_path, "negatives")
    assert quiet(app)
    assert figures(app)
    assert torn.name in text(app)


def test_freshness_names_the_share_that_chance_would_give(open_page, folder):
    app = open_page(folder, "negatives", question="Freshness")
    assert quiet(app)
    docs = Store(folder).run("ance-0").info["dataset"]["docs"]
    assert (
        f"Of {docs} documents, one drawn blindly stands there {min(1, 100 / docs):.0%} of the time"
        in text(app)
    )


@pytest.mark.parametrize("section", ["Freshness", "Forgetting", "Errors"])
def test_without_snapshots_it_says_what_is_missing(open_page, tmp_path, section):
    trained(tmp_path, "ance", record={"snapshot_every": 0})
    app = open_page(tmp_path, "negatives", question=section)
    assert quiet(app)
    assert "needs snapshots" in app.info[0].value


@pytest.mark.parametrize("section", ["Freshness", "Forgetting", "Errors"])
def test_snapshots_that_are_not_numbers_are_left_out(open_page, folder, tmp_path, section):
    shutil.copytree(folder / "ance-0", tmp_path / "ance-0")
    for path in (tmp_path / "ance-0" / "snapshots").glob("*/documents.npy"):
        np.save(path, np.full_like(np.load(path), np.nan))
    app = open_page(tmp_path, "negatives", question=section)
    assert quiet(app)
    assert "needs snapshots" in app.info[0].value


def test_a_dataset_that_is_gone_leaves_rows_and_a_sentence(open_page, folder, tmp_path, monkeypatch):
    shutil.copytree(folder / "ance-0", tmp_path / "ance-0")
    info = (tmp_path / "ance-0" / "run.json").read_text()
    (tmp_path / "ance-0" / "run.json").write_text(
        info.replace('"name": "tiny"', '"name": "nowhere-to-be-found"')
    )
    app = open_page(tmp_path, "negatives", question="Ranks", read="ance", rank="1–10")
    assert quiet(app)
    assert "nowhere-to-be-found" in app.warning[0].value
    assert "<dd>document " in text(app)


def test_the_fullest_bar_is_read_until_another_is_chosen(open_page, folder):
    """A link to a bar that is gone included; whoever wants none says so."""
    for link in ({}, {"read": "adore", "gap": "a million"}):
        app = open_page(folder, "negatives", **link)
        assert quiet(app)
        assert "draws** of" in text(app)
    app.selectbox(key="read").set_value("–").run()
    assert quiet(app)
    assert "draws** of" not in text(app)


def test_answers_are_kept_while_the_records_are_the_same(folder, monkeypatch):
    asked = kept.Drawn(Source(folder))
    first = asked.overview("ance-0")

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("ance_core.probes.negatives.records.Records.read", fail)
    assert asked.overview("ance-0") == first


@pytest.mark.parametrize(
    ("low", "high"), [(-9.78, 0.78), (0.0, 0.0), (-1e-6, 2e-6), (-1e6, 3.0), (2.0, 5.0), (-0.3, -0.1)]
)
def test_edges_are_round_cover_the_range_and_have_a_zero(low, high):
    edges = kept.nice_edges(low, high)
    width = edges[1] - edges[0]
    assert edges[0] <= low + 1e-9 * width
    assert edges[-1] >= high - 1e-9 * width
    assert np.isclose(edges / width, np.round(edges / width)).all()
    assert (np.abs(edges) < 1e-9 * width).any()
    assert 2 <= len(edges) <= kept.BINS + 3


def test_clipped_text_ends_at_a_word():
    assert clip("one two three", 9) == "one two …"
    assert clip("one", 9) == "one"
