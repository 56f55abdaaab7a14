"""Rows of a donor statement's sheets, from the statement's data, in the columns' order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from fundops.calls import codelists
from fundops.messages import text
from fundops.releases.schemas import told as told_of
from fundops.tracing.changes import Changes
from fundops.tracing.earmark_words import in_words
from fundops.tracing.entries import POSITIONS, scaled
from fundops.tracing.statement import DonorStatement, Line, Section, ratios

Row = tuple[Any, ...]
MILLION = Decimal(1_000_000)
SHARE_PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class SectionRows:
    """The rows of one fund's sheets."""

    pledges: list[Row]
    agreements: list[Row]
    instalments: list[Row]
    reports: list[Row]
    receipts: list[Row]
    lots: list[Row]
    grants: list[Row]
    expenditure: list[Row]
    results: list[Row]
    lines: list[Row]


def section_rows(found: DonorStatement, section: Section, language: str) -> SectionRows:
    """Return the rows of one fund's sheets."""
    return SectionRows(
        pledges=_pledges(section),
        agreements=_agreements(section, language),
        instalments=_instalments(section),
        reports=_reports(section),
        receipts=_receipts(found, section),
        lots=_lots(section, language),
        grants=_grants(found, section, language),
        expenditure=_expenditure(section, language),
        results=_results(section, language),
        lines=_lines(found, section, language),
    )


def _pledges(section: Section) -> list[Row]:
    pledge_of = {agreement.id: agreement.pledge_id for agreement in section.registers.agreements}
    currency = {pledge.id: pledge.currency for pledge in section.registers.pledges}
    received: dict[UUID, int] = {}
    written_off: dict[UUID, int] = {}
    for one in section.registers.instalments:
        pledge_id = pledge_of.get(one.agreement_id)
        if pledge_id is None or currency.get(pledge_id) != one.currency:
            continue
        settled = section.registers.received.get(one.id, 0)
        received[pledge_id] = received.get(pledge_id, 0) + settled
        written_off[pledge_id] = written_off.get(pledge_id, 0) + one.written_off_minor
    in_base: dict[UUID, int] = {}
    for lot in section.lots:
        pledge_id = pledge_of.get(lot.agreement_id)
        if pledge_id is not None and lot.kind == "receipt" and lot.status == "open":
            in_base[pledge_id] = in_base.get(pledge_id, 0) + lot.amount_minor
    return [
        (
            section.fund.code, p.code, p.pledged_on, _year(p.fiscal_year), p.currency,
            p.amount_minor, p.rate, _pledged_base(p, in_base), received.get(p.id, 0),
            in_base.get(p.id, 0), _difference(p, received.get(p.id, 0), in_base),
            written_off.get(p.id, 0),
            max(p.amount_minor - received.get(p.id, 0) - written_off.get(p.id, 0), 0),
            p.expected_on, p.status, p.conditions,
        )
        for p in section.registers.pledges
    ]  # fmt: skip


def _year(year: int | None) -> str | None:
    """Return a year as text: it is a name, not a quantity, and takes no thousands' mark."""
    return None if year is None else str(year)


def _pledged_base(pledge: Any, in_base: dict[UUID, int]) -> int | None:
    """Return what the pledge was booked at; unknown where a source tells only what was paid."""
    if pledge.source_code is not None and in_base.get(pledge.id):
        return None
    base: int | None = pledge.base_minor
    return base


def _difference(pledge: Any, received: int, in_base: dict[UUID, int]) -> int | None:
    """Return what came in, in base currency, beyond what the pledge was booked at; memo only."""
    booked = _pledged_base(pledge, in_base)
    if booked is None:
        return None
    return in_base.get(pledge.id, 0) - scaled(received, (booked, pledge.amount_minor))


def _agreements(section: Section, language: str) -> list[Row]:
    pledges = {pledge.id: pledge.code for pledge in section.registers.pledges}
    return [
        (
            section.fund.code, a.code, pledges.get(a.pledge_id), a.title, a.signed_on,
            a.is_binding, a.conditions_met_on, text(f"statement.category.{a.category}", language),
            in_words(a.earmark, language), a.spend_by_on, a.support_cost_basis,
            Decimal(a.support_cost_ppm) / MILLION, Decimal(a.agent_fee_ppm) / MILLION, a.status,
        )
        for a in section.registers.agreements
    ]  # fmt: skip


def _instalments(section: Section) -> list[Row]:
    codes = {agreement.id: agreement.code for agreement in section.registers.agreements}
    rows = [
        (
            codes[i.agreement_id], i.number, i.due_on, i.currency, i.amount_minor,
            section.registers.received.get(i.id, 0), i.written_off_minor,
            i.amount_minor - section.registers.received.get(i.id, 0) - i.written_off_minor,
        )
        for i in section.registers.instalments
        if i.agreement_id in codes
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row[0], row[1]))


def _reports(section: Section) -> list[Row]:
    codes = {agreement.id: agreement.code for agreement in section.registers.agreements}
    rows = [
        (codes[r.agreement_id], r.kind, r.due_on, r.delivered_on) for r in section.registers.reports
    ]
    return sorted(rows, key=lambda row: (row[0], row[2], row[1]))


