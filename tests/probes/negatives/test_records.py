"""Reading records: what comes is what was written and asked for, whatever happened to the parts."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from ance_core.errors import StoreError
from ance_core.probes.negatives import open_records
from ance_core.runs.negatives import parts
from ance_core.samplers import SOURCES

from .invented import STEPS, columns, write


def test_columns_come_back_in_order_without_the_queries_of_a_dual_contrast(tmp_path):
    written = columns()
    write(tmp_path, written)
    records = open_records(tmp_path)
    documents = written["document"] >= 0
    read = records.read(["step", "document", "source", "hidden", "probability"])
    assert (records.rows, records.last) == (len(documents), STEPS)
    for name in ("step", "document", "hidden", "probability"):
        assert np.array_equal(read[name], written[name][documents])
    assert [SOURCES[code] for code in read["source"]] == list(written["source"][documents])


def test_a_condition_gives_the_rows_it_names_and_the_first_are_the_earliest(tmp_path):
    written = columns()
    write(tmp_path, written)
    records = open_records(tmp_path)
    wanted = (written["document"] >= 0) & written["hidden"] & (written["step"] > 15)
    where = pc.field("hidden") & (pc.field("step") > 15)
    assert np.array_equal(records.read(["query"], where)["query"], written["query"][wanted])
    assert records.count(where) == wanted.sum()
    assert np.array_equal(records.first(7, ["query"], where)["query"], written["query"][wanted][:7])


def test_no_records_are_empty_columns(tmp_path):
    records = open_records(tmp_path)
    assert (records.rows, records.last, records.files) == (0, 0, ())
    assert records.read(["step", "source"])["step"].shape == (0,)
    assert records.count() == 0
    assert records.first(5, ["query"])["query"].shape == (0,)


def test_a_torn_part_is_told_and_the_others_are_read(tmp_path):
    written = columns()
    write(tmp_path, written)
    torn = parts(tmp_path)[1].path
    torn.write_bytes(torn.read_bytes()[:200])
    records = open_records(tmp_path)
    assert len(records.unreadable) == 1
    assert torn.name in records.unreadable[0]
    assert "\n" not in records.unreadable[0]
    assert records.last == 20
    early = (written["document"] >= 0) & (written["step"] <= 20)
    assert len(records.read(["step"])["step"]) == early.sum()


def test_a_part_that_vanishes_after_it_was_listed_is_one_line(tmp_path):
    write(tmp_path, columns())
    records = open_records(tmp_path)
    parts(tmp_path)[0].path.unlink()
    with pytest.raises(StoreError, match=r"cannot be read.*look again") as error:
        records.read(["step"])
    assert "\n" not in str(error.value)


def test_damage_behind_the_footer_is_one_line(tmp_path):
    write(tmp_path, columns())
    path = parts(tmp_path)[0].path
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read") as error:
        open_records(tmp_path).read(["step", "query", "score"])
    assert "\n" not in str(error.value)
