"""reStructuredText and Markdown of docstrings as plain text: what a reader of the rendered page would read."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ROLE = re.compile(r":(?:\w+:)?\w+:`([^`]+)`")
_TITLED = re.compile(r"^(.*?)\s*<[^>]*>$", re.DOTALL)  # `text <target>`
_LINK = re.compile(r"\[`([^\]`]+)`\](?:\([^)\s]*\))?|\[([^\]`]+)\]\([^)\s]*\)")
_CITATION = re.compile(r"\s*\[(?:\d+|[A-Z]\w*\d+)\]_|\s*\[\^?\d+\](?=[\s.,]|$)")
_CODE = re.compile(r"(`{1,2})([^`]+)\1_{0,2}")
_STRONG = re.compile(r"(?<![\w*])(\*{1,2})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_DIRECTIVE = re.compile(r"^\.\. *([\w:+-]+?) ?: ?:\s*(.*)$")
_COMMENT = re.compile(r"^\.\.(\s|$)")  # and directives
_READABLE = frozenset({"note", "warning", "important", "tip", "caution", "attention", "hint", "admonition"})


def inline(text: str) -> str:
    """One paragraph without the marks of roles, links, code, emphasis and citations, on one line.

    >>> inline("Like :func:`~numpy.sum`, but ``axis`` is *required* [1]_.")
    'Like sum, but axis is required.'
    """
    text = " ".join(text.split())
    text = _ROLE.sub(lambda found: _target(found[1]), text)
    text = _CITATION.sub("", text)
    text = _LINK.sub(lambda found: (found[1] or found[2]).removeprefix("~"), text)
    text = _CODE.sub(lambda found: _titled(found[2]), text)
    text = _STRONG.sub(r"\2", text)
    return " ".join(_TAG.sub("", text).replace("\\ ", "").split())


def _target(text: str) -> str:
    """What a role shows: its title, or its target; of `~a.b.c` the last part."""
    titled = _titled(text)
    if titled != text:
        return titled
    return text.rpartition(".")[2] if text.startswith("~") else text.lstrip("!.")


def _titled(text: str) -> str:
    found = _TITLED.match(text)
    return found[1] if found and found[1] else text


def paragraphs(lines: Iterable[str]) -> list[str]:
    """The prose of some lines, a string a paragraph: no doctest and its output, no code, no tables, no formulas."""
    found: list[list[str]] = [[]]
    for line in _prose(list(lines)):
        text = line.strip()
        if not text:
            found.append([])
            continue
        if re.match(r"[-*+•] |\d+[.)] ", text):
            found.append([])  # an item of a list is read by itself
            text = re.sub(r"^[-*+•] ", "", text)
        found[-1].append(text)
    return [text for part in found if (text := inline(" ".join(part)))]


def _prose(lines: list[str]) -> Iterable[str]:
    at = 0
    while at < len(lines):
        line, text = lines[at], lines[at].strip()
        at += 1
        if (found := _DIRECTIVE.match(text)) and found[1] in _READABLE:
            yield from ("", found[2])
            continue
        behind = _behind_block(lines, at, text)
        if behind is None:
            if not _is_ruled(text):
                yield line
            continue
        at = behind
        if text.endswith("::") and not text.startswith(".."):
            yield text[:-1] if text != "::" else ""
        yield ""


def _behind_block(lines: list[str], at: int, text: str) -> int | None:
    """The place behind a block that is no prose and that the line before `at`, `text`, opens; None if it opens none."""
    if text.startswith(("```", "~~~")):
        return _after_fence(lines, at, text[:3])
    if text.startswith(">>>"):
        return _after_paragraph(lines, at)
    if _COMMENT.match(text) or text.startswith("$$") or text.endswith("::"):
        return _after_indented(lines, at)
    return None


def _after_fence(lines: list[str], at: int, fence: str) -> int:
    while at < len(lines) and not lines[at].strip().startswith(fence):
        at += 1
    return at + 1


def _after_paragraph(lines: list[str], at: int) -> int:
    while at < len(lines) and lines[at].strip():
        at += 1
    return at


def _after_indented(lines: list[str], at: int) -> int:
    """The place behind a block that stands deeper than the line before `at`, which opened it."""
    depth = _indent(lines[at - 1])
    while at < len(lines) and (not lines[at].strip() or _indent(lines[at]) > depth):
        at += 1
    return at


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_ruled(text: str) -> bool:
    """Rules, and rows of tables drawn with bars, plus and equal signs."""
    return (
        bool(re.fullmatch(r"[=\-~^+|# ]{3,}", text)) or (text[0] == "|" and text[-1] == "|")
        if text
        else False
    )
