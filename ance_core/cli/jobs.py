"""What the processes that the dashboard starts have in common: a line of JSON on standard output says how far one is."""

from __future__ import annotations

import json


def tell(done: int, of: int, doing: str) -> None:
    """Say that `done` of `of` parts are done, and what is being done."""
    print(json.dumps({"done": done, "of": of, "doing": doing}), flush=True)