def _receipts(found: DonorStatement, section: Section) -> list[Row]:
    credited: dict[UUID, int] = {}
    parts: dict[UUID, int] = {}
    for lot in section.lots:
        if lot.kind == "receipt" and lot.status == "open" and lot.receipt_id is not None:
            credited[lot.receipt_id] = credited.get(lot.receipt_id, 0) + lot.amount_minor
            parts[lot.receipt_id] = parts.get(lot.receipt_id, 0) + (lot.receipt_minor or 0)
    return [
        (
            section.fund.code, r.code, r.received_on, found.labels.get(r.payer_id, ""),
            found.references.get(r.id),
            r.currency, *_amounts(found, r, parts, credited), credited.get(r.id, 0),
            _unmatched(found, r), r.status,
        )
        for r in section.registers.receipts
    ]  # fmt: skip


def _amounts(
    found: DonorStatement, r: Any, parts: dict[UUID, int], credited: dict[UUID, int]
) -> Row:
    """Return a receipt's amount, rate, base amount and what was kept back of it.

    Of a receipt that others share in, only the donor's part is the donor's to read; what was kept
    back of that part stands among the lines.
    """
    rate = (r.rate, r.rate_on, r.rate_source)
    if found.donor.id == (r.donor_id or r.payer_id):
        return (r.amount_minor, *rate, r.base_minor, r.fee_minor, r.exchange_minor)
    return (parts.get(r.id, 0), *rate, credited.get(r.id, 0), None, None)


def _unmatched(found: DonorStatement, receipt: Any) -> int:
    """Return what of the donor's own receipt waits to be matched, in base currency."""
    if receipt.donor_id != found.donor.id or receipt.status != "booked":
        return 0
    matched = scaled(receipt.matched_minor, (receipt.base_minor, receipt.amount_minor))
    return int(receipt.base_minor - matched)


def _lots(section: Section, language: str) -> list[Row]:
    agreements = {agreement.id: agreement.code for agreement in section.registers.agreements}
    receipts = {receipt.id: receipt.code for receipt in section.registers.receipts}
    rates = ratios(section.lots)
    change: dict[tuple[UUID, str], int] = {}
    for line in section.lines:
        key = (line.lot_id, line.position)
        change[key] = change.get(key, 0) + line.amount_minor
    rows: list[Row] = []
    for lot in section.lots:
        held = {
            position: section.openings.get((lot.id, position), 0)
            + change.get((lot.id, position), 0)
            for position in POSITIONS.values()
        }
        opening = sum(section.openings.get((lot.id, p), 0) for p in held)
        closing = sum(held.values())
        ratio = rates.get(lot.id)
        memo = None
        if ratio is not None:
            memo = sum(scaled(amount, ratio) for amount in held.values())
        rows.append(
            (
                section.fund.code, lot.code, lot.kind, agreements.get(lot.agreement_id),
                receipts.get(lot.receipt_id), lot.opened_on, lot.spend_by_on,
                text(f"statement.category.{lot.category}", language), opening, closing - opening,
                closing, held["available"], held["reserved"], held["provision"],
                held["operating_reserve"], lot.receipt_currency, lot.receipt_minor, memo,
            )
        )  # fmt: skip
    return rows


def _behind(line: Line, lot: Any) -> UUID | None:
    """Return the record behind a line: that of a match is the receipt it matched."""
    if line.flow == "receipts" and not line.is_withheld:
        receipt_id: UUID | None = lot.receipt_id
        return receipt_id
    return line.source_id


def _lines(found: DonorStatement, section: Section, language: str) -> list[Row]:
    lots = {lot.id: lot for lot in section.lots}
    hidden = text("statement.withheld", language)
    rows: list[Row] = []
    for line in section.lines:
        grant = section.grants.get(line.grant_id) if line.grant_id is not None else None
        lot = lots[line.lot_id]
        record = _behind(line, lot)
        rows.append(
            (
                section.fund.code, line.effective_on, lot.code, line.flow, line.kind,
                line.position, hidden if line.is_withheld else grant and grant.code,
                record and found.codes.get(record), record and found.references.get(record),
                line.amount_minor,
                lot.receipt_currency, line.memo_minor, line.event_seq, line.is_reversal,
                line.is_withheld,
            )
        )  # fmt: skip
    return rows


@dataclass
class _Use:
    """What a donor's money did for one grant: reserved now, paid and refunded."""

    reserved: int = 0
    paid: int = 0
    refunded: int = 0
    paid_to_date: int = 0
    refunded_to_date: int = 0


