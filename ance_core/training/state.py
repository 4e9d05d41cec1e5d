"""What a checkpoint holds besides tensors, read without a deep-learning library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import StoreError

STATE = "state.json"


def read_state(folder: Path) -> dict[str, Any]:
    """What a checkpoint holds besides tensors. StoreError if it is damaged."""
    try:
        state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(folder / STATE, error) from None
    return state


def damaged(path: Path, error: Exception) -> StoreError:
    """The error for a file of a checkpoint that cannot be read, with the remedy."""
    reason = " ".join(str(error).split())
    return StoreError(
        f"{path}: damaged ({reason}): delete the folder {path.parent.name}, and the checkpoint before it is used"
    )
