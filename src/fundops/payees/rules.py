"""Rules of bank accounts: whose, which number, beside which others, with which evidence."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.donors.scope import reaches
from fundops.errors import Problem, invalid
from fundops.files.models import File
from fundops.messages import text
from fundops.parties import labels
from fundops.parties.interests import has_interest
from fundops.parties.models import Party
from fundops.payees import numbers, queries
from fundops.payees.hooks import AccountTerms
from fundops.payees.models import BankAccount
from fundops.payees.schemas import BankAccountIn
from fundops.payees.sealing import AccountDetails

MAX_LIVE = 20
"""Most accounts of a party that are proposed, active or blocked at once."""


def party_for(db: Session, actor: Actor, party_id: UUID) -> Party:
    """Return the party an actor proposes an account for; refuse one out of reach (422)."""
    party = db.get(Party, party_id)
    reached = reaches(actor, Permission.BANK_ACCOUNT_PROPOSE, party_id=party_id)
    if party is None or party.kind == "pseudo" or not reached or labels.is_hidden(party, actor):
        raise invalid("/party_id", "validation.unknown_record")
    return party


def details_from(given: BankAccountIn) -> AccountDetails:
    """Return the details as given, checked; raise the problem of what cannot be right (422)."""
    number = numbers.bare(given.number)
    country = given.country
    if not number:
        raise invalid("/number", "payees.no_number")
    if given.kind == "iban":
        if not numbers.is_iban(number):
            raise invalid("/number", "payees.not_iban")
        if country not in (None, number[:2]):
            raise invalid("/country", "payees.iban_country")
        country = number[:2]
    elif given.kind == "local":
        if country is None:
            raise invalid("/country", "payees.local_needs")
        if given.bank_name is None:
            raise invalid("/bank_name", "payees.local_needs")
    elif given.bank_name is not None or given.bic is not None:
        raise invalid("/bank_name" if given.bank_name else "/bic", "payees.vendor_only")
    if given.bic is not None and not numbers.is_bic(given.bic):
        raise invalid("/bic", "payees.not_bic")
    return AccountDetails(
        kind=given.kind, country=country, currency=given.currency, holder=given.holder,
        number=number, bic=given.bic, bank_name=given.bank_name,
    )  # fmt: skip


def check_prose(given: BankAccountIn, details: AccountDetails) -> None:
    """Refuse a number in a text that is kept as it stands."""
    for pointer, prose in (("/reason", given.reason), ("/evidence", given.evidence)):
        if numbers.is_told_by(prose, details.number):
            raise invalid(pointer, "payees.number_in_text")


def check_evidence(db: Session, actor: Actor, given: BankAccountIn) -> None:
    """Refuse a first account that nothing shows to be the party's, and a file of anybody else."""
    if given.origin == "first" and given.evidence is None and given.evidence_file_id is None:
        raise invalid("/evidence", "payees.first_needs_evidence")
    if given.evidence_file_id is None:
        return
    file = db.get(File, given.evidence_file_id)
    own = file is not None and file.party_id is None and file.uploaded_by_id == actor.person_id
    if file is None or not (own or file.party_id == given.party_id):
        raise invalid("/evidence_file_id", "validation.unknown_record")


def check_origin(db: Session, party_id: UUID, origin: str, account_id: UUID | None = None) -> None:
    """Refuse an account as a first one where there was one before, and the other way about.

    A party that has ever had an account changes it: whoever retires the old one first gains
    nothing by it. Of changes there is one at a time.
    """
    if (origin == "first") is queries.ever_approved(db, party_id):
        key = "payees.not_first" if origin == "first" else "payees.is_first"
        raise Problem("conflict", detail=text(key))
    if origin == "change" and queries.change_under_way(db, party_id, account_id):
        raise Problem("conflict", detail=text("payees.change_under_way"))


def cap_of(given: BankAccountIn, terms: AccountTerms) -> tuple[int | None, str | None]:
    """Return the cap of an account of an emergency: minor units and currency; none of others."""
    if given.origin != "emergency":
        if given.cap is not None:
            raise invalid("/cap", "payees.cap_of_emergency")
        return None, None
    if given.cap is None:
        raise invalid("/cap", "payees.emergency_needs_cap")
    if given.cap.currency != terms.cap_currency:
        raise invalid("/cap/currency", "payees.cap_currency", currency=terms.cap_currency)
    minor = given.cap.minor("/cap")
    if minor > terms.cap_minor:
        raise invalid("/cap/amount", "payees.cap_too_high")
    return minor, given.cap.currency


def check_room(db: Session, party_id: UUID) -> None:
    """Refuse more accounts of one party than anybody could look after."""
    if queries.live_count(db, party_id) >= MAX_LIVE:
        raise Problem("conflict", detail=text("payees.too_many", maximum=MAX_LIVE))


def refuse_interest(db: Session, actor: Actor, account: BankAccount) -> None:
    """Refuse an actor with an interest in the party that would be paid."""
    if has_interest(db, actor.person_id, account.party_id):
        raise Problem("conflict-of-interest", detail=text("payees.interest"))
