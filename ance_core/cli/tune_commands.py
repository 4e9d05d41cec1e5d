"""`ance tune`: the warm-up and learning rate for a collection, by the declared search."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..tables import Column, FittedTable
from .app import AsJson, app, console, out, print_json


@app.command()
def tune(
    data: Annotated[str, typer.Argument(help="a collection: embedded, or a folder or file of yours")],
    encoder: Annotated[str, typer.Option(help="static, static:FOLDER, mini, or hf:FOLDER-OR-ID")] = "static",
    optimizer: Annotated[str, typer.Option(help="adamw or sgd: whose rates are tried")] = "adamw",
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each arm and setting")] = 2,
    steps: Annotated[int, typer.Option(min=1, help="updates of each training")] = 600,
    rates: Annotated[
        list[float] | None,
        typer.Option("--rate", help="learning rates to try, one an option; else a declared few"),
    ] = None,
    times: Annotated[
        list[float] | None, typer.Option("--warmup-times", help="warm-ups to try, as multiples of the rule's")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="processes at a time; 0: one a core for static, else one")
    ] = 0,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="settings file to write, for `ance train --config`")
    ] = None,
    runs: Annotated[Path | None, typer.Option(help="folder to keep the trainings in")] = None,
    as_json: AsJson = False,
) -> None:
    """Search warm-up and learning rate for a collection. On dev, by the mean over random, in-batch and ance."""
    with console.status("loading"):
        from ..experiments.tune import TIMES
        from ..experiments.tune import tune as search
        from ..training.device import available_cores

    count = workers or (available_cores() if encoder.partition(":")[0] == "static" else 1)
    found = search(
        data,
        encoder,
        optimizer=optimizer,
        seeds=seeds,
        workers=count,
        rates=rates or (),
        times=times or TIMES,
        settings={"steps": steps},
        runs=runs,
        watch=lambda done, total, text: console.print(f"{done} of {total}  {text}", highlight=False),
    )
    if write is not None:
        _write(write, data, f"{encoder} --optimizer {optimizer}", seeds, found.settings)
    if as_json:
        print_json(
            {
                "data": data,
                "encoder": encoder,
                "optimizer": optimizer,
                "settings": found.settings,
                "trials": found.table.to_dict("records"),
            }
        )
        return
    means = found.means()
    table = FittedTable(tuple(Column(str(name)) for name in means.columns))
    for row in means.itertuples(index=False):
        table.add(f"{row[0]:g}", f"{row[1]:.0f}", *(f"{value:.4f}" for value in row[2:]))
    out.print(table)
    out.print(f"warm-up {found.steps} steps, learning rate {found.rate:g}", highlight=False)
    if write is not None:
        console.print(
            f"wrote {write}; use it with: ance train --data {data} --config {write}",
            highlight=False,
            soft_wrap=True,
        )


def _write(file: Path, data: str, encoder: str, seeds: int, settings: dict[str, object]) -> None:
    import yaml

    from ..errors import ConfigError

    said = f"# found by: ance tune {data} --encoder {encoder} --seeds {seeds}\n"
    try:
        file.write_text(said + yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"--write: {file} cannot be written ({error.strerror}); name another file"
        ) from None
