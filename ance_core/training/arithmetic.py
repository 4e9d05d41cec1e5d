"""What adds up the sums of a training: threads and instruction set, as `run.json` names them.

A sum of floats depends on its order, and the order on how many numbers an instruction adds at once. docs/design.md says
what the last bits come to.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faiss
import torch
from threadpoolctl import threadpool_info

from ..config import RunConfig
from .device import threads_of

DECIDING = (
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "FAISS_OPT_LEVEL",
    "NPY_DISABLE_CPU_FEATURES",
)
"""Variables by which libraries are told to use fewer instructions than the processor has."""


def instruction_set() -> dict[str, Any]:
    """What adds up the sums in this process, for run.json.

    torch:      the level of torch's own kernels, such as AVX512
    faiss:      that of faiss, where it says so
    blas:       kernels of each BLAS that is loaded (numpy's, scipy's, faiss's), by library and version
    processor:  its model, by which MKL and oneDNN choose: neither can be asked what it chose
    variables:  those of `DECIDING` that are set
    """
    faiss_level = getattr(faiss, "SIMDConfig", None)
    libraries = {
        f"{each['internal_api']} {each['version']}": str(each.get("architecture", "unknown"))
        for each in threadpool_info()
        if each["user_api"] == "blas"
    }
    return {
        "torch": torch.backends.cpu.get_cpu_capability(),
        **({"faiss": str(faiss_level.get_level_name())} if faiss_level else {}),
        "blas": libraries,
        "processor": _processor(),
        "variables": {name: os.environ[name] for name in DECIDING if name in os.environ},
    }


def _processor() -> str:
    """The processor's model in words; its architecture where the system does not say more."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def arithmetic_differences(info: Mapping[str, Any], config: RunConfig) -> list[str]:
    """What adds up sums otherwise in this process than in that of a run's `info` (run.json), a phrase each.

    Nothing that the run does not say: older ones say neither threads nor instruction set.
    """
    then, now = (
        _arithmetic(info),
        _arithmetic({"threads": threads_of(config), "instruction_set": instruction_set()}),
    )
    return [
        f"{name} {now[name]} (then {then[name]})" for name in then if now.get(name, then[name]) != then[name]
    ]


def _arithmetic(info: Mapping[str, Any]) -> dict[str, str]:
    """Threads and instruction set of `info` as words by name; a variable that is not set is 'not set'."""
    found = {"threads": str(info["threads"])} if "threads" in info else {}
    facts = info.get("instruction_set")
    if not facts:
        return found
    found |= {f"instruction set of {name}": facts[name] for name in ("torch", "faiss") if name in facts}
    found |= {f"kernels of {name}": kernels for name, kernels in facts["blas"].items()}
    variables = {name: facts["variables"].get(name, "not set") for name in DECIDING}
    return found | {"processor": facts["processor"]} | variables
