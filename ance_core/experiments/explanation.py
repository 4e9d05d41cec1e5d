"""What `explain` finds, as values: to be shown, written into a file and read again without a deep-learning library."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 1e-6
"""Relative difference of the batch's loss up to which a repeated step counts as the same."""


@dataclass(frozen=True)
class Stage:
    """name: in words. setting: what decides it, as in the config, with its value. left: candidates after it."""

    name: str
    setting: str
    left: int
    removed: int


@dataclass(frozen=True)
class Funnel:
    """stages: in order. most: the stage between the ranking and the draw that removed most, None where none removed any.

    source: `pool own`, `pool bm25`, `batch`, `corpus` or `ranking` of the step. note: what could not be counted.
    """

    source: str
    stages: tuple[Stage, ...]
    most: Stage | None
    note: str = ""

    def sentence(self) -> str:
        """Which setting removed most."""
        if self.most is None:
            return "Nothing between the ranking and the draw removed any."
        return f"Most were removed by {self.most.setting or self.most.name}: {self.most.removed:,}."


@dataclass(frozen=True)
class Agreement:
    """How a repeated step agrees with what was written down.

    loss: of the batch now. logged: then, None if not logged. relative: their relative difference. records: of this query
    at this step; equal: how many of them came out equal to the bit; score_gap: the largest difference of a score.
    differing: what is otherwise than in `run.json`.
    """

    loss: float
    logged: float | None
    relative: float | None
    records: int
    equal: int
    score_gap: float
    differing: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether all that was written down came out again."""
        return self.equal == self.records and (self.relative is None or self.relative <= CLOSE)

    def sentence(self) -> str:
        """The same in words."""
        said = []
        if self.relative is not None:
            said.append(
                f"the batch's loss is {self.loss:.6g}, logged {self.logged:.6g} (relative difference {self.relative:.1g})"
            )
        if self.records:
            said.append(f"{self.equal} of {self.records} records equal to the bit")
            if self.equal < self.records:
                said.append(f"scores differ by up to {self.score_gap:.2g}")
        if not said:
            said.append("nothing was written down that it could be compared with")
        if self.differing:
            said.append(f"other than then: {', '.join(self.differing)}")
        return "; ".join(said)


@dataclass(frozen=True, eq=False)
class Explanation:
    """A query's part in one step. query: row of the dataset. step: from 1. uses: all steps at which it was in the batch.

    terms: see `terms_of`, with ids beside the rows. checkpoint: what the step was repeated from.
    """

    run: str
    query: int
    query_id: str
    query_text: str
    step: int
    uses: tuple[int, ...]
    checkpoint: int
    terms: pd.DataFrame
    funnels: tuple[Funnel, ...]
    agreement: Agreement

    def facts(self) -> dict[str, Any]:
        """The same as values for JSON."""
        return {
            "run": self.run,
            "query": self.query_id,
            "row": self.query,
            "text": self.query_text,
            "step": self.step,
            "uses": list(self.uses),
            "checkpoint": self.checkpoint,
            "terms": self.terms.to_dict("records"),
            "funnels": [asdict(funnel) for funnel in self.funnels],
            "agreement": asdict(self.agreement) | {"same": self.agreement.same},
        }

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Explanation:
        """What `facts` were made of, from JSON with null for nan. KeyError, TypeError or ValueError for other values."""
        import pandas as pd

        told = {key: value for key, value in facts["agreement"].items() if key != "same"}
        gap = told["score_gap"]
        told |= {"score_gap": float("nan") if gap is None else gap, "differing": tuple(told["differing"])}
        terms = pd.DataFrame(facts["terms"])
        for name in NUMBERS:  # a column of nothing but None is no column of numbers yet
            terms[name] = terms[name].astype(float)
        return cls(
            run=facts["run"],
            query=int(facts["row"]),
            query_id=facts["query"],
            query_text=facts["text"],
            step=int(facts["step"]),
            uses=tuple(facts["uses"]),
            checkpoint=int(facts["checkpoint"]),
            terms=terms,
            funnels=tuple(_funnel(funnel) for funnel in facts["funnels"]),
            agreement=Agreement(**told),
        )


NUMBERS = (
    "score_drawn", "positive_score_drawn", "probability", "score", "positive_score", "weight", "loss", "grad_norm",
)  # fmt: skip
"""The columns of `terms` that are not whole numbers, names or flags."""


def _funnel(facts: dict[str, Any]) -> Funnel:
    most = facts["most"]
    stages = tuple(Stage(**stage) for stage in facts["stages"])
    return Funnel(facts["source"], stages, None if most is None else Stage(**most), facts["note"])
