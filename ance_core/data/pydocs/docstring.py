"""From one docstring to a query, a passage, and what it says of other entries.

The query is the first sentence. The passage is what follows as one would read it aloud: the rest of the
description, notes and warnings, and of each parameter, result and exception its name and first sentence.
Types, examples, tables, formulas, references and the "See Also" section are not in it. numpydoc, Google and
Sphinx fields are understood; anything else is prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .markup import inline, paragraphs

MIN_SUMMARY_WORDS = 3
MAX_SUMMARY_WORDS = 60  # longer ones are whole descriptions without a full stop
MIN_BODY_WORDS = 8

FIELDS = frozenset(
    {"parameters", "other parameters", "args", "arguments", "keyword args", "keyword arguments", "kwargs"}
    | {
        "params",
        "inputs",
        "attributes",
        "returns",
        "return",
        "yields",
        "raises",
        "outputs",
        "receives",
        "warns",
    }
)
PROSE = frozenset(
    {"notes", "note", "warning", "warnings", "description", "details", "remarks", "explanation"}
)
SEE_ALSO = frozenset({"see also", "seealso"})
LEFT_OUT = frozenset(
    {
        "examples",
        "example",
        "references",
        "reference",
        "methods",
        "usage",
        "shape",
        "shapes",
        "todo",
        "citation",
    }
    | {"literature", "sources", "history"}
)
_KNOWN = FIELDS | PROSE | SEE_ALSO | LEFT_OUT
_UNDERLINE = re.compile(r"[-=~^]{3,}")
_SPHINX = re.compile(
    r"^:(param|parameter|arg|argument|key|keyword|var|ivar|cvar|type|rtype|vartype|meta|returns?|yields?|raises?"
    r"|except|exception)(?: [^:]*?(\*{0,2}[\w.]+))?:\s*(.*)$"
)
_SIGNATURE = re.compile(r"^[\w.]+\([^)]*\)?.*$|^.*->.*$")
_SENTENCE_END = re.compile(r"(?<=[^.\s][.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!vs\.)\s+(?=[^a-z\s])")
_HEADING = re.compile(r"^[^\w\s]+\s+|^[\w.]+(?:\(\))?\s*(?:--?|:)\s+")
_TEMPLATE = re.compile(r"%\(\w+\)s|\{\{|\$\{")
_NAMES = re.compile(r"^(?:\s*(?::\w+(?::\w+)?:)?`{0,2}~?[\w.]+(?:\(\))?`{0,2}\s*,?)+$")


class Mention(NamedTuple):
    """A "See Also" line: the name as written, and what is said of it."""

    name: str
    text: str


class Parsed(NamedTuple):
    """A docstring taken apart; `mentions` may be there where summary and body are too short to be an entry."""

    summary: str
    body: str
    mentions: list[Mention]

    @property
    def is_entry(self) -> bool:
        """Whether it makes a pair: a question worth asking and an answer worth finding."""
        asked = len(self.summary.split())
        return MIN_SUMMARY_WORDS <= asked <= MAX_SUMMARY_WORDS and len(words(self.body)) >= MIN_BODY_WORDS


def parse(doc: str) -> Parsed:
    """The parts of a docstring. What a template was to fill in gives nothing."""
    if _TEMPLATE.search(doc):
        return Parsed("", "", [])
    opening, *others = _sections(doc.expandtabs().splitlines())
    first, *rest = [*paragraphs(_without_signature(opening[1])), ""]
    summary, *remainder = _SENTENCE_END.split(first, maxsplit=1)
    parts, mentions = [*remainder, *rest], []
    for heading, lines in others:
        if heading in SEE_ALSO:
            mentions += _mentions(lines)
        elif heading in FIELDS:
            parts += _fields(lines)
        elif heading not in LEFT_OUT:
            parts += paragraphs(lines)
    summary = _HEADING.sub("", summary)
    return Parsed(summary, "\n".join(part for part in parts if part), mentions)


def words(text: str) -> list[str]:
    """Words of two letters or more.

    >>> words("x = the 3 norms")
    ['the', 'norms']
    """
    return re.findall(r"[^\W\d_]{2,}", text)


def _sections(lines: list[str]) -> list[tuple[str, list[str]]]:
    """(heading in lower case, lines) in order, the description first under ""."""
    found: list[tuple[str, list[str]]] = [("", [])]
    at = 0
    while at < len(lines):
        text = lines[at].strip()
        below = lines[at + 1].strip() if at + 1 < len(lines) else ""
        name = text.rstrip(":").lower()
        if text and _UNDERLINE.fullmatch(below) and len(text) < 40:
            found.append((name, []))
            at += 1
        elif name in _KNOWN and text.endswith(":") and text[0].isupper():
            found.append((name, []))
        elif _SPHINX.match(text) and not lines[at][0].isspace():
            found.append(("parameters", _sphinx(lines[at:])))
            break
        else:
            found[-1][1].append(lines[at])
        at += 1
    return found


def _sphinx(lines: list[str]) -> list[str]:
    """`:param x: text` as `x: text` and `:return: text` as `text`; types are dropped."""
    made: list[str] = []
    kept, ended = True, False
    for line in lines:
        if found := _SPHINX.match(line.strip()):
            kind, name, text = found.groups()
            kept = "type" not in kind and "meta" not in kind
            if kept:
                made.append(f"{name or kind}: {text}")
        elif ended and line[:1].strip():
            made.append(line)  # prose behind the fields
            kept = True
        elif kept:
            made[-1] = f"{made[-1]} {line.strip()}"
        ended = not line.strip()
    return made


def _without_signature(lines: list[str]) -> list[str]:
    """Without the call signatures that older entries begin with."""
    start = 0
    while start < len(lines) and (not lines[start].strip() or _SIGNATURE.match(lines[start])):
        start += 1
    return lines[start:]


def _fields(lines: list[str]) -> Iterator[str]:
    """One sentence for each field of a section: `name: what it is`. Lines that are no fields are prose."""
    for head, below in _items(lines):
        name, _, text = head.partition(":")
        name, text = _plain_name(name), text.strip()
        described = paragraphs([text, *below] if _is_google(head, text, below) else below)
        if described:
            yield f"{name}: {_first_sentence(described[0])}" if _names_something(name) else described[0]
        elif not below and not _names_something(name):
            yield from paragraphs([head])


def _items(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Lines at the section's own depth, each with the deeper ones below it."""
    depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    head = ""
    below: list[str] = []
    for line in lines:
        if line.strip() and not line[depth : depth + 1].isspace():
            if head:
                yield head, below
            head, below = line.strip(), []
        elif head:
            below.append(line)
    if head:
        yield head, below


