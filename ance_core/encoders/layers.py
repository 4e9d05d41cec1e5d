"""The parts every tower shares: the head of ANCE, and how a stack of layers is divided into bands."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Bands = dict[str, list[nn.Parameter]]
BAND_NAMES = ("embeddings", "bottom", "middle", "top", "head")


class Head(nn.Module):
    """Projection and LayerNorm, (B, width) -> (B, dim), as ANCE puts on top of its encoder.

    With `identity` and equal sizes the projection starts as the identity, so that an encoder which starts
    from the corpus still ranks as its token embeddings do.
    """

    def __init__(self, width: int, dim: int, identity: bool = False) -> None:
        super().__init__()
        self.projection = nn.Linear(width, dim)
        self.norm = nn.LayerNorm(dim)
        nn.init.zeros_(self.projection.bias)
        if identity and width == dim:
            nn.init.eye_(self.projection.weight)
        else:
            nn.init.normal_(self.projection.weight, std=width**-0.5)  # keeps lengths and angles on average

    def forward(self, x: Tensor) -> Tensor:
        """(B, width) -> (B, dim), in float32 whatever the precision below."""
        with torch.autocast(x.device.type, enabled=False):
            return self.norm(self.projection(x.float()))


def band_of_layer(index: int, count: int) -> str:
    """The band of layer `index` of `count`: one layer is `top`, two are `bottom` and `top`, more are thirds.

    >>> [band_of_layer(i, 6) for i in range(6)]
    ['bottom', 'bottom', 'middle', 'middle', 'top', 'top']
    """
    if count == 1:
        return "top"
    if count == 2:
        return ("bottom", "top")[index]
    return ("bottom", "middle", "top")[3 * index // count]


def merge_bands(*parts: Bands) -> Bands:
    """Bands of several towers joined by name, in the order from input to output; absent bands stay absent."""
    joined = {name: [p for part in parts for p in part.get(name, [])] for name in BAND_NAMES}
    return {name: parameters for name, parameters in joined.items() if parameters}
