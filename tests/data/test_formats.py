"""The same small collection in every form gives the same dataset."""

import csv
import io

import pytest

from ance_core.data import load_dataset
from ance_core.data.problems import Problems
from ance_core.data.splits import split_all
from ance_core.errors import DataError

from .folders import DOCS, QUERIES, TEST, TRAIN, beir, beir_qrels, jsonl, trec_qrels, write

TEXTS = [
    "The lamp. It turns at night.",
    "The bell rings in fog.",
    "Seals. They sleep on the beach.",
    "Birds! They nest in the walls.",
]


def pairs(dataset, split):
    found = dataset.qrels[split]
    return [
        (dataset.query_ids[q], dataset.doc_ids[d], int(g))
        for q, d, g in zip(found.queries, found.docs, found.grades, strict=True)
    ]


def write_msmarco(folder, ending=""):
    write(
        folder / f"collection.tsv{ending}", "".join(f"{k}\t{t}\n" for k, t in zip(DOCS, TEXTS, strict=True))
    )
    rows = [f"{k}\t{t}\n" for k, t in QUERIES.items()]
    write(folder / f"queries.train.tsv{ending}", "".join(rows[:3]))
    write(folder / f"queries.dev.small.tsv{ending}", "".join(rows[3:]))
    write(folder / f"qrels.train.tsv{ending}", trec_qrels(TRAIN, "\t"))
    write(folder / f"qrels.dev.small.tsv{ending}", trec_qrels(TEST, "\t"))
    return folder


def write_trec(folder):
    docs = "".join(
        f"<DOC>\n<DOCNO> {key} </DOCNO>\n<TITLE>{title}</TITLE>\n<TEXT>\n{text}\n</TEXT>\n</DOC>\n"
        for key, (title, text) in DOCS.items()
    )
    write(folder / "docs.trec", docs)
    topics = "".join(
        f"<top>\n<num> Number: {key}\n<title> {text}\n<desc> Description:\nmore words\n</top>\n"
        for key, text in QUERIES.items()
    )
    write(folder / "topics.txt", topics)
    write(folder / "qrels.train.txt", trec_qrels(TRAIN))
    write(folder / "qrels.test.txt", trec_qrels(TEST))
    return folder


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_beir(tmp_path, ending):
    data = load_dataset(beir(tmp_path / "island", ending))
    assert data.name == "island"
    assert data.doc_ids == list(DOCS)
    assert data.docs == TEXTS
    assert data.queries == list(QUERIES.values())
    assert pairs(data, "test") == sorted(TEST)
    assert sorted(pairs(data, "train") + pairs(data, "dev")) == sorted(TRAIN)
    assert "cut from train" in data.source


def test_gzip_does_not_change_the_fingerprint(tmp_path):
    plain, packed = load_dataset(beir(tmp_path / "a")), load_dataset(beir(tmp_path / "b", ".gz"))
    assert plain.fingerprint == packed.fingerprint


def test_a_union_file_beside_named_splits_is_left_out(tmp_path):
    folder = beir(tmp_path)
    write(folder / "qrels" / "all.tsv", beir_qrels(TRAIN + TEST))
    assert set(load_dataset(folder).qrels) == {"train", "dev", "test"}


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_msmarco(tmp_path, ending):
    data = load_dataset(write_msmarco(tmp_path, ending))
    assert data.docs == TEXTS
    assert pairs(data, "train") == sorted(TRAIN)
    assert pairs(data, "dev") == sorted(TEST)
    assert "MS MARCO" in data.source


def test_msmarco_reads_a_query_that_two_files_repeat_once(tmp_path):
    folder = write_msmarco(tmp_path)
    (folder / "queries.dev.small.tsv").unlink()
    write(folder / "queries.dev.tsv", "q4\twho nests\nq5\twho\n")
    write(folder / "queries.eval.tsv", "q5\twho\nq6\tnobody judged this\n")
    assert load_dataset(folder).queries == [
        *list(QUERIES.values())[3:],
        "nobody judged this",
        *list(QUERIES.values())[:3],
    ]


def test_trec(tmp_path):
    data = load_dataset(write_trec(tmp_path))
    assert data.docs == TEXTS
    assert data.queries == list(QUERIES.values())
    assert pairs(data, "test") == sorted(TEST)


def test_trec_topic_forms(tmp_path):
    folder = write_trec(tmp_path)
    write(folder / "topics.txt", "".join(f"{k}\t{t}\n" for k, t in QUERIES.items()))
    assert load_dataset(folder).queries == list(QUERIES.values())
    closed = "".join(
        f"<top><num>{k}</num><title></title>\n<desc>Description: {t} &amp; why</desc></top>\n"
        for k, t in QUERIES.items()
    )
    write(folder / "topics.txt", closed)
    assert load_dataset(folder).queries == [f"{t} & why" for t in QUERIES.values()]


ROWS = [
    {"id": d, "query": QUERIES[q], "passage": " ".join(DOCS[d]).strip(), "score": g}
    for q, d, g in TRAIN + TEST
]


