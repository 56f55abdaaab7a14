"""Tables of decisions: boards, their members, items, votes and recusals.

A board decides on a call's proposals, meeting or in writing; what it carried becomes awards only
when two persons, neither of them alone, have confirmed it.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundops.db import Base, Text, one_of, whole
from fundops.errors import register_constraints

MODES = ("meeting", "written")
BOARD_STATUSES = ("draft", "open", "closed", "confirmed", "cancelled")
OUTCOMES = ("award", "reserve", "reject")
ITEM_STATUSES = ("proposed", "carried", "not_carried", "carried_out")
VOTES = ("for", "against", "abstain")
BASES = ("cash", "instalment")


class Board(Base):
    """A session of the board on one call: when, with which quorum, minutes, who confirmed.

    ``awards_on`` is the day its awards count from, if the first who confirmed set one.
    """

    __tablename__ = "boards"
    __table_args__ = (
        one_of("status", BOARD_STATUSES),
        one_of("mode", MODES),
        CheckConstraint("quorum > 0", name="quorum_positive"),
        CheckConstraint("mode <> 'meeting' OR meets_on IS NOT NULL", name="meeting_has_day"),
        CheckConstraint("mode <> 'written' OR decide_by_at IS NOT NULL", name="written_has_end"),
        CheckConstraint(
            "first_confirmed_by_id IS NULL OR second_confirmed_by_id IS NULL"
            " OR first_confirmed_by_id <> second_confirmed_by_id",
            name="two_confirm",
        ),
        CheckConstraint(
            "status <> 'confirmed' OR second_confirmed_by_id IS NOT NULL", name="confirmed_by_two"
        ),
        Index("ix_boards_call_id", "call_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text(40), unique=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    title: Mapped[str] = mapped_column(Text(300))
    mode: Mapped[str] = mapped_column(Text(10))
    meets_on: Mapped[date | None]
    decide_by_at: Mapped[datetime | None]
    quorum: Mapped[int]
    ranking_id: Mapped[UUID | None] = mapped_column(ForeignKey("rankings.id"))
    minutes: Mapped[str | None] = mapped_column(Text(20_000))
    status: Mapped[str] = mapped_column(Text(10))
    prepared_by_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    first_confirmed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    first_confirmed_at: Mapped[datetime | None]
    second_confirmed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    second_confirmed_at: Mapped[datetime | None]
    awards_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class BoardMember(Base):
    """A person who may vote at one board."""

    __tablename__ = "board_members"
    __table_args__ = (UniqueConstraint("board_id", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    board_id: Mapped[UUID] = mapped_column(ForeignKey("boards.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    is_chair: Mapped[bool]


class BoardItem(Base):
    """What the board is asked to decide on one proposal: the outcome, the amount, the reason.

    ``basis`` says what an award stands on: cash, or a binding agreement's ``instalment_id``.
    ``place`` orders the reserve list, from which one person asks to promote a proposal and another
    confirms it.
    """

    __tablename__ = "board_items"
    __table_args__ = (
        UniqueConstraint("board_id", "proposal_id"),
        one_of("outcome", OUTCOMES),
        one_of("status", ITEM_STATUSES),
        one_of("basis", BASES),
        CheckConstraint("outcome = 'reject' OR amount_minor > 0", name="amount_positive"),
        CheckConstraint("outcome <> 'reject' OR amount_minor IS NULL", name="reject_no_amount"),
        CheckConstraint("(outcome = 'reserve') = (place IS NOT NULL)", name="reserve_placed"),
        CheckConstraint("(basis = 'instalment') = (instalment_id IS NOT NULL)", name="basis_named"),
        CheckConstraint(
            "promotion_asked_by_id IS NULL OR promotion_confirmed_by_id IS NULL"
            " OR promotion_asked_by_id <> promotion_confirmed_by_id",
            name="two_promote",
        ),
        CheckConstraint(
            "promotion_confirmed_by_id IS NULL OR"
            " (promotion_asked_by_id IS NOT NULL AND outcome = 'reserve')",
            name="promoted_from_reserve",
        ),
        whole("amount_minor"),
        Index("ix_board_items_proposal_id", "proposal_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    board_id: Mapped[UUID] = mapped_column(ForeignKey("boards.id"))
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"))
    number: Mapped[int]
    outcome: Mapped[str] = mapped_column(Text(10))
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    place: Mapped[int | None]
    basis: Mapped[str] = mapped_column(Text(12), default="cash")
    instalment_id: Mapped[UUID | None] = mapped_column(ForeignKey("instalments.id"))
    reason: Mapped[str] = mapped_column(Text(4000))
    conditions: Mapped[str | None] = mapped_column(Text(4000))
    status: Mapped[str] = mapped_column(Text(12))
    promotion_reason: Mapped[str | None] = mapped_column(Text(2000))
    promotion_asked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    promotion_asked_at: Mapped[datetime | None]
    promotion_confirmed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    promotion_confirmed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class Vote(Base):
    """One member's vote on one item; it may be changed while the board is open."""

    __tablename__ = "votes"
    __table_args__ = (UniqueConstraint("item_id", "person_id"), one_of("vote", VOTES))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("board_items.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    vote: Mapped[str] = mapped_column(Text(10))
    note: Mapped[str | None] = mapped_column(Text(2000))
    cast_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


class Recusal(Base):
    """A member who takes no part in one item, and why. Never undone."""

    __tablename__ = "recusals"
    __table_args__ = (UniqueConstraint("item_id", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("board_items.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    reason: Mapped[str] = mapped_column(Text(2000))
    declared_at: Mapped[datetime]


register_constraints(
    {
        "ck_boards_two_confirm": ("same-person", "constraint.board_two_confirm"),
        "ck_board_items_two_promote": ("same-person", "constraint.board_two_promote"),
        "uq_board_items_board_id_proposal_id": ("already-exists", "constraint.board_item"),
        "uq_board_members_board_id_person_id": ("already-exists", "constraint.board_member"),
        "uq_recusals_item_id_person_id": ("already-exists", "constraint.recusal"),
    }
)
