"""The datasets that come along: samples inside the package, and `pydocs`, built on the user's machine."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

SAMPLES = {"tiny": "a lighthouse island: 24 passages, 36 questions, complete judgements"}


def dataset_names() -> dict[str, str]:
    """Embedded datasets and what each is, on one line."""
    return dict(SAMPLES)


def embedded_path(name_or_path: str | Path) -> Path:
    """The folder of an embedded dataset, or the path itself if it is none of their names."""
    if isinstance(name_or_path, str) and name_or_path in SAMPLES:
        return Path(str(files("ance_samples") / name_or_path))
    return Path(name_or_path)