def _grants(found: DonorStatement, section: Section, language: str) -> list[Row]:
    uses: dict[UUID | None, _Use] = {}
    for grant_id, amounts in section.uses.items():
        key = None if grant_id in section.withheld else grant_id
        so_far = uses.setdefault(key, _Use())
        for name, amount in amounts.items():
            setattr(so_far, name, getattr(so_far, name) + amount)
    rows = [
        _grant(found, section, section.grants[grant_id], use)
        for grant_id, use in uses.items()
        if grant_id is not None
    ]
    rows.sort(key=lambda row: row[1])
    if None in uses:
        use = uses[None]
        hidden = text("statement.withheld", language)
        everyone = sum(section.grant_paid.get(one, 0) for one in section.withheld)
        rows.append(
            (section.fund.code, hidden, hidden, hidden, None, None, None, use.reserved, use.paid,
             use.refunded, use.paid_to_date, use.refunded_to_date, everyone,
             _share(use.paid_to_date, everyone))
        )  # fmt: skip
    return rows


def _grant(found: DonorStatement, section: Section, grant: Any, use: _Use) -> Row:
    everyone = section.grant_paid.get(grant.id, 0)
    return (
        section.fund.code, grant.code, grant.title, found.labels.get(grant.grantee_id, ""),
        grant.country, grant.awarded_on, grant.awarded_minor, use.reserved, use.paid,
        use.refunded, use.paid_to_date, use.refunded_to_date, everyone,
        _share(use.paid_to_date, everyone),
    )  # fmt: skip


def _expenditure(section: Section, language: str) -> list[Row]:
    """Return what accepted expenditure took of each lot; withheld grants as one row a lot."""
    lots = {lot.id: lot.code for lot in section.lots}
    categories = codelists.get("budget_category")
    hidden = text("statement.withheld", language)
    rows: dict[tuple[Any, ...], list[int]] = {}
    for one in section.spent:
        lot = lots[one.lot_id]
        if one.grant_id in section.withheld:
            key: tuple[Any, ...] = (section.fund.code, hidden, lot, None, None, None)
        else:
            category = one.part.category
            label = category and categories.label(category, language)
            if one.part.is_exchange:
                label = text("statement.exchange_difference", language)
            grant = section.grants[one.grant_id].code
            key = (section.fund.code, grant, lot, category, label, one.part.objective)
        totals = rows.setdefault(key, [0, 0])
        totals[0] += one.period_minor
        totals[1] += one.to_date_minor
    in_order = sorted(rows.items(), key=lambda row: [part or "" for part in row[0]])
    return [(*key, *totals) for key, totals in in_order]


def _results(section: Section, language: str) -> list[Row]:
    """Return what is published of the grants contributed to, beside the donor's part of each."""
    ids = {grant.code: grant.id for grant in section.grants.values()}
    indicators = codelists.get("indicator")
    rows: list[Row] = []
    for one in section.reached:
        grant_id = ids[one.grant_code]
        paid = section.uses[grant_id]["paid_to_date"]
        share = _share(paid, section.grant_paid.get(grant_id, 0))
        if not paid or share is None:
            continue
        known = indicators.has(one.indicator)
        entry = indicators.entry(one.indicator) if known else None
        label = indicators.label(one.indicator, language) if known else None
        told = told_of(one.low, one.high)
        percent = f"{share * 100:.2f}"
        words = text("statement.results.sentence", language, percent=percent, told=told)
        rows.append(
            (section.fund.code, one.grant_code, paid, share, entry and str(entry.more["objective"]),
             one.indicator, label, one.measure, told, words, one.release_code, one.as_of_on)
        )  # fmt: skip
    return rows


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / Decimal(whole)).quantize(SHARE_PLACES) if whole else None


def late_rows(changes: Changes, sections: Iterable[Section], language: str) -> list[Row]:
    """Return the entries recorded since the last statement that count in its period."""
    lots: dict[UUID, str] = {}
    grants: dict[UUID, str] = {}
    withheld: set[UUID] = set()
    for section in sections:
        lots.update({lot.id: lot.code for lot in section.lots})
        grants.update({grant.id: grant.code for grant in section.grants.values()})
        withheld |= section.withheld
    rows: list[Row] = []
    totals: dict[tuple[str, str, str, str], int] = {}
    for one in changes.late:
        entry = one.entry
        if entry.lot_id not in lots:
            continue
        lot, flow = lots[entry.lot_id], entry.flow or "internal"
        if entry.grant_id in withheld:
            key = (lot, flow, entry.kind, entry.position)
            totals[key] = totals.get(key, 0) + entry.amount_minor
            continue
        grant = grants.get(entry.grant_id) if entry.grant_id is not None else None
        rows.append(
            (one.recorded_at, entry.event_seq, one.action, one.reason, entry.effective_on, lot,
             flow, entry.kind, entry.position, grant, entry.amount_minor)
        )  # fmt: skip
    hidden = text("statement.withheld", language)
    rows += [
        (None, None, None, None, None, *key, hidden, amount)
        for key, amount in sorted(totals.items())
    ]
    return rows


def register_rows(changes: Changes) -> Sequence[Row]:
    """Return the changes of registers since the last statement."""
    return [
        (c.recorded_at, c.record_type, c.code, c.action, c.reason, c.fields)
        for c in changes.registers
    ]


def event_rows(found: DonorStatement) -> list[Row]:
    """Return the audit events behind the entries, and the file and row that each was taken from."""
    return [
        (seq, recorded_at, action, taken_from)
        for seq, (recorded_at, action, taken_from) in sorted(found.events.items())
    ]
