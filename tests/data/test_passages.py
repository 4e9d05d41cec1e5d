"""Documents in several passages: cut where they should be, kept in files, expanded as a slow loop would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.config import EncoderConfig
from ance_core.data import load_dataset
from ance_core.data.passages import Passages
from ance_core.data.tokens import Tokens, tokenize, tokenized, train_wordpiece

CLS, SEP = 2, 3


@pytest.fixture(scope="module")
def wordpiece():
    return train_wordpiece(load_dataset("tiny").docs, 400)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.data())
def test_expansion_equals_the_slow_loop(counts, data):
    passages = Passages(np.cumsum([0, *counts]))
    docs = data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=8))
    rows, place = passages.expand(np.array(docs, dtype=np.int64))
    of = [[p for p in range(sum(counts)) if passages.document[p] == d] for d in docs]
    assert rows.tolist() == [p for own in of for p in own]
    assert place.shape == (len(docs), max((len(own) for own in of), default=1))
    for own, row in zip(of, place, strict=True):
        assert rows[row].tolist() == own + [own[0]] * (place.shape[1] - len(own))
    assert len(passages) == len(counts)
    assert passages.most == max(counts)


def test_passages_are_the_text_cut_in_pieces_by_hand(wordpiece):
    text = "the light turns at night the bell rings in the fog"
    whole = tokenize([text], wordpiece, 100, special_tokens=False).ids.tolist()
    texts = [text, "", "the light", text]
    cut = tokenize(texts, wordpiece, 5, special_tokens=False, max_passages=3)
    starts = cut.passages.starts.tolist()
    assert starts == [0, 3, 4, 5, 8]
    pieces = [cut.ids[cut.offsets[p] : cut.offsets[p + 1]].tolist() for p in range(len(cut))]
    assert pieces[:3] == pieces[5:] == [whole[0:5], whole[5:10], whole[10:15]]
    assert pieces[3] == []  # a text without words is one passage without tokens
    assert pieces[4] == whole[:2]


def test_each_passage_has_special_tokens_of_its_own(wordpiece):
    text = "the light turns at night the bell rings"
    whole = tokenize([text], wordpiece, 100, special_tokens=False).ids.tolist()
    cut = tokenize([text], wordpiece, 6, max_passages=4)
    pieces = [cut.ids[cut.offsets[p] : cut.offsets[p + 1]].tolist() for p in range(len(cut))]
    assert all((piece[0], piece[-1]) == (CLS, SEP) for piece in pieces)
    assert [token for piece in pieces for token in piece[1:-1]] == whole[: 4 * 4]


def test_the_first_passage_is_what_first_p_reads(wordpiece):
    docs = load_dataset("tiny").docs
    first, cut = tokenize(docs, wordpiece, 20), tokenize(docs, wordpiece, 20, max_passages=4)
    assert first.passages is None
    assert len(cut.passages) == len(docs)
    for doc, passage in enumerate(cut.passages.starts[:-1]):
        np.testing.assert_array_equal(first.ragged(np.array([doc]))[0], cut.ragged(np.array([passage]))[0])


def test_the_cache_and_files_keep_them(tmp_path, monkeypatch):
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path / "cache"))
    tiny = load_dataset("tiny")
    settings = {"vocab_size": 400, "max_document_tokens": 20}
    several = tokenized(tiny, encoder=EncoderConfig(max_passages=3, **settings))
    again = tokenized(tiny, encoder=EncoderConfig(max_passages=3, **settings))
    assert again.docs.passages.starts.tolist() == several.docs.passages.starts.tolist()
    assert several.queries.passages is None
    assert several.docs.passages.most == 3
    assert tokenized(tiny, encoder=EncoderConfig(**settings)).docs.passages is None
    several.docs.save(tmp_path / "copy")
    assert Tokens.load(tmp_path / "copy").passages.starts.tolist() == several.docs.passages.starts.tolist()
