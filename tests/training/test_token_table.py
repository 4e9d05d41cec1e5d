"""Trainings that start from a pretrained table: known by its content, wherever it lies, and refused once it changed."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ance_core.config import merge
from ance_core.errors import ConfigError
from ance_core.experiments.probe import probe_run
from ance_core.experiments.saved import SavedModel
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve
from ance_core.training.start import fork_settings

from ..tables import WIDTH, model2vec, words
from .conftest import SMALL


@pytest.fixture
def folder(tmp_path):
    return model2vec(tmp_path / "table", weights=True)


def settings(folder, **values):
    own = {"encoder": {"kind": "static", "model": str(folder)}}
    return resolve(merge({k: v for k, v in SMALL.items() if k != "encoder"}, own, values))


def events(run):
    return {event.kind: event.message for event in run.events().itertuples()}


def change(folder):
    tensors = load_file(folder / "model.safetensors")
    tensors["embeddings"][0, 0] += 1
    save_file(tensors, folder / "model.safetensors")


def test_the_table_decides_the_sizes(folder):
    assert (settings(folder).encoder.width, settings(folder).encoder.dim) == (WIDTH, WIDTH + 1)
    assert settings(folder, encoder={"dim": 4}).encoder.dim == 4
    assert resolve({"encoder": f"static:{folder}"}).encoder.width == WIDTH
    assert resolve({"encoder": "static"}).encoder.width == 128


def test_run_json_and_events_say_where_it_started(store, folder):
    (run,) = train_runs([settings(folder)], store)
    told = run.info["table"]
    assert told | {"fingerprint": ""} == {
        "model": str(folder),
        "form": "model2vec",
        "fingerprint": "",
        "rows": words().get_vocab_size(),
        "width": WIDTH,
        "token_weights": "folder: weights",
        "head": f"isometry: all {WIDTH} dimensions of the table",
    }
    assert str(folder) in events(run)["pretrained start"]
    reduced = settings(folder, encoder={"dim": 4, "token_weights": "corpus"}, name="reduced")
    (other,) = train_runs([reduced], store)
    assert "token weights from corpus: idf" in events(other)["pretrained start"]
    assert f"3 of {WIDTH} dimensions of the table" in other.info["table"]["head"]
    assert "table" not in train_runs([resolve(SMALL)], store)[0].info


def test_one_content_shares_a_start_and_another_does_not(store, folder, tmp_path):
    elsewhere = model2vec(tmp_path / "elsewhere", weights=True)
    runs = train_runs([settings(folder, name="a"), settings(elsewhere, name="b")], store)
    change(elsewhere)
    runs += train_runs([settings(elsewhere, name="c")], store)
    starts = [run.info["init"]["run"] for run in runs]
    assert starts[0] == starts[1] != starts[2]
    weights = [load_file(run.checkpoints()[12] / "model.safetensors") for run in runs[:2]]
    for name in weights[0]:
        np.testing.assert_array_equal(weights[0][name], weights[1][name])


def stop_at(step):
    def watch(training):
        if training.config.warmup.recipe != "none" and training.step == step:
            raise KeyboardInterrupt

    return watch


def test_resuming_needs_the_very_table(store, folder):
    (whole,) = train_runs([settings(folder, name="whole")], store)
    with pytest.raises(KeyboardInterrupt):
        train_runs([settings(folder, name="half")], store, watch=stop_at(7))
    resumed = resume_run("half", store)
    ends = [load_file(run.checkpoints()[12] / "model.safetensors") for run in (whole, resumed)]
    for name in ends[0]:
        np.testing.assert_array_equal(ends[0][name], ends[1][name])

    with pytest.raises(KeyboardInterrupt):
        train_runs([settings(folder, name="cut")], store, watch=stop_at(7))
    change(folder)
    with pytest.raises(
        ConfigError, match=r"^--resume: run 'cut' started from another token table .* restore the folder"
    ):
        resume_run("cut", store)
    assert store.run("cut").status().state == "stopped"


def test_a_finished_run_is_searched_without_the_folder_and_probed_with_it(store, folder):
    (run,) = train_runs([settings(folder, name="it")], store)
    frame, _, notes = probe_run(run, samplers="random,ance", queries=8)
    slow, _, _ = probe_run(run, samplers="random,ance", queries=8, slow=True)
    norms = ["total", *(name for name in frame if name.startswith("band/"))]
    assert len(norms) == 4
    np.testing.assert_allclose(frame[norms], slow[norms], rtol=1e-4, atol=1e-7)
    assert notes == []
    change(folder)
    with pytest.raises(ConfigError, match=r"^probe: run 'it' started from another token table"):
        probe_run(run, samplers="random", queries=8)
    (folder / "model.safetensors").unlink()
    found = SavedModel(run).searcher(["the bell rings", "a boat in the harbour"])(["bell"], 1)
    assert found.docs.tolist() == [[0]]


def test_forks_and_starts_know_the_table_by_its_content(store, folder, tmp_path):
    (parent,) = train_runs([settings(folder, name="parent")], store)
    elsewhere = model2vec(tmp_path / "elsewhere", weights=True)
    moved = {"encoder": {"model": str(elsewhere)}}
    (child,) = train_runs([resolve(fork_settings(parent, 10, None, moved | {"name": "child"}))], store)
    ends = [load_file(run.checkpoints()[12] / "model.safetensors") for run in (parent, child)]
    for name in ends[0]:
        np.testing.assert_array_equal(ends[0][name], ends[1][name])
    change(elsewhere)
    with pytest.raises(ConfigError, match=r"^start: run 'parent' started from another token table"):
        train_runs([settings(elsewhere, start="parent")], store)


def test_the_vocabulary_is_not_the_corpus_so_a_start_may_be_from_other_data(store, folder):
    train_runs([settings(folder, name="parent")], store)
    (other,) = train_runs([settings(folder, start="parent", labels_per_query=1)], store)
    assert other.info["dataset"]["fingerprint"] != store.run("parent").info["dataset"]["fingerprint"]


def test_an_inferencer_mines_with_the_table(store, folder):
    (run,) = train_runs([settings(folder, refresh={"mode": "async", "every": 4, "max_staleness": 6})], store)
    assert run.status().state == "finished"
    assert run.refreshes()["index_step"].max() > 0
