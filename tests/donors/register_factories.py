"""Plain functions that make what tests of the registers need, and count what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.audit import AuditEvent
from fundops.authz import Role
from fundops.db import Database
from fundops.donors import agreements, pledges, write_offs
from fundops.donors.agreement_schemas import Activation, AgreementIn, InstalmentIn
from fundops.donors.claim_schemas import WriteOffIn
from fundops.donors.earmark_input import EarmarkIn
from fundops.donors.models import Agreement, Instalment, Pledge
from fundops.donors.register_schemas import PledgeIn
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.donors.cash_factories import a_match, a_receipt, an_amount, an_officer
from tests.factories import a_person

SIGNED = date(2026, 1, 15)


def today() -> date:
    """Return today in UTC, the zone of test funds."""
    return clock.today("UTC")


def tomorrow() -> str:
    """Return a day that has not come yet, on the wire."""
    return (today() + timedelta(days=1)).isoformat()


def pledge_body(fund: Fund, donor: Party, **over: Any) -> dict[str, Any]:
    """Return the body of a pledge of 1000.00 in the fund's currency."""
    body = {
        "fund_id": str(fund.id),
        "donor_id": str(donor.id),
        "amount": {"amount": "1000.00", "currency": fund.base_currency},
        "pledged_on": "2026-01-10",
    }
    return body | over


def agreement_body(fund: Fund, donor: Party, **over: Any) -> dict[str, Any]:
    """Return the body of a signed, unearmarked agreement with one instalment of 1000.00."""
    body = {
        "fund_id": str(fund.id),
        "donor_id": str(donor.id),
        "title": "Support to grassroots organisations",
        "is_binding": True,
        "signed_on": SIGNED.isoformat(),
        "earmark": {"category": 1},
        "instalments": [{"amount": {"amount": "1000.00", "currency": fund.base_currency}}],
    }
    return body | over


def a_pledge(
    db: Session, fund: Fund, donor: Party, minor: int = 100_000, currency: str = "USD", **over: Any
) -> Pledge:
    """Record a pledge through the service."""
    values: dict[str, Any] = {"pledged_on": date(2026, 1, 10)} | over
    wanted = PledgeIn(
        fund_id=fund.id, donor_id=donor.id, amount=an_amount(minor, currency), **values
    )
    return pledges.create_pledge(db, audit.SYSTEM, wanted)


def an_active_agreement(
    db: Session,
    fund: Fund,
    donor: Party,
    *schedule: tuple[int, date | None],
    pledge: Pledge | None = None,
    currency: str = "USD",
    signed_on: date = SIGNED,
    is_draft: bool = False,
) -> tuple[Agreement, list[Instalment]]:
    """Make an agreement with instalments (minor units, due day) through the services."""
    wanted = AgreementIn(
        fund_id=fund.id,
        donor_id=donor.id,
        pledge_id=None if pledge is None else pledge.id,
        title="Support to grassroots organisations",
        is_binding=True,
        signed_on=signed_on,
        earmark=EarmarkIn(category=1),
        instalments=[
            InstalmentIn(amount=an_amount(minor, currency), due_on=due) for minor, due in schedule
        ],
    )
    made = agreements.create_agreement(db, audit.SYSTEM, wanted)
    if not is_draft:
        agreements.activate_agreement(db, audit.SYSTEM, made, Activation())
    query = select(Instalment).where(Instalment.agreement_id == made.id)
    return made, list(db.execute(query.order_by(Instalment.number)).scalars())


def write_off(db: Session, instalment: Instalment, minor: int, on: date) -> None:
    """Write part of an instalment off: asked for by one person, approved by another."""
    asking, approving = a_person(db, Role.FINANCE_OFFICER)[0], a_person(db, Role.APPROVER)[0]
    wanted = WriteOffIn(
        instalment_id=instalment.id,
        amount=an_amount(minor, instalment.currency),
        effective_on=on,
        reason="It will not come.",
    )
    write_offs.approve(db, approving, write_offs.request(db, asking, wanted))


def receive(db: Session, instalment: Instalment, minor: int, on: date) -> None:
    """Receive money in the instalment's currency and match it to the instalment."""
    officer = an_officer(db)
    fund = db.get_one(Fund, db.get_one(Agreement, instalment.agreement_id).fund_id)
    over = {} if instalment.currency == fund.base_currency else {"rate": "2"}
    receipt = a_receipt(db, officer, fund, minor, currency=instalment.currency, on=on, **over)
    a_match(db, officer, receipt, (instalment, minor))


def audited(database: Database, record_id: UUID | str) -> list[tuple[str, str | None]]:
    """Return the actions on a record and their reasons, in order, from the audit chain."""
    with database.read() as db:
        query = select(AuditEvent.action, AuditEvent.reason).where(
            AuditEvent.record_id == UUID(str(record_id))
        )
        return [(row.action, row.reason) for row in db.execute(query.order_by(AuditEvent.seq))]


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the SQL statements of a block, reading and writing."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engines = (database.reader, database.writer)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
