"""AdamW or SGD: what is refused, where a rate comes from, updates against plain formulas, resuming and forking."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

from ance_core.cli.train_commands import assignment
from ance_core.config import OptimizerConfig, RunConfig, parse
from ance_core.data.declaration import Declared
from ance_core.errors import ConfigError, TrainingError
from ance_core.training.defaults import SGD_RATES, settle
from ance_core.training.optimizer import clip, make_optimizer
from ance_core.training.problem import load_problem
from ance_core.training.session import resume_run, train_runs
from ance_core.training.settings import resolve
from ance_core.training.start import fork_settings
from ance_core.training.warmup import warmup_config, warmup_name

from .test_session import WHAT, assert_same_run

PLAIN = {"kind": "sgd", "learning_rate": 0.1, "max_grad_norm": None}
HEAVY = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.01}


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ({"kind": "adam"}, "optimizer.kind: 'adam' given; it must be one of adamw, sgd (default adamw)"),
        ({"momentum": 0.9}, "optimizer.momentum: 0.9 goes with kind 'sgd', not 'adamw', which has moments of its own; "),
        ({"kind": "sgd", "momentum": 1}, "optimizer.momentum: 1 given; it must be below 1 (default 0.0)"),
        ({"max_grad_norm": 0}, "optimizer.max_grad_norm: 0 given; it must be above 0 (default 1.0)"),
        ({"max_grad_norm": True}, "optimizer.max_grad_norm: True given; it must be a number, or none (default 1.0)"),
        ({"max_grad_norm": "off"}, "optimizer.max_grad_norm: 'off' given; it must be a number, or none (default 1.0)"),
    ],
)  # fmt: skip
def test_settings_that_do_not_go_together_are_refused_in_one_line(optimizer, message):
    with pytest.raises(ConfigError) as error:
        resolve({"optimizer": optimizer})
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("word", ["null", "none", "~"])
def test_no_clipping_as_the_command_line_spells_it(word):
    config = resolve(assignment(f"optimizer.max_grad_norm={word}"))
    assert config.optimizer.max_grad_norm is None
    assert parse(RunConfig, config.model_dump(mode="json")).optimizer.max_grad_norm is None


def test_the_decay_of_a_kind_is_its_own_unless_it_is_named():
    assert OptimizerConfig().weight_decay == 0.01
    assert OptimizerConfig(kind="sgd").weight_decay == 0
    assert OptimizerConfig(kind="sgd", weight_decay=0.3).weight_decay == 0.3


def test_a_rate_that_a_collection_found_for_adamw_is_not_used_under_sgd():
    problem = load_problem(resolve({"data": "tiny"}))
    declared = Declared(
        settings={"static": {"optimizer": {"learning_rate": 9e-3}, "warmup": {"learning_rate": 7e-3}}}
    )
    said = {"data": "tiny", "optimizer": {"kind": "sgd"}}
    plain = settle(resolve({"data": "tiny"}, declared), problem)
    sgd = settle(resolve(said, declared), problem)
    assert plain.optimizer.learning_rate == 9e-3
    assert sgd.optimizer.learning_rate == SGD_RATES["static"]
    assert sgd.origins["optimizer.learning_rate"].startswith("rule: ")
    assert sgd.origins["optimizer.learning_rate"].endswith("for 'static' under SGD")
    assert sgd.warmup.learning_rate == 7e-3  # the shared start's, which takes AdamW
    own = Declared(settings={"static": {"optimizer": {"kind": "sgd", "learning_rate": 0.7}}})
    assert settle(resolve(said, own), problem).optimizer.learning_rate == 0.7
    back = settle(resolve({"data": "tiny", "optimizer": {"kind": "adamw"}}, own), problem)
    assert back.optimizer.learning_rate == 6e-4


def test_momentum_lowers_the_rate_of_the_rule_and_says_so():
    problem = load_problem(resolve({"data": "tiny"}))
    heavy = settle(resolve({"data": "tiny", "optimizer": {"kind": "sgd", "momentum": 0.75}}), problem)
    assert heavy.optimizer.learning_rate == pytest.approx(SGD_RATES["static"] / 4)
    assert heavy.origins["optimizer.learning_rate"].endswith("under SGD, times 1 - momentum 0.75")


def test_sgd_without_a_rule_for_the_encoder_asks_for_a_rate(store):
    said = {"data": "tiny", "encoder": "mini", "optimizer": {"kind": "sgd"}}
    with pytest.raises(ConfigError, match=r"no rule under SGD for encoder 'mini'.*name one with --lr"):
        train_runs([resolve(said)], store)
    assert store.runs() == []


def test_all_kinds_share_the_start_of_adamw(settings):
    problem = load_problem(settings())
    kinds = [settle(settings(optimizer=optimizer), problem) for optimizer in ({}, PLAIN, HEAVY)]
    starts = [warmup_config(config, problem) for config in kinds]
    assert {start.optimizer.kind for start in starts} == {"adamw"}
    assert len({warmup_name(start, problem) for start in starts}) == 1


def weights(optimizer, limit, gradients):
    """(steps, 3): weights after each update at rate .5, by the optimizer of these settings."""
    w = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
    made = make_optimizer(OptimizerConfig(**optimizer), [w])
    found = []
    for g in gradients:
        w.grad = torch.tensor(g)
        clip(made, float(w.grad.norm()), limit)
        for group in made.param_groups:
            group["lr"] = 0.5
        made.step()
        made.zero_grad()
        found.append(w.detach().numpy().copy())
    return np.array(found)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("limit", [None, 1.0])
def test_an_update_of_sgd_is_the_textbooks(momentum, decay, limit):
    gradients = [[3.0, 0.0, 4.0], [0.1, 0.2, -0.1], [-2.0, 1.0, 0.0]]
    w, b, expected = np.array([1.0, -2.0, 0.5]), np.zeros(3), []
    for g in map(np.array, gradients):
        norm = np.linalg.norm(g)
        clipped = g if limit is None or norm <= limit else g * limit / norm
        b = momentum * b + clipped + decay * w
        w = w - 0.5 * b
        expected.append(w)
    settings = {"kind": "sgd", "momentum": momentum, "weight_decay": decay}
    np.testing.assert_allclose(weights(settings, limit, gradients), expected, rtol=1e-6)


def test_gradients_three_times_as_large_move_weights_three_times_as_far_under_sgd_alone():
    small = [[0.1, -0.2, 0.3], [0.2, 0.1, 0.1]]
    large = [[3 * x for x in g] for g in small]

    def moved(kind, gradients):
        end = weights({"kind": kind, "weight_decay": 0.0}, None, gradients)[-1]
        return np.linalg.norm(end - [1.0, -2.0, 0.5])

    assert moved("sgd", large) == pytest.approx(3 * moved("sgd", small), rel=1e-5)
    assert moved("adamw", large) == pytest.approx(moved("adamw", small), rel=1e-5)


@pytest.mark.parametrize(
    ("optimizer", "kept"),
    [
        (PLAIN, set()),
        (HEAVY, {"momentum_buffer"}),
        ({"max_grad_norm": None}, {"step", "exp_avg", "exp_avg_sq"}),
    ],
    ids=["sgd", "momentum", "adamw"],
)
def test_a_stopped_run_goes_on_bit_for_bit(store, settings, optimizer, kept):
    what = {"recipe": "ance", "refresh": {"mode": "lag", "every": 4, "lag": 3}, "optimizer": optimizer}
    (whole,) = train_runs([settings(name="whole", **what)], store)

    def halt(training):
        if training.writer.name == "halted" and training.step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_runs([settings(name="halted", **what)], store, watch=halt)
    resumed = resume_run("halted", store)
    assert len(resumed.events().query("kind == 'resumed'")) == 1
    assert_same_run(whole, resumed)
    state = load_file(whole.checkpoints()[5] / "optimizer.safetensors")
    assert {key.split("/")[0] for key in state} == kept


@pytest.mark.parametrize("optimizer", [PLAIN, HEAVY], ids=["sgd", "momentum"])
def test_a_fork_repeats_its_parent_bit_for_bit(store, settings, optimizer):
    (parent,) = train_runs([settings(recipe="ance", name="parent", optimizer=optimizer)], store)
    (child,) = train_runs([resolve(fork_settings(parent, 5, None, {}))], store)
    ours, theirs = (load_file(run.checkpoints()[12] / "model.safetensors") for run in (child, parent))
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(tensor, ours[name])
    after = [run.scalars(after_step=5)[WHAT].query("name != 'weights/distance'") for run in (child, parent)]
    pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in after))


def test_a_fork_under_another_kind_is_refused_before_a_folder_is_made(store, settings):
    (parent,) = train_runs([settings(recipe="random", name="parent")], store)
    names = {run.name for run in store.runs()}
    with pytest.raises(
        ConfigError, match=r"optimizer.kind: 'sgd' here and 'adamw' in run 'parent'.*--start parent@5"
    ):
        train_runs([resolve(fork_settings(parent, 5, None, {"optimizer": {"kind": "sgd"}}))], store)
    assert {run.name for run in store.runs()} == names


def test_a_fork_without_momentum_forgets_its_parents(store, settings):
    (parent,) = train_runs([settings(recipe="random", name="parent", optimizer=HEAVY)], store)
    config = resolve(fork_settings(parent, 5, None, {"optimizer": {"momentum": 0.0}}))
    (child,) = train_runs([config], store)
    assert load_file(child.checkpoints()[5] / "optimizer.safetensors") == {}


def test_a_run_of_before_took_adamw(store, settings):
    (run,) = train_runs([settings(recipe="random", name="old")], store)
    path = run.folder / "run.json"
    info = json.loads(path.read_text())
    for name in ("kind", "momentum"):
        del info["config"]["optimizer"][name]
    path.write_text(json.dumps(info))
    assert store.run("old").info["config"]["optimizer"] == run.info["config"]["optimizer"]
    (child,) = train_runs([resolve(fork_settings(store.run("old"), 5, None, {}))], store)
    assert child.status().state == "finished"


def test_a_rate_that_diverges_stops_before_weights_that_are_not_finite(store, settings):
    """Plain SGD at an absurd rate: one line with the remedy, the batch saved, every checkpoint finite."""
    wild = {"kind": "sgd", "learning_rate": 1e9, "max_grad_norm": None}
    record = {"checkpoint_every": 1}
    with pytest.raises(
        TrainingError, match=r"at step \d+; lower optimizer.learning_rate \(now 1000000000"
    ) as error:
        train_runs([settings(recipe="random", name="wild", optimizer=wild, record=record, steps=60)], store)
    assert "\n" not in str(error.value)
    run = store.run("wild")
    assert run.status().state == "failed"
    assert json.loads((run.folder / "failed-batch.json").read_text())["step"] == max(run.checkpoints()) + 1
    last = load_file(run.checkpoints()[max(run.checkpoints())] / "model.safetensors")
    assert all(np.isfinite(tensor).all() for tensor in last.values())


def test_a_gradient_that_is_not_finite_is_not_applied(store, settings, monkeypatch):
    """A finite loss with an infinite gradient: stopped by name, before the update."""
    from ance_core.training.gradients import GradientMeter

    real = GradientMeter.norms

    def poisoned(meter):
        return real(meter) | ({"total": math.inf} if poisoned.on else {})

    poisoned.on = False
    monkeypatch.setattr(GradientMeter, "norms", poisoned)
    train_runs([settings(recipe="random", name="warm-me-up")], store)
    poisoned.on = True
    with pytest.raises(TrainingError, match=r"gradient norm: inf at step 1; lower optimizer.learning_rate"):
        train_runs([settings(recipe="random", name="bad")], store)
    assert list(store.run("bad").checkpoints()) == [0]
    assert (store.run("bad").folder / "failed-batch.json").exists()
