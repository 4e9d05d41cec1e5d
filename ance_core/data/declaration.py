"""What a collection says of itself, once read: see `declared`, which reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Declared:
    """What a collection says of itself; the empty one says nothing."""

    title: str = ""
    about: str = ""  # one line
    labels_per_query: int | Literal["all"] | None = None  # None: nothing said
    settings: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # by kind of encoder

    def defaults(self, encoder: str) -> dict[str, Any]:
        """Its settings for trainings with that kind of encoder, as a layer of run settings."""
        labels = {} if self.labels_per_query is None else {"labels_per_query": self.labels_per_query}
        return labels | dict(self.settings.get(encoder, {}))


NOTHING = Declared()
