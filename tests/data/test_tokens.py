import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from ance_core.config import EncoderConfig
from ance_core.data import load_dataset
from ance_core.data.tokens import Tokens, tokenize, tokenized, train_wordpiece
from ance_core.data.wordpiece import SPECIAL
from ance_core.errors import ConfigError


@pytest.fixture(scope="module")
def tiny():
    return load_dataset("tiny")


@pytest.fixture(scope="module")
def wordpiece(tiny):
    return train_wordpiece(tiny.docs, 400)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


texts = st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=9), min_size=1, max_size=20)


@given(texts, st.data())
def test_ragged_and_padded_equal_the_slow_loop(stored, data):
    rows = data.draw(st.lists(st.integers(0, len(stored) - 1), max_size=12))
    tokens = Tokens(
        np.array([i for text in stored for i in text], dtype=np.int32),
        np.cumsum([0, *map(len, stored)], dtype=np.int64),
    )
    flat, offsets = tokens.ragged(np.array(rows, dtype=np.int64))
    assert flat.tolist() == [i for row in rows for i in stored[row]]
    assert offsets.tolist() == np.cumsum([0, *(len(stored[row]) for row in rows)]).tolist()
    ids, mask = tokens.padded(np.array(rows, dtype=np.int64), pad_id=99)
    longest = max((len(stored[row]) for row in rows), default=0)
    assert ids.tolist() == [stored[row] + [99] * (longest - len(stored[row])) for row in rows]
    assert mask.tolist() == [[n < len(stored[row]) for n in range(longest)] for row in rows]
    assert (flat.dtype, offsets.dtype, ids.dtype, mask.dtype) == (np.int64, np.int64, np.int64, np.bool_)
    assert tokens.lengths().tolist() == [len(text) for text in stored]


def test_wordpiece_by_hand(wordpiece):
    assert [wordpiece.token_to_id(token) for token in SPECIAL] == [0, 1, 2, 3, 4]
    assert wordpiece.get_vocab_size() <= 400
    assert wordpiece.encode("The LIGHT").tokens == ["[CLS]", "the", "light", "[SEP]"]
    assert "##" + "e" in wordpiece.get_vocab()
    assert "##." not in wordpiece.get_vocab()


def test_wordpiece_is_the_same_in_every_process(tiny, wordpiece):
    code = (
        "import json; from ance_core.data import load_dataset;"
        "from ance_core.data.tokens import train_wordpiece;"
        "print(json.dumps(train_wordpiece(load_dataset('tiny').docs, 400).get_vocab()))"
    )
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        out = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        assert json.loads(out.stdout) == wordpiece.get_vocab()
    assert train_wordpiece(tiny.docs[::-1], 400).get_vocab() == wordpiece.get_vocab()


def test_tokenize_cuts_and_leaves_texts_without_tokens(wordpiece):
    bare = tokenize(["light " * 50, "", "  ", "the light"], wordpiece, 8, special_tokens=False)
    assert bare.lengths().tolist() == [8, 0, 0, 2]
    assert bare.ragged(np.array([1, 3]))[1].tolist() == [0, 0, 2]
    marked = tokenize(["light " * 50, ""], wordpiece, 8)
    assert marked.lengths().tolist() == [8, 2]
    assert marked.ragged(np.array([0]))[0][[0, -1]].tolist() == [2, 3]
    assert len(tokenize([], wordpiece, 8)) == 0


def test_tokenize_leaves_the_tokenizer_alone_and_needs_room(wordpiece):
    before = wordpiece.to_str()
    tokenize(["the light"], wordpiece, 3)
    assert wordpiece.to_str() == before
    with pytest.raises(ConfigError, match="max tokens: 2 leaves no room beside 2 special tokens"):
        tokenize(["the light"], wordpiece, 2)


def test_a_prefix_stands_before_every_text(wordpiece):
    texts = ["the light", "", "bell " * 50]
    made = tokenize(texts, wordpiece, 9, prefix="the fog ")
    assert made.ids.tolist() == tokenize(["the fog " + text for text in texts], wordpiece, 9).ids.tolist()
    with pytest.raises(
        ConfigError, match=r"prefix: 'the fog ' takes 4 of 4 tokens and leaves no room for a text"
    ):
        tokenize(texts, wordpiece, 4, prefix="the fog ")


