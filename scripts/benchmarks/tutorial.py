"""The endpoint that a good tutorial would have you write, for the same question and answer.

A session as a dependency that yields, ORM classes with relationships loaded eagerly
(``joinedload``, ``selectinload``), ``response_model``, synchronous endpoints on the framework's
own thread pool. The bearer token is looked up by its hash on every request, in one query with
its person and the person's roles, as fundops does. It has no row scope, error format, security
headers or request ids; the access log is the server's own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
)

from fundops.db import UtcDateTime
from fundops.money import format_amount


class Base(DeclarativeBase):
    """The tutorial's own mapping of the same tables."""

    type_annotation_map = {datetime: UtcDateTime()}


class Person(Base):
    """A person with roles."""

    __tablename__ = "persons"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str]
    memberships: Mapped[list[Membership]] = relationship()


class Membership(Base):
    """A role of a person."""

    __tablename__ = "memberships"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    role: Mapped[str]


class Token(Base):
    """A token of a person."""

    __tablename__ = "tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    secret_hash: Mapped[bytes]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    person: Mapped[Person] = relationship()


class Fund(Base):
    """A fund."""

    __tablename__ = "funds"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    base_currency: Mapped[str]


class Instalment(Base):
    """An instalment of an agreement."""

    __tablename__ = "instalments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"))
    amount_minor: Mapped[int]
    matched_minor: Mapped[int]
    written_off_minor: Mapped[int]


class Agreement(Base):
    """An agreement of a pledge."""

    __tablename__ = "agreements"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pledge_id: Mapped[UUID | None] = mapped_column(ForeignKey("pledges.id"))
    status: Mapped[str]
    instalments: Mapped[list[Instalment]] = relationship()


class Pledge(Base):
    """A pledge, with the amounts of its agreements as properties."""

    __tablename__ = "pledges"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    donor_id: Mapped[UUID]
    event_id: Mapped[UUID | None]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    rate: Mapped[str | None]
    base_minor: Mapped[int | None]
    fiscal_year: Mapped[int | None]
    pipeline_on: Mapped[date | None]
    pledged_on: Mapped[date | None]
    expected_on: Mapped[date | None]
    conditions: Mapped[str | None]
    source_code: Mapped[str | None]
    status: Mapped[str]
    version: Mapped[int]
    fund: Mapped[Fund] = relationship()
    agreements: Mapped[list[Agreement]] = relationship()

    def _sum(self, name: str) -> int:
        return sum(
            getattr(instalment, name)
            for agreement in self.agreements
            if agreement.status != "draft"
            for instalment in agreement.instalments
        )

    def _money(self, minor: int) -> dict[str, str]:
        return {"amount": format_amount(minor, self.currency), "currency": self.currency}

    @property
    def amount(self) -> dict[str, str]:
        """What was pledged."""
        return self._money(self.amount_minor)

    @property
    def agreed(self) -> dict[str, str]:
        """What agreements cover."""
        return self._money(self._sum("amount_minor"))

    @property
    def received(self) -> dict[str, str]:
        """What came in."""
        return self._money(self._sum("matched_minor"))

    @property
    def written_off(self) -> dict[str, str]:
        """What will not come in."""
        return self._money(self._sum("written_off_minor"))

    @property
    def outstanding(self) -> dict[str, str]:
        """What may still come in."""
        agreed = self._sum("amount_minor")
        rest = agreed - self._sum("matched_minor") - self._sum("written_off_minor")
        if self.status in ("pledged", "agreed"):
            rest += max(self.amount_minor - agreed, 0)
        return self._money(rest)

    @property
    def base_amount(self) -> dict[str, str] | None:
        """The pledge in the fund's currency."""
        if self.base_minor is None:
            return None
        currency = self.fund.base_currency
        return {"amount": format_amount(self.base_minor, currency), "currency": currency}


class MoneyRead(BaseModel):
    """An amount."""

    amount: str
    currency: str


class PledgeRead(BaseModel):
    """A pledge as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str
    fund_id: UUID
    donor_id: UUID
    event_id: UUID | None
    amount: MoneyRead
    agreed: MoneyRead
    received: MoneyRead
    written_off: MoneyRead
    outstanding: MoneyRead
    rate: str | None
    base_amount: MoneyRead | None
    fiscal_year: int | None
    pipeline_on: date | None
    pledged_on: date | None
    expected_on: date | None
    conditions: str | None
    source_code: str | None
    status: str
    version: int


class PledgePage(BaseModel):
    """A page of pledges."""

    model_config = ConfigDict(from_attributes=True)

    items: list[PledgeRead]


_URL = os.environ.get("FUNDOPS_DATABASE_URL", "sqlite://")
engine = create_engine(
    _URL, connect_args={"check_same_thread": False} if _URL.startswith("sqlite") else {}
)
SessionLocal = sessionmaker(bind=engine, autoflush=False)
app = FastAPI()


def get_db() -> Iterator[Session]:
    """Give each request a session and close it afterwards."""
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


Db = Annotated[Session, Depends(get_db)]
Credentials = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
WHOLE = (
    joinedload(Pledge.fund),
    selectinload(Pledge.agreements).selectinload(Agreement.instalments),
)


def get_current_person(db: Db, credentials: Credentials) -> Person:
    """Return the person behind the token."""
    digest = hashlib.sha256(credentials.credentials.encode()).digest()
    token = (
        db.execute(
            select(Token)
            .options(joinedload(Token.person).joinedload(Person.memberships))
            .where(Token.secret_hash == digest)
        )
        .unique()
        .scalar_one_or_none()
    )
    if token is None or token.revoked_at is not None or token.expires_at < datetime.now(UTC):
        raise HTTPException(401)
    if not any(membership.role for membership in token.person.memberships):
        raise HTTPException(403)
    return token.person


Current = Annotated[Person, Depends(get_current_person)]


@app.get("/v1/pledges", response_model=PledgePage)
def list_pledges(
    db: Db,
    person: Current,  # noqa: ARG001 - being allowed is the point
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, list[Pledge]]:
    """List pledges."""
    query = select(Pledge).options(*WHOLE).order_by(Pledge.id).limit(limit)
    return {"items": list(db.execute(query).unique().scalars())}


@app.get("/v1/pledges/{pledge_id}", response_model=PledgeRead)
def get_pledge(db: Db, person: Current, pledge_id: UUID) -> Pledge:  # noqa: ARG001
    """Read one pledge."""
    query = select(Pledge).options(*WHOLE).where(Pledge.id == pledge_id)
    pledge = db.execute(query).unique().scalar_one_or_none()
    if pledge is None:
        raise HTTPException(404)
    return pledge
