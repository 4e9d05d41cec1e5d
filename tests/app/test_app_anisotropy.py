"""The figure of anisotropy on the page *Embedding space*: its lines, and the two ends of their scale."""

from __future__ import annotations

import numpy as np
import pytest

from ance_core.probes.geometry import random_reference, spectrum
from ance_core.probes.geometry.angles import mean_cosine_of
from ance_core.probes.geometry.light import CONE, least_rank
from ance_core.runs import Store

from . import spaces_of_runs as invented
from .test_app_pages import figures, quiet, text
from .test_app_space import decoded


def shapes(figure) -> list[tuple[float, float]]:
    """Where zones and lines across the figure lie."""
    return [(shape["y0"], shape["y1"]) for shape in figure["layout"].get("shapes", [])]


def labels(figure) -> list[str]:
    return [note["text"] for note in figure["layout"].get("annotations", [])]


def closed() -> dict:
    """Vectors in a narrow cone, which are not all the same."""
    arrays = invented.vectors(200)
    return {k: v + 20 if v.dtype == np.float32 else v for k, v in arrays.items()}


def test_a_collapsed_run_is_drawn_in_the_zone_that_the_event_has_its_limit_from(open_page, tmp_path):
    name = invented.spaced(tmp_path, snapshots={0: invented.vectors(0), 200: closed()})
    invented.spaced(tmp_path, "dance")
    app = open_page(tmp_path, "space")
    assert quiet(app)
    n = {"queries": len(invented.QUERIES), "documents": len(invented.TINY.docs)}
    for side in ("queries", "documents"):
        drawn = figures(app)[f"mean_cosine/{side}"]
        assert (CONE["red"], 1.0) in shapes(drawn)
        assert "collapse zone: above 0.9" in labels(drawn)
        assert drawn["layout"]["yaxis"]["range"][1] > 1.0
        expected = random_reference(n[side], 16).mean_cosine
        assert f"random vectors: {expected:.3f}" in labels(drawn)
        assert (expected, expected) in shapes(drawn)
    kept = Store(tmp_path).run(name).snapshot(200)  # in half precision
    cosines = [f"{of} {mean_cosine_of(kept[of]):.3f}" for of in ("queries", "documents")]
    assert f"In it at the end: {name} ({', '.join(cosines)})" in text(app)
    assert "dance-" not in text(app).split("In it at the end")[1].split(").")[0]


def test_without_a_collapse_the_lines_are_not_pressed_flat(open_page, tmp_path):
    invented.spaced(tmp_path)
    app = open_page(tmp_path, "space")
    drawn = figures(app)["mean_cosine/queries"]
    assert not any("zone" in label for label in labels(drawn))
    assert "range" not in drawn["layout"]["yaxis"]
    assert "No run shown ends in it" in text(app)


def test_effective_ranks_stand_between_their_zone_and_random_vectors(open_page, tmp_path):
    name = invented.spaced(tmp_path, snapshots={0: invented.vectors(0), 200: closed()})
    app = open_page(tmp_path, "space", cone="Effective rank")
    assert quiet(app)
    drawn = figures(app)["effective_rank/documents"]
    assert (0.0, least_rank(16, "red")) in shapes(drawn)
    assert f"random vectors: {random_reference(24, 16).effective_rank:.1f}" in labels(drawn)
    values = decoded(drawn["data"][0]["y"])
    assert values == pytest.approx([spectrum(invented.vectors(0)["documents"]).effective_rank,
                                    spectrum(closed()["documents"]).effective_rank], rel=1e-2)  # fmt: skip
    assert f"In it at the end: {name}" in text(app)


def test_runs_of_other_dimensions_have_no_common_zone(open_page, tmp_path):
    invented.spaced(tmp_path)
    wider = invented.vectors(0)
    for of in ("queries", "documents"):
        wider[of] = np.concatenate([wider[of], wider[of]], axis=1)
    invented.spaced(tmp_path, "dance", snapshots={0: wider})
    app = open_page(tmp_path, "space")
    assert quiet(app)
    assert not labels(figures(app)["mean_cosine/queries"])
    assert "differ in number or dimensions" in text(app)
