"""The machine in words, without its name: cores, instruction sets, versions, how busy it was."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

PACKAGES = (
    "torch", "numpy", "tokenizers", "transformers", "accelerate", "faiss-cpu", "sentence-transformers", "datasets",
    "streamlit",
)  # fmt: skip
FEATURES = ("avx2", "avx512_f", "avx512_bf16", "amx_bf16", "amx_tile")


def describe() -> dict[str, Any]:
    """Plain values for JSON."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": f"{platform.machine()} with {', '.join(_features()) or 'no vector extensions known'}",
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _features() -> list[str]:
    import torch

    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    found = [name for name in FEATURES if known.get(name)]
    return found or [torch.backends.cpu.get_cpu_capability().lower()]
