"""The datasheet that lies in the built folder: what is in it, from which versions, and by which rules."""

from __future__ import annotations

from typing import Any

from .entries import MIN_PASSAGE_WORDS, Entry
from .folding import SHINGLE, SIMILAR
from .mentions import Query

SHOWN = 10  # entries printed as a sample

_TEXT = """# pydocs

{about}, read from the sources that are installed: {entries:,} passages, {questions:,} questions.

- **Passage**: what a docstring says after its first sentence, without types, examples, tables, formulas and
  references; {least} words or more. Its id is the qualified name, which is not in the text.
- **Question**: the docstring's first sentence. {further:,} entries' mentions in the "See Also" sections of others are
  further questions, where it is certain whom they name and at least a third of their words are new.
- **Left out**: private names, tests, vendored copies, generated sources, docstrings that a template fills in.
- **Folded**: {folded:,} entries that repeat a question or a passage, or whose words, identifiers and numbers masked,
  share {similar:.0%} of their runs of {shingle} words with an entry that stays.
- **Splits**: by a hash of the question's id. An entry asked for in dev or test may be known to training by another
  question, never by the same one.
- **Judgements**: one passage a question. Others may answer it as well and count as misses.

The texts belong to the projects they come from, under the licences of those; this folder is made on your machine
and is not meant to be passed on.

| from | version | entries |
|---|---|---|
{table}
{left_out}
## Some of it

{sample}
"""


def datasheet(facts: dict[str, Any], entries: list[Entry], further: list[Query]) -> str:
    """The text, in Markdown."""
    counts = facts["counts"]
    rows = (f"| {name} | {facts['versions'][name]} | {n:,} |" for name, n in facts["entries"].items())
    lines = [f"- {reason['line']}" for reason in facts["left_out"].values()]
    return _TEXT.format(
        about=facts["about"][0].upper() + facts["about"][1:],
        entries=counts["entries"],
        questions=counts["questions"],
        least=MIN_PASSAGE_WORDS,
        further=counts["further questions"],
        folded=counts["folded"],
        similar=SIMILAR,
        shingle=SHINGLE,
        table="\n".join(rows),
        left_out="\n".join(["", *lines, ""]) if lines else "",
        sample="\n".join(_sample(entries, further)),
    )


def _sample(entries: list[Entry], further: list[Query]) -> list[str]:
    """Entries at even distances, and as many further questions."""
    summaries = {entry.name: entry.summary for entry in entries}
    step, also = max(1, len(entries) // SHOWN), max(1, len(further) // SHOWN)
    chosen = [f"- `{e.name}`: {e.summary}" for e in entries[step // 2 :: step][:SHOWN]]
    return chosen + [
        f"- `{q.target}`: {summaries[q.target]} Also asked as: {q.text}"
        for q in further[also // 2 :: also][:SHOWN]
    ]
