"""Which number format the towers compute in."""

from __future__ import annotations

import torch

from ..config import EncoderConfig


def resolve_precision(config: EncoderConfig) -> torch.dtype | None:
    """The dtype for `torch.autocast`, or None for plain float32.

    `auto` means bfloat16 for transformers on a device that computes in it natively; `static` spends its time
    in memory-bound gathers that autocast would only add casts to, so it stays in float32.
    """
    if config.precision == "bf16":
        return torch.bfloat16
    if config.precision == "fp32" or config.kind == "static":
        return None
    return torch.bfloat16 if has_native_bf16() else None


def has_native_bf16() -> bool:
    """Whether the device training will use has bfloat16 instructions (CPU: AVX512-BF16 or AMX)."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # private, hence asked for by name
    return any(getattr(torch.cpu, check, bool)() for check in checks)
