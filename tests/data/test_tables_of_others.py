"""Tables as other tools write them: pairs, triplets, lists, objects; in any file form, folder, zip or hub layout."""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ance_core.data import load_dataset
from ance_core.errors import ConfigError, DataError

from .folders import beir, jsonl, write

N = 12
ASK = [f"question about {n}" for n in range(N)]
SAY = [f"answer number {n}" for n in range(N)]
PAIRS = {(ASK[n], SAY[n]) for n in range(N)}
NEGATIVES = {(ASK[n], SAY[(n + k) % N]) for n in range(N) for k in (1, 2)}


def relevant(data):
    """Pairs of texts judged relevant, in any split."""
    return {
        (data.queries[q], data.docs[d])
        for qrels in data.qrels.values()
        for q, d, g in zip(qrels.queries, qrels.docs, qrels.grades, strict=True)
        if g >= 1
    }


def given(data):
    return [(data.queries[q], data.docs[d]) for q, d in zip(data.given.queries, data.given.docs, strict=True)]


def passage(n, key="docid"):
    return {key: f"d{n}", "title": "", "text": SAY[n]}


def csv(rows, mark=","):
    return "".join(mark.join(f'"{cell}"' if mark != "\t" else cell for cell in row) + "\n" for row in rows)


def rows_of(form):
    makers = {
        "pairs": lambda n: {"query": ASK[n], "passage": SAY[n]},
        "anchors": lambda n: {"anchor": ASK[n], "positive": SAY[n]},
        "triplets": lambda n: {
            "anchor": ASK[n], "positive": SAY[n], "negative_1": SAY[(n + 1) % N], "negative_2": SAY[(n + 2) % N],
        },
        "lists": lambda n: {"query": ASK[n], "pos": [SAY[n]], "neg": [SAY[(n + 1) % N], SAY[(n + 2) % N]]},
        "passages": lambda n: {
            "query_id": f"q{n}", "query": ASK[n], "positive_passages": [passage(n)],
            "negative_passages": [passage((n + 1) % N), passage((n + 2) % N)],
        },
        "dpr": lambda n: {
            "question": ASK[n], "answers": ["yes"], "positive_ctxs": [passage(n, "passage_id")],
            "negative_ctxs": [passage((n + 2) % N, "passage_id")],
            "hard_negative_ctxs": [passage((n + 1) % N, "passage_id")],
        },
    }  # fmt: skip
    return [makers[form](n) for n in range(N)]


FORMS = {"pairs": [], "anchors": [], "triplets": [1, 2], "lists": [1, 2], "passages": [1, 2], "dpr": [1, 2]}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", ["jsonl", "json", "jsonl.gz", "parquet"])
def test_each_form_in_each_file(tmp_path, form, ending):
    rows, path = rows_of(form), tmp_path / f"table.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        write(path, json.dumps(rows) if ending == "json" else jsonl(rows))
    data = load_dataset(path)
    assert relevant(data) == PAIRS
    wanted = [(ASK[n], SAY[(n + k) % N]) for n in range(N) for k in FORMS[form]]
    assert sorted(given(data), key=lambda pair: ASK.index(pair[0])) == wanted  # in the order of the row
    assert list(data.qrels) == ["train", "dev", "test"]
    if form in ("passages", "dpr"):
        assert set(data.doc_ids) == {f"d{n}" for n in range(N)}


def test_forms_with_the_same_texts_are_one_dataset(tmp_path):
    prints = {
        load_dataset(write(tmp_path / f"{form}.jsonl", jsonl(rows_of(form)))).fingerprint
        for form in ("triplets", "lists")
    }
    assert len(prints) == 1


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ","), ("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", "\t")])
def test_delimiters(tmp_path, name, mark):
    rows = [("anchor", "positive", "negative")] + [(ASK[n], SAY[n], SAY[(n + 1) % N]) for n in range(N)]
    data = load_dataset(write(tmp_path / name, csv(rows, mark)))
    assert relevant(data) == PAIRS
    assert set(given(data)) == {(ASK[n], SAY[(n + 1) % N]) for n in range(N)}


def test_triplets_that_repeat_a_pair_for_each_negative(tmp_path, caplog):
    rows = [("query", "positive", "negative")] + [
        (ASK[n], SAY[n], SAY[(n + k) % N]) for k in (1, 2) for n in range(N)
    ]
    data = load_dataset(write(tmp_path / "t.csv", csv(rows)))
    assert relevant(data) == PAIRS
    assert set(given(data)) == NEGATIVES
    assert not caplog.records


def test_tables_without_a_header_are_read_when_their_columns_are_named(tmp_path):
    two = write(tmp_path / "two.tsv", "".join(f"{a}\t{s}\n" for a, s in zip(ASK, SAY, strict=True)))
    with pytest.raises(DataError, match=r"two.tsv:1: no column 'query': name it .* data.columns"):
        load_dataset(two)
    assert relevant(load_dataset(two, columns=["query", "passage"])) == PAIRS
    assert relevant(load_dataset(two, columns="query, passage")) == PAIRS
    three = write(
        tmp_path / "three.tsv", "".join(f"{ASK[n]}\t{SAY[n]}\t{SAY[(n + 1) % N]}\n" for n in range(N))
    )
    data = load_dataset(three, columns=["anchor", "positive", "negative"])
    assert relevant(data) == PAIRS
    assert len(given(data)) == N
    with pytest.raises(DataError, match=r"3 against 2 fields in data.columns: name as many"):
        load_dataset(three, columns=["query", "passage"])
    headed = write(tmp_path / "headed.tsv", "query\tpassage\n" + two.read_text())
    with pytest.raises(DataError, match=r"the first line names the columns: leave data.columns out"):
        load_dataset(headed, columns=["query", "passage"])
    with pytest.raises(
        DataError, match=r"data.columns: names columns of tables, and .* is BEIR: leave it out"
    ):
        load_dataset(beir(tmp_path / "b"), columns=["query", "passage"])
    with pytest.raises(ConfigError, match="load_dataset: column: no such setting; did you mean 'columns'"):
        load_dataset(two, column=["query"])


