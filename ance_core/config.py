"""The settings of a run, validated before any work is done.

One model a concern, plain names, the unit in the description. Unknown keys are refused with the nearest
valid name; a resolved copy of everything below goes into the run's `run.json`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from .errors import ConfigError
from .fields import MOST, Count, LabelsPerQuery, Place, Positive, Prefix, Rate, Settings, Size
from .layers import merge, read_settings, spelled_out
from .methods import FilterConfig, MethodConfig, NegativesConfig, ObjectiveConfig, SharesConfig
from .optimizer import OptimizerConfig
from .reading import Data, DataConfig, ReadingConfig
from .wording import worded

__all__ = [
    "DataConfig",
    "EncoderConfig",
    "FilterConfig",
    "MethodConfig",
    "NegativesConfig",
    "ObjectiveConfig",
    "OptimizerConfig",
    "ReadingConfig",
    "RunConfig",
    "SharesConfig",
    "merge",
    "parse",
    "read_settings",
    "spelled_out",
]


class EncoderConfig(Settings):
    """The dual encoder: what turns a text into a vector, and how two vectors become a score."""

    kind: Literal["static", "mini", "hf"] = Field("static", description="family of the encoder")
    model: Place | None = Field(
        None,
        description="'hf': folder or hub id of a pretrained model; 'static': folder of a pretrained token table "
        "(model2vec, StaticEmbedding), or wordllama",
    )
    width: Size = Field(128, description="size of the token embeddings and hidden states")
    dim: Size = Field(128, description="size of the text embedding")
    layers: Positive = Field(2, description="transformer layers of 'mini'")
    heads: Positive = Field(2, description="attention heads of 'mini'")
    vocab_size: Annotated[int, Field(ge=200, le=1_000_000)] = Field(
        8000, description="WordPiece entries trained on the corpus"
    )
    vocabulary: Literal["training", "documents"] = Field(
        "training",
        description="texts that WordPiece entries are learnt from: documents and training queries, or documents alone",
    )
    pooling: Literal["mean", "cls", "last", "max", "weighted"] = Field(
        "mean", description="how 'mini' and 'hf' pool token states; weighted: mean by position"
    )
    head: Literal["ance", "folder"] = Field(
        "ance", description="after pooling: projection and LayerNorm, or what a folder brings"
    )
    query_prefix: Prefix = Field("", description="put before every query")
    document_prefix: Prefix = Field("", description="put before every document")
    towers: Literal["shared", "untied"] = Field("shared", description="one set of weights, or one a side")
    similarity: Literal["dot", "cosine"] = Field("dot", description="score before the temperature")
    temperature: Rate | None = Field(
        None, description="scores are divided by it; default sqrt(dim) for dot, .05 for cosine"
    )
    init: Literal["corpus", "random"] = Field(
        "corpus",
        description="token embeddings: idf-weighted SVD of the corpus, or the pretrained table where `model` names one; "
        "or noise",
    )
    token_weights: Literal["folder", "corpus"] = Field(
        "folder",
        description="first token weights of a pretrained table: those it comes with, or idf in the corpus",
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="off by default: repeated texts then encode alike"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 for transformers where the processor has it"
    )
    max_query_tokens: Positive = Field(32, description="longer queries are cut")
    max_document_tokens: Positive = Field(128, description="longer documents are cut")
    max_passages: Annotated[int, Field(ge=1, le=4)] = Field(
        1,
        description="1, FirstP: a document is its first max_document_tokens; more, MaxP: it is cut into up to so many "
        "passages of that length, and its best one is its score",
    )

    @model_validator(mode="after")
    def _consistent(self) -> EncoderConfig:
        if self.kind == "hf" and not self.model:
            raise ValueError("model: 'hf' needs a folder or hub id; write --encoder hf:FOLDER")
        if self.kind == "mini" and self.model:
            raise ValueError(
                f"model: {self.model!r} goes with kind 'hf' or 'static', not 'mini'; write --encoder hf:{self.model}"
            )
        if self.token_weights != "folder" and not (self.kind == "static" and self.model):
            raise ValueError(
                f"token_weights: {self.token_weights!r} goes with a pretrained table; write --encoder static:FOLDER, or "
                "leave it out"
            )
        if self.head == "folder" and self.kind != "hf":
            raise ValueError(f"head: 'folder' goes with 'hf', not '{self.kind}'; write --encoder hf:FOLDER")
        if self.document_prefix and self.max_passages > 1:
            shown = repr(self.document_prefix[:40])
            raise ValueError(
                f"document_prefix: {shown} would stand in the first passage alone; set max_passages to 1"
            )
        if self.kind == "mini" and self.width % self.heads:
            raise ValueError(f"heads: {self.heads} does not divide width {self.width}; choose a divisor")
        return self

    @property
    def scale(self) -> float:
        """What scores are multiplied by: 1 / temperature, defaults resolved."""
        default = 0.05 if self.similarity == "cosine" else self.dim**0.5
        return 1.0 / (self.temperature or default)


ASYNC_ONLY = ("timeout", "restarts", "when_dead", "max_staleness")


class RefreshConfig(Settings):
    """When pools mined with the model itself are rebuilt from its current weights."""

    mode: Literal["none", "sync", "lag", "async", "replay"] = Field(
        "none",
        description="never; at once; in use `lag` steps later; by a second process, in use when it has them; "
        "or as `schedule` says",
    )
    every: Positive = Field(100, description="steps between refreshes")
    lag: Count = Field(
        0, description="steps between taking the weights and using their negatives (mode 'lag')"
    )
    chunks: Positive = Field(
        1, description="each refresh renews one of so many parts of the queries, in turn"
    )
    timeout: Rate = Field(
        600.0, description="mode 'async': seconds without an answer after which the inferencer counts as dead"
    )
    restarts: Count = Field(
        1, description="mode 'async': how often a dead inferencer is started again in a run"
    )
    when_dead: Literal["continue", "stop"] = Field(
        "continue",
        description="mode 'async', after the last restart: train on with the old negatives, or stop",
    )
    max_staleness: Count = Field(
        0,
        description="mode 'async': training waits rather than use negatives of weights so many steps old; 0: never",
    )
    schedule: tuple[tuple[Count, Count], ...] = Field(
        (),
        description="mode 'replay': pairs of the step of the weights and the step from which their negatives are used",
    )

    @model_validator(mode="after")
    def _consistent(self) -> RefreshConfig:
        if bool(self.schedule) != (self.mode == "replay"):
            raise ValueError("schedule: goes with mode 'replay', and mode 'replay' with a schedule")
        if any(active < index for index, active in self.schedule) or list(self.schedule) != sorted(
            set(self.schedule)
        ):
            raise ValueError("schedule: pairs [index step, active step] must ascend, active not before index")
        if self.lag and self.mode != "lag":
            raise ValueError(f"lag: {self.lag} needs mode 'lag', not '{self.mode}'")
        for name in ASYNC_ONLY if self.mode != "async" else ():
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name}: {getattr(self, name)!r} needs mode 'async', not '{self.mode}'")
        if 0 < self.max_staleness <= self.every:
            raise ValueError(
                f"max_staleness: {self.max_staleness} is not above every ({self.every}), so each refresh would be waited "
                "for: raise it, or use mode 'sync'"
            )
        if self.mode == "lag" and not 1 <= self.lag <= self.every:
            raise ValueError(
                f"lag: {self.lag} must lie in 1..every ({self.every}): one refresh at a time is under way"
            )
        return self


class WarmupConfig(Settings):
    """The stage before the comparison: trained once per (dataset, encoder, seed), cached, shared by all runs."""

    recipe: Literal["none", "bm25", "in-batch"] = Field(
        "bm25", description="method of the warm-up; 'none' skips it"
    )
    steps: Positive = Field(100, description="optimizer steps; if absent by the size of the corpus")
    batch_size: Annotated[int, Field(ge=2)] = Field(
        32, description="queries in a batch, whatever the run's own"
    )
    learning_rate: Rate = Field(
        6e-4, description="peak learning rate of the warm-up; if absent by the encoder"
    )


class RecordConfig(Settings):
    """What a run writes down, and how often. Nothing here changes the training."""

    eval_every: Positive = Field(50, description="steps between evaluations on the samples of eval_splits")
    eval_queries: Positive = Field(300, description="queries of a split in its fixed sample")
    eval_splits: tuple[str, ...] = Field(
        ("dev",), min_length=1, description="splits that are evaluated while training; the curves of a run"
    )
    negatives: bool = Field(True, description="one record for each drawn negative")
    negatives_per_query: Positive = Field(
        8, description="most negatives recorded a query and step (in-batch has many)"
    )
    snapshot_every: Count = Field(100, description="steps between embedding snapshots; 0: none")
    snapshot_texts: Positive = Field(2000, description="documents, and queries, in a snapshot")
    probe_every: Count = Field(0, description="steps between probes of exact gradient norms; 0: none")
    probe_queries: Annotated[int, Field(ge=2)] = Field(64, description="training queries in such a probe")
    checkpoint_every: Count = Field(200, description="steps between checkpoints; 0: only at the end")

    @model_validator(mode="after")
    def _consistent(self) -> RecordConfig:
        for name in self.eval_splits:
            if name == "train" or name.startswith("test"):
                why = (
                    "are trained on"
                    if name == "train"
                    else "are asked at the end, so that nobody chooses by their curve"
                )
                raise ValueError(
                    f"eval_splits: '{name}' given, whose queries {why}; name dev, or another split, and see '{name}' with "
                    "`ance eval`"
                )
        if len(set(self.eval_splits)) < len(self.eval_splits):
            raise ValueError(f"eval_splits: {list(self.eval_splits)} names a split twice; name each once")
        return self


class RunConfig(Settings):
    """Everything that determines a run. Same config, same machine: same numbers."""

    data: Data = DataConfig()
    labels_per_query: LabelsPerQuery = Field(
        None, description="judged positives a training query keeps; rest hidden; all: it keeps every one"
    )
    recipe: str = Field("ance", description="method; see `ance recipes`")
    preset: str | None = Field(
        None, description="named settings of the method, such as `paper` or `authors_code`"
    )
    start: str | None = Field(
        None, description="RUN or RUN@STEP: weights to start from instead of the warm-up's"
    )
    fork: str | None = Field(
        None, description="RUN@STEP: go on from its weights, optimizer state and place in the data"
    )
    encoder: EncoderConfig = EncoderConfig()
    negatives: NegativesConfig = NegativesConfig()
    refresh: RefreshConfig = RefreshConfig()
    method: MethodConfig = MethodConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    warmup: WarmupConfig = WarmupConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    record: RecordConfig = RecordConfig()
    steps: Positive = Field(600, description="optimizer steps after the warm-up")
    batch_size: Annotated[int, Field(ge=2, le=MOST)] = Field(32, description="queries in a batch")
    seed: Count = Field(0, description="of initial weights, data order and draws")
    name: str | None = Field(
        None, min_length=1, description="folder of the run; made from recipe, data and seed if absent"
    )
    threads: Count = Field(0, description="processor threads; 0: one for static, every core for transformers")
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def origins(self) -> dict[str, str]:
        """Where settings that follow the corpus came from, in words by dotted name; empty where nobody has asked yet."""
        return dict(self._origins)

    def with_origins(self, origins: dict[str, str]) -> RunConfig:
        """The same config with these words."""
        copy = self.model_copy()
        copy._origins = dict(origins)
        return copy


MOST_TOLD = 5  # problems of one group of settings


def parse(model: type[Settings], values: dict[str, Any], where: str = "") -> Any:
    """`model(**values)` with every error on one line: field, value, remedy. where: what to name before it."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors()
        problems = "; ".join(worded(model, problem) for problem in found[:MOST_TOLD])
        if len(found) > MOST_TOLD:
            problems += f"; and {len(found) - MOST_TOLD} more"
        raise ConfigError(f"{where}: {problems}" if where else problems) from None
