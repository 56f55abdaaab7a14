"""Somebody with the application's own way into the database: what is refused, what is found."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fundops import audit, trail
from fundops.authz import Role
from fundops.demo.stage import Story
from fundops.ledger import checks
from fundops.parties import freezes
from fundops.parties.models import Party
from tests.world import World

APPEND_ONLY = {"transfers": "id", "audit_events": "seq", "statements": "id"}


def tries(table: str, key: str) -> list[str]:
    """Return ways to change rows of a table that only takes more."""
    every = f"INTO {table} SELECT * FROM {table} WHERE true"
    return [
        f"UPDATE {table} SET {key} = {key}",
        f"DELETE FROM {table}",
        f"INSERT {every} ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key}",
    ]


def test_append_only_tables_refuse_every_way_round(world: World, story: Story) -> None:
    statements = [one for table, key in APPEND_ONLY.items() for one in tries(table, key)]
    if world.database.is_sqlite:
        statements += [f"REPLACE INTO {t} SELECT * FROM {t}" for t in APPEND_ONLY]
        statements += [f"UPDATE OR REPLACE {t} SET {k} = {k}" for t, k in APPEND_ONLY.items()]
    else:
        statements += [f"TRUNCATE {table} CASCADE" for table in APPEND_ONLY]
    statements += [
        "DELETE FROM audit_payloads",
        "UPDATE audit_payloads SET payload = '{}'",
        "UPDATE audit_head SET seq = seq - 1",
        "DELETE FROM audit_head",
    ]
    for statement in statements:
        with (
            Session(world.database.writer) as db,
            pytest.raises(DBAPIError, match="append-only"),
        ):
            db.execute(text(statement))


UNSEEN = (
    "UPDATE memberships SET role = 'fund_manager' WHERE role = 'grant_officer'",
    "UPDATE memberships SET valid_until = NULL, fund_id = NULL, reason = 'x'",
    "DELETE FROM memberships WHERE role = 'approver'",
    "UPDATE tokens SET label = 'x'",
    "DELETE FROM tokens",
    "UPDATE persons SET name = 'Somebody else' WHERE name = 'Approver'",
    "UPDATE parties SET is_at_risk = false",
    "UPDATE parties SET status = 'frozen' WHERE country = 'PH'",
)


@pytest.mark.parametrize("damage", UNSEEN)
def test_access_changed_in_the_database_is_found(world: World, story: Story, damage: str) -> None:
    with Session(world.database.writer) as db:
        assert trail.breaks(db, trail.ACCESS) == []
        assert db.execute(text(damage)).rowcount >= 1  # type: ignore[attr-defined]
        assert trail.breaks(db, trail.ACCESS)
        db.rollback()


def test_a_register_row_that_was_deleted_is_found(world: World, story: Story) -> None:
    with Session(world.database.writer) as db:
        assert trail.breaks(db) == []
        db.execute(text("DELETE FROM exchange_rates WHERE currency = 'JPY'"))
        assert "registers_told" in {found.check for found in checks.run(db)}
        db.rollback()


def test_a_freeze_explains_the_status_of_its_party(world: World, story: Story) -> None:
    approver, manager = story.approver, story.manager
    administrator = story.players[Role.ADMINISTRATOR].actor
    steps = (
        (freezes.freeze, approver), (freezes.request_restore, manager),
        (freezes.restore, administrator),
    )  # fmt: skip
    for step, actor in steps:
        with world.database.write() as db:
            audit.lock_head(db)
            step(db, actor, db.get_one(Party, story.parties["legal"].id), "A stolen token")
        with world.database.read() as db:
            assert trail.breaks(db, trail.ACCESS) == []
