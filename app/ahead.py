"""Reading ahead: what the pages will ask first, read once a server while somebody looks at the first page."""

from __future__ import annotations

import importlib
import logging
import threading

import plotly.graph_objects as go

from ance_core.errors import AnceError

from . import spaces
from .drawn import Drawn
from .levels import levels
from .probed import Probed
from .source import BEST, Source
from .texts import dataset_of

logger = logging.getLogger(__name__)
PAUSE_S = 0.7  # until the first page stands: it comes first
MOST_RUNS = 100  # the newest
_begun: set[str] = set()


def begin(source: Source) -> None:
    """Start a thread that fills the caches behind the pages; once for each folder of runs."""
    if str(source.folder) in _begun:
        return
    _begun.add(str(source.folder))
    thread = threading.Timer(PAUSE_S, _read, (source,))
    thread.daemon = True
    thread.start()


def _read(source: Source) -> None:
    try:
        _prepare()
        read(source)
    except Exception:  # the page that needs it will say what is wrong
        logger.debug("reading ahead ended early", exc_info=True)


def _prepare() -> None:
    """Plotly, pyarrow and scipy load much of themselves at their first use."""
    for name in ("pyarrow.compute", "pyarrow.dataset", "scipy.stats"):
        importlib.import_module(name)
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"width": 1})
    figure.add_scattergl(x=[0, 1], y=[0, 1], mode="markers", customdata=[[0], [1]])
    figure.add_bar(x=[0, 1], y=[0, 1], marker={"color": "#000"})
    figure.update_layout(xaxis={"title": {"text": "x"}}, legend={"orientation": "h"})
    figure.to_json()


def read(source: Source) -> None:
    """What the first figure of each page is made of, of the newest runs; and the texts of the newest."""
    newest = [run for run in source.summaries() if run.kind != "warmup"][:MOST_RUNS]
    names = [run.name for run in newest]
    source.curve(names, f"dev/{BEST}")
    source.refreshes(names)
    source.per_query(names, "dev", BEST)
    levels(source, newest)
    if names:
        dataset_of(source.run(names[0]))
    drawn, probed = Drawn(source), Probed(source)
    for name in names:
        try:
            spaces.followed(source.run(name))
            drawn.overview(name)
            if steps := probed.steps(name):
                probed.means(name, steps[-1])
        except AnceError:  # told on the page
            continue
