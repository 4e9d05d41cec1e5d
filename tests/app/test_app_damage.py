"""Every page beside damaged runs: the sound ones are shown as ever, the damaged ones are said to be damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ance_app.source import Source

from . import probes_of_runs as measured
from .negatives_of_runs import trained
from .test_app_pages import figures, text


def first(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[0]


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def deep(path: Path) -> None:
    path.write_text('{"format_version": 1, "config": ' + "[" * 100_000 + "]" * 100_000 + "}")


def fewer_rows(folder: Path) -> None:
    path = first(folder, "snapshots/*/document_rows.npy")
    np.save(path, np.load(path)[:-3])


LOST: dict[str, Callable[[Path], object]] = {
    "no log": lambda f: (f / "log.sqlite").unlink(),
    "empty log": lambda f: (f / "log.sqlite").write_bytes(b""),
    "garbage log": lambda f: (f / "log.sqlite").write_bytes(b"SQLite? no" * 500),
    "folder log": lambda f: a_folder(f / "log.sqlite"),
    "list as run.json": lambda f: (f / "run.json").write_text("[]"),
    "date without time": lambda f: change(f / "run.json", created="2025-11-25"),
    "wrong types": lambda f: change(f / "run.json", dataset=[1], config={"steps": "many"}),
    "deep": lambda f: deep(f / "run.json"),
}
WORN: dict[str, Callable[[Path], object]] = {
    "results list": lambda f: (f / "results.json").write_text("[]"),
    "results deep": lambda f: (f / "results.json").write_text("[" * 100_000),
    "empty parquet": lambda f: first(f, "negatives/*.parquet").write_bytes(b""),
    "folder parquet": lambda f: a_folder(first(f, "negatives/*.parquet")),
    "empty npy": lambda f: first(f, "snapshots/*/documents.npy").write_bytes(b""),
    "wrong lengths": fewer_rows,
    "no manifest": lambda f: first(f, "snapshots/*/manifest.json").unlink(),
    "cut tokenizer": lambda f: (f / "model/tokenizer.json").write_bytes(
        (f / "model/tokenizer.json").read_bytes()[:900]
    ),
    "missing pool": lambda f: sorted(f.glob("pools/*.safetensors"))[-1].unlink(),
    "garbage pool": lambda f: first(f, "pools/*.safetensors").write_bytes(b"no pool" * 99),
    "garbage probe": lambda f: first(f, "probes/*.parquet").write_bytes(b"no probe" * 99),
    "folder per query": lambda f: a_folder(f / "per_query.parquet"),
}


@pytest.fixture(scope="module")
def hurt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound run, and a damaged copy of it for each kind of damage."""
    folder = tmp_path_factory.mktemp("hurt")
    trained(folder, "ance", "sound")
    trained(folder, "random", "other")
    table = measured.table(4).assign(document=lambda t: t["document"] % 24)
    for step in (4, 8):
        measured.probes.write(folder / "sound", step, table)
    for name, damage in (LOST | WORN).items():
        shutil.copytree(folder / "sound", folder / name.replace(" ", "-"))
        damage(folder / name.replace(" ", "-"))
    shutil.copytree(folder / "sound", folder / "good (copy)")
    return folder


PAGES = [
    ("runs", {}),
    ("convergence", {}),
    ("gradients", {}),
    ("space", {}),
    ("whatif", {"of": "sound"}),
    *(
        ("negatives", {"question": q})
        for q in ("Difficulty", "Ranks", "False negatives", "Freshness", "Forgetting")
    ),
    *(("negatives", {"question": q}) for q in ("Variety", "Errors")),
]


@pytest.mark.parametrize(
    ("page", "query"), PAGES, ids=lambda value: value if isinstance(value, str) else "".join(value.values())
)
def test_pages_show_the_sound_runs_and_name_the_damaged(open_page, hurt, page, query):
    app = open_page(hurt, page, lines="Each run", **query)
    assert not app.exception
    assert [error.value for error in app.error] == []
    shown = text(app)
    for name in LOST:
        assert f"{name.replace(' ', '-')}" in shown
    labels = [one.label for one in app.expander]
    assert f"{len(LOST)} folders could not be read" in labels
    assert any("of the runs here are damaged" in label for label in labels)
    for name in WORN:
        assert f"/{name.replace(' ', '-')}/" in shown
    if page == "runs":
        assert "<b>sound</b>" in shown
        assert "<b>good (copy)</b>" in shown
        assert shown.count("Damaged") == len(WORN)
    else:
        assert figures(app)


def test_damage_that_comes_later_is_seen(hurt, tmp_path, monkeypatch):
    shutil.copytree(hurt / "sound", tmp_path / "sound")
    source = Source(tmp_path)
    monkeypatch.setattr("ance_app.source.LOOK_S", 0.0)
    assert source.damage() == []
    (tmp_path / "sound" / "results.json").write_text("[]")
    (line,) = source.damage()
    assert "results.json: damaged, a list and not a group: restore it from a copy" in line
    fresh = Source(tmp_path)
    assert [(run.test, run.state) for run in fresh.summaries()] == [(None, "finished")]
