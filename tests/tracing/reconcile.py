"""Reconciling every donor's statement: entries against dated totals, rows against both."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.exports.statement_columns import TABLES
from fundops.exports.statement_rows import section_rows
from fundops.ledger import balances
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.tracing.entries import POSITIONS, donor_lots
from fundops.tracing.statement import DonorStatement, Question, Section, statement


def check_every_statement(database: Database, as_of: date) -> int:
    """Assert that each donor's statement adds up in every fund; return how many there were.

    The closing balance is taken three ways: from the entries, from the rows that go to the
    workbook, and from the ledger's totals by month and day.
    """
    with database.read() as db:
        known = audit.sequence_at(db, None)
        donors = db.execute(
            select(Party).where(Party.id.in_(select(Lot.donor_id))).order_by(Party.code)
        ).scalars()
        count = 0
        together: dict[str, int] = {}
        for donor in donors.all():
            found = statement(db, Question(donor.id, None, date(2016, 1, 1), as_of, known))
            for section in found.sections:
                held = balances.held_as_of(db, donor_lots(donor.id, section.fund.id), as_of, known)
                ledger = {p: held.get(account, 0) for account, p in POSITIONS.items()}
                assert section.closing == ledger, (donor.code, section.fund.code)
                assert section.opening_minor + sum(section.flows.values()) == section.closing_minor
                _check_rows(found, section)
                fund = section.fund.code
                together[fund] = together.get(fund, 0) + section.closing_minor
            count += 1
        _check_funds(db, together, as_of, known)
    return count


def _column(table: str, key: str) -> int:
    """Return where the column ``key`` of a sheet stands in its rows."""
    return [name for name, _, _ in TABLES[table]].index(key)


def _check_rows(found: DonorStatement, section: Section) -> None:
    rows = section_rows(found, section, "en")

    def added(table: str, key: str) -> int:
        place = _column(table, key)
        return sum(row[place] for row in getattr(rows, table))

    change = section.closing_minor - section.opening_minor
    assert added("lines", "amount") == added("lots", "change") == change
    assert added("lots", "closing") == section.closing_minor
    assert added("grants", "paid") == -section.flows["payments"]
    assert added("grants", "reserved") == section.closing["reserved"]


def _check_funds(db: Session, together: dict[str, int], as_of: date, known: int) -> None:
    """Assert that the donors of each fund together are what the fund holds for them."""
    for fund in db.execute(select(Fund)).scalars():
        kinds = balances.by_kind(db, fund.id, as_of, known)
        held = sum(kinds[k].minor for k in POSITIONS if k in kinds)
        assert together.get(fund.code, 0) == held, fund.code
