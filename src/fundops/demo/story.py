"""The story of the demonstration fund: pledges, receipts, awards, payments, one correction, and
what was reported and reached, and an audit of it.

Everything is invented. Every step goes through the services that the API uses, in one
transaction per step, as different persons.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit
from fundops.authz import Role
from fundops.calls import service as calls
from fundops.calls.schemas import CallIn
from fundops.config import Settings
from fundops.db import Database
from fundops.demo.audit_story import tell_audit
from fundops.demo.call_story import LASTS, set_back, tell_call
from fundops.demo.pay_story import tell_payments
from fundops.demo.people import a_player
from fundops.demo.report_story import tell_reports
from fundops.demo.stage import Story, usd
from fundops.donors import agreements, events, matching, pledges, receipts, reversal
from fundops.donors.agreement_schemas import Activation, AgreementIn
from fundops.donors.cash_schemas import MatchIn, ReceiptIn
from fundops.donors.models import Agreement, Instalment, Lot, Pledge, Receipt
from fundops.donors.register_schemas import CommitmentIn, EventIn, PledgeIn
from fundops.exports import statements
from fundops.funds import rates, service
from fundops.funds.rate_schemas import RateIn
from fundops.funds.schemas import FundIn
from fundops.grants import service as grants
from fundops.grants.schemas import GrantIn
from fundops.ledger.models import Fund
from fundops.parties import service as parties
from fundops.parties.models import Party
from fundops.parties.schemas import PartyIn
from fundops.proposals.receipts import Signs
from fundops.signing import Signer
from fundops.treasury import bank, reserve
from fundops.treasury.schemas import BankEntryIn, ReserveIn, ReserveTargetPatch
from fundops.vault import Vault

TRANCHES = {
    "shelter": ("126000.00", "60000.00", "24000.00"),
    "legal": ("90000.00", "60000.00"),
    "hidden": ("60000.00",),
}
RATES = (("EUR", "2025-02-01", "0.96"), ("EUR", "2025-06-01", "0.88"), ("JPY", "2025-04-01", "149"))


def tell(
    database: Database,
    progress: Callable[[], None] = lambda: None,
    signer: Signs | None = None,
    vault: Vault | None = None,
) -> Story:
    """Tell the whole story on an empty, migrated database; ``progress`` is called per chapter.

    ``signer`` signs receipts and ``vault`` encrypts bank details; without them, keys that are
    kept nowhere do.
    """
    story = Story(database)
    with TemporaryDirectory() as folder, set_back(LASTS) as begins:
        signs = signer or Signer(folder)
        keeps = vault or Vault(Settings(database_url="sqlite://", files_path=folder))
        for chapter in (_open, _pledge, _receive, _award):
            chapter(story)
            progress()
        tell_payments(story, signs, keeps)
        progress()
        _report(story)
        progress()
        tell_call(story, signs, keeps, begins)
        progress()
        tell_reports(story, signs, keeps, begins)
        progress()
        tell_audit(story, begins)
        progress()
    return story


def _party(db: Session, story: Story, key: str, **given: Any) -> Party:
    party = parties.create_party(db, story.manager, PartyIn.model_validate(given))
    story.parties[key] = party
    return party


def _open(story: Story) -> None:
    with story.step() as db:
        for role, title in (
            (Role.ADMINISTRATOR, "Administrator"),
            (Role.FUND_MANAGER, "Fund manager"),
            (Role.FINANCE_OFFICER, "Finance officer"),
            (Role.APPROVER, "Approver"),
            (Role.GRANT_OFFICER, "Grant officer"),
            (Role.AUDITOR, "Auditor"),
        ):
            story.players[role] = a_player(db, role, title)
        given = FundIn(code="DEMO", name="Demonstration fund", base_currency="USD",
                       zone="Europe/Vienna")  # fmt: skip
        story.fund = service.create_fund(db, story.manager, given)
    with story.step() as db:
        _party(db, story, "north", kind="state", name="Northland Ministry of Foreign Affairs",
               country="NO")  # fmt: skip
        _party(db, story, "lake", kind="foundation", name="Lakeside Foundation", country="CH")
        _party(db, story, "ship", kind="private_sector", name="Harbour Lines Company", country="JP")
        _party(db, story, "gifts", kind="individual", name="Small gifts from the public",
               public_label="Small gifts", is_anonymous=True)  # fmt: skip
        _party(db, story, "shelter", kind="civil_society", name="Open Door Shelters", country="PH")
        _party(db, story, "legal", kind="civil_society", name="Fair Passage Legal Aid",
               country="NP")  # fmt: skip
        _party(db, story, "hidden", kind="civil_society", name="Night Line", country="BY",
               is_at_risk=True)  # fmt: skip
        story.players[Role.DONOR] = a_player(
            db, Role.DONOR, "Donor's officer", story.parties["north"].id
        )
        story.players[Role.GRANTEE] = a_player(
            db, Role.GRANTEE, "Grantee's officer", story.parties["shelter"].id
        )
        for currency, starts_on, rate in RATES:
            given_rate = RateIn.model_validate(
                {"source": "un_operational", "base": "USD", "currency": currency,
                 "starts_on": starts_on, "rate": rate}
            )  # fmt: skip
            rates.record_rate(db, story.finance, given_rate)


def _pledge(story: Story) -> None:
    with story.step() as db:
        event = events.create_event(
            db, story.manager,
            EventIn.model_validate({"kind": "conference", "name": "Pledging conference",
                                    "place": "Vienna", "country": "AT",
                                    "held_on": "2025-02-10"}),
        )  # fmt: skip
        for kind, key, text_, more in (
            ("political", "north", "Bring the Protocol before parliament", {}),
            ("in_kind", "ship", "Passage home for fifty persons", {"value": usd("40000.00")}),
        ):
            given = {"kind": kind, "party_id": story.parties[key].id, "event_id": event.id,
                     "description": text_, "made_on": "2025-02-10",
                     "follow_up_on": "2025-12-01"} | more  # fmt: skip
            events.create_commitment(db, story.manager, CommitmentIn.model_validate(given))
    promises: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("north", "600000.00", "EUR", {
            "support_cost": {"basis": "expenditure", "rate": "0.13"},
            "earmark": {"category": 1},
            "reports": [{"kind": "narrative", "due_on": "2026-03-31"},
                        {"kind": "financial", "due_on": "2026-03-31"}],
            "instalments": [("2025-03-01", "300000.00"), ("2025-07-01", "300000.00")]}),
        ("lake", "250000.00", "USD", {
            "agent_fee": "0.01",
            "earmark": {"category": 2, "include": {"objective": [4]},
                        "caps": [{"dimension": "country", "value": "PH",
                                  "limit": usd("180000.00")}]},
            "instalments": [("2025-03-15", "250000.00")]}),
        ("ship", "20000000", "JPY", {
            "earmark": {"category": 3, "include": {"country": ["NP"]},
                        "spend_by_on": "2027-12-31"},
            "instalments": [("2025-04-15", "20000000")]}),
        ("gifts", "12500.00", "USD", {
            "earmark": {"category": 1}, "instalments": [("2025-05-01", "12500.00")]}),
    )  # fmt: skip
    for key, amount, currency, terms in promises:
        _promise(story, key, amount, currency, dict(terms), event_id=event.id)


def _promise(
    story: Story, key: str, amount: str, currency: str, terms: dict[str, Any], **more: Any
) -> None:
    """Record a pledge and its agreement, in force."""
    donor = story.parties[key]
    money = {"amount": amount, "currency": currency}
    instalments = [
        {"due_on": due, "amount": {"amount": part, "currency": currency}}
        for due, part in terms.pop("instalments")
    ]
    with story.step() as db:
        given = {"fund_id": story.book.id, "donor_id": donor.id, "amount": money,
                 "pledged_on": "2025-02-10", "expected_on": "2025-03-01",
                 "fiscal_year": 2025} | more  # fmt: skip
        pledge: Pledge = pledges.create_pledge(db, story.finance, PledgeIn.model_validate(given))
        agreement: Agreement = agreements.create_agreement(
            db, story.finance,
            AgreementIn.model_validate(
                {"fund_id": story.book.id, "donor_id": donor.id, "pledge_id": pledge.id,
                 "title": f"Agreement with {donor.name}", "is_binding": True,
                 "instalments": instalments} | terms
            ),
        )  # fmt: skip
        agreements.activate_agreement(
            db, story.finance, agreement, Activation.model_validate({"signed_on": "2025-02-20"})
        )


def _receive(story: Story) -> None:
    cash: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
        ("north", "2025-03-03", "300000.00", "EUR", {"bank_fee": usd("25.00"),
                                                     "bank_reference": "B-1001"}),
        ("lake", "2025-03-18", "250000.00", "USD", {"bank_reference": "B-1002"}),
        ("ship", "2025-04-16", "20000000", "JPY", {"bank_reference": "B-1003",
                                                   "credited": usd("134100.00")}),
        ("gifts", "2025-05-02", "12500.00", "USD", {"gifts": 318, "bank_reference": "B-1004"}),
        ("north", "2025-07-02", "300000.00", "EUR", {"bank_reference": "B-1005"}),
    )  # fmt: skip
    for number, (key, on, amount, currency, more) in enumerate(cash):
        with story.step() as db:
            given = {"fund_id": story.book.id, "payer_id": story.parties[key].id,
                     "donor_id": story.parties[key].id, "received_on": on,
                     "amount": {"amount": amount, "currency": currency}} | more  # fmt: skip
            receipt = receipts.book(db, story.finance, ReceiptIn.model_validate(given))
            story.receipts[f"{key}{number}"] = receipt
            _match(db, story, receipt, key, amount, currency)
    with story.step() as db:
        bank.book_bank_entry(
            db, story.finance,
            BankEntryIn.model_validate({"fund_id": story.book.id, "kind": "interest",
                                        "amount": usd("431.27"), "effective_on": "2025-06-30"}),
        )  # fmt: skip
        fund = db.get_one(Fund, story.book.id)
        reserve.set_target(
            db, story.manager, fund, ReserveTargetPatch.model_validate({"target": usd("20000.00")})
        )
        reserve.set_aside(
            db, story.manager, fund,
            ReserveIn.model_validate({"amount": usd("20000.00"), "effective_on": "2025-07-03",
                                      "reason": "Reserve decided by the board"}),
        )  # fmt: skip


def _match(
    db: Session, story: Story, receipt: Receipt, key: str, amount: str, currency: str
) -> list[Lot]:
    """Match a receipt to the donor's first instalment that waits."""
    waiting = db.execute(
        select(Instalment)
        .join(Agreement, Agreement.id == Instalment.agreement_id)
        .where(Agreement.donor_id == story.parties[key].id, Instalment.matched_minor == 0)
        .order_by(Instalment.number)
        .limit(1)
    ).scalar_one()
    entry = {"instalment_id": waiting.id, "amount": {"amount": amount, "currency": currency}}
    return matching.match(db, story.finance, receipt, MatchIn.model_validate({"matches": [entry]}))


