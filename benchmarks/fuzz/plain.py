"""Readers that do one thing after the other with the standard library, to compare the real ones with."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

WORD = re.compile(r"w\d+z")


@dataclass(frozen=True)
class Counts:
    """documents: None where the form has no count of its own. words: those that a generated text is made of."""

    documents: int | None
    judgements: int
    words: frozenset[str]

    def differs(self, read: Counts, told: Mapping[str, int]) -> str:
        """What was read and is not here, or the other way round, in words; "" if nothing. told: warnings by kind."""
        if self.documents not in (None, read.documents):
            return f"{read.documents} documents, the plain reader finds {self.documents}"
        if self.judgements != read.judgements and "no positive" not in told:
            return f"{read.judgements} judgements, the plain reader finds {self.judgements}"
        arrived = {word for text in read.words for word in WORD.findall(text)}
        lost = self.words - arrived
        return f"lost words {sorted(lost)[:5]}" if lost and "text outside blocks" not in told else ""


def plain_reader(form: str, files: Mapping[str, bytes]) -> Counts:
    """What the files of a case hold."""
    texts = {name: content.decode("utf-8-sig") for name, content in files.items()}
    if form == "csv":
        return _csv(texts["pairs.csv"])
    if form == "lists":
        (text,) = texts.values()
        rows = (
            json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in lines(text)]
        )
        return _table([(row["query"], row["pos"], row.get("neg") or []) for row in rows])
    words: list[str] = []
    documents = judgements = 0
    for name, text in texts.items():
        if "qrels" in name:
            judged = lines(text)
            headings = ("query-id", "corpus-id", "score")  # whose line may be damaged itself
            judgements += len(judged) - bool(judged and any(word in judged[0] for word in headings))
        elif "jsonl" in name:
            rows = [json.loads(line) for line in lines(text)]
            words += [f"{row.get('title', '')} {row['text']}" for row in rows]
            documents += len(rows) if "corpus" in name else 0
        elif name == "docs.trec" and text.lstrip().startswith("<"):
            blocks = re.split(r"<DOC>", text, flags=re.IGNORECASE)[1:]
            documents += len(blocks)
            words += [
                found
                for block in blocks
                for found in re.findall(r"<TEXT>(.*?)(?:</TEXT>|</DOC>|\Z)", block, re.S)
            ]
        elif not text.lstrip().startswith("<"):
            documents += len(lines(text)) if "queries" not in name and "topics" not in name else 0
            words += [line.partition("\t")[2] for line in lines(text)]
        else:
            words += re.findall(r"<(?:title|query)>(.*?)(?:</|<)", text, re.S)
    return Counts(documents, judgements, _words(" ".join(words)))


def lines(text: str) -> list[str]:
    """The lines that are not blank, however they end."""
    return [line for line in re.split(r"\r\n|\n|\r", text) if line and not line.isspace()]


def _csv(text: str) -> Counts:
    first = lines(text)[0]
    mark = ";" if re.sub(r'"[^"]*"', "", first).count(";") else ","
    rows = csv.DictReader(
        io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"), newline=""), delimiter=mark
    )
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or []]
    return _table([(row["query"], [row["passage"]], [row.get("negative") or ""]) for row in rows])


def _table(rows: list[tuple[str, object, object]]) -> Counts:
    pairs = {(query.strip(), text.strip()) for query, passages, _ in rows for text in _listed(passages)}
    words = " ".join(
        " ".join([query, *_listed(passages), *_listed(negatives)]) for query, passages, negatives in rows
    )
    return Counts(None, len(pairs), _words(words))


def _listed(value: object) -> list[str]:
    return value if isinstance(value, list) else [str(value)]


def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text))
