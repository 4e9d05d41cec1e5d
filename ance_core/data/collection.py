"""What a format reader hands over: texts by id and judgements by split, as the files have them, unchecked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Judgement(NamedTuple):
    """One line of a qrels file: query id, document id, grade (>= 1 is relevant), and where it stands."""

    query: str
    doc: str
    grade: int
    line: int


CLICKS, WRONG = "clicks.tsv", "wrong_labels.tsv"  # marks on training labels, in the form of a judgement file


@dataclass
class Collection:
    """A collection as read. `judgements` has one list for each split, `files` the file each came from.

    A single judgement file that is none of train, dev and test stands under the key "all".
    """

    path: Path
    format: str
    docs: dict[str, str] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    judgements: dict[str, list[Judgement]] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    clicks: list[Judgement] = field(default_factory=list)  # training labels that masking keeps first
    wrong: list[Judgement] = field(default_factory=list)  # training labels known to be wrong
    given: list[Judgement] = field(default_factory=list)  # negatives that the files bring along, best first
    docs_file: Path | None = None
    queries_file: Path | None = None

    @property
    def corpus_name(self) -> str:
        """The corpus in an error message."""
        return str(self.docs_file or self.path)


def join_title(title: str, text: str) -> str:
    """Title and text as one passage, `title. text`; a title that already ends a sentence gets no full stop.

    >>> join_title("The lamp", "It turns.")
    'The lamp. It turns.'
    """
    title, text = title.strip(), text.strip()
    if not title or not text:
        return title or text
    return f"{title} {text}" if title[-1] in ".!?:;" else f"{title}. {text}"