def _is_google(head: str, text: str, below: list[str]) -> bool:
    """Whether the text after the colon describes (Google: `x (int): The size.`) or is a type (numpydoc: `x : int`)."""
    return (
        bool(text) and " :" not in head and (not any(line.strip() for line in below) or len(text.split()) > 3)
    )


def _plain_name(name: str) -> str:
    return inline(re.sub(r"\s*\(.*", "", name)).strip("* ")


def _names_something(name: str) -> bool:
    return bool(re.fullmatch(r"[\w.,*/ ]{1,40}", name)) and len(name.split()) <= 3


def _first_sentence(text: str) -> str:
    return _SENTENCE_END.split(text, maxsplit=1)[0]


def _mentions(lines: list[str]) -> list[Mention]:
    """What a "See Also" section says of single names; lists of names with one description say it of none."""
    found = []
    for head, below in _items(lines):
        name, colon, text = _split_mention(head)
        described = " ".join(paragraphs([text, *below] if colon else below))
        if described and re.fullmatch(r"[A-Za-z_][\w.]*", name):
            found.append(Mention(name, _first_sentence(described)))
    return found


def _split_mention(head: str) -> tuple[str, bool, str]:
    found = re.match(r"^(?::(?:\w+:)?\w+:)?`{0,2}~?([\w.]+)(?:\(\))?`{0,2}\s*(?::\s*(.*))?$", head)
    if not found:
        return "", False, ""
    return found[1].strip("."), found[2] is not None, found[2] or ""