def _award(story: Story) -> None:
    with story.step() as db:
        given = {"fund_id": story.book.id, "title": "Protection along the sea routes",
                 "year": 2025, "opens_on": "2025-04-01", "closes_on": "2025-05-31",
                 "envelope": usd("700000.00"), "objectives": [2, 4]}  # fmt: skip
        call = calls.create_call(db, story.officer, story.book, CallIn.model_validate(given))
        calls.take_step(db, story.officer, call, "open")
    wanted: tuple[tuple[str, str, str, str, str, str, list[dict[str, int]]], ...] = (
        ("shelter", "Safe houses and counselling in three ports", "210000.00", "PH", "035",
         "2025-07-10", [{"objective": 4, "percent": 100}]),
        ("legal", "Legal aid and compensation for survivors", "150000.00", "NP", "034",
         "2025-07-10", [{"objective": 4, "percent": 70}, {"objective": 5, "percent": 30}]),
        ("hidden", "A night line and emergency lodging", "60000.00", "BY", "151",
         "2025-07-15", [{"objective": 4, "percent": 100}]),
    )  # fmt: skip
    for key, title, amount, country, region, on, objectives in wanted:
        with story.step() as db:
            given_grant = GrantIn.model_validate(
                {"fund_id": story.book.id, "call_id": call.id,
                 "grantee_id": story.parties[key].id, "title": title, "amount": usd(amount),
                 "country": country, "region": region, "objectives": objectives,
                 "tranches": [{"amount": usd(part)} for part in TRANCHES[key]],
                 "awarded_on": on, "starts_on": "2025-08-01", "ends_on": "2026-07-31"}
            )  # fmt: skip
            fund = db.get_one(Fund, story.book.id)
            story.grants[key] = grants.award(db, story.officer, fund, given_grant)


