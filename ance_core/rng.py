"""Randomness as an argument: every draw is a function of (seed, purpose, step, query), never of call order.

Two ways in. `generator` gives a numpy Generator for things drawn once (a permutation, initial weights).
`keyed_uniforms` gives one uniform per (query, slot) by hashing a counter, so the numbers a query gets
do not depend on which other queries share its batch: a resumed or forked run, and two samplers compared
on the same step, see the same numbers.
"""

from __future__ import annotations

import zlib

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _key(seed: int, purpose: str, step: int) -> list[int]:
    return [seed & 0xFFFFFFFF, zlib.crc32(purpose.encode()), step & 0xFFFFFFFF]


def generator(seed: int, purpose: str, step: int = 0) -> np.random.Generator:
    """A Generator that depends on (seed, purpose, step) alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(_key(seed, purpose, step))))


def mix(x: np.ndarray) -> np.ndarray:
    """SplitMix64's output function (Steele, Lea and Flood 2014): a bijection of 64-bit integers."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def keyed_uniforms(seed: int, purpose: str, step: int, keys: np.ndarray, n: int) -> np.ndarray:
    """Uniforms in (0, 1), shape (len(keys), n), float64; row i depends on (seed, purpose, step, keys[i]) alone.

    `keys` are integers (query rows). Counter based: each cell hashes its own (stream, key, slot).
    """
    words = np.random.SeedSequence(_key(seed, purpose, step)).generate_state(1, np.uint64)
    with np.errstate(over="ignore"):  # 64-bit wrap-around is the arithmetic meant here
        row = mix(words[0] + (np.asarray(keys).astype(np.uint64) + np.uint64(1)) * GOLDEN)
        slots = (np.arange(n, dtype=np.uint64) + np.uint64(1)) * GOLDEN
        bits = mix(row[:, None] + slots[None, :])
    # 53 bits, shifted half a step off zero: log(u) and log(1 - u) are always finite.
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
