"""The chapter of payments: agreements signed, accounts registered, tranches paid by four."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Role
from fundops.demo.people import a_player
from fundops.demo.stage import Story, usd
from fundops.disbursements import paying, sanctions
from fundops.disbursements import service as disbursements
from fundops.disbursements.control_schemas import SanctionsCheckIn
from fundops.disbursements.schemas import DisbursementIn, PaidIn
from fundops.grants import agreement_links as _plans  # noqa: F401 - a signed agreement is planned
from fundops.grants import agreement_queries, agreement_signing, agreements, refunds, requirements
from fundops.grants.agreement_schemas import GrantAgreementIn, SignIn
from fundops.grants.models import Grant, Tranche
from fundops.grants.schedule_models import Requirement, TrancheCondition
from fundops.grants.schedule_schemas import DoneIn
from fundops.grants.schemas import RefundIn, shares_out
from fundops.ledger.models import Fund
from fundops.payees import service as payees
from fundops.payees.schemas import ApproveAccountIn, BankAccountIn
from fundops.proposals.receipts import Signs
from fundops.vault import Vault

ACCOUNTS: dict[str, dict[str, Any]] = {
    "shelter": {"kind": "local", "number": "0012 3456 7890", "country": "PH",
                "bank_name": "Island Commercial Bank", "bic": "ISLCPHMM"},
    "legal": {"kind": "local", "number": "04-7711-0022", "country": "NP",
              "bank_name": "Valley Bank", "bic": "VALLNPKA"},
    "hidden": {"kind": "iban", "number": "BY60 NBRB 3600 9000 0000 2Z00 AB27", "country": "BY",
               "bank_name": "National Bank"},
}  # fmt: skip
"""Where the grantees are paid; all of it is made up."""

RESULTS: dict[str, list[dict[str, Any]]] = {
    "legal": [{"indicator": "4.4", "target": 120}, {"indicator": "5.5", "target": 60}],
}
"""What a grant's agreement plans, where it is more than the victims it will assist."""

PAYMENTS = (
    ("shelter", 1, "126000.00", "2025-08-04", "2025-08-06"),
    ("legal", 1, "90000.00", "2025-08-05", "2025-08-07"),
    ("hidden", 1, "60000.00", "2025-08-05", "2025-08-08"),
    ("shelter", 2, "60000.00", "2026-01-12", "2026-01-14"),
)
"""Grantee, tranche, amount, asked for on, paid on."""


def tell_payments(story: Story, signer: Signs, vault: Vault) -> None:
    """Tell how the grants were agreed and paid, and what came back."""
    with story.step() as db:
        signatory = a_player(db, Role.SIGNATORY, "Bank signatory", code="SIGNATORY-1")
        story.players[Role.SIGNATORY] = signatory
    for key in ACCOUNTS:
        with story.step() as db:
            theirs = story.players[Role.GRANTEE].actor
            if key != "shelter":
                party_id = story.parties[key].id
                code = f"DIRECTOR-{key.upper()}"
                story.directors[key] = a_player(
                    db, Role.GRANTEE, "Grantee's director", party_id, code
                )
                theirs = story.directors[key].actor
            _agree(db, story, db.get_one(Grant, story.grants[key].id), theirs, signer)
        with story.step() as db:
            _register(db, story, key, vault)
    for payment in PAYMENTS:
        with story.step() as db:
            pay_tranche(db, story, payment)
    with story.step() as db:
        grant = db.get_one(Grant, story.grants["legal"].id)
        given = RefundIn.model_validate(
            {"amount": usd("1250.50"), "received_on": "2026-02-02", "reference": "B-1020"}
        )
        refunds.refund(db, story.finance, db.get_one(Fund, story.book.id), grant, given)


