"""Texts that come from runs and data sets, for places where Streamlit reads Markdown: they show as they are.

Streamlit reads captions, messages, headings and labels as Markdown, so a run called `![x](http://...)` would make the
browser fetch an address. Whatever was not written in this program passes through `verbatim` on its way there; what goes
into HTML passes through `html.escape`.
"""

from __future__ import annotations

import re

# What begins emphasis, code, links, images, HTML, tables, formulas, entities, addresses; Streamlit's own :red[...].
_MARKS = re.compile(r"([\\`*_\[\]<>~$|!&@#{}^])")
_COLON = re.compile(r":(?=[\w/])")
_WWW = re.compile(r"(?i)\b(www)\.")
_FIRST = re.compile(r"^(\s*)([-+=.]|\d+[.)])")
_NO_BREAK = "\u2060"  # a word joiner: nothing to see, and `:name:` is no emoji or icon any more


def verbatim(text: object) -> str:
    r"""Markdown that shows `text` and nothing else, on one line.

    >>> verbatim("![x](http://a.b/c.png) <img>")
    '\\!\\[x\\](http\\:\u2060//a.b/c.png) \\<img\\>'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    line = _MARKS.sub(r"\\\1", line)
    line = _COLON.sub(rf"\\:{_NO_BREAK}", line)
    line = _WWW.sub(rf"\1{_NO_BREAK}.", line)
    return _FIRST.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", line)
