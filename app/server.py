"""The dashboard as a server: Streamlit's application behind a guard of its own. `streamlit run` finds `app` here.

A page that a browser has open elsewhere must neither read the runs nor start a training: not by a name of its own that
points to this machine (DNS rebinding), not from another origin, not by showing the dashboard in a frame. And whatever
text comes to a page, the browser asks nobody but this server for anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ance_app.launch import HOSTS
from starlette.middleware import Middleware
from streamlit.starlette import App

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REFUSED = "Refused: the dashboard answers at http://localhost and http://127.0.0.1 only, to its own pages.\n"
# Streamlit's client brings styles and code of its own inline, and makes workers and images from blobs.
POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' data: blob: ws://{host} wss://{host}; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)


def is_own(host: str, origin: str | None) -> bool:
    """Whether a request with these headers is to an address of the dashboard, and from no page but its own.

    The port may be another than the server's: a tunnel has one of its own.
    """
    try:
        named = urlsplit(f"//{host}")
        _ = named.port  # ValueError where it is none
    except ValueError:
        return False
    if (
        named.hostname not in HOSTS
        or named.username is not None
        or named.path
        or named.query
        or named.fragment
    ):
        return False
    return origin is None or origin in (f"http://{host}", f"https://{host}")


class Guard:
    """Refuses what is not `is_own`, and tells browsers what a page of the dashboard may do."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One connection, as ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = list(scope["headers"])
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if len(hosts) != 1 or len(origins) > 1 or not is_own(hosts[0], origins[0] if origins else None):
            await _refuse(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_headers(hosts[0])]}
            await send(message)

        await self.app(scope, receive, guarded)


def _headers(host: str) -> list[tuple[bytes, bytes]]:
    said = {
        "x-frame-options": "DENY",
        "content-security-policy": POLICY.format(host=host),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
    }
    return [(name.encode(), value.encode("latin-1")) for name, value in said.items()]


async def _refuse(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()  # its wish to connect
        await send({"type": "websocket.close", "code": 1008, "reason": "not from here"})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-frame-options", b"DENY")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSED.encode()})


app = App(str(Path(__file__).with_name("main.py")), middleware=[Middleware(Guard)])
