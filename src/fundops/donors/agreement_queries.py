"""Agreements, instalments and owed reports as Core rows, limited to what an actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.donors.agreement_schemas import agreement_out, instalment_out, owed_report_out
from fundops.donors.models import Agreement, AgreementReport, Instalment
from fundops.donors.register_queries import filtered
from fundops.donors.scope import reaches, rows_held
from fundops.donors.sums import Sums, rows_of, total
from fundops.errors import Problem
from fundops.ledger.models import Fund
from fundops.schemas import money_out

_AGREEMENT, _INSTALMENT = Agreement.__table__.c, Instalment.__table__.c
_REPORT, _FUND = AgreementReport.__table__.c, Fund.__table__.c

AGREEMENT_ID = _AGREEMENT.id
AGREEMENT_SORTS = {name: _AGREEMENT[name] for name in ("code", "title", "status")}
INSTALMENT_ID = _INSTALMENT.id
INSTALMENT_SORTS = {"number": _INSTALMENT.number}
REPORT_ID = _REPORT.id
REPORT_SORTS = {"due_on": _REPORT.due_on}

_AGREEMENTS = rows_of(
    _AGREEMENT.id,
    _AGREEMENT.code,
    _AGREEMENT.fund_id,
    _AGREEMENT.donor_id,
    _AGREEMENT.pledge_id,
    _AGREEMENT.title,
    _AGREEMENT.is_binding,
    _AGREEMENT.conditions,
    _AGREEMENT.has_return_obligation,
    _AGREEMENT.conditions_met_on,
    _AGREEMENT.signed_on,
    _AGREEMENT.starts_on,
    _AGREEMENT.ends_on,
    _AGREEMENT.earmark,
    _AGREEMENT.support_cost_basis,
    _AGREEMENT.support_cost_ppm,
    _AGREEMENT.agent_fee_ppm,
    _AGREEMENT.status,
    _AGREEMENT.version,
    _FUND.base_currency,
).join_from(Agreement.__table__, Fund.__table__, _FUND.id == _AGREEMENT.fund_id)

_INSTALMENTS = (
    rows_of(
        _INSTALMENT.id,
        _INSTALMENT.agreement_id,
        _INSTALMENT.number,
        _INSTALMENT.due_on,
        _INSTALMENT.amount_minor,
        _INSTALMENT.currency,
        _INSTALMENT.expected_base_minor,
        _INSTALMENT.matched_minor,
        _INSTALMENT.written_off_minor,
        _INSTALMENT.version,
        _AGREEMENT.status,
        _FUND.base_currency,
    )
    .join_from(Instalment.__table__, Agreement.__table__, _AGREEMENT.id == _INSTALMENT.agreement_id)
    .join(Fund.__table__, _FUND.id == _AGREEMENT.fund_id)
)

_REPORTS = rows_of(
    _REPORT.id,
    _REPORT.agreement_id,
    _AGREEMENT.code.label("agreement_code"),
    _REPORT.kind,
    _REPORT.due_on,
    _REPORT.delivered_on,
).join_from(AgreementReport.__table__, Agreement.__table__, _AGREEMENT.id == _REPORT.agreement_id)

_SUMS = rows_of(
    _INSTALMENT.agreement_id,
    func.min(_INSTALMENT.currency),
    total(_INSTALMENT.amount_minor),
    total(_INSTALMENT.matched_minor),
    total(_INSTALMENT.written_off_minor),
).group_by(_INSTALMENT.agreement_id)


def _held(actor: Actor) -> ColumnElement[bool] | None:
    permission = Permission.AGREEMENT_READ
    return rows_held(actor, permission, party=_AGREEMENT.donor_id, fund=_AGREEMENT.fund_id)


def _scoped(query: Select[Any], actor: Actor) -> Select[Any]:
    held = _held(actor)
    return query if held is None else query.where(held)


def agreements(
    actor: Actor,
    *,
    fund: UUID | None = None,
    donor: UUID | None = None,
    pledge: UUID | None = None,
    status: str | None = None,
) -> Select[Any]:
    """Return the rows of agreements that ``actor`` may see, limited by the given filters."""
    filters = {
        _AGREEMENT.fund_id: fund,
        _AGREEMENT.donor_id: donor,
        _AGREEMENT.pledge_id: pledge,
        _AGREEMENT.status: status,
    }
    return filtered(_scoped(_AGREEMENTS, actor), filters)


def visible_instalments(actor: Actor, agreement_id: UUID) -> Select[Any]:
    """Return the rows of one agreement's instalments, if ``actor`` may see them."""
    return _scoped(_INSTALMENTS.where(_INSTALMENT.agreement_id == agreement_id), actor)