def test_what_is_positive_is_no_negative_and_empty_lists_cost_the_query_alone(tmp_path, caplog):
    rows = rows_of("lists")
    rows[0]["neg"].append(SAY[0])
    rows[1]["neg"].append("")
    rows.append({"query": "unanswered", "pos": [], "neg": [SAY[0]]})
    with pytest.raises(DataError, match=r"t.jsonl:2: field 'neg' is '', not a text"):
        load_dataset(write(tmp_path / "t.jsonl", jsonl(rows)))
    rows[1]["neg"].pop()
    data = load_dataset(write(tmp_path / "t.jsonl", jsonl(rows)))
    assert set(given(data)) == NEGATIVES
    told = " ".join(record.getMessage() for record in caplog.records)
    assert "t.jsonl:13: field 'pos' is an empty list: the query is left out" in told
    assert "t.jsonl:1: document" in told
    assert "and is a positive of it" in told


def splits(folder, name="{split}.parquet"):
    for split, part in (("train", slice(0, 6)), ("validation", slice(6, 8)), ("test", slice(8, N))):
        path = folder / name.format(split=split)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows_of("triplets")[part]), path)
    return folder


@pytest.mark.parametrize(
    "name",
    ["{split}.parquet", "data/{split}-00000-of-00001.parquet",
     "data/{split}-00000-of-00001-ab12cd.parquet", "{split}/any.parquet"]
)  # fmt: skip
def test_folders_of_tables(tmp_path, name):
    data = load_dataset(splits(tmp_path, name))
    assert {split: len(np.unique(q.queries)) for split, q in data.qrels.items()} == {
        "train": 6,
        "dev": 2,
        "test": 4,
    }
    assert relevant(data) == PAIRS


def test_tables_in_parts(tmp_path):
    for part in range(3):
        rows = rows_of("pairs")[4 * part : 4 * part + 4]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"train-{part:05d}-of-00003.parquet")
    assert relevant(load_dataset(tmp_path)) == PAIRS
    assert relevant(load_dataset(tmp_path / "train-00001-of-00003.parquet")) == PAIRS
    (tmp_path / "train-00001-of-00003.parquet").unlink()
    with pytest.raises(DataError, match=r"train-00001-of-00003.parquet:1: not readable as Parquet"):
        load_dataset(tmp_path)


def test_beir_as_hubs_keep_it(tmp_path):
    plain = load_dataset(beir(tmp_path / "plain"))
    hub = tmp_path / "hub"
    for name in ("corpus", "queries"):
        rows = [json.loads(line) for line in (tmp_path / "plain" / f"{name}.jsonl").read_text().splitlines()]
        (hub / name).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), hub / name / f"{name}-00000-of-00001.parquet")
    for split in ("train", "test"):
        lines = (tmp_path / "plain" / "qrels" / f"{split}.tsv").read_text().splitlines()[1:]
        rows = [
            dict(zip(("query-id", "corpus-id", "score"), line.split("\t"), strict=True)) for line in lines
        ]
        rows = [row | {"score": float(row["score"])} for row in rows]
        (hub / "qrels").mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), hub / "qrels" / f"{split}-00000-of-00001.parquet")
    assert load_dataset(hub).fingerprint == plain.fingerprint


def test_what_datasets_saves(tmp_path):
    datasets = pytest.importorskip("datasets")
    whole = datasets.Dataset.from_list(rows_of("triplets"))
    whole.save_to_disk(tmp_path / "one", num_shards=2)
    assert relevant(load_dataset(tmp_path / "one")) == PAIRS
    parts = datasets.DatasetDict(
        {"train": whole.select(range(8)), "validation": whole.filter(lambda row: row["anchor"] in ASK[8:])}
    )
    parts.save_to_disk(tmp_path / "many")
    data = load_dataset(tmp_path / "many")
    assert {split: len(np.unique(q.queries)) for split, q in data.qrels.items()} == {"train": 8, "dev": 4}
    assert set(given(data)) == NEGATIVES
    (tmp_path / "one" / "state.json").write_text("[]")
    with pytest.raises(DataError, match=r"state.json: damaged or missing: save the dataset again"):
        load_dataset(tmp_path / "one")


def test_what_datasets_loads(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    data = load_dataset(f"datasets:{splits(tmp_path / 'hub')}")
    assert list(data.qrels) == ["train", "dev", "test"]
    assert relevant(data) == PAIRS
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"datasets:.*: datasets cannot load it \(.*\): check the id"):
        load_dataset(f"datasets:{tmp_path / 'empty'}")


def test_without_the_extra_its_name_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        DataError, match=r"datasets is not installed: pip install 'ance-workbench\[datasets\]'"
    ):
        load_dataset("datasets:owner/name")
