"""Who signed when: outside working hours, and one human in two places of a chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from fundops.disbursements.models import Disbursement
from fundops.exports.audit_book.flags.rule import Case, Flag, Looked, Rule
from fundops.payees.models import BankAccount

OPENS, CLOSES = 7, 20
SATURDAY = 5
SIGNING = {"certify", "approve", "release", "pay"}
CHAIN = ("requested", "certified", "approved", "sent", "paid")
"""Whose places in the chain of a payment are compared."""


def after_hours(case: Case) -> Looked:
    """Find signatures at weekends and outside working hours, where the fund is."""
    zone = ZoneInfo(case.book.fund.zone)
    looked, found = 0, []
    for one in case.asked:
        for step in case.steps.get(one.id, ()):
            if step.action not in SIGNING:
                continue
            looked += 1
            at = step.taken_at.astimezone(zone)
            if at.weekday() >= SATURDAY or not OPENS <= at.hour < CLOSES:
                persons = [step.person_id] if step.person_id else []
                details = {"step": step.action, "at": at.strftime("%a %Y-%m-%d %H:%M")}
                found.append(
                    Flag(one.code, one.grant_id, at.date(), one.amount_minor, persons, details)
                )
    if not looked:
        return Looked(0, why_not=case.why_not("after_hours"))
    return Looked(looked, sorted(found, key=lambda flag: (flag.on, flag.record, str(flag.details))))


def same_person(case: Case) -> Looked:
    """Find one human in two places of a payment's chain, its bank account included."""
    accounts = _accounts(case)
    looked, found = 0, []
    for one in case.asked:
        places = list(_places(case, one, accounts.get(one.account_id)))
        looked += bool(places)
        by_human: dict[UUID, list[str]] = {}
        for place, person in places:
            by_human.setdefault(case.human(person), []).append(place)
        for human, own in by_human.items():
            if len(own) > 1:
                on = one.paid_on or one.requested_on
                details = {"places": ", ".join(own)}
                found.append(Flag(one.code, one.grant_id, on, one.amount_minor, [human], details))
    if not looked:
        return Looked(0, why_not=case.why_not("same_person"))
    return Looked(looked, sorted(found, key=lambda flag: (flag.record, str(flag.details))))


def _places(case: Case, one: Any, account: Any) -> Iterator[tuple[str, UUID]]:
    """Yield who stands where, of what was done by the day."""
    ends = case.book.ends_at
    for name in CHAIN:
        person, at = getattr(one, f"{name}_by_id"), getattr(one, f"{name}_at", None)
        if person is not None and (at is None or at < ends):
            yield name, person
    if account is not None and account.proposed_at < ends:
        yield "account_proposed", account.proposed_by_id
        if account.approved_by_id is not None and account.approved_at < ends:
            yield "account_approved", account.approved_by_id


def _accounts(case: Case) -> dict[UUID, Any]:
    named = select(Disbursement.account_id).where(Disbursement.grant_id.in_(case.book.grants))
    known = case.book.known("bank_account", BankAccount, BankAccount.id.in_(named))
    return {one.id: one for one in known}


RULES = (
    Rule("after_hours", after_hours, {"opens": OPENS, "closes": CLOSES}),
    Rule("same_person", same_person),
)
