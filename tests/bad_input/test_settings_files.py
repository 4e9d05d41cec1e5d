"""`--config` with what nobody should write: one line, at once; and texts that a terminal would obey."""

from __future__ import annotations

import json

import pytest

from ance_core.tables import one_line

LONG = "n" * 300
FILES = {
    "alias.yaml": (
        "a: &a [x, x]\ndata: *a\n",
        r"alias.yaml:2: an alias (`*name`), which settings do not have",
    ),
    "merge.yaml": ("x: &x {data: tiny}\n<<: *x\n", "an alias"),
    "deep.yaml": ("data: " + "[" * 100_000 + "]" * 100_000, "nested more than 32 levels deep"),
    "deep.json": ('{"data": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested more than 32 levels deep"),
    "less-deep.json": ('{"data": ' + "[" * 500 + "]" * 500 + "}", "nested more than 32 levels deep"),
    "nul.json": (
        json.dumps({"data": "a\0b"}),
        "data.name: 'a\\x00b' given; it must be a name or a path, and it has control",
    ),
    "nul.yaml": ("data: a\0b", "not valid YAML"),
    "long-data.yaml": (f"data: {LONG}", "a name in it has more than 255 bytes"),
    "long-name.yaml": (f"data: tiny\nname: {LONG}", "letters, digits"),
    "long-model.yaml": (f"data: tiny\nencoder: hf:{LONG}", "a name in it has more than 255 bytes"),
    "nobody.yaml": ("data: ~nobody-here/x", "there is no user 'nobody-here'"),
    "nobody-model.yaml": ("data: tiny\nencoder: hf:~nobody-here/x", "there is no user 'nobody-here'"),
    "large.yaml": ("# " + "x" * (1 << 20), "more than 1 MB"),
    "many.yaml": ("\n".join(f"key{n}: 1" for n in range(3000)), "; and 2995 more"),
}


@pytest.mark.parametrize("name", FILES)
def test_settings_in_a_file(ance, tmp_path, name):
    text, said = FILES[name]
    (tmp_path / name).write_text(text)
    done = ance("train", "--config", tmp_path / name, "--runs", tmp_path / "runs")
    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert said in line
    assert len(line) < 1500
    assert line.isprintable()
    assert not (tmp_path / "runs").exists() or name == "long-name.yaml"


def test_names_of_folders(ance, tmp_path):
    for words in (
        ["runs", "list", "--runs", LONG],
        ["data", "check", LONG],
        ["data", "check", "~nobody-here/x"],
    ):
        done = ance(*words)
        assert done.code == 1
        assert done.err.startswith("ance: ")
        assert "unexpected" not in done.err


def test_a_document_cannot_command_the_terminal(ance, tmp_path):
    folder = tmp_path / "evil"
    folder.mkdir()
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m red\u202e"
    with open(folder / "corpus.jsonl", "w") as file:
        for n in range(30):
            file.write(
                json.dumps({"_id": f"d{n}\x1b[2J" if n % 2 else f"d{n}", "text": f"{evil} text {n}"}) + "\n"
            )
    with open(folder / "queries.jsonl", "w") as file:
        for n in range(12):
            file.write(json.dumps({"_id": f"q{n}", "text": f"text {n}"}) + "\n")
    (folder / "qrels").mkdir()
    for split, first in (("train", 0), ("dev", 8), ("test", 10)):
        rows = [f"q{n}\td{2 * n}\t1" for n in range(first, first + (8 if split == "train" else 2))]
        (folder / "qrels" / f"{split}.tsv").write_text(
            "\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n"
        )
    runs = tmp_path / "runs"
    small = ["--steps", 2, "--warmup", "none", "--recipe", "random", "--set", "encoder.vocab_size=300"]
    assert ance("train", "--data", folder, "--name", "evil", *small, "--runs", runs).code == 0
    done = ance("search", "evil", "text 1", "--runs", runs)
    assert done.code == 0
    assert "text" in done.out
    assert all(line.isprintable() for line in done.out.splitlines())
    told = ance("search", "evil", "text 1", "--json", "--runs", runs)
    assert all(line.isprintable() for line in told.out.splitlines())
    assert any("\x9b" in hit["text"] for hit in json.loads(told.out)["hits"])  # the data itself is whole


def test_one_line_keeps_what_letters_need():
    assert (
        one_line("می\u200cخواهم \U0001f469\u200d\U0001f680\x1b[0m")
        == "می\u200cخواهم \U0001f469\u200d\U0001f680 [0m"
    )
