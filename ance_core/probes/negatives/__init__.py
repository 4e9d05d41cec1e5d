"""Questions to the records of drawn negatives. Nothing here loads a model; arrays in, arrays out.

from ance_core.probes import negatives
records = negatives.open_records(run.folder)
drawn = records.read(["step", "score", "positive_score"])
"""

from .counting import Histogram, even_edges, histogram, phase_of, phase_steps, wilson
from .diversity import (
    Repeats,
    draw_counts,
    effective_candidates,
    effective_documents,
    gini,
    repeats,
)
from .errors import PairwiseErrors, pairwise_errors
from .forgetting import Course, Group, course, fewer_edges, groups
from .overlap import in_pool_top, in_top
from .ranks import BANDS, Rates, band_name, band_of, hidden_by_band, hidden_over_time, ranks_by_phase
from .records import Columns, Records, open_records
from .space import Space
from .staleness import staleness

__all__ = [
    "BANDS",
    "Columns",
    "Course",
    "Group",
    "Histogram",
    "PairwiseErrors",
    "Rates",
    "Records",
    "Repeats",
    "Space",
    "band_name",
    "band_of",
    "course",
    "draw_counts",
    "effective_candidates",
    "effective_documents",
    "even_edges",
    "fewer_edges",
    "gini",
    "groups",
    "hidden_by_band",
    "hidden_over_time",
    "histogram",
    "in_pool_top",
    "in_top",
    "open_records",
    "pairwise_errors",
    "phase_of",
    "phase_steps",
    "ranks_by_phase",
    "repeats",
    "staleness",
    "wilson",
]
