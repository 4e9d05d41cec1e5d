"""What goes into every layer and what comes back to its output, without any weight's gradient being made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import ConfigError
from .rules import RULES, Call, Rule


class Capture:
    """Inputs and output gradients of the layers of a model, by module. `rows`: texts in the call at hand."""

    def __init__(self, model: nn.Module) -> None:
        self.layers = layers_of(model)
        self.calls: dict[nn.Module, list[Call]] = {module: [] for module in self.layers}
        self.rows = 0

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Hooks in place; parameters need no gradient meanwhile, so the backward pass stops at activations."""
        needed = [p for p in model.parameters() if p.requires_grad]
        handles = [m.register_forward_hook(self._after) for m in self.layers]
        handles += [
            m.register_forward_pre_hook(self._before) for m in self.layers if isinstance(m, nn.Embedding)
        ]
        try:
            for parameter in needed:
                parameter.requires_grad_(False)
            yield
        finally:
            for handle in handles:
                handle.remove()
            for parameter in needed:
                parameter.requires_grad_(True)

    def squares(self, m: int) -> dict[nn.Module, dict[str, Tensor]]:
        """(m,) squared norms by layer and parameter name; a layer that was not used is left out."""
        return {
            module: self.layers[module][1](module, calls, m) for module, calls in self.calls.items() if calls
        }

    def _before(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Positions and the like are looked up once for all texts; looked up for each, their gradients stay apart."""
        if args[0].dim() > 1 and args[0].shape[0] == 1 < self.rows:
            return (args[0].expand(self.rows, *args[0].shape[1:]), *args[1:])
        return None

    def _after(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
        name = self.layers[module][0]
        if not isinstance(output, Tensor) or len(output) != self.rows:
            raise ConfigError(
                f"probe: layer '{name}' ({type(module).__name__}) does not give one row a text, so instances cannot be "
                "told apart in it; measure with --slow"
            )
        if not output.requires_grad:
            output = output.detach().requires_grad_(True)
        call = Call(tuple(a.detach() for a in args if isinstance(a, Tensor)), output.detach())
        self.calls[module].append(call)

        def keep(gradient: Tensor) -> None:
            call.gradient = gradient

        output.register_hook(keep)
        call.gradient = torch.zeros((), device=output.device).expand(
            output.shape
        )  # until something comes back
        return output


def layers_of(model: nn.Module) -> dict[nn.Module, tuple[str, Rule]]:
    """Modules with trainable parameters of their own, with name and rule. ConfigError for a type without one."""
    found: dict[nn.Module, tuple[str, Rule]] = {}
    for name, module in model.named_modules():
        own = [p for p in module.parameters(recurse=False) if p.requires_grad]
        if not own:
            continue
        rule = RULES.get(type(module))
        if rule is None:
            raise ConfigError(
                f"probe: no rule for layer '{name}' of type {type(module).__name__}; known are "
                f"{', '.join(sorted(kind.__name__ for kind in RULES))}: measure with --slow, a backward pass an instance"
            )
        found[module] = (name, rule)
    return found
