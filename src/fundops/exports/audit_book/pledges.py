"""Pledges, agreements and their instalments: what donors promised and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func

from fundops.donors.models import MILLION, Lot
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import chained
from fundops.exports.audit_book.money_in import MoneyIn
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.audit_book.words import is_withheld, signed
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Date, Flag, Integer, Kind, Money, Rate, Share, Text
from fundops.exports.workbook import Control
from fundops.ledger.models import Transfer
from fundops.tracing.earmark_words import in_words
from fundops.tracing.entries import scaled

BINDING, CONDITIONAL, CASH, DRAFT = "binding", "conditional", "cash", "draft"
"""When money under an agreement counts as revenue: once signed, once its conditions are met, once
it is received, and not at all."""

OWN = Money(currency_from="currency")


def basis(agreement: Any, on: Any) -> str:
    """Return when money under an agreement counts as revenue, as of a day."""
    if agreement.status == "draft":
        return DRAFT
    if not agreement.is_binding:
        return CASH
    met = agreement.conditions_met_on
    awaits = agreement.conditions is not None and (met is None or met > on)
    return CONDITIONAL if awaits and agreement.has_return_obligation else BINDING


class _Instalment:
    """What came of one instalment by the day, in its currency and in the fund's."""

    def __init__(self, money_in: MoneyIn, instalment: Any) -> None:
        on = money_in.book.on
        lots = money_in.matched_to.get(instalment.id, [])
        self.matched = sum(lot.settled_minor or 0 for lot in lots)
        self.received_base = sum(lot.amount_minor for lot in lots)
        self.matched_after = instalment.matched_minor - self.matched
        decided = money_in.write_offs.get(instalment.id, [])
        self.write_offs = [one for one in decided if one.effective_on <= on]
        later = sum(one.amount_minor for one in decided if one.effective_on > on)
        self.written_off = instalment.written_off_minor - later
        self.outstanding = instalment.amount_minor - self.matched - self.written_off
        self.outstanding_base = None
        if instalment.expected_base_minor is not None:
            ratio = (instalment.expected_base_minor, instalment.amount_minor)
            self.outstanding_base = scaled(self.outstanding, ratio)


def instalment_rows(money_in: MoneyIn) -> Iterator[Row]:
    """Yield the instalments of the agreements in scope with what came of each."""
    book = money_in.book
    agreements = {one.id: one for one in money_in.agreements}
    for one in money_in.instalments:
        agreement, came = agreements[one.agreement_id], _Instalment(money_in, one)
        late = one.due_on is not None and one.due_on < book.on and came.outstanding > 0
        yield (
            agreement.code, book.party(agreement.donor_id), one.number, one.due_on,
            agreement.status, basis(agreement, book.on), one.currency, one.amount_minor,
            came.matched, came.written_off, came.outstanding, came.matched_after, late,
            one.expected_base_minor, came.received_base, came.outstanding_base,
            _listed(off.code for off in came.write_offs),
            _listed(signed(book, off.requested_by_id) for off in came.write_offs),
            _listed(signed(book, off.decided_by_id) for off in came.write_offs),
        )  # fmt: skip


def _listed(words: Any) -> str | None:
    return ", ".join(words) or None


def agreement_rows(money_in: MoneyIn) -> Iterator[Row]:
    """Yield the agreements in scope with what they promise and what came in under each."""
    book = money_in.book
    pledges = {one.id: one for one in money_in.pledges}
    of: dict[UUID, list[Any]] = defaultdict(list)
    for instalment in money_in.instalments:
        of[instalment.agreement_id].append(instalment)
    came: dict[UUID, int] = defaultdict(int)
    for lots in money_in.matched_to.values():
        for lot in lots:
            came[lot.agreement_id] += lot.amount_minor
    for one in money_in.agreements:
        hidden = is_withheld(book, one.donor_id)
        pledge = pledges.get(one.pledge_id)
        currency = of[one.id][0].currency if of[one.id] else pledge and pledge.currency
        choices = money_in.choices.get(one.id, [])
        by_kind = {"return": 0, "reprogram": 0}
        for choice in choices:
            by_kind[choice.kind] += choice.amount_minor
        yield (
            one.code, book.party(one.donor_id), pledge and pledge.code,
            None if hidden else one.title, one.status, one.is_binding,
            None if hidden else one.conditions, one.has_return_obligation, one.conditions_met_on,
            basis(one, book.on), one.signed_on, one.starts_on, one.ends_on, one.spend_by_on,
            one.category, in_words(one.earmark, book.language), one.support_cost_basis,
            _share(one.support_cost_ppm), _share(one.agent_fee_ppm), currency,
            sum(each.amount_minor for each in of[one.id]) if currency else None,
            came[one.id], by_kind["return"], by_kind["reprogram"],
            _listed(choice.code for choice in choices),
        )  # fmt: skip


def _share(ppm: int) -> Decimal:
    return Decimal(ppm) / MILLION


