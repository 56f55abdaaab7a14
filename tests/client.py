"""A client of the application in this process: a request is answered in the thread that makes it.

Starlette's own has a loop in a thread of its own, hands that eight pieces of work for each request,
and the application hands on what its endpoints do to a third thread. No test needs that, and the
turns cost more than most answers do. Requests of several threads at once are answered as a server
would, by a loop and worker threads.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import copy_context
from functools import cache
from typing import Any
from urllib.parse import unquote

import httpx2
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Message, Scope

PORTS = {"http": 80, "https": 443}


@cache
def main_loop() -> asyncio.AbstractEventLoop:
    """Return the loop that answers what the tests' own thread asks; nothing waits in it."""
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


def answers_here() -> bool:
    """Return whether a request is made by the tests' own thread, and not within another one."""
    if threading.current_thread() is not threading.main_thread():
        return False
    return not main_loop().is_running()


def at_once(in_thread: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``anyio.to_thread.run_sync`` that needs no other thread in the tests' own loop."""

    async def run_sync(work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if asyncio.get_running_loop() is main_loop():
            return copy_context().run(work, *arguments)
        return await in_thread(work, *arguments, **options)

    return run_sync


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
        if answers_here():
            main_loop().run_until_complete(exchange.run(self._app, scope_of(request)))
        else:
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
