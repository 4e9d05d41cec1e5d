"""Exact gradient norms of instances: what they cost beside a training step, and beside other ways to get them.

Batches of (query, passage, passage) with passages of 128 tokens. The step is a plain one in float32: forward, backward,
AdamW, without log or draws. The loop is a backward pass an instance. `torch.func` and Opacus form every instance's
gradient and then its norm; their queries are padded to 128 tokens, which they need. A target of "at most 1.3x" reads:
norms of all layers take at most 1.3 times as long as that step.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import softplus

from ance_core.config import EncoderConfig
from ance_core.encoders import TokenBatch, build_encoder
from ance_core.probes.gradients import Instances, instance_norms, instance_norms_by_loop

from .corpus import full_texts
from .rows import Row
from .stats import Spread, median_with_interval

BATCHES = (8, 32, 64, 128, 256)
SECONDS = 6.0  # of measuring, for each way at each batch size
MOST = {"static": 1.5, "mini": 1.3}
LEAST = {"static": 8.0, "mini": 1.0}


class Sitting:
    """A model and a batch of triples of it, with every way to measure them as a function without arguments."""

    def __init__(self, kind: str, size: int) -> None:
        torch.set_num_threads(1 if kind == "static" else 2)
        self.texts = full_texts(EncoderConfig(kind=kind, precision="fp32"))
        self.tokens = self.texts.tokens
        self.model = build_encoder(
            EncoderConfig(kind=kind, precision="fp32"), self.texts.dataset, self.tokens, 0
        )
        labels = self.texts.dataset.split("train").labels()
        rng = np.random.default_rng(0)
        at = rng.choice(len(labels.queries), size, replace=False)
        self.queries, self.positives = labels.queries[at], labels.docs[labels.indptr[at]].astype(np.int64)
        docs = len(self.texts.dataset.docs)
        self.negatives = (self.positives + rng.integers(1, docs, size)) % docs
        self.instances = Instances(self.queries, self.positives, self.negatives[:, None])
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-6, fused=True)

    def step(self) -> None:
        """A plain training step on the same triples."""
        docs = np.concatenate([self.positives, self.negatives])
        q, d = self.model(
            TokenBatch.of(self.tokens.queries, self.queries), TokenBatch.of(self.tokens.docs, docs)
        )
        positive, negative = d.chunk(2)
        softplus(self.model.scale * (q * (negative - positive)).sum(1)).mean().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def norms(self) -> np.ndarray:
        """All layers, all instances."""
        return instance_norms(self.model, self.tokens, self.instances).total

    def loop(self) -> np.ndarray:
        """The same by a backward pass each."""
        return instance_norms_by_loop(self.model, self.tokens, self.instances).total

    def others(self) -> dict[str, Callable[[], Any]]:
        """By name, those that run here."""
        from .per_sample import Triples, by_opacus, by_torch_func, inputs

        triples = Triples(self.model)
        batch = inputs(self.tokens, (self.queries, self.positives, self.negatives), 128)
        found: dict[str, Callable[[], Any]] = {"torch.func": by_torch_func(triples, batch)}
        try:
            found["Opacus"] = by_opacus(triples, batch)
        except ImportError:
            print("Opacus is not installed: pip install 'ance-workbench[bench]'", flush=True)
        return found


def run(quick: bool) -> Iterator[Row]:
    """Rows by encoder and batch size, then memory."""
    for kind in ("static", "mini"):
        for size in (8,) if quick else BATCHES:
            yield from _rows(kind, size, quick)
    if not quick:
        for kind in ("static", "mini"):
            yield _memory(kind)


def _rows(kind: str, size: int, quick: bool) -> Iterator[Row]:
    sitting = Sitting(kind, size)
    ways: dict[str, Callable[[], Any]] = {
        "step": sitting.step,
        "norms": sitting.norms,
        "the loop": sitting.loop,
    }
    if kind == "mini" and size <= 64:
        ways |= sitting.others()
        exact = sitting.loop()
        for name in set(ways) & {"torch.func", "Opacus"}:
            np.testing.assert_allclose(np.asarray(ways[name]().detach()), exact, rtol=1e-3)
    took = _in_turns(ways, 0.2 if quick else SECONDS)
    norms, of = took["norms"], f"{kind}, {size} triples"
    strict = size == 32
    ratio = median_with_interval(norms / took["step"])
    yield Row(
        f"{of}: all layers against a step", ratio, "x", MOST[kind] if strict else None, False,
        Spread.of(1e3 * norms), Spread.of(1e3 * took["step"]), "ms",
    )  # fmt: skip
    for name in (n for n in ways if n not in ("step", "norms")):
        faster = median_with_interval(took[name] / norms)
        target = LEAST[kind] if name == "the loop" and (strict or (kind == "mini" and size > 32)) else None
        yield Row(
            f"{of}: faster than {name} by", faster, "x", target, True,
            Spread.of(1e3 * norms), Spread.of(1e3 * took[name]), "ms",
        )  # fmt: skip


def _in_turns(ways: dict[str, Callable[[], Any]], seconds: float) -> dict[str, np.ndarray]:
    """Seconds of each way, (rounds,), one after the other in every round; the first round does not count."""
    rounds: list[list[float]] = []
    end = time.perf_counter() + seconds * len(ways)
    while len(rounds) < 4 or time.perf_counter() < end:
        times = []
        for way in ways.values():
            start = time.perf_counter()
            way()
            times.append(time.perf_counter() - start)
        rounds.append(times)
    return dict(zip(ways, np.array(rounds[1:]).T, strict=True))


def _memory(kind: str) -> Row:
    """Most memory of a process that computes norms, beside one that takes steps."""
    used = []
    for way in ("norms", "step"):
        command = [sys.executable, "-m", "benchmarks.gradients", kind, way]
        used.append(
            float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])
        )
    ours, theirs = (Spread(x, x, x) for x in used)
    ratio = used[0] / used[1]
    return Row(
        f"{kind}, 64 triples: memory beside that of a step",
        Spread(ratio, ratio, ratio),
        "x",
        2.0,
        False,
        ours,
        theirs,
        "MB",
    )


def _measure_memory(kind: str, way: str) -> None:
    sitting = Sitting(kind, 64)
    for _ in range(3):
        getattr(sitting, way)()
    # not getrusage: its maximum is inherited from the process that started this one
    (peak,) = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    print(float(peak.split()[1]) / 1024)


if __name__ == "__main__":
    _measure_memory(sys.argv[1], sys.argv[2])
