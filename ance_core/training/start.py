"""Where a run's weights come from when not from the shared warm-up: another run's checkpoint.

`start` takes the weights alone and trains from step 0: stages (DANCE's second, ADORE on top of STAR). `fork`
takes weights, optimizer state and place in the data, and goes on from that step with another method, or with
the same one, which then repeats the parent's remaining steps bit for bit.
"""

from __future__ import annotations

import shutil
from typing import Any

from ..config import RunConfig, merge, parse
from ..data.of_run import pinned
from ..errors import ConfigError, StoreError
from ..reading import data_of
from ..runs import Run, Store
from ..runs.wear import pools_of, read_state
from ..samplers.pool_files import pool_path
from .checkpoint import read_checkpoint
from .episodes import inherit_start
from .problem import Problem
from .run import Training


def locate(text: str, store: Store, field: str) -> tuple[Run, int]:
    """The run and step that `RUN` or `RUN@STEP` names; without a step, its last checkpoint.

    Raises StoreError for an unknown run, ConfigError for a step without checkpoint, naming those there are.
    """
    name, at, step = text.rpartition("@") if "@" in text else (text, "", "")
    run = store.run(name)
    checkpoints = run.checkpoints()
    if not checkpoints:
        raise ConfigError(
            f"{field}: run '{name}' has no checkpoint yet; let it train on, or choose another run"
        )
    if not at:
        return run, max(checkpoints)
    if not step.isdecimal() or int(step) not in checkpoints:
        known = ", ".join(map(str, checkpoints))
        raise ConfigError(f"{field}: run '{name}' has no checkpoint at step {step!r}; it has {known}")
    return run, int(step)


def check_fits(config: RunConfig, problem: Problem, parent: Run, field: str) -> None:
    """Refuse weights that mean something else here: another corpus (so another vocabulary), other shapes."""
    theirs, settings = (
        {"name": None, "fingerprint": None, **parent.info["dataset"]},
        config_of(parent).encoder,
    )
    same_table = check_table(parent, problem, field)
    if (
        config.encoder.kind != "hf"
        and not same_table
        and theirs["fingerprint"] != problem.dataset.fingerprint
    ):
        raise ConfigError(
            f"{field}: run '{parent.name}' was trained on {theirs['name']} ({theirs['fingerprint']}), this one is on "
            f"{problem.dataset.name} ({problem.dataset.fingerprint}); token ids differ: use the same labels and "
            f"--data {pinned(parent)}"
        )
    if settings.towers == "untied" and config.encoder.towers == "shared":
        raise ConfigError(
            f"{field}: run '{parent.name}' has a tower for queries and one for documents, this one has a shared one; "
            "set encoder.towers to 'untied'"
        )
    # a table is known by its content, and brings its vocabulary
    tokens = () if same_table else ("model", "vocab_size", "vocabulary")
    learnt = (
        () if same_table or config.encoder.kind == "hf" else ("query_prefix", "document_prefix")
    )  # in its vocabulary
    shape = ("kind", "width", "dim", "layers", "heads", "head", *tokens, *learnt)
    own, other = config.encoder.model_dump(), settings.model_dump()
    for name in shape:
        if own[name] != other[name]:
            raise ConfigError(
                f"{field}: encoder.{name} is {own[name]!r} here and {other[name]!r} in run "
                f"'{parent.name}'; use the same encoder"
            )


def check_optimizer(config: RunConfig, parent: Run) -> None:
    """Refuse a fork under another optimizer than its parent's, whose state it would go on with."""
    theirs = parent.info["config"]["optimizer"]["kind"]
    if config.optimizer.kind != theirs:
        raise ConfigError(
            f"optimizer.kind: '{config.optimizer.kind}' here and '{theirs}' in run '{parent.name}', whose state a fork goes "
            f"on with; leave it out, or train a new run with --start {config.fork}, which takes the weights alone"
        )


def config_of(run: Run) -> RunConfig:
    """The settings of a run. ConfigError where they are not whole, or of another program."""
    config: RunConfig = parse(RunConfig, run.info["config"], f"run '{run.name}'")
    return config


def check_table(run: Run, problem: Problem, field: str) -> bool:
    """Whether both start from one token table, the same in content. ConfigError where it has changed since."""
    then, now = run.info.get("table"), problem.tokens.table
    if then is None or now is None:
        return False
    if then.get("fingerprint") != now.fingerprint:
        raise ConfigError(
            f"{field}: run '{run.name}' started from another token table ({then.get('model')}: "
            f"{then.get('fingerprint')}, now {now.files.model}: {now.fingerprint}), so its token ids differ: restore the "
            "folder, or train a new run"
        )
    return True


def fork_settings(parent: Run, step: int, recipe: str | None, changes: dict[str, Any]) -> dict[str, Any]:
    """Settings of a fork of `parent` at `step`: its own, with another recipe's, with `changes` over both.

    What belongs to the parent's method alone (its parameters, refresh and preset) stays behind when the recipe
    changes.
    """
    config_of(parent)  # refused here if it is not whole
    own = {k: v for k, v in parent.info["config"].items() if k not in ("name", "start", "fork")}
    own["data"] = {**data_of(own), "name": pinned(parent)}
    if recipe is not None and recipe != own["recipe"]:
        own = {k: v for k, v in own.items() if k not in ("method", "refresh", "preset")} | {"recipe": recipe}
        own["encoder"] = {
            k: v for k, v in own["encoder"].items() if k not in ("similarity", "temperature", "towers")
        }
    if "steps" not in changes and step >= own["steps"]:
        raise ConfigError(
            f"steps: run '{parent.name}' ends at step {own['steps']}, where this fork would begin; "
            "name an earlier --at, or a larger --steps"
        )
    return merge(own, changes, {"fork": f"{parent.name}@{step}"})


def continue_from(training: Training, parent: Run, step: int) -> None:
    """Bring a freshly assembled run to the parent's checkpoint; its pools too, if the method is the same."""
    folder = parent.checkpoints()[step]
    state = read_state(folder)
    if training.config.steps <= state["step"]:
        raise ConfigError(
            f"steps: {training.config.steps} given, but the fork begins at {state['step']}; raise steps"
        )
    read_checkpoint(folder, training.model, training.optimizer)
    if training.config.optimizer.kind == "sgd" and not training.config.optimizer.momentum:
        training.optimizer.state.clear()  # a parent's momentum is none of this run's
    training.step = training.first_step = state["step"]
    training.seconds = state["seconds"]
    if parent.info["recipe"] == training.config.recipe:
        if training.config.method.restart:
            inherit_start(parent.folder, state["first_step"], training.writer.folder)
        _copy_pools(parent, training, state["pools"])
        training.refresher.restore(state["pools"])


def _copy_pools(parent: Run, training: Training, state: dict[str, Any]) -> None:
    folder = training.writer.folder / "pools"
    folder.mkdir(exist_ok=True)
    for step in pools_of({"pools": state}):
        source = pool_path(parent.folder / "pools", step)
        if not source.is_file():
            raise StoreError(
                f"{source}: missing, so run '{parent.name}' cannot be forked with its own method: choose another --at"
            )
        shutil.copy2(source, pool_path(folder, step))
