"""A copy of `pydocs` as another machine or another year would have built it: small, with facts of its own."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path

VERSIONS = {"python": "3.9.1", "builder": "1", "numpy": "0.9"}


def put(cache: Path, name: str = "pydocs-3.9.1-0123456789ab") -> Path:
    """The texts of `tiny` in the cache, as a built `pydocs`."""
    folder = cache / "datasets" / name
    shutil.copytree(str(files("ance_samples") / "tiny"), folder)
    facts = {
        "name": "pydocs",
        "about": "documentation of Python 3.9.1 and of 1 packages",
        "versions": VERSIONS,
    }
    (folder / "built.json").write_text(json.dumps(facts))
    return folder
