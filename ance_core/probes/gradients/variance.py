"""Bias and variance of a sampled gradient, exact: every negative of a query is enumerated.

With g_i the gradient of l(d+, d_i) by all parameters, N candidates and one draw from p (ANCE, Eq 4 to 10):

    weighted by 1 / (N p_i):   E = mean g = G        Tr Cov = sum_i |g_i|^2 / (N^2 p_i) - |G|^2
    as run, unweighted:        E = sum_i p_i g_i     Tr Cov = sum_i p_i |g_i|^2 - |E|^2

The first is smallest for p ~ |g|, where the sum becomes (mean |g|)^2; uniform p gives mean |g|^2. It needs p > 0
wherever g is not zero: a sampler that draws from a top K has no weighted form. Unweighted it estimates another
gradient, and how far that lies from G is its bias. Norms come from `norms`, the sums from backward passes over
weighted losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ...encoders import DualEncoder, TokenBatch
from .instances import Instances
from .norms import evaluating, instance_norms

if TYPE_CHECKING:
    from ...data.tokens import TokenizedDataset

CHUNK_DOCS = {"static": 2048, "mini": 256, "hf": 64}
"""Documents encoded at a time: what a backward pass keeps of them has to fit into memory."""


@dataclass(frozen=True)
class QueryVariance:
    """Of one query and S distributions over its N candidates. norms, output: (N,) of each candidate's gradient.

    full: |G|. uniform, optimum: Tr Cov of the weighted estimate under those. weighted: (S,), nan where p is zero for
    some candidate with a gradient. as_run, bias, cosine: (S,) Tr Cov unweighted, |E - G|, and the angle of E to G.
    """

    norms: np.ndarray
    output: np.ndarray
    full: float
    uniform: float
    optimum: float
    weighted: np.ndarray
    as_run: np.ndarray
    bias: np.ndarray
    cosine: np.ndarray


def query_variance(
    model: DualEncoder,
    tokens: TokenizedDataset,
    query: int,
    positive: int,
    candidates: np.ndarray,
    distributions: np.ndarray,
) -> QueryVariance:
    """Enumerate the candidates (N,) of a query; distributions (S, N), rows summing to 1. Two-way NLL."""
    n = len(candidates)
    p = np.asarray(distributions, np.float64)
    instances = Instances(np.full(n, query), np.full(n, positive), candidates[:, None].astype(np.int64))
    found = instance_norms(model, tokens, instances)
    squares = found.total**2
    mixes = np.concatenate([np.full((1, n), 1.0 / n), p])
    sums = mixed_gradients(model, tokens, query, positive, candidates, mixes * found.weights[:, 0])
    products = (sums @ sums.T).double().numpy()  # (1 + S, 1 + S)
    full, own, cross = products[0, 0], np.diag(products)[1:], products[0, 1:]
    supported = ~((p <= 0) & (squares > 0)).any(axis=1)
    inverse = np.divide(squares / n**2, p, out=np.zeros_like(p), where=p > 0).sum(axis=1)
    return QueryVariance(
        norms=found.total,
        output=found.output,
        full=float(np.sqrt(full)),
        uniform=float(squares.mean() - full),
        optimum=float(found.total.mean() ** 2 - full),
        weighted=np.where(supported, inverse - full, np.nan),
        as_run=p @ squares - own,
        bias=np.sqrt(np.maximum(own - 2 * cross + full, 0.0)),
        cosine=cross / np.sqrt(np.maximum(own * full, 1e-300)),
    )


def mixed_gradients(
    model: DualEncoder,
    tokens: TokenizedDataset,
    query: int,
    positive: int,
    docs: np.ndarray,
    weights: np.ndarray,
) -> Tensor:
    """(S, P) gradients by all trainable parameters of sum_i w_i (s_i - s+), for S rows of weights (S, N)."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    device = parameters[0].device
    w = torch.from_numpy(weights).float().to(device)
    gradients = torch.zeros(len(w), sum(p.numel() for p in parameters), device=device)
    with evaluating(model), torch.enable_grad():
        size = CHUNK_DOCS[model.config.kind]
        for start in range(0, len(docs), size):
            part = np.concatenate([[positive], docs[start : start + size]])
            q = model.encode_queries(TokenBatch.of(tokens.queries, np.array([query])).to(device)).float()
            d = model.encode_documents(TokenBatch.of(tokens.docs, part).to(device)).float()
            gap = model.scale * ((d[1:] - d[:1]) @ q[0])
            losses = w[:, start : start + size] @ gap  # (S,)
            for row, loss in enumerate(losses):
                found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
                gradients[row] += flat(found, parameters)
    return gradients.cpu()


def flat(gradients: Sequence[Tensor | None], parameters: Sequence[Tensor]) -> Tensor:
    """All gradients in one vector; zeros for a parameter that has none."""
    pairs = zip(gradients, parameters, strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])
