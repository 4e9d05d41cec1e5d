"""Small encoders of every kind, and instances over a small corpus."""

import numpy as np
import pytest
import torch

from ance_core.probes.gradients import Instances

from ...encoders.conftest import bert_folder, built, corpus, make, save_pretrained  # noqa: F401


@pytest.fixture(scope="session")
def roberta_folder(tmp_path_factory, corpus):  # noqa: F811
    """A tiny RoBERTa, whose positions start behind a padding index and have a padding row of their own."""
    folder = tmp_path_factory.mktemp("roberta")
    settings = {"num_hidden_layers": 2, "max_position_embeddings": 42, "pad_token_id": 0}
    return save_pretrained(folder, corpus, "Roberta", **settings)


@pytest.fixture
def encoder(built, roberta_folder):  # noqa: F811
    """`encoder("mini", ...)`: encoder and tokens, its weights shaken so that none is zero or one."""

    def encoder(kind: str, **changes):
        if kind == "roberta":
            kind, changes = "hf", changes | {"model": str(roberta_folder)}
        model, tokens = built(kind, **changes)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(1)
            for parameter in model.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        return model, tokens

    return encoder


def draw_instances(m: int, n: int, seed: int = 0, empty: bool = False, dual: bool = False) -> Instances:
    """Random instances over the 30 queries and 120 documents, texts shared between them."""
    rng = np.random.default_rng(seed)
    near, far = (120, 30) if dual else (30, 120)
    positives = rng.integers(0, far, m)
    negatives = (positives[:, None] + rng.integers(1, far, (m, n))) % far
    if empty and n > 1:
        negatives[rng.random((m, n)) < 0.3] = -1
    return Instances(rng.integers(0, near, m), positives, negatives, dual=dual)


def assert_same(fast, slow, tolerance=1e-4):
    """Equal within `tolerance` of the largest; names the layers that differ."""
    size = slow.total.max()
    wrong = {
        name: float(np.abs(fast.parameters[name] - norms).max() / size)
        for name, norms in slow.parameters.items()
        if not np.allclose(fast.parameters[name], norms, rtol=tolerance, atol=1e-6 * size)
    }
    assert not wrong, f"layers that differ, relative to the largest total: {wrong}"
    np.testing.assert_allclose(fast.total, slow.total, rtol=tolerance)
    np.testing.assert_allclose(fast.output, slow.output, rtol=tolerance)
    for band, norms in slow.bands.items():
        np.testing.assert_allclose(fast.bands[band], norms, rtol=tolerance, atol=1e-6 * size)
