"""Data files, whole and damaged, read by `ance data check`'s readers and by plain ones of their own.

A case is a small collection in one of the formats, of which most get one to three random damages. It fails where anything
but an AnceError on one line comes out, where it hangs, or where it is read with other documents, judgements or words than
the plain reader finds, counting those that a warning names.
"""

from __future__ import annotations

import gzip
import json
import logging
import random
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.errors import AnceError

from .guard import Hung, badly_said, limited
from .plain import Counts, plain_reader

CASES = 10_000
NASTY = (
    b"\r", b"\n", b"\r\n", b"\0", b"\xff", b"\xc3", b'"', b"'", b"<", b">", b"<P>", b"</TEXT>", b"<DOC>", b"&amp;", b"&",
    b"\t",     b",", b";", b"NaN", b"-1", b"1e400", b"true", b"null", b"[", b"]", b"{", b"}", b"\\", b"\\u0000", b"\\ud83d",
    b"\xef\xbb\xbf", "é".encode(), "\u2028".encode(), b" " * 50, b"a" * 5000, b"[" * 3000,
)  # fmt: skip
Files = dict[str, bytes]


def main(cases: int, seed: int) -> list[str]:
    """What went wrong in so many cases; case n of a seed is the same whatever the number of cases."""
    logging.disable(logging.CRITICAL)
    outcomes: Counter[str] = Counter()
    failures = []
    try:
        for number in range(cases):
            outcome, failure = one(seed, number)
            outcomes[outcome] += 1
            if failure:
                failures.append(f"case {number}: {failure}")
    finally:
        logging.disable(logging.NOTSET)
    print("data_files:", ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items())))
    return failures


def one(seed: int, number: int, keep: Path | None = None) -> tuple[str, str]:
    """(outcome, what is wrong or ""). keep: a folder to leave the case's files in."""
    rng = random.Random(f"{seed}/{number}")
    form = rng.choice(sorted(MAKERS))
    files = MAKERS[form](rng)
    if rng.random() < 0.8:
        for _ in range(rng.randint(1, 3)):
            name = rng.choice(sorted(files))
            files[name] = damaged(rng, files[name])
    folder = keep or Path(tempfile.mkdtemp(prefix="ance-fuzz-"))
    try:
        for name, content in files.items():
            path = folder / "case" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
        (only, *others) = files
        return _judged(form, folder / "case" if others else folder / "case" / only, files)
    finally:
        if keep is None:
            shutil.rmtree(folder)


def _judged(form: str, path: Path, files: Files) -> tuple[str, str]:
    try:
        with limited():
            try:
                report = check_dataset(path)
                data = load_dataset(path) if report.ok else None
            except AnceError as error:
                return "refused", badly_said(str(error))
    except Hung:
        return "hung", f"{form}: no answer"
    except Exception:
        last = traceback.format_exc().strip().splitlines()
        return "traceback", f"{form}: {last[-1]} {last[-3].strip()}"
    if data is None:
        return "refused", next(filter(None, (badly_said(str(problem)) for problem in report.errors)), "")
    told = {problem.kind: problem.count for problem in report.warnings}
    judged = sum(counts.relevant_pairs + counts.other_pairs for counts in report.splits.values())
    left_out = ["dangling query", "dangling document"]
    if form not in ("csv", "lists"):  # whose plain reader counts each pair once
        left_out.append("repeated judgement")
    ours = Counts(
        documents=report.documents,
        judgements=judged + sum(told.get(kind, 0) for kind in left_out),
        words=frozenset(word for text in [*data.docs, *data.queries] for word in text.split()),
    )
    return "read", plain_reader(form, files).differs(ours, told)


def damaged(rng: random.Random, content: bytes) -> bytes:
    """One random damage."""
    at, lines = rng.randrange(len(content) + 1), content.splitlines(keepends=True)
    ways: list[Callable[[], bytes]] = [
        lambda: content[:at] + rng.choice(NASTY) + content[at:],
        lambda: content[:at] + content[at + rng.randint(1, 12) :],
        lambda: content[:at],
        lambda: content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
        lambda: b"".join(rng.sample(lines, len(lines))),
        lambda: b"".join(rng.choices(lines, k=len(lines))) if lines else b"",
        lambda: content.replace(b"\n", rng.choice((b"\r\n", b"\r"))),
        lambda: content + content[at:],
    ]
    return rng.choice(ways)()


