"""Further questions for an entry: what the "See Also" sections of other entries say of it, in their words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .docstring import MAX_SUMMARY_WORDS, MIN_SUMMARY_WORDS, words
from .entries import Entry, Gathered, plain
from .library import resolve

NEW_WORDS = 1 / 3  # of a further question, compared with each other question of its entry

# A line that can only be understood beside the entry it stands in is no question.
_RELATIVE = re.compile(
    r"^(like|but|see|also|another|other)\b|\b(this|these|above|below|same|similar|similarly|equivalent|identical"
    r"|analogous|alternative|alias|counterpart|opposite|instead|related|corresponding)\b",
    re.IGNORECASE,
)
_EMPTY = frozenset(
    {
        "the",
        "an",
        "of",
        "and",
        "or",
        "in",
        "on",
        "to",
        "for",
        "with",
        "from",
        "by",
        "as",
        "at",
        "is",
        "are",
        "be",
    }
    | {
        "it",
        "its",
        "into",
        "return",
        "returns",
        "compute",
        "computes",
        "calculate",
        "calculates",
        "given",
        "get",
    }
)
_ENDING = re.compile(r"(?<=\w{3})(m?ing|ed|es|s|e|er|or|ion|ive|al|ly)$")


class Query(NamedTuple):
    """A further question: the entry it asks for, the entry that mentions it, and the words of the mention."""

    target: str
    source: str
    text: str


def further_queries(gathered: Gathered, entries: list[Entry]) -> list[Query]:
    """All further questions, sorted by target and source.

    Left out is what names no entry or leaves open which, says nothing without the entry it stands in, asks for
    several entries or repeats another's summary, stands in the passage itself, or has hardly a word
    (`NEW_WORDS`) that the entry's summary, or a question kept before, does not have.
    """
    by_name = {entry.name: entry for entry in entries}
    meant = _by_text(_resolved(gathered, by_name))
    taken = {plain(entry.summary) for entry in entries}
    kept: dict[str, list[Query]] = defaultdict(list)
    for text in sorted(meant):
        queries = meant[text]
        entry = by_name[queries[0].target]
        if len({query.target for query in queries}) > 1 or text in taken or text in plain(entry.body):
            continue
        query = min(queries)
        if any(query.source == other.source for other in kept[entry.name]):
            continue  # one docstring that names it twice, as DataFrame.x and as Series.x
        if all(_differ(query.text, other) for other in (entry.summary, *(q.text for q in kept[entry.name]))):
            kept[entry.name].append(query)
    return sorted(query for queries in kept.values() for query in queries)


def _resolved(gathered: Gathered, by_name: dict[str, Entry]) -> Iterator[Query]:
    ends: dict[str, list[str]] = defaultdict(list)
    for name in by_name:
        ends[name.rpartition(".")[2]].append(name)
    for source, parsed in sorted(gathered.parsed.items()):
        top = source.partition(".")[0]
        for mention in parsed.mentions:
            if not _is_question(mention.text):
                continue
            known = [n for n in ends[mention.name.rpartition(".")[2]] if n.partition(".")[0] == top]
            target = resolve(gathered.library, source, mention.name, known)
            if target in by_name and target != source:
                yield Query(target, source, mention.text)


def _is_question(text: str) -> bool:
    return MIN_SUMMARY_WORDS <= len(text.split()) <= MAX_SUMMARY_WORDS and not _RELATIVE.search(text)


def _by_text(queries: Iterable[Query]) -> dict[str, list[Query]]:
    found: dict[str, list[Query]] = defaultdict(list)
    for query in queries:
        found[plain(query.text)].append(query)
    return found


def _differ(text: str, other: str) -> bool:
    """Whether enough of the words of `text` are not in `other`; endings, and words that say nothing, do not count.

    >>> _differ("Sum of array elements.", "Summing each element of an array."), _differ("Add up.", "The sum.")
    (False, True)
    """
    own = _stems(text)
    return len(own - _stems(other)) >= NEW_WORDS * max(1, len(own))


def _stems(text: str) -> set[str]:
    return {_ENDING.sub("", word) for word in words(text.lower()) if word not in _EMPTY}
