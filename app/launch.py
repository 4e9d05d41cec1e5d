"""How to start the dashboard as a process of its own.

Imports no Streamlit, so the command line stays quick.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import socket
import sys
import threading
import time
import webbrowser
from pathlib import Path

from ance_core.errors import ConfigError

ADDRESS = "127.0.0.1"
HOSTS = ("localhost", ADDRESS, "::1")  # the names under which it answers
SERVER = Path(__file__).with_name("server.py")


def streamlit_command(runs: Path, port: int) -> list[str]:
    """The command line that serves the runs in `runs` on `port`.

    Looks come from `.streamlit/config.toml` beside `server.py`, which Streamlit reads by itself.

    What must hold whatever the user's own Streamlit settings are is given as flags: the address, no
    statistics.
    Raises ConfigError when Streamlit is not installed or the port cannot be had.
    """
    check_streamlit()
    check_port(port)
    settings = {
        "server.address": ADDRESS,
        "server.port": port,
        "server.headless": "true",  # else it greets, asks for an address and advertises; `open_browser` is ours
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": "localhost",
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(SERVER),
        *flags,
        "--",
        "--runs",
        str(runs.absolute()),
    ]


def environment(runs: Path) -> dict[str, str]:
    """The environment for that command: this process's, with the folder of runs."""
    return {**os.environ, "ANCE_RUNS": str(runs.absolute()), "PYTHONUNBUFFERED": "1"}


def url(port: int, page: str = "") -> str:
    """Where the dashboard answers, or one page of it.

    >>> url(8501, "convergence")
    'http://localhost:8501/convergence'
    """
    return f"http://localhost:{port}/{page}".rstrip("/")


def open_browser(port: int, page: str = "", seconds: float = 60.0) -> None:
    """A browser window as soon as the dashboard answers, from a thread; nothing where it never does."""
    threading.Thread(target=_open_when_up, args=(port, page, seconds), daemon=True).start()


def _open_when_up(port: int, page: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex((ADDRESS, port)) == 0:
                webbrowser.open(url(port, page))
                return
        time.sleep(0.2)


def check_streamlit() -> None:
    """ConfigError unless Streamlit is installed."""
    if importlib.util.find_spec("streamlit") is None:
        raise ConfigError("app: the dashboard needs Streamlit: pip install 'ance-workbench[app]'")


def check_port(port: int) -> None:
    """ConfigError when nothing can listen on `port`; the message offers one that is free."""
    try:
        _bind(port)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            reason = f"{port} is taken, perhaps by another dashboard at {url(port)}"
        else:
            reason = f"{port} cannot be listened on ({error})"
        raise ConfigError(f"port: {reason}: choose another, for example --port {free_port(8502)}") from None


def free_port(first: int = 0) -> int:
    """A port nobody listens on: the first from `first` upwards, or any if `first` is 0."""
    for port in range(first, first + 100) if first else (0,):
        try:
            return _bind(port)
        except OSError:
            continue
    return _bind(0)


def _bind(port: int) -> int:
    with socket.socket() as probe:
        if os.name == "posix":  # as Streamlit's server does: a port that was just closed is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((ADDRESS, port))
        return probe.getsockname()[1]
