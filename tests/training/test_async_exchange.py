"""The files of the hand-off, and the process at its other end, without a training around them."""

import json
import os
import time
from dataclasses import asdict

import numpy as np
import psutil
import pytest

from ance_core.runs.files import sweep
from ance_core.samplers import Pool
from ance_core.samplers.pool_files import pool_path
from ance_core.training.exchange import Contents, Exchange, RefusedError, Request
from ance_core.training.worker import Worker


@pytest.fixture
def run_folder(tmp_path):
    (tmp_path / "pools").mkdir()
    return tmp_path


def pools(step):
    docs = np.arange(6, dtype=np.int32).reshape(2, 3)
    return {"own": Pool.of(docs, docs.astype(np.float32), np.ones(2, np.float32), "ann", step)}


def asked(exchange, number=1, step=40, weights=b"weights"):
    request = Request(number, step, 0, exchange.put_weights(step, weights))
    exchange.ask(request)
    return request


def test_there_and_back(run_folder):
    trainer = Exchange.fresh(run_folder)
    assert trainer.request() is None
    assert trainer.answer() is None
    request = asked(trainer)

    inferencer = Exchange(trainer.folder)
    assert inferencer.request() == request
    assert (inferencer.check_weights(request) / "model.safetensors").read_bytes() == b"weights"
    inferencer.put_result(request, pools(40), {"jaccard": 0.5, "queries": 2})

    result = trainer.answer()
    assert (result.number, result.step, result.record) == (1, 40, {"jaccard": 0.5, "queries": 2})
    assert trainer.answer() is None, "an answer is taken once"
    found = trainer.take_pools(result, run_folder / "pools")["own"]
    for name, array in vars(pools(40)["own"]).items():
        np.testing.assert_array_equal(getattr(found, name), array)
    assert pool_path(run_folder / "pools", 40).exists()
    trainer.close()
    assert [path.name for path in run_folder.iterdir()] == ["pools"]


def test_half_written_pools_leave_nothing_in_the_run(run_folder):
    exchange = Exchange.fresh(run_folder)
    request = asked(exchange)
    exchange.put_result(request, pools(40), {})
    path = exchange.pools(1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RefusedError, match=r"pools-1.safetensors has 100 bytes, \d+ were written"):
        exchange.take_pools(exchange.answer(), run_folder / "pools")
    assert list((run_folder / "pools").iterdir()) == []


def test_weights_that_changed_on_the_way_are_refused(run_folder):
    exchange = Exchange.fresh(run_folder)
    request = asked(exchange)
    exchange.weights(40).write_bytes(b"weightz")
    with pytest.raises(RefusedError, match=r"model.safetensors has another content than was written"):
        exchange.check_weights(request)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"number": 1}', '{"number": 1, "step": 4, "pools": 3, "record": {}}']
)
def test_a_manifest_that_says_too_little_is_refused_and_gone(run_folder, text):
    exchange = Exchange.fresh(run_folder)
    (exchange.folder / "result.json").write_text(text)
    with pytest.raises(RefusedError, match=r"result.json cannot be read"):
        exchange.answer()
    assert exchange.answer() is None


def test_an_inferencer_of_an_earlier_life_has_nowhere_to_answer(run_folder):
    earlier = Exchange.fresh(run_folder)
    request = asked(earlier)
    sweep(run_folder)  # what whoever resumes a run does first
    later = Exchange.fresh(run_folder)
    with pytest.raises(Exception, match="cannot be written"):
        Exchange(earlier.folder).put_result(request, pools(40), {})
    assert later.answer() is None


def test_manifests_are_plain_json(run_folder):
    exchange = Exchange.fresh(run_folder)
    request = asked(exchange)
    assert json.loads((exchange.folder / "request.json").read_text()) == asdict(request)
    assert request.weights == Contents.of(b"weights")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """`module("code")`: the name of a module with this code, importable in a new process."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(code):
        (tmp_path / "other_process.py").write_text(code)
        return "other_process"

    return write


def end_of(worker):
    until = time.monotonic() + 60
    while (ended := worker.ended()) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    worker.close()
    return ended


def test_the_end_of_a_process_is_told_with_its_last_line(module):
    worker = Worker(
        module("import sys\nprint('first', file=sys.stderr)\nsys.exit('the disk is full')"), [], 1
    )
    assert end_of(worker) == "exit code 1: the disk is full"


def test_a_process_ends_when_its_input_does(module):
    worker = Worker(module("import sys\nsys.stdin.read()\nsys.exit(3)"), [], 1)
    assert worker.ended() is None
    worker.close()
    assert worker.ended() == "exit code 3: it wrote nothing"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_that_ignores_it_is_killed(module):
    worker = Worker(module("import time\ntime.sleep(600)"), [], 1)
    worker.close(patience=0.2)
    assert worker.ended() == "exit code -9 (SIGKILL): it wrote nothing"
    assert not psutil.pid_exists(worker.pid)


def test_threads_reach_the_process(module):
    code = "import os, sys\nsys.exit(os.environ['OMP_NUM_THREADS'] + ' ' + ' '.join(sys.argv[1:]))"
    worker = Worker(module(code), ["--run", "it"], 3)
    assert end_of(worker) == "exit code 1: 3 --run it"
