"""A small corpus with a vocabulary of its own, and encoders over it, all built in memory."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ance_core.config import EncoderConfig
from ance_core.data import load_dataset
from ance_core.data.tokens import TokenizedDataset, tokenize, train_wordpiece

TOPICS = {
    "sea": "whale harbour tide sailor anchor reef current lighthouse salt wave",
    "sky": "cloud falcon thunder orbit comet altitude pilot breeze horizon star",
    "soil": "root tractor harvest clay worm seed orchard plough manure wheat",
    "stone": "granite quarry chisel fossil crystal basalt cave mineral cliff ore",
    "music": "violin rhythm chorus melody drummer octave tempo sonata lyric tune",
    "law": "judge verdict statute appeal witness contract clause tribunal plea fine",
}
LENGTHS = {"max_query_tokens": 12, "max_document_tokens": 24}


def make_texts(n: int, shortest: int, longest: int, seed: int) -> tuple[list[str], list[str]]:
    """n texts of one topic each, with filler words every topic shares, and their topics."""
    rng = np.random.default_rng(seed)
    names = list(TOPICS)
    texts, topics = [], []
    for i in range(n):
        topic = names[i % len(names)]
        words = rng.choice(TOPICS[topic].split(), rng.integers(shortest, longest)).tolist()
        texts.append(" the ".join(words))
        topics.append(topic)
    return texts, topics


@pytest.fixture(scope="session")
def corpus():
    docs, doc_topics = make_texts(120, 3, 40, seed=0)
    queries, query_topics = make_texts(30, 1, 5, seed=1)
    return SimpleNamespace(docs=docs, queries=queries, doc_topics=doc_topics, query_topics=query_topics)


def tokenise(corpus, config: EncoderConfig, tokenizer=None, pad_id: int = 0) -> TokenizedDataset:
    tokenizer = tokenizer or train_wordpiece(corpus.docs, config.vocab_size)
    special = config.kind != "static"
    read = lambda texts, most: tokenize(texts, tokenizer, most, special_tokens=special)  # noqa: E731
    size = getattr(tokenizer, "vocab_size", None) or tokenizer.get_vocab_size()
    return TokenizedDataset(
        tokenizer,
        read(corpus.queries, config.max_query_tokens),
        read(corpus.docs, config.max_document_tokens),
        pad_id,
        size,
        special,
    )


def save_pretrained(folder, corpus, kind: str, **settings):
    """A tiny model of a family ("Bert", "Roberta") with random weights and its tokenizer, as `from_pretrained` expects."""
    import transformers

    tokenizer = train_wordpiece(corpus.docs, 300)
    sizes = {"hidden_size": 24, "num_attention_heads": 2, "intermediate_size": 48}
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=tokenizer.get_vocab_size(), **sizes, **settings
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    names = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory, corpus):
    """A tiny BERT."""
    folder = tmp_path_factory.mktemp("bert")
    return save_pretrained(folder, corpus, "Bert", num_hidden_layers=3, max_position_embeddings=40)


@pytest.fixture(scope="session")
def make(corpus, bert_folder):
    """`make("mini", similarity="cosine")` -> config and tokens of a small encoder of that kind."""

    def make(kind: str, **changes):
        settings = dict(kind=kind, width=16, dim=16, vocab_size=300, **LENGTHS) | changes
        if kind != "hf":
            config = EncoderConfig(**settings)
            return config, tokenise(corpus, config)
        from ance_core.data.pretrained import load_tokenizer, pad_id_of

        config = EncoderConfig(**({"model": str(bert_folder)} | settings))
        tokenizer = load_tokenizer(config.model)
        return config, tokenise(corpus, config, tokenizer, pad_id_of(tokenizer))

    return make


@pytest.fixture(scope="session")
def built(make):
    """`built("mini", seed=3, ...)` -> encoder and tokens."""
    from ance_core.encoders import build_encoder

    def built(kind: str, seed: int = 0, **changes):
        config, tokens = make(kind, **changes)
        return build_encoder(config, None, tokens, seed), tokens

    return built


@pytest.fixture(scope="module")
def dataset():
    """The embedded `tiny`."""
    return load_dataset("tiny")


@pytest.fixture(scope="module")
def bert(tmp_path_factory, dataset):
    """A random tiny BERT with a tokenizer of the documents of `dataset`, as a folder."""
    from .families import save_family

    return save_family(tmp_path_factory.mktemp("plain"), "bert", dataset.docs)
