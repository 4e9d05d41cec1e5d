import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ance_core.data import load_dataset, mask_labels
from ance_core.errors import DataError

from .folders import jsonl, write


@pytest.fixture(scope="module")
def tiny():
    return load_dataset("tiny")


def triples(qrels):
    return set(zip(qrels.queries.tolist(), qrels.docs.tolist(), qrels.grades.tolist(), strict=True))


@settings(max_examples=20)
@given(n=st.integers(1, 4), seed=st.integers(0, 5))
def test_masking_only_moves_labels_to_hidden(tiny, n, seed):
    masked = mask_labels(tiny, n, seed)
    train, hidden = triples(masked.qrels["train"]), triples(masked.hidden)
    assert train | hidden == triples(tiny.qrels["train"])
    assert not train & hidden
    assert all(grade >= 1 for _, _, grade in hidden)
    counts = masked.qrels["train"].labels().counts()
    assert counts.tolist() == np.minimum(tiny.qrels["train"].labels().counts(), n).tolist()
    assert masked.qrels["dev"] is tiny.qrels["dev"]
    assert masked.qrels["test"] is tiny.qrels["test"]
    assert (masked.fingerprint == tiny.fingerprint) == (not hidden)


def test_labels_kept_with_n_are_kept_with_more(tiny):
    one, two = (triples(mask_labels(tiny, n).qrels["train"].relevant()) for n in (1, 2))
    assert one < two


def test_the_seed_chooses(tiny):
    kept = {frozenset(triples(mask_labels(tiny, 1, seed).qrels["train"].relevant())) for seed in range(5)}
    assert len(kept) > 1


def test_the_choice_does_not_depend_on_file_order(tmp_path):
    docs = [{"_id": f"d{n}", "text": f"text {n}"} for n in range(30)]
    queries = [{"_id": f"q{n}", "text": f"query {n}"} for n in range(10)]
    rows = [f"q{n % 10}\td{n}\t1\n" for n in range(30)]
    kept = []
    for name, step in (("forward", 1), ("backward", -1)):
        folder = tmp_path / name
        write(folder / "corpus.jsonl", jsonl(docs[::step]))
        write(folder / "queries.jsonl", jsonl(queries[::step]))
        write(folder / "qrels" / "train.tsv", "".join(["query-id\tcorpus-id\tscore\n", *rows[::step]]))
        data = load_dataset(folder, labels_per_query=1, seed=3)
        labels = data.qrels["train"].relevant()
        kept.append(
            {(data.query_ids[q], data.doc_ids[d]) for q, d in zip(labels.queries, labels.docs, strict=True)}
        )
    assert kept[0] == kept[1]
    assert len(kept[0]) == 9  # one query of ten is the dev split


def test_below_one_is_refused(tiny):
    with pytest.raises(DataError, match="labels_per_query: 0 given; training needs 1 or more"):
        mask_labels(tiny, 0)
