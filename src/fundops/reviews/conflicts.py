"""Conflicts of interest: who may not judge what, declared by themselves or found by the system.

A person is in conflict with a proposal if they declared so, of the proposal or of the party that
applied; if they have an interest in that party (``parties.interests``); or if they had a hand in
the proposal. The rule stands here three times: for one pair, for many pairs in a constant number
of queries, and as SQL; a test holds them against each other. Declared conflicts are never undone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from fundops import audit, clock
from fundops.errors import invalid
from fundops.ids import uuid7
from fundops.parties.interests import has_interest, interest_exists, interests_of
from fundops.parties.models import Party
from fundops.proposals.models import Proposal
from fundops.records import snapshot
from fundops.reviews.models import Conflict

DECLARED, INTEREST, AUTHOR = "declared", "interest", "author"
"""Kinds of conflict: declared; an interest in the party; a hand in the proposal."""

AUTHORS = ("created_by_id", "submitted_by_id", "lodged_by_id", "confirmed_by_id")

_DECLARED = aliased(Conflict)
"""Conflicts in queries of others. Made once: to make an alias takes longer than a query."""


def conflicted(db: Session, person_id: UUID | None, proposal: Proposal) -> str | None:
    """Return what kind of conflict a person has with a proposal, ``None`` when none is known."""
    if person_id is None:
        return None
    query = select(Conflict.id).where(Conflict.person_id == person_id, _subject(proposal))
    if db.execute(query.limit(1)).first() is not None:
        return DECLARED
    if has_interest(db, person_id, proposal.party_id):
        return INTEREST
    return AUTHOR if person_id in {getattr(proposal, name) for name in AUTHORS} else None


def _subject(proposal: Any) -> ColumnElement[bool]:
    return or_(Conflict.proposal_id == proposal.id, Conflict.party_id == proposal.party_id)


def conflicted_pairs(
    db: Session, person_ids: Collection[UUID], proposals: Iterable[Any]
) -> dict[tuple[UUID, UUID], str]:
    """Return (person, proposal) -> kind for every conflict between them, in two queries.

    ``proposals`` are records, or rows with the columns of one that are named here.
    """
    found: dict[tuple[UUID, UUID], str] = {}
    by_proposal: dict[UUID, set[UUID]] = {}
    by_party: dict[UUID, set[UUID]] = {}
    rows = db.execute(
        select(Conflict.person_id, Conflict.proposal_id, Conflict.party_id).where(
            Conflict.person_id.in_(person_ids)
        )
    )
    for person, proposal_id, party_id in rows:
        if proposal_id is not None:
            by_proposal.setdefault(proposal_id, set()).add(person)
        elif party_id is not None:
            by_party.setdefault(party_id, set()).add(person)
    interested: dict[UUID, set[UUID]] = {}
    for person, party_id in interests_of(db, person_ids):
        interested.setdefault(party_id, set()).add(person)
    wanted = set(person_ids)
    for one in proposals:
        kinds = (
            (AUTHOR, {getattr(one, name) for name in AUTHORS} & wanted),
            (INTEREST, interested.get(one.party_id, set())),
            (DECLARED, by_party.get(one.party_id, set()) | by_proposal.get(one.id, set())),
        )
        for kind, persons in kinds:
            found.update({(person, one.id): kind for person in persons})
    return found


def conflict_exists(person: Any, proposal: Any = Proposal) -> ColumnElement[bool]:
    """Return the SQL of whether ``person`` is in conflict with a row of proposals.

    ``person`` is a person's id or a column of such; ``proposal`` may be an alias.
    """
    declared = exists(
        select(_DECLARED.id).where(
            _DECLARED.person_id == person,
            or_(_DECLARED.proposal_id == proposal.id, _DECLARED.party_id == proposal.party_id),
        )
    )
    # An author's column may be null; a comparison with it must not make the whole unknown.
    authored = or_(
        *(
            and_(getattr(proposal, name).is_not(None), getattr(proposal, name) == person)
            for name in AUTHORS
        )
    )
    return or_(declared, interest_exists(person, proposal.party_id), authored)


def declare(
    db: Session,
    actor: audit.Author,
    person_id: UUID,
    kind: str,
    note: str | None,
    *,
    proposal: Proposal | None = None,
    party_id: UUID | None = None,
) -> Conflict:
    """Record a conflict of a person with a proposal or a party; it holds from now on, for good.

    Raises ``invalid-request`` for a party that there is not.
    """
    if party_id is not None and db.get(Party, party_id) is None:
        raise invalid("/party_id", "validation.unknown_record")
    assert actor.person_id is not None, "a conflict is declared by a person"
    conflict = Conflict(
        id=uuid7(),
        person_id=person_id,
        proposal_id=None if proposal is None else proposal.id,
        party_id=party_id,
        kind=kind,
        note=note,
        declared_by_id=actor.person_id,
        declared_at=clock.now(),
    )
    db.add(conflict)
    db.flush()
    audit.record(db, actor, "conflict.declared", "conflict", conflict.id, after=snapshot(conflict))
    return conflict
