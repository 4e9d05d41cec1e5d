"""What an instance is: an anchor, its positive and its negatives, with how hard each negative pulls.

Every objective here is a function of scores, and its gradient for one query is

    sum_n  w_n * grad( s(q, d_n) - s(q, d+) ),        w_n = dL_q / ds_n

(`Loss.weights`): what pushes the negatives down pushes the positive up by as much. With one negative and the
two-way NLL this is the triple of ANCE, w = sigma(-delta). For losses that couple a query's negatives (softmax,
in-batch) two units make sense, and both are measured exactly: the query with all its negatives, and the pair
(q, d+, d_n) with the weight that the whole row gives it; the pairs' gradients add up to the query's. Other
queries of a batch enter through their documents alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError


@dataclass(frozen=True)
class Instances:
    """m instances. anchors, positives: (m,) rows of the dataset; negatives: (m, n), -1 where a slot is empty.

    weights: (m, n) float, w_n as above, where the loss couples more than what is listed here; None: the
    objective's own, from the scores of these negatives. dual: anchors are documents, the others queries.
    """

    anchors: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray
    weights: np.ndarray | None = None
    dual: bool = False

    def __len__(self) -> int:
        return len(self.anchors)

    def part(self, at: slice) -> Instances:
        """Some of them."""
        weights = None if self.weights is None else self.weights[at]
        return Instances(self.anchors[at], self.positives[at], self.negatives[at], weights, self.dual)

    def check(self, n_queries: int, n_docs: int) -> None:
        """ConfigError where rows do not exist, or a negative is the positive (its gradient is zero by definition)."""
        m = len(self.anchors)
        if self.negatives.ndim != 2 or self.positives.shape != (m,) or len(self.negatives) != m or not m:
            raise ConfigError(
                f"instances: {m} anchors, positives {self.positives.shape}, negatives {self.negatives.shape}: "
                "give (m,), (m,) and (m, n) with m at least 1"
            )
        near, far = (n_docs, n_queries) if self.dual else (n_queries, n_docs)
        for name, rows, limit in (
            ("anchors", self.anchors, near),
            ("positives", self.positives, far),
            ("negatives", self.negatives, far),
        ):
            lowest = -1 if name == "negatives" else 0
            if rows.min() < lowest or rows.max() >= limit:
                raise ConfigError(f"instances: {name} has row {rows.max()} of {limit}: rows start at 0")
        same = np.flatnonzero((self.negatives == self.positives[:, None]).any(axis=1))
        if len(same):
            raise ConfigError(
                f"instances: number {same[0]} has its positive (row {self.positives[same[0]]}) as a negative, so its "
                "gradient is zero whatever the model: take it out"
            )
        if self.weights is not None and self.weights.shape != self.negatives.shape:
            raise ConfigError(
                f"instances: weights {self.weights.shape} beside negatives {self.negatives.shape}: same shape needed"
            )
