"""`ance app` and `ance demo`: the dashboard, alone or beside a training that fills it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from .app import RunsFolder, app, console

Port = Annotated[int, typer.Option("--port", help="port on this machine")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="open a browser window")]


@app.command("app")
def serve(runs: RunsFolder = Path("runs"), port: Port = 8501, browser: Browser = True) -> None:
    """Open the dashboard on a folder of runs. It reads; nothing here trains or changes a run by itself."""
    from ..runs import Store

    Store(runs, create=True)
    _end_as_by_ctrl_c()
    raise typer.Exit(_wait(_dashboard(runs, port, browser)))


@app.command()
def demo(
    runs: RunsFolder = Path("runs"),
    port: Port = 8501,
    browser: Browser = True,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="a collection or a folder of yours; by default catalogue, then pydocs"),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="updates of each method")] = 600,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of weights, data order and draws")] = 0,
    keep: Annotated[
        bool, typer.Option("--serve/--no-serve", help="leave the dashboard open afterwards")
    ] = True,
) -> None:
    """Train methods side by side and watch them in the browser."""
    from ..runs import Store

    Store(runs, create=True)
    _end_as_by_ctrl_c()
    server = _dashboard(runs, port, browser, page="convergence")
    wanted = [word for one in data or ["catalogue", "pydocs"] for word in ("--data", one)]
    trainer = [sys.executable, "-m", "ance_core.cli.demo_training", "--runs", str(runs), *wanted]
    try:
        # A process of its own: the browser may close and this command may wait, training goes on.
        code = subprocess.call([*trainer, "--steps", str(steps), "--seed", str(seed)])
        if code == 0 and keep:
            console.print("All runs have finished. Ctrl-C closes the dashboard.")
            code = _wait(server)
    except KeyboardInterrupt:
        code = 0
    finally:
        server.terminate()
        server.wait()
    raise typer.Exit(code)


def _end_as_by_ctrl_c() -> None:
    """A polite kill ends the dashboard too, which would otherwise stay behind on its port."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _dashboard(runs: Path, port: int, browser: bool, page: str = "") -> subprocess.Popen[bytes]:
    try:
        from ance_app import launch
    except ModuleNotFoundError:
        raise ConfigError("app: the dashboard is not installed; pip install 'ance-workbench[app]'") from None
    command = launch.streamlit_command(runs, port)
    console.print(f"Dashboard: {launch.url(port, page)}   (runs in {runs})")
    server = subprocess.Popen(command, env=launch.environment(runs))
    if browser:
        launch.open_browser(port, page)
    return server


def _wait(server: subprocess.Popen[bytes]) -> int:
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
        return 0
