"""Writes a catalogue as a BEIR folder, with everything that is known of it in files beside.

`corpus.jsonl`, `queries.jsonl`, `qrels/*.tsv` as in any BEIR folder; `clicks.tsv`, `wrong_labels.tsv`,
`collection.yaml` as docs/data.md has them; `near_misses.jsonl` a line a query; `facts.npy`, `asked.npy` and
`facts.json` for whoever counts again (`known.py`). Passages are written block by block.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import yaml

from ..split_names import SPLITS
from ..splits import split_all
from .asks import Query, choose
from .draws import below, bits, chance
from .facts import BLOCK, Facts, draw_facts
from .judging import Judge
from .names import Settings
from .sentences import Writer
from .wording import Phraser
from .world import KIND, World

logger = logging.getLogger(__name__)
WRONG_GRADE, GRADE = 1, 2
HEADER = "query-id\tcorpus-id\tscore\n"


def write(
    folder: Path,
    world: World,
    settings: Settings,
    block: int = BLOCK,
    watch: Callable[[int, int, str], None] = lambda *_: None,
) -> None:
    """Write the catalogue of a world into an empty folder. `block`: passages at a time, which changes no byte."""
    total = settings.passages + settings.queries
    facts = draw_facts(world, settings, block)
    ids = _Ids(settings)
    with _open(folder / "corpus.jsonl") as file:
        row = 0
        for texts in Writer(world, settings).texts(facts, block):
            file.writelines(
                f'{{"_id": "{ids.passage(row + n)}", "text": "{text}"}}\n' for n, text in enumerate(texts)
            )
            row += len(texts)
            watch(row, total, "passages")
    asked = _write_queries(folder, world, settings, facts, ids, watch)
    np.save(folder / "facts.npy", np.column_stack([facts.kinds, facts.values]))
    np.save(folder / "asked.npy", asked)
    columns = {
        KIND: [kind.name for kind in world.kinds],
        **{family.name: [value.name for value in family.values] for family in world.families},
    }
    with _open(folder / "facts.json") as file:
        json.dump({"columns": columns}, file, ensure_ascii=False, indent=1)
    with _open(folder / "collection.yaml") as file:
        yaml.safe_dump(describe(world, settings), file, sort_keys=False, allow_unicode=True, width=100)


def describe(world: World, settings: Settings) -> dict[str, object]:
    """What the collection says of itself."""
    return {
        "title": world.title,
        "about": f"{world.about} Generated, by `catalogue:{settings.spelled_out()}`.",
        "labels_per_query": 1,
    }


class _Ids:
    """Ids as long as the largest one, so that they sort as rows do."""

    def __init__(self, settings: Settings) -> None:
        self._p, self._q = len(str(settings.passages)), len(str(settings.queries))

    def passage(self, row: int) -> str:
        return f"p{row + 1:0{self._p}}"

    def query(self, row: int) -> str:
        return f"q{row + 1:0{self._q}}"


def _write_queries(
    folder: Path,
    world: World,
    settings: Settings,
    facts: Facts,
    ids: _Ids,
    watch: Callable[[int, int, str], None],
) -> np.ndarray:
    """Queries, judgements, clicks and near misses; what was asked, (Q, 1 + F) as facts are stored."""
    judge, phraser = Judge(facts), Phraser(world, settings)
    split = split_all(ids.query(row) for row in range(settings.queries))
    names = [*world.family_names(), KIND]
    asked = np.zeros((settings.queries, len(names)), dtype=np.uint8)
    lines: dict[str, list[str]] = {name: [HEADER] for name in SPLITS}
    clicks, wrong = [HEADER], [HEADER]
    with _open(folder / "queries.jsonl") as texts, _open(folder / "near_misses.jsonl") as misses:
        for row, query in enumerate(choose(world, settings, facts, judge)):
            if row % 1000 == 0:
                watch(settings.passages + row, settings.passages + settings.queries, "queries")
            key = ids.query(row)
            asked[row, 0] = query.ask.kind
            asked[row, 1 + np.array(query.ask.families)] = query.ask.values
            _line(texts, {"_id": key, "text": phraser.text(row, query.ask)})
            stored = [
                [ids.passage(p), names[m]]
                for p, m in zip(query.misses.tolist(), query.missed.tolist(), strict=True)
            ]
            _line(misses, {"query": key, "count": query.near, "passages": stored})
            lines[split[key]] += [f"{key}\t{ids.passage(p)}\t{GRADE}\n" for p in query.answers.tolist()]
            if split[key] != "train":
                continue
            clicked, grade = _click(settings, row, query)
            clicks.append(f"{key}\t{ids.passage(clicked)}\t{grade}\n")
            if grade == WRONG_GRADE:
                wrong.append(clicks[-1])
                lines["train"].append(clicks[-1])
    for name in SPLITS:
        _save(folder / "qrels" / f"{name}.tsv", lines[name])
    _save(folder / "clicks.tsv", clicks)
    if len(wrong) > 1:
        _save(folder / "wrong_labels.tsv", wrong)
    return asked


def _click(settings: Settings, row: int, query: Query) -> tuple[int, int]:
    """(passage clicked, its grade): the anchor, or with probability `noise` a near miss."""
    drawn = bits(settings.seed, "click", np.array([row]), 2)[0]
    if len(query.misses) and chance(drawn[0], settings.noise):
        return int(query.misses[below(drawn[1], len(query.misses))]), WRONG_GRADE
    return query.anchor, GRADE


def _line(file: IO[str], value: dict[str, object]) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")


def _save(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    with _open(path) as file:
        file.writelines(lines)


def _open(path: Path) -> IO[str]:
    return path.open("w", encoding="utf-8", newline="\n")
