"""The head of a sentence-transformers folder: its Dense, LayerNorm and Normalize modules, trained on as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from ..data.model_parts import ACTIVATIONS, Module
from ..errors import ConfigError


class Dense(nn.Module):
    """activation(linear(x)), (B, in) -> (B, out)."""

    def __init__(self, linear: nn.Linear, activation: nn.Module) -> None:
        super().__init__()
        self.linear, self.activation = linear, activation

    def forward(self, x: Tensor) -> Tensor:
        """(B, in) -> (B, out)."""
        out: Tensor = self.activation(self.linear(x))
        return out


class Norm(nn.Module):
    """LayerNorm under the name that sentence-transformers stores its weights by."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, dim) -> (B, dim)."""
        out: Tensor = self.norm(x)
        return out


class Normalize(nn.Module):
    """Vectors scaled to unit length."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, dim) -> (B, dim)."""
        return F.normalize(x, dim=-1)


class FolderHead(nn.Module):
    """The folder's modules after pooling, in their order; none at all leaves the pooled vector as it is."""

    def __init__(self, steps: Sequence[nn.Module]) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width) -> (B, dim), in float32 whatever the precision below."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            for step in self.steps:
                x = step(x)
            return x


def folder_head(modules: Sequence[Module], cosine: bool, model: str, *, weights: bool = True) -> FolderHead:
    """The head of these modules with their weights, or with fresh ones that others are about to replace.

    cosine: the encoder scales vectors to unit length itself, so that a last Normalize would do it twice. Raises
    ConfigError for weights that are missing or do not fit.
    """
    kept = list(modules)
    if cosine and kept and kept[-1].kind == "Normalize":
        kept.pop()
    steps = []
    for module in kept:
        try:
            step = _step(module)
            if weights and module.kind != "Normalize":
                step.load_state_dict(_read(module.folder))
        except Exception as error:  # KeyError, RuntimeError, OSError, and what safetensors and torch raise
            reason = " ".join(str(error).split())[:160]
            raise ConfigError(
                f"encoder.model: {model}: {module.folder.name} cannot be used ({reason}): copy the model again, or set "
                "encoder.head to 'ance'"
            ) from None
        steps.append(step)
    return FolderHead(steps)


def _step(module: Module) -> nn.Module:
    settings = module.settings
    if module.kind == "Normalize":
        return Normalize()
    if module.kind == "LayerNorm":
        return Norm(settings["dimension"])
    linear = nn.Linear(settings["in_features"], settings["out_features"], bias=settings.get("bias", True))
    return Dense(linear, _activation(settings["activation_function"]))


def _activation(path: str) -> nn.Module:
    kind: Any = nn.modules
    for name in path.removeprefix(ACTIVATIONS).split("."):
        kind = getattr(kind, name)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise TypeError(f"{path} is no module")
    return kind()


def _read(folder: Path) -> dict[str, Tensor]:
    path = folder / "model.safetensors"
    if path.is_file():
        return load_file(path)
    found: dict[str, Tensor] = torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
    return found