def reports(
    actor: Actor,
    *,
    agreement: UUID | None = None,
    fund: UUID | None = None,
    donor: UUID | None = None,
    due_by: date | None = None,
    is_delivered: bool | None = None,
) -> Select[Any]:
    """Return the rows of owed reports that ``actor`` may see, limited by the given filters."""
    filters = {
        _REPORT.agreement_id: agreement,
        _AGREEMENT.fund_id: fund,
        _AGREEMENT.donor_id: donor,
    }
    query = filtered(_scoped(_REPORTS, actor), filters)
    if due_by is not None:
        query = query.where(_REPORT.due_on <= due_by)
    if is_delivered is not None:
        is_open = _REPORT.delivered_on.is_(None)
        query = query.where(~is_open if is_delivered else is_open)
    return query


def get_agreement(
    db: Session, actor: Actor, permission: Permission, agreement_id: UUID
) -> Agreement:
    """Return an agreement ``permission`` reaches, fresh, to change it; else ``not-found``."""
    found = db.get(Agreement, agreement_id, populate_existing=True)
    if found is None or not reaches(
        actor, permission, party_id=found.donor_id, fund_id=found.fund_id
    ):
        raise Problem("not-found")
    return found


def get_instalment(db: Session, agreement: Agreement, instalment_id: UUID) -> Instalment:
    """Return an instalment of ``agreement``, fresh, to change it; else ``not-found``."""
    found = db.get(Instalment, instalment_id, populate_existing=True)
    if found is None or found.agreement_id != agreement.id:
        raise Problem("not-found")
    return found


def get_report(db: Session, agreement: Agreement, report_id: UUID) -> AgreementReport:
    """Return a report owed under ``agreement``, fresh; else ``not-found``."""
    found = db.get(AgreementReport, report_id, populate_existing=True)
    if found is None or found.agreement_id != agreement.id:
        raise Problem("not-found")
    return found


def require_agreement(db: Session, actor: Actor, agreement_id: UUID) -> None:
    """Raise ``not-found`` unless ``actor`` may see the agreement whose parts are asked for."""
    query = _scoped(rows_of(_AGREEMENT.id).where(_AGREEMENT.id == agreement_id), actor)
    if db.execute(query).first() is None:
        raise Problem("not-found")


def read_agreement(db: Session, actor: Actor, agreement_id: UUID) -> dict[str, Any]:
    """Return the wire form of an agreement ``actor`` may see; else ``not-found``."""
    query = _scoped(_AGREEMENTS, actor).where(_AGREEMENT.id == bindparam("id"))
    row = db.execute(query, {"id": agreement_id}).one_or_none()
    if row is None:
        raise Problem("not-found")
    return agreement_items(db, [row])[0]


def find_instalment(
    db: Session, actor: Actor, agreement_id: UUID, instalment_id: UUID
) -> dict[str, Any]:
    """Return the wire form of an instalment ``actor`` may see; else ``not-found``."""
    query = visible_instalments(actor, agreement_id).where(_INSTALMENT.id == instalment_id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise Problem("not-found")
    return instalment_out(row)


def read_instalment(db: Session, actor: Actor, instalment: Instalment) -> dict[str, Any]:
    """Return the wire form of an instalment just written."""
    query = visible_instalments(actor, instalment.agreement_id)
    return instalment_out(db.execute(query.where(_INSTALMENT.id == instalment.id)).one())


def read_report(db: Session, actor: Actor, report: AgreementReport) -> dict[str, Any]:
    """Return the wire form of an owed report just written."""
    query = _scoped(_REPORTS, actor).where(_REPORT.id == report.id)
    return owed_report_out(db.execute(query).one())


def agreement_sums(db: Session, agreement_ids: Sequence[UUID]) -> dict[UUID, tuple[str, Sums]]:
    """Return currency and sums of each agreement's instalments; absent where there are none."""
    query = _SUMS.where(_INSTALMENT.agreement_id.in_(agreement_ids))
    return {row[0]: (row[1], Sums(row[2], row[3], row[4])) for row in db.execute(query)}


def agreement_items(db: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the wire forms of agreement rows, with one more query for all of them together."""
    found = agreement_sums(db, [row.id for row in rows]) if rows else {}
    items = []
    for row in rows:
        item = agreement_out(row)
        if row.id in found:
            currency, sums = found[row.id]
            rest = 0 if row.status == "draft" else sums.rest
            item["amount"] = money_out(sums.agreed, currency)
            item["received"] = money_out(sums.received, currency)
            item["written_off"] = money_out(sums.written_off, currency)
            item["outstanding"] = money_out(rest, currency)
        items.append(item)
    return items
