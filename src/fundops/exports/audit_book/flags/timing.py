"""Payments at the wrong time: just after new bank details, before an agreement, after its end."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops import clock
from fundops.disbursements.models import Disbursement
from fundops.exports.audit_book.flags.rule import Case, Flag, Looked, Rule
from fundops.grants.agreement_models import GrantAgreement, GrantAgreementVersion
from fundops.payees.models import BankAccount

CHANGED_DAYS = 30


def bank_changed(case: Case) -> Looked:
    """Find payments to bank details that took the place of others shortly before."""
    named = select(Disbursement.account_id).where(Disbursement.grant_id.in_(case.book.grants))
    known = case.book.known("bank_account", BankAccount, BankAccount.id.in_(named))
    changed = {one.id: one for one in known if one.replaces_id or one.origin == "emergency"}
    paid = [one for one in case.paid if one.account_id is not None]
    if not paid:
        return Looked(0, why_not=case.why_not("bank_changed"))
    found = []
    for one in paid:
        account = changed.get(one.account_id)
        if account is None or account.approved_at is None:
            continue
        on = clock.day_in(account.approved_at, case.book.fund.zone)
        if 0 <= (one.paid_on - on).days <= CHANGED_DAYS:
            persons = [p for p in (account.proposed_by_id, account.approved_by_id) if p]
            details = {"on": on, "account": account.masked}
            found.append(
                Flag(one.code, one.grant_id, one.paid_on, one.amount_minor, persons, details)
            )
    return Looked(len(paid), found)


def before_agreement(case: Case) -> Looked:
    """Find payments before the grant's agreement was in force."""
    forces = _in_force_since(case)
    paid = [one for one in case.paid if one.grant_id in forces]
    if not paid:
        return Looked(0, why_not=case.why_not("before_agreement"))
    found = []
    for one in paid:
        since = forces[one.grant_id]
        if since is None or one.paid_on < since:
            details = {"since": since or "-"}
            found.append(_flag(one, details))
    return Looked(len(paid), found)


def _in_force_since(case: Case) -> dict[UUID, date | None]:
    """Return the first day of force of each grant that has an agreement; none if not yet."""
    own = GrantAgreement.grant_id.in_(case.book.grants)
    agreements = {one.id: one.grant_id for one in case.book.known(
        "grant_agreement", GrantAgreement, own)}  # fmt: skip
    found: dict[UUID, date | None] = dict.fromkeys(agreements.values())
    versions = case.book.known(
        "grant_agreement_version", GrantAgreementVersion,
        GrantAgreementVersion.agreement_id.in_(select(GrantAgreement.id).where(own)),
    )  # fmt: skip
    for one in versions:
        if one.in_force_at is None or one.agreement_id not in agreements:
            continue
        grant, on = agreements[one.agreement_id], clock.day_in(one.in_force_at, case.book.fund.zone)
        earlier = found[grant]
        found[grant] = on if earlier is None else min(on, earlier)
    return found


def after_end(case: Case) -> Looked:
    """Find payments after the grant's end."""
    paid = [one for one in case.paid if case.grants[one.grant_id].ends_on is not None]
    if not paid:
        return Looked(0, why_not=case.why_not("after_end"))
    found = [
        _flag(one, {"ends_on": case.grants[one.grant_id].ends_on})
        for one in paid
        if one.paid_on > case.grants[one.grant_id].ends_on
    ]
    return Looked(len(paid), found)


def _flag(one: Any, details: dict[str, Any]) -> Flag:
    return Flag(one.code, one.grant_id, one.paid_on, one.amount_minor, details=details)


RULES = (
    Rule("bank_changed", bank_changed, {"days": CHANGED_DAYS}),
    Rule("before_agreement", before_agreement),
    Rule("after_end", after_end),
)
