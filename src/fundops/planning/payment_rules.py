"""Rules about payments: what waits for which duty, what the bank or the grantee has to say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Permission
from fundops.disbursements.models import Disbursement, PaymentHold, SanctionsCheck
from fundops.disbursements.queries import unconfirmed
from fundops.donors.sums import rows_of
from fundops.grants.models import Grant
from fundops.grants.policy import policy_in_force
from fundops.grants.rules import RUNNING
from fundops.ledger.models import Fund
from fundops.payees.models import BankAccount
from fundops.planning.attention import PER_RULE, Entry, Rule, persons

UNANSWERED_DAYS, HOLD_DAYS, SANCTIONS_NOTICE_DAYS = 5, 14, 30
REVIEW_NOTICE_DAYS, EMERGENCY_DAYS = 7, 90


def disbursements_waiting(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Payments that wait to be certified, approved or released, or were sent back."""
    wanted = ("requested", "certified", "approved", "sent_back")
    query = _disbursements(fund).where(Disbursement.status.in_(wanted))
    return [_waiting(row, fund, today) for row in _oldest(db, query, Disbursement.requested_on)]


_NEXT = {
    "requested": ("certify", Permission.DISBURSEMENT_CERTIFY),
    "certified": ("approve", Permission.DISBURSEMENT_APPROVE),
    "approved": ("release", Permission.DISBURSEMENT_PAY),
    "sent_back": ("sent_back", Permission.DISBURSEMENT_REQUEST),
}


def _waiting(row: Any, fund: Fund, today: date) -> Entry:
    step, permission = _NEXT[row.status]
    done = {
        "requested": (row.requested_by_id,),
        "certified": (row.requested_by_id, row.certified_by_id),
        "approved": (row.requested_by_id, row.certified_by_id, row.approved_by_id),
        "sent_back": (),
    }[row.status]
    at = {"certified": row.certified_at, "approved": row.approved_at}.get(row.status)
    since = row.requested_on if at is None else clock.day_in(at, fund.zone)
    return Entry(
        f"disbursement_{step}", "disbursement", row.id, row.code, since,
        "high" if (today - since).days > UNANSWERED_DAYS else "medium", permission,
        {"code": row.code, "grant": row.grant_code}, persons(*done), row.grantee_id,
    )  # fmt: skip


