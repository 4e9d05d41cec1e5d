"""A batch of tokenised texts, ragged: what every encoder reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from ..data.tokens import Tokens


class TokenBatch:
    """B texts as one flat run of token ids and the places where texts begin.

    `flat` is (t,) int64, `offsets` is (B + 1,) int64 with `offsets[0] == 0` and `offsets[-1] == t`.
    Bags of tokens read the ragged form as it is; transformers ask for `padded`.
    """

    def __init__(self, flat: Tensor, offsets: Tensor) -> None:
        self.flat = flat
        self.offsets = offsets
        self._padded: dict[int, tuple[Tensor, Tensor]] = {}

    @classmethod
    def of(cls, tokens: Tokens, rows: np.ndarray) -> TokenBatch:
        """The texts `rows` of a token store, in that order; a row may appear more than once."""
        flat, offsets = tokens.ragged(rows)
        return cls(torch.from_numpy(flat), torch.from_numpy(offsets))

    @classmethod
    def joined(cls, first: TokenBatch, second: TokenBatch) -> TokenBatch:
        """The texts of `first`, then those of `second`."""
        offsets = torch.cat([first.offsets, first.offsets[-1] + second.offsets[1:]])
        return cls(torch.cat([first.flat, second.flat]), offsets)

    def __len__(self) -> int:
        return self.offsets.numel() - 1

    def lengths(self) -> Tensor:
        """Tokens in each text, (B,) int64."""
        return self.offsets.diff()

    def padded(self, pad_id: int) -> tuple[Tensor, Tensor]:
        """Ids (B, L) int64 and mask (B, L) bool, True on tokens; L is the longest text's length, or 1."""
        if pad_id not in self._padded:
            lengths = self.lengths()
            longest = max(int(lengths.max()), 1)
            mask = torch.arange(longest, device=self.flat.device) < lengths.unsqueeze(1)  # (B, L)
            ids = torch.full(mask.shape, pad_id, dtype=torch.int64, device=self.flat.device)
            ids[mask] = self.flat  # both run row by row, so the order agrees
            self._padded[pad_id] = ids, mask
        return self._padded[pad_id]

    def to(self, device: torch.device | str) -> TokenBatch:
        """The same batch on `device`; itself when it is there already."""
        if self.flat.device == torch.device(device):
            return self
        return TokenBatch(self.flat.to(device), self.offsets.to(device))
