"""Where a run computes, and in which number format: one Accelerator for the process."""

from __future__ import annotations

import os

import faiss
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from ..config import RunConfig
from ..encoders import resolve_precision
from ..retrieval.dense import use_search_threads


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
