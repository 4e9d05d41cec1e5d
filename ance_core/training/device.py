"""Where a run computes, and in which number format: one Accelerator for the process."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import faiss
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from threadpoolctl import threadpool_info

from ..config import RunConfig
from ..encoders import resolve_precision
from ..retrieval.dense import use_search_threads

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


def make_accelerator(config: RunConfig) -> Accelerator:
    """The Accelerator for a config's precision, on the device that accelerate picks (ACCELERATE_USE_CPU=1: processor).

    accelerate keeps one global state a process and refuses a second precision; runs of one process may well
    differ in it (`static` and `mini` in a notebook), so the state is made anew when the precision changes.
    """
    precision = "bf16" if resolve_precision(config.encoder) is torch.bfloat16 else "no"
    if AcceleratorState._shared_state and AcceleratorState().mixed_precision != precision:
        AcceleratorState._reset_state()
    return Accelerator(mixed_precision=precision)


def set_threads(config: RunConfig) -> int:
    """Use the configured number of processor threads for torch; returns it. Searches take all that are allowed.

    By default transformers use every core and `static` one: its matrices are too small to share out, and
    threads that wait for each other beside a busy browser made a step 40 times slower. Sums depend on the
    number in the last bit, so it is part of what makes two runs equal. A search does not, so it takes every core
    unless `threads` says fewer, or an inferencer searches in a process of its own.
    """
    threads = threads_of(config)
    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)  # torch and faiss may share one OpenMP, and then one number
    use_search_threads(search_threads_of(config))
    return threads


def search_threads_of(config: RunConfig) -> int:
    """Threads of a search: those configured, else every core; of two processes that share the machine, half."""
    if config.threads:
        return config.threads
    return max(1, available_cores() // (2 if config.refresh.mode == "async" else 1))


def threads_of(config: RunConfig) -> int:
    """The configured number of threads, the default resolved: an inferencer has a core left to itself."""
    if config.threads:
        return config.threads
    if config.encoder.kind == "static":
        return 1
    return max(1, available_cores() - (config.refresh.mode == "async"))


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def instruction_set() -> dict[str, Any]:
    """What adds up the sums in this process, for run.json.

    torch:      the level of torch's own kernels, such as AVX512
    faiss:      that of faiss, where it says so
    blas:       library, version and kernels of each BLAS that is loaded (numpy's, faiss's)
    processor:  its model, by which MKL and oneDNN choose: neither can be asked what it chose
    variables:  those of `DECIDING` that are set
    """
    faiss_level = getattr(faiss, "SIMDConfig", None)
    libraries = {
        f"{each['internal_api']} {each['version']} {each.get('architecture', 'unknown')}"
        for each in threadpool_info()
        if each["user_api"] == "blas"
    }
    return {
        "torch": torch.backends.cpu.get_cpu_capability(),
        **({"faiss": str(faiss_level.get_level_name())} if faiss_level else {}),
        "blas": sorted(libraries),
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
