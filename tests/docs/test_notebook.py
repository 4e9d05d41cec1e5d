"""The notebook of the documents runs from the top, and what stands beside its cells came out of them."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

import ance_core as ance
from benchmarks.notebook import run

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "gradients.ipynb"
PLOTLY = "application/vnd.plotly.v1+json"
SMALL = """
DATA = "tiny"
STEPS, EVERY = 12, 6
SEEDS = [0, 1]
SAMPLERS = ["random", "in-batch", "bm25", "ance"]
QUERIES, ENUMERATED = 12, 3
RUNS = "runs-gradients"
SETTINGS = {
    "encoder": {"width": 16, "dim": 16, "vocab_size": 400},
    "batch_size": 8,
    "warmup": {"steps": 5},
    "negatives": {"pool_depth": 10},
}
"""


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The notebook run on a small collection, and the folder it ran in."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLOTLY_RENDERER", "plotly_mimetype")
        return run(NOTEBOOK, folder, SMALL), folder


def test_it_runs_from_training_to_both_figures(made):
    notebook, _ = made
    figures = [o["data"][PLOTLY] for c in code(notebook) for o in c.outputs if PLOTLY in o.get("data", {})]
    assert len(figures) == 3
    panels = {note["text"] for note in figures[1]["layout"]["annotations"]}
    assert panels == {"total", "embeddings", "top", "head", "output"}
    assert {line["name"] for line in figures[1]["data"]} == {"random", "in-batch", "bm25", "ance"}


def test_what_it_shows_is_what_the_runs_hold(made):
    notebook, folder = made
    store = ance.Store(folder / "runs-gradients")
    trained = [store.run(f"ance-tiny-s{seed}") for seed in (0, 1)]
    tidy = ance.gradients(trained)
    assert set(tidy["step"]) == {0, 6, 12}
    assert set(tidy["seed"]) == {0, 1}
    own = tidy[(tidy["band"] == "total") & (tidy["step"] == 12)]
    shown = "".join(
        o.get("data", {}).get("text/plain", "")
        for c in code(notebook)
        if "agg(" in c.source
        for o in c.outputs
    )
    for name, norms in own.groupby("sampler")["norm"]:
        (line,) = (line for line in shown.splitlines() if line.split()[:1] == [name])
        assert line.split()[1:3] == [str(len(norms)), f"{norms.mean():.3g}"]
    said = "".join(o.get("text", "") for c in code(notebook) for o in c.outputs)
    assert "45 comparisons with random" in said  # three samplers, three steps, five bands


def test_the_outputs_in_the_repository_are_of_one_run_from_the_top():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = code(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert sum(PLOTLY in output.get("data", {}) for output in outputs) == 3
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
