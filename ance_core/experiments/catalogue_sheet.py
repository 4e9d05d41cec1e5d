"""The datasheet of the catalogue, `docs/catalogue.md`, from a built one.

python -m ance_core.experiments.catalogue_sheet > docs/catalogue.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from ..data import Dataset, load_dataset
from ..data.catalogue.names import parse_variant
from ..data.catalogue.reader import read_world
from ..data.embedded import locate
from ..data.splits import hash_order
from ..retrieval import BM25, evaluate

SHOWN = 30  # passages, and queries


def datasheet(name: str = "catalogue") -> str:
    """The datasheet in Markdown: what it is, numbers that were counted, and a random few of its texts."""
    place = locate(name)
    data, folder = load_dataset(name), Path(place.where)
    return "\n".join([_head(name, place.source), _numbers(name, data, folder), _texts(data)])


def _head(name: str, source: str) -> str:
    return f"""# {name}: the catalogue of a department store that does not exist

Written by `python -m ance_core.experiments.catalogue_sheet`; do not edit.

**It is generated.** No person wrote these passages or asked these questions. A seeded generator draws facts for each
passage (a kind of goods, and values of some of the attributes that this kind has) and writes it from sentence patterns in
one of four voices: a catalogue entry, a clerk's note, a customer's review, a data sheet. A query is made from a passage: its
kind and two or three of its attributes, more where too many passages would satisfy them, as keywords, a question or a need.
Each term is worded, with probability `gap`, as no passage ever words it; what matches must be learned. The words come from
a world, `data/samples/worlds/store.yaml`; [worlds.md](worlds.md) says how to write another, and what the knobs do.

Because facts come first, every judgement is complete: grade 2 has each passage that satisfies all that is asked, in every
split. One answer a training query was clicked (`clicks.tsv`), and by default training knows that one alone: the other
answers are hidden relevants, and each time a sampler draws one, the record says so. Passages that satisfy all but one thing
are near misses and no answers; up to 50 a query are stored with what they miss (`near_misses.jsonl`).

What it is not: language as people use it. Sentences are few and plain, nothing is implied, and word order never matters.

{source[:1].upper()}{source[1:]}.
"""


def _numbers(name: str, data: Dataset, folder: Path) -> str:
    world = read_world(parse_variant(name.partition(":")[2])[0])
    labels = {split: qrels.labels() for split, qrels in data.qrels.items()}
    counts = np.concatenate([found.counts() for found in labels.values()])
    near = np.array([json.loads(line)["count"] for line in _lines(folder / "near_misses.jsonl")])
    facts = np.load(folder / "facts.npy")
    equal = 1 - len(np.unique(facts, axis=0)) / len(facts)
    words = np.array([len(text.split()) for text in data.docs])
    asked = np.array([len(text.split()) for text in data.queries])
    test = labels["test"]
    ranking = BM25(data.docs).search([data.queries[q] for q in test.queries], 100)
    bm25 = float(evaluate(ranking, test, len(data.docs), measures=("RR@10",))["RR@10"].mean())
    rows = {
        "world": f"{len(world.kinds)} kinds of goods in {len(world.departments)} departments, "
        f"{len(world.families)} attributes of {sum(len(family.values) for family in world.families)} values",
        "passages": f"{len(data.docs):,} of {np.percentile(words, 5):.0f} to {np.percentile(words, 95):.0f} words "
        f"(median {np.median(words):.0f})",
        "queries": f"{len(data.queries):,} of {np.percentile(asked, 5):.0f} to {np.percentile(asked, 95):.0f} words: "
        + ", ".join(f"{split} {len(found):,}" for split, found in labels.items()),
        "answers a query": f"{counts.min()} to {counts.max()}, mean {counts.mean():.2f}; "
        f"{100 * np.mean(counts > 1):.0f} % of the queries have several",
        "near misses a query": f"median {np.median(near):.0f}, 5 to 95 %: {np.percentile(near, 5):.0f} to "
        f"{np.percentile(near, 95):.0f}; {100 * np.mean(near >= 3):.1f} % have 3 or more",
        "passages with the facts of another": f"{100 * equal:.2f} %",
        "BM25 (stemmed), test": f"RR@10 {bm25:.3f}",
        "labels in training": "one a query, the clicked one; `--labels-per-query all` trains on all",
        "licence": "CC0 1.0, the world and what is generated from it",
    }
    return "| | |\n|---|---|\n" + "\n".join(f"| {key} | {value} |" for key, value in rows.items()) + "\n"


def _texts(data: Dataset) -> str:
    """Passages and queries in the order of a hash of their ids, which nobody chose."""
    text = dict(zip(data.doc_ids, data.docs, strict=True))
    passages = "\n".join(f"- `{key}` {text[key]}" for key in hash_order(data.doc_ids, "datasheet")[:SHOWN])
    asked = dict(zip(data.query_ids, data.queries, strict=True))
    answers: dict[str, list[str]] = {}
    for qrels in data.qrels.values():
        for query, doc in zip(qrels.queries.tolist(), qrels.docs.tolist(), strict=True):
            answers.setdefault(data.query_ids[query], []).append(data.doc_ids[doc])
    queries = "\n".join(
        f"- `{key}` {asked[key]} ({', '.join(answers[key])})"
        for key in hash_order(data.query_ids, "datasheet")[:SHOWN]
    )
    return f"## {SHOWN} passages\n\n{passages}\n\n## {SHOWN} queries, with their answers\n\n{queries}\n"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    sys.stdout.write(datasheet())
