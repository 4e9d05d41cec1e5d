"""The typer application and the options that several commands share."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

app = typer.Typer(
    name="ance",
    help="Train small dense retrievers with different negative samplers and see what each learns from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(stderr=True)
"""Progress and talk go to standard error, so that standard output can be piped."""

out = Console() if sys.stdout.isatty() else Console(width=1000)  # a pipe has no edge to wrap at

RunsFolder = Annotated[Path, typer.Option("--runs", envvar="ANCE_RUNS", help="folder that holds the runs")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]


_TURNING = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What JSON may hold as it is and a terminal would obey: the second set of control characters, marks of direction."""


def print_json(value: Any) -> None:
    """One JSON object on one line of standard output; numbers that are not finite become null."""
    plain = "utf" not in (sys.stdout.encoding or "utf").lower()
    text = json.dumps(_finite(value), ensure_ascii=plain)
    sys.stdout.write(_TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
