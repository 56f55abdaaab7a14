"""An application full of somebody else's records: where access and hostile input are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from fundops import audit
from fundops.authz import PARTY_ROLES, PUBLIC_PATHS, ROLE_PERMISSIONS, Permission, Role
from fundops.config import Settings
from fundops.db import Database
from fundops.ledger import checks
from fundops.strict import RAW
from tests.contract.bodies import Bodies
from tests.contract.inventory import Operation, documented, operations
from tests.contract.records import Records
from tests.factories import a_fund, a_party
from tests.told import ToldOnce
from tests.world import Caller, World, application


@dataclass
class Stage:
    """An application full of somebody else's records, and how to ask it things."""

    app: FastAPI
    world: World
    records: Records
    bodies: Bodies
    documents: dict[tuple[str, str], dict[str, Any]]
    fund_id: UUID
    party_id: UUID

    def outsider(self, role: Role) -> Caller:
        """Return a person who holds ``role`` for another fund or another party."""
        if role in PARTY_ROLES:
            return self.world.as_role(role, party_id=self.party_id)
        return self.world.as_role(role, fund_id=self.fund_id)

    def insider(self, role: Role) -> Caller:
        """Return a person who holds ``role`` for every fund."""
        party = self.records.ids["parties"] if role in PARTY_ROLES else None
        return self.world.as_role(role, party_id=party)

    def ask(
        self, caller: Caller, operation: Operation, path: str, *, match: str | None = '"1"',
        **headers: str,
    ) -> Any:  # fmt: skip
        """Send the operation with a valid body to ``path``."""
        body = self.bodies.of(self.documents[operation.method, operation.path])
        sent = {"if-match": match} if match is not None else {}
        options: dict[str, Any] = {} if body is None else {"json": body}
        document = self.documents[operation.method, operation.path]
        if RAW in document.get("requestBody", {}).get("content", {}):
            options = {"content": b"no file of any kind"}
            sent["content-type"] = RAW
        return caller.request(operation.method, path, headers=sent | headers, **options)

    def everybody(self) -> dict[Permission, Caller]:
        """Return for each permission a caller who has it."""
        callers: dict[Permission, Caller] = {}
        # Those of one party come last: what others may do as well, others are asked to do.
        for role in sorted(Role, key=lambda role: role in PARTY_ROLES):
            caller = self.insider(role)
            for permission in ROLE_PERMISSIONS[role]:
                callers.setdefault(permission, caller)
        return callers


def guarded(app: FastAPI) -> list[Operation]:
    """Return every operation that needs a token."""
    return [one for one in operations(app) if one.path not in PUBLIC_PATHS]


@contextmanager
def staged(database_url: str, records_of: Callable[[Database], Records]) -> Iterator[Stage]:
    """Open a block in which there is an application with records of the given kind."""
    with application(Settings(database_url=database_url, log_level="error")) as app:
        database: Database = app.state.database
        records = records_of(database)
        with database.write() as db:
            audit.lock_head(db)
            fund_id, party_id = a_fund(db).id, a_party(db).id
        world = World(app, database)
        bodies = Bodies(app.openapi(), records.by_field())
        with world.client:
            yield Stage(app, world, records, bodies, documented(app), fund_id, party_id)


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    """Give an application with a row in every table; they are no real history, so no checks."""
    with staged(database_url, Records.filled) as made:
        yield made


@pytest.fixture
def lived_stage(told: ToldOnce, database_url: str) -> Iterator[Stage]:
    """Give an application with a history; whatever it is asked, every invariant must hold after."""
    with staged(database_url, Records.lived) as made:
        yield made
        with made.world.database.read() as db:
            assert checks.run(db) == []
