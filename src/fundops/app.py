"""The HTTP application: routes, error answers and the middleware around them."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from fundops import __version__, api_document, health
from fundops.banking.statement_routes import MAX_STATEMENT_BYTES, STATEMENTS_ADDRESS
from fundops.collecting import settle
from fundops.config import Settings
from fundops.db import Database, translate
from fundops.errors import FieldError, Problem
from fundops.exports.jobs.runner import Maker
from fundops.exports.lists.answer import export_list
from fundops.files.store import Store
from fundops.logs import configure_logging
from fundops.messages import catalogue, text
from fundops.middleware import Edge, problem_response, request_id
from fundops.notices.jobs import Worker
from fundops.notices.transports import transport_of
from fundops.parties.tokens import authenticate
from fundops.routers import ROUTERS
from fundops.schemas import sentence_of
from fundops.sections import Section, make_ready
from fundops.signing import Signer
from fundops.strict import BodyRefused
from fundops.vault import Vault

_BY_STATUS = {
    400: "malformed-body",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}

UPLOAD_PARTS = re.compile(r"/v1/uploads/[^/]+/parts")
"""The address that takes larger bodies than others: parts of files."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application for ``settings`` (read from the environment by default)."""
    settings = settings or Settings()
    configure_logging(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # No more threads than connections: a thread that waits for a connection only holds
        # back the one that could give it up.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.threads
        worker = _worker(app)
        app.state.maker.wake()  # what another process left is begun again
        settle()
        yield
        app.state.maker.end()
        if worker is not None:
            worker.end()
        app.state.database.close()

    app = FastAPIOffline(
        title="fundops",
        version=__version__,
        description=text("api.description"),
        lifespan=lifespan,
        swagger_ui_parameters={"persistAuthorization": False},
        separate_input_output_schemas=False,
    )
    furnish(app, settings)
    for handled, handler in (
        (Problem, _problem),
        (DBAPIError, _database),
        (PoolTimeout, _database),
        (RequestValidationError, _validation),
        (HTTPException, _http),
    ):
        app.add_exception_handler(handled, handler)
    app.include_router(health.router)
    for router in ROUTERS:
        app.include_router(Section(router), prefix="/v1")
    app.openapi = lambda: api_document.document(app)  # type: ignore[method-assign]
    app.add_middleware(
        Edge,
        max_body_bytes=settings.max_body_bytes,
        larger={
            ("PUT", UPLOAD_PARTS): settings.upload_part_bytes,
            ("POST", STATEMENTS_ADDRESS): MAX_STATEMENT_BYTES,
        },
    )
    return app


def served_app() -> FastAPI:
    """Return the application of a server, which has made ready before it is asked anything."""
    app = create_app()
    make_ready(app, ROUTERS)
    return app


def _worker(app: FastAPI) -> Worker | None:
    """Return the thread that sends notices, begun, where there is a way to send and it may."""
    settings: Settings = app.state.settings
    if settings.notices_thread == "off" or transport_of(settings) is None:
        return None
    worker = Worker(app.state.database, settings)
    worker.start()
    return worker


def furnish(app: FastAPI, settings: Settings) -> None:
    """Give ``app`` what belongs to one database: all of its state, in place of what it had."""
    app.state.settings = settings
    app.state.database = Database(settings)
    app.state.authenticate = authenticate
    app.state.export_slots = threading.BoundedSemaphore(settings.export_slots)
    app.state.maker = Maker(app.state.database, settings, app.state.export_slots)
    app.state.files = Store(settings.files_path)
    app.state.clean_slots = threading.BoundedSemaphore(settings.clean_slots)
    app.state.signer = Signer(settings.files_path, settings.signing_key)
    app.state.vault = Vault(settings)
    app.state.export_list = export_list


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error, request_id(request.scope))


async def _database(request: Request, error: Exception) -> Response:
    """Answer a failing read; what is no known failure of the database goes on to the edge."""
    problem = translate(error) if isinstance(error, DBAPIError) else Problem("unavailable")
    if not isinstance(problem, Problem):
        raise error
    return problem_response(problem, request_id(request.scope))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = (
        error.problem
        if isinstance(error, BodyRefused)
        else Problem(_BY_STATUS.get(error.status_code, "malformed-body"))
    )
    headers = dict(error.headers or {})
    if error.status_code == 405:  # the framework names the methods of one of the routes only
        headers["allow"] = ", ".join(api_document.methods_at(request.app, request.url.path))
    return problem_response(problem, request_id(request.scope), headers)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    refused: Problem | None = getattr(request.state, "refused", None)
    if (
        refused is not None
        and error.body
        and any(e["loc"][:1] == ("body",) for e in error.errors())
    ):
        return problem_response(refused, request_id(request.scope))
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
    own = sentence_of(error)
    if own is not None:
        return own
    key = f"validation.{error['type']}"
    if key not in catalogue():
        return text("validation.other")
    numbers: dict[str, Any] = {
        k: v for k, v in (error.get("ctx") or {}).items() if isinstance(v, int | float)
    }
    return text(key, **numbers)
