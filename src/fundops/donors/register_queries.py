"""Events, commitments and pledges as Core rows, limited to what an actor may see.

Pledges are the busiest list of all, so rows go straight to plain values: one statement for a page,
whatever its length, and a prebuilt one for a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, case, or_
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.donors.models import Commitment, Event, Pledge
from fundops.donors.scope import reaches, rows_held
from fundops.donors.sums import NOTHING, Sums, packed_sums, rows_of
from fundops.donors.wire import wire_id
from fundops.errors import Problem
from fundops.ledger.models import Fund
from fundops.schemas import money_out

_EVENT, _COMMITMENT = Event.__table__.c, Commitment.__table__.c
_PLEDGE, _FUND = Pledge.__table__.c, Fund.__table__.c

EVENT_ID, EVENT_SORTS = _EVENT.id, {name: _EVENT[name] for name in ("code", "name", "held_on")}
COMMITMENT_ID = _COMMITMENT.id
COMMITMENT_SORTS = {name: _COMMITMENT[name] for name in ("code", "made_on")}
PLEDGE_ID, PLEDGE_SORTS = _PLEDGE.id, {name: _PLEDGE[name] for name in ("code", "status")}

_PROMISED = frozenset({"pledged", "agreed"})
"""Statuses in which the promise stands."""


def filtered(query: Select[Any], filters: Mapping[Any, Any]) -> Select[Any]:
    """Return ``query`` limited to rows whose columns have the given values, if any are given."""
    wanted = [column == value for column, value in filters.items() if value is not None]
    return query.where(*wanted) if wanted else query


_EVENTS = rows_of(
    _EVENT.id,
    _EVENT.code,
    _EVENT.kind,
    _EVENT.name,
    _EVENT.place,
    _EVENT.country,
    _EVENT.held_on,
    _EVENT.version,
)


def events(kind: str | None) -> Select[Any]:
    """Return the rows of events; they are no donor's affair, so there is no row scope."""
    return _EVENTS if kind is None else _EVENTS.where(_EVENT.kind == kind)


def get_event(db: Session, event_id: UUID, *, lock: bool = False) -> Event:
    """Return an event, fresh when ``lock``; raise ``not-found`` otherwise."""
    found = db.get(Event, event_id, populate_existing=lock)
    if found is None:
        raise Problem("not-found")
    return found


_COMMITMENTS = rows_of(
    _COMMITMENT.id,
    _COMMITMENT.code,
    _COMMITMENT.kind,
    _COMMITMENT.party_id,
    _COMMITMENT.event_id,
    _COMMITMENT.description,
    _COMMITMENT.value_minor,
    _COMMITMENT.currency,
    _COMMITMENT.made_on,
    _COMMITMENT.follow_up_on,
    _COMMITMENT.follow_up_note,
    _COMMITMENT.status,
    _COMMITMENT.version,
)


def commitments(
    actor: Actor,
    *,
    party: UUID | None = None,
    event: UUID | None = None,
    kind: str | None = None,
    status: str | None = None,
) -> Select[Any]:
    """Return the rows of commitments that ``actor`` may see, limited by the given filters."""
    held = rows_held(actor, Permission.PLEDGE_READ, party=_COMMITMENT.party_id)
    query = _COMMITMENTS if held is None else _COMMITMENTS.where(held)
    filters = {
        _COMMITMENT.party_id: party,
        _COMMITMENT.event_id: event,
        _COMMITMENT.kind: kind,
        _COMMITMENT.status: status,
    }
    return filtered(query, filters)


def get_commitment(
    db: Session, actor: Actor, permission: Permission, commitment_id: UUID, *, lock: bool = False
) -> Commitment:
    """Return a commitment ``permission`` reaches; raise ``not-found`` otherwise."""
    found = db.get(Commitment, commitment_id, populate_existing=lock)
    if found is None or not reaches(actor, permission, party_id=found.party_id):
        raise Problem("not-found")
    return found


_HAS_AGREEMENTS = or_(_PLEDGE.status == "agreed", _PLEDGE.status == "cancelled")
_PLEDGES = rows_of(
    _PLEDGE.id,
    _PLEDGE.code,
    wire_id(_PLEDGE.fund_id),
    wire_id(_PLEDGE.donor_id),
    wire_id(_PLEDGE.event_id),
    _PLEDGE.amount_minor,
    _PLEDGE.currency,
    _PLEDGE.rate,
    _PLEDGE.base_minor,
    _FUND.base_currency,
    _PLEDGE.fiscal_year,
    _PLEDGE.pipeline_on,
    _PLEDGE.pledged_on,
    _PLEDGE.expected_on,
    _PLEDGE.conditions,
    _PLEDGE.source_code,
    _PLEDGE.status,
    _PLEDGE.version,
    # A pledge without agreements, as most are at first, is spared the look.
    case((_HAS_AGREEMENTS, packed_sums(_PLEDGE.id)), else_=None).label("sums"),
).join_from(Pledge.__table__, Fund.__table__, _FUND.id == _PLEDGE.fund_id)
_ONE_PLEDGE = _PLEDGES.where(_PLEDGE.id == bindparam("id"))


