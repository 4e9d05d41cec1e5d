from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ance_core.data.tokens import Tokens
from ance_core.encoders import TokenBatch

ragged = st.lists(st.lists(st.integers(1, 99), max_size=9), min_size=1, max_size=8)


def batch_of(texts: list[list[int]]) -> TokenBatch:
    offsets = np.cumsum([0, *map(len, texts)])
    return TokenBatch(
        torch.tensor(list(chain.from_iterable(texts)), dtype=torch.int64), torch.from_numpy(offsets)
    )


@given(ragged)
def test_padded_agrees_with_a_loop(texts):
    ids, mask = batch_of(texts).padded(pad_id=0)
    assert ids.shape == mask.shape == (len(texts), max(1, *map(len, texts), 1))
    for row, kept, text in zip(ids.tolist(), mask.tolist(), texts, strict=True):
        assert row == text + [0] * (len(row) - len(text))
        assert kept == [True] * len(text) + [False] * (len(row) - len(text))


@given(ragged, ragged)
def test_joined_is_one_batch_after_the_other(first, second):
    both = TokenBatch.joined(batch_of(first), batch_of(second))
    expected = batch_of(first + second)
    assert torch.equal(both.flat, expected.flat)
    assert torch.equal(both.offsets, expected.offsets)
    assert len(both) == len(first) + len(second)


def test_rows_of_a_token_store_in_any_order_and_repeated():
    tokens = Tokens(np.array([7, 8, 9, 4, 5], np.int32), np.array([0, 3, 4, 5]))
    batch = TokenBatch.of(tokens, np.array([2, 0, 2]))
    assert batch.flat.tolist() == [5, 7, 8, 9, 5]
    assert batch.offsets.tolist() == [0, 1, 4, 5]
    assert batch.lengths().tolist() == [1, 3, 1]


def test_padding_is_made_once_for_each_filler():
    batch = batch_of([[1, 2], [3]])
    assert batch.padded(0)[0] is batch.padded(0)[0]
    assert batch.padded(9)[0].tolist() == [[1, 2], [3, 9]]


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_moving_to_where_it_is_costs_nothing(device):
    batch = batch_of([[1]])
    assert batch.to(device) is batch
