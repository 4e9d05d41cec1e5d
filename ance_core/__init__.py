"""Train small dual encoders with the negative samplers of the dense-retrieval papers, and look at what they learn from.

    import ance_core as ance

    data = ance.load_dataset("tiny")
    runs = [ance.train(data, recipe=name, steps=200) for name in ("random", "ance")]
    frame = ance.metrics(runs)           # tidy: one row a run, step and name
    drawn = ance.negatives(runs[1])      # one row a drawn negative
    ance.compare(runs).methods           # differences query by query, and what they let one say

Names are imported when first used, so that reading runs never loads a deep-learning framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "Dataset": "data",
    "load_dataset": "data",
    "dataset_names": "data",
    "RunConfig": "config",
    "Store": "runs",
    "Run": "runs",
    "RECIPES": "recipes",
    "train": "api",
    "metrics": "api",
    "negatives": "api",
    "explain": "api",
    "probe": "api",
    "gradients": "api",
    "gradient_variance": "api",
    "plot": "api",
    "plot_gradients": "api",
    "compare": "experiments",
    "AnceError": "errors",
}

__all__ = ["__version__", *_WHERE]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'ance_core' has no attribute {name!r}")
    return getattr(import_module(f".{_WHERE[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
