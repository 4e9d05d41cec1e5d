"""The notebook of the documents, run from the top and written back with what it gives.

    python -m benchmarks.notebook [docs/gradients.ipynb]

Figures are kept as Plotly's own and, where `kaleido` is installed (`pip install kaleido`; it needs a Chromium), as pictures
for readers that draw none. Runs go into a folder that is removed afterwards.
"""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from sys import argv

import nbformat
from nbclient import NotebookClient

PARAMETERS = "parameters"
"""The tag of the cell that says how much is trained."""


def run(path: Path, folder: Path, parameters: str | None = None) -> nbformat.NotebookNode:
    """The notebook with its outputs, run in `folder`; `parameters` is code that takes the place of the cell so tagged.

    CellExecutionError, with the traceback, for a cell that fails.
    """
    notebook = nbformat.read(path, as_version=4)
    if parameters is not None:
        (cell,) = (c for c in notebook.cells if PARAMETERS in c.metadata.get("tags", ()))
        cell.source = parameters
    client = NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute()
    return notebook


def main() -> None:
    """Run and write."""
    path = Path(argv[1]) if len(argv) > 1 else Path(__file__).parents[1] / "docs" / "gradients.ipynb"
    os.environ["PLOTLY_RENDERER"] = "plotly_mimetype" + ("+png" if find_spec("kaleido") else "")
    with tempfile.TemporaryDirectory() as folder:
        notebook = run(path, Path(folder))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times, which are new at every run
        if cell.cell_type == "code":  # and what libraries say of this machine
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
