"""Agreements: the binding text behind expected money, with its earmark and its charges.

A draft may be changed freely. Once active, the earmark changes only for money that has not come in
(lots keep the one they were matched under), the charges not at all, and the schedule through its
instalments. Closing is refused while anything is outstanding: what will not come is written off,
which a second person approves.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock, codes, money
from fundops.allocation.earmarks import Earmark
from fundops.authz import Permission
from fundops.donors.agreement_queries import agreement_sums
from fundops.donors.agreement_schemas import (
    Activation,
    AgreementIn,
    AgreementPatch,
    ConditionsMet,
    EarmarkChange,
    SupportCost,
)
from fundops.donors.booking import changed, in_order, not_future, usable_fund, usable_party
from fundops.donors.earmark_input import read_earmark
from fundops.donors.instalments import add_instalments, agreement_currency, check_total
from fundops.donors.models import Agreement, AgreementReport, Instalment, Pledge
from fundops.donors.owed_reports import add_reports
from fundops.donors.pledges import agree_pledge
from fundops.donors.register_schemas import given
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.records import snapshot
from fundops.schemas import ppm

AGREEMENT_STEPS: Steps = {
    "activate": step("draft", "active", Permission.AGREEMENT_WRITE),
    "close": step("active", "closed", Permission.AGREEMENT_WRITE),
}

CHANGEABLE_WHEN_ACTIVE = frozenset({"title", "starts_on", "ends_on"})


def create_agreement(db: Session, actor: audit.Author, wanted: AgreementIn) -> Agreement:
    """Draft an agreement with its instalments and owed reports.

    Raises ``invalid-request`` for records that cannot be used, an earmark with faults, days out
    of order, and instalments that do not fit together or the pledge.
    """
    fund = usable_fund(db, wanted.fund_id)
    usable_party(db, wanted.donor_id, "/donor_id")
    _check_pledge(db, wanted.pledge_id, fund.id, wanted.donor_id)
    agreement = Agreement(
        id=uuid7(),
        code=codes.next_code(db, "AGR", clock.today(fund.zone).year),
        fund_id=fund.id,
        donor_id=wanted.donor_id,
        pledge_id=wanted.pledge_id,
        title=wanted.title,
        is_binding=wanted.is_binding,
        conditions=wanted.conditions,
        has_return_obligation=wanted.has_return_obligation,
        signed_on=wanted.signed_on,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        agent_fee_ppm=ppm(wanted.agent_fee),
        status="draft",
        created_at=clock.now(),
        **_earmark_columns(read_earmark(wanted.earmark, fund.base_currency)),
        **_support_cost_columns(wanted.support_cost),
    )
    _check_terms(agreement, fund)
    db.add(agreement)
    db.flush()
    instalments = add_instalments(db, agreement, wanted.instalments, "/instalments")
    reports = add_reports(db, agreement, wanted.reports, "/reports")
    # Each row's history begins with an event of its own, so that each can be rewound.
    parts: list[tuple[str, str, Agreement | Instalment | AgreementReport]] = [
        ("agreement.created", "agreement", agreement),
        *(("instalment.added", "instalment", one) for one in instalments),
        *(("agreement_report.added", "agreement_report", one) for one in reports),
    ]
    entries = [
        audit.Entry(action, kind, one.id, fund_id=fund.id, after=snapshot(one))
        for action, kind, one in parts
    ]
    audit.record_many(db, actor, entries)
    return agreement


def change_agreement(
    db: Session, actor: audit.Author, agreement: Agreement, patch: AgreementPatch
) -> Agreement:
    """Change a draft, or the title and period of an active agreement.

    Raises ``wrong-status`` once it is closed, ``conflict`` for what only a draft may change.
    """
    if agreement.status == "closed":
        raise Problem("wrong-status", action="change", status=agreement.status)
    fund = db.get_one(Fund, agreement.fund_id)
    values = dict(given(patch))
    fixed = values.keys() - CHANGEABLE_WHEN_ACTIVE
    if agreement.status == "active" and fixed:
        fields = ", ".join(sorted(fixed))
        raise Problem("conflict", detail=text("register.only_draft", fields=fields))
    before, after = changed(agreement, _columns(db, agreement, fund, values))
    _check_terms(agreement, fund)
    db.flush()
    if "pledge_id" in after:
        check_total(db, agreement, "/pledge_id")
    _record(db, actor, "agreement.changed", agreement, before=before, after=after)
    return agreement


def activate_agreement(
    db: Session, actor: audit.Author, agreement: Agreement, wanted: Activation
) -> Agreement:
    """Put a signed agreement into force; its pledge, if any, is now agreed.

    Raises ``conflict`` without instalments, ``invalid-request`` without a day of signature or
    with one in the future, and ``wrong-status`` when the pledge is still in the pipeline.
    """
    fund = db.get_one(Fund, agreement.fund_id)
    before = {"status": agreement.status, "signed_on": agreement.signed_on}
    advance(agreement, AGREEMENT_STEPS, "activate", actor)
    agreement.signed_on = wanted.signed_on or agreement.signed_on
    if agreement.signed_on is None:
        raise invalid("/signed_on", "register.not_signed")
    not_future(agreement.signed_on, fund.zone, "/signed_on")
    if agreement.id not in agreement_sums(db, [agreement.id]):
        raise Problem("conflict", detail=text("register.no_instalments"))
    db.flush()
    after = {"status": agreement.status, "signed_on": agreement.signed_on}
    _record(db, actor, "agreement.activated", agreement, before=before, after=after)
    if agreement.pledge_id is not None:
        agree_pledge(db, actor, db.get_one(Pledge, agreement.pledge_id, populate_existing=True))
    return agreement


def close_agreement(db: Session, actor: audit.Author, agreement: Agreement) -> Agreement:
    """Close an agreement of which nothing is outstanding any more."""
    before = {"status": agreement.status}
    advance(agreement, AGREEMENT_STEPS, "close", actor)
    currency, sums = agreement_sums(db, [agreement.id])[agreement.id]
    if sums.rest:
        shown = money.display(sums.rest, currency)
        raise Problem("conflict", detail=text("register.still_outstanding", outstanding=shown))
    db.flush()
    after = {"status": agreement.status}
    _record(db, actor, "agreement.closed", agreement, before=before, after=after)
    return agreement


def meet_conditions(
    db: Session, actor: audit.Author, agreement: Agreement, wanted: ConditionsMet
) -> Agreement:
    """Note the day on which an active agreement's conditions were met; only once."""
    if agreement.status != "active":
        raise Problem("wrong-status", action="meet conditions", status=agreement.status)
    if agreement.conditions is None:
        raise Problem("conflict", detail=text("register.no_conditions"))
    if agreement.conditions_met_on is not None:
        day = agreement.conditions_met_on.isoformat()
        raise Problem("conflict", detail=text("register.conditions_met", met_on=day))
    fund = db.get_one(Fund, agreement.fund_id)
    not_future(wanted.met_on, fund.zone, "/met_on")
    in_order("/met_on", agreement.signed_on, wanted.met_on)
    before, after = changed(agreement, {"conditions_met_on": wanted.met_on})
    db.flush()
    _record(db, actor, "agreement.conditions_met", agreement, before=before, after=after)
    return agreement


