"""A query's own document, where ids are shared, is in no negative of any method, nor in what a second process mines."""

import numpy as np
import pytest

from ance_core.data import load_dataset
from ance_core.data.of_run import dataset_of
from ance_core.recipes import RECIPES
from ance_core.training.problem import load_problem
from ance_core.training.problem_files import read_problem, write_problem
from ance_core.training.session import train_runs

from ..data.folders import beir_qrels, jsonl, write

N = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Queries that are documents, each judged relevant for the next."""
    path = tmp_path_factory.mktemp("shared-ids")
    rows = [{"_id": f"p{n}", "text": f"passage {n} of row {n // 4} and column {n % 4}"} for n in range(N)]
    write(path / "corpus.jsonl", jsonl(rows))
    write(path / "queries.jsonl", jsonl(rows))
    judged = [(f"p{n}", f"p{(n + 1) % N}", 1) for n in range(N)]
    for split, part in (("train", judged[:16]), ("dev", judged[16:20]), ("test", judged[20:])):
        write(path / "qrels" / f"{split}.tsv", beir_qrels(part))
    return path


@pytest.mark.parametrize("recipe", [name for name in RECIPES if name != "given"])
def test_no_method_draws_it(recipe, folder, store, settings):
    more = {"encoder": {"towers": "untied"}} if recipe == "adore" else {}
    depth = {"negatives": {"pool_depth": 20 if recipe == "uniform-top" else 6}}
    (run,) = train_runs([settings(data=str(folder), recipe=recipe, steps=4, **depth, **more)], store)
    data, drawn = dataset_of(run), run.negatives()
    assert len(data.own) == N
    assert len(drawn)
    documents = drawn[drawn["negative_query"] < 0]
    itself = data.own_of(documents["query"].to_numpy())
    assert not (documents["document"].to_numpy() == itself).any()


def test_a_second_process_is_told(tmp_path, folder, settings):
    problem = load_problem(settings(data=str(folder)), load_dataset(folder))
    write_problem(tmp_path, problem)
    again = read_problem(tmp_path).labels
    np.testing.assert_array_equal(again.own, problem.labels.own)
    np.testing.assert_array_equal(again.excluded[1], problem.labels.excluded[1])
