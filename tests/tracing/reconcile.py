"""Reconciling every donor's statement: entries against dated totals, rows against both."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from fundops import audit
from fundops.db import Database
from fundops.donors.models import Lot
from fundops.exports.statement_rows import section_rows
from fundops.ledger import balances
from fundops.parties.models import Party
from fundops.tracing.entries import POSITIONS, donor_lots
from fundops.tracing.statement import Question, Section, statement


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


def _check_rows(found: object, section: Section) -> None:
    rows = section_rows(found, section, "en")  # type: ignore[arg-type]
    assert sum(row[8] for row in rows.lines) == section.closing_minor - section.opening_minor
    assert sum(row[10] for row in rows.lots) == section.closing_minor
    assert sum(row[9] for row in rows.lots) == section.closing_minor - section.opening_minor
    assert sum(row[8] for row in rows.grants) == -section.flows["payments"]
    assert sum(row[7] for row in rows.grants) == section.closing["reserved"]


def _check_funds(db: object, together: dict[str, int], as_of: date, known: int) -> None:
    """Assert that the donors of each fund together are what the fund holds for them."""
    from fundops.ledger.models import Fund

    for fund in db.execute(select(Fund)).scalars():  # type: ignore[attr-defined]
        kinds = balances.by_kind(db, fund.id, as_of, known)  # type: ignore[arg-type]
        held = sum(kinds[k].minor for k in POSITIONS if k in kinds)
        assert together.get(fund.code, 0) == held, fund.code
