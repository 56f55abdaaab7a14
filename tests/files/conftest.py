"""What the tests of files share: a store of their own, a clock to move, and a client that sends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from fundops import audit, clock
from fundops.authz import Role
from fundops.files.store import Store
from tests.factories import a_party
from tests.world import Caller, World

RAW = {"content-type": "application/octet-stream"}


class MovingClock:
    """The clock of a test: it runs, and can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def forward(self, **by: float) -> None:
        """Put the clock forward by so many ``days`` or ``hours``."""
        self.ahead += timedelta(**by)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def moving_clock() -> Iterator[MovingClock]:
    """Give a clock that the test can put forward."""
    made = MovingClock()
    clock.set_clock(made)
    yield made
    clock.set_clock(None)


@pytest.fixture
def store(world: World, tmp_path: Path) -> Store:
    """Give the application a store of this test's own."""
    made = Store(tmp_path / "files")
    world.app.state.files = made
    return made


class Sender:
    """Somebody who sends files for one organisation."""

    def __init__(self, world: World, role: Role = Role.GRANTEE, *, party: UUID | None = None):
        self.world = world
        self.party_id = party
        if party is None:
            with world.database.write() as db:
                audit.lock_head(db)
                self.party_id = a_party(db, kind="civil_society").id
        held = self.party_id if role is Role.GRANTEE else None
        self.caller: Caller = world.as_role(role, party_id=held)

    def declare(self, raw: bytes, name: str, /, **over: Any) -> Any:
        """Declare a file; return the answer."""
        body = {
            "name": name,
            "size_bytes": len(raw),
            "sha256": hashlib.sha256(raw).hexdigest(),
            "party_id": str(self.party_id),
        } | over
        return self.caller.post("/v1/uploads", json=body)

    def part(self, upload_id: str, data: bytes, offset: int = 0, **options: Any) -> Any:
        """Send one part; return the answer."""
        options.setdefault("headers", RAW)
        path = f"/v1/uploads/{upload_id}/parts?offset={offset}"
        return self.caller.request("PUT", path, content=data, **options)

    def sent(self, raw: bytes, name: str) -> str:
        """Declare and send a file whole; return the upload's id."""
        declared = self.declare(raw, name)
        assert declared.status_code == 201, declared.text
        upload_id: str = declared.json()["id"]
        answer = self.part(upload_id, raw)
        assert answer.status_code == 200, answer.text
        return upload_id

    def complete(self, upload_id: str, **options: Any) -> Any:
        """Complete an upload; return the answer."""
        return self.caller.post(f"/v1/uploads/{upload_id}/complete", **options)

    def upload(self, raw: bytes, name: str) -> dict[str, Any]:
        """Send a file; return what it has become."""
        answer = self.complete(self.sent(raw, name))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def content(self, file_id: str) -> bytes:
        """Download a file."""
        answer = self.caller.get(f"/v1/files/{file_id}/content")
        assert answer.status_code == 200, answer.text
        content: bytes = answer.content
        return content


@pytest.fixture
def sender(world: World, store: Store) -> Sender:
    """Give somebody who sends files for an organisation."""
    return Sender(world)