def pledge_rows(money_in: MoneyIn) -> Iterator[Row]:
    """Yield the pledges in scope with what was agreed, received and written off under each."""
    book = money_in.book
    pledge_of = {one.id: one.pledge_id for one in money_in.agreements}
    agreed: dict[UUID, int] = defaultdict(int)
    gone: dict[UUID, int] = defaultdict(int)
    received: dict[UUID, int] = defaultdict(int)
    for one in money_in.instalments:
        pledge_id = pledge_of[one.agreement_id]
        if pledge_id is not None:
            came = _Instalment(money_in, one)
            agreed[pledge_id] += one.amount_minor
            gone[pledge_id] += came.written_off
            received[pledge_id] += came.received_base
    for pledge in money_in.pledges:
        hidden = is_withheld(book, pledge.donor_id)
        yield (
            pledge.code, book.party(pledge.donor_id), pledge.status, pledge.fiscal_year,
            pledge.pipeline_on, pledge.pledged_on, pledge.expected_on,
            None if hidden else pledge.conditions, pledge.currency, pledge.amount_minor,
            agreed[pledge.id], gone[pledge.id], pledge.rate, pledge.base_minor,
            received[pledge.id], None if hidden else pledge.source_code,
        )  # fmt: skip


def _pledge_controls(book: Book) -> Iterator[Control]:
    told = MoneyIn.told(book)
    yield counted(book, "pledges", count("pledges"), len(told.pledges))
    yield from chained(book, PLEDGES, list(pledge_rows(told)))


def _agreement_controls(book: Book) -> Iterator[Control]:
    told = MoneyIn.told(book)
    yield counted(book, "agreements", count("agreements"), len(told.agreements))
    yield from chained(book, AGREEMENTS, list(agreement_rows(told)))
    if book.is_whole:
        returned = _net(book, "donor_return")
        yield control(book, "agreements_returned", total("agreements", "returned"), returned)


def _net(book: Book, kind: str) -> int:
    """Return what lots under agreements paid by a kind of transfer, reversals taken off."""
    query = (
        book.transfers(Transfer.reverses_id.is_(None), func.sum(Transfer.amount_minor))
        .join(Lot, Lot.id == Transfer.lot_id)
        .where(Transfer.kind == kind, Lot.agreement_id.is_not(None))
        .group_by(Transfer.reverses_id.is_(None))
        .order_by(None)
    )
    return sum(int(row[1]) if row[0] else -int(row[1]) for row in book.db.execute(query))


def _instalment_controls(book: Book) -> Iterator[Control]:
    told = MoneyIn.told(book)
    rows = list(instalment_rows(told))
    yield counted(book, "instalments", count("instalments"), len(rows))
    yield from chained(book, INSTALMENTS, rows)
    for code in sorted({row[6] for row in rows}):
        where = {"currency": code}
        figure = total("instalments", "amount", where) - total("instalments", "matched", where)
        figure = figure - total("instalments", "written_off", where)
        figure = figure - total("instalments", "outstanding", where)
        yield control(book, "instalments_parts", figure, 0, Money(currency=code), currency=code)


_DONOR: tuple[str, Kind, float] = ("donor", Text(), 34)
_CURRENCY: tuple[str, Kind, float] = ("currency", Code(), 10)
PLEDGES = Section(
    "pledges",
    (
        ("pledge", Code(), 24), _DONOR, ("status", Code(), 11), ("year", Integer(), 8),
        ("pipeline_on", Date(), 12), ("pledged_on", Date(), 12), ("expected_on", Date(), 12),
        ("conditions", Text(), 40), _CURRENCY, ("amount", OWN, 18), ("agreed", OWN, 18),
        ("written_off", OWN, 18), ("rate", Rate(), 14), ("base", Money(), 18),
        ("received", Money(), 18), ("source_code", Code(), 24),
    ),
    lambda book: pledge_rows(MoneyIn.known(book)),
    totals=("base", "received"),
    controls=_pledge_controls,
)  # fmt: skip
AGREEMENTS = Section(
    "agreements",
    (
        ("agreement", Code(), 24), _DONOR, ("pledge", Code(), 24), ("title", Text(), 40),
        ("status", Code(), 10), ("binding", Flag(), 9), ("conditions", Text(), 40),
        ("returnable", Flag(), 11), ("conditions_met_on", Date(), 12), ("basis", Code(), 12),
        ("signed_on", Date(), 12), ("starts_on", Date(), 12), ("ends_on", Date(), 12),
        ("spend_by_on", Date(), 12), ("category", Integer(), 10), ("earmark", Text(), 44),
        ("support_cost_basis", Code(), 12), ("support_cost", Share(), 10),
        ("agent_fee", Share(), 10), _CURRENCY, ("promised", OWN, 18), ("received", Money(), 18),
        ("returned", Money(), 18), ("reprogrammed", Money(), 18), ("choices", Text(), 24),
    ),
    lambda book: agreement_rows(MoneyIn.known(book)),
    totals=("received", "returned", "reprogrammed"),
    controls=_agreement_controls,
)  # fmt: skip
INSTALMENTS = Section(
    "instalments",
    (
        ("agreement", Code(), 24), _DONOR, ("number", Integer(), 8), ("due_on", Date(), 12),
        ("status", Code(), 10), ("basis", Code(), 12), _CURRENCY, ("amount", OWN, 18),
        ("matched", OWN, 18), ("written_off", OWN, 18), ("outstanding", OWN, 18),
        ("matched_after", OWN, 18), ("late", Flag(), 8), ("expected", Money(), 18),
        ("received", Money(), 18), ("receivable", Money(), 18), ("write_offs", Text(), 24),
        ("requested_by", Text(), 18), ("decided_by", Text(), 18),
    ),
    lambda book: instalment_rows(MoneyIn.known(book)),
    totals=("expected", "received", "receivable"),
    controls=_instalment_controls,
)  # fmt: skip
