"""Splits that a collection does not bring along, cut by a hash of ids: the same in any file order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

DEV_SHARE = 0.10  # of the training queries, when there is no dev split
DEV_MOST = 500  # enough for a dev curve; more would only cost training data
SHARES = {"dev": 0.08, "test": 0.12}  # of all queries, when there is a single unsplit judgement file


def hash_order(ids: Iterable[str], purpose: str) -> list[str]:
    """The distinct ids in an order that depends on (purpose, id) alone: a shuffle without seed or state."""
    return sorted(set(ids), key=lambda i: (_key(purpose, i), i))


def _key(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()


def carve_dev(query_ids: Iterable[str]) -> set[str]:
    """Training queries to be dev queries: 10 %, at most 500, at least 1; none if training would be empty."""
    order = hash_order(query_ids, "dev")
    if len(order) < 2:
        return set()
    return set(order[: min(DEV_MOST, max(1, round(DEV_SHARE * len(order))))])


def split_all(ids: Iterable[str]) -> dict[str, str]:
    """Split of every id: about 80 % train, 8 % dev (at most 500), 12 % test; one each at least (3 ids)."""
    order = hash_order(ids, "split")
    test = max(1, round(SHARES["test"] * len(order)))
    dev = min(DEV_MOST, max(1, round(SHARES["dev"] * len(order))))
    return {i: "test" if n < test else "dev" if n < test + dev else "train" for n, i in enumerate(order)}
