"""Every page in every state, through Streamlit's own test harness: what it says, and never a traceback."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ance_app import ahead, source
from ance_app.views import convergence, runs
from streamlit.testing.v1 import AppTest

from ance_core.runs import Run, RunWriter, Store

from . import store_of_runs as invented

PAGES = ["runs", "convergence", "gradients", "negatives", "whatif"]


def text(app: AppTest) -> str:
    """All the words and tables of a page, in order."""
    kinds = ("title", "html", "markdown", "caption", "info", "code")
    return "\n".join(str(getattr(e, "value", None) or e.proto.body) for kind in kinds for e in app.get(kind))


def figures(app: AppTest) -> dict[str, dict]:
    """What the drawn figures hold, by the scalar in their key."""
    found = {}
    for element in app.get("bidi_component"):
        data = json.loads(element.proto.json)
        if "figure" not in data:
            continue  # fetches the library
        figure = json.loads(data["figure"])
        found[figure["layout"]["uirevision"].split("|")[0]] = figure
    return found


def names(figure: dict) -> list[str]:
    return [trace["name"] for trace in figure["data"] if trace.get("showlegend") is None]


def quiet(app: AppTest) -> bool:
    return not app.exception and not app.error


@pytest.mark.parametrize("page", PAGES)
def test_empty_folder_tells_how_to_fill_it(open_page, tmp_path, page):
    app = open_page(tmp_path / "not yet there", page)
    assert quiet(app)
    assert [code.value.split()[:2] for code in app.code] == [["ance", "demo"], ["ance", "train"]]
    assert f"'{tmp_path / 'not yet there'}'" in app.code[0].value  # quoted: it has spaces


def test_runs_shows_each_finished_run_and_what_differs(open_page, finished_runs):
    app = open_page(finished_runs)
    shown = text(app)
    assert quiet(app)
    assert "6 finished" in shown
    for name in ("random-pydocs-0", "ance-pydocs-2"):
        assert shown.count(f"<b>{name}</b>") == 1
    assert f"{invented.CEILING['ance']:.3f}" in shown
    assert "every other setting is the same" in shown
    assert "1 warm-up" in app.expander[0].label


def test_settings_that_differ_are_shown_and_no_others(open_page, tmp_path):
    invented.finished(tmp_path, "ance", 0, steps=50)
    invented.finished(tmp_path, "ance", 1, steps=50, refresh={"mode": "sync", "every": 20})
    shown = text(open_page(tmp_path))
    assert 'scope="col">refresh.every<' in shown
    assert "learning_rate" not in shown


def test_live_run_can_be_paused_resumed_stepped_and_stopped(open_page, tmp_path):
    with invented.begun(tmp_path, "ance", at=230) as run:
        app = open_page(tmp_path)
        assert quiet(app)
        assert "step 230 of 600" in text(app)
        assert "150 steps/s" in text(app)
        app.button(key="pause:ance-pydocs-0").click().run()
        assert run.poll_control() == [("pause", 0)]
        assert "Asked to pause" in text(app)

        run.heartbeat(230, "paused")
        app.run()
        assert "Asked to pause" not in text(app)
        app.number_input(key="many:ance-pydocs-0").set_value(7).run()
        app.button(key="step:ance-pydocs-0").click().run()
        app.button(key="resume:ance-pydocs-0").click().run()
        app.button(key="stop:ance-pydocs-0").click().run()
        assert run.poll_control() == [("step", 7), ("resume", 0), ("stop", 0)]
        run.finish("stopped")
    assert "Stopped" in text(app.run())
    assert not app.button


def test_asking_a_run_that_has_just_ended_is_answered_in_words(open_page, tmp_path):
    with invented.begun(tmp_path, "ance") as run:
        app = open_page(tmp_path)
        run.finish("stopped")
        app.button(key="pause:ance-pydocs-0").click().run()
    assert quiet(app)
    assert "nothing is listening" in app.toast[0].value


@pytest.mark.parametrize("page", PAGES)
def test_dead_run_is_shown_as_dead_with_what_it_recorded(open_page, tmp_path, page):
    invented.dead(tmp_path, "ance", at=310)
    app = open_page(tmp_path, page)
    assert quiet(app)
    if page == "runs":
        assert "Died" in text(app)
        assert "ance train --resume ance-pydocs-0" in text(app)
    elif page == "convergence":
        assert names(figures(app)["loss"]) == ["ance"]
        assert "No run has finished yet" in text(app)


@pytest.mark.parametrize("page", PAGES)
def test_unreadable_folders_are_listed_and_the_rest_is_shown(open_page, tmp_path, page):
    invented.finished(tmp_path, "ance", steps=50)
    shutil.copytree(tmp_path / "ance-pydocs-0", tmp_path / "from-tomorrow")
    info = json.loads((tmp_path / "from-tomorrow/run.json").read_text())
    (tmp_path / "from-tomorrow/run.json").write_text(json.dumps(info | {"format_version": 2}))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/run.json").write_text("{")
    shutil.copytree(tmp_path / "ance-pydocs-0", tmp_path / "torn")
    (tmp_path / "torn/log.sqlite").write_bytes(b"not a database" * 100)
    app = open_page(tmp_path, page)
    assert quiet(app)
    assert app.expander[-1].label == "3 folders could not be read"
    assert "newer version" in text(app)
    assert app.multiselect(key="runs").options == ["ance-pydocs-0"]


def test_names_from_outside_are_text_not_markup(open_page, tmp_path):
    invented.finished(tmp_path, "ance", steps=20, dataset={"name": "<img src=x>", "fingerprint": "1"})
    invented.finished(tmp_path, "random", steps=20)
    app = open_page(tmp_path)
    assert quiet(app)
    assert "<img" not in text(app)


def test_a_failed_run_says_why(open_page, tmp_path):
    run = invented.begun(tmp_path, "ance", at=20)
    run.finish("failed", message="loss: nan at step 20: lower the learning rate")
    assert "lower the learning rate" in text(open_page(tmp_path))


def test_convergence_draws_a_mean_a_band_and_the_refreshes(open_page, finished_runs):
    app = open_page(finished_runs, "convergence")
    assert quiet(app)
    drawn = figures(app)
    assert list(drawn) == ["dev/RR@10", "loss", "grad_norm/total"]
    assert names(drawn["dev/RR@10"]) == ["random", "ance"]
    assert [t["name"] for t in drawn["loss"]["data"] if "refresh" in t["name"]] == ["ance: refresh"]
    assert "means over 3 seeds" in text(app)
    assert "0.520 ± 0.0" in text(app)


def test_convergence_is_restored_by_its_link(open_page, finished_runs):
    view = {
        "runs": ["ance-pydocs-1", "random-pydocs-0"],
        "lines": "Each run",
        "x": "Seconds",
        "measure": "R@100",
    }
    app = open_page(
        finished_runs, "convergence", **view, layers="By layer band", window="51", kind="Trailing"
    )
    assert quiet(app)
    drawn = figures(app)
    assert names(drawn["dev/R@100"]) == ["random-pydocs-0", "ance-pydocs-1"]
    assert drawn["loss"]["layout"]["xaxis"]["title"]["text"] == "Training time (seconds)"
    assert {"grad_norm/embeddings", "grad_norm/head"} < set(drawn)
    assert "mean age 25.5 steps" in text(app)


def test_a_link_to_runs_that_are_gone_shows_the_others(open_page, finished_runs):
    app = open_page(finished_runs, "convergence", runs=["deleted-long-ago"], x="Furlongs")
    assert quiet(app)
    assert names(figures(app)["loss"]) == ["random", "ance"]


def test_datasets_are_not_mixed(open_page, tmp_path):
    invented.finished(tmp_path, "ance", steps=60)
    invented.finished(tmp_path, "random", steps=60, dataset={"name": "tiny", "fingerprint": "2"})
    app = open_page(tmp_path, "convergence")
    assert app.selectbox(key="data").value == "tiny"  # the newest run's
    assert names(figures(app)["loss"]) == ["random"]
    app.selectbox(key="data").set_value("pydocs").run()
    assert names(figures(app)["loss"]) == ["ance"]


def test_a_run_that_has_recorded_nothing_yet_says_so(open_page, tmp_path):
    with invented.new_run(tmp_path, "ance"):
        app = open_page(tmp_path, "convergence")
        assert quiet(app)
        assert "nothing recorded yet" in app.info[0].value


def test_a_page_lays_itself_out_anew_when_a_run_appears(open_page, tmp_path):
    app = open_page(tmp_path)
    assert "No runs yet" in [heading.value for heading in app.subheader]
    before = source.open_source().fingerprint()
    invented.finished(tmp_path, "ance", steps=20)
    assert source.open_source().fingerprint() != before
    assert "ance-pydocs-0" in text(app.run())


def test_a_runs_folder_that_is_a_file_is_one_sentence(open_page, tmp_path):
    (tmp_path / "runs").write_text("")
    app = open_page(tmp_path / "runs")
    assert not app.exception
    assert "is a file" in app.error[0].value


@pytest.mark.parametrize(("page", "broken"), [(runs, "runs_table"), (convergence, "final")])
def test_the_unexpected_is_a_short_message_not_a_traceback(
    open_page, finished_runs, monkeypatch, page, broken
):
    def fail(*_: object) -> str:
        raise KeyError("a secret detail")

    monkeypatch.setattr(page.tables, broken, fail)
    app = open_page(finished_runs, page.__name__.rsplit(".", 1)[1])
    assert not app.exception
    assert "terminal" in app.error[0].value
    assert "secret" not in app.error[0].value


def test_what_has_not_changed_is_not_read_again(finished_runs, monkeypatch):
    reader = source.Source(finished_runs)
    name = reader.summaries()[0].name
    first = reader.curve([name], "loss")

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(type(Store(finished_runs).run(name)), "scalars", fail)
    assert reader.curve([name], "loss").equals(first)


def test_a_run_that_has_ended_is_not_even_opened_again(tmp_path, monkeypatch):
    invented.finished(tmp_path, "ance", steps=60)
    reader = source.Source(tmp_path)
    first = reader.summaries()
    with monkeypatch.context() as patch:
        patch.setattr(Run, "status", lambda run: pytest.fail("opened again"))
        assert reader.summaries() == first
    writer = RunWriter(tmp_path / "ance-pydocs-0")  # goes on, as a resumed training does
    writer.heartbeat(61, "running")
    writer.flush()
    assert reader.summaries()[0].state == "running"
    writer.finish()
    assert reader.summaries()[0].state == "finished"
    assert reader.summaries()[0].step == 61


def test_reading_ahead_leaves_the_pages_nothing_to_read(tmp_path, monkeypatch):
    for method in ("ance", "random"):
        invented.finished(tmp_path, method, steps=60)
    (tmp_path / "random-pydocs-0" / "log.sqlite").write_bytes(b"no database")
    reader = source.Source(tmp_path)
    ahead.read(reader)
    monkeypatch.setattr(Run, "scalars", lambda *_, **__: pytest.fail("read again"))
    assert len(reader.curve(["ance-pydocs-0"], "dev/RR@10"))


def test_reading_ahead_begins_once_and_ends_quietly(tmp_path, monkeypatch, caplog):
    begun = []
    monkeypatch.setattr(
        ahead.threading, "Timer", lambda pause, work, args: begun.append(args) or SimpleNamespace(start=int)
    )
    reader = source.Source(tmp_path)
    ahead.begin(reader)
    ahead.begin(reader)
    assert begun == [(reader,)]
    monkeypatch.setattr(ahead, "read", lambda source: 1 / 0)
    ahead._read(reader)
    assert not [record for record in caplog.records if record.levelname != "DEBUG"]


def test_a_folder_given_on_the_command_line_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("ANCE_RUNS", str(tmp_path / "other"))
    monkeypatch.setattr("sys.argv", ["main.py", "--runs", str(tmp_path / "mine")])
    assert source.open_source().folder == Path(tmp_path / "mine")


def test_time_left_goes_by_the_clock_not_by_training_seconds(tmp_path, monkeypatch):
    clock = [100.0]
    with invented.begun(tmp_path, "ance", at=200) as run:
        monkeypatch.setattr(source, "time", SimpleNamespace(monotonic=lambda: clock[0], time=time.time))
        reader = source.Source(tmp_path)
        assert reader.summaries()[0].seconds_left is None  # one look shows no pace
        run.heartbeat(240, "running")
        run.flush()
        clock[0] += 10
        now = reader.summaries()[0]
        assert now.seconds_left == pytest.approx((600 - 240) / ((240 - 200) / 10))
        assert now.rate == pytest.approx(150, rel=0.01)
