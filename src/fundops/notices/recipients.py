"""Who is told, and by which channels: persons, those who act for a party, holders of a role."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, false, func, or_, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.db import UtcDateTime
from fundops.notices.kinds import KINDS
from fundops.notices.models import ContactChannel
from fundops.parties.access_queries import held_at
from fundops.parties.models import Membership, Party, Person

MAX_PERSONS = 500
MAX_CHANNELS = 2_000
"""Most persons and channels that one event is told to; the rest is not told of it."""

RETIRED_STILL_TOLD = timedelta(days=30)
"""How long a verified channel that was retired is still told what guards against fraud."""


@dataclass(frozen=True)
class Audience:
    """Who is to be told, as callers say it; see ``service.tell``."""

    person_ids: frozenset[UUID] = frozenset()
    party_id: UUID | None = None
    role: str | None = None
    fund_id: UUID | None = None
    channel_ids: frozenset[UUID] = frozenset()
    without_id: UUID | None = None


@dataclass(frozen=True)
class Recipient:
    """One row of the outbox to be: a person or party, and a channel unless there is none."""

    person_id: UUID | None
    party_id: UUID | None
    channel: Any | None
    is_neutral: bool


def find(
    db: Session, kind: str, audience: Audience, *, of_party_id: UUID | None
) -> list[Recipient]:
    """Return the recipients of a notice, persons without a fitting channel included.

    Recipients get a neutral sentence alone where the party told, the one the record is of, or one
    that a person acts for is at risk, and by channels that are retired or not verified.
    """
    persons = _persons(db, audience)
    subjects = {audience.party_id, of_party_id}
    risk = _at_risk(db, subjects, persons)
    channels = _channels(db, kind, audience, persons)
    return _reached(persons, channels, risk, is_neutral=bool(risk.parties & subjects))


def of_parties(
    db: Session, kind: str, party_ids: Collection[UUID]
) -> Mapping[UUID, list[Recipient]]:
    """Return who is told where parties are: each by its channels and those who act for it now.

    As many statements for many parties as for one; the same recipients as ``find`` gives.
    """
    acting = _acting(db, party_ids)
    persons = sorted({person_id for each in acting.values() for person_id in each})
    risk = _at_risk(db, party_ids, persons)
    of_person: dict[UUID | None, list[ContactChannel]] = {}
    of_party: dict[UUID | None, list[ContactChannel]] = {}
    for one in _channels_of(db, kind, persons, party_ids):
        whose = of_person if one.party_id is None else of_party
        whose.setdefault(one.party_id or one.person_id, []).append(one)
    found = {}
    for party_id in party_ids:
        members = acting.get(party_id, [])
        channels = [one for person in members for one in of_person.get(person, [])]
        channels += of_party.get(party_id, [])
        found[party_id] = _reached(members, channels, risk, is_neutral=party_id in risk.parties)
    return found


def at_risk(db: Session, party_ids: Collection[UUID]) -> set[UUID | None]:
    """Return which parties are at risk."""
    return _at_risk(db, party_ids, []).parties


def _reached(
    persons: Iterable[UUID], channels: Iterable[ContactChannel], risk: _Risk, *, is_neutral: bool
) -> list[Recipient]:
    """Return a recipient for each channel, and for each person whom none of them reaches."""
    found = [
        Recipient(
            one.person_id,
            one.party_id,
            one,
            is_neutral
            or one.verified_at is None
            or one.status == "retired"
            or one.person_id in risk.persons,
        )
        for one in channels
    ]
    reached = {one.person_id for one in found}
    found += [
        Recipient(person_id, None, None, is_neutral or person_id in risk.persons)
        for person_id in persons
        if person_id not in reached
    ]
    return found


def _acting(db: Session, party_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return the active persons who act for each party now, in order of their ids."""
    place = func.row_number().over(
        partition_by=Membership.party_id, order_by=Membership.person_id
    )  # fmt: skip
    ranked = (
        select(Membership.party_id, Membership.person_id, place.label("place"))
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.party_id.in_(party_ids), Person.status == "active", held_at(clock.now())
        )
        .group_by(Membership.party_id, Membership.person_id)
        .subquery()
    )  # fmt: skip
    query = select(ranked.c.party_id, ranked.c.person_id).where(ranked.c.place <= MAX_PERSONS)
    found: dict[UUID, list[UUID]] = {}
    for party_id, person_id in db.execute(query.order_by(ranked.c.party_id, ranked.c.person_id)):
        found.setdefault(party_id, []).append(person_id)
    return found


