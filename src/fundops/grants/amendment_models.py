"""Tables of amendments to grant agreements: what is asked for, and who approved it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of
from fundops.errors import register_constraints

KINDS = ("no_cost_extension", "reallocation", "cost_extension", "results", "administrative")
AMENDMENT_STATUSES = ("requested", "approved", "in_force", "rejected", "withdrawn", "lapsed")
LIVE = ("requested", "approved")

_LIVE = "status IN ('requested', 'approved')"
_STANDING = "voided_at IS NULL"


class GrantAmendment(Base):
    """A change of an agreement in force that somebody asks for; a grant has one at a time.

    ``content`` is the whole text that would be agreed, ``measure`` how much it changes (months or
    basis points, by kind), ``needed`` the roles whose approval it takes, as JSON. ``approved``
    waits for the signatures of its version; ``lapsed``: that version was declined or withdrawn.
    ``by_grantee``: asked for by the grantee, not by the fund; only that side changes it.
    """

    __tablename__ = "grant_amendments"
    __table_args__ = (
        UniqueConstraint("grant_id", "number"),
        one_of("kind", KINDS),
        one_of("status", AMENDMENT_STATUSES),
        CheckConstraint("measure >= 0", name="measure_positive"),
        Index(
            "uq_grant_amendments_live", "grant_id", unique=True,
            sqlite_where=text(_LIVE), postgresql_where=text(_LIVE),
        ),
        Index("ix_grant_amendments_fund_id", "fund_id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("grants.id"))
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    number: Mapped[int]
    base_number: Mapped[int]
    kind: Mapped[str] = mapped_column(Text(20))
    status: Mapped[str] = mapped_column(Text(10))
    reason: Mapped[str] = mapped_column(Text(2000))
    content: Mapped[str] = mapped_column(Text(1_000_000))
    sha256: Mapped[str] = mapped_column(Text(64))
    measure: Mapped[int]
    needed: Mapped[str] = mapped_column(Text(1000))
    by_notice: Mapped[bool]
    by_grantee: Mapped[bool]
    requested_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    requested_at: Mapped[datetime]
    written_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(Text(2000))
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class AmendmentApproval(Base):
    """One person's approval of one content, in one role; void once the content changes."""

    __tablename__ = "amendment_approvals"
    __table_args__ = (
        CheckConstraint(
            "person_id <> requested_by_id AND person_id <> written_by_id", name="by_other"
        ),
        Index(
            "uq_amendment_approvals_standing", "amendment_id", "person_id", unique=True,
            sqlite_where=text(_STANDING), postgresql_where=text(_STANDING),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    amendment_id: Mapped[UUID] = mapped_column(ForeignKey("grant_amendments.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    requested_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    written_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    role: Mapped[str] = mapped_column(Text(30))
    sha256: Mapped[str] = mapped_column(Text(64))
    approved_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]


register_constraints(
    {
        "uq_grant_amendments_live": ("conflict", "constraint.amendment_live"),
        "ck_amendment_approvals_by_other": ("same-person", "constraint.amendment_by_other"),
        "uq_amendment_approvals_standing": ("already-exists", "constraint.amendment_approved"),
    }
)
