"""Settings of the optimizer: which one it is, its rate, decay, and clipping."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .fields import Rate, RateOrNone, Settings


class OptimizerConfig(Settings):
    """AdamW or SGD, with a linear warm-up and a linear decay to zero. The shared start always takes AdamW."""

    kind: Literal["adamw", "sgd"] = Field(
        "adamw",
        description="what turns gradients into updates; under 'sgd' an update is as long as the gradient is, times the rate",
    )
    learning_rate: Rate = Field(6e-4, description="peak learning rate; if absent by the encoder and the kind")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="'sgd': share of the update before that is added, a heavy ball's; 0: none"
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        0.01,
        description="'adamw': decoupled, takes rate * decay * weight off; 'sgd': coupled, added to the gradient after "
        "clipping as decay * weight, and 0 if absent",
    )
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.1, description="share of the steps with rising rate"
    )
    max_grad_norm: RateOrNone = Field(
        1.0, description="gradients are clipped to this norm, none: never; the log has it before clipping"
    )

    @model_validator(mode="before")
    @classmethod
    def _decay_of_kind(cls, values: Any) -> Any:
        """SGD without a named decay has none: AdamW's .01 is of another kind."""
        if isinstance(values, dict) and values.get("kind") == "sgd":
            return {"weight_decay": 0.0, **values}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> OptimizerConfig:
        if self.momentum and self.kind != "sgd":
            raise ValueError(
                f"momentum: {self.momentum:g} goes with kind 'sgd', not '{self.kind}', which has moments of its own; leave "
                "it out, or set optimizer.kind to 'sgd'"
            )
        return self
