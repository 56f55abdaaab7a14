"""Somebody owns the database and takes its triggers away: what they change of a call is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from fundops import trail
from fundops.demo import call_story
from fundops.demo.stage import Story
from fundops.demo.story import tell
from fundops.ledger import checks as ledger
from fundops.proposals import version_rows
from fundops.reviews import checks as reviews
from tests.staged import staged
from tests.world import World

Damage = str | Callable[[Session], int]

SEALED = {
    "proposal_versions": ("content", "versions_sealed"),
    "review_drafts": ("content", "drafts_sealed"),
    "submission_receipts": ("body", "receipts_agree"),
    "rankings": ("result", "rankings_sealed"),
}
"""Tables whose rows carry the digest of a column: what is said of it alone being changed."""

TOLD = "registers_told"


def told_with_cofunding(world: World) -> Story:
    """Tell the demonstration's story to an application, with co-funding in it."""
    said = call_story._content

    def with_cofunding(key: str, starts_on: date) -> dict[str, Any]:
        more = {"source": "The town", "amount": "12.50", "currency": "USD", "is_secured": True}
        return said(key, starts_on) | {"cofunding": [more]}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call_story, "_content", with_cofunding)
        return tell(world.database)


story = staged(told_with_cofunding)


@contextmanager
def unguarded(world: World) -> Iterator[Session]:
    """Open a transaction without any guard of the database; nothing of it stays."""
    with Session(world.database.writer) as db:
        if world.database.is_sqlite:
            names = db.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        else:
            names = db.execute(
                text(
                    "SELECT t.tgname || ' ON ' || c.relname FROM pg_trigger t "
                    "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
                )
            )
        drops = [f"DROP TRIGGER {name}" for name in names.scalars().all()]
        assert len(drops) > 20
        for drop in drops:
            db.execute(text(drop))
        try:
            yield db
        finally:
            db.rollback()


def named(db: Session, check: str | None = None) -> set[str]:
    """Return the checks of ``fundops check`` that find something.

    Given one, only the half of all checks that it belongs to is asked.
    """
    found: set[str] = set()
    if check in (None, TOLD):
        found |= {one.check for one in ledger.run(db)}
        found |= {"access_told" for _ in trail.breaks(db, trail.ACCESS)}
    if check != TOLD:
        found |= {name for name, _ in reviews.run(db)}
    return found


def anew(table: str, where: str = "1 = 1") -> Callable[[Session], int]:
    """Return what changes a sealed column and seals it again, as the program itself would."""
    column, _ = SEALED[table]

    def damage(db: Session) -> int:
        query = f"SELECT id, {column} FROM {table} WHERE {where} ORDER BY id LIMIT 1"
        key, said = db.execute(text(query)).one()
        # Any text of the content takes one letter more; the rest of it stays as it was.
        changed = said.replace('":"', '":"x', 1)
        assert changed != said
        digest = hashlib.sha256(changed.encode()).hexdigest()
        update = text(f"UPDATE {table} SET {column} = :said, sha256 = :digest WHERE id = :id")
        return rows(db, update.bindparams(said=changed, digest=digest, id=key))

    return damage


def rows(db: Session, statement: object) -> int:
    """Run a statement and return how many rows it changed."""
    count: int = db.execute(statement).rowcount  # type: ignore[call-overload]
    return count


def first(table: str, where: str = "1 = 1") -> str:
    return f"id = (SELECT id FROM {table} WHERE {where} ORDER BY id LIMIT 1)"


