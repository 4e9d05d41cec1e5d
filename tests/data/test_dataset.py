import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.data import Labels, Qrels, load_dataset
from ance_core.data.fingerprint import fingerprint
from ance_core.data.splits import carve_dev, hash_order, split_all
from ance_core.errors import DataError

from .folders import beir

judgements = st.dictionaries(
    st.tuples(st.integers(0, 20), st.integers(0, 20)), st.integers(-1, 3), max_size=60
)  # (query, document) -> grade


@given(judgements, st.randoms())
def test_labels_hold_every_relevant_pair_once(grades, random):
    rows = [(q, d, g) for (q, d), g in grades.items()]
    random.shuffle(rows)
    labels = Qrels.of(*zip(*rows, strict=True)).labels() if rows else Qrels.of().labels()
    back = {
        (int(q), int(d)): int(g)
        for i, q in enumerate(labels.queries)
        for d, g in zip(labels.of(i), labels.grades[labels.indptr[i] : labels.indptr[i + 1]], strict=True)
    }
    assert back == {pair: g for pair, g in grades.items() if g >= 1}
    assert len(labels) == len({q for q, _ in back})
    assert np.all(np.diff(labels.queries) > 0)
    assert np.all(labels.counts() >= 1)
    assert all(np.all(np.diff(labels.of(i)) > 0) for i in range(len(labels)))


def test_labels_of_a_hand_checked_case():
    labels = Qrels.of([2, 0, 2, 1, 2], [5, 3, 1, 4, 9], [1, 2, 3, 0, -1]).labels()
    assert isinstance(labels, Labels)
    assert labels.queries.tolist() == [0, 2]
    assert labels.indptr.tolist() == [0, 1, 3]
    assert labels.docs.tolist() == [3, 1, 5]
    assert labels.grades.tolist() == [2, 3, 1]
    assert (labels.queries.dtype, labels.indptr.dtype, labels.grades.dtype) == (np.int32, np.int64, np.int16)


def test_qrels_refuse_a_pair_twice_and_cannot_be_written_to():
    with pytest.raises(ValueError, match="judged twice"):
        Qrels.of([0, 0], [1, 1], [1, 2])
    qrels = Qrels.of([0], [1], [1])
    with pytest.raises(ValueError, match="read-only"):
        qrels.docs[0] = 2
    with pytest.raises(ValueError, match="read-only"):
        qrels.labels().docs[0] = 2


def test_a_split_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="no 'eval' split; it has train, dev, test"):
        load_dataset(beir(tmp_path)).split("eval")


def test_fingerprint_sees_every_part_and_no_name(tmp_path):
    empty = Qrels.of()
    qrels = {"train": Qrels.of([0], [0], [1])}
    base = (["a"], ["text"], ["q"], ["query"], qrels, empty)
    changed = [
        (["b"], ["text"], ["q"], ["query"], qrels, empty),
        (["a"], ["text."], ["q"], ["query"], qrels, empty),
        (["a"], ["text"], ["r"], ["query"], qrels, empty),
        (["a"], ["text"], ["q"], ["query?"], qrels, empty),
        (["a"], ["text"], ["q"], ["query"], {"train": Qrels.of([0], [0], [2])}, empty),
        (["a"], ["text"], ["q"], ["query"], {"test": Qrels.of([0], [0], [1])}, empty),
        (["a"], ["text"], ["q"], ["query"], qrels, Qrels.of([0], [0], [1])),
        (["at"], ["ext"], ["q"], ["query"], qrels, empty),
        (["a", "text"], [], ["q"], ["query"], qrels, empty),
    ]
    prints = {fingerprint(*case) for case in (base, *changed)}
    assert len(prints) == len(changed) + 1
    assert all(len(p) == 16 and int(p, 16) >= 0 for p in prints)
    assert (
        load_dataset(beir(tmp_path / "one")).fingerprint == load_dataset(beir(tmp_path / "two")).fingerprint
    )


def test_hash_order_is_the_documented_hash():
    key = {i: hashlib.blake2b(f"dev\0{i}".encode(), digest_size=8).digest() for i in "abcdef"}
    assert hash_order("fedcba", "dev") == sorted("abcdef", key=key.__getitem__)


@given(st.sets(st.text(min_size=1), min_size=3, max_size=60))
def test_split_all_covers_and_fills(ids):
    where = split_all(ids)
    assert where.keys() == ids
    assert set(where.values()) == {"train", "dev", "test"}


def test_split_sizes():
    where = list(split_all(map(str, range(1000))).values())
    assert [where.count(s) for s in ("train", "dev", "test")] == [800, 80, 120]
    assert len(carve_dev(map(str, range(1000)))) == 100
    assert len(carve_dev(map(str, range(9000)))) == 500
    assert len(carve_dev("ab")) == 1
    assert carve_dev("a") == set()


def test_dev_queries_do_not_change_when_the_file_order_does():
    ids = [f"q{n}" for n in range(100)]
    assert carve_dev(ids) == carve_dev(reversed(ids))
