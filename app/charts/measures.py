"""What can be drawn against training, with the words that go beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

X = Literal["step", "seconds", "examples"]
X_TITLES = {
    "step": "Training step",
    "seconds": "Training time (seconds)",
    "examples": "Training queries seen",
}


@dataclass(frozen=True)
class Measure:
    """One scalar of the log: its name there, titles, and what a reader should know.

    `each_step`: measured on one batch at every step, so noisy and allowed to be smoothed. Evaluations are
    not:
    they are means over a fixed sample of queries and are always drawn as they are.
    """

    scalar: str
    title: str
    axis: str
    see: str
    digits: int = 3
    each_step: bool = False

    @property
    def evaluated(self) -> bool:
        """Whether it comes from ranking the queries of a split."""
        return self.scalar.rpartition("/")[2] in EVALUATIONS


_EVALUATIONS = {
    "RR@10": (
        "RR@10 on {split} queries",
        "Mean RR@10 (0 to 1)",
        "How high the first relevant passage stands among the ten best: 1 if it is first, 1/2 if second, "
        "0 if it is "
        "not among them. The mean over a fixed sample of {split} queries, which training never sees.",
    ),
    "nDCG@10": (
        "nDCG@10 on {split} queries",
        "Mean nDCG@10 (0 to 1)",
        "How well the ten best passages are ordered, when every relevant one counts and grades matter. "
        "With one "
        "relevant passage a query it moves with RR@10, but is kinder to places two to ten.",
    ),
    "R@100": (
        "Recall at 100 on {split} queries",
        "Mean R@100 (0 to 1)",
        "The share of relevant passages found among the hundred best. It tells whether a re-ranker behind "
        "this "
        "retriever would have anything to work with.",
    ),
    "Success@1": (
        "Success at 1 on {split} queries",
        "Share of queries (0 to 1)",
        "The share of queries whose very first passage is relevant.",
    ),
}


def evaluation(name: str, split: str = "dev") -> Measure:
    """A measure of the rankings of a split's queries, one of `EVALUATIONS`, as it was logged while training."""
    title, axis, see = _EVALUATIONS[name]
    return Measure(f"{split}/{name}", title.format(split=split), axis, see.format(split=split))


EVALUATIONS = {name: evaluation(name) for name in _EVALUATIONS}
LOSS = Measure(
    "loss",
    "Training loss",
    "Loss (nats per query)",
    "The loss of each batch. Losses of different samplers are answers to different questions: easy "
    "negatives make "
    "it small, hard ones keep it large. Compare its course, not its height, and judge methods by the dev "
    "curve.",
    each_step=True,
)
GRADIENT = Measure(
    "grad_norm/total",
    "Gradient norm",
    "Gradient norm, before clipping",
    "The length of the whole gradient of each batch. Near zero means that the negatives teach nothing any "
    "more; "
    "that is the starting point of ANCE: uninformative negatives give vanishing gradients.",
    digits=4,
    each_step=True,
)
DISTANCE = Measure(
    "weights/distance",
    "Distance of the weights from their start",
    "Distance from the start",
    "How far all trained weights together have moved since before the first update, as the crow flies.",
    digits=4,
)
BANDS = {
    "embeddings": "Embeddings",
    "bottom": "Bottom layers",
    "middle": "Middle layers",
    "top": "Top layers",
    "head": "Head",
}


def band(name: str) -> Measure:
    """The gradient norm of one layer band, as a measure."""
    title = BANDS.get(name, name.capitalize())
    return Measure(f"grad_norm/{name}", title, GRADIENT.axis, GRADIENT.see, digits=4, each_step=True)


def anisotropy(name: str, of: str) -> Measure:
    """The mean cosine or the effective rank of one side, "queries" or "documents", as a measure; names as in the log."""
    title, axis, see, digits = _ANISOTROPY[name]
    return Measure(f"{name}/{of}", f"{title} of {of}", axis, see, digits)


_ANISOTROPY = {
    "mean_cosine": (
        "Mean cosine",
        "Mean cosine of two (-1 to 1)",
        "How similar two queries, or two documents, picked blindly are: exact over all pairs of the snapshot. At 0 their "
        "directions are spread evenly; towards 1 all of them point one way, which is called anisotropy: scores of right "
        "and wrong documents then differ by little.",
        3,
    ),
    "effective_rank": (
        "Effective rank",
        "Effective rank (directions)",
        "How many directions the vectors use, their common part included: the exponential of the entropy of their "
        "singular values. Random vectors use nearly all dimensions; in a collapse a few directions hold everything.",
        1,
    ),
}
