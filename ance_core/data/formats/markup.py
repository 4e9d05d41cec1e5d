"""What a person reads of a text with tags in it: TREC's documents and topics, which are SGML, XML or neither.

`<` is not always the beginning of a tag: "depth x<y" is text. A tag is taken for one when it has the form of one
(attributes have values) and is closed in the same text, closes itself, or is one that HTML leaves open. Anything else
stays as it stands, so that in doubt a mark too many is read and never a word too few.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from html.entities import html5

_VALUE = r"""(?:"[^"<]*"|'[^'<]*'|[^\s"'<>=]+)"""
TAG = re.compile(rf"<(/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*{_VALUE})*)\s*/?>")
_COMMENT = re.compile(r"<!--.*?-->|<\?xml\b.*?\?>|<!DOCTYPE\b[^>]*>", re.DOTALL | re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_UNREAD = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ATTRIBUTE = re.compile(rf"([\w:.-]+)\s*=\s*({_VALUE})")

INLINE = re.compile(
    "a|abbr|b|big|cite|code|em|font|i|mark|q|s|small|span|strike|strong|sub|sup|tt|u", re.IGNORECASE
)
"""Inside a word: `H<sub>2</sub>O` is one."""
ALONE = re.compile("p|br|hr|li|dt|dd|tr|td|th|img|input|col|para", re.IGNORECASE)
"""Often without an end tag."""


def attributes(text: str) -> dict[str, str]:
    """Those of a tag, names in lower case.

    >>> attributes(' number="1" task=x')
    {'number': '1', 'task': 'x'}
    """
    return {name.lower(): unescape(value.strip("\"'")) for name, value in _ATTRIBUTE.findall(text)}


def unescape(text: str) -> str:
    """Entities as the characters they stand for, where they end in a semicolon: `R&D` and `a&lt` stay.

    >>> unescape("salt &amp; R&D")
    'salt & R&D'
    """
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    known = (
        entity[0][1] == "#" or entity[0][1:] in html5
    )  # `html.unescape` also takes the beginning of a name for one
    return html.unescape(entity[0]) if known else entity[0]


def without_comments(text: str) -> str:
    """The text without comments, declarations, scripts and styles, which nobody reads; CDATA as the text it is."""
    if "<" not in text:
        return text
    text = _COMMENT.sub(" ", text) if "<!" in text or "<?" in text else text
    text = _CDATA.sub(lambda found: html.escape(found[1], quote=False), text) if "<![" in text else text
    return _UNREAD.sub(" ", text)


def readable(text: str) -> str:
    """A text without its tags, on one line, entities unescaped.

    >>> readable("<P>Never in <i>fog</i>.</P> If x<y then wait; z>w &amp; on.")
    'Never in fog. If x<y then wait; z>w & on.'
    """
    if "<" in text:
        text = _strip_tags(without_comments(text))
    return " ".join(unescape(text).split())


def _strip_tags(text: str) -> str:
    found = list(TAG.finditer(text))
    paired = _paired(found)
    parts, place = [], 0
    for number, tag in enumerate(found):
        name = tag[2]
        lone = bool(ALONE.fullmatch(name)) or tag[0].endswith("/>")
        if number not in paired and not lone:
            continue  # no tag: `x<y>z`
        parts += [text[place : tag.start()], "" if INLINE.fullmatch(name) else " "]
        place = tag.end()
    return "".join([*parts, text[place:]])


def _paired(tags: Iterable[re.Match[str]]) -> set[int]:
    """Which of the tags have their partner, by place among them."""
    open_tags: dict[str, list[int]] = {}
    paired: set[int] = set()
    for number, tag in enumerate(tags):
        name = tag[2].lower()
        if not tag[1]:
            open_tags.setdefault(name, []).append(number)
        elif open_tags.get(name):
            paired |= {number, open_tags[name].pop()}
    return paired
