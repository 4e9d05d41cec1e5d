"""The norm of one layer's gradient for each instance, from what went in and what came back: a rule a layer type.

The gradient of a weight is a sum over tokens of (what came back) x (what went in). Its norm for every instance
apart needs neither the gradients of a batch nor a backward pass each (Goodfellow 2015; "ghost norms", Li et al.
2022; mixed with the direct product where that is cheaper, Bu et al. 2022). An instance is several texts here, so
the sum runs over the tokens of all of them before the norm is taken.

A rule is called with the module and its `Calls`, and returns squared norms (m,) by parameter name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...encoders.static import WeightedBag

OUTER_FLOATS = 2**22
"""Size of a batched outer product above which instances are taken in parts: 16 MiB."""


@dataclass
class Call:
    """One use of a layer. inputs: its arguments. gradient: of the summed loss by its output, row by row."""

    inputs: tuple[Tensor, ...]
    gradient: Tensor


Rule = Callable[[nn.Module, list[Call], int], dict[str, Tensor]]
RULES: dict[type[nn.Module], Rule] = {}


def rule_for(kind: type[nn.Module]) -> Callable[[Rule], Rule]:
    """Register a rule for a type of layer."""

    def register(rule: Rule) -> Rule:
        RULES[kind] = rule
        return rule

    return register


def by_instance(x: Tensor, m: int) -> Tensor:
    """Rows (m * k, ..., size) as (m, T, size): all tokens of an instance's texts in that call."""
    return x.reshape(m, -1, x.shape[-1]).float()


def squared(x: Tensor) -> Tensor:
    """(m, ...) -> (m,) squared Euclidean norms."""
    return torch.linalg.vector_norm(x.flatten(1), dim=1).square()


@rule_for(nn.Linear)
def linear(module: nn.Module, calls: list[Call], m: int) -> dict[str, Tensor]:
    """weight: sum over tokens of g a^T. bias: sum over tokens of g."""
    a = [by_instance(call.inputs[0], m) for call in calls]  # (m, T, in) each
    g = [by_instance(call.gradient, m) for call in calls]  # (m, T, out) each
    squares = {"weight": outer_product(a, g)}
    if module.bias is not None:
        squares["bias"] = squared(total(x.sum(dim=1) for x in g))
    return squares


def total(parts: Iterable[Tensor]) -> Tensor:
    """The sum of tensors of one shape."""
    return reduce(torch.add, parts)


