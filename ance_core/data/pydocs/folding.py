"""Families of near-identical entries, such as forty models' configurations, of which one entry stays.

Two entries are of a family when, with identifiers and numbers masked, the Jaccard similarity of their
three-word shingles is at least `SIMILAR`. An identifier is a token with a digit, an underscore, a dot or a capital
inside, or a word of the entry's own qualified name. Entries are taken in order, shorter names first, and one
that resembles an entry already kept is folded into it. Candidates come from MinHash signatures in bands (Broder
1997; Leskovec, Rajaraman and Ullman 2014, chapter 3) and are then compared exactly. A bucket holds kept entries
alone, of which no two are alike, and at most `BUCKET` of them, so that time grows with the number of entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from zlib import crc32

import numpy as np

SIMILAR = 0.6
SHINGLE = 3  # words
BANDS, ROWS = 24, 3  # an entry of similarity .6 shares a band with probability 1 - (1 - .6^3)^24 = .997
BUCKET = 50
_PRIME = np.uint64((1 << 31) - 1)

_WORD = re.compile(r"[^\W_][\w.]*[^\W_]|[^\W_]")
_IDENTIFIER = re.compile(r"\d|_|\.|(?<=[a-z])[A-Z]|[A-Z]{2}")
_NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def fold(texts: Mapping[str, str]) -> dict[str, str]:
    """Which entry stays for each one that is folded: {name folded: name kept}. texts: by qualified name.

    >>> bear = "Settings of a bear, such as the colour of its fur and the size of its paws in snow."
    >>> fold({"zoo.Bear": bear, "zoo.Lion": bear.replace("bear", "lion"), "zoo.open": "Open the gate of the zoo."})
    {'zoo.Lion': 'zoo.Bear'}
    """
    kept: dict[str, frozenset[int]] = {}
    buckets: dict[tuple[int, bytes], list[str]] = {}
    folded: dict[str, str] = {}
    coefficients = _coefficients()
    for name in sorted(texts, key=lambda key: (key.count("."), len(key), key)):
        shingles = shingled(masked(name, texts[name]))
        keys = _bands(shingles, coefficients)
        near = dict.fromkeys(other for key in keys for other in buckets.get(key, ()))
        alike = next((other for other in near if jaccard(shingles, kept[other]) >= SIMILAR), None)
        if alike is not None:
            folded[name] = alike
            continue
        kept[name] = shingles
        for key in keys:
            bucket = buckets.setdefault(key, [])
            if len(bucket) < BUCKET:
                bucket.append(name)
    return folded


def masked(name: str, text: str) -> list[str]:
    """The words of a text in lower case, identifiers and numbers as "#".

    >>> masked("zoo.BearConfig", "The BearConfig of a bear has 4 paws.")
    ['the', '#', 'of', 'a', '#', 'has', '#', 'paws']
    """
    own = {part.lower() for part in _NAME_PART.findall(name) if len(part) > 2}
    return [
        "#" if _IDENTIFIER.search(word) or word.lower() in own else word.lower()
        for word in _WORD.findall(text)
    ]


def shingled(words: list[str]) -> frozenset[int]:
    """Hashes of all runs of three words; of a shorter text the whole."""
    runs = range(max(1, len(words) - SHINGLE + 1))
    return frozenset(crc32(" ".join(words[at : at + SHINGLE]).encode()) for at in runs)


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Shared elements over all elements; 1 for two empty sets."""
    union = len(one | other)
    return len(one & other) / union if union else 1.0


def _coefficients() -> tuple[np.ndarray, np.ndarray]:
    """Multipliers and offsets of the hash functions, (BANDS * ROWS,) each; fixed, from a hash of their place."""

    def drawn(what: str) -> Iterable[int]:
        return (crc32(f"{what} {n}".encode()) % (int(_PRIME) - 1) + 1 for n in range(BANDS * ROWS))

    return np.fromiter(drawn("times"), np.uint64), np.fromiter(drawn("plus"), np.uint64)


def _bands(shingles: frozenset[int], coefficients: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, bytes]]:
    times, plus = coefficients
    values = np.fromiter(shingles, np.uint64, len(shingles)) % _PRIME
    signature = ((values[:, None] * times + plus) % _PRIME).min(axis=0)  # (BANDS * ROWS,)
    return [(band, row.tobytes()) for band, row in enumerate(signature.reshape(BANDS, ROWS))]
