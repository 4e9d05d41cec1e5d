"""Settings of where negatives come from, which candidates are kept, and what belongs to one method or another."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .fields import Count, Finite, Positive, Rate, Settings, Share


class FilterConfig(Settings):
    """Candidates of a mined pool that are kept; all conditions that are set must hold. See `samplers.filters`."""

    rank_from: Positive = Field(1, description="best rank kept; 1 is the best candidate")
    rank_to: Positive | None = Field(None, description="last rank kept; default: all of the pool")
    max_score: Finite | None = Field(None, description="highest score kept, in score units")
    absolute_margin: Finite | None = Field(
        None, description="kept: score at most the positive's score less this, in score units"
    )
    relative_margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="kept: score at most s+ - m |s+|"
    )
    percentage_of_positive: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="kept: score at most s+ - (1 - p) |s+|, which is p s+ for a positive s+"
    )

    @model_validator(mode="after")
    def _consistent(self) -> FilterConfig:
        if self.rank_to is not None and self.rank_from > self.rank_to:
            raise ValueError(f"rank_from: {self.rank_from} lies behind rank_to {self.rank_to}; swap them")
        return self

    def given(self) -> dict[str, float]:
        """The conditions that were set; empty: everything is kept."""
        values = self.model_dump()
        return {k: v for k, v in values.items() if v is not None and (k, v) != ("rank_from", 1)}


class SharesConfig(Settings):
    """Of 'mixture': how often a draw comes from each source. Any sum; those left out get none; all alike if none is set."""

    bm25: Share | None = Field(None, description="draws from BM25's candidates")
    random: Share | None = Field(None, description="draws from the whole corpus")
    ann: Share | None = Field(None, description="draws from the model's own candidates")
    given: Share | None = Field(
        None, description="draws from the negatives that came with the dataset's files"
    )

    def said(self) -> dict[str, float]:
        """The shares that were set."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class NegativesConfig(Settings):
    """Where negatives come from and how many a query gets."""

    per_query: Positive = Field(1, description="negatives drawn for each query at each step")
    in_batch: bool = Field(
        False,
        description="other passages of the batch, positives and negatives, are negatives too; the loss is then the "
        "softmax unless objective.kind says otherwise",
    )
    pool_depth: Positive = Field(
        200,
        description="candidates kept a query, judged positives already out; if absent 5 % of the corpus, 20 to 200",
    )
    random_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="of 'bm25+random': probability that a draw is random"
    )
    shares: SharesConfig = SharesConfig()
    filter: FilterConfig = FilterConfig()

    @model_validator(mode="after")
    def _consistent(self) -> NegativesConfig:
        window = self.filter
        if max(window.rank_from, window.rank_to or 1) > self.pool_depth:
            raise ValueError(
                f"filter: ranks {window.rank_from} to {window.rank_to or self.pool_depth} reach beyond the pool; "
                f"raise negatives.pool_depth (now {self.pool_depth})"
            )
        return self


class ObjectiveConfig(Settings):
    """The loss."""

    kind: Literal["pairwise", "softmax"] | None = Field(
        None,
        description="pairwise: each negative against the positive by itself; softmax: one cross-entropy over all; "
        "if absent the method's own",
    )


class MethodConfig(Settings):
    """Parameters that belong to one method or another; a method refuses those that are not its own.

    None: the method's own default.
    """

    a: Rate | None = Field(
        None, description="SimANS: sharpness, in units of 1 / score^2; suggested from the scores if absent"
    )
    a_rule: Literal["query", "pool"] | None = Field(
        None,
        description="SimANS without a: suggested for each query, so that a third of its candidates is effective, or one "
        "for all from the pool's score gaps",
    )
    b: float | None = Field(
        None, description="SimANS: where the peak lies, in score units from the positive", allow_inf_nan=False
    )
    b_sign: Literal["paper", "code"] | None = Field(
        None, description="SimANS: the peak is b above the positive (paper), or b below it (authors' code)"
    )
    form: Literal["gaussian", "laplace"] | None = Field(
        None,
        description="SimANS: weights exp(-a x^2), or exp(-tau |x|) as in the authors' code for MS MARCO passages",
    )
    tau: Rate | None = Field(None, description="SimANS, form laplace: steepness, in units of 1 / score")
    alpha: Annotated[float, Field(ge=0)] | None = Field(
        None, description="STAR: weight of the random term; ANCE-Tele: mass of the momentum negatives"
    )
    beta: Annotated[float, Field(ge=0)] | None = Field(
        None, description="ANCE-Tele: mass of the lookahead negatives"
    )
    dual_weight: Annotated[float, Field(ge=0)] | None = Field(
        None, description="DANCE: weight of the document-to-query loss"
    )
    align_weight: Annotated[float, Field(ge=0)] | None = Field(
        None, description="DANCE: weight of the alignment regulariser"
    )
    uniform_weight: Annotated[float, Field(ge=0)] | None = Field(
        None, description="DANCE: weight of the uniformity regulariser, of queries and documents together"
    )
    uniformity_t: Rate | None = Field(None, description="DANCE: t of the uniformity regulariser")
    metric_cut: Positive | None = Field(None, description="ADORE: ranks beyond it count as infinitely low")
    last_label_only: bool | None = Field(
        None,
        description="ANCE's code: of a query's judged positives only the last is kept out of its negatives",
    )
    restart: bool | None = Field(None, description="ANCE-Tele: begin each episode from the start's weights")
    top: Positive | None = Field(None, description="uniform-top: best-ranked candidates drawn from")
    switch_at: Count | None = Field(
        None, description="curriculum: step at which the second sampler takes over"
    )

    def given(self) -> dict[str, Any]:
        """The parameters that were set."""
        return {name: value for name, value in self.model_dump().items() if value is not None}
