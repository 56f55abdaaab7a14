"""Rules that money out keeps: which day, which currency, whose money, under which call."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.calls.models import Call
from fundops.codes import next_code, random_code
from fundops.errors import Problem, invalid
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.interests import has_interest
from fundops.parties.models import Party
from fundops.schemas import MoneyIn

RUNNING = ("conditional", "awarded", "suspended")
"""Statuses of grants that may still be paid, and of which something may still be due."""


def past_day(fund: Fund, given: date | None, pointer: str) -> date:
    """Return a date in the fund's zone, today when none is given; refuse the future (422)."""
    today = clock.today(fund.zone)
    if given is not None and given > today:
        raise invalid(pointer, "validation.future")
    return given or today


def base_minor(fund: Fund, given: MoneyIn, pointer: str) -> int:
    """Return an amount that must be in the fund's base currency, in minor units."""
    if given.currency != fund.base_currency:
        raise invalid(f"{pointer}/currency", "grants.base_currency", currency=fund.base_currency)
    return given.minor(pointer)


def refuse_interest(db: Session, actor: audit.Author, party_id: UUID) -> None:
    """Refuse an actor with an interest in the party that would get the money."""
    if has_interest(db, actor.person_id, party_id):
        raise Problem("conflict-of-interest", detail=text("grants.interest"))


def code_for(db: Session, grantee: Party, prefix: str, year: int) -> str:
    """Return a code that counts up, or one that tells nothing for a grantee at risk."""
    return random_code(prefix) if grantee.is_at_risk else next_code(db, prefix, year)


def call_of(db: Session, fund: Fund, call_id: UUID | None, pointer: str) -> Call | None:
    """Return the call an award is under: of the same fund, and no draft."""
    if call_id is None:
        return None
    call = db.get(Call, call_id)
    if call is None or call.fund_id != fund.id:
        raise invalid(pointer, "validation.unknown_record")
    if call.status == "draft":
        raise invalid(pointer, "grants.call_is_draft")
    return call


def grantee_of(db: Session, party_id: UUID) -> Party:
    """Return the party a grant may go to; refuse one that is frozen, or none at all."""
    party = db.get(Party, party_id)
    if party is None or party.kind == "pseudo":
        raise invalid("/grantee_id", "validation.unknown_record")
    if party.status != "active":
        raise invalid("/grantee_id", "grants.grantee_frozen")
    return party


def check_dates(starts_on: date | None, ends_on: date | None, pointer: str) -> None:
    """Refuse a period that ends before it begins."""
    if starts_on is not None and ends_on is not None and starts_on > ends_on:
        raise invalid(pointer, "validation.dates_order")
