import json
import os
import platform
import subprocess
import sys

import pytest

from ance_core.data import load_dataset
from ance_core.data.pydocs import stdlib


@pytest.fixture(scope="module")
def entries():
    return stdlib.collect()


def test_entries_by_hand():
    doc = "Open the door.  It must be closed, and the key\nhas to be in the lock.\n\nReturns nothing."
    entry = stdlib._entry("house.open", doc)
    assert entry.summary == "Open the door."
    assert entry.body == "It must be closed, and the key has to be in the lock.\n\nReturns nothing."
    old = "open(door[, key]) -> bool\n\nOpen the door.\n\nThe key is tried first, then the handle, the shoulder last."
    assert stdlib._entry("house.open", old).summary == "Open the door."
    assert (
        stdlib._entry("house", "house - rooms and doors of it\n\n" + "word " * 20).summary
        == "rooms and doors of it"
    )
    assert stdlib._entry("house.open", "Open the door.\n\nSoon.") is None
    assert stdlib._entry("house.open", "Open.\n\n" + "word " * 20) is None
    assert stdlib._entry("house.open", "") is None


FINGERPRINTS = {"3.11.7": "b27151608a91f1af"}
"""What `pydocs` was when it was the standard library alone, as the program of that time built it."""


def test_the_same_as_ever(tmp_path, monkeypatch):
    if platform.python_version() not in FINGERPRINTS:
        pytest.skip(
            f"no fingerprint of Python {platform.python_version()} was kept, only of {list(FINGERPRINTS)}"
        )
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path))
    data = load_dataset("pydocs:stdlib")
    assert data.fingerprint == FINGERPRINTS[platform.python_version()]
    assert data.source == f"standard library documentation of Python {platform.python_version()}"


def test_about_as_many_entries_as_promised(entries):
    assert 2300 <= len(entries) <= 3200


def test_no_passage_or_question_twice(entries):
    for texts in ([e.summary for e in entries], [e.body for e in entries]):
        assert len({" ".join(text.lower().split()) for text in texts}) == len(entries)
    assert len({e.name for e in entries}) == len(entries)


def test_only_the_standard_library_and_no_tests(entries):
    roots = {entry.name.split(".")[0] for entry in entries}
    assert roots <= set(sys.stdlib_module_names)
    assert not roots & stdlib.SKIPPED
    assert {"asyncio", "builtins", "json"} <= roots


def test_every_c_module_is_there():
    for name in stdlib.C_MODULES:
        assert list(stdlib._c_docs(name)), name


def test_built_twice_is_the_same(tmp_path, monkeypatch):
    made = []
    for n, seed in enumerate(("1", "2")):
        cache = tmp_path / str(n)
        code = "from ance_core.data import load_dataset; print(load_dataset('pydocs:stdlib').fingerprint)"
        env = {**os.environ, "ANCE_CACHE": str(cache), "PYTHONHASHSEED": seed}
        out = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        made.append(out.stdout.strip())
    assert made[0] == made[1]
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path / "0"))
    data = load_dataset("pydocs:stdlib")  # from the cache of the first
    assert data.fingerprint == made[0]
    (folder,) = (tmp_path / "0" / "datasets").glob("pydocs-*")
    assert (
        json.loads((folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()[0])["_id"]
        == data.doc_ids[0]
    )
    labels = {split: set(data.qrels[split].docs.tolist()) for split in ("train", "dev", "test")}
    assert sum(map(len, labels.values())) == len(set.union(*labels.values())) == len(data.docs)
    assert 0.10 < len(labels["test"]) / len(data.docs) < 0.14