def as_csv(rows, delimiter=","):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pairs.jsonl", jsonl(ROWS)),
        ("pairs.jsonl.gz", jsonl(ROWS)),
        ("pairs.csv", as_csv(ROWS)),
        ("pairs.tsv", as_csv(ROWS, "\t")),
    ],
)
def test_table(tmp_path, name, text):
    data = load_dataset(write(tmp_path / name, text))
    assert sorted(data.doc_ids) == sorted(DOCS)
    assert sorted(data.queries) == sorted(QUERIES.values())
    assert set(data.qrels) == {"train", "dev", "test"}
    found = sorted(
        (data.queries[data.query_ids.index(q)], d, g) for s in data.qrels for q, d, g in pairs(data, s)
    )
    assert found == sorted((QUERIES[q], d, g) for q, d, g in TRAIN + TEST)


def test_table_without_id_and_score_does_not_depend_on_line_order(tmp_path):
    rows = [{"query": f"question {n}", "passage": f"answer {n // 2}"} for n in range(40)]
    a = load_dataset(write(tmp_path / "a.jsonl", jsonl(rows)))
    b = load_dataset(write(tmp_path / "b.jsonl", jsonl(rows[::-1])))
    assert len(a.docs) == 20
    for split in ("train", "dev", "test"):
        assert sorted(pairs(a, split)) == sorted(pairs(b, split))


def test_csv_passage_over_several_lines(tmp_path):
    rows = [{"query": f"q {n}", "passage": f"line one\n\nline, two of {n}"} for n in range(4)]
    data = load_dataset(write(tmp_path / "pairs.csv", as_csv(rows)))
    assert "line one\n\nline, two of 3" in data.docs


def test_unknown_form_says_what_was_looked_for(tmp_path):
    write(tmp_path / "notes.md", "hello")
    with pytest.raises(
        DataError, match=r"notes\.md.*corpus\.jsonl.*collection\.tsv.*topics.*columns query"
    ) as error:
        load_dataset(tmp_path)
    assert "\n" not in str(error.value)


def test_unknown_name_gets_the_nearest():
    with pytest.raises(DataError, match="did you mean 'tiny'"):
        load_dataset("tinny")


def test_one_unnamed_judgement_file_is_split_by_query(tmp_path):
    folder = beir(tmp_path)
    (folder / "qrels" / "train.tsv").unlink()
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "judged.tsv")
    write(folder / "qrels" / "judged.tsv", beir_qrels(TRAIN + TEST))
    data = load_dataset(folder)
    expected = split_all(QUERIES)
    assert {q for s in data.qrels for q, _, _ in pairs(data, s)} == set(QUERIES)
    assert all(expected[q] == s for s in data.qrels for q, _, _ in pairs(data, s))
    assert "split into train, dev and test" in data.source


def test_ir_datasets_missing_or_unknown():
    try:
        import ir_datasets  # noqa: F401
    except ImportError:
        with pytest.raises(DataError, match=r"pip install 'ance-workbench\[ir-datasets\]'"):
            load_dataset("ir_datasets:beir/scifact")
    else:
        with pytest.raises(DataError, match="has no 'beir/no-such-thing'"):
            load_dataset("ir_datasets:beir/no-such-thing")


def test_ir_datasets_reads_splits(tmp_path):
    ir_datasets = pytest.importorskip("ir_datasets", reason="the extra ir-datasets is not installed")
    docs = write(tmp_path / "docs.tsv", "".join(f"{k}\t{t}\n" for k, t in zip(DOCS, TEXTS, strict=True)))
    queries = write(tmp_path / "queries.tsv", "".join(f"{k}\t{t}\n" for k, t in QUERIES.items()))
    for split, rows in (("train", TRAIN), ("test", TEST)):
        qrels = write(tmp_path / f"{split}.qrels", trec_qrels(rows))
        part = ir_datasets.create_dataset(docs_tsv=str(docs), queries_tsv=str(queries), qrels_trec=str(qrels))
        ir_datasets.registry.register(f"ance-island/{split}", part)
    whole = ir_datasets.create_dataset(docs_tsv=str(docs), queries_tsv=str(queries))
    ir_datasets.registry.register("ance-island", whole)
    data = load_dataset("ir_datasets:ance-island")
    assert data.docs == TEXTS
    assert pairs(data, "test") == sorted(TEST)
    assert data.name == "ir_datasets:ance-island"


def test_read_qrels_accepts_decimal_grades(tmp_path):
    from ance_core.data.formats.qrels import read_qrels

    problems = Problems()
    rows = read_qrels(
        write(tmp_path / "q.tsv", "query-id\tcorpus-id\tscore\na\tb\t1.0\na\tc\t-1\n"), problems
    )
    assert [(row.doc, row.grade, row.line) for row in rows] == [("b", 1, 2), ("c", -1, 3)]
    assert not problems.errors
