import numpy as np

from ance_core.data import dataset_names, load_dataset


def test_tiny_is_complete_and_graded():
    data = load_dataset("tiny")
    assert (len(data.docs), len(data.queries)) == (24, 36)
    sizes = {split: len(np.unique(qrels.queries)) for split, qrels in data.qrels.items()}
    assert sizes == {"train": 24, "dev": 4, "test": 8}
    assert sum(len(qrels) for qrels in data.qrels.values()) == 24 * 36
    grades = np.concatenate([qrels.grades for qrels in data.qrels.values()])
    assert np.bincount(grades).tolist() == [807, 13, 44]
    answered = set(np.concatenate([qrels.relevant().docs for qrels in data.qrels.values()]).tolist())
    assert answered == set(range(24))
    several = sum((qrels.labels().counts() > 1).sum() for qrels in data.qrels.values())
    assert several == 17


def test_the_clear_night_is_no_bad_visibility():
    data = load_dataset("tiny")
    query = data.queries.index("Ships that came to grief in bad visibility")
    labels = data.qrels["train"].labels()
    relevant = labels.of(labels.queries.tolist().index(query))
    assert [data.doc_ids[row] for row in relevant] == ["aurora"]


def test_names():
    names = dataset_names()
    assert list(names) == ["catalogue", "pydocs", "tiny", "campus"]
    assert all(text and "\n" not in text for text in names.values())
