"""Build `pydocs` into the cache, once for each combination of interpreter, packages and builder."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..built import FACTS, facts_of
from ..cache import cache_dir, cached_folder
from ..splits import split_all
from .datasheet import datasheet
from .entries import STDLIB, Entry, Watch, choose, gather
from .mentions import Query, further_queries
from .packages import PROJECT, Package, installed_at, required

logger = logging.getLogger(__name__)

BUILDER_VERSION = 1  # raised when the same versions would give another collection


@dataclass(frozen=True)
class Collected:
    """All that is written: entries sorted by name, further questions, entries folded, packages left out and why."""

    entries: list[Entry]
    further: list[Query]
    folded: int
    left_out: dict[str, str]


def versions(packages: Iterable[Package] | None = None) -> dict[str, str]:
    """What decides the contents: interpreter, builder, and every required package that is installed."""
    found = required() if packages is None else packages
    return {
        STDLIB: platform.python_version(),
        "builder": str(BUILDER_VERSION),
        **{package.name: package.version for package in found},
    }


def build(watch: Watch = lambda *_: None, project: str = PROJECT) -> Path:
    """The folder of the collection in BEIR form, with `built.json` and a datasheet; made if these versions have not
    made it yet. A damaged package is left out, with a warning that says so; its repair gives another folder.

    Raises DataError where the workbench is not installed, so that its requirements are unknown.
    """
    packages = required(project)
    if not packages:
        raise DataError(
            f"pydocs: {project} is not installed, so what it requires is unknown: pip install it, or use pydocs:stdlib"
        )
    name = f"pydocs-{platform.python_version()}-{_digest(versions(packages))}"
    found = _cached(name, packages)
    if found is None:
        collected = collect(packages, watch)
        left_out = collected.left_out
        target = f"{name}-without-{_digest(left_out)}" if left_out else name
        found = cached_folder(
            cache_dir() / "datasets" / target, lambda folder: write(folder, collected, packages)
        )
    for reason in facts_of(found)["left_out"].values():
        logger.warning("pydocs: %s", reason["line"])
    return found


def _cached(name: str, packages: list[Package]) -> Path | None:
    """The whole collection, or one without packages that are damaged still."""
    datasets = cache_dir() / "datasets"
    if (datasets / name).is_dir():
        return datasets / name
    now = {package.name: installed_at(package) for package in packages}
    for folder in sorted(datasets.glob(f"{name}-without-*")):
        left_out = facts_of(folder)["left_out"]
        if all(now.get(package) == reason["installed"] for package, reason in left_out.items()):
            return folder
    return None


def _digest(values: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def collect(packages: list[Package], watch: Watch = lambda *_: None) -> Collected:
    """Entries and questions of the interpreter and of `packages`."""
    gathered = gather(packages, watch)
    entries, folded = choose(gathered)
    further = further_queries(gathered, entries)
    logger.info(
        "pydocs: %d entries, %d further questions, %d folded",
        len(entries),
        len(further),
        sum(folded.values()),
    )
    return Collected(entries, further, sum(folded.values()), gathered.left_out)


def write(folder: Path, collected: Collected, packages: list[Package]) -> None:
    """Write corpus, queries, judgements, facts and datasheet into `folder`.

    Each question has its split by a hash of its own id, so a question of dev or test may ask for an entry that
    training knows by another one.
    """
    queries = [(f"q:{entry.name}", entry.name, entry.summary) for entry in collected.entries]
    queries += [(f"s:{query.target}@{query.source}", query.target, query.text) for query in collected.further]
    split = split_all(key for key, _, _ in queries)
    files = {
        "corpus.jsonl": [_line(entry.name, entry.body) for entry in collected.entries],
        "queries.jsonl": [_line(key, text) for key, _, text in queries],
    }
    for name in ("train", "dev", "test"):
        rows = [f"{key}\t{target}\t1\n" for key, target, _ in queries if split[key] == name]
        files[f"qrels/{name}.tsv"] = ["query-id\tcorpus-id\tscore\n", *rows]
    facts = _facts(collected, packages)
    files[FACTS] = [json.dumps(facts, indent=1, ensure_ascii=False), "\n"]
    files["README.md"] = [datasheet(facts, collected.entries, collected.further)]
    (folder / "qrels").mkdir()
    for name, lines in files.items():
        (folder / name).write_text("".join(lines), encoding="utf-8", newline="\n")


def _line(key: str, text: str) -> str:
    return json.dumps({"_id": key, "text": text}, ensure_ascii=False) + "\n"


def _facts(collected: Collected, packages: list[Package]) -> dict[str, Any]:
    count = Counter(entry.package for entry in collected.entries)
    known = {package.name: package for package in packages}
    given = {
        name: version for name, version in versions(packages).items() if name == "builder" or count[name]
    }
    return {
        "name": "pydocs",
        "about": f"documentation of Python {given[STDLIB]} and of {len(given) - 2} packages",
        "versions": given,
        "left_out": {
            name: {
                "line": f"{known[name]} is left out: {reason}: reinstall it",
                "installed": installed_at(known[name]),
            }
            for name, reason in sorted(collected.left_out.items())
        },
        "counts": {
            "entries": len(collected.entries),
            "questions": len(collected.entries) + len(collected.further),
            "further questions": len(collected.further),
            "folded": collected.folded,
        },
        "entries": dict(count.most_common()),
    }
