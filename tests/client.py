"""A client of the application in this process, which takes one turn of its loop per request.

Starlette's own hands eight pieces of work to the loop's thread for each, so that answers can be
read while they are made. No test needs that, and the turns cost more than most answers do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import unquote

import httpx2
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Message, Scope

PORTS = {"http": 80, "https": 443}


class Client(TestClient):
    """A client to whom a failing application answers 500, as to any other."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app, raise_server_exceptions=False)
        self._transport = Transport(app, self._portal_factory)


class Transport(httpx2.BaseTransport):
    """Hands a whole request to the application and returns its whole answer."""

    def __init__(
        self, app: FastAPI, portal: Callable[[], AbstractContextManager[BlockingPortal]]
    ) -> None:
        self._app = app
        self._portal = portal

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        exchange = Exchange(request.read())
        with self._portal() as portal:
            portal.call(exchange.run, self._app, scope_of(request))
        if exchange.status is None:
            return httpx2.Response(500, request=request)
        body = b"" if request.method == "HEAD" else b"".join(exchange.parts)
        return httpx2.Response(
            exchange.status,
            headers=exchange.headers,
            stream=httpx2.ByteStream(body),
            request=request,
        )


def scope_of(request: httpx2.Request) -> Scope:
    """Return what an application is told of a request before it reads the body."""
    url = request.url
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "path": unquote(url.path),
        "raw_path": url.raw_path.split(b"?", 1)[0],
        "root_path": "",
        "scheme": url.scheme,
        "query_string": url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("testclient", 50000),
        "server": [url.raw_host.decode("ascii"), url.port or PORTS[url.scheme]],
        "state": {},
    }


class Exchange:
    """One request and its answer."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._done = asyncio.Event()
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes] = []

    async def run(self, app: FastAPI, scope: Scope) -> None:
        """Have ``app`` answer; what it raises is its own, and the answer stays as it was."""
        try:
            await app(scope, self._receive, self._send)
        except Exception:  # noqa: BLE001 - a server would log it and go on
            return

    async def _receive(self) -> Message:
        if self._body is None:
            await self._done.wait()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            assert self.status is None, "an answer begins once"
            self.status = message["status"]
            self.headers = list(message.get("headers", []))
            return
        assert message["type"] == "http.response.body"
        assert self.status is not None, "an answer has a head"
        assert not self._done.is_set(), "an answer ends once"
        self.parts.append(bytes(message.get("body", b"")))
        if not message.get("more_body", False):
            self._done.set()
