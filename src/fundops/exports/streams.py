"""Answers that are written while they are sent, with what they need held until the last byte.

A list or a declaration may be large and its client slow, so an export has a thread of its own and
keeps none of those that answer everybody else. What fails on the way breaks the connection: a
file that was cut off never looks like a whole one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any

from anyio import CancelScope, CapacityLimiter, fail_after
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

PIECE = 64 * 1024
"""Bytes that are sent at once; the first piece goes out as it comes."""
STALLED_SECONDS = 120
"""How long a client may take nothing before its export ends and makes room for another."""
LONGEST_SECONDS = 3600
"""How long an export may take: its snapshot keeps the database from tidying up behind it."""


async def patiently(stream: Callable[[Send], Awaitable[None]], send: Send) -> None:
    """Let ``stream`` send, but not for ever; raise ``TimeoutError`` for a client that is too slow.

    There are few places for exports, and nobody holds one by taking nothing.
    """

    async def within_reason(message: Message) -> None:
        with fail_after(STALLED_SECONDS):
            await send(message)

    with fail_after(LONGEST_SECONDS):
        await stream(within_reason)


class HeldStream(StreamingResponse):
    """Sends ``pieces`` and then closes ``held``: also when the client leaves or a piece fails."""

    def __init__(self, pieces: Iterator[bytes], held: ExitStack, **options: Any) -> None:
        self._thread = CapacityLimiter(1)
        self._pieces, self._held = gathered(pieces), held
        held.callback(self._pieces.close)  # before what the pieces are read from
        super().__init__(self._sent(), **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; that a client leaves, or takes nothing, is no error of ours."""
        try:
            await super().__call__(scope, receive, send)
        except (ClientDisconnect, TimeoutError):
            return
        finally:
            with CancelScope(shield=True):
                await run_sync(self._held.close, limiter=self._thread)

    async def stream_response(self, send: Send) -> None:
        """Send the pieces; for a client that is too slow the file breaks off, as by a failure."""
        await patiently(super().stream_response, send)

    async def _sent(self) -> AsyncIterator[bytes]:
        while piece := await run_sync(next, self._pieces, b"", limiter=self._thread):
            yield piece


def gathered(pieces: Iterator[bytes], size: int = PIECE) -> Any:
    """Yield the first of ``pieces`` as it is and the others put together to ``size`` or more."""
    waiting: list[bytes] = []
    length, least = 0, 1
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= least:
            yield b"".join(waiting)
            waiting.clear()
            length, least = 0, size
    if length:
        yield b"".join(waiting)
