"""`ance train`: one run, or the rest of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..config import merge, read_settings
from ..errors import ConfigError
from .app import AsJson, RunsFolder, app, console, print_json

Setting = typer.Option
DEFAULT = "default: the method's own, see run.json"


@app.command()
def train(
    data: Annotated[str | None, Setting("--data", help="pydocs, tiny, or a folder or file of yours")] = None,
    recipe: Annotated[str | None, Setting("--recipe", help="method; see `ance recipes list`")] = None,
    preset: Annotated[
        str | None, Setting("--preset", help="named settings of the method, e.g. authors_code")
    ] = None,
    start: Annotated[
        str | None,
        Setting("--start", "--from", metavar="RUN[@STEP]", help="weights of a run instead of the warm-up's"),
    ] = None,
    encoder: Annotated[str | None, Setting("--encoder", help="static, mini, or hf:FOLDER-OR-ID")] = None,
    steps: Annotated[int | None, Setting("--steps", help="updates after the warm-up")] = None,
    seed: Annotated[int | None, Setting("--seed", help="of weights, data order and draws")] = None,
    name: Annotated[str | None, Setting("--name", help="folder of the run")] = None,
    resume: Annotated[
        str | None, Setting("--resume", metavar="NAME", help="go on with a killed or stopped run")
    ] = None,
    labels_per_query: Annotated[
        int | None, Setting("--labels-per-query", help="labels kept a query; the rest are hidden")
    ] = None,
    batch_size: Annotated[int | None, Setting("--batch-size", help="queries in a batch")] = None,
    learning_rate: Annotated[
        float | None, Setting("--learning-rate", "--lr", help="peak learning rate")
    ] = None,
    negatives: Annotated[int | None, Setting("--negatives", help="negatives a query and step")] = None,
    pool_depth: Annotated[int | None, Setting("--pool-depth", help="candidates kept a query")] = None,
    refresh_every: Annotated[int | None, Setting("--refresh-every", help="steps between refreshes")] = None,
    lag: Annotated[int | None, Setting("--lag", help="use refreshed negatives so many steps later")] = None,
    warmup: Annotated[
        str | None, Setting("--warmup", help="bm25, in-batch or none: the shared start")
    ] = None,
    warmup_steps: Annotated[int | None, Setting("--warmup-steps", help="steps of the shared start")] = None,
    threads: Annotated[int | None, Setting("--threads", help="processor threads")] = None,
    config: Annotated[
        Path | None, Setting("--config", help="YAML or JSON file of settings; flags win over it")
    ] = None,
    setting: Annotated[
        list[str] | None, Setting("--set", metavar="KEY=VALUE", help="any setting, e.g. encoder.dim=64")
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Train a retriever with one method; `ance app` shows it live."""
    flags = {
        "data": data,
        "recipe": recipe,
        "preset": preset,
        "start": start,
        "steps": steps,
        "seed": seed,
        "name": name,
        "labels_per_query": labels_per_query,
        "batch_size": batch_size,
        "threads": threads,
        "optimizer.learning_rate": learning_rate,
        "negatives.per_query": negatives,
        "negatives.pool_depth": pool_depth,
        "refresh.every": refresh_every,
        "refresh.lag": lag,
        "refresh.mode": "lag" if lag else None,
        "warmup.recipe": warmup,
        "warmup.steps": warmup_steps,
    }
    given = {key: value for key, value in flags.items() if value is not None}

    from ..runs import Store
    from ..training.session import resume_run, train_runs
    from ..training.settings import encoder_settings, resolve
    from .progress import training_progress
    from .results import announce, run_summary

    if resume is not None:
        if given or encoder or config or setting:
            extra = ", ".join(
                [*given, *(["encoder"] if encoder else []), *(["config"] if config else []), *(setting or [])]
            )
            raise ConfigError(
                f"--resume: goes on with the settings of '{resume}'; leave out {extra}, or train a new run"
            )
        with training_progress(console) as watch:
            run = resume_run(resume, Store(runs), watch=watch)
    else:
        layers = [
            read_settings(config) if config else {},
            *map(nested, given.items()),
            *map(assignment, setting or []),
        ]
        if encoder:
            layers.append({"encoder": encoder_settings(encoder)})
        resolved = resolve(merge(*layers))
        with training_progress(console) as watch:
            (run,) = train_runs([resolved], Store(runs, create=True), watch=watch)
    if as_json:
        print_json(run_summary(run))
    else:
        announce(run)


def nested(item: tuple[str, Any]) -> dict[str, Any]:
    """`("a.b", 1)` as `{"a": {"b": 1}}`."""
    key, value = item
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def assignment(text: str) -> dict[str, Any]:
    """`a.b=1` as a nested dict, the value read as YAML."""
    import yaml

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set: {text!r} is not KEY=VALUE; write for example --set encoder.dim=64")
    return nested((key.strip(), yaml.safe_load(value)))