DAMAGES: dict[str, tuple[Damage, str]] = {
    **{
        f"{table}.{column}": (f"UPDATE {table} SET {column} = {column} || ' '", check)
        for table, (column, check) in SEALED.items()
    },
    **{f"{table} sealed anew": (anew(table), TOLD) for table in SEALED},
    **{
        f"{table}.sha256": (f"UPDATE {table} SET sha256 = substr(sha256, 2) || 'x'", TOLD)
        for table in SEALED
    },
    "a submitted version sealed anew": (anew("proposal_versions", "kind = 'submitted'"), TOLD),
    "draft versions deleted": ("DELETE FROM proposal_versions WHERE kind = 'draft'", TOLD),
    "a draft made a submission": (
        "UPDATE proposal_versions SET kind = 'submitted' "
        "WHERE id = (SELECT id FROM proposal_versions WHERE kind = 'draft' ORDER BY id LIMIT 1)",
        TOLD,
    ),
    "review drafts deleted": ("DELETE FROM review_drafts", TOLD),
    "receipts deleted": ("DELETE FROM submission_receipts", TOLD),
    "a receipt's signature": ("UPDATE submission_receipts SET signature = 'x'", TOLD),
    "a ranking's seed": ("UPDATE rankings SET seed = seed + 1", TOLD),
    "a ranking's parameters": ("UPDATE rankings SET parameters = '{}'", TOLD),
    "findings": ("UPDATE eligibility_decisions SET findings = findings || ' '", TOLD),
    "eligibility decisions deleted": ("DELETE FROM eligibility_decisions", TOLD),
    "a statement's digest": ("UPDATE statements SET sha256 = substr(sha256, 2)", TOLD),
    "a statement's day": ("UPDATE statements SET as_of_on = from_on", TOLD),
    "statements deleted": ("DELETE FROM statements", TOLD),
    **{
        f"{model.__tablename__} deleted": (
            f"DELETE FROM {model.__tablename__} WHERE {first(model.__tablename__)}",
            "version_rows_follow",
        )
        for model in version_rows.MODELS
    },
    **{
        f"{table}: {change}": (
            f"UPDATE {table} SET {change} WHERE {first(table, where)}",
            "version_rows_follow",
        )
        for table, where, change in (
            ("proposal_budget_lines", "1 = 1", "total_minor = total_minor + 1"),
            ("proposal_budget_lines", "1 = 1", "quantity = quantity + 1"),
            ("proposal_budget_lines", "1 = 1", "description = 'Other'"),
            ("proposal_codes", "percent IS NOT NULL", "percent = percent - 1"),
            ("proposal_codes", "percent IS NULL", "code = 'zz'"),
            ("proposal_results", "1 = 1", "target = target + 1"),
            ("proposal_cofunding", "1 = 1", "amount_minor = amount_minor + 1"),
            ("proposal_cofunding", "1 = 1", "is_secured = NOT is_secured"),
        )
    },
}
"""What is done -> how, and the check that must name it."""


def test_an_untouched_story_holds(world: World, story: Story) -> None:
    with unguarded(world) as db:
        assert named(db) == set()


def test_whatever_is_changed_of_a_call_is_named(world: World, story: Story) -> None:
    """One story for all: each change is made, looked at, and taken back."""
    unnamed = {}
    with unguarded(world) as db:
        for change, (damage, check) in DAMAGES.items():
            with db.begin_nested() as aside:
                count = damage(db) if callable(damage) else rows(db, text(damage))
                assert count >= 1, change
                db.expire_all()
                found = named(db, check)
                aside.rollback()
            if check not in found:
                unnamed[change] = (check, found)
        assert named(db) == set()
    assert unnamed == {}


def test_rows_that_nobody_submitted_are_named(world: World, story: Story) -> None:
    """Budget lines of a draft are no part of any submission, nor is one line more of one."""
    kinds = {"draft": "1", "submitted": "99"}
    for kind, number in kinds.items():
        with unguarded(world) as db:
            added = (
                "INSERT INTO proposal_results (id, version_id, number, indicator, target) "
                f"SELECT id, id, {number}, '4.4', 5 FROM proposal_versions "
                f"WHERE kind = '{kind}' ORDER BY id LIMIT 1"
            )
            assert rows(db, text(added)) == 1
            assert "version_rows_follow" in named(db, "version_rows_follow")
