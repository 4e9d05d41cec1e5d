"""Each rule against autograd on one layer."""

import pytest
import torch
from torch import nn

from ance_core.encoders.static import WeightedBag
from ance_core.probes.gradients.rules import RULES, Call, by_gram, by_product, sum_equal

M = 5


def by_autograd(module, inputs, gradients, rows):
    """Squared norms by parameter: for each instance, a backward pass over its rows of every call."""
    squares = {name: [] for name, _ in module.named_parameters()}
    for i in range(M):
        loss = 0.0
        for call, gradient in zip(inputs, gradients, strict=True):
            k = len(gradient) // M
            loss = loss + (module(*rows(call, i * k, (i + 1) * k)) * gradient[i * k : (i + 1) * k]).sum()
        for name, g in zip(squares, torch.autograd.grad(loss, list(module.parameters())), strict=True):
            squares[name].append(g.square().sum())
    return {name: torch.stack(values) for name, values in squares.items()}


def slices(call, start, stop):
    return tuple(x[start:stop] for x in call)


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize(
    ("module", "shapes"),
    [
        (nn.Linear(6, 4), [(M, 6)]),
        (nn.Linear(40, 50), [(M, 3, 40), (2 * M, 2, 40)]),  # few tokens: through products of tokens
        (nn.Linear(3, 2, bias=False), [(M, 7, 3), (3 * M, 9, 3)]),  # many tokens: through the gradient
        (nn.LayerNorm(6), [(M, 4, 6), (2 * M, 3, 6)]),
        (nn.LayerNorm(6, bias=False), [(2 * M, 6)]),
    ],
)
def test_dense_layers(module, shapes):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter))
    calls = [(torch.randn(shape),) for shape in shapes]
    gradients = [torch.randn_like(module(*call)) for call in calls]
    found = RULES[type(module)](module, [Call(c, g) for c, g in zip(calls, gradients, strict=True)], M)
    for name, expected in by_autograd(module, calls, gradients, slices).items():
        torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", [None, 0])
def test_embeddings_add_up_equal_tokens(padding):
    module = nn.Embedding(9, 4, padding_idx=padding)
    calls = [(torch.randint(0, 9, (M, 6)),), (torch.randint(0, 9, (2 * M, 5)),)]
    gradients = [torch.randn_like(module(*call)) for call in calls]
    found = RULES[nn.Embedding](module, [Call(c, g) for c, g in zip(calls, gradients, strict=True)], M)
    expected = by_autograd(module, calls, gradients, slices)
    torch.testing.assert_close(found["weight"], expected["weight"])


def test_bags_of_any_length_also_empty():
    module = WeightedBag(9, 4)
    with torch.no_grad():
        module.token_weight.uniform_(0.5, 2)
    calls = []
    for rows in (M, 2 * M):
        lengths = torch.randint(0, 5, (rows,))
        calls.append(
            (
                torch.randint(0, 9, (int(lengths.sum()),)),
                torch.cat([torch.zeros(1).long(), lengths.cumsum(0)]),
            )
        )
    gradients = [torch.randn(len(call[1]) - 1, 4) for call in calls]

    def rows(call, start, stop):
        flat, offsets = call
        return flat[offsets[start] : offsets[stop]], offsets[start : stop + 1] - offsets[start]

    found = RULES[WeightedBag](module, [Call(c, g) for c, g in zip(calls, gradients, strict=True)], M)
    for name, expected in by_autograd(module, calls, gradients, rows).items():
        torch.testing.assert_close(found[name], expected)


def test_both_ways_through_an_outer_product_agree():
    a, g = torch.randn(M, 7, 11), torch.randn(M, 7, 3)
    torch.testing.assert_close(by_gram(a, g), by_product([a], [g], part=2))


def test_sums_of_equal_ids_stay_within_their_instance():
    ids, instance = torch.tensor([4, 2, 4, 4]), torch.tensor([1, 0, 1, 0])
    vectors = torch.tensor([[1.0], [10.0], [100.0], [1000.0]])
    sums, owner, token = sum_equal(ids, instance, vectors, torch.arange(4))
    assert list(zip(owner.tolist(), token.tolist(), sums[:, 0].tolist(), strict=True)) == [
        (0, 2, 10.0),
        (0, 4, 1000.0),
        (1, 4, 101.0),
    ]
