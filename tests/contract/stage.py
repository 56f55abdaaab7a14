"""An application full of somebody else's records: where access and hostile input are tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI

from fundops import audit
from fundops.authz import PARTY_ROLES, PUBLIC_PATHS, ROLE_PERMISSIONS, Permission, Role
from fundops.ledger import checks
from fundops.strict import RAW
from tests.contract.bodies import Bodies
from tests.contract.inventory import Operation, documented, operations
from tests.contract.records import Records
from tests.depth import DEPTH
from tests.factories import a_fund, a_party, a_person
from tests.staged import Stages, begins_with
from tests.told import the_story
from tests.world import Caller, World, application, as_tested


class People:
    """Persons of every role: for these records, and for another fund or another party."""

    def __init__(self, world: World, records: Records) -> None:
        ours = records.ids["parties"]
        with world.database.write() as db:
            audit.lock_head(db)
            fund_id, party_id = a_fund(db).id, a_party(db).id
            insiders, outsiders = {}, {}
            for role in Role:
                is_party = role in PARTY_ROLES
                insiders[role] = a_person(db, role, party_id=ours if is_party else None)
                outsiders[role] = (
                    a_person(db, role, party_id=party_id)
                    if is_party
                    else a_person(db, role, fund_id=fund_id)
                )
        self.insiders = callers(world, insiders)
        self.outsiders = callers(world, outsiders)


def callers(world: World, persons: dict[Role, tuple[Any, str]]) -> dict[Role, Caller]:
    """Return callers who are ``persons``."""
    return {role: Caller(world.client, token, actor) for role, (actor, token) in persons.items()}


@dataclass
class Stage:
    """An application full of somebody else's records, and how to ask it things."""

    app: FastAPI
    world: World
    records: Records
    bodies: Bodies
    documents: dict[tuple[str, str], dict[str, Any]]
    people: People
    contents: dict[tuple[str, str], bytes | None] = field(default_factory=dict)

    def outsider(self, role: Role) -> Caller:
        """Return a person who holds ``role`` for another fund or another party."""
        return self.people.outsiders[role]

    def insider(self, role: Role) -> Caller:
        """Return a person who holds ``role`` for every fund."""
        return self.people.insiders[role]

    def content(self, operation: Operation) -> bytes | None:
        """Return a valid body of the operation, if it has any."""
        key = operation.method, operation.path
        if key not in self.contents:
            body = self.bodies.of(self.documents[key])
            self.contents[key] = None if body is None else json.dumps(body).encode()
        return self.contents[key]

    def ask(
        self, caller: Caller, operation: Operation, path: str, *, match: str | None = '"1"',
        **headers: str,
    ) -> Any:  # fmt: skip
        """Send the operation with a valid body to ``path``."""
        content = self.content(operation)
        sent = {"if-match": match} if match is not None else {}
        document = self.documents[operation.method, operation.path]
        if RAW in document.get("requestBody", {}).get("content", {}):
            content = b"no file of any kind"
            sent["content-type"] = RAW
        elif content is not None:
            sent["content-type"] = "application/json"
        return caller.request(operation.method, path, headers=sent | headers, content=content)

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


def asking(stage: Stage, operation: Operation, turn: int) -> list[Role]:
    """Return who is to ask for an operation: every role that may, or on PostgreSQL every third.

    What a role may do is the same on every database. How far it sees is the queries' to say, so
    those of one party, who see least, ask on both.
    """
    may = [role for role in Role if operation.permissions[0] in ROLE_PERMISSIONS[role]]
    if stage.world.database.is_sqlite or DEPTH > 1:
        return may
    of_parties = [role for role in may if role in PARTY_ROLES]
    others = [role for role in may if role not in PARTY_ROLES]
    return of_parties + others[turn % 3 if len(others) > turn % 3 else 0 :: 3]


@dataclass
class Scene:
    """What stands in a database before a test asks anything."""

    records: Records
    people: People


def of_filled(world: World) -> Scene:
    """Fill every table with one row, and have people beside."""
    records = Records.filled(world.database)
    return Scene(records, People(world, records))


@contextmanager
def opened(database_url: str) -> Iterator[World]:
    """Open a block with an application in a world whose books are not checked."""
    with application(as_tested(database_url)) as app:
        world = World(app, app.state.database)
        with world.client:
            yield world


def stage_of(world: World, scene: Scene) -> Stage:
    """Return the stage of a scene."""
    bodies = Bodies(world.app.openapi(), scene.records.by_field())
    return Stage(world.app, world, scene.records, bodies, documented(world.app), scene.people)


@pytest.fixture
@begins_with(of_filled)
def stage(database_url: str, stages: Stages) -> Iterator[Stage]:
    """Give an application with a row in every table; they are no real history, so no checks."""
    with opened(database_url) as world:
        yield stage_of(world, stages.of(of_filled).scene(world))


@pytest.fixture
@begins_with(the_story)
def lived_stage(database_url: str) -> Iterator[Stage]:
    """Give an application with a history; whatever it is asked, every invariant must hold after."""
    with opened(database_url) as world:
        records = Records.lived(world.database)
        yield stage_of(world, Scene(records, People(world, records)))
        with world.database.read() as db:
            assert checks.run(db) == []
