"""What the fast paths must not change: rights before input, one look-up, every route found."""

from __future__ import annotations

import gc
from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter, FastAPI, routing
from fastapi.dependencies import utils
from fastapi.routing import APIRoute
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from starlette.testclient import TestClient

from fundops import audit, driver, engines, pages
from fundops.app import create_app
from fundops.authz import Role
from fundops.db import Database
from fundops.funds.routes import Reader
from fundops.ledger.models import Fund
from fundops.routers import ROUTERS
from fundops.sections import Section, make_ready
from fundops.strict import StrictRoute
from tests.factories import a_fund
from tests.world import World


def test_sections_pass_over_only_what_is_not_theirs() -> None:
    for router in ROUTERS:
        section = Section(router)
        for route in router.routes:
            assert isinstance(route, APIRoute)
            path = route.path_format.format(**dict.fromkeys(route.param_convertors, uuid4()))
            assert section.lead in f"/v1{path}", path
    assert sum(len(Section(router).lead) > 1 for router in ROUTERS) > len(ROUTERS) / 2


def test_a_section_answers_as_its_router_does() -> None:
    router = APIRouter(prefix="/things")

    @router.get("/{number}")
    async def thing(number: int) -> int:
        return number

    app = FastAPI()
    app.include_router(Section(router), prefix="/v1")
    client = TestClient(app)
    assert client.get("/v1/things/7").json() == 7
    assert client.get("/v1/things/x").status_code == 422
    assert client.post("/v1/things/7").status_code == 405
    assert client.get("/v1/thing/7").status_code == 404


@pytest.mark.sqlite_only
def test_a_server_has_made_its_routes_ready_before_it_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    real = utils.get_dependant

    def counted(**given: Any) -> Any:
        made.append(given)
        return real(**given)

    monkeypatch.setattr(routing, "get_dependant", counted)
    token = world.as_role(Role.AUDITOR).token
    app = create_app(world.database.settings)
    for is_ready in (True, False):
        if is_ready:
            make_ready(app, ROUTERS)
            assert made, "the control: there was something to make"
        else:
            app = create_app(world.database.settings)
        made.clear()
        answer = TestClient(app).get("/v1/funds", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, made == []) == (200, is_ready)
        app.state.database.close()


def test_rights_are_judged_before_input(world: World) -> None:
    donor = world.as_role(Role.AUDITOR)
    for path in ("/v1/funds?limit=x", "/v1/funds/not-an-id"):
        assert world.anonymous().get(path).status_code == 401
        assert donor.get(path).status_code == 422
    wrong = {"json": {"code": 5}}
    assert world.anonymous().post("/v1/funds", **wrong).status_code == 401
    assert donor.post("/v1/funds", **wrong).status_code == 403


def test_an_endpoint_that_ignores_its_actor_is_guarded_all_the_same(world: World) -> None:
    router = APIRouter(route_class=StrictRoute)
    plain = APIRouter()

    @router.get("/ignoring")
    @plain.get("/plain")
    def ignoring(actor: Reader) -> str:
        return type(actor).__name__

    world.app.include_router(router)
    world.app.include_router(plain)
    reader = world.as_role(Role.AUDITOR)
    for path in ("/ignoring", "/plain"):
        assert world.anonymous().get(path).status_code == 401
        assert reader.get(path).json() == "Actor", path
        reader_without = world.client.get(path, headers={"authorization": "Bearer fdo_x"})
        assert reader_without.status_code == 401


def test_an_async_endpoint_is_refused() -> None:
    router = APIRouter(route_class=StrictRoute)

    async def waits() -> None: ...

    with pytest.raises(AssertionError, match="plain functions"):
        router.get("/waits")(waits)


def test_a_read_looks_the_token_up_once(world: World, database: Database) -> None:
    reader = world.as_role(Role.AUDITOR)
    reader.get("/v1/funds")
    seen: list[str] = []
    engines = {database.reader, database.glancer}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    assert reader.get("/v1/funds").status_code == 200
    assert len(seen) == 2, seen
    assert "FROM tokens" in seen[0]
    assert "FROM funds" in seen[1]


def test_glances_cannot_write(database: Database) -> None:
    with database.glance() as db, pytest.raises(DBAPIError):
        db.execute(text("UPDATE audit_head SET seq = seq"))


def test_statements_are_prepared_once_and_let_go(database: Database) -> None:
    kept = select(Fund.id)
    statement = pages._statement(kept, Fund.id, None, [Fund.id])
    assert pages._statement(kept, Fund.id, None, [Fund.id]) is statement
    assert pages._statement(kept, Fund.id, "-code", [Fund.code.desc()]) is not statement
    gc.collect(1)  # what was made just now; all there is takes seconds
    before = len(pages._prepared)
    for number in range(20):
        passing = select(Fund.id).where(Fund.code == str(number))
        pages._statement(passing, Fund.id, None, [Fund.id])
    del passing
    gc.collect(1)
    assert len(pages._prepared) <= before


def test_bare_statements_are_seen_and_their_errors_translated(database: Database) -> None:
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(database.writer, "before_cursor_execute", note)
    with database.write() as db:
        audit.lock_head(db)
        a_fund(db, code="SEEN")
    for table in ("audit_head", "audit_events", "audit_payloads", "accounts"):
        assert any(table in statement for statement in seen), table
    again = "INSERT INTO audit_head (id, seq, hash, recorded_at) SELECT * FROM audit_head"
    with database.write() as db, pytest.raises(IntegrityError):
        driver.run(db.connection(), [(again, [()])])


@pytest.mark.postgres_only
def test_a_connection_closed_by_the_other_side_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.read() as db:
        number = db.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with database.write() as db:
        db.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
    monkeypatch.setattr(engines, "PING_AFTER_SECONDS", 0.0)
    with database.read() as db:
        assert db.execute(text("SELECT pg_backend_pid()")).scalar_one() != number
