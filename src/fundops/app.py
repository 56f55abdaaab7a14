"""The HTTP application: routes, error answers and the middleware around them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from fundops import __version__, health
from fundops.config import Settings
from fundops.db import Database
from fundops.errors import FieldError, Problem
from fundops.logs import configure_logging
from fundops.messages import catalogue, text
from fundops.middleware import Edge, problem_response, request_id
from fundops.parties.tokens import authenticate
from fundops.routers import ROUTERS
from fundops.schemas import ProblemOut
from fundops.strict import BodyRefused

_BY_STATUS = {
    400: "malformed-body",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application for ``settings`` (read from the environment by default)."""
    settings = settings or Settings()
    configure_logging(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # No more threads than connections: a thread that waits for a connection only holds
        # back the one that could give it up.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.threads
        yield
        app.state.database.close()

    app = FastAPIOffline(
        title="fundops",
        version=__version__,
        description=text("api.description"),
        lifespan=lifespan,
        max_body_size=settings.max_body_bytes,
        swagger_ui_parameters={"persistAuthorization": False},
        separate_input_output_schemas=False,
    )
    app.state.settings = settings
    app.state.database = Database(settings)
    app.state.authenticate = authenticate
    app.state.export_slots = threading.BoundedSemaphore(settings.export_slots)
    for handled, handler in (
        (Problem, _problem),
        (RequestValidationError, _validation),
        (HTTPException, _http),
    ):
        app.add_exception_handler(handled, handler)
    app.include_router(health.router)
    for router in ROUTERS:
        app.include_router(router, prefix="/v1")
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    app.add_middleware(Edge)
    return app


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, the same on every machine and at every time."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            separate_input_output_schemas=False,
        )
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemOut"] = ProblemOut.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error, request_id(request.scope))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = (
        error.problem
        if isinstance(error, BodyRefused)
        else Problem(_BY_STATUS.get(error.status_code, "malformed-body"))
    )
    return problem_response(problem, request_id(request.scope), dict(error.headers or {}))


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [FieldError(_pointer(one["loc"]), _sentence(one)) for one in error.errors()[:50]]
    problem = Problem("invalid-request", errors=errors)
    return problem_response(problem, request_id(request.scope))


def _pointer(location: tuple[int | str, ...]) -> str:
    """Return a JSON pointer for body errors and ``query/name`` for parameters; never input."""
    place, *rest = location or ("body",)
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in rest]
    if place == "body":
        return "".join(f"/{part[:80]}" for part in parts)
    return "/".join([str(place), *parts])


def _sentence(error: dict[str, Any]) -> str:
    """Return our own sentence for a validation error; the framework's may echo the input."""
    kind = error["type"]
    if kind == "fundops":
        return str(error["msg"])
    key = f"validation.{kind}"
    if key not in catalogue():
        return text("validation.other")
    numbers: dict[str, Any] = {
        k: v for k, v in (error.get("ctx") or {}).items() if isinstance(v, int | float)
    }
    return text(key, **numbers)
