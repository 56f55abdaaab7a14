"""The OpenAPI document: what the framework writes, and what it cannot know of our rules.

The framework does not see that a token, an idempotency key or an entity tag is needed, because
those are read from the request itself. A client generated from the document must know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import compile_path

from fundops import idempotency
from fundops.authz import Can, Permission
from fundops.command import MAX_TAG
from fundops.messages import text
from fundops.schemas import ProblemOut

METHODS = ("get", "post", "put", "patch", "delete")
MAY_BE_NEW = frozenset({"/v1/parties/{party_id}/profile"})
"""Records that a PUT makes where there is none yet; only one that is there has an ETag."""

_KEY = {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]+$"}
_TAG = {"type": "string", "maxLength": MAX_TAG}


def permissions(dependant: Dependant) -> list[Permission]:
    """Return the permissions that the dependencies of a route ask for; there should be one."""
    own = [dependant.call.permission] if isinstance(dependant.call, Can) else []
    return own + [found for one in dependant.dependencies for found in permissions(one)]


def operations(app: FastAPI) -> Iterator[tuple[str, str, APIRoute]]:
    """Return (path, method, route) of every operation of the API, included routers and all."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            for method in sorted(context.methods or ()):
                assert context.path_format is not None
                yield context.path_format, method.lower(), context.original_route


def methods_at(app: FastAPI, path: str) -> list[str]:
    """Return the methods that the address ``path`` takes, for the ``Allow`` of a refusal."""
    found: set[str] = set()
    for pattern, methods in _addresses(app):
        if pattern.match(path):
            found |= methods
    return sorted(found)


def _addresses(app: FastAPI) -> list[tuple[re.Pattern[str], set[str]]]:
    """Return every address of an application and its methods, listed once for its routes."""
    count, found = getattr(app.state, "addresses", (0, []))
    if count != len(app.routes):
        found = [
            (compile_path(context.path)[0], context.methods)
            for context in iter_route_contexts(app.routes)
            if context.path is not None and context.methods
        ]
        app.state.addresses = (len(app.routes), found)
    return found


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, the same on every machine and at every time."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            separate_input_output_schemas=False,
        )
        components = schema.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas["ProblemOut"] = ProblemOut.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        components["securitySchemes"] = {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "fdo_…",
                "description": text("api.token"),
            }
        }
        for path, method, route in operations(app):
            if route.include_in_schema:
                _complete(schema["paths"][path][method], path, method, permissions(route.dependant))
        app.openapi_schema = schema
    return app.openapi_schema


def _complete(operation: dict[str, Any], path: str, method: str, needed: list[Permission]) -> None:
    """Say which token, permission and headers an operation needs."""
    if needed:
        operation["security"] = [{"token": []}]
        operation["x-permission"] = needed[0].value
    headers: list[dict[str, Any]] = []
    if method == "post" and path not in idempotency.DRY_RUNS:
        headers.append(_header("Idempotency-Key", _KEY, text("api.idempotency_key"), True))
    if "428" in operation["responses"]:
        may_be_new = path in MAY_BE_NEW
        told = text("api.if_match_existing" if may_be_new else "api.if_match")
        headers.append(_header("If-Match", _TAG, told, not may_be_new))
    if headers:
        operation.setdefault("parameters", []).extend(headers)


def _header(name: str, schema: dict[str, Any], description: str, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": schema,
        "description": description,
    }
