"""`ance train`: one run, or the rest of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..config import RunConfig, merge, parse, read_settings, spelled_out
from ..errors import ConfigError, cut
from ..layers import read_yaml
from .app import AsJson, RunsFolder, app, console
from .data_options import Columns, Fold, IgnoreIds, Strict
from .training import train_new, train_rest

Setting = typer.Option


@app.command()
def train(
    data: Annotated[
        str | None, Setting("--data", help="catalogue, campus, pydocs, tiny, or a folder or file of yours")
    ] = None,
    recipe: Annotated[str | None, Setting("--recipe", help="method; see `ance recipes list`")] = None,
    preset: Annotated[
        str | None, Setting("--preset", help="named settings of the method, e.g. authors_code")
    ] = None,
    start: Annotated[
        str | None,
        Setting("--start", "--from", metavar="RUN[@STEP]", help="weights of a run instead of the warm-up's"),
    ] = None,
    encoder: Annotated[
        str | None,
        Setting("--encoder", help="static, static:FOLDER, static:wordllama, mini, or hf:FOLDER-OR-ID"),
    ] = None,
    steps: Annotated[int | None, Setting("--steps", help="updates after the warm-up")] = None,
    seed: Annotated[int | None, Setting("--seed", help="of weights, data order and draws")] = None,
    name: Annotated[str | None, Setting("--name", help="folder of the run")] = None,
    resume: Annotated[
        str | None, Setting("--resume", metavar="NAME", help="go on with a killed or stopped run")
    ] = None,
    labels_per_query: Annotated[
        str | None,
        Setting("--labels-per-query", metavar="N|all", help="labels kept a query; the rest are hidden"),
    ] = None,
    batch_size: Annotated[int | None, Setting("--batch-size", help="queries in a batch")] = None,
    learning_rate: Annotated[
        float | None, Setting("--learning-rate", "--lr", help="peak learning rate")
    ] = None,
    negatives: Annotated[int | None, Setting("--negatives", help="negatives a query and step")] = None,
    in_batch: Annotated[
        bool | None,
        Setting(
            "--in-batch/--no-in-batch", help="other passages of the batch are negatives too, in one softmax"
        ),
    ] = None,
    loss: Annotated[
        str | None, Setting("--loss", metavar="pairwise|softmax", help="instead of the method's own loss")
    ] = None,
    pool_depth: Annotated[int | None, Setting("--pool-depth", help="candidates kept a query")] = None,
    refresh_every: Annotated[int | None, Setting("--refresh-every", help="steps between refreshes")] = None,
    lag: Annotated[int | None, Setting("--lag", help="use refreshed negatives so many steps later")] = None,
    warmup: Annotated[
        str | None, Setting("--warmup", help="bm25, in-batch or none: the shared start")
    ] = None,
    warmup_steps: Annotated[int | None, Setting("--warmup-steps", help="steps of the shared start")] = None,
    probe_every: Annotated[
        int | None, Setting("--probe-every", help="steps between probes of exact gradient norms")
    ] = None,
    threads: Annotated[int | None, Setting("--threads", help="processor threads")] = None,
    strict: Strict = None,
    columns: Columns = None,
    fold: Fold = None,
    ignore_identical_ids: IgnoreIds = None,
    config: Annotated[Path | None, Setting("--config", help="YAML or JSON file of settings")] = None,
    setting: Annotated[
        list[str] | None, Setting("--set", metavar="KEY=VALUE", help="any setting, e.g. encoder.dim=64")
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Train a retriever with one method; `ance app` shows it live.

    What is said twice: a flag wins over --set, --set over --config, all three over the method's own
    defaults. Ctrl-C stops a run so that --resume can go on with it.
    """
    flags = {
        "data.name": data,
        "data.strict": strict,
        "data.columns": columns,
        "data.fold": fold,
        "data.ignore_identical_ids": ignore_identical_ids,
        "recipe": recipe,
        "preset": preset,
        "start": start,
        "encoder": encoder,
        "steps": steps,
        "seed": seed,
        "name": name,
        "labels_per_query": labels_per_query,
        "batch_size": batch_size,
        "threads": threads,
        "optimizer.learning_rate": learning_rate,
        "negatives.per_query": negatives,
        "negatives.in_batch": in_batch,
        "objective.kind": loss,
        "negatives.pool_depth": pool_depth,
        "refresh.every": refresh_every,
        "refresh.lag": lag,
        "refresh.mode": "lag" if lag else None,
        "warmup.recipe": warmup,
        "warmup.steps": warmup_steps,
        "record.probe_every": probe_every,
    }
    given = {key: value for key, value in flags.items() if value is not None}
    if resume is not None:
        _check_alone(resume, [*given, *(["config"] if config else []), *(setting or [])])
        train_rest(resume, runs, as_json)
        return
    layers = [read_settings(config)] if config else []
    layers += [assignment(text) for text in setting or []]
    layers += [nested(key, value) for key, value in given.items()]
    values = merge(*map(spelled_out, layers))
    parse(RunConfig, values)  # what is wrong here is said at once; loading what trains takes seconds
    with console.status("loading"):
        from ..training.settings import resolve
    train_new(resolve(values), runs, as_json)


def _check_alone(resume: str, given: list[str]) -> None:
    if given:
        raise ConfigError(
            f"--resume: goes on with the settings of '{resume}'; leave out {', '.join(given)}, or train a new run"
        )


def nested(key: str, value: Any) -> dict[str, Any]:
    """`"a.b", 1` as `{"a": {"b": 1}}`."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def assignment(text: str) -> dict[str, Any]:
    """`a.b=1` as a nested dict, the value read as YAML. ConfigError for anything else."""
    import yaml

    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not all(key.split(".")):
        raise ConfigError(f"--set: {cut(text)!r} is not KEY=VALUE; write for example --set encoder.dim=64")
    try:
        return nested(key, read_yaml(value))
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date that does not exist
        raise ConfigError(
            f"--set: the value of {cut(text)!r} is not YAML; put it in quotes: '{cut(key)}=\"...\"'"
        ) from None
