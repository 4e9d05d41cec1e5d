"""TREC collections: a corpus, `topics*` and `qrels*` in one folder.

Topics are `<top>` blocks, `<topic number=..>` elements or `<DOC>` blocks, whose title is the query (the description
where a topic has no title, all of it where it has neither), or lines `id<TAB>text`. The corpus is `docs*` in `<DOC>`
blocks, or `corpus.jsonl`, or `collection.tsv`. Of a document `<TITLE>` or `<HEADLINE>` and `<TEXT>` are read, all of it
where it has no `<TEXT>`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..collection import Collection, join_title
from ..lines import read_lines
from ..problems import Problems, shown
from .base import Format, by_split, find, listed
from .markup import attributes, readable, without_comments
from .qrels import read_qrels
from .texts import add_text, read_jsonl_texts, read_tsv_texts

_LABEL = re.compile(r"\s*(?:Number|Topic|Description|Narrative)\s*:", re.IGNORECASE)
TOPICS = ("top", "topic", "doc", "query")
FIELDS = (
    "num|number|id|qid|docno|head|dom|title|desc|description|smry|summary|narr|narrative|con|fac|nat|time|def|query|"
    "question|type|topic|keyword|keywords"
)
OPEN_FIELDS = "num|head|dom|title|desc|smry|narr|con|fac|nat|def"
"""Those that old topics leave without an end tag."""
_FIELD = re.compile(rf"<({FIELDS})(?:\s[^<>]*)?>", re.IGNORECASE)
_OPEN_FIELD = re.compile(rf"<(?:{OPEN_FIELDS})(?:\s[^<>]*)?>", re.IGNORECASE)
_WRAPPER = re.compile(r"</?[A-Za-z][\w:.-]*(?:\s[^<>]*)?>")


class Block(NamedTuple):
    """One `<tag ...>` to `</tag>`: line of the opening tag, name of the tag, its attributes, and what stands between."""

    line: int
    tag: str
    attributes: dict[str, str]
    text: str


def matches(path: Path) -> bool:
    """Whether the folder has topics and TREC qrels."""
    return path.is_dir() and bool(listed(path, "*topics*")) and bool(listed(path, "*qrels*"))


def read(path: Path, problems: Problems) -> Collection:
    """The folder's texts and judgements; missing parts are reported."""
    found = Collection(path, FORMAT.name)
    _read_corpus(path, found, problems)
    for file in listed(path, "*topics*"):
        known = len(found.queries)
        _read_texts(file, TOPICS, "query", _topic, found.queries, problems)
        if len(found.queries) == known and not problems.about(file):
            remedy = "write `<top>` blocks with <num> and <title>, `<topic number=..>` elements, or lines `id<TAB>text`"
            problems.error("no topic", f"{file}: gives no query: {remedy}")
    found.files = by_split(listed(path, "*qrels*"), path, problems)
    found.judgements = {split: read_qrels(file, problems) for split, file in found.files.items()}
    return found


def _read_corpus(path: Path, found: Collection, problems: Problems) -> None:
    if lines := find(path, "corpus.jsonl"):
        found.docs_file, found.docs = lines, read_jsonl_texts(lines, "document", problems)
    elif table := find(path, "collection.tsv"):
        found.docs_file, found.docs = table, read_tsv_texts(table, "document", problems)
    else:
        files = listed(path, "docs*")
        if not files:
            problems.error(
                "missing file", f"{path}: no corpus: add docs.trec, corpus.jsonl, or collection.tsv"
            )
        for file in files:
            _read_texts(file, ("doc",), "document", _document, found.docs, problems)


def _read_texts(
    file: Path,
    tags: tuple[str, ...],
    what: str,
    parse: Callable[[Block], tuple[str, str]],
    texts: dict[str, str],
    problems: Problems,
) -> None:
    if not _has_tags(file):
        for key, text in read_tsv_texts(file, what, problems).items():
            add_text(texts, key, text, str(file), what, problems)
        return
    for block in read_blocks(file, tags, problems):
        key, text = parse(block)
        if key:
            add_text(texts, key, text, f"{file}:{block.line}", what, problems)
        else:
            name = "<num>" if what == "query" else "<DOCNO>"
            message = f"a <{block.tag}> without {name}: give the {what} one"
            problems.error("missing id", f"{file}:{block.line}: {message}")


def _has_tags(file: Path) -> bool:
    first = next(iter(read_lines(file, Problems())), (0, ""))[1]  # problems are reported by the full reading
    return first.lstrip().startswith("<")


