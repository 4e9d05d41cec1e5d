"""The shape of an embedding space over training, from the snapshots of a run.

from ance_core.probes.geometry import measure_run
geometry = measure_run(run)
geometry.readings  # a frame: step, of, measure, value, half_width
"""

from .angles import BINS, cosine_histogram, mean_cosine
from .draws import Evenness, evenness
from .estimate import Estimate, widths_apart
from .hubness import hubness, k_occurrence
from .light import Light, collapse_light
from .neighbours import Neighbours, nearest
from .reference import Reference, random_reference
from .run import RunGeometry, anisotropy, label_pairs, measure_run
from .snapshot import MEASURES, Geometry, Reading, Sizes, measure_snapshot
from .spectrum import Spectrum, effective_rank_estimate, spectrum
from .uniformity import alignment, uniformity
from .vectors import checked, unit

__all__ = [
    "BINS",
    "MEASURES",
    "Estimate",
    "Evenness",
    "Geometry",
    "Light",
    "Neighbours",
    "Reading",
    "Reference",
    "RunGeometry",
    "Sizes",
    "Spectrum",
    "alignment",
    "anisotropy",
    "checked",
    "collapse_light",
    "cosine_histogram",
    "effective_rank_estimate",
    "evenness",
    "hubness",
    "k_occurrence",
    "label_pairs",
    "mean_cosine",
    "measure_run",
    "measure_snapshot",
    "nearest",
    "random_reference",
    "spectrum",
    "uniformity",
    "unit",
    "widths_apart",
]
