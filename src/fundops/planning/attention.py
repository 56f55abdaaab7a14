"""One list of what waits for somebody: each entry with its reason and who can act.

A rule is one function ``rule(db, fund, today) -> list[Entry]`` in ``RULES``, with the permission
that reading its entries takes. Who can act is looked up for all entries together: whoever holds
the entry's permission for the fund now, is not kept out by a duty already done, and has no
interest in the grantee.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Permission
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.labels import name_column
from fundops.parties.models import Party
from fundops.planning.people import People, Somebody

PER_RULE = 200
"""Most entries that one rule finds in one fund, the oldest first."""
MAX_FUNDS = 20
"""Most funds looked through at once, by code."""

SEVERITIES = ("high", "medium", "low")


@dataclass(frozen=True)
class Entry:
    """One thing that waits. ``facts`` fill the sentence ``attention.<kind>``.

    ``excluded`` are persons whom a duty keeps from acting. ``party_id`` is the grantee or donor
    that it is about; with ``by_party`` that party's own persons act.
    """

    kind: str
    record_type: str
    record_id: UUID
    code: str | None
    since: date
    severity: str
    permission: Permission
    facts: Mapping[str, Any] = field(default_factory=dict)
    excluded: frozenset[UUID] = frozenset()
    party_id: UUID | None = None
    by_party: bool = False


@dataclass(frozen=True)
class Rule:
    """What finds entries, and which permission a reader of them needs."""

    find: Callable[[Session, Fund, date], list[Entry]]
    reads: Permission


REGISTERED: list[Rule] = []
"""Rules of domains after this one; they add theirs when they are imported."""


def register(*rules: Rule) -> None:
    """Add rules to those that are asked."""
    REGISTERED.extend(rules)


@dataclass(frozen=True)
class Shown:
    """An entry in its fund, with who can act and whether the reader is one of them."""

    entry: Entry
    fund: Fund
    today: date
    party: str | None
    persons: Sequence[Somebody]
    is_mine: bool

    @property
    def reason(self) -> str:
        """The sentence that says why this is here."""
        return text(f"attention.{self.entry.kind}", **self.entry.facts)


def persons(*ids: UUID | None) -> frozenset[UUID]:
    """Return the persons who really are some."""
    return frozenset(one for one in ids if one is not None)


def funds_of(db: Session, actor: Actor, fund_id: UUID | None) -> list[Fund]:
    """Return the funds whose entries ``actor`` may read: the one asked for, else the open ones.

    Whoever may not read the one asked for gets none.
    """
    mine = actor.funds(Permission.ATTENTION_READ)
    query = select(Fund).order_by(Fund.code).limit(MAX_FUNDS + 1)
    query = query.where(Fund.status == "open" if fund_id is None else Fund.id == fund_id)
    if mine is not None:
        query = query.where(Fund.id.in_(mine))
    return list(db.execute(query).scalars())


def gather(
    db: Session, actor: Actor, funds: Sequence[Fund], rules: Sequence[Rule], *, is_mine: bool
) -> list[Shown]:
    """Return what waits in ``funds``, most pressing first; ``is_mine``: what the reader can do."""
    found: list[Shown] = []
    for fund in funds:
        today = clock.today(fund.zone)
        entries = [
            entry
            for rule in rules
            if _reads(actor, rule.reads, fund.id)
            for entry in rule.find(db, fund, today)[:PER_RULE]
        ]
        found += _shown(db, actor, fund, today, entries)
    if is_mine:
        found = [one for one in found if one.is_mine]
    return sorted(found, key=_order)


def _order(one: Shown) -> tuple[int, date, str, str]:
    entry = one.entry
    return SEVERITIES.index(entry.severity), entry.since, entry.kind, str(entry.record_id)


def _reads(actor: Actor, permission: Permission, fund_id: UUID) -> bool:
    funds = actor.funds(permission)
    return actor.allows(permission) and (funds is None or fund_id in funds)


def _shown(
    db: Session, actor: Actor, fund: Fund, today: date, entries: Sequence[Entry]
) -> list[Shown]:
    parties = {one.party_id for one in entries if one.party_id is not None}
    labels = _labels(db, actor, parties)
    acting = {one.party_id for one in entries if one.by_party and one.party_id is not None}
    people = People(db, fund.id, {one.permission for one in entries}, acting, parties)
    found = []
    for entry in entries:
        who = people.who(
            entry.permission, entry.excluded, entry.party_id, by_party=entry.by_party
        )  # fmt: skip
        is_mine = any(one.id == actor.person_id for one in who)
        party = None if entry.party_id is None else labels[entry.party_id]
        found.append(Shown(entry, fund, today, party, who, is_mine))
    return found


def _labels(db: Session, actor: Actor, parties: set[UUID]) -> dict[UUID, str]:
    if not parties:
        return {}
    query: Any = select(Party.id, name_column(actor)).where(Party.id.in_(sorted(parties)))
    return {row[0]: str(row[1]) for row in db.execute(query)}
