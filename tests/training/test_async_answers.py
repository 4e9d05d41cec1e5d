"""Answers of the second process that are not whole: refused, told, and never trained on."""

from ance_core.training.replay import schedule_of
from ance_core.training.session import train_runs

from .second_process import answered, at_steps, events, refresh


def pools_of(folder):
    (path,) = folder.glob("pools-*.safetensors")
    return path


def truncate(training):
    path = pools_of(answered(training))
    path.write_bytes(path.read_bytes()[:-10])


def corrupt(training):
    path = pools_of(answered(training))
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)


def lose(training):
    pools_of(answered(training)).unlink()


def garble(training):
    (answered(training) / "result.json").write_text('{"number": 4, "st')


def test_answers_that_are_not_whole_are_refused(store, settings):
    faults = at_steps(s5=truncate, s9=corrupt, s13=lose, s17=garble)
    config = settings(recipe="ance", steps=24, refresh=refresh(max_staleness=0))
    whole = at_steps(s21=answered)

    def watch(training):
        faults(training)
        whole(training)

    (run,) = train_runs([config], store, watch=watch)
    refused = events(run, "refresh refused")
    ending = "; training goes on with the negatives of step 0"
    assert [message.endswith(ending) for message in refused] == [True] * 4
    reasons = [message.removesuffix(ending) for message in refused]
    assert reasons[0].startswith("pools-1.safetensors has ")
    assert reasons[1] == "pools-2.safetensors has another content than was written"
    assert reasons[2] == "pools-3.safetensors is missing"
    assert reasons[3] == "result.json cannot be read"
    assert schedule_of(run) == [(0, 0), (20, 21)]
    assert set(run.negatives()["index_step"]) == {0, 20}