def disbursements_unanswered(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Payments given to the bank of which it has not said anything for days."""
    before = _start_of(today - timedelta(days=UNANSWERED_DAYS), fund)
    query = _disbursements(fund).where(Disbursement.status == "sent", Disbursement.sent_at < before)
    return [
        Entry(
            "disbursement_unanswered", "disbursement", row.id, row.code,
            since := clock.day_in(row.sent_at, fund.zone), "high", Permission.BANK_STATEMENT_WRITE,
            {"code": row.code, "days": (today - since).days}, party_id=row.grantee_id,
        )
        for row in _oldest(db, query, Disbursement.sent_at)
    ]  # fmt: skip


def disbursements_unconfirmed(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Payments that the grantee has not confirmed: flagged, never in the way of anything."""
    query = _disbursements(fund).where(unconfirmed(db, fund.id, today))
    return [
        Entry(
            "disbursement_unconfirmed", "disbursement", row.id, row.code, row.paid_on, "low",
            Permission.DISBURSEMENT_CONFIRM,
            {"code": row.code, "days": (today - row.paid_on).days},
            party_id=row.grantee_id, by_party=True,
        )
        for row in _oldest(db, query, Disbursement.paid_on)
    ]  # fmt: skip


def reviews_due(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Reviews after the fact that are due soon or overdue: by somebody who took no part."""
    query = _disbursements(fund).where(
        Disbursement.review_due_on <= today + timedelta(days=REVIEW_NOTICE_DAYS),
        Disbursement.reviewed_at.is_(None),
        Disbursement.status.in_(("sent", "paid")),
    )
    return [
        Entry(
            "review_due", "disbursement", row.id, row.code, row.review_due_on,
            "high" if row.review_due_on < today else "medium", Permission.DISBURSEMENT_REVIEW,
            {"code": row.code, "due": row.review_due_on},
            persons(row.requested_by_id, row.certified_by_id, row.approved_by_id, row.sent_by_id),
            row.grantee_id,
        )
        for row in _oldest(db, query, Disbursement.review_due_on)
    ]  # fmt: skip


def holds_standing(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Stops on payments that have stood for long; another person lifts one."""
    before = _start_of(today - timedelta(days=HOLD_DAYS), fund)
    of_grant = select(Grant.id).where(Grant.fund_id == fund.id)
    of_payment = (
        select(Disbursement.id)
        .join(Grant, Grant.id == Disbursement.grant_id)
        .where(Grant.fund_id == fund.id)
    )
    query: Select[Any] = select(PaymentHold).where(
        PaymentHold.lifted_at.is_(None),
        PaymentHold.placed_at < before,
        or_(PaymentHold.fund_id.is_(None), PaymentHold.fund_id == fund.id),
        or_(
            PaymentHold.grant_id.in_(of_grant),
            PaymentHold.disbursement_id.in_(of_payment),
            PaymentHold.party_id.in_(_grantees(fund)),
        ),
    )
    query = query.order_by(PaymentHold.placed_at, PaymentHold.id).limit(PER_RULE)
    return [
        Entry(
            "hold_standing", "payment_hold", hold.id, None,
            since := clock.day_in(hold.placed_at, fund.zone), "medium",
            Permission.DISBURSEMENT_HOLD,
            {"days": (today - since).days}, persons(hold.placed_by_id), hold.party_id,
        )
        for hold in db.execute(query).scalars()
    ]  # fmt: skip


def sanctions_hits(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Hits in sanctions lists of which nobody has said what they mean."""
    del today  # a hit waits from its own day on
    query: Select[Any] = (
        select(SanctionsCheck)
        .where(SanctionsCheck.status == "hits", SanctionsCheck.party_id.in_(_grantees(fund)))
        .order_by(SanctionsCheck.checked_on, SanctionsCheck.id)
        .limit(PER_RULE)
    )
    return [
        Entry(
            "sanctions_hits", "sanctions_check", one.id, None, one.checked_on, "high",
            Permission.SANCTIONS_RESOLVE, {"on": one.checked_on}, persons(one.checked_by_id),
            one.party_id,
        )
        for one in db.execute(query).scalars()
    ]  # fmt: skip


def sanctions_expiring(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Grantees whose last sanctions check is about to lapse, or has lapsed."""
    valid = policy_in_force(db, fund.id, today).payments.sanctions_check_valid_days
    ends = timedelta(days=valid)
    last = func.max(SanctionsCheck.checked_on).label("last")
    query = (
        rows_of(SanctionsCheck.party_id, last)
        .where(SanctionsCheck.party_id.in_(_grantees(fund)))
        .group_by(SanctionsCheck.party_id)
        .having(last <= today - ends + timedelta(days=SANCTIONS_NOTICE_DAYS))
        .order_by(last, SanctionsCheck.party_id)
        .limit(PER_RULE)
    )
    return [
        Entry(
            "sanctions_expiring", "party", row.party_id, None, row.last + ends,
            "high" if row.last + ends < today else "low", Permission.SANCTIONS_WRITE,
            {"on": row.last, "until": row.last + ends}, party_id=row.party_id,
        )
        for row in db.execute(query)
    ]  # fmt: skip


def accounts_waiting(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Bank accounts that wait for a second person, and those registered in an emergency."""
    recent = _start_of(today - timedelta(days=EMERGENCY_DAYS), fund)
    emergency = (
        (BankAccount.status == "active")
        & (BankAccount.origin == "emergency")
        & (BankAccount.approved_at >= recent)
    )
    query: Select[Any] = (
        select(BankAccount)
        .where(
            BankAccount.party_id.in_(_grantees(fund)),
            or_(BankAccount.status == "proposed", emergency),
        )
        .order_by(BankAccount.proposed_at, BankAccount.id)
        .limit(PER_RULE)
    )
    return [_account(one, fund) for one in db.execute(query).scalars()]


def _account(one: BankAccount, fund: Fund) -> Entry:
    is_new = one.status == "proposed"
    return Entry(
        "account_proposed" if is_new else "account_emergency", "bank_account", one.id, None,
        clock.day_in(one.proposed_at, fund.zone), "medium" if is_new else "high",
        Permission.BANK_ACCOUNT_APPROVE, {"masked": one.masked},
        persons(one.proposed_by_id, one.approved_by_id), one.party_id,
    )  # fmt: skip


def _start_of(day: date, fund: Fund) -> datetime:
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(fund.zone))
    return local.astimezone(UTC)


def _grantees(fund: Fund) -> Select[UUID]:
    """Return the parties with a grant of the fund that may still be paid."""
    query: Select[Any] = select(Grant.grantee_id).where(
        Grant.fund_id == fund.id, Grant.status.in_(RUNNING)
    )
    return query


def _disbursements(fund: Fund) -> Select[Any]:
    return (
        rows_of(
            Disbursement.id, Disbursement.code, Disbursement.status, Disbursement.requested_on,
            Disbursement.requested_by_id, Disbursement.certified_by_id, Disbursement.certified_at,
            Disbursement.approved_by_id, Disbursement.approved_at, Disbursement.sent_by_id,
            Disbursement.sent_at, Disbursement.paid_on, Disbursement.review_due_on,
            Grant.code.label("grant_code"), Grant.grantee_id,
        )
        .join(Grant, Grant.id == Disbursement.grant_id)
        .where(Grant.fund_id == fund.id)
    )  # fmt: skip


def _oldest(db: Session, query: Select[Any], since: Any) -> list[Any]:
    return list(db.execute(query.order_by(since, Disbursement.id).limit(PER_RULE)).all())


RULES: tuple[Rule, ...] = (
    Rule(disbursements_waiting, Permission.GRANT_READ),
    Rule(disbursements_unanswered, Permission.GRANT_READ),
    Rule(disbursements_unconfirmed, Permission.GRANT_READ),
    Rule(reviews_due, Permission.GRANT_READ),
    Rule(holds_standing, Permission.GRANT_READ),
    Rule(sanctions_hits, Permission.SANCTIONS_READ),
    Rule(sanctions_expiring, Permission.SANCTIONS_READ),
    Rule(accounts_waiting, Permission.BANK_ACCOUNT_READ),
)
