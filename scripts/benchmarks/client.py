"""A small HTTP/1.1 client that keeps many connections busy from one thread.

Each connection asks, waits for the whole answer and asks again. Requests are bytes made by the
caller, so that the client's own work stays a small part of the time.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

NextRequest = Callable[[int, int], bytes | None]
"""(client, number) -> the next request of that client, or ``None`` when it is done."""


@dataclass
class Answers:
    """What came back: per client, the status and the time of arrival of each answer."""

    statuses: list[list[int]]
    arrived: list[list[float]]
    seconds: float = 0.0
    bodies: list[tuple[int, bytes]] = field(default_factory=list)
    """Status and body of the first few answers that are no success."""

    @property
    def rate(self) -> float:
        """Answers a second, over all clients."""
        return sum(map(len, self.statuses)) / self.seconds

    def count(self, low: int, high: int) -> int:
        """Return how many answers have a status from ``low`` to ``high``."""
        return sum(low <= status <= high for one in self.statuses for status in one)


class _Connection(asyncio.Protocol):
    def __init__(self, client: int, ask: NextRequest, found: Answers) -> None:
        self.client, self.ask, self.found = client, ask, found
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.number = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def _send(self) -> None:
        assert self.transport is not None
        request = self.ask(self.client, self.number)
        self.number += 1
        if request is None:
            self.transport.close()
            return
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self.buffer, 0, end + 2)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self.buffer) < whole:
            return
        status = int(self.buffer[9:12])
        self.found.statuses[self.client].append(status)
        self.found.arrived[self.client].append(time.perf_counter())
        if status >= 400 and len(self.found.bodies) < 5:
            self.found.bodies.append((status, self.buffer[end + 4 : whole]))
        self.buffer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(error)


def _same(one: _Connection) -> _Connection:
    return one


def drive(port: int, clients: int, ask: NextRequest) -> Answers:
    """Let ``clients`` connections ask until ``ask`` has nothing more for any of them."""
    found = Answers([[] for _ in range(clients)], [[] for _ in range(clients)])

    async def run() -> None:
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        made = [_Connection(number, ask, found) for number in range(clients)]
        for one in made:
            await loop.create_connection(partial(_same, one), "127.0.0.1", port)
        await asyncio.gather(*(one.done for one in made))
        found.seconds = time.perf_counter() - began

    asyncio.run(run())
    return found


def for_seconds(seconds: float, ask: NextRequest) -> NextRequest:
    """Return ``ask`` that ends ``seconds`` from its first question."""
    ends: list[float] = []

    def limited(client: int, number: int) -> bytes | None:
        if not ends:
            ends.append(time.perf_counter() + seconds)
        return ask(client, number) if time.perf_counter() < ends[0] else None

    return limited


def get(path: str, token: str) -> bytes:
    """Return a GET as bytes."""
    return (
        f"GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    ).encode()


def post(path: str, token: str, key: str, body: bytes) -> bytes:
    """Return a POST with an idempotency key as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n"
        f"idempotency-key: {key}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