def pay_tranche(db: Session, story: Story, payment: tuple[str, int, str, str, str]) -> None:
    """Pay a tranche as ``PAYMENTS`` has one, after the reports that it waits for."""
    key, number, amount, requested, paid = payment
    grant = db.get_one(Grant, story.grants[key].id)
    query = select(Tranche).where(Tranche.grant_id == grant.id, Tranche.number == number)
    tranche = db.execute(query).scalar_one()
    _report(db, story, grant, tranche, date.fromisoformat(requested))
    _pay(db, story, grant, tranche, amount, requested, paid, f"PAY-{paid}-{key[:3]}")


def _agree(db: Session, story: Story, grant: Grant, theirs: Actor, signer: Signs) -> None:
    fund = db.get_one(Fund, story.book.id)
    objectives = shares_out(grant.objectives)
    budget = [
        {"category": "A", "description": "Staff", "objectives": objectives,
         "amount": usd(f"{grant.awarded_minor * 6 // 1000}.00")},
        {"category": "G", "description": "Rent and running costs", "objectives": objectives,
         "amount": usd(f"{grant.awarded_minor * 4 // 1000}.00")},
    ]  # fmt: skip
    key = next(name for name, one in story.grants.items() if one.id == grant.id)
    results = RESULTS.get(key, [{"indicator": "4.4", "target": 120}])
    given = {"language": "en", "budget": budget, "results": results}
    agreements.prepare(db, story.officer, fund, grant, GrantAgreementIn.model_validate(given))
    agreement = agreement_queries.of_grant(db, grant.id)
    assert agreement is not None
    (held,) = agreement_queries.versions(db, agreement.id)
    agreement_signing.offer(db, story.officer, fund, held)
    seen = SignIn(sha256=held.text.sha256)
    agreement_signing.sign(db, theirs, held, seen)
    agreement_signing.countersign(db, story.manager, fund, held, seen, signer=signer)


def _register(db: Session, story: Story, key: str, vault: Vault) -> None:
    party = story.parties[key]
    given = BankAccountIn.model_validate(
        {"party_id": party.id, "origin": "first", "currency": "USD", "holder": party.name,
         "reason": "First account", "evidence": "Letter of the bank"} | ACCOUNTS[key]
    )  # fmt: skip
    made = payees.propose(db, story.officer, vault, given)
    payees.approve(db, story.manager, made, ApproveAccountIn(version=made.version))
    checked = SanctionsCheckIn.model_validate(
        {"checked_on": made.proposed_at.date(), "lists": "UN Security Council Consolidated List",
         "names": party.name, "has_hits": False}
    )  # fmt: skip
    sanctions.check(db, story.officer, party, checked)


def _report(db: Session, story: Story, grant: Grant, tranche: Tranche, on: date) -> None:
    """Accept the reports that a tranche waits for."""
    query = (
        select(Requirement)
        .join(TrancheCondition, TrancheCondition.requirement_id == Requirement.id)
        .where(TrancheCondition.tranche_id == tranche.id, Requirement.status == "due")
        .order_by(Requirement.id)
    )
    given = DoneIn.model_validate({"done_on": on, "note": "Report accepted"})
    for requirement in db.execute(query).scalars().unique().all():
        fund = db.get_one(Fund, story.book.id)
        requirements.record_done(db, story.officer, fund, grant, requirement, given)


def _pay(
    db: Session, story: Story, grant: Grant, tranche: Tranche, amount: str, requested: str,
    paid: str, reference: str,
) -> None:  # fmt: skip
    fund = db.get_one(Fund, story.book.id)
    asked = DisbursementIn.model_validate(
        {"amount": usd(amount), "tranche_id": tranche.id, "requested_on": requested}
    )
    made = disbursements.request(db, story.officer, fund, grant, asked)
    disbursements.certify(db, story.finance, fund, made, grant)
    disbursements.approve(db, story.approver, fund, made, grant)
    given = PaidIn.model_validate(
        {"paid_on": paid, "reference": reference, "evidence_kind": "bank_advice",
         "evidence_note": "Debit advice of the bank"}
    )  # fmt: skip
    paying.pay(db, story.signatory, fund, made, grant, given)
