"""Threads and instruction set in `run.json`, and what is said where they differ."""

import torch

from ance_core.training.arithmetic import arithmetic_differences, instruction_set
from ance_core.training.session import train_runs


def test_a_run_names_its_threads_and_instruction_set(store, settings, monkeypatch):
    monkeypatch.setenv("MKL_ENABLE_INSTRUCTIONS", "AVX2")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    config = settings(recipe="random", steps=1, warmup={"recipe": "none"})
    (run,) = train_runs([config], store)
    found = store.run(run.name).info
    assert found["threads"] == torch.get_num_threads() == 1
    facts = found["instruction_set"]
    assert facts == instruction_set()
    assert facts["torch"] == torch.backends.cpu.get_cpu_capability()
    assert any(name.startswith("openblas") for name in facts["blas"])
    assert facts["processor"]
    assert facts["variables"]["MKL_ENABLE_INSTRUCTIONS"] == "AVX2"
    assert "ONEDNN_MAX_CPU_ISA" not in facts["variables"]
    assert arithmetic_differences(found, config) == []


def test_what_adds_up_otherwise_is_said_and_nothing_of_runs_that_do_not_say(settings, monkeypatch):
    monkeypatch.delenv("MKL_CBWR", raising=False)
    facts = instruction_set()
    library, kernels = next(iter(facts["blas"].items()))
    then = {
        **facts,
        "torch": "VSX",
        "blas": {**facts["blas"], library: "Nehalem9", "blis 0.1": "zen"},
        "variables": {**facts["variables"], "MKL_CBWR": "COMPATIBLE"},
    }
    assert arithmetic_differences({"threads": 64, "instruction_set": then}, settings()) == [
        "threads 1 (then 64)",
        f"instruction set of torch {facts['torch']} (then VSX)",
        f"kernels of {library} {kernels} (then Nehalem9)",
        "MKL_CBWR not set (then COMPATIBLE)",
    ]
    assert arithmetic_differences({"versions": {"torch": "2.4"}}, settings()) == []
