"""A fund with lots and grants that hold nothing yet, for posting anything at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger import checks
from fundops.ledger.posting import AccountRef
from tests.factories import a_fund, a_party
from tests.ledger import faults
from tests.world import World

LEDGER_CHECKS = (
    "counters_equal_sums",
    "days_equal_sums",
    "months_equal_days",
    "books_balance",
    "every_transfer_has_its_event",
    "reversals_mirror",
    "no_account_overdrawn",
    "audit_chain",
)
"""The invariants of the ledger itself; the others compare it with registers not kept here."""


@dataclass(frozen=True)
class Books:
    """A fund and what its accounts may be for."""

    fund_id: UUID
    lots: tuple[UUID, ...]
    grants: tuple[UUID, ...]
    party: UUID

    def ref(self, kind: str, lot: UUID | None = None, grant: UUID | None = None,
            party: UUID | None = None) -> AccountRef:  # fmt: skip
        """Return an account of the fund."""
        return AccountRef(self.fund_id, kind, lot, grant, party)


def open_books(db: Session) -> Books:
    """Open a fund with two lots, two grants and a party that may owe it something."""
    audit.lock_head(db)
    fund, party = a_fund(db), a_party(db)
    lots = [
        Lot(
            id=uuid7(), code=f"LOT-{uuid7().hex}", kind="opening", fund_id=fund.id,
            donor_id=party.id, opened_on=date(2026, 1, 1), amount_minor=1, category=1,
            earmark='{"category":1}', status="open", created_at=clock.now(),
        )
        for _ in range(2)
    ]  # fmt: skip
    grants = [
        Grant(
            id=uuid7(), code=f"GRT-{uuid7().hex}", fund_id=fund.id, grantee_id=party.id,
            title="Shelter", awarded_on=date(2026, 1, 1), awarded_minor=1, status="closed",
            created_at=clock.now(),
        )
        for _ in range(2)
    ]  # fmt: skip
    db.add_all([*lots, *grants])
    db.flush()
    return Books(fund.id, tuple(x.id for x in lots), tuple(x.id for x in grants), party.id)


def violations(db: Session) -> list[checks.Violation]:
    """Return the broken invariants of the ledger itself."""
    return [found for found in checks.run(db) if found.check in LEDGER_CHECKS]


@pytest.fixture
def ledger(app: object, settings: object) -> Database:
    """Give a database whose end is checked by the test itself, against ``LEDGER_CHECKS``."""
    found: Database = app.state.database  # type: ignore[attr-defined]
    return found


@pytest.fixture(params=["writes", pytest.param("statements", marks=pytest.mark.slow)])
def till(request: pytest.FixtureRequest, world: World) -> faults.Till:
    """Give what cuts commands off before every statement; in the short form before most writes.

    Cut off before a read, a command has written what it had before the next write: the short form
    leaves out what can differ only in how the failure is handled. Of commands with very many
    writes, and of those that move no money, it takes some (``faults.spread``); the long form takes
    all writes and some of the reads (``faults.at_all_writes``).
    """
    return faults.Till(world, faults.every if request.param == "statements" else faults.is_write)
