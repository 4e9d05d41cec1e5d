"""Collections in a zip, or in a folder of their own inside another."""

import shutil
import zipfile

import pytest

from ance_core.data import cache_dir, load_dataset
from ance_core.data.declared import declared
from ance_core.errors import DataError

from .folders import beir, jsonl, trec_qrels, write

PAIRS = [{"query": f"question {n}", "passage": f"answer {n}"} for n in range(5)]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ANCE_CACHE", str(tmp_path / "cache"))
    return cache_dir()


def test_a_zip_is_the_folder_in_it(tmp_path, cache):
    plain = beir(tmp_path / "ferry")
    write(plain / "collection.yaml", "labels_per_query: 1\n")
    for root in (tmp_path, plain):  # the folder, and its contents
        archive = shutil.make_archive(
            str(tmp_path / f"zip-{root.name}"), "zip", root, "." if root == plain else "ferry"
        )
        data = load_dataset(archive)
        assert data.fingerprint == load_dataset(plain).fingerprint
        assert data.declared.labels_per_query == declared(archive).labels_per_query == 1
    write(plain / "qrels" / "test.tsv", "q4\td4\tbad\n")
    archive = shutil.make_archive(str(tmp_path / "bad"), "zip", plain)
    with pytest.raises(DataError, match=r"bad.zip.qrels.test.tsv:1: score 'bad'"):
        load_dataset(archive)


@pytest.mark.parametrize("name", ["../out.jsonl", "/etc/out.jsonl", "C:/out.jsonl", "a/../../out.jsonl"])
def test_a_zip_that_points_outside_writes_nothing(tmp_path, cache, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, jsonl(PAIRS))
    with pytest.raises(DataError, match="points out of the archive"):
        load_dataset(tmp_path / "a.zip")
    assert not (cache / "unpacked").exists()


def test_zips_that_cannot_be_unpacked(tmp_path, cache, monkeypatch):
    write(tmp_path / "no.zip", "no zip")
    with pytest.raises(DataError, match=r"no.zip: cannot be unpacked \('File is not a zip file'\)"):
        load_dataset(tmp_path / "no.zip")
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    with pytest.raises(DataError, match=r"empty.zip: no file in it"):
        load_dataset(tmp_path / "empty.zip")
    monkeypatch.setattr("ance_core.data.unpacked.MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", "x" * 2000)
    with pytest.raises(DataError, match=r"bomb.zip: 1 files of .* the limits are"):
        load_dataset(tmp_path / "bomb.zip")


def test_a_folder_that_holds_the_collection_s_folder(tmp_path):
    plain = beir(tmp_path / "download" / "scifact" / "scifact")
    write(tmp_path / "download" / "LICENSE", "free")
    assert load_dataset(tmp_path / "download").fingerprint == load_dataset(plain).fingerprint
    beir(tmp_path / "download" / "nfcorpus")
    with pytest.raises(DataError, match=r"2 collections in it, nfcorpus, scifact.scifact: name one of them"):
        load_dataset(tmp_path / "download")


def test_folders_of_other_formats_are_no_tables(tmp_path):
    write(tmp_path / "corpus.jsonl", jsonl([{"_id": "a", "text": "b"}]))
    with pytest.raises(DataError, match=r"no known format \(it has corpus.jsonl\)"):
        load_dataset(tmp_path)
    write(tmp_path / "t" / "qrels.tsv", trec_qrels([("q1", "d1", 1)]))
    with pytest.raises(DataError, match="no known format"):
        load_dataset(tmp_path / "t")
