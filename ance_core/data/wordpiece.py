"""A WordPiece vocabulary learnt from the corpus, the same in every process.

The trainer of `tokenizers` numbers the characters inside words (`##a`, `##b`, ...) in the order of a randomly
seeded hash table and breaks ties between equally frequent merges by those numbers, so two trainings on the
same texts give different vocabularies. Handing it the whole alphabet as special tokens fixes the numbers
beforehand; the vocabulary is then moved into a fresh tokenizer in which only the five real ones are special.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # ids 0..4
PREFIX = "##"
LONGEST = 1000
"""Characters of a word that vocabularies are learnt from. Merging costs the square of a word's length, and no word of more
than 100 is ever looked up in the vocabulary."""


def train_wordpiece(texts: Sequence[str], vocab_size: int) -> Tokenizer:
    """A lower-casing BERT tokenizer with at most `vocab_size` entries, [PAD] = 0, adding [CLS] ... [SEP].

    A pure function of the set of texts with their counts: neither threads nor hash seeds change it.
    """
    blank = _pipeline(models.WordPiece(unk_token="[UNK]"))
    alphabet = _alphabet((blank.normalizer.normalize_str(text) for text in texts), vocab_size // 4)
    inside = [PREFIX + char for char in alphabet if not _isolated(char)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        special_tokens=[*SPECIAL, *alphabet, *inside],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    blank.train_from_iterator(map(without_giants, texts), trainer, length=len(texts))
    trained = _pipeline(models.WordPiece(blank.get_vocab(), unk_token="[UNK]", max_input_chars_per_word=100))
    trained.add_special_tokens(list(SPECIAL))
    trained.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", SPECIAL.index("[CLS]")), ("[SEP]", SPECIAL.index("[SEP]"))],
    )
    return trained


def without_giants(text: str) -> str:
    """The text without words of more than `LONGEST` characters.

    >>> without_giants("before " + "a" * 300_000 + " after")
    'before  after'
    """
    if len(text) <= LONGEST or not re.search(rf"\S{{{LONGEST + 1}}}", text):
        return text
    runs = groupby(text, key=lambda char: char.isspace() or _isolated(char))
    parts = ((apart, "".join(run)) for apart, run in runs)
    return "".join(part for apart, part in parts if apart or len(part) <= LONGEST)


def _pipeline(model: models.WordPiece) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _alphabet(texts: Iterable[str], most: int) -> list[str]:
    """The `most` frequent characters in code point order. Each may cost two entries: alone, inside a word."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    ranked = sorted((c for c in counts if not c.isspace()), key=lambda c: (-counts[c], c))
    return sorted(ranked[:most])


def _isolated(char: str) -> bool:
    """Whether BERT makes a word of the character: ASCII punctuation and symbols, other punctuation."""
    ascii_symbol = char.isascii() and not char.isalnum()
    return ascii_symbol or unicodedata.category(char).startswith("P")
