"""The edge of the application: request ids, security headers, access log, and no bare 500."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from fastapi import Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fundops.errors import Problem
from fundops.messages.reader import Reader, accepted, reading
from fundops.pages import to_bytes

log = logging.getLogger("fundops.http")

PROBLEM_JSON = "application/problem+json"
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_DOCS = ("/docs", "/redoc", "/static-offline-docs")

HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
_HEADERS = tuple((name.encode(), value.encode()) for name, value in HEADERS.items())
DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src blob:; frame-ancestors 'none'"
)


Address = tuple[str, re.Pattern[str]]
"""A method and what the whole path looks like."""


def request_id(scope: Scope) -> str:
    """Return the id of the request, from ``X-Request-Id`` if it is a sane one, else new."""
    found = scope.setdefault("state", {}).get("request_id")
    if found is None:
        given = _header(scope, b"x-request-id")
        found = given.decode() if _REQUEST_ID.fullmatch(given) else token_hex(16)
        scope["state"]["request_id"] = found
    return str(found)


def _header(scope: Scope, wanted: bytes) -> bytes:
    """Return the value of a request header, the last one given, or nothing."""
    found: bytes = b""
    for name, value in scope.get("headers") or ():
        if name == wanted:
            found = value
    return found


def _all(scope: Scope, wanted: bytes) -> str:
    """Return every value of a request header, as one list."""
    given = (value for name, value in scope.get("headers") or () if name == wanted)
    return b",".join(given).decode("latin-1")


def problem_response(
    problem: Problem, its_request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the RFC 9457 answer of a problem."""
    response = Response(
        to_bytes(problem.body(its_request_id)),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=dict(headers or {}),
    )
    if problem.status == 401:
        response.headers["www-authenticate"] = "Bearer"
    if problem.status == 503:
        response.headers["retry-after"] = "2"
    return response


class Edge:
    """ASGI middleware around everything else."""

    def __init__(
        self, app: ASGIApp, max_body_bytes: int, larger: Mapping[Address, int] | None = None
    ) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.larger = dict(larger or {})

    def limit(self, scope: Scope) -> int:
        """Return the largest body that the request's address takes, in bytes."""
        for (method, path), most in self.larger.items():
            if scope["method"] == method and path.fullmatch(scope["path"]):
                return most
        return self.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, log it, and answer a problem if anything unexpected is raised."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with reading(Reader(accepted(_all(scope, b"accept-language")))) as reader:
            await self._serve(scope, receive, send, reader)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, reader: Reader) -> None:
        began, its_id = time.perf_counter(), request_id(scope)
        seen: dict[str, Any] = {"status": 0}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                _add_headers(message, scope["path"], its_id, reader)
            await send(message)

        try:
            most = self.limit(scope)
            if _declared_length(scope) > most:
                refusal = problem_response(Problem("body-too-large"), its_id)
                await refusal(scope, receive, send_with_headers)
                return
            await self.app(scope, _limited(receive, most), send_with_headers)
        except Exception:
            log.exception("unexpected error", extra={"request_id": its_id})
            if seen["status"]:
                raise
            answer = problem_response(Problem("internal"), its_id)
            await answer(scope, receive, send_with_headers)
        finally:
            log.info(
                "request",
                extra={
                    "request_id": its_id,
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": seen["status"],
                    "milliseconds": round((time.perf_counter() - began) * 1000, 1),
                    "person": scope.get("state", {}).get("person_code"),
                },
            )


def _declared_length(scope: Scope) -> int:
    given = _header(scope, b"content-length")
    return int(given) if given.isdigit() else 0


def _limited(receive: Receive, maximum: int) -> Receive:
    """Return ``receive`` that stops reading a body, of whatever declared length, past a maximum."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > maximum:
            raise HTTPException(413)
        return message

    return limited


def _add_headers(message: Message, path: str, its_id: str, reader: Reader) -> None:
    """Add our headers to the start of an answer, unless it has its own.

    One with sentences in it says which language they are in, and that another may be asked for.
    """
    headers: list[tuple[bytes, bytes]] = list(message.get("headers") or ())
    given = {name for name, _ in headers}
    headers.extend(header for header in _HEADERS if header[0] not in given)
    headers.append((b"x-request-id", its_id.encode()))
    if reader.spoke and b"content-language" not in given:
        headers.append((b"content-language", reader.language.replace("_", "-").encode()))
    if reader.spoke or b"content-language" in given:
        headers.append((b"vary", b"accept-language"))
    message["headers"] = headers
    if path.startswith(_DOCS):
        MutableHeaders(scope=message)["content-security-policy"] = DOCS_POLICY
