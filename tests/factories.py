"""Plain functions that make what a test needs, through the services wherever there is one."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Held, Role
from fundops.donors.models import Lot
from fundops.funds import service as funds
from fundops.funds.schemas import FundIn
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.parties.models import Membership, Party, Person, Token
from fundops.parties.tokens import new_secret, secret_hash

_numbers = count(1)


def a_fund(db: Session, *, currency: str = "USD", code: str | None = None) -> Fund:
    """Open a fund."""
    code = code or f"FUND{next(_numbers)}"
    return funds.create_fund(
        db, audit.SYSTEM, FundIn(code=code, name=f"Fund {code}", base_currency=currency)
    )


def a_party(db: Session, *, kind: str = "state", name: str | None = None, **over: object) -> Party:
    """Register a party."""
    number = next(_numbers)
    name = name or f"Party {number}"
    values: dict[str, object] = {
        "id": uuid7(),
        "code": f"PTY-{number:04d}",
        "kind": kind,
        "name": name,
        "country": "AT",
        "public_label": name,
        "is_at_risk": False,
        "is_anonymous": False,
        "status": "active",
        "created_at": clock.now(),
    }
    party = Party(**(values | over))
    db.add(party)
    db.flush()
    return party


def a_person(
    db: Session,
    role: Role,
    *,
    party_id: UUID | None = None,
    fund_id: UUID | None = None,
) -> tuple[Actor, str]:
    """Register a person with one role; return the actor and a token."""
    number, now = next(_numbers), clock.now()
    person = Person(
        id=uuid7(), code=f"PER-{number:04d}", name=f"Person {number}", status="active",
        created_at=now,
    )  # fmt: skip
    db.add(person)
    db.flush()
    db.add(
        Membership(
            id=uuid7(), person_id=person.id, role=role.value, party_id=party_id, fund_id=fund_id,
            valid_from=now - timedelta(days=1), created_at=now,
        )
    )  # fmt: skip
    secret = new_secret()
    token = Token(
        id=uuid7(), person_id=person.id, secret_hash=secret_hash(secret), label="test",
        created_at=now, expires_at=now + timedelta(days=30),
    )  # fmt: skip
    db.add(token)
    db.flush()
    return Actor(person.id, person.code, token.id, (Held(role, party_id, fund_id),)), secret


def a_lot(
    db: Session, fund: Fund, amount_minor: int, *, donor: Party | None = None,
    on: date = date(2026, 1, 1), earmark: str = '{"category":1}', category: int = 1,
    spend_by_on: date | None = None,
) -> Lot:  # fmt: skip
    """Open a lot with money in it, as an opening balance of ``donor``."""
    donor = donor or a_party(db)
    lot = Lot(
        id=uuid7(), code=f"LOT-{next(_numbers):04d}", kind="opening", fund_id=fund.id,
        donor_id=donor.id, opened_on=on, spend_by_on=spend_by_on, amount_minor=amount_minor,
        category=category, earmark=earmark, status="open", created_at=clock.now(),
    )  # fmt: skip
    db.add(lot)
    db.flush()
    seq = audit.record(db, audit.SYSTEM, "lot.opened", "lot", lot.id, fund_id=fund.id)
    bank = AccountRef(fund.id, "bank")
    opening, held = AccountRef(fund.id, "opening"), AccountRef(fund.id, "lot", lot.id)
    posting.post(db, seq, [
        Movement("opening", bank, opening, amount_minor, on, "lot", lot.id, lot.id),
        Movement("opening_lot", opening, held, amount_minor, on, "lot", lot.id, lot.id),
    ])  # fmt: skip
    return lot
