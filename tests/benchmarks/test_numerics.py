"""How far two instruction sets part in the first updates, and that one alone never does."""

import numpy as np
import pytest

from benchmarks.numerics import Variation, begin, distance, largest, row
from tests.training.conftest import SMALL

BOUND = {1: 1e-5, 10: 1e-4}
"""Largest difference of a single weight after so many updates, as docs/design.md states it."""
STEPS = (0, *BOUND)
CONFIG = SMALL | {"recipe": "ance", "seed": 1, "steps": max(STEPS), "warmup": {"recipe": "none"}}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """By name: twice as the machine does it, and once with torch's, oneDNN's and MKL's plainest instructions."""
    plain = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}
    variations = {"once": {}, "again": {}, "plain": plain}
    jobs = {
        name: begin(Variation(env), CONFIG, STEPS, tmp_path_factory.mktemp(name))
        for name, env in variations.items()
    }
    return {name: job.result() for name, job in jobs.items()}


def test_one_instruction_set_repeats_to_the_bit(trained):
    once, again = trained["once"], trained["again"]
    assert once.instruction_set == again.instruction_set
    for step in STEPS:
        for name, weights in once.weights[step].items():
            assert weights.tobytes() == again.weights[step][name].tobytes(), (step, name)
    assert once.rr == again.rr
    assert distance(once.weights[10], once.weights[0]) > 0.01, "nothing was trained"


def test_two_instruction_sets_stay_within_the_stated_bound(trained):
    once, plain = trained["once"], trained["plain"]
    if once.instruction_set["torch"] == plain.instruction_set["torch"]:
        pytest.skip(
            f"this processor, {once.instruction_set['processor']}, has one instruction set for torch alone, "
            f"{once.instruction_set['torch']}: there are no two to compare"
        )
    gaps = {step: largest(once.weights[step], plain.weights[step]) for step in STEPS}
    assert gaps[1] <= BOUND[1], gaps
    assert gaps[10] <= BOUND[10], gaps


def test_a_row_of_the_table_states_what_was_measured(trained):
    once = trained["once"]
    moved = {step: {n: w.copy() for n, w in own.items()} for step, own in once.weights.items()}
    name = max(moved[10], key=lambda n: moved[10][n].size)
    moved[10][name].flat[0] += np.float32(0.25)
    other = type(once)(moved, once.rr + 0.002, once.instruction_set, once.start)
    share = 0.25 / distance(once.weights[10], once.weights[0])
    shown = f"{100 * share:.2g} %"
    assert row("moved", other, once) == f"| moved | 0 | 0 | 2.5e-01 | {shown} | {other.rr:.4f} | +0.0020 |"
