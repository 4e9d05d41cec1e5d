"""Files of settings that nobody meant, against what `ance train --config` does with them before it trains.

What is refused must be refused in one short line and at once; what is taken must be settings that could be trained.
"""

# ruff: noqa: E501 (lists of inputs)

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from .guard import ask
from .wounds import ODD

CASES = 1000
SOUND: dict[str, Any] = {
    "data": "tiny", "recipe": "ance", "seed": 1, "steps": 20, "batch_size": 8, "name": "mine", "labels_per_query": 1,
    "encoder": {"kind": "static", "width": 16, "dim": 16, "similarity": "dot", "temperature": 1.0},
    "negatives": {"per_query": 1, "pool_depth": 10, "filter": {"rank_from": 1}},
    "refresh": {"mode": "lag", "every": 10, "lag": 5},
    "warmup": {"recipe": "bm25", "steps": 5},
    "optimizer": {"learning_rate": 1e-3},
    "record": {"eval_splits": ["dev"], "snapshot_every": 0},
}  # fmt: skip
TEXTS = [
    "data: &a [x]\nname: *a\n", "a: &a [*a]\n", "<<: {data: tiny}\n", "data: !!python/object/apply:os.system [ls]\n",
    "data: !!binary aGk=\n", "data: 2025-02-30\n", "data: 2025-11-25\n", "steps: 0x10\n", "steps: 1e3\n", "seed: 0o17\n",
    "steps: 1_000\n", "- 1\n- 2\n", "x\n", "data: 'a\n", "data: \"a\\0b\"\n", "data: a\0b\n", "\ufeffdata: tiny\n", "? [1, 2]\n: 3\n",
    "data: ~nobody\n", "data: ~nosuchuser/x\n", "encoder: hf:~nosuchuser/x\n", "data: |\n  a\n  b\n", "name: '\x1b[2J'\n",
    "encoder: {kind: hf, model: /dev/null}\n", "data: /proc/self/mem\n", "data: /\n", "data: .\n", "---\n---\n", "%YAML 9.9\n---\n",
    "data: " + "n" * 300 + "\n", "name: " + "n" * 300 + "\n", "encoder: static:" + "n" * 300 + "\n", "preset: " + "n" * 300 + "\n",
    "data: " + "[" * 100_000, "a: " + "{a: " * 500 + "1" + "}" * 500, "{" * 5000, "- " * 5000, "'" * 100_000, "x: y\n" * 20_000,
    "\n".join(" " * i + "a:" for i in range(1000)), "recipe: " + "ance " * 50_000, "catalogue:\n", "data: catalogue:9999999999\n",
    "data: catalogue:gap=nan\n", "data: catalogue:" + "n" * 260 + ".yaml\n", "steps: " + "9" * 5000, "? " * 2000,
]  # fmt: skip


def main(cases: int, seed: int) -> list[str]:
    """`cases` files; a line for each that something went wrong with."""
    failures = []
    with tempfile.TemporaryDirectory(prefix="ance-fuzz-") as folder:
        for case in range(cases):
            random = Random(f"{seed}/{case}")
            path = Path(folder, f"settings.{random.choice(['yaml', 'yaml', 'json'])}")
            path.write_bytes(_text(case, path.suffix, random))
            if said := ask(lambda path=path: take(path)):
                failures.append(f"case {case} ({path.read_bytes()[:100]!r}): {said}")
    return failures


def take(path: Path) -> None:
    """What the command does: read, check, and look for the data, but neither build a collection nor train."""
    from ance_core.config import merge, read_settings, spelled_out
    from ance_core.data.embedded import built_name, locate
    from ance_core.runs.info import check_name
    from ance_core.training.settings import resolve

    config = resolve(merge(*map(spelled_out, [read_settings(path)])))
    json.dumps(config.model_dump(mode="json")).encode()
    if config.name:
        check_name(config.name)
    if built_name(config.data) is None:
        locate(config.data)


def _text(case: int, suffix: str, random: Random) -> bytes:
    if case < len(TEXTS) or random.random() < 0.1:
        return (TEXTS[case] if case < len(TEXTS) else random.choice(TEXTS)).encode()
    values = copy.deepcopy(SOUND)
    for _ in range(random.choice([1, 1, 2, 4])):
        _change(values, random)
    if suffix == ".json":
        text = json.dumps(values)
    else:
        import yaml

        try:
            text = yaml.safe_dump(values, allow_unicode=random.random() < 0.5)
        except yaml.YAMLError:
            text = json.dumps(values)
    data = text.encode("utf-8", errors="surrogatepass")
    if random.random() < 0.2:  # a slip of the keyboard
        turned = bytearray(data)
        for _ in range(random.choice([1, 3])):
            turned[random.randrange(len(turned))] = random.choice(b"\0\t :{}[]#&*!|>'\"%@`-?,\xff\x80a0")
        data = bytes(turned)
    return data


def _change(values: dict[str, Any], random: Random) -> None:
    """One setting is another value, is gone, or there is one more."""
    owner = random.choice([values, *(value for value in values.values() if isinstance(value, dict))])
    key = random.choice(list(owner) or ["x"])
    what = random.choice(["odd", "odd", "odd", "gone", "more", "group"])
    if what == "gone":
        owner.pop(key, None)
    elif what == "more":
        owner[random.choice(["stepz", "", "a.b", "x" * 300, "\x1b[2J", "name"])] = random.choice(ODD)
    elif what == "group":
        owner[key] = copy.deepcopy(SOUND)
    else:
        owner[key] = copy.deepcopy(random.choice(ODD))
