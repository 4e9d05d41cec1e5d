"""`ance recipes` and `ance fork`: what methods there are, and another method from the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ..runs import Store
from .app import AsJson, RunsFolder, app, console, out, print_json
from .train_commands import assignment
from .training import train_new

recipes_app = typer.Typer(help="Methods: list, show, docs.", no_args_is_help=True)
app.add_typer(recipes_app, name="recipes")


@recipes_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All methods, with presets and source."""
    from ..recipes import RECIPES
    from ..recipes.describe import catalogue

    if as_json:
        print_json(catalogue())
        return
    table = Table("recipe", "presets", "source")
    for recipe in RECIPES.values():
        table.add_row(recipe.name, ", ".join(recipe.presets), recipe.citation)
    out.print(table)


@recipes_app.command()
def show(
    name: Annotated[str, typer.Argument(help="a method; see `ance recipes list`")],
    diff: Annotated[
        bool, typer.Option("--diff", help="only what differs between paper, code and here")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a method is. Formula, parameters with published values, presets, differences from paper and code."""
    from ..recipes import get_recipe
    from ..recipes.describe import describe

    recipe = get_recipe(name)
    if as_json:
        print_json(describe(recipe))
        return
    if not diff:
        out.print(f"[bold]{recipe.title}[/bold]  {recipe.citation}", highlight=False)
        out.print(recipe.idea)
        out.print(recipe.formula, markup=False, highlight=False)
    table = Table("what", "setting", "paper", "authors' code", "here", "where", title="as published and here")
    for p in recipe.parameters:
        if not diff or len({value for value in (p.paper, p.code, p.here) if value}) > 1:
            table.add_row(p.name, p.setting, p.paper, p.code, p.here, p.where)
    if table.row_count:
        out.print(table)
    for preset, settings in recipe.presets.items():
        out.print(f"[bold]--preset {preset}[/bold]  {settings.note}", highlight=False)
    for sentence in recipe.differs:
        out.print(f"- {sentence}", markup=False, highlight=False)


@recipes_app.command()
def docs(
    target: Annotated[Path, typer.Argument(help="Markdown file to write")] = Path("docs/methods.md"),
) -> None:
    """Write the table of all methods as Markdown."""
    from ..recipes.describe import markdown

    target.write_text(markdown(), encoding="utf-8")
    console.print(f"wrote {target}")


@app.command()
def fork(
    name: Annotated[str, typer.Argument(metavar="RUN", help="run to fork")],
    at: Annotated[
        int | None, typer.Option("--at", metavar="STEP", help="a checkpoint's step; default its last")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="method to go on with; default its own")
    ] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="named settings of that method")] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="total steps, the parent's included")] = None,
    new_name: Annotated[str | None, typer.Option("--name", help="folder of the fork")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="any setting")
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Go on from a run's checkpoint with another method. Same weights, optimizer state and data order."""
    from ..config import merge, spelled_out

    store = Store(runs)
    with console.status("loading"):
        from ..training.settings import resolve
        from ..training.start import fork_settings, locate
    parent, step = locate(name if at is None else f"{name}@{at}", store, "fork")
    said = {"steps": steps, "name": new_name, "preset": preset}
    flags = {key: value for key, value in said.items() if value is not None}
    changes = merge(*(spelled_out(assignment(text)) for text in setting or []), flags)
    train_new(resolve(fork_settings(parent, step, recipe, changes)), runs, as_json)
