"""TREC collections: a corpus, `topics*` and `qrels*` in one folder.

Topics are `<top>` blocks, whose title is the query (the description where a topic has no title), or lines
`id<TAB>text`. The corpus is `docs*` in `<DOC>` blocks, or `corpus.jsonl`, or `collection.tsv`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ..collection import Collection, join_title
from ..lines import read_lines
from ..problems import Problems
from .base import Format, by_split, find, listed
from .qrels import read_qrels
from .texts import add_text, read_jsonl_texts, read_tsv_texts

_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)[^>]*>")
_LABEL = re.compile(r"^\s*(?:Number|Topic|Description|Narrative)\s*:\s*", re.IGNORECASE)
Block = dict[str, str]  # tag, lower case -> its text


def matches(path: Path) -> bool:
    """Whether the folder has topics and TREC qrels."""
    return path.is_dir() and bool(listed(path, "*topics*")) and bool(listed(path, "*qrels*"))


def read(path: Path, problems: Problems) -> Collection:
    """The folder's texts and judgements; missing parts are reported."""
    found = Collection(path, FORMAT.name)
    _read_corpus(path, found, problems)
    for file in listed(path, "*topics*"):
        _read_texts(file, "top", "query", _topic, found.queries, problems)
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
            _read_texts(file, "doc", "document", _document, found.docs, problems)


def _read_texts(
    file: Path,
    tag: str,
    what: str,
    parse: Callable[[Block], tuple[str, str]],
    texts: dict[str, str],
    problems: Problems,
) -> None:
    if not _has_tags(file):
        for key, text in read_tsv_texts(file, what, problems).items():
            add_text(texts, key, text, str(file), what, problems)
        return
    for number, block in read_blocks(file, tag, problems):
        key, text = parse(block)
        if key:
            add_text(texts, key, text, f"{file}:{number}", what, problems)
        else:
            name = "<num>" if what == "query" else "<DOCNO>"
            problems.error("missing id", f"{file}:{number}: a <{tag}> without {name}: give the {what} one")


def _has_tags(file: Path) -> bool:
    first = next(iter(read_lines(file, Problems())), (0, ""))[1]  # problems are reported by the full reading
    return first.lstrip().startswith("<")


def read_blocks(file: Path, tag: str, problems: Problems) -> Iterator[tuple[int, Block]]:
    """(line of the opening tag, texts by tag) of every `<tag>`...`</tag>`; fields may lack end tags."""
    start, block, field = 0, Block(), ""
    for number, line in read_lines(file, problems):
        place = 0
        for match in _TAG.finditer(line):
            name, closes = match[2].lower(), bool(match[1])
            if start and field:
                block[field] += line[place : match.start()]
            place = match.end()
            if name == tag:
                if start:
                    yield start, block
                start, block, field = (0 if closes else number), Block(), ""
            elif start:
                field = "" if closes else name
                block.setdefault(field, "")
        if start and field:
            block[field] += line[place:] + "\n"
    if start:
        problems.error("open block", f"{file}:{start}: <{tag}> is never closed: add </{tag}>")


def _topic(block: Block) -> tuple[str, str]:
    title, description = _clean(block.get("title", "")), _clean(block.get("desc", ""))
    return _clean(block.get("num", "")), title or description


def _document(block: Block) -> tuple[str, str]:
    title = block.get("title") or block.get("headline") or ""
    return _clean(block.get("docno", "")), join_title(_clean(title), _clean(block.get("text", "")))


def _clean(text: str) -> str:
    return " ".join(html.unescape(_LABEL.sub("", text)).split())


FORMAT = Format(
    "TREC", "a folder with *topics*, *qrels* and docs*, corpus.jsonl or collection.tsv", matches, read
)
