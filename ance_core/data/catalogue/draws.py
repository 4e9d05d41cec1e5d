"""Draws of the catalogue: hashes of (seed, purpose, key, slot) in whole numbers, the same on every platform.

As in `rng`, what a key gets depends on nothing else: not on the block it is drawn in, nor on what was drawn
before. No number here is a float, so nothing rounds differently elsewhere.
"""

from __future__ import annotations

import hashlib

import numpy as np

from ...rng import GOLDEN, mix

MILLION = 1_000_000


def bits(seed: int, purpose: str, keys: np.ndarray, n: int) -> np.ndarray:
    """Hashed 32-bit numbers, shape (len(keys), n), uint64; row i depends on (seed, purpose, keys[i]) alone."""
    stream = hashlib.blake2b(f"catalogue\0{seed}\0{purpose}".encode(), digest_size=8).digest()
    start = np.uint64(int.from_bytes(stream, "little"))
    with np.errstate(over="ignore"):  # 64-bit wrap-around is the arithmetic meant here
        row = mix(start + (np.asarray(keys).astype(np.uint64) + np.uint64(1)) * GOLDEN)
        slots = (np.arange(n, dtype=np.uint64) + np.uint64(1)) * GOLDEN
        return np.asarray(mix(row[:, None] + slots[None, :]) >> np.uint64(32))


def below(drawn: np.ndarray, limits: np.ndarray | int) -> np.ndarray:
    """Whole numbers from 0 to `limits` - 1 (broadcast against `drawn`), int64. A limit of 0 gives 0."""
    return np.asarray((drawn * np.asarray(limits, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)


def chance(drawn: np.ndarray, millionths: int) -> np.ndarray:
    """Whether each draw falls into a share given in millionths; bool. 0 is never, a million always."""
    return np.asarray(drawn < np.uint64((millionths << 32) // MILLION))
