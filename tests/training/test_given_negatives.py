"""Negatives that came with the files: drawn by their recipe and in mixtures, with their provenance in the records."""

import pytest

from ance_core.data import load_dataset
from ance_core.errors import ConfigError
from ance_core.experiments.explain import explain
from ance_core.runs import Store
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

from ..data.folders import jsonl, write

SMALL = {
    "encoder": {"kind": "static", "width": 16, "dim": 16, "vocab_size": 200},
    "steps": 12, "batch_size": 4, "threads": 1, "warmup": {"recipe": "none"},
    "record": {"snapshot_every": 0, "checkpoint_every": 0, "eval_every": 12},
}  # fmt: skip


@pytest.fixture
def file(tmp_path):
    rows = [
        {
            "query": f"question about {n}",
            "pos": [f"answer {n}"],
            "neg": [f"answer {(n + 1) % 20}", f"answer {(n + 2) % 20}"],
        }
        for n in range(20)
    ]
    return write(tmp_path / "train.jsonl", jsonl(rows))


def trained(tmp_path, file, **settings):
    (run,) = train_runs(
        [resolve({"data": str(file), **SMALL, **settings})], Store(tmp_path / "runs", create=True)
    )
    return run, load_dataset(file)


def test_the_recipe_draws_nothing_else_and_records_the_place_in_the_file(tmp_path, file):
    run, data = trained(tmp_path, file, recipe="given")
    records = run.negatives()
    assert set(records["source"]) == {"given"}
    assert set(records["rank"]) == {0, 1}
    assert records["score_drawn"].isna().all()
    assert (records["index_step"] == -1).all()
    assert records["probability"].tolist() == [0.5] * len(records)
    for row in records.itertuples():
        number = int(data.queries[row.query].split()[-1])
        assert data.docs[row.document] == f"answer {(number + 1 + row.rank) % 20}"
    assert run.info["dataset"]["fingerprint"] == data.fingerprint


def test_a_mixture_takes_its_share_from_them(tmp_path, file):
    shares = {"given": 1, "ann": 1}
    run, _ = trained(tmp_path, file, recipe="mixture", negatives={"shares": shares, "pool_depth": 5})
    assert set(run.negatives()["source"]) == {"given", "ann"}


@pytest.mark.parametrize("recipe", ["given", "mixture"])
def test_a_step_is_explained_with_them(tmp_path, file, recipe):
    more = {"negatives": {"shares": {"given": 1, "ann": 1}, "pool_depth": 5}} if recipe == "mixture" else {}
    run, data = trained(
        tmp_path, file, recipe=recipe, record={"snapshot_every": 0, "checkpoint_every": 5}, **more
    )
    records = run.negatives()
    last = records[(records["step"] == 9) & (records["source"] == "given")]
    found = explain(run, data.query_ids[int(last["query"].iloc[0])], 9)
    assert found.agreement.same
    assert "given" in set(found.terms["source"])


@pytest.mark.parametrize(
    "settings", [{"recipe": "given"}, {"recipe": "mixture", "negatives": {"shares": {"given": 1, "ann": 1}}}]
)
def test_files_without_negatives_are_refused_before_anything_is_made(tmp_path, settings):
    rows = [{"query": f"question {n}", "passage": f"answer {n}"} for n in range(20)]
    file = write(tmp_path / "train.jsonl", jsonl(rows))
    with pytest.raises(ConfigError, match="gives no training query a negative, which source 'given' draws"):
        trained(tmp_path, file, **settings)
    assert not [path for path in (tmp_path / "runs").glob("*") if not path.name.startswith(".")]


def test_a_filter_by_score_means_nothing_to_them(file):
    with pytest.raises(ConfigError, match=r"negatives.filter: does nothing for recipe 'given'"):
        resolve({"data": str(file), "recipe": "given", "negatives": {"filter": {"max_score": 1}}})
