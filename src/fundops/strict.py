"""Reading request bodies strictly: no duplicate keys, no NaN, no lone surrogates, no NULs.

Routes that take the bytes of a file instead are ``RawRoute``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Scope

from fundops.authz import claiming, proved
from fundops.errors import FieldError, Problem
from fundops.listing import ANSWERS, exportable, item_of
from fundops.messages import text

MAX_DEPTH = 40
RAW = "application/octet-stream"


class BodyRefused(HTTPException):
    """A body that cannot be read; carries the problem through the framework's own handling."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(status_code=problem.status, detail=problem.detail)
        self.problem = problem


def malformed(key: str) -> BodyRefused:
    """Return the refusal whose sentence is the message ``key``."""
    return BodyRefused(Problem("malformed-body", detail=text(key)))


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON body; raise ``BodyRefused`` for anything not plain JSON."""
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant
        )
        _check(value, 0)
    except UnicodeDecodeError:
        raise malformed("body.not_utf8") from None
    except RecursionError:
        raise malformed("body.too_deep") from None
    except ValueError:
        # Not JSON, or an integer of more digits than any amount has.
        raise malformed("body.not_json") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise malformed("body.duplicate_key")
    return found


def _constant(_name: str) -> Any:
    raise malformed("body.not_a_number")


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise malformed("body.too_deep")
    if isinstance(value, str):
        if "\x00" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise malformed("body.bad_characters")
    elif isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            raise malformed("body.not_a_number")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth + 1)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)


UNREADABLE: Any = ...
"""Stands for a body that could not be read, until the caller is known to be allowed.

It validates as nothing, so the request is refused when its body's turn comes: after the token, the
permission and the idempotency key. An object of a class of ours would not do: the framework
validates bodies from attributes too, so it would pass for an object without any field.
"""


class StrictRequest(Request):
    """A request whose JSON is read strictly and whose raw body stays at ``state.body``."""

    async def json(self) -> Any:
        """Return the parsed body, or ``UNREADABLE`` with its problem at ``state.refused``."""
        if not hasattr(self, "_strict_json"):
            body = await self.body()
            self.state.body = body
            if hasattr(self.state, "refused"):  # it does not say that it is JSON
                self._strict_json = UNREADABLE
                return self._strict_json
            try:
                self._strict_json = parse_json(body)
            except BodyRefused as refused:
                self.state.refused = refused.problem
                self._strict_json = UNREADABLE
        return self._strict_json


class StrictRoute(APIRoute):
    """A route that reads its body through ``StrictRequest`` and proves rights beside its work.

    One that answers a list can be asked for the whole of it as a file.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        assert not iscoroutinefunction(endpoint), "endpoints are plain functions"
        item = item_of(options.get("response_model"))
        if item is not None and options.get("methods") in (["GET"], {"GET"}):
            endpoint = exportable(path, endpoint, item)
            options["responses"] = {**(options.get("responses") or {}), **ANSWERS}
        super().__init__(path, proved(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if _names_nul(request.scope):
                errors = _nul_parameters(request)
                problem = Problem("invalid-request", detail=text("request.nul"), errors=errors)
                raise BodyRefused(problem)
            given = StrictRequest(request.scope, request.receive)
            if _media_type(request) != "application/json":
                given.state.refused = Problem("unsupported-media-type")
            async with claiming():
                return await handler(given)

        return strict


class RawRoute(StrictRoute):
    """A route whose body is a file's bytes, which its endpoint gets from ``raw_body``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handler = APIRoute.get_route_handler(self)

        async def raw(request: Request) -> Response:
            if _names_nul(request.scope):
                errors = _nul_parameters(request)
                problem = Problem("invalid-request", detail=text("request.nul"), errors=errors)
                raise BodyRefused(problem)
            request.state.body = await request.body()
            request.state.is_raw = _media_type(request) == RAW
            async with claiming():
                return await handler(request)

        return raw


def raw_body(request: Request) -> bytes:
    """Return the bytes of a request to a ``RawRoute``.

    Raises ``unsupported-media-type`` unless they are said to be plain bytes; called by endpoints,
    so that who asks has been judged before.
    """
    if not request.state.is_raw:
        raise Problem("unsupported-media-type", detail=text("body.not_bytes"))
    body: bytes = request.state.body
    return body


RAW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {RAW: {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""What a raw route says of its body in the OpenAPI document (``openapi_extra``)."""


def _names_nul(scope: Scope) -> bool:
    """Return whether the address has a NUL in it, which PostgreSQL keeps in no text."""
    return b"%00" in scope["query_string"] or "\x00" in scope["path"]


def _nul_parameters(request: Request) -> list[FieldError]:
    """Return the query parameters whose value has a NUL in it."""
    return [
        FieldError(f"query/{name[:80]}", text("request.nul"))
        for name, value in request.query_params.multi_items()
        if "\x00" in value and name.isidentifier() and name.isascii()
    ]


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