def outer_product(a: list[Tensor], g: list[Tensor]) -> Tensor:
    """(m,) of |sum_t g_t a_t^T|^2 over the tokens of all calls, by whichever way multiplies less.

    a: (m, T, in) of each call; g: (m, T, out).
    """
    tokens, wide, size = (
        sum(x.shape[1] for x in a),
        a[0].shape[2] + g[0].shape[2],
        a[0].shape[2] * g[0].shape[2],
    )
    if tokens * wide < size:
        return by_gram(torch.cat(a, dim=1), torch.cat(g, dim=1))
    return by_product(a, g, part=max(OUTER_FLOATS // size, 1))


def by_gram(a: Tensor, g: Tensor) -> Tensor:
    """Through products of tokens: sum over t, t' of <a_t, a_t'> <g_t, g_t'>; T^2 (in + out) multiplications."""
    return (torch.bmm(a, a.mT) * torch.bmm(g, g.mT)).sum(dim=(1, 2)).clamp_min(0)


def by_product(a: list[Tensor], g: list[Tensor], part: int) -> Tensor:
    """Through the gradient itself, of `part` instances at a time: T in out multiplications."""
    squares = []
    for start in range(0, len(a[0]), part):
        at = slice(start, start + part)
        squares.append(squared(total(torch.bmm(y[at].mT, x[at]) for x, y in zip(a, g, strict=True))))
    return torch.cat(squares)


@rule_for(nn.LayerNorm)
def layer_norm(module: nn.Module, calls: list[Call], m: int) -> dict[str, Tensor]:
    """weight: sum over tokens of g * normalised input. bias: sum over tokens of g."""
    assert isinstance(module, nn.LayerNorm)
    scaled, plain = [], []
    for call in calls:
        a, g = by_instance(call.inputs[0], m), by_instance(call.gradient, m)
        scaled.append((F.layer_norm(a, a.shape[-1:], eps=module.eps) * g).sum(dim=1))
        plain.append(g.sum(dim=1))
    squares = {"weight": squared(total(scaled))}
    if module.bias is not None:
        squares["bias"] = squared(total(plain))
    return squares


@rule_for(nn.Embedding)
def embedding(module: nn.Module, calls: list[Call], m: int) -> dict[str, Tensor]:
    """weight: for each id, the sum of g over its places in the instance."""
    assert isinstance(module, nn.Embedding)
    ids = torch.cat([call.inputs[0].reshape(m, -1) for call in calls], dim=1)  # (m, T)
    g = torch.cat([by_instance(call.gradient, m) for call in calls], dim=1)
    used = torch.ones_like(ids, dtype=torch.bool)
    if module.padding_idx is not None:
        used = ids != module.padding_idx  # gets no gradient in training either
    instance = torch.arange(m, device=ids.device).unsqueeze(1).expand_as(ids)
    sums, owner, _ = sum_equal(ids[used], instance[used], g.flatten(0, 1), used.flatten().nonzero()[:, 0])
    return {"weight": add_up(sums.square().sum(dim=1), owner, m)}


@rule_for(WeightedBag)
def weighted_bag(module: nn.Module, calls: list[Call], m: int) -> dict[str, Tensor]:
    """embedding: for each id v, w_v S_v; token_weight: <E_v, S_v>; S_v = sum over its places of g / length."""
    assert isinstance(module, WeightedBag)
    ids, instance, share, place, rows = [], [], [], [], 0
    for call in calls:
        flat, offsets = call.inputs
        lengths = offsets.diff()
        text = torch.arange(len(lengths), device=flat.device).repeat_interleave(lengths)  # (t,) whose token
        ids.append(flat)
        instance.append(text // (len(lengths) // m))
        share.append(lengths.reciprocal()[text])
        place.append(text + rows)
        rows += len(lengths)
    g = torch.cat([call.gradient for call in calls]).float()
    sums, owner, token = sum_equal(torch.cat(ids), torch.cat(instance), g, torch.cat(place), torch.cat(share))
    weight, table = module.token_weight.detach(), module.embedding.detach()
    return {
        "embedding": add_up(weight[token].square() * sums.square().sum(dim=1), owner, m),
        "token_weight": add_up((table[token] * sums).sum(dim=1).square(), owner, m),
    }


def sum_equal(
    ids: Tensor, instance: Tensor, vectors: Tensor, place: Tensor, share: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Sums of `vectors[place]` (times `share`) over equal (instance, id): sums (U, D), instance (U,), id (U,).

    ids, instance, place, share: (t,). One pass over the tokens; no table the size of the vocabulary.
    """
    if not len(ids):
        return vectors.new_zeros(0, vectors.shape[1]), ids, ids
    span = int(ids.max()) + 1
    key, order = torch.sort(instance * span + ids, stable=True)
    unique, counts = torch.unique_consecutive(key, return_counts=True)
    offsets = F.pad(counts.cumsum(0), (1, 0))
    sums = F.embedding_bag(
        place[order],
        vectors,
        offsets,
        mode="sum",
        per_sample_weights=None if share is None else share[order],
        include_last_offset=True,
    )
    return sums, unique // span, unique % span


def add_up(values: Tensor, owner: Tensor, m: int) -> Tensor:
    """(U,) values added up by owner, (m,)."""
    return values.new_zeros(m).index_add_(0, owner, values)