@pytest.mark.parametrize("kind", ["static", "mini"])
def test_prefixes_are_part_of_the_tokens_and_of_their_key(tiny, cache, kind):
    settings = {"kind": kind, "vocab_size": 500, "max_query_tokens": 10}
    plain = tokenized(tiny, encoder=EncoderConfig(**settings))
    for name, changed in (("query_prefix", "queries"), ("document_prefix", "docs")):
        before = len(list((cache / "tokens").iterdir()))
        made = tokenized(tiny, encoder=EncoderConfig(**settings, **{name: "query: "}))
        assert len(list((cache / "tokens").iterdir())) == before + 1
        assert getattr(made, changed).ids.tolist() != getattr(plain, changed).ids.tolist()
        assert made.tokenizer.encode("query", add_special_tokens=False).tokens == [
            "query"
        ]  # learnt as a word
        row = getattr(made, changed).ragged(np.array([0]))[0].tolist()
        begins = made.tokenizer.encode("query: ", add_special_tokens=False).ids
        assert row[kind == "mini" :][: len(begins)] == begins


def test_a_prefix_without_room_names_its_setting(tiny, cache):
    encoder = EncoderConfig(vocab_size=300, document_prefix="light " * 9, max_document_tokens=9)
    with pytest.raises(
        ConfigError, match=r"^encoder.document_prefix: .* takes 9 of 9 .*\(encoder.max_document_tokens\)$"
    ):
        tokenized(tiny, encoder=encoder)


def test_tokenize_in_chunks(wordpiece, tiny, monkeypatch):
    whole = tokenize(tiny.docs, wordpiece, 30)
    monkeypatch.setattr("ance_core.data.tokens.CHUNK", 5)
    parts = tokenize(tiny.docs, wordpiece, 30)
    assert parts.ids.tolist() == whole.ids.tolist()
    assert parts.offsets.tolist() == whole.offsets.tolist()


def test_tokenize_reads_its_cache_folder(wordpiece, tmp_path):
    made = tokenize(["the light"], wordpiece, 8, tmp_path / "kept")
    assert isinstance(made.ids, np.memmap)
    again = tokenize(["other words are not looked at"], wordpiece, 8, tmp_path / "kept")
    assert again.ids.tolist() == made.ids.tolist()


@pytest.mark.parametrize("kind", ["static", "mini"])
def test_tokenized_is_made_once(tiny, cache, kind):
    encoder = EncoderConfig(kind=kind, vocab_size=500, max_document_tokens=20, max_query_tokens=10)
    first = tokenized(tiny, encoder=encoder)
    (folder,) = (cache / "tokens").iterdir()
    changed = folder.stat().st_mtime_ns
    second = tokenized(tiny, encoder=encoder)
    assert folder.stat().st_mtime_ns == changed
    assert second.docs.ids.tolist() == first.docs.ids.tolist()
    assert second.tokenizer.to_str() == first.tokenizer.to_str()
    assert (len(first.docs), len(first.queries)) == (24, 36)
    assert first.docs.lengths().max() == 20
    assert (first.pad_id, first.vocab_size) == (0, first.tokenizer.get_vocab_size())
    assert (first.docs.ids[0] == 2) == (kind == "mini")
    row = np.array([3])
    assert first.tokenize([tiny.queries[3]], 10).ids.tolist() == first.queries.ragged(row)[0].tolist()


def test_masked_labels_share_tokens_and_settings_do_not(tiny, cache):
    tokenized(tiny, encoder=EncoderConfig(vocab_size=300))
    tokenized(load_dataset("tiny", labels_per_query=1), encoder=EncoderConfig(vocab_size=300))
    assert len(list((cache / "tokens").iterdir())) == 1
    tokenized(tiny, encoder=EncoderConfig(vocab_size=400))
    assert len(list((cache / "tokens").iterdir())) == 2


def test_pretrained_tokenizer_gives_the_models_own_ids(tiny, cache, wordpiece, tmp_path):
    transformers = pytest.importorskip("transformers")
    folder = tmp_path / "model"
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    own = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(wordpiece.to_str()), **names
    )
    own.save_pretrained(folder)
    encoder = EncoderConfig(kind="hf", model=str(folder), max_document_tokens=16)
    made = tokenized(tiny, encoder=encoder)
    expected = own(tiny.docs, truncation=True, max_length=16)["input_ids"]
    assert made.docs.ids.tolist() == [i for ids in expected for i in ids]
    assert made.pad_id == own.pad_token_id


def test_model_folder_without_tokenizer(tiny, cache, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ConfigError, match=r"no tokenizer in the folder .*save_pretrained") as error:
        tokenized(tiny, encoder=EncoderConfig(kind="hf", model=str(tmp_path)))
    assert "\n" not in str(error.value)
    assert not (cache / "tokens").exists()


def test_tokenizer_that_cannot_be_loaded(tiny, cache, tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigError, match="its tokenizer cannot be loaded") as error:
        tokenized(tiny, encoder=EncoderConfig(kind="hf", model=str(tmp_path)))
    assert "\n" not in str(error.value)
