"""Starting the dashboard, without starting it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import ance_app
import pytest
from ance_app import launch

from ance_core.errors import ConfigError

APP = Path(ance_app.__file__).parent


def test_command_binds_to_this_machine_only_and_sends_no_statistics(tmp_path):
    port = launch.free_port()
    command = launch.streamlit_command(tmp_path, port)
    assert command[1:4] == ["-m", "streamlit", "run"]
    asked = {"--browser.gatherUsageStats=false", "--server.headless=true"}
    assert {"--server.address=127.0.0.1", f"--server.port={port}", *asked} < set(command)
    assert "--server.headless=true" in command
    assert command[-3:] == ["--", "--runs", str(tmp_path)]
    assert launch.environment(Path("here"))["ANCE_RUNS"] == str(Path("here").absolute())


def test_config_file_agrees_with_the_flags():
    config = tomllib.loads((APP / ".streamlit/config.toml").read_text())
    assert config["server"]["address"] == launch.ADDRESS
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"


def test_port_in_use_is_one_line_with_a_free_one():
    with socket.socket() as other:
        other.bind((launch.ADDRESS, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port: {port} is taken.*--port \d+$") as error:
            launch.streamlit_command(Path("runs"), port)
    assert "\n" not in str(error.value)


def test_port_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="port: 99999 cannot be listened on"):
        launch.check_port(99_999)


def test_missing_streamlit_names_the_extra(monkeypatch):
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"ance-workbench\[app\]"):
        launch.check_streamlit()


def test_pages_import_nothing_that_learns_and_the_launcher_not_even_streamlit():
    heavy = "torch transformers faiss sklearn matplotlib accelerate bm25s"
    script = f"""
import sys
import ance_app.launch
assert "streamlit" not in sys.modules
import ance_app.views.runs, ance_app.views.convergence, ance_app.views.negatives
loaded = [name for name in {heavy.split()!r} if name in sys.modules]
assert not loaded, loaded
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_no_folder_called_pages():
    assert not (APP / "pages").exists()  # Streamlit would run its files by themselves


def test_a_browser_opens_once_the_dashboard_answers(monkeypatch):
    opened = []
    monkeypatch.setattr(launch.webbrowser, "open", opened.append)
    with socket.socket() as server:
        server.bind((launch.ADDRESS, 0))
        port = server.getsockname()[1]
        launch._open_when_up(port, "", 0.3)  # nobody listens yet
        assert opened == []
        server.listen()
        launch._open_when_up(port, "", 5.0)
    assert opened == [launch.url(port)]
