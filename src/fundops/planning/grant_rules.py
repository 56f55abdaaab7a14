"""Rules about grants: agreements to sign, what is due, what is owed, and proposals to decide."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from fundops import clock, money
from fundops.authz import Permission
from fundops.disbursements.models import DutyProfile, PersonLimit
from fundops.donors.sums import rows_of
from fundops.expenditures.models import Receivable, RefundRequest
from fundops.grants.agreement_models import GrantAgreement, GrantAgreementVersion
from fundops.grants.conditions import name_of
from fundops.grants.models import Grant
from fundops.grants.policy_models import FundPolicy
from fundops.grants.reported import is_reported
from fundops.grants.rules import RUNNING
from fundops.grants.schedule_models import PENDING, Requirement
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from fundops.parties.profile_models import OrganisationProfile
from fundops.parties.zones import today_column
from fundops.planning.attention import PER_RULE, Entry, Rule, persons


def agreements_open(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Agreements that wait for the grantee's signature, or for ours."""
    del today
    version = GrantAgreementVersion
    query: Select[Any] = (
        rows_of(
            version.id, version.status, version.offered_at, version.signed_at,
            version.prepared_by_id, version.recorded_by_id, Grant.code, Grant.grantee_id,
        )
        .join(GrantAgreement, GrantAgreement.id == version.agreement_id)
        .join(Grant, Grant.id == GrantAgreement.grant_id)
        .where(Grant.fund_id == fund.id, version.status.in_(("offered", "signed")))
        .order_by(version.offered_at, version.id)
        .limit(PER_RULE)
    )  # fmt: skip
    found = []
    for row in db.execute(query):
        theirs = row.status == "offered"
        at: datetime = row.offered_at if theirs else row.signed_at
        found.append(
            Entry(
                f"agreement_{row.status}", "grant_agreement_version", row.id, row.code,
                clock.day_in(at, fund.zone), "medium",
                Permission.GRANT_AGREEMENT_SIGN if theirs
                else Permission.GRANT_AGREEMENT_COUNTERSIGN,
                {"code": row.code}, persons(row.prepared_by_id, row.recorded_by_id),
                row.grantee_id, by_party=theirs,
            )
        )  # fmt: skip
    return found


def requirements_overdue(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Reports, visits and audits whose day has gone by."""
    query: Select[Any] = (
        rows_of(Requirement, Grant.code, Grant.grantee_id)
        .join(Grant, Grant.id == Requirement.grant_id)
        .join(Party, Party.id == Grant.grantee_id)
        .outerjoin(OrganisationProfile, OrganisationProfile.party_id == Party.id)
        .where(
            Grant.fund_id == fund.id, Requirement.status.in_(PENDING), Grant.status.in_(RUNNING),
            Requirement.due_on < today_column(db, fund.zone), ~is_reported(),
        )
        .order_by(Requirement.due_on, Requirement.id)
        .limit(PER_RULE)
    )  # fmt: skip
    return [
        Entry(
            "requirement_overdue", "requirement", one.id, code, one.due_on, "medium",
            Permission.REQUIREMENT_RECORD,
            {"what": name_of(one), "code": code, "days": (today - one.due_on).days},
            party_id=grantee_id,
        )
        for one, code, grantee_id in db.execute(query)
    ]  # fmt: skip


def refunds_overdue(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Refunds that were asked for and have not come in whole."""
    query: Select[Any] = (
        rows_of(RefundRequest, Grant.grantee_id)
        .join(Grant, Grant.id == RefundRequest.grant_id)
        .where(
            Grant.fund_id == fund.id, RefundRequest.status == "requested",
            RefundRequest.due_on < today,
        )
        .order_by(RefundRequest.due_on, RefundRequest.id)
        .limit(PER_RULE)
    )  # fmt: skip
    return [
        Entry(
            "refund_overdue", "refund_request", one.id, one.code, one.due_on, "medium",
            Permission.RECEIVABLE_WRITE,
            {"code": one.code, "days": (today - one.due_on).days,
             "amount": money.display(
                 one.amount_minor - one.received_minor - one.written_off_minor,
                 fund.base_currency)},
            party_id=grantee_id,
        )
        for one, grantee_id in db.execute(query)
    ]  # fmt: skip


def receivables_open(db: Session, fund: Fund, today: date) -> list[Entry]:
    """What grantees owe because it was not supported."""
    del today
    query: Select[Any] = (
        rows_of(Receivable, Grant.grantee_id)
        .join(Grant, Grant.id == Receivable.grant_id)
        .where(Grant.fund_id == fund.id, Receivable.status == "open")
        .order_by(Receivable.opened_on, Receivable.id)
        .limit(PER_RULE)
    )
    return [
        Entry(
            "receivable_open", "receivable", one.id, one.code, one.opened_on, "medium",
            Permission.RECEIVABLE_WRITE,
            {"code": one.code,
             "amount": money.display(one.amount_minor - one.settled_minor, fund.base_currency)},
            party_id=grantee_id,
        )
        for one, grantee_id in db.execute(query)
    ]  # fmt: skip


PROPOSED: tuple[tuple[str, Any, Permission], ...] = (
    ("fund_policy", FundPolicy, Permission.POLICY_APPROVE),
    ("duty_profile", DutyProfile, Permission.DUTY_APPROVE),
    ("person_limit", PersonLimit, Permission.DUTY_APPROVE),
)
"""What one person proposes and another decides: kind of record, table, and who may."""


def proposals_waiting(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Policies, duty profiles and limits that wait for a second person."""
    del today
    found = []
    for kind, model, permission in PROPOSED:
        query: Select[Any] = (
            rows_of(model)
            .where(model.fund_id == fund.id, model.status == "proposed")
            .order_by(model.proposed_at, model.id)
            .limit(PER_RULE)
        )
        for one in db.execute(query).scalars():
            found.append(
                Entry(
                    f"{kind}_proposed", kind, one.id, None,
                    clock.day_in(one.proposed_at, fund.zone), "medium", permission, {},
                    persons(one.proposed_by_id),
                )
            )  # fmt: skip
    return found


RULES: tuple[Rule, ...] = (
    Rule(agreements_open, Permission.GRANT_AGREEMENT_READ),
    Rule(requirements_overdue, Permission.GRANT_READ),
    Rule(refunds_overdue, Permission.RECEIVABLE_READ),
    Rule(receivables_open, Permission.RECEIVABLE_READ),
    Rule(proposals_waiting, Permission.DUTY_READ),
)