def _channels_of(
    db: Session, kind: str, persons: Collection[UUID], party_ids: Collection[UUID]
) -> list[ContactChannel]:
    owned = or_(
        ContactChannel.person_id.in_(persons), ContactChannel.party_id.in_(party_ids)
    )  # fmt: skip
    query = select(ContactChannel).where(owned, _usable(kind)).order_by(ContactChannel.id)
    return list(db.execute(query.limit(MAX_CHANNELS * max(1, len(party_ids)))).scalars())


def _persons(db: Session, audience: Audience) -> list[UUID]:
    """Return the active persons of an audience, in order of their ids."""
    now = clock.now()
    wanted: list[ColumnElement[bool]] = []
    if audience.person_ids:
        wanted.append(Person.id.in_(audience.person_ids))
    if audience.party_id is not None:
        acting = select(Membership.person_id).where(
            Membership.party_id == audience.party_id, held_at(now)
        )
        wanted.append(Person.id.in_(acting))
    if audience.role is not None:
        for_fund = or_(Membership.fund_id.is_(None), Membership.fund_id == audience.fund_id)
        holding = select(Membership.person_id).where(Membership.role == audience.role, held_at(now))
        if audience.fund_id is not None:
            holding = holding.where(for_fund)
        wanted.append(Person.id.in_(holding))
    if not wanted:
        return []
    query = select(Person.id).where(Person.status == "active", or_(*wanted))
    return list(db.execute(query.order_by(Person.id).limit(MAX_PERSONS)).scalars())


@dataclass(frozen=True)
class _Risk:
    """Parties at risk, and persons who act for one."""

    parties: set[UUID | None]
    persons: set[UUID | None]


_RISKY = select(Party.id).where(
    Party.id.in_(bindparam("party_ids", expanding=True)), Party.is_at_risk
)
_ACTING_FOR_RISKY = (
    select(Membership.person_id)
    .join(Party, Party.id == Membership.party_id)
    .where(
        Membership.person_id.in_(bindparam("person_ids", expanding=True)),
        Party.is_at_risk,
        held_at(bindparam("now", type_=UtcDateTime())),
    )
)


def _at_risk(db: Session, parties: Iterable[UUID | None], persons: list[UUID]) -> _Risk:
    """Return which of ``parties`` are at risk, and which persons act for one that is."""
    named = [one for one in parties if one is not None]
    known: set[UUID | None] = set()
    if named:
        known.update(db.execute(_RISKY, {"party_ids": named}).scalars())
    acting: set[UUID | None] = set()
    if persons:
        given = {"person_ids": persons, "now": clock.now()}
        acting.update(db.execute(_ACTING_FOR_RISKY, given).scalars())
    return _Risk(known, acting)


def _channels(
    db: Session, kind: str, audience: Audience, persons: list[UUID]
) -> list[ContactChannel]:
    whose: list[ColumnElement[bool]] = [false()]
    if persons:
        whose.append(ContactChannel.person_id.in_(persons))
    if audience.party_id is not None:
        whose.append(ContactChannel.party_id == audience.party_id)
    wanted = and_(or_(*whose), _usable(kind))
    if audience.channel_ids:
        wanted = or_(wanted, ContactChannel.id.in_(audience.channel_ids))
    query = select(ContactChannel).where(wanted).order_by(ContactChannel.id)
    if audience.without_id is not None:
        query = query.where(ContactChannel.id != audience.without_id)
    return list(db.execute(query.limit(MAX_CHANNELS)).scalars())


def _usable(kind: str) -> ColumnElement[bool]:
    """Return the condition that a channel is one for notices of ``kind``."""
    its = KINDS[kind]
    if its.guarded:
        lately = ContactChannel.retired_at > clock.now() - RETIRED_STILL_TOLD
        return or_(
            ContactChannel.status == "active",
            and_(ContactChannel.verified_at.is_not(None), lately),
        )
    usable = and_(
        ContactChannel.status == "active",
        ContactChannel.kind == "email",
        ContactChannel.verified_at.is_not(None),
    )
    if its.urgency == "digest":
        return and_(usable, ContactChannel.is_urgent_only.is_(False))
    return usable


def first_of_each(recipients: Iterable[Recipient]) -> Iterator[tuple[Recipient, bool]]:
    """Yield each recipient, and whether it is the first of its person: the one for the inbox."""
    seen: set[UUID] = set()
    for one in recipients:
        is_first = one.person_id is not None and one.person_id not in seen
        if one.person_id is not None:
            seen.add(one.person_id)
        yield one, is_first