def read_blocks(file: Path, tags: tuple[str, ...], problems: Problems) -> Iterator[Block]:
    """Every block of the first of the tags that the file uses. Text outside of blocks is reported."""
    opening = re.compile(rf"<(/?)({'|'.join(tags)})((?:\s[^<>]*)?)>", re.IGNORECASE)
    start, tag = 0, ""
    inside: dict[str, str] = {}
    parts: list[str] = []
    for number, line in read_lines(file, problems):
        place = 0
        for mark in opening.finditer(line) if "<" in line else ():
            name, closes = mark[2].lower(), bool(mark[1])
            if tag and name != tag:
                continue  # a field of the block, such as <query> of a <topic>
            before = line[place : mark.start()]
            if start:
                yield Block(start, tag, inside, "".join([*parts, before]))
            else:
                _report_outside(file, number, before, problems)
            place, parts = mark.end(), []
            start = 0 if closes else number
            tag, inside = name, {} if closes else attributes(mark[3])
        if start:
            parts.append(line[place:] + "\n")
        else:
            _report_outside(file, number, line[place:], problems)
    if start:
        problems.error("open block", f"{file}:{start}: <{tag}> is never closed: add </{tag}>")


def _report_outside(file: Path, number: int, text: str, problems: Problems) -> None:
    """A warning for words between the blocks, which belong to no text."""
    if text and not text.isspace():
        left = _WRAPPER.sub(" ", without_comments(text)).strip()
        if left:
            remedy = "move it into a block, or remove it"
            problems.warn("text outside blocks", f"{file}:{number}: {shown(left)} is in no block: {remedy}")


def _topic(block: Block) -> tuple[str, str]:
    fields = topic_fields(block.text)
    numbers = (block.attributes | fields).get
    key = next(filter(None, map(numbers, ("num", "number", "id", "qid", "docno"))), "")
    for name in ("title", "query", "desc", "description", "question"):
        if text := _plain(fields.get(name, "")):
            return _plain(key), text
    return _plain(key), _plain(sections(block.text)[0] or fields[""])


def topic_fields(text: str) -> dict[str, str]:
    """The raw text of each field of a topic; "" has what is in none. The first of a name counts.

    A field ends with its own end tag, whatever other tags it holds; without one, where the next of `OPEN_FIELDS` begins.
    """
    text = without_comments(text)
    fields = {"": ""}
    place = 0
    while mark := _FIELD.search(text, place):
        name = mark[1].lower()
        end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, mark.end())
        follows = _OPEN_FIELD.search(text, mark.end())
        stop = end or follows
        fields[""] += text[place : mark.start()] + " "
        fields.setdefault(name, text[mark.end() : stop.start() if stop else len(text)])
        place = end.end() if end else follows.start() if follows else len(text)
    fields[""] += text[place:]
    return fields


def _plain(text: str) -> str:
    """A field as read, without the label that old topics begin with, `Number: 51`."""
    return readable(_LABEL.sub("", text, count=1) if _LABEL.match(text) else text)


def _document(block: Block) -> tuple[str, str]:
    rest, key = block.text, _DOCNO.search(block.text)
    if key:
        rest = f"{rest[: key.start()]} {rest[key.end() :]}"
    if "<DOCHDR" in rest:
        rest = _HEAD.sub(" ", rest)
    text, outside = sections(rest)
    title, rest = _title(outside)
    name = key[1] if key else block.attributes.get("docno") or block.attributes.get("id") or ""
    return readable(name), join_title(readable(title), readable(text or rest))


_DOCNO = re.compile(r"<DOCNO(?:\s[^<>]*)?>([^<]*)(?:</DOCNO\s*>)?", re.IGNORECASE)
_TEXT, _END_TEXT = (re.compile(tag, re.IGNORECASE) for tag in (r"<TEXT(?:\s[^<>]*)?>", r"</TEXT\s*>"))
_HEAD = re.compile(r"<DOCHDR>.*?</DOCHDR>", re.DOTALL)  # of a web page's transfer, not of the page
_TITLES = [
    re.compile(rf"<{name}(?:\s[^<>]*)?>(.*?){end}", re.DOTALL | re.IGNORECASE)
    for name in ("TITLE", "HEADLINE")
    for end in (rf"</{name}\s*>", r"(?=\n\s*<|\Z)")
]


def sections(text: str) -> tuple[str, str]:
    """(what stands in all `<TEXT>` elements, what stands outside); the last may lack its end tag.

    >>> sections("a <TEXT>b</TEXT> c <text>d")
    ('b d', 'a   c ')
    """
    inside, outside, place = [], [], 0
    while begin := _TEXT.search(text, place):
        outside.append(text[place : begin.start()])
        end = _END_TEXT.search(text, begin.end())
        inside.append(text[begin.end() : end.start() if end else len(text)])
        place = end.end() if end else len(text)
    return " ".join(inside), " ".join([*outside, text[place:]])


def _title(text: str) -> tuple[str, str]:
    """(the title or headline, the text without it)."""
    for pattern in _TITLES:
        if found := pattern.search(text):
            return found[1], f"{text[: found.start()]} {text[found.end() :]}"
    return "", text


FORMAT = Format(
    "TREC", "a folder with *topics*, *qrels* and docs*, corpus.jsonl or collection.tsv", matches, read
)
