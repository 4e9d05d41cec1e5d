import pytest
import torch

from ance_core.encoders import TokenBatch
from ance_core.encoders.static import ResidualMLP, StaticTower, WeightedBag


@pytest.fixture
def batch():
    flat = torch.tensor([3, 1, 1, 4, 5, 9, 2])
    return TokenBatch(flat, torch.tensor([0, 3, 3, 7]))  # the second text is empty


@pytest.fixture
def bag():
    bag = WeightedBag(10, 6)
    with torch.no_grad():
        bag.token_weight.copy_(torch.linspace(0.5, 3, 10))
    return bag


def slow_bag(bag, batch):
    rows = []
    for start, end in zip(batch.offsets[:-1], batch.offsets[1:], strict=True):
        ids = batch.flat[start:end]
        weighted = bag.embedding[ids] * bag.token_weight[ids].unsqueeze(1)
        rows.append(weighted.mean(0) if len(ids) else torch.zeros(6))
    return torch.stack(rows)


def test_bag_and_its_gradients_agree_with_a_loop(bag, batch):
    target = torch.arange(18.0).view(3, 6)
    gradients = []
    for vectors in (bag(batch.flat, batch.offsets), slow_bag(bag, batch)):
        gradients.append(torch.autograd.grad((vectors * target).sum(), list(bag.parameters())))
    torch.testing.assert_close(bag(batch.flat, batch.offsets), slow_bag(bag, batch))
    for fast, slow in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, slow)


@pytest.mark.parametrize("vocab_size", [50, 70_000])
def test_gradients_agree_with_pytorchs_own(vocab_size):
    bag = WeightedBag(vocab_size, 6)
    generator = torch.Generator().manual_seed(0)
    flat = torch.randint(vocab_size // 2, vocab_size, (300,), generator=generator)
    offsets = torch.arange(0, 301, 20)
    target = torch.randn(15, 6, generator=generator)
    theirs = torch.nn.functional.embedding_bag(
        flat, bag.folded(), offsets, mode="mean", include_last_offset=True
    )
    gradients = [
        torch.autograd.grad((vectors * target).sum(), list(bag.parameters()))
        for vectors in (bag(flat, offsets), theirs)
    ]
    for fast, slow in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, slow)
    assert not gradients[0][0][: vocab_size // 2].any()


def test_folded_table_gives_the_same_bag(bag, batch):
    mean = torch.nn.functional.embedding_bag(
        batch.flat, bag.folded(), batch.offsets, mode="mean", include_last_offset=True
    )
    torch.testing.assert_close(mean, bag(batch.flat, batch.offsets))


def test_residual_mlp_starts_as_the_identity_and_learns():
    mlp = ResidualMLP(5)
    x = torch.randn(3, 5)
    assert torch.equal(mlp(x), x)
    mlp(x).sum().backward()
    assert mlp.down.weight.grad.abs().sum() > 0


def test_order_of_tokens_does_not_matter(batch):
    tower = StaticTower(10, 6, 4)
    turned = TokenBatch(batch.flat.flip(0), torch.tensor([0, 4, 4, 7]))
    torch.testing.assert_close(tower(turned).flip(0), tower(batch))


@pytest.mark.parametrize("dim", [6, 4])
def test_head_starts_as_the_identity_only_where_sizes_allow(dim):
    projection = StaticTower(10, 6, dim).head.projection.weight
    assert projection.shape == (dim, 6)
    assert torch.equal(projection, torch.eye(6)) == (dim == 6)