class _Truth:
    """Invented texts; each of their words is found nowhere else."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.count = rng, 0
        self.docs = {f"d{n}": self.text() for n in range(rng.randint(3, 8))}
        self.queries = {f"q{n}": self.text() for n in range(rng.randint(4, 9))}
        self.pairs = [(query, rng.choice(list(self.docs)), rng.choice((1, 1, 2))) for query in self.queries]

    def text(self) -> str:
        words = []
        for _ in range(self.rng.randint(1, 7)):
            self.count += 1
            words.append(f"w{self.count}z")
        return " ".join(words)


def _jsonl(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _beir(rng: random.Random) -> Files:
    truth, ending = _Truth(rng), rng.choice(("", "", ".gz"))
    half = len(truth.pairs) // 2
    head = "query-id\tcorpus-id\tscore\n" if rng.random() < 0.7 else ""
    qrels = [
        "".join(f"{q}\t{d}\t{g}\n" for q, d, g in part) for part in (truth.pairs[:half], truth.pairs[half:])
    ]
    return {
        f"corpus.jsonl{ending}": _jsonl(
            [{"_id": k, "title": truth.text(), "text": t} for k, t in truth.docs.items()]
        ),
        f"queries.jsonl{ending}": _jsonl([{"_id": k, "text": t} for k, t in truth.queries.items()]),
        "qrels/train.tsv": (head + qrels[0]).encode(),
        f"qrels/{rng.choice(('test', 'dev', 'dev-new'))}.tsv": (head + qrels[1]).encode(),
    }


def _msmarco(rng: random.Random) -> Files:
    truth = _Truth(rng)
    return {
        "collection.tsv": "".join(f"{key}\t{text}\n" for key, text in truth.docs.items()).encode(),
        "queries.train.tsv": "".join(f"{key}\t{text}\n" for key, text in truth.queries.items()).encode(),
        "qrels.train.tsv": "".join(f"{q}\t0\t{d}\t{g}\n" for q, d, g in truth.pairs).encode(),
    }


def _marked(rng: random.Random, text: str) -> str:
    words = []
    for word in text.split():
        tag = rng.choice(("P", "i", "F", "b"))
        shapes = (f"<{tag}> {word} </{tag}>", f"<P> {word}", f"x < {word}", f"{word} &amp;")
        words.append(rng.choice(shapes) if rng.random() < 0.4 else word)
    return " ".join(words)


def _trec(rng: random.Random) -> Files:
    truth = _Truth(rng)
    docs = "".join(
        f"<DOC>\n<DOCNO> {key} </DOCNO>\n<TEXT>\n{_marked(rng, text)}\n</TEXT>\n</DOC>\n"
        for key, text in truth.docs.items()
    )
    shape = rng.choice(
        (
            "<top>\n<num> Number: {0}\n<title> {1}\n</top>\n",
            '<topic number="{0}"><query> {1} </query></topic>\n',
            "{0}\t{1}\n",
        )
    )
    return {
        "docs.trec": docs.encode(),
        "topics.txt": "".join(shape.format(key, text) for key, text in truth.queries.items()).encode(),
        "qrels.txt": "".join(f"{q} 0 {d} {g}\n" for q, d, g in truth.pairs).encode(),
    }


def _csv(rng: random.Random) -> Files:
    truth, mark = _Truth(rng), rng.choice((",", ";"))
    rows = [
        ("query", "passage", "negative"),
        *((truth.queries[q], truth.docs[d], truth.text()) for q, d, _ in truth.pairs),
    ]
    return {"pairs.csv": "".join(mark.join(f'"{cell}"' for cell in row) + "\n" for row in rows).encode()}


def _lists(rng: random.Random) -> Files:
    truth = _Truth(rng)
    rows = [
        {"query": truth.queries[q], "pos": [truth.docs[d]], "neg": [truth.text()]} for q, d, _ in truth.pairs
    ]
    if rng.random() < 0.3:
        return {"lists.json": json.dumps(rows).encode()}
    return {"lists.jsonl": _jsonl(rows)}  # type: ignore[arg-type]


MAKERS: dict[str, Callable[[random.Random], Files]] = {
    "beir": _beir, "msmarco": _msmarco, "trec": _trec, "csv": _csv, "lists": _lists,
}  # fmt: skip
