"""Plain functions that make what tests of planning need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.donors.models import Agreement, Instalment
from fundops.grants import service
from fundops.grants.awarding import Terms
from fundops.grants.models import Grant, Tranche
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.donors.cash_factories import an_agreement, an_instalment
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import a_grant, a_grantee, for_country

TODAY = date(2026, 5, 10)
AWARDED = date(2026, 3, 1)


def expecting(
    db: Session, fund: Fund, minor: int, due_on: date | None, **terms: Any
) -> tuple[Agreement, Instalment]:
    """Add a binding agreement with one instalment."""
    agreement = an_agreement(db, fund, **terms)
    instalment = an_instalment(db, agreement, minor)
    instalment.due_on = due_on
    db.flush()
    return agreement, instalment


def waiting(
    db: Session, fund: Fund, instalment: Instalment, minor: int, *,
    country: str = "KE", starts_on: date | None = None, grantee: Party | None = None,
) -> Grant:  # fmt: skip
    """Award a grant on an instalment."""
    terms = Terms(
        (grantee or a_grantee(db)).id, "Safe houses", minor, AWARDED, country=country,
        objectives={4: 100}, starts_on=starts_on,
    )  # fmt: skip
    return service.award_conditionally(db, audit.SYSTEM, fund, terms, instalment.id)


def tranches(db: Session, grant: Grant, *parts: tuple[int, date | None]) -> list[Tranche]:
    """Give a grant a plan of tranches."""
    made = [
        Tranche(
            id=uuid7(), grant_id=grant.id, number=number, due_on=due_on, amount_minor=minor,
            created_at=clock.now(),
        )
        for number, (minor, due_on) in enumerate(parts, start=1)
    ]  # fmt: skip
    db.add_all(made)
    db.flush()
    return made


@dataclass(frozen=True)
class Scene:
    """A fund with free money for Nepal, money expected for Kenya, and grants that wait for it."""

    fund_id: UUID
    donor_id: UUID
    instalment_id: UUID
    grants: tuple[str, ...]


def a_scene(db: Session) -> Scene:
    """Make a fund that is short for Kenya only when its donor pays late.

    In hand: 400.00 free for Nepal; 300.00 of a grant in two tranches, in May and August. Expected:
    1,000.00 for Kenya on 1 July; 900.00 of it is awarded, 500.00 first, then 400.00.
    """
    fund = a_fund(db)
    fund.award_basis = "instalment"
    a_lot(db, fund, 70_000, earmark=for_country("NP"), category=3)
    standing = a_grant(db, fund, 30_000, country="NP", on=AWARDED)
    tranches(db, standing, (10_000, date(2026, 4, 1)), (20_000, date(2026, 8, 15)))
    donor = a_party(db, name="Ministry of the coast")
    _, instalment = expecting(
        db, fund, 100_000, date(2026, 7, 1), donor=donor, earmark=for_country("KE"), category=3
    )
    first = waiting(db, fund, instalment, 50_000)
    second = waiting(db, fund, instalment, 40_000, starts_on=date(2026, 9, 1))
    return Scene(fund.id, donor.id, instalment.id, (standing.code, first.code, second.code))
