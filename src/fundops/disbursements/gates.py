"""What keeps a payment back, as a list of named gates with one small engine.

Every gate is asked at certification, at approval and again when the money goes, on the facts of
that moment; ``obstacles`` answers with all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from fundops import clock
from fundops.disbursements import holds, queries, sanctions
from fundops.disbursements.models import WAITING, Disbursement
from fundops.disbursements.terms import PaymentTerms
from fundops.errors import FieldError, Problem
from fundops.grants import conditions
from fundops.grants.agreement_queries import in_force
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.messages.said import Clause, Word
from fundops.parties.models import Party
from fundops.payees.queries import require_within_cap, usable_account


@dataclass(frozen=True)
class Case:
    """A payment, and what is asked about it."""

    db: Session
    fund: Fund
    grant: Grant
    disbursement: Disbursement
    terms: PaymentTerms


Gate = Callable[[Case], Sequence[str]]
"""Returns the sentences of what keeps the payment back; none where the gate is open."""


def grant_open(case: Case) -> Sequence[str]:
    """The grant stands on cash and is neither suspended nor over."""
    if case.grant.status == "conditional":
        return [text("grants.conditional_unpaid")]
    if case.grant.status != "awarded":
        return [text("disbursements.grant_is", status=Word(case.grant.status))]
    return []


def grantee_active(case: Case) -> Sequence[str]:
    """The grantee is not frozen."""
    grantee = case.db.get_one(Party, case.grant.grantee_id, populate_existing=True)
    return [] if grantee.status == "active" else [text("grants.grantee_frozen")]


def agreement_in_force(case: Case) -> Sequence[str]:
    """Both parties have signed what is paid for."""
    if in_force(case.db, case.grant.id) is None:
        return [text("disbursements.no_agreement")]
    return []


def account_usable(case: Case) -> Sequence[str]:
    """The account that the money goes to was approved, and has cooled."""
    if case.disbursement.account_id is None:
        return [text("disbursements.no_account")]
    try:
        account = usable_account(
            case.db, case.grant.grantee_id, case.disbursement.account_id, clock.now()
        )
        minor = case.disbursement.amount_minor
        counted = minor if case.disbursement.status in WAITING else 0
        require_within_cap(case.db, account, minor, case.fund.base_currency, counted)
    except Problem as problem:
        return [problem.detail]
    return []


def conditions_met(case: Case) -> Sequence[str]:
    """What the tranche waits for is met, or two persons waived it; no tranche is passed by."""
    tranche_id = case.disbursement.tranche_id
    if tranche_id is not None:
        return conditions.unmet(case.db, tranche_id)
    is_in_tranches = queries.has_tranches(case.db, case.grant.id)
    return [text("disbursements.tranche_needed")] if is_in_tranches else []


def sanctions_checked(case: Case) -> Sequence[str]:
    """A recent check found nothing, or a person has said that what it found is another."""
    today = clock.today(case.fund.zone)
    found = sanctions.obstacle(case.db, case.grant.grantee_id, today, case.terms.sanctions_days)
    return [] if found is None else [found]


def not_held(case: Case) -> Sequence[str]:
    """Nobody has put a hold on it."""
    found = holds.open_holds(case.db, case.grant, case.disbursement.id)
    return [text("disbursements.held", reason=hold.reason) for hold in found]


GATES: dict[str, Gate] = {
    "grant": grant_open,
    "grantee": grantee_active,
    "agreement": agreement_in_force,
    "account": account_usable,
    "conditions": conditions_met,
    "sanctions": sanctions_checked,
    "hold": not_held,
}
"""Gate -> what it asks."""


def obstacles(case: Case) -> list[tuple[str, str]]:
    """Return everything that keeps a payment back now: the gate and a sentence each."""
    return [(name, sentence) for name, gate in GATES.items() for sentence in gate(case)]


def require_open(case: Case) -> None:
    """Raise ``payment-kept-back`` naming every gate that is shut."""
    found = obstacles(case)
    if found:
        raise Problem(
            "payment-kept-back",
            detail=text("problem.payment-kept-back", first=Clause(found[0][1])),
            errors=[FieldError(f"gate/{name}", sentence) for name, sentence in found],
        )
