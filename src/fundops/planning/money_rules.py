"""Rules about money: donors who are late, cash that runs short, advances and lots that grow old."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func
from sqlalchemy.orm import Session

from fundops import clock, money
from fundops.authz import Permission
from fundops.donors.models import Agreement, Instalment, Lot, WriteOff
from fundops.donors.sums import rows_of, total
from fundops.grants.models import ConditionalAward, Grant
from fundops.grants.policy import policy_in_force
from fundops.ledger.models import Account, Fund
from fundops.planning import ageing
from fundops.planning.attention import PER_RULE, Entry, Rule, persons
from fundops.planning.plan import Asked, month_on, plan

SHORT_MONTHS = 3
LATE_DAYS = 90
"""After so many days an overdue instalment is pressing."""
LOT_NOTICE_DAYS = 90


def instalments_overdue(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Instalments of donors whose day has gone by."""
    rest = Instalment.amount_minor - Instalment.matched_minor - Instalment.written_off_minor
    query = (
        rows_of(
            Instalment.id, Instalment.number, Instalment.due_on, Instalment.currency,
            Agreement.code, Agreement.donor_id, rest.label("rest"),
        )
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(
            Agreement.fund_id == fund.id, Agreement.status == "active",
            Instalment.due_on < today, rest > 0,
        )
        .order_by(Instalment.due_on, Instalment.id)
        .limit(PER_RULE)
    )  # fmt: skip
    return [
        Entry(
            "instalment_overdue", "instalment", row.id, row.code, row.due_on,
            "high" if (today - row.due_on).days > LATE_DAYS else "medium",
            Permission.AGREEMENT_WRITE,
            {"code": row.code, "number": row.number, "days": (today - row.due_on).days,
             "amount": money.display(int(row.rest), row.currency)},
            party_id=row.donor_id,
        )
        for row in db.execute(query)
    ]  # fmt: skip


def awards_waiting_late(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Conditional awards whose instalment should have come."""
    query = (
        rows_of(
            Grant.id, Grant.code, Grant.grantee_id, Instalment.due_on,
            Agreement.code.label("agreement"),
        )
        .join(ConditionalAward, ConditionalAward.grant_id == Grant.id)
        .join(Instalment, Instalment.id == ConditionalAward.instalment_id)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(
            Grant.fund_id == fund.id, ConditionalAward.status == "waiting",
            Instalment.due_on < today,
        )
        .order_by(Instalment.due_on, Grant.id)
        .limit(PER_RULE)
    )  # fmt: skip
    return [
        Entry(
            "award_waits_late", "grant", row.id, row.code, row.due_on, "high",
            Permission.GRANT_AWARD,
            {"code": row.code, "agreement": row.agreement, "days": (today - row.due_on).days},
            party_id=row.grantee_id,
        )
        for row in db.execute(query)
    ]  # fmt: skip


def cash_short(db: Session, fund: Fund, today: date) -> list[Entry]:
    """A fund that cannot pay what falls due within three months, as scheduled."""
    found = plan(db, fund, Asked(today, today.replace(day=1), SHORT_MONTHS + 1))
    shortage = found.course.shortage
    if shortage is None:
        return []
    on = month_on(shortage.month, today)
    amount = money.display(shortage.unpaid_minor, fund.base_currency)
    return [
        Entry(
            "cash_short", "fund", fund.id, fund.code, max(on, today), "high",
            Permission.AGREEMENT_WRITE, {"month": f"{on:%Y-%m}", "amount": amount},
        )
    ]  # fmt: skip


def advances_overdue(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Grants with money that was paid long ago and is not accounted for."""
    within = policy_in_force(db, fund.id, today).payments.advance_overdue_days
    found = ageing.ages(db, fund.id, today, within)
    late = ageing.overdue_grants(found)[:PER_RULE]
    if not late:
        return []
    query = rows_of(Grant.id, Grant.code, Grant.grantee_id).where(Grant.id.in_(late))
    entries = []
    for row in db.execute(query):
        age = found[row.id]
        assert age.oldest_on is not None
        amount = money.display(age.overdue_minor, fund.base_currency)
        facts = {"code": row.code, "amount": amount, "days": (today - age.oldest_on).days}
        since = age.oldest_on + timedelta(days=within)
        severity = "high" if (today - age.oldest_on).days > 2 * within else "medium"
        entries.append(
            Entry(
                "advance_overdue", "grant", row.id, row.code, since, severity,
                Permission.EXPENDITURE_ACCEPT, facts, party_id=row.grantee_id,
            )
        )  # fmt: skip
    return sorted(entries, key=lambda one: (one.since, one.record_id))


def lots_expiring(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Donors' money that must be spent soon and is not."""
    held = total(Account.credits_minor - Account.debits_minor)
    query = (
        rows_of(Lot.id, Lot.code, Lot.donor_id, Lot.spend_by_on, held.label("minor"))
        .join(Account, Account.lot_id == Lot.id)
        .where(
            Lot.fund_id == fund.id, Lot.status == "open",
            Lot.spend_by_on <= today + timedelta(days=LOT_NOTICE_DAYS),
            Account.kind.in_(("lot", "reserved")),
        )
        .group_by(Lot.id, Lot.code, Lot.donor_id, Lot.spend_by_on)
        .having(held > 0)
        .order_by(Lot.spend_by_on, Lot.id)
        .limit(PER_RULE)
    )  # fmt: skip
    return [
        Entry(
            "lot_expiring", "lot", row.id, row.code, row.spend_by_on,
            "high" if row.spend_by_on < today else "medium", Permission.MONEY_WRITE,
            {"code": row.code, "until": row.spend_by_on,
             "amount": money.display(int(row.minor), fund.base_currency)},
            party_id=row.donor_id,
        )
        for row in db.execute(query)
    ]  # fmt: skip


def write_offs_waiting(db: Session, fund: Fund, today: date) -> list[Entry]:
    """Write-offs that wait for a second person."""
    donor = func.coalesce(WriteOff.party_id, Agreement.donor_id).label("donor")
    query = (
        rows_of(
            WriteOff.id, WriteOff.code, WriteOff.amount_minor, WriteOff.currency,
            WriteOff.created_at, WriteOff.requested_by_id, donor,
        )
        .outerjoin(Instalment, Instalment.id == WriteOff.instalment_id)
        .outerjoin(Agreement, Agreement.id == Instalment.agreement_id)
        .where(WriteOff.fund_id == fund.id, WriteOff.status == "requested")
        .order_by(WriteOff.created_at, WriteOff.id)
        .limit(PER_RULE)
    )  # fmt: skip
    return [
        Entry(
            "write_off_waiting", "write_off", row.id, row.code,
            min(clock.day_in(row.created_at, fund.zone), today), "medium",
            Permission.WRITE_OFF_APPROVE,
            {"code": row.code, "amount": money.display(row.amount_minor, row.currency)},
            persons(row.requested_by_id), row.donor,
        )
        for row in db.execute(query)
    ]  # fmt: skip


RULES: tuple[Rule, ...] = (
    Rule(instalments_overdue, Permission.AGREEMENT_READ),
    Rule(awards_waiting_late, Permission.GRANT_READ),
    Rule(cash_short, Permission.PLAN_READ),
    Rule(advances_overdue, Permission.GRANT_READ),
    Rule(lots_expiring, Permission.RECEIPT_READ),
    Rule(write_offs_waiting, Permission.RECEIPT_READ),
)
