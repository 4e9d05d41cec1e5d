"""What splits are called: the three that every training knows, and any others that a collection brings along.

A split's name is what its judgement file is called. `train.tsv`, `dev.tsv` and `test.tsv`, under any of the words in
`SPLIT_NAMES`, are the three; `dev-unseen.tsv` is a split of its own. See `split_of` for the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SPLITS = ("train", "dev", "test")
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "test": "test",
    "eval": "test",
}
"""Words in file names, and which of the three they mean."""
UNION = "all"  # the judgements of all splits once more: left out beside them
RESERVED = frozenset({"hidden"})  # relevant documents withheld from training, which are no split
LETTERS = 40
ALLOWED = "lower-case letters, digits, - and _, at most 40, such as dev-unseen"
_NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{LETTERS - 1}}}")
_ENDINGS = frozenset({"gz", "tsv", "txt", "trec", "qrel", "qrels"})


def is_split_name(name: str) -> bool:
    """Whether a split may be called that.

    >>> is_split_name("dev-unseen"), is_split_name("-dev"), is_split_name("hidden")
    (True, False, False)
    """
    return bool(_NAME.fullmatch(name)) and name not in RESERVED


def in_order(names: Iterable[str]) -> list[str]:
    """train, dev and test first, as far as they are among the names, then the others by name.

    >>> in_order({"test-unseen", "test", "dev-unseen", "train"})
    ['train', 'test', 'dev-unseen', 'test-unseen']
    """
    given = set(names)
    return [name for name in SPLITS if name in given] + sorted(given - set(SPLITS))


def split_of(file: str, stem: bool = False) -> str | None:
    """The split that a judgement file speaks of; None if it names none. It may be a name that is not allowed.

    The file's name is cut at dots, endings and the word `qrels` left out. A word of `SPLIT_NAMES` decides, so
    `qrels.dev.small.tsv` is dev. Without one, all that is left is the name: of `qrels.dev-unseen.tsv` or
    `dl19.qrels`, and, with `stem`, where a whole folder holds judgements alone, of `dev-unseen.tsv`. Elsewhere names
    such as `2019qrels-train.txt` are looked through for a word of `SPLIT_NAMES`, and name nothing else.

    >>> split_of("qrels.dev.small.tsv"), split_of("qrels.dev-unseen.tsv"), split_of("2019qrels-pass.txt")
    ('dev', 'dev-unseen', None)
    >>> split_of("dev-unseen.tsv.gz", stem=True), split_of("all.tsv", stem=True)
    ('dev-unseen', None)
    """
    words = [word for word in file.lower().split(".") if word]
    left = [word for word in words if word not in _ENDINGS]
    if known := _known(left):
        return known
    if not (stem or "qrels" in words):
        return _known(re.split(r"[^a-z]+", file.lower()))
    return None if not left or UNION in left else ".".join(left)


def names_split(name: str) -> bool:
    """Whether a name is a split's by itself, and not, say, the collection's: a word for one of the three, or more of it.

    >>> names_split("test"), names_split("dev-unseen"), names_split("dl19")
    (True, True, False)
    """
    return re.split(r"[^a-z]+", name.lower())[0] in SPLIT_NAMES


def _known(words: list[str]) -> str | None:
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)
