"""The register of awards: what each grant was awarded, what changed that, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import func

from fundops.calls.models import Call
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import summed
from fundops.exports.audit_book.grant_money import AMOUNTS, by_grant, in_all
from fundops.exports.audit_book.journal import kind_totals
from fundops.exports.audit_book.registers import CLOSINGS, GRANTS
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.audit_book.words import withheld
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Date, Money, Text
from fundops.exports.workbook import Control
from fundops.grants.policy_models import RiskAssessment
from fundops.ledger.models import Transfer
from fundops.messages import text
from fundops.proposals.models import Proposal

AWARDED = ("at_award", "amended", "corrected", "moved")
"""What adds up to what is awarded; what is given back when a grant ends is apart."""
UNSPENT = ("accepted", "refunded", "written_off")


def grants(book: Book) -> list[Any]:
    """Return the grants in scope that were awarded by the day, as known, in order of their day."""
    return book.once(_grants)


def _grants(book: Book) -> list[Any]:
    found = [grant for grant in GRANTS.known(book) if grant.awarded_on <= book.on]
    return sorted(found, key=lambda grant: (grant.awarded_on, grant.code))


def award_rows(book: Book) -> Iterator[Row]:
    """Yield the grants with what the ledger says of them."""
    calls, proposals = book.codes(Call), book.codes(Proposal)
    statuses = _statuses(book)
    amounts, reserved, tiers = by_grant(book), _reserved(book), _tiers(book)
    unassessed = text("audit_book.awards.not_assessed", book.language)
    for grant in grants(book):
        own: Counter[str] = amounts.get(grant.id, Counter())
        hidden = book.is_hidden(grant.grantee_id, grant.country)
        awarded = sum(own[one] for one in AWARDED)
        yield (
            grant.code, calls.get(grant.call_id), proposals.get(grant.proposal_id),
            book.party_code(grant.grantee_id), book.party(grant.grantee_id),
            withheld(book) if hidden else grant.title, None if hidden else grant.country,
            grant.awarded_on, grant.awarded_minor, *(own[one] for one in AWARDED), awarded,
            own["given_back"], own["paid"], awarded + own["given_back"] - own["paid"],
            reserved.get(grant.id, 0), *(own[one] for one in UNSPENT),
            own["paid"] - sum(own[one] for one in UNSPENT), statuses[grant.id], grant.starts_on,
            grant.ends_on, tiers.get(grant.grantee_id, unassessed),
        )  # fmt: skip


def _statuses(book: Book) -> dict[UUID, str]:
    """Return the status of each grant at the day's end; one that has a closing by then is ended."""
    found = GRANTS.statuses(book)
    ended = {
        one.grant_id for one in CLOSINGS.known(book)
        if one.status == "confirmed" and one.closed_on <= book.on
    }  # fmt: skip
    return found | {one.id: one.status for one in GRANTS.known(book) if one.id in ended}


def _reserved(book: Book) -> dict[UUID, int]:
    """Return what stands reserved for each grant, by the accounts it stands on."""
    found: Counter[UUID] = Counter()
    for side, sign in ((book.debit, -1), (book.credit, 1)):
        query = book.transfers(side.grant_id, func.sum(Transfer.amount_minor)).order_by(None)
        query = query.where(side.kind == "reserved").group_by(side.grant_id)
        for grant_id, amount in book.db.execute(query):
            found[grant_id] += sign * int(amount)
    return found


def _tiers(book: Book) -> dict[UUID, str]:
    """Return the tier of risk of each party on the day, by the assessments known then.

    An assessment whose validity is over makes its party high, as the fund's rules say.
    """
    known = book.known("risk_assessment", RiskAssessment, RiskAssessment.assessed_on <= book.on)
    known.sort(key=lambda one: (one.assessed_on, one.created_at, one.id))
    return {one.party_id: one.tier if one.valid_until_on >= book.on else "high" for one in known}


def award_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, the register by its events, each column by kinds of transfer, balances."""
    told = [one for one in GRANTS.told(book) if one.awarded_on <= book.on]
    yield counted(book, "awards", count("awards"), len(told))
    registered = summed(told, "awarded_minor")
    yield control(book, "awards_registered", total("awards", "registered"), registered)
    amounts = in_all(book)
    for column in AMOUNTS:
        label = text(f"audit_book.awards.{column}", book.language)
        figure = total("awards", column)
        yield control(book, "awards_amount", figure, amounts[column], column=label)
    awarded = sum(amounts[one] for one in AWARDED)
    yield control(book, "awards_awarded", total("awards", "awarded"), awarded)
    standing = {kind: credited - debited for kind, debited, credited in kind_totals(book)}
    held = standing.get("reserved", 0)
    yield control(book, "awards_reserved", total("awards", "reserved"), held)
    yield control(book, "awards_undisbursed", total("awards", "undisbursed"), held)
    advanced = -standing.get("advance", 0)
    yield control(book, "awards_unspent", total("awards", "unspent"), advanced)


AWARDS = Section(
    "awards",
    (
        ("grant", Code(), 26), ("call", Code(), 22), ("proposal", Code(), 22),
        ("grantee_code", Code(), 18), ("grantee", Text(), 34), ("title", Text(), 44),
        ("country", Code(), 9), ("awarded_on", Date(), 12), ("registered", Money(), 18),
        *((one, Money(), 18) for one in AWARDED),
        ("awarded", Computed("+".join(f"{{{one}}}" for one in AWARDED), Money()), 18),
        ("given_back", Money(), 18), ("paid", Money(), 18),
        ("undisbursed", Computed("{awarded}+{given_back}-{paid}", Money()), 18),
        ("reserved", Money(), 18), *((one, Money(), 18) for one in UNSPENT),
        ("unspent", Computed("{paid}-{accepted}-{refunded}-{written_off}", Money()), 18),
        ("status", Code(), 12), ("starts_on", Date(), 12), ("ends_on", Date(), 12),
        ("tier", Code(), 14),
    ),
    award_rows,
    totals=(
        "registered", *AWARDED, "awarded", "given_back", "paid", "undisbursed", "reserved",
        *UNSPENT, "unspent",
    ),
    controls=award_controls,
)  # fmt: skip