def _report(story: Story) -> None:
    """Issue a statement, then find a mistake in a receipt: the next statement explains it."""
    donor = story.parties["north"]
    with story.database.export() as db:
        fund = db.get_one(Fund, story.book.id)
        period = statements.Period(None, date(2025, 12, 31), None)
        question = statements.question_for(db, donor.id, fund, period)
        known_at = audit.recorded_at(db, question.known_seq)
        made = statements.rendered(statements.statement_workbook(db, question))
        made.file.close()
    with story.step() as db:
        statements.issue_statement(db, story.manager, question, known_at, made.sha256, pin=False)
    mistaken = story.receipts["north4"]
    with story.step() as db:
        receipt = db.get_one(Receipt, mistaken.id)
        reason = "Booked as 300,000.00 EUR; the bank credited 299,950.00 EUR"
        reversal.reverse(db, story.finance, receipt, reason)
    with story.step() as db:
        given = {"fund_id": story.book.id, "payer_id": donor.id, "donor_id": donor.id,
                 "received_on": "2025-07-02", "bank_reference": "B-1005",
                 "amount": {"amount": "299950.00", "currency": "EUR"}}  # fmt: skip
        receipt = receipts.book(db, story.finance, ReceiptIn.model_validate(given))
        _match(db, story, receipt, "north", "299950.00", "EUR")
