"""Tables of grant agreements: versions and their signatures, what each text says, and receipts.

What is agreed is written in texts, which are never changed or deleted: changing a version before it
is signed writes another text. A version is a text on its way to signature and into force; the one
in force, of which a grant has at most one, is what counts. Amounts are minor units of the fund's
base currency.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, in_range, one_of, whole
from fundops.errors import register_constraints
from fundops.proposals.models import CATEGORIES

VERSION_STATUSES = (
    "draft",
    "offered",
    "signed",
    "in_force",
    "superseded",
    "declined",
    "withdrawn",
)
OPEN = ("draft", "offered", "signed")
"""Statuses of a version on its way: a grant has at most one such."""
COUNTED = ("in_force", "superseded")
"""Statuses of a version that is, or was, in force."""

_AGREED = "status NOT IN ('in_force', 'superseded')"


def _only_one(name: str, condition: str) -> Index:
    return Index(
        f"uq_grant_agreement_versions_{name}", "agreement_id", unique=True,
        sqlite_where=text(condition), postgresql_where=text(condition),
    )  # fmt: skip


def append_only() -> dict[str, Any]:
    """Return the declaration that rows of a table are never changed or deleted."""
    return {"info": {"append_only": True}}


class GrantAgreement(Base):
    """The agreement of a grant, through all its versions; ``last_number`` counts them."""

    __tablename__ = "grant_agreements"
    __table_args__ = (UniqueConstraint("grant_id"), Index("ix_grant_agreements_fund_id", "fund_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    last_number: Mapped[int]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class GrantAgreementVersion(Base):
    """A version of an agreement on its way to signature and into force.

    ``text_number`` is the text that counts. ``needs_revision``: its lines were scaled from a
    proposal, or are not whole, so that an officer has to look at them before it is offered.
    ``by_notice``: an amendment so small that it comes into force without signatures. The grantee
    signs itself (``signed_by_id``), or on paper: then an officer records it with evidence and the
    name of the office that signed.
    """

    __tablename__ = "grant_agreement_versions"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number"),
        one_of("status", VERSION_STATUSES),
        CheckConstraint(f"{_AGREED} OR by_notice OR signed_at IS NOT NULL", name="signed_first"),
        CheckConstraint(
            f"{_AGREED} OR by_notice OR countersigned_by_id IS NOT NULL", name="countersigned"
        ),
        CheckConstraint("NOT by_notice OR amendment_id IS NOT NULL", name="notice_is_amendment"),
        CheckConstraint(
            "signed_at IS NULL OR (signed_by_id IS NOT NULL AND recorded_by_id IS NULL) "
            "OR (signed_by_id IS NULL AND recorded_by_id IS NOT NULL "
            "AND evidence_file_id IS NOT NULL AND signing_office IS NOT NULL)",
            name="signature_known",
        ),
        CheckConstraint(
            "amendment_id IS NOT NULL OR signed_by_id IS NULL OR signed_by_id <> prepared_by_id",
            name="signed_by_other",
        ),
        CheckConstraint(
            "countersigned_by_id IS NULL OR (countersigned_by_id <> prepared_by_id "
            "AND (signed_by_id IS NULL OR countersigned_by_id <> signed_by_id) "
            "AND (recorded_by_id IS NULL OR countersigned_by_id <> recorded_by_id))",
            name="two_persons",
        ),
        _only_one("in_force", "status = 'in_force'"),
        _only_one("open", "status IN ('draft', 'offered', 'signed')"),
        Index("ix_grant_agreement_versions_amendment_id", "amendment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("grant_agreements.id"))
    number: Mapped[int]
    status: Mapped[str] = mapped_column(Text(12))
    text_number: Mapped[int]
    amendment_id: Mapped[UUID | None] = mapped_column(ForeignKey("grant_amendments.id"))
    by_notice: Mapped[bool]
    needs_revision: Mapped[bool]
    prepared_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    prepared_at: Mapped[datetime]
    offered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    offered_at: Mapped[datetime | None]
    signed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    recorded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    signing_office: Mapped[str | None] = mapped_column(Text(300))
    evidence_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    signed_on: Mapped[date | None]
    signed_at: Mapped[datetime | None]
    countersigned_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    in_force_at: Mapped[datetime | None]
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(Text(2000))
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class GrantAgreementText(Base):
    """What a version says, whole, as canonical JSON: this is what is signed. Never changed."""

    __tablename__ = "grant_agreement_texts"
    __table_args__ = (
        UniqueConstraint("version_id", "number"),
        in_range("amount_minor"),
        whole("amount_minor"),
        CheckConstraint("starts_on <= ends_on", name="period_ordered"),
        append_only(),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("grant_agreement_versions.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(Text(1000))
    language: Mapped[str] = mapped_column(Text(3))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[str] = mapped_column(Text(1_000_000))
    sha256: Mapped[str] = mapped_column(Text(64))
    written_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    written_at: Mapped[datetime]


class GrantBudgetLine(Base):
    """A line of an agreed budget; ``objectives`` is canonical JSON, percents that sum to 100."""

    __tablename__ = "grant_budget_lines"
    __table_args__ = (
        UniqueConstraint("text_id", "number"),
        one_of("category", CATEGORIES),
        CheckConstraint("amount_minor >= 0", name="amount_positive"),
        whole("amount_minor"),
        append_only(),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    text_id: Mapped[UUID] = mapped_column(ForeignKey("grant_agreement_texts.id"))
    number: Mapped[int]
    category: Mapped[str] = mapped_column(Text(1))
    description: Mapped[str] = mapped_column(Text(1000))
    objectives: Mapped[str] = mapped_column(Text(200))
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class GrantAgreedResult(Base):
    """A result that is agreed: an indicator of the catalogue, its baseline and target."""

    __tablename__ = "grant_agreed_results"
    __table_args__ = (
        UniqueConstraint("text_id", "number"),
        CheckConstraint("target >= 0 AND (baseline IS NULL OR baseline >= 0)", name="counts"),
        append_only(),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    text_id: Mapped[UUID] = mapped_column(ForeignKey("grant_agreement_texts.id"))
    number: Mapped[int]
    indicator: Mapped[str] = mapped_column(Text(10))
    baseline: Mapped[int | None] = mapped_column(BigInteger)
    target: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str | None] = mapped_column(Text(1000))


class GrantAgreementReceipt(Base):
    """What both parties can show: which text came into force when, signed. Never changed."""

    __tablename__ = "grant_agreement_receipts"
    __table_args__ = (UniqueConstraint("version_id"), append_only())

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("grant_agreement_versions.id"))
    body: Mapped[str] = mapped_column(Text(20_000))
    sha256: Mapped[str] = mapped_column(Text(64))
    key_id: Mapped[str] = mapped_column(Text(64))
    signature: Mapped[str] = mapped_column(Text(200))
    issued_at: Mapped[datetime]


register_constraints(
    {
        "uq_grant_agreements_grant_id": ("already-exists", "constraint.grant_agreement"),
        "uq_grant_agreement_versions_in_force": ("conflict", "constraint.version_in_force"),
        "uq_grant_agreement_versions_open": ("conflict", "constraint.version_open"),
        "ck_grant_agreement_versions_signed_by_other": (
            "same-person",
            "constraint.version_signed_by_other",
        ),
        "ck_grant_agreement_versions_two_persons": (
            "same-person",
            "constraint.version_two_persons",
        ),
        "ck_grant_agreement_texts_period_ordered": ("conflict", "constraint.agreement_period"),
    }
)
