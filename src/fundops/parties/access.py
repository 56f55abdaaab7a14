"""Memberships: allowing a person a role, lending a role, and ending either.

Nothing here changes the past: a role begins now or later and ends now or later, so the rows
answer who could do what at any instant.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties import queries
from fundops.parties.access_queries import count_live_memberships, not_over, person_by_code
from fundops.parties.access_schemas import DelegationIn, EndIn, MembershipIn
from fundops.parties.models import Membership, Person
from fundops.records import snapshot

MAX_DELEGATION = timedelta(days=90)
MAX_LIVE_MEMBERSHIPS = 100
"""Roles in force or to come that one person may hold; also how many they may have lent."""


def grant(db: Session, author: audit.Author, given: MembershipIn) -> Membership:
    """Allow another person a role.

    Raises ``same-person`` for oneself, ``already-exists`` for a role the person holds in that
    period, ``invalid-request`` for unknown records, a role without the party it needs, or a
    period in the past.
    """
    if author.person_id is not None and author.person_id == given.person_id:
        raise Problem("same-person", detail=text("access.not_to_yourself"))
    person = _active(db.get(Person, given.person_id, populate_existing=True), "/person_id")
    _check_party(db, given)
    _check_fund(db, author, given.fund_id)
    begins = _begin(given.valid_from)
    if given.valid_until is not None and given.valid_until <= begins:
        raise invalid("/valid_until", "validation.dates_order")
    made = Membership(
        id=uuid7(),
        person_id=person.id,
        role=given.role.value,
        party_id=given.party_id,
        fund_id=given.fund_id,
        valid_from=begins,
        valid_until=given.valid_until,
        reason=given.reason,
        granted_by_id=author.person_id,
        created_at=clock.now(),
    )
    return _add(db, author, made, "membership.granted")


def lend(db: Session, actor: Actor, given: DelegationIn) -> Membership:
    """Lend one of the actor's own roles to another person for at most 90 days.

    Raises ``not-allowed`` for a role the token in use does not give, ``conflict`` for a role that
    is itself lent, ``same-person`` for oneself, ``invalid-request`` for a period outside the
    actor's own.
    """
    own = db.get(Membership, given.membership_id, populate_existing=True)
    if own is None or own.person_id != actor.person_id:
        raise invalid("/membership_id", "validation.unknown_record")
    if own.delegated_by_id is not None:
        raise Problem("conflict", detail=text("access.lent_already"))
    fund_id = _lent_fund(db, own, given.fund_id)
    if not _gives(actor, own, fund_id):
        raise Problem("not-allowed")
    borrower = _active(person_by_code(db, given.person_code), "/person_code")
    if borrower.id == actor.person_id:
        raise Problem("same-person", detail=text("access.not_to_yourself"))
    begins = _begin(given.valid_from)
    _check_lent_period(own, begins, given.valid_until)
    if _count_lent(db, actor.person_id) >= MAX_LIVE_MEMBERSHIPS:
        raise Problem("conflict", detail=text("access.too_many", limit=MAX_LIVE_MEMBERSHIPS))
    made = Membership(
        id=uuid7(),
        person_id=borrower.id,
        role=own.role,
        party_id=own.party_id,
        fund_id=fund_id,
        valid_from=begins,
        valid_until=given.valid_until,
        delegated_by_id=actor.person_id,
        lent_membership_id=own.id,
        reason=given.reason,
        granted_by_id=actor.person_id,
        created_at=clock.now(),
    )
    return _add(db, actor, made, "membership.lent")


def end(db: Session, author: audit.Author, membership: Membership, given: EndIn) -> Membership:
    """End a role and what was lent out of it, now or at an instant before it would end anyway.

    Raises ``wrong-status`` for a role that is over, ``not-allowed`` for one outside the funds the
    actor may change, ``invalid-request`` for an instant in the past or after the present end.
    """
    _check_may_end(author, membership)
    now = clock.now()
    at = given.at or now
    until = membership.valid_until
    if until is not None and (until <= now or until == membership.valid_from):
        raise Problem("wrong-status", action="end", status="over")
    if at < now:
        raise invalid("/at", "validation.past")
    if until is not None and at > until:
        raise invalid("/at", "validation.later_than_end")
    lent = db.execute(
        select(Membership)
        .where(Membership.lent_membership_id == membership.id, not_over(at))
        .order_by(Membership.id)
        .execution_options(populate_existing=True)
    ).scalars()
    entries = end_rows([membership, *lent], author, at, given.reason)
    db.flush()
    audit.record_many(db, author, entries)
    return membership


def end_rows(
    rows: Iterable[Membership], author: audit.Author, at: datetime, reason: str
) -> list[audit.Entry]:
    """End memberships at ``at``, or before they begin; return what to record of it."""
    entries = []
    for row in rows:
        before = {"valid_until": row.valid_until, "ended_by_id": row.ended_by_id}
        row.valid_until = max(at, row.valid_from)
        row.ended_by_id = author.person_id
        after = {"valid_until": row.valid_until, "ended_by_id": row.ended_by_id}
        entries.append(
            audit.Entry(
                "membership.ended", "membership", row.id, row.fund_id, reason, before, after
            )
        )
    return entries


def _check_may_end(author: audit.Author, membership: Membership) -> None:
    """Both ends of a delegation may end it; else it takes the right to change memberships."""
    if not isinstance(author, Actor):
        return
    if membership.delegated_by_id is not None and author.person_id in (
        membership.person_id,
        membership.delegated_by_id,
    ):
        return
    funds = author.funds(Permission.MEMBERSHIP_WRITE)
    if funds is not None and membership.fund_id not in funds:
        raise Problem("not-allowed")


def _add(db: Session, author: audit.Author, made: Membership, action: str) -> Membership:
    if count_live_memberships(db, made.person_id) >= MAX_LIVE_MEMBERSHIPS:
        raise Problem("conflict", detail=text("access.too_many", limit=MAX_LIVE_MEMBERSHIPS))
    if _holds_already(db, made):
        raise Problem("already-exists", detail=text("access.held_already"))
    db.add(made)
    db.flush()
    audit.record(
        db,
        author,
        action,
        "membership",
        made.id,
        fund_id=made.fund_id,
        reason=made.reason,
        after=snapshot(made),
    )
    return made


def _holds_already(db: Session, made: Membership) -> bool:
    query = select(Membership.id).where(
        Membership.person_id == made.person_id,
        Membership.role == made.role,
        Membership.party_id.is_not_distinct_from(made.party_id),
        Membership.fund_id.is_not_distinct_from(made.fund_id),
        not_over(made.valid_from),
    )
    if made.valid_until is not None:
        query = query.where(Membership.valid_from < made.valid_until)
    return db.execute(query.limit(1)).first() is not None


def _active(person: Person | None, pointer: str) -> Person:
    if person is None or person.status != "active":
        raise invalid(pointer, "validation.unknown_record")
    return person


def _begin(valid_from: datetime | None) -> datetime:
    now = clock.now()
    if valid_from is not None and valid_from < now:
        raise invalid("/valid_from", "validation.past")
    return valid_from or now


def _check_party(db: Session, given: MembershipIn) -> None:
    if given.role not in PARTY_ROLES:
        if given.party_id is not None:
            raise invalid("/party_id", "constraint.membership_party")
        return
    if given.party_id is None:
        raise invalid("/party_id", "constraint.membership_party")
    if queries.named(db, "/party_id", given.party_id).kind == "pseudo":
        raise invalid("/party_id", "validation.unknown_record")


def _check_fund(db: Session, author: audit.Author, fund_id: UUID | None) -> None:
    """A role may be given in the funds whose memberships the actor may change."""
    if fund_id is not None and db.get(Fund, fund_id) is None:
        raise invalid("/fund_id", "validation.unknown_record")
    if isinstance(author, Actor):
        funds = author.funds(Permission.MEMBERSHIP_WRITE)
        if funds is not None and fund_id not in funds:
            raise invalid("/fund_id", "validation.unknown_record")


def _lent_fund(db: Session, own: Membership, fund_id: UUID | None) -> UUID | None:
    if fund_id is None or fund_id == own.fund_id:
        return own.fund_id
    if own.fund_id is not None or db.get(Fund, fund_id) is None:
        raise invalid("/fund_id", "validation.unknown_record")
    return fund_id


def _gives(actor: Actor, own: Membership, fund_id: UUID | None) -> bool:
    """Return whether the token in use gives the role that is to be lent, as widely."""
    return any(
        held.role == own.role
        and held.party_id == own.party_id
        and (held.fund_id is None or held.fund_id == fund_id)
        for held in actor.held
    )


def _check_lent_period(own: Membership, begins: datetime, ends: datetime) -> None:
    if ends <= begins:
        raise invalid("/valid_until", "validation.dates_order")
    if ends - begins > MAX_DELEGATION:
        raise invalid("/valid_until", "validation.delegation_days", days=MAX_DELEGATION.days)
    if begins < own.valid_from:
        raise invalid("/valid_from", "validation.outside_own_period")
    if own.valid_until is not None and ends > own.valid_until:
        raise invalid("/valid_until", "validation.outside_own_period")


def _count_lent(db: Session, person_id: UUID) -> int:
    lent = select(Membership.id).where(
        Membership.delegated_by_id == person_id, not_over(clock.now())
    )
    return len(db.execute(lent.limit(MAX_LIVE_MEMBERSHIPS)).all())