def _pledges_held(actor: Actor) -> ColumnElement[bool] | None:
    permission = Permission.PLEDGE_READ
    return rows_held(actor, permission, party=_PLEDGE.donor_id, fund=_PLEDGE.fund_id)


def pledges(
    actor: Actor,
    *,
    fund: UUID | None = None,
    donor: UUID | None = None,
    event: UUID | None = None,
    status: str | None = None,
) -> Select[Any]:
    """Return the rows of pledges that ``actor`` may see, limited by the given filters."""
    held = _pledges_held(actor)
    query = _PLEDGES if held is None else _PLEDGES.where(held)
    filters = {
        _PLEDGE.fund_id: fund,
        _PLEDGE.donor_id: donor,
        _PLEDGE.event_id: event,
        _PLEDGE.status: status,
    }
    return filtered(query, filters)


def get_pledge(db: Session, actor: Actor, permission: Permission, pledge_id: UUID) -> Pledge:
    """Return a pledge ``permission`` reaches, fresh, to change it; else ``not-found``."""
    found = db.get(Pledge, pledge_id, populate_existing=True)
    if found is None or not reaches(
        actor, permission, party_id=found.donor_id, fund_id=found.fund_id
    ):
        raise Problem("not-found")
    return found


def read_pledge(db: Session, actor: Actor, pledge_id: UUID) -> dict[str, Any]:
    """Return the wire form of a pledge ``actor`` may see; raise ``not-found`` otherwise."""
    held = _pledges_held(actor)
    query = _ONE_PLEDGE if held is None else _ONE_PLEDGE.where(held)
    row = db.execute(query, {"id": pledge_id}).one_or_none()
    if row is None:
        raise Problem("not-found")
    return pledge_out(row)


def written_pledge(db: Session, pledge: Pledge) -> dict[str, Any]:
    """Return the wire form of a pledge just written in this transaction."""
    return pledge_out(db.execute(_ONE_PLEDGE, {"id": pledge.id}).one())


def pledge_outstanding(amount_minor: int, status: str, sums: Sums) -> int:
    """Return what may still be expected of a pledge, in its currency's minor units.

    The instalments' rest, and of a promise that stands the part no agreement covers yet.
    """
    rest = sums.rest
    if status in _PROMISED:
        rest += max(amount_minor - sums.agreed, 0)
    return rest


@cache
def zero_out(currency: str) -> dict[str, str] | None:
    """Return the wire form of no money in ``currency``; the same object each time."""
    return money_out(0, currency)


def pledge_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a pledge row."""
    # Unpacked at once: looking up names one by one is what a page of rows would spend its time on.
    (
        its_id, code, fund_id, donor_id, event_id, amount, currency, rate, base, base_currency,
        fiscal_year, pipeline_on, pledged_on, expected_on, conditions, source_code, status, version,
        sums,
    ) = row  # fmt: skip
    pledged, nothing = money_out(amount, currency), zero_out(currency)
    if sums is NOTHING:
        agreed = received = written_off = nothing
        outstanding = pledged if status in _PROMISED else nothing
    else:
        agreed = money_out(sums.agreed, currency)
        received = money_out(sums.received, currency) if sums.received else nothing
        written_off = money_out(sums.written_off, currency) if sums.written_off else nothing
        outstanding = money_out(pledge_outstanding(amount, status, sums), currency)
    return {
        "id": its_id,
        "code": code,
        "fund_id": fund_id,
        "donor_id": donor_id,
        "event_id": event_id,
        "amount": pledged,
        "agreed": agreed,
        "received": received,
        "written_off": written_off,
        "outstanding": outstanding,
        "rate": rate,
        "base_amount": money_out(base, base_currency),
        "fiscal_year": fiscal_year,
        "pipeline_on": pipeline_on,
        "pledged_on": pledged_on,
        "expected_on": expected_on,
        "conditions": conditions,
        "source_code": source_code,
        "status": status,
        "version": version,
    }
