"""Reminding: what is due is told by ``fundops work``, many records at a time.

A reminder finds records of one fund that somebody has to do something about. What was told of
lately is left alone. It is looked for first in a transaction that only reads, so that a round in
which there is nothing to tell keeps nobody waiting; then again in the one that writes, since
another worker may have told it meanwhile, or somebody done it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.db import Database
from fundops.ledger.models import Fund
from fundops.notices import recipients
from fundops.notices.models import Notice
from fundops.notices.recipients import Audience, Recipient
from fundops.notices.service import ONE_INSERT, rows_for
from fundops.parties.interests import interests_of

BATCH = 100
"""Records told of in one transaction."""

MAX_BATCHES = 500
"""Batches of one reminder and fund in one round; what is left is for the next."""

MAX_FUNDS = 1_000

WEEKLY = timedelta(days=7)

Told = list[tuple[Row[Any], list[Recipient]]]


@dataclass(frozen=True)
class Reminder:
    """What is told of which records, and how often at most.

    ``find(db, fund, today)`` selects, of records that are due: ``id``, ``party_id`` (the grantee),
    ``code`` and ``on`` (the facts), and after them persons who are not told. ``model`` has that
    ``id``; ``about`` is its type. Told are the holders of ``roles`` for the fund who have no
    interest in the grantee, or, without roles, the grantee.
    """

    kind: str
    about: str
    model: Any
    find: Callable[[Session, Fund, date], Select[Any]]
    again_after: timedelta
    roles: tuple[Role, ...] = ()


def remind(database: Database, reminder: Reminder) -> int:
    """Tell what is due in every fund; return of how many records somebody was told."""
    with database.read() as db:
        query = select(Fund).order_by(Fund.code).limit(MAX_FUNDS)
        funds = db.execute(query).scalars().all()
    return sum(_remind_in(database, reminder, fund) for fund in funds)


def _remind_in(database: Database, reminder: Reminder, fund: Fund) -> int:
    told, after = 0, None
    for _ in range(MAX_BATCHES):
        with database.read() as db:
            page = _page(db, reminder, fund, after)
            is_told = bool(_with_recipients(db, reminder, fund, page))
        if is_told:
            with database.write() as db:
                told += _tell(db, reminder, fund, after)
        if len(page) < BATCH:
            break
        after = page[-1].id
    return told


def _tell(db: Session, reminder: Reminder, fund: Fund, after: UUID | None) -> int:
    audit.lock_head(db)
    found = _with_recipients(db, reminder, fund, _page(db, reminder, fund, after))
    rows = [
        row
        for record, whom in found
        for row in rows_for(
            db, reminder.kind, whom, (reminder.about, record.id),
            {"code": record.code, "on": record.on}, fund.id,
        )
    ]  # fmt: skip
    if rows:
        db.execute(ONE_INSERT, rows)
    return len(found)


def _page(db: Session, reminder: Reminder, fund: Fund, after: UUID | None) -> Sequence[Row[Any]]:
    """Return the next records that are due and were not told of lately."""
    key = reminder.model.id
    lately = exists(
        select(Notice.id).where(
            Notice.kind == reminder.kind, Notice.about_id == key,
            Notice.created_at > clock.now() - reminder.again_after,
        )
    )  # fmt: skip
    query = reminder.find(db, fund, clock.today(fund.zone)).where(~lately)
    if after is not None:
        query = query.where(key > after)
    return db.execute(query.order_by(key).limit(BATCH)).all()


def _with_recipients(db: Session, reminder: Reminder, fund: Fund, page: Sequence[Row[Any]]) -> Told:
    """Return the records of which there is somebody to tell, with whom."""
    if not page:
        return []
    parties = {record.party_id for record in page}
    if reminder.roles:
        found = _holders(db, reminder, fund, page, parties)
    else:
        of_party = recipients.of_parties(db, reminder.kind, parties)
        found = [(record, of_party[record.party_id]) for record in page]
    return [(record, whom) for record, whom in found if whom]


def _holders(
    db: Session, reminder: Reminder, fund: Fund, page: Sequence[Row[Any]], parties: set[UUID]
) -> Told:
    """Return for each record those holders of the roles who may do something about it."""
    holders: Mapping[Any, Recipient] = {
        (one.person_id, one.channel and one.channel.id): one
        for role in reminder.roles
        for one in recipients.find(
            db, reminder.kind, Audience(role=role.value, fund_id=fund.id), of_party_id=None
        )
    }
    hidden = recipients.at_risk(db, parties)
    interests = interests_of(db, {one.person_id for one in holders.values() if one.person_id})
    return [
        (
            record,
            [
                replace(one, is_neutral=one.is_neutral or record.party_id in hidden)
                for one in holders.values()
                if one.person_id not in record[4:]
                and (one.person_id, record.party_id) not in interests
            ],
        )
        for record in page
    ]
