"""`campus`: what its datasheet promises, checked. Templates, copied wording and leaking splits would show here."""

import json
import re
from collections import Counter, defaultdict
from importlib.resources import files
from itertools import combinations, pairwise

import numpy as np
import pytest

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.retrieval import BM25, evaluate

FOLDER = files("ance_samples") / "campus"
WORD = re.compile(r"[a-z0-9']+")


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def runs_of(text: str, n: int) -> set[tuple[str, ...]]:
    tokens = words(text)
    return {tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)}


@pytest.fixture(scope="module")
def campus():
    return load_dataset("campus")


@pytest.fixture(scope="module")
def passages():
    lines = (FOLDER / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["_id"]: row["text"] for row in map(json.loads, lines)}


@pytest.fixture(scope="module")
def metadata():
    lines = (FOLDER / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {kind: {r["id"]: r for r in rows if r["kind"] == kind} for kind in ("passage", "need", "question")}


@pytest.fixture(scope="module")
def wordings(campus, metadata):
    """Need id -> the texts of its questions."""
    text = dict(zip(campus.query_ids, campus.queries, strict=True))
    found = defaultdict(list)
    for key, row in metadata["question"].items():
        found[row["need"]].append(text[key])
    return found


@pytest.fixture(scope="module")
def grades(campus):
    """Question id -> passage id -> grade, over all splits."""
    found = defaultdict(dict)
    for qrels in campus.qrels.values():
        for q, d, g in zip(qrels.queries, qrels.docs, qrels.grades, strict=True):
            found[campus.query_ids[q]][campus.doc_ids[d]] = int(g)
    return found


def test_it_is_clean():
    report = check_dataset("campus")
    assert report.ok
    # dev and test ask again what training knows; the unseen splits do not
    assert {problem.kind for problem in report.warnings} == {
        "dev answer in training",
        "test answer in training",
    }


def test_sizes_and_lengths(campus, passages, metadata):
    assert len(passages) >= 400
    assert len(campus.queries) >= 5500
    assert len({row["topic"] for row in metadata["passage"].values()}) >= 12
    assert {40 <= len(words(text)) <= 110 for text in passages.values()} == {True}
    assert {4 <= len(words(text)) <= 20 for text in campus.queries} == {True}
    assert len({row["voice"] for row in metadata["passage"].values()}) >= 6


def test_ids_agree_everywhere(campus, metadata, grades):
    assert set(metadata["passage"]) == set(campus.doc_ids)
    assert set(metadata["question"]) == set(campus.query_ids) == set(grades)
    for split, qrels in campus.qrels.items():
        ids = {campus.query_ids[q] for q in qrels.queries}
        assert {metadata["question"][i]["split"] for i in ids} == {split}


def test_texts_are_unique(campus, passages):
    assert len({" ".join(words(text)) for text in passages.values()}) == len(passages)
    assert len({" ".join(words(text)) for text in campus.queries}) == len(campus.queries)


def test_no_two_passages_share_half_of_their_wording(passages):
    fives = {key: runs_of(text, 5) for key, text in passages.items()}
    for a, b in combinations(fives, 2):
        assert len(fives[a] & fives[b]) < 0.5 * min(len(fives[a]), len(fives[b])), (a, b)


def test_no_question_copies_six_words_of_what_answers_it(campus, passages, grades):
    for key, text in zip(campus.query_ids, campus.queries, strict=True):
        six = runs_of(text, 6)
        for passage in grades[key]:
            assert not six & runs_of(passages[passage], 6), (key, passage)


def test_every_need_is_a_set_of_full_answers_of_its_own(metadata, grades):
    answers = [tuple(row["answers"]) for row in metadata["need"].values()]
    assert len(set(answers)) == len(answers) >= 500
    for key, row in metadata["question"].items():
        full = {d for d, g in grades[key].items() if g == 2}
        assert full == set(metadata["need"][row["need"]]["answers"]), key


def test_every_need_is_asked_in_eight_wordings_and_most_voices(wordings, metadata):
    assert set(wordings) == set(metadata["need"])
    assert min(map(len, wordings.values())) >= 8
    voices = defaultdict(set)
    for row in metadata["question"].values():
        voices[row["need"]].add(row.get("voice"))
    assert min(map(len, voices.values())) >= 5


def test_wordings_of_a_need_share_few_words(wordings):
    """No template and no replaced synonyms: these leave most of a sentence as it was."""
    for need, texts in wordings.items():
        pairs = list(combinations([set(words(text)) for text in texts], 2))
        assert np.median([len(a & b) / len(a | b) for a, b in pairs]) < 0.35, need
        for one, other in combinations(texts, 2):
            assert not runs_of(one, 4) & runs_of(other, 4), (one, other)


def test_a_wording_inherits_the_judgements_of_the_question_it_asks_again(metadata, grades):
    again = {key: row["asks"] for key, row in metadata["question"].items() if "asks" in row}
    assert len(again) > 4000
    for key, first in again.items():
        assert grades[key] == grades[first]
        assert metadata["question"][key]["need"] == metadata["question"][first]["need"]


def test_every_full_answer_is_proved_by_its_words(passages, metadata, grades):
    for key, row in metadata["question"].items():
        if "asks" in row:
            continue  # proved by the question it asks again
        assert set(row["answers"]) == {d for d, g in grades[key].items() if g == 2}
        assert 1 <= len(row["answers"]) <= 4
        for passage, answer in row["answers"].items():
            assert answer in passages[passage], (key, passage)


def test_three_in_ten_questions_have_several_full_answers(grades):
    several = [2 <= sum(g == 2 for g in judged.values()) <= 4 for judged in grades.values()]
    assert np.mean(several) >= 0.3


def test_dev_and_test_ask_again_what_training_knows_and_the_others_what_it_never_saw(metadata, grades):
    rows = metadata["question"].values()
    trained = {row["need"] for row in rows if row["split"] == "train"}
    labels = {d for key, row in metadata["question"].items() if row["split"] == "train" for d in grades[key]}
    for key, row in metadata["question"].items():
        if row["split"] in ("dev", "test"):
            assert row["need"] in trained, key
        elif row["split"] != "train":
            assert not labels & set(grades[key]), key
    shares = Counter(row["split"] for row in rows)
    assert set(shares) == {"train", "dev", "test", "dev-unseen", "test-unseen"}
    assert min(shares.values()) >= 300
    assert shares["train"] / shares.total() > 0.5


def test_every_answer_has_three_to_eight_near_misses(metadata, grades):
    """Passages of the answer's own group, the same matter in another case, that do not answer the question in full."""
    members = defaultdict(set)
    for key, row in metadata["passage"].items():
        members[row["group"]].add(key)
    for key, row in metadata["question"].items():
        answers = metadata["need"][row["need"]]["answers"]
        for passage in answers:
            if metadata["passage"][passage]["topic"] == row["topic"]:
                misses = members[metadata["passage"][passage]["group"]] - set(answers)
                assert 3 <= len(misses) <= 8, (key, passage)


def bigram_ratio(texts: list[str], limit: int) -> float:
    """Different bigrams over all bigrams, in the first `limit` words: a ratio that length would lower otherwise."""
    tokens = [w for text in texts for w in words(text)][:limit]
    pairs = list(pairwise(tokens))
    return len(set(pairs)) / len(pairs)


def opening_ratio(texts: list[str], limit: int) -> float:
    """Different first two words of sentences over all sentences, in the first `limit` sentences."""
    sentences = [s for text in texts for s in re.split(r"(?<=[.!?])\s+", text) if len(words(s)) > 2][:limit]
    return len({tuple(words(s)[:2]) for s in sentences}) / len(sentences)


@pytest.mark.shared_data
def test_wording_is_as_varied_as_an_encyclopaedias(passages, campus, shared_data):
    squad = load_dataset(shared_data / "squad-dev")
    ours, theirs = list(passages.values()), squad.docs
    size = min(len(words(" ".join(ours))), len(words(" ".join(theirs))))
    assert bigram_ratio(ours, size) > 0.8 * bigram_ratio(theirs, size)
    assert opening_ratio(ours, 2000) > 0.8 * opening_ratio(theirs, 2000)
    assert bigram_ratio(campus.queries, 8000) > 0.8 * bigram_ratio(squad.queries, 8000)
    assert opening_ratio(campus.queries, 1200) > 0.8 * opening_ratio(squad.queries, 1200)


def test_word_matching_neither_solves_nor_misses_it(campus):
    labels = campus.qrels["test"].labels()
    ranking = BM25(campus.docs).search([campus.queries[q] for q in labels.queries], 10)
    assert 0.35 < evaluate(ranking, labels, len(campus.docs), measures=("RR@10",))["RR@10"].mean() < 0.75
