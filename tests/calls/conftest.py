"""What the tests of calls share: a clock that stands still, a fund, and calls in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from fundops import audit, clock
from fundops.authz import Role
from tests.factories import a_fund, a_party
from tests.world import Caller, World

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


class StillClock:
    """The clock of a test: it stands where it was put."""

    def __init__(self) -> None:
        self.at = START

    def put(self, at: str) -> None:
        self.at = datetime.fromisoformat(at)

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def still_clock() -> Iterator[StillClock]:
    made = StillClock()
    clock.set_clock(made)
    yield made
    clock.set_clock(None)


@pytest.fixture
def fund_id(world: World) -> UUID:
    with world.database.write() as db:
        audit.lock_head(db)
        return a_fund(db).id


class Calls:
    """Calls of one fund, and persons around them."""

    def __init__(self, world: World, fund_id: UUID) -> None:
        self.world = world
        self.fund_id = fund_id
        self.officer = world.as_role(Role.GRANT_OFFICER)

    def body(self, **over: Any) -> dict[str, Any]:
        """Return a call that lacks nothing but criteria."""
        return {
            "fund_id": str(self.fund_id),
            "title": "Shelters",
            "year": 2026,
            "opens_on": "2026-05-01",
            "envelope": {"amount": "90000.00", "currency": "USD"},
            "objectives": [4, 5],
            "modality": "comprehensive",
            "funding_window": "Second window",
            "summary": "Shelter and legal help.",
            "zone": "Asia/Manila",
            "deadline_at": "2026-06-10T15:59:59Z",
            "grace_minutes": 30,
            "floor": {"amount": "1000.00", "currency": "USD"},
            "ceiling": {"amount": "20000.00", "currency": "USD"},
            "languages": ["en", "fr"],
        } | over

    def drafted(self, *, criteria: bool = True, **over: Any) -> str:
        """Draft a call; return its address."""
        made = self.officer.post("/v1/calls", json=self.body(**over))
        assert made.status_code == 201, made.text
        place: str = made.headers["location"]
        if criteria:
            self.put(f"{place}/criteria", {"criteria": [criterion()]})
        return place

    def opened(self, **over: Any) -> str:
        """Open a call; return its address."""
        place = self.drafted(**over)
        answer = self.officer.post(f"{place}/open")
        assert answer.status_code == 200, answer.text
        return place

    def put(self, path: str, body: Any, *, status: int = 200) -> Any:
        """Replace terms with the present entity tag; return the answer's body."""
        tag = self.officer.get(path).headers["etag"]
        answer = self.officer.request("PUT", path, json=body, headers={"if-match": tag})
        assert answer.status_code == status, answer.text
        return answer.json()

    def refused(self, path: str, body: Any) -> list[str]:
        """Return the places that are named when terms are refused."""
        tag = self.officer.get(path).headers["etag"]
        answer = self.officer.request("PUT", path, json=body, headers={"if-match": tag})
        assert answer.status_code == 422, answer.text
        return pointers(answer)

    def patch(self, place: str, **changes: Any) -> Any:
        """Send changes with the present entity tag."""
        tag = self.officer.get(place).headers["etag"]
        return self.officer.patch(place, json=changes, headers={"if-match": tag})

    def grantee(self) -> Caller:
        """Return a person of a new organisation."""
        with self.world.database.write() as db:
            audit.lock_head(db)
            party_id = a_party(db, kind="civil_society").id
        return self.world.as_role(Role.GRANTEE, party_id=party_id)


def criterion(**over: Any) -> dict[str, Any]:
    """Return a criterion that carries the whole weight."""
    return {"title": "Need", "weight": "100", "scale_min": "1", "scale_max": "5"} | over


@pytest.fixture
def calls(still_clock: StillClock, world: World, fund_id: UUID) -> Calls:
    return Calls(world, fund_id)


def pointers(answer: Any) -> list[str]:
    """Return the places that a refusal names, in order."""
    return [error["pointer"] for error in answer.json()["errors"]]


Counting = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def statements(world: World) -> Counting:
    """Give what opens a block whose SQL statements are collected in a list."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(*given: object) -> None:
            seen.append(str(given[2]))

        engines = {world.database.reader, world.database.glancer}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)

    return counting
