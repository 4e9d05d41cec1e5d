"""Who may ask the dashboard: its own pages at its own addresses; and how much a page may start."""

from __future__ import annotations

import http.client
import subprocess
import sys

import pytest
from ance_app import processes
from ance_app.server import is_own

from ance_core.errors import AnceError

UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}  # fmt: skip


@pytest.fixture(scope="module")
def port(serve, tmp_path_factory) -> int:
    return int(serve(tmp_path_factory.mktemp("guarded")).rpartition(":")[2])


def ask(port: int, path: str, host: str, origin: str | None = None, **more: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in {"Host": host, **({"Origin": origin} if origin else {}), **more}.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


@pytest.mark.parametrize("path", ["/", "/runs", "/_stcore/health", "/_stcore/host-config"])
def test_a_name_that_was_bent_to_this_machine_is_refused(port, path):
    assert ask(port, path, f"localhost:{port}").status == 200
    assert ask(port, path, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}").status == 200
    for host in (
        f"evil.example:{port}",
        "evil.example",
        f"localhost.evil.example:{port}",
        f"x@localhost:{port}",
    ):
        answer = ask(port, path, host)
        assert (answer.status, answer.read()[:8]) == (403, b"Refused:")


def test_nor_is_a_page_from_elsewhere_let_in(port):
    own = f"localhost:{port}"
    assert ask(port, "/_stcore/stream", own, f"http://{own}", **UPGRADE).status == 101
    for host, origin in (
        (own, "http://evil.example"),
        (own, "http://localhost:1"),
        (own, "null"),
        (f"evil.example:{port}", f"http://evil.example:{port}"),
    ):
        assert ask(port, "/_stcore/stream", host, origin, **UPGRADE).status == 403
        assert ask(port, "/", host, origin).status == 403


def test_no_frame_may_show_it_and_it_asks_nobody_else(port):
    headers = ask(port, "/", f"localhost:{port}").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_a_tunnel_has_a_port_of_its_own():
    assert is_own("localhost:9000", "http://localhost:9000")
    assert is_own("[::1]:8501", None)
    for host in ("", "localhost:x", "localhost:8501/x", "LOCALHOST.:1", "127.0.0.1.nip.io", "0.0.0.0:8501"):
        assert not is_own(host, None)


def test_few_processes_at_a_time_and_the_same_one_once():
    def sleeper() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    begun = []
    try:
        begun.append(processes.start("a probe", ["a"], sleeper))
        with pytest.raises(AnceError, match="a probe is at work already: wait until it has ended"):
            processes.start("a probe", ["a"], sleeper)
        begun.append(processes.start("a fork", ["b"], sleeper))
        with pytest.raises(
            AnceError, match="a probe and a fork are at work, and this page starts no more than 2"
        ):
            processes.start("another", ["c"], sleeper)
        assert processes.at_work() == ["a probe", "a fork"]
        begun[0].communicate(b"\n")
        begun.append(processes.start("another", ["c"], sleeper))
        assert processes.at_work() == ["a fork", "another"]
    finally:
        for process in begun:
            process.kill()
            process.communicate()
    assert processes.at_work() == []