def change_earmark(
    db: Session, actor: audit.Author, agreement: Agreement, wanted: EarmarkChange
) -> Agreement:
    """Change an active agreement's earmark for money still to come; its lots keep theirs.

    Raises ``conflict`` when nothing is still to come.
    """
    if agreement.status != "active":
        raise Problem("wrong-status", action="change earmark", status=agreement.status)
    if not agreement_sums(db, [agreement.id])[agreement.id][1].rest:
        raise Problem("conflict", detail=text("register.nothing_left"))
    fund = db.get_one(Fund, agreement.fund_id)
    columns = _earmark_columns(read_earmark(wanted.earmark, fund.base_currency))
    before, after = changed(agreement, columns)
    db.flush()
    after |= {"document": wanted.document}
    _record(
        db,
        actor,
        "agreement.earmark_changed",
        agreement,
        reason=wanted.reason,
        before=before,
        after=after,
    )
    return agreement


def _columns(
    db: Session, agreement: Agreement, fund: Fund, values: dict[str, Any]
) -> dict[str, Any]:
    """Return the columns that the fields of a patch mean."""
    columns = dict(values)
    if "earmark" in columns:
        columns |= _earmark_columns(read_earmark(columns.pop("earmark"), fund.base_currency))
    if "support_cost" in columns:
        columns |= _support_cost_columns(columns.pop("support_cost"))
    if "agent_fee" in columns:
        columns["agent_fee_ppm"] = ppm(columns.pop("agent_fee"))
    if "pledge_id" in columns:
        pledge = _check_pledge(db, columns["pledge_id"], fund.id, agreement.donor_id)
        currency = agreement_currency(db, agreement)
        if pledge is not None and currency not in (None, pledge.currency):
            raise invalid("/pledge_id", "register.currency", expected=currency)
    return columns


def _check_pledge(
    db: Session, pledge_id: UUID | None, fund_id: UUID, donor_id: UUID
) -> Pledge | None:
    if pledge_id is None:
        return None
    pledge = db.get(Pledge, pledge_id, populate_existing=True)
    if pledge is None:
        raise invalid("/pledge_id", "validation.unknown_record")
    if (pledge.fund_id, pledge.donor_id) != (fund_id, donor_id):
        raise invalid("/pledge_id", "register.pledge_differs")
    if pledge.status == "cancelled":
        raise invalid("/pledge_id", "register.pledge_cancelled")
    return pledge


def _check_terms(agreement: Agreement, fund: Fund) -> None:
    not_future(agreement.signed_on, fund.zone, "/signed_on")
    in_order("/ends_on", agreement.starts_on, agreement.ends_on)
    if agreement.has_return_obligation and agreement.conditions is None:
        raise invalid("/conditions", "register.conditions_missing")
    if (agreement.support_cost_basis == "none") != (agreement.support_cost_ppm == 0):
        raise invalid("/support_cost", "register.support_cost_rate")


def _earmark_columns(earmark: Earmark) -> dict[str, Any]:
    return {
        "category": earmark.category,
        "earmark": earmark.key,
        "spend_by_on": earmark.spend_by_on,
    }


def _support_cost_columns(wanted: SupportCost) -> dict[str, Any]:
    return {"support_cost_basis": wanted.basis, "support_cost_ppm": ppm(wanted.rate)}


def _record(
    db: Session,
    actor: audit.Author,
    action: str,
    agreement: Agreement,
    *,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        db,
        actor,
        action,
        "agreement",
        agreement.id,
        fund_id=agreement.fund_id,
        reason=reason,
        before=before,
        after=after,
    )
