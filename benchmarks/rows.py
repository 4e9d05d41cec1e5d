"""What a benchmark reports: rows of figures, each with its spread and, where there is one, its target."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .stats import Pairs, Spread


@dataclass(frozen=True)
class Row:
    """One figure. value: in `unit` ("x": a ratio theirs / ours). target: at least or at most so much.

    ours, theirs: what the ratio was made of, in `per` ("ms a step"); None where nothing is compared.
    processor: the same value in processor time; of one thread only, for threads that wait spend it too.
    """

    what: str
    value: Spread
    unit: str
    target: float | None = None
    at_least: bool = True
    ours: Spread | None = None
    theirs: Spread | None = None
    per: str = ""
    processor: Spread | None = None

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the target; None without one."""
        if self.target is None:
            return None
        return self.value.median >= self.target if self.at_least else self.value.median <= self.target

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `of` reads them back."""
        return asdict(self) | {"met": self.met}

    @classmethod
    def of(cls, values: dict[str, Any]) -> Row:
        """A row from what `as_dict` gave."""
        spreads = {
            k: Spread(**v)
            for k in ("value", "ours", "theirs", "processor")
            if (v := values.get(k)) is not None
        }
        return cls(**{k: v for k, v in values.items() if k != "met"} | spreads)


def compared(what: str, pairs: Pairs, per: str, target: float | None = None, threads: int = 1) -> Row:
    """A row from a duel. per: "ms a step" shows times; "documents/s" and the like show rates."""
    shown = (lambda s: s * 1e3) if per.startswith("ms") else (lambda s: s if per.startswith("s ") else 1 / s)
    ours, theirs = Spread.of(shown(pairs.ours)), Spread.of(shown(pairs.theirs))
    processor = pairs.processor_ratio() if threads == 1 else None
    return Row(what, pairs.ratio(), "x", target, ours=ours, theirs=theirs, per=per, processor=processor)
