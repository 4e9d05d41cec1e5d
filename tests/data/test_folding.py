"""Documents with the same text: reported with what they do to measures, and folded on demand."""

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.reading import ReadingConfig

from .folders import beir_qrels, jsonl, write


def doubled(folder, **splits):
    docs = [
        {"_id": f"{side}{n}", "text": f"text {n}" if side == "m" else f"Text  {n}"}
        for n in range(5)
        for side in ("m", "z")
    ]
    write(folder / "corpus.jsonl", jsonl(docs))
    write(folder / "queries.jsonl", jsonl([{"_id": f"q{n}", "text": f"query {n}"} for n in range(5)]))
    for split, rows in splits.items():
        write(folder / "qrels" / f"{split}.tsv", beir_qrels(rows))
    return folder


TRAIN = [("q0", "m0", 1), ("q0", "z0", 2), ("q1", "z1", 1), ("q2", "z2", 0), ("q2", "m3", 1)]
TEST = [("q3", "m3", 1), ("q3", "z3", 1), ("q4", "z4", 1)]


def judgements(data, split):
    rows = data.qrels[split]
    return [
        (data.query_ids[q], data.doc_ids[d], int(g))
        for q, d, g in zip(rows.queries, rows.docs, rows.grades, strict=True)
    ]


def test_judgements_are_joined_under_the_first_id_and_the_higher_grade(tmp_path):
    folder = doubled(tmp_path, train=TRAIN, dev=TEST, test=TEST)
    plain, data = load_dataset(folder), load_dataset(folder, fold=True)
    assert (len(plain.docs), data.doc_ids) == (10, [f"m{n}" for n in range(5)])
    assert judgements(data, "train") == [("q0", "m0", 2), ("q1", "m1", 1), ("q2", "m2", 0), ("q2", "m3", 1)]
    assert judgements(data, "test") == [("q3", "m3", 1), ("q4", "m4", 1)]
    assert data.fingerprint != plain.fingerprint
    assert "5 documents folded into others with their text" in data.source


def test_nothing_to_fold_changes_nothing():
    assert load_dataset("tiny", fold=True).fingerprint == load_dataset("tiny").fingerprint


def test_the_check_says_what_copies_do_to_measures(tmp_path):
    folder = doubled(tmp_path, train=TRAIN, dev=TEST[:2], test=TEST)
    report = check_dataset(folder)
    assert report.duplicate_passages == 5
    told = {problem.kind: str(problem) for problem in report.warnings}
    assert "of 1 of 2 test queries, such as 'q4'" in told["unjudged copies in test"]
    assert (
        "RR 0.75 instead of 1" in told["unjudged copies in test"]
    )  # q3's copies are both judged, q4's is not
    assert "unjudged copies in dev" not in told
    again = check_dataset(folder, ReadingConfig(fold=True))
    assert (again.documents, again.duplicate_passages) == (5, 0)
    assert "duplicate passage" not in {problem.kind for problem in again.warnings}


def test_a_query_s_own_document_may_have_been_folded_into_another(tmp_path):
    folder = doubled(tmp_path, train=TRAIN, dev=TEST, test=TEST)
    write(
        folder / "queries.jsonl",
        jsonl([{"_id": key, "text": "text 4"} for key in ("z4", "q0", "q1", "q2", "q3", "q4")]),
    )
    data = load_dataset(folder, fold=True)
    assert [
        (data.query_ids[q], data.doc_ids[d]) for q, d in zip(data.own.queries, data.own.docs, strict=True)
    ] == [("z4", "m4")]


def test_given_negatives_fold_too(tmp_path):
    rows = [{"query": f"q {n}", "pos": [f"a {n}"], "neg": [f"a {n + 1}", f"A  {n + 1}"]} for n in range(10)]
    path = write(tmp_path / "t.jsonl", jsonl(rows))
    plain, data = load_dataset(path), load_dataset(path, fold=True)
    assert (len(plain.given), len(data.given)) == (20, 10)
    assert len(data.docs) == 11
