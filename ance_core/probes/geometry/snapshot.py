"""All measures of one snapshot, as tidy rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .angles import mean_cosine
from .estimate import Estimate
from .hubness import hubness
from .light import Light, collapse_light, worst
from .neighbours import Neighbours
from .spectrum import Spectrum, spectrum
from .uniformity import alignment, uniformities
from .vectors import checked, unit

K = 10  # neighbours, of hubness and overlap


class Meaning(NamedTuple):
    """How a measure is called, and what it says in one sentence."""

    title: str
    says: str


MEASURES = {
    "mean_cosine": Meaning("mean cosine", "0: directions spread evenly; 1: all vectors point one way."),
    "uniformity_t2": Meaning("uniformity (t=2)", "Lower is more evenly spread; 0 is complete collapse."),
    "uniformity_t5": Meaning(
        "uniformity (t=5)", "The same with the t of DANCE's code; not comparable with t=2."
    ),
    "effective_rank": Meaning("effective rank", "How many directions the vectors use, their mean included."),
    "participation_ratio": Meaning(
        "participation ratio", "How many directions the differences between vectors use."
    ),
    "isoscore": Meaning("IsoScore", "1: the same variance in every direction; 0: all of it along one line."),
    "hubness": Meaning(
        f"hubness (k={K})", "Skewness of how often a text is among the nearest; above 2: hubs."
    ),
    "alignment": Meaning("alignment", "Mean squared distance of a query and its positive; lower is closer."),
    "centroid_distance": Meaning(
        "centroid distance", "Distance between the mean query and the mean document."
    ),
    "neighbour_overlap": Meaning(
        f"neighbour overlap@{K}", f"Share of the {K} nearest documents kept since the snapshot before."
    ),
}


class Reading(NamedTuple):
    """One measured number. of: queries | documents | both. NaN: cannot be said; half_width 0: nothing sampled."""

    of: str
    measure: str
    value: float
    half_width: float


@dataclass(frozen=True, eq=False)
class Geometry:
    """What was measured of a snapshot. neighbours: to be handed to the next snapshot."""

    readings: list[Reading]
    spectra: dict[str, Spectrum]
    light: Light
    notes: list[str]
    neighbours: dict[str, Neighbours]

    def value(self, of: str, measure: str) -> float:
        """One reading's value; NaN where it was not measured."""
        return next((r.value for r in self.readings if (r.of, r.measure) == (of, measure)), float("nan"))


class Sizes(NamedTuple):
    """How many queries and documents a snapshot is a sample of; None: unknown, taken as many."""

    queries: int | None = None
    documents: int | None = None


def measure_snapshot(
    arrays: Mapping[str, np.ndarray],
    pairs: np.ndarray | None = None,
    before: Mapping[str, Neighbours] | None = None,
    sizes: Sizes = Sizes(),  # noqa: B008 (immutable)
) -> Geometry:
    """Measure a snapshot's `queries` and `documents`, (n, D) each.

    pairs: (m, 2) places of a query and a positive in these arrays, for alignment; before: the neighbours of
    the snapshot before. Directions are compared on unit vectors, zero vectors left out with a note; spectrum,
    hubness and neighbours are of the vectors as they are, by inner product, as the model ranks.
    ProbeError where vectors are not finite.
    """
    sets = {name: checked(arrays[name], name) for name in ("queries", "documents")}
    units, kept, notes = {}, {}, []
    for name, vectors in sets.items():
        units[name], kept[name] = unit(vectors)
        if zeros := int((~kept[name]).sum()):
            notes.append(
                f"{zeros} of {len(vectors)} {name} are zero vectors, which have no direction: left out"
            )
    readings: list[Reading] = []

    def note(of: str, measure: str, estimate: Estimate) -> None:
        readings.append(Reading(of, measure, *estimate))

    spectra, lights = {}, []
    for name in ("queries", "documents", "both"):
        own = np.concatenate(list(units.values())) if name == "both" else units[name]
        whole = np.concatenate(list(sets.values())) if name == "both" else sets[name]
        cone = mean_cosine(own, _population(name, sizes))
        found = spectra[name] = spectrum(whole)
        note(name, "mean_cosine", cone)
        for measure, estimate in zip(
            ("uniformity_t2", "uniformity_t5"), uniformities(own, (2.0, 5.0)), strict=True
        ):
            note(name, measure, estimate)
        note(name, "effective_rank", Estimate(found.effective_rank))
        note(name, "participation_ratio", Estimate(found.participation_ratio))
        note(name, "isoscore", Estimate(found.isoscore))
        if name != "both":
            lights.append(collapse_light(cone.value, found.effective_rank, whole.shape[1], name))
    documents_hub, queries_hub = hubness(sets["queries"], sets["documents"], K)
    note("documents", "hubness", documents_hub)
    note("queries", "hubness", queries_hub)
    note("both", "alignment", _alignment(units, kept, pairs))
    note("both", "centroid_distance", Estimate(_centroid_distance(units)))
    neighbours = {
        "queries": Neighbours(sets["queries"], sets["documents"], K),
        "documents": Neighbours(sets["documents"], sets["documents"], K, same=True),
    }
    for name, now in neighbours.items():
        if before and name in before:
            note(name, "neighbour_overlap", now.overlap(before[name]))
    return Geometry(readings, spectra, worst(lights), notes, neighbours)


def _population(name: str, sizes: Sizes) -> int | None:
    if name == "both":
        return None if None in sizes else sum(n for n in sizes if n is not None)
    return getattr(sizes, name)


def _alignment(
    units: Mapping[str, np.ndarray], kept: Mapping[str, np.ndarray], pairs: np.ndarray | None
) -> Estimate:
    if pairs is None:
        pairs = np.empty((0, 2), np.int64)
    queries, documents = pairs[:, 0], pairs[:, 1]
    there = kept["queries"][queries] & kept["documents"][documents]
    place = {name: np.cumsum(mask) - 1 for name, mask in kept.items()}  # of a row among the unit vectors
    return alignment(
        units["queries"][place["queries"][queries[there]]],
        units["documents"][place["documents"][documents[there]]],
    )


def _centroid_distance(units: Mapping[str, np.ndarray]) -> float:
    """||mean query - mean document|| of unit vectors: the gap of Liang et al. 2022, NeurIPS ("modality gap")."""
    if not all(map(len, units.values())):
        return float("nan")
    means = [vectors.mean(axis=0, dtype=np.float64) for vectors in units.values()]
    return float(np.linalg.norm(means[0] - means[1]))
