"""Fixtures around a running application: a database, the app, and a client for each role.

After every test that used the database, the ledger's invariants and the audit chain are checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4
from zlib import crc32

import pytest
from fastapi import FastAPI

from fundops import audit
from fundops.app import create_app, furnish
from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database
from fundops.ledger import checks
from tests.client import Client
from tests.depth import DEPTH
from tests.factories import a_person


def as_tested(database_url: str) -> Settings:
    """Return the settings of nearly all tests; those alike in all else share an application."""
    return Settings(
        database_url=database_url, log_level="error", lock_timeout_seconds=10, export_thread="off"
    )


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Give the settings of this test's database."""
    return as_tested(database_url)


_APPS: dict[str, FastAPI] = {}


@contextmanager
def application(settings: Settings) -> Iterator[FastAPI]:
    """Open a block with an application on the database of ``settings``, which is closed after it.

    Nothing of an application but its state belongs to a database, so one is made for all tests
    whose other settings are alike: the framework keeps each that was ever made, and each makes its
    routes ready anew. Routes that a test adds to it are gone afterwards.
    """
    own = {"database_url": "", "files_path": ""}
    alike = settings.model_copy(update=own).model_dump_json()
    app = _APPS.pop(alike, None)
    if app is None:
        app = create_app(settings)
    else:
        furnish(app, settings)
    routes, document = list(app.router.routes), app.openapi_schema
    try:
        yield app
    finally:
        database: Database = app.state.database
        database.close()
        if app.router.routes != routes:
            app.router.routes[:] = routes
            app.openapi_schema = document
        if not app.dependency_overrides:
            _APPS[alike] = app


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    """Give the application on this test's database."""
    with application(settings) as made:
        yield made


@pytest.fixture
def database(app: FastAPI, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Give this test's database; every invariant must hold when the test ends.

    Asking takes as long as many tests, so they are asked after one test in eight, always the same
    ones, other ones on each kind of database; at greater depth after all.
    """
    found: Database = app.state.database
    yield found
    if DEPTH > 1 or crc32(request.node.nodeid.encode()) % 8 == 0:
        with found.read() as db:
            assert checks.run(db) == []


class Caller:
    """A client with one person's token: POSTs carry a fresh idempotency key unless given one."""

    def __init__(self, client: Client, token: str | None, actor: Any = None) -> None:
        self.client = client
        self.token = token
        self.actor = actor

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Send one request."""
        headers = dict(options.pop("headers", None) or {})
        if self.token is not None:
            headers.setdefault("authorization", f"Bearer {self.token}")
        if method == "POST":
            headers.setdefault("idempotency-key", uuid4().hex)
        return self.client.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """Send a GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Any:
        """Send a POST."""
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> Any:
        """Send a PATCH."""
        return self.request("PATCH", path, **options)


class World:
    """The application under test, with callers of every role."""

    def __init__(self, app: FastAPI, database: Database) -> None:
        self.app = app
        self.database = database
        self.client = Client(app)

    def as_role(
        self, role: Role, *, party_id: UUID | None = None, fund_id: UUID | None = None
    ) -> Caller:
        """Return a caller who is a new person with ``role``."""
        with self.database.write() as db:
            audit.lock_head(db)
            actor, token = a_person(db, role, party_id=party_id, fund_id=fund_id)
        return Caller(self.client, token, actor)

    def anonymous(self) -> Caller:
        """Return a caller without a token."""
        return Caller(self.client, None)


@pytest.fixture
def world(app: FastAPI, database: Database) -> Iterator[World]:
    """Give the application under test."""
    made = World(app, database)
    with made.client:
        yield made
