"""Checkpoints: weights, optimizer state and position, as safetensors and JSON; nothing is pickled.

Random numbers need no saving: every draw is a function of (seed, purpose, step, query).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import StoreError
from ..runs.headers import check_safetensors
from ..runs.reading import brief
from ..runs.wear import CHECKPOINT_REMEDY, STATE, read_state

QUERY, DOCUMENT = "query_tower.", "document_tower."
WEIGHTS, OPTIMIZER = "model.safetensors", "optimizer.safetensors"


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Parameters by name, shared ones once."""
    return {name: p.detach().cpu().contiguous() for name, p in model.named_parameters()}


def write_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Fill an (unfinished) checkpoint folder."""
    # `save` and not `save_file`: a full disk is then an OSError with its number, which the store explains
    (folder / WEIGHTS).write_bytes(save(weights_of(model)))
    moments = {
        f"{key}/{name}": value.detach().cpu().contiguous()
        for name, p in model.named_parameters()
        for key, value in optimizer.state.get(p, {}).items()
    }
    (folder / OPTIMIZER).write_bytes(save(moments))
    (folder / STATE).write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")


def read_weights(folder: Path, model: nn.Module) -> None:
    """Copy a checkpoint's weights into a model of the same shape. StoreError if they do not fit."""
    path, saved = folder / WEIGHTS, tensors_of(folder)
    current = dict(model.named_parameters())
    if not any(name.startswith(DOCUMENT) for name in saved):  # one tower saved: both sides start from it
        saved |= {
            DOCUMENT + n.removeprefix(QUERY): t
            for n, t in saved.items()
            if DOCUMENT + n.removeprefix(QUERY) in current
        }
    if {n: t.shape for n, t in saved.items()} != {n: p.shape for n, p in current.items()}:
        raise StoreError(
            f"{path}: weights of another model: names or shapes differ; use the encoder settings of that run"
        )
    with torch.no_grad():
        for name, parameter in current.items():
            parameter.copy_(saved[name])


def tensors_of(folder: Path) -> dict[str, Tensor]:
    """A checkpoint's weights by name, shared ones once. StoreError if the file is gone or damaged."""
    return _tensors(folder / WEIGHTS)


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        check_safetensors(path)
        return load_file(path)
    except Exception as error:  # safetensors raises its own, OSError or ValueError
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception | str) -> StoreError:
    return StoreError(f"{path}: damaged ({brief(error)}): {CHECKPOINT_REMEDY.format(path.parent.name)}")


def read_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
    """Restore weights and optimizer state; returns the saved `state`. StoreError if any of it is damaged."""
    read_weights(folder, model)
    state = read_state(folder)
    parameters = dict(model.named_parameters())
    for key, value in _tensors(folder / OPTIMIZER).items():
        moment, _, name = key.partition("/")
        if name not in parameters or (value.dim() and value.shape != parameters[name].shape):
            raise _damaged(folder / OPTIMIZER, f"{key} is of no parameter of this model")
        parameter = parameters[name]
        # AdamW keeps its step count on the processor unless fused on a device
        device = parameter.device if value.dim() or parameter.device.type != "cpu" else value.device
        optimizer.state[parameter][moment] = value.to(device)
    if len({frozenset(moments) for moments in optimizer.state.values()}) > 1:
        raise _damaged(folder / OPTIMIZER, "moments of some parameters are gone")
    return state
