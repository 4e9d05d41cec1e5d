"""`ance probe`: gradient norms at checkpoints, by sampler and by layer, over seeds and queries."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import ConfigError
from ..runs import Store
from .app import AsJson, RunsFolder, app, console, out, print_json

if TYPE_CHECKING:
    from ..experiments.probe_runs import Probed


@app.command()
def probe(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="names of runs; several seeds are pooled by method")
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="STEP", help="checkpoint, several with commas, or `all`; default the last"
        ),
    ] = None,
    samplers: Annotated[str, typer.Option(help="`all`, or recipes with commas between")] = "all",
    queries: Annotated[int, typer.Option(min=2, help="training queries, the same for every sampler")] = 256,
    variance: Annotated[
        int,
        typer.Option(min=0, help="also the variance of each sampler's gradient, exact, for so many queries"),
    ] = 0,
    band: Annotated[
        str, typer.Option(help="norm over `total`, a layer band, `output`, or `all` of them")
    ] = "total",
    baseline: Annotated[
        str | None, typer.Option(help="sampler the others are set against; default random")
    ] = None,
    smallest: Annotated[
        float | None,
        typer.Option(help="smallest difference of norms of interest; within it samplers are equivalent"),
    ] = None,
    slow: Annotated[
        bool, typer.Option("--slow", help="a backward pass an instance: for layers without a rule")
    ] = False,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Exact gradient norms, by sampler, from the same weights. With verdicts over seeds and queries."""
    store, steps = Store(runs), _steps(at)
    found = [store.run(name) for name in dict.fromkeys(names)]
    with console.status("probing") as status:
        from ..experiments.probe_compare import compare_probes, compare_variances
        from ..experiments.probe_runs import check_comparison, probe_runs

        check_comparison(found, band, baseline, smallest, samplers)

        def watch(words: str) -> Any:
            status.update(f"probing {words}")
            return lambda *_: None

        probed = probe_runs(found, steps, samplers, queries, variance, slow, watch)
        where: dict[str, list[int]] = {}
        for one in probed:
            where.setdefault(one.run.name, []).append(one.step)
        comparison = compare_probes(found, where, None if band == "all" else [band], baseline, smallest)
        spreads = compare_variances(found, where) if variance else None
    if as_json:
        each = [_plain(one) for one in probed]
        print_json((each[0] if len(each) == 1 else {"probes": each}) | {"comparison": comparison.to_dict()})
        return
    out.print(comparison.render())
    if spreads is not None:
        from ..experiments.probe_render import variances_table

        out.print(variances_table(spreads))
    _correlations(probed)
    for note in dict.fromkeys(note for one in probed for note in one.notes):
        console.print(f"note: {note}", markup=False, highlight=False)


def _steps(at: str | None) -> list[int] | Literal["all"] | None:
    if at is None or at.strip() == "all":
        return None if at is None else "all"
    words = [word.strip() for word in at.split(",") if word.strip()]
    for word in words or [at]:
        if not word.isdecimal():
            raise ConfigError(
                f"at: {word!r} is no step; write a checkpoint's step, several with commas, or all"
            )
    return [int(word) for word in words]


def _plain(one: Probed) -> dict[str, Any]:
    """One probe for JSON: norms by sampler, of its run and step only."""
    from ..experiments.probe_summary import bound, summarise

    return {
        "run": one.run.name,
        "step": one.step,
        "samplers": summarise(one.frame),
        "rank_correlation": float(bound(one.frame)["rho"].iloc[0]),  # of all samplers, over all layers
        "variance": one.variance,
        "notes": one.notes,
    }


def _correlations(probed: list[Probed]) -> None:
    from ..experiments.probe_summary import bound

    rhos = [float(bound(one.frame)["rho"].iloc[0]) for one in probed]
    rhos = [rho for rho in rhos if isfinite(rho)]
    if rhos:
        said = f"{rhos[0]:.3f}" if len(rhos) == 1 else f"{min(rhos):.3f} to {max(rhos):.3f}"
        out.print(f"rank correlation of the norm at the output with that over all parameters: {said}")
