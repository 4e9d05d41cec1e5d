"""Marks on training labels: clicks are kept by masking, wrong labels are recorded, anything else marked is refused."""

import numpy as np
import pytest

from ance_core.data import load_dataset
from ance_core.errors import DataError
from ance_core.training.session import train_runs
from ance_core.training.settings import resolve

HEADER = "query-id\tcorpus-id\tscore\n"


@pytest.fixture
def folder(tmp_path):
    docs = "".join(f'{{"_id": "d{n}", "text": "word{n} shared thing"}}\n' for n in range(30))
    queries = "".join(f'{{"_id": "q{n}", "text": "word{n} thing"}}\n' for n in range(12))
    (tmp_path / "corpus.jsonl").write_text(docs)
    (tmp_path / "queries.jsonl").write_text(queries)
    (tmp_path / "qrels").mkdir()
    train = [f"q{n}\td{n}\t2\nq{n}\td{n + 10}\t2\nq{n}\td{n + 15}\t1\n" for n in range(8)]
    (tmp_path / "qrels" / "train.tsv").write_text(HEADER + "".join(train))
    for split, rows in (("dev", (8, 9)), ("test", (10, 11))):
        (tmp_path / "qrels" / f"{split}.tsv").write_text(HEADER + "".join(f"q{n}\td{n}\t2\n" for n in rows))
    return tmp_path


def mark(folder, name, *pairs):
    (folder / name).write_text(HEADER + "".join(f"{q}\t{d}\t1\n" for q, d in pairs))


def test_a_clicked_label_is_kept_before_a_higher_grade(folder):
    mark(folder, "clicks.tsv", *((f"q{n}", f"d{n + 15}") for n in range(8)))
    data = load_dataset(folder, labels_per_query=1)
    kept = data.qrels["train"]
    assert [data.doc_ids[d] for d in kept.docs] == [f"d{n + 15}" for n in range(8)]
    assert len(data.hidden) == 16


def test_without_marks_nothing_is_different(folder):
    plain = load_dataset(folder)
    assert len(plain.clicks) == len(plain.wrong) == 0
    mark(folder, "clicks.tsv", ("q0", "d10"))
    clicked = load_dataset(folder)
    assert clicked.fingerprint != plain.fingerprint
    (folder / "clicks.tsv").unlink()
    assert load_dataset(folder).fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    ("file", "pair", "message"),
    [
        ("clicks.tsv", ("q0", "d3"), r"clicks\.tsv:2: query 'q0', document 'd3' is no label of train"),
        (
            "wrong_labels.tsv",
            ("q8", "d8"),
            r"wrong_labels\.tsv:2: query 'q8', document 'd8' is no label of train",
        ),
    ],
)
def test_a_mark_on_what_is_no_training_label_is_refused(folder, file, pair, message):
    mark(folder, file, pair)
    with pytest.raises(DataError, match=message):
        load_dataset(folder)


def test_a_pair_marked_twice_is_refused(folder):
    mark(folder, "clicks.tsv", ("q0", "d0"), ("q0", "d0"))
    with pytest.raises(DataError, match=r"clicks\.tsv:3: .* stands there twice"):
        load_dataset(folder)


def test_records_say_when_the_label_was_wrong(folder, tmp_path_factory):
    from ance_core.runs import Store

    mark(folder, "wrong_labels.tsv", *((f"q{n}", f"d{n + 15}") for n in range(8)))
    mark(folder, "clicks.tsv", *((f"q{n}", f"d{n + 15}") for n in range(4)))
    small = {"encoder": {"dim": 16, "width": 16}, "warmup": {"steps": 2}, "steps": 6, "batch_size": 4}
    settings = {"data": str(folder), "recipe": "random", "labels_per_query": 1, **small}
    (run,) = train_runs([resolve(settings)], Store(tmp_path_factory.mktemp("marks") / "runs", create=True))
    found = run.negatives()
    data = load_dataset(folder)
    wrong = np.array(
        [
            data.doc_ids[p] == f"d{int(data.query_ids[q][1:]) + 15}"
            for q, p in zip(found["query"], found["positive"], strict=True)
        ]
    )
    assert 0 < wrong.sum() < len(wrong)
    np.testing.assert_array_equal(found["wrong_label"], wrong)


def test_records_of_before_have_no_wrong_label(tmp_path):
    import pyarrow.parquet as pq

    from ance_core.runs import Store, negatives

    small = {"encoder": {"dim": 16, "width": 16}, "warmup": {"recipe": "none"}, "steps": 2}
    (run,) = train_runs(
        [resolve({"data": "tiny", "recipe": "random", **small})], Store(tmp_path / "runs", create=True)
    )
    for part in negatives.parts(run.folder):
        pq.write_table(pq.read_table(part.path).drop_columns("wrong_label"), part.path)
    found = run.negatives()
    assert found["wrong_label"].dtype == bool
    assert not found["wrong_label"].any()
