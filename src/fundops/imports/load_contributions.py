"""Contributions become pledges, agreements, instalments, receipts and lots.

The rows of one contribution code are one pledge with one agreement; each receipt line is an
instalment, a receipt and a lot of its own. New codes are written in bulk here; codes that changed
go to ``contribution_changes``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from fundops import clock
from fundops.donors.models import Agreement, Instalment, Lot, Pledge, Receipt
from fundops.ids import uuid7
from fundops.imports.compare import Fields, Stored
from fundops.imports.context import Batched, Load, chunks, fit, new_row
from fundops.imports.openings import UNEARMARKED
from fundops.imports.promises import Promise, Receiving, promise_of
from fundops.imports.records import ContributionRecord
from fundops.imports.registers import Parties, open_funds
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.messages import text

CODE_CHARS = 60


class CodeKey(NamedTuple):
    """A contribution: the same code may stand in two funds."""

    fund: str
    code: str


@dataclass
class CodeLines:
    """All current lines of one contribution, and the stored ones that led to its pledge."""

    lines: list[ContributionRecord] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    is_touched: bool = False


def load_contributions(load: Load) -> None:
    """Bring pledges, agreements, instalments, receipts and lots to what the snapshot says."""
    from fundops.imports.contribution_changes import change_codes

    records = [r for r in load.batch.records if isinstance(r, ContributionRecord)]
    open_funds(load, records)
    if load.is_stopped:
        return
    _refuse_future(load, records)
    codes = _codes(load, records)
    parties = Parties(load)
    donors = {key: parties.donor(one.lines[0]) for key, one in codes.items() if one.lines}
    parties.write()
    _touch_reviewed(load, parties, codes, donors)
    new = {key: one for key, one in codes.items() if not one.stored}
    _add_codes(load, new, donors)
    change_codes(
        load,
        {key: one for key, one in codes.items() if one.stored and one.is_touched},
        donors,
    )


def _refuse_future(load: Load, records: Sequence[ContributionRecord]) -> None:
    for record in records:
        zone = load.funds[record.fund_code].zone
        if record.paid_on is not None and record.paid_on > clock.today(zone):
            load.refuse("paid_in_future", record, on=record.paid_on)


def _codes(load: Load, records: Sequence[ContributionRecord]) -> dict[CodeKey, CodeLines]:
    """Return every contribution of the snapshot, and those that are gone, with their lines."""
    compared, refused = load.compared, {row.key for row in load.set_aside}
    codes: dict[CodeKey, CodeLines] = defaultdict(CodeLines)
    for record in records:
        if record.key not in refused:
            codes[CodeKey(record.fund_code, record.code)].lines.append(record)
    for one in compared.kept:
        if one.key not in refused and one.status == "current":
            codes[_key_of(one.fields)].lines.append(record_of(one))
    for one in compared.stored.values():
        codes[_key_of(one.fields)].stored.append(one)
    changed: Iterable[CodeKey] = [
        *(CodeKey(r.fund_code, r.code) for r in compared.added),  # type: ignore[attr-defined]
        *(_key_of(one.fields) for one in compared.missing),
        *(_key_of(change.stored.fields) for change in compared.changed),
        *(CodeKey(c.record.fund_code, c.record.code) for c in compared.changed),  # type: ignore[attr-defined]
    ]
    for key in changed:
        codes[key].is_touched = True
    return codes


def _touch_reviewed(
    load: Load,
    parties: Parties,
    codes: dict[CodeKey, CodeLines],
    donors: dict[CodeKey, UUID],
) -> None:
    """A spelling reviewed since the last import makes its contributions the named party's."""
    funds = {fund.id: fund.code for fund in load.funds.values()}
    query = select(Pledge.fund_id, Pledge.source_code, Pledge.donor_id).where(
        Pledge.fund_id.in_(funds), Pledge.source_code.is_not(None)
    )
    now = {CodeKey(funds[row[0]], row[1] or ""): row[2] for row in load.db.execute(query)}
    for key, one in codes.items():
        if one.is_touched or not one.lines or key not in now:
            continue
        name = one.lines[0].donor_name
        if now[key] != donors[key] and parties.is_reviewed(name):
            one.is_touched = True
            load.warn("spelling_applied", one.lines[0], code=key.code, donor=name)


def _key_of(stored: Fields) -> CodeKey:
    return CodeKey(stored["fund_code"], stored["code"])


def record_of(stored: Stored) -> ContributionRecord:
    """Return the record behind its stored fields; its file and row are not known any more."""
    kinds = {item.name: item.type for item in fields(ContributionRecord)}
    values: dict[str, Any] = {
        name: date.fromisoformat(value) if value and "date" in str(kinds[name]) else value
        for name, value in stored.fields.items()
    }
    return ContributionRecord(
        key=stored.key, file="", row=0, sha256=stored.sha256.hex(), source={}, **values
    )


def _add_codes(load: Load, new: dict[CodeKey, CodeLines], donors: dict[CodeKey, UUID]) -> None:
    taken = taken_codes(load, new)
    out = Batched(load)
    for number, (key, one) in enumerate(new.items()):
        if not one.lines:
            continue
        promise = promise_of(one.lines)
        if promise is None:
            for line in one.lines:
                load.refuse("nothing_promised", line)
            continue
        code = next((code for code in pledge_codes(key) if code not in taken), None)
        if code is None:
            load.stop("code_taken", promise.first, code=key.code)
            continue
        taken.add(code)
        _NewContribution(load, out, load.funds[key.fund], code, donors[key]).add(promise, one.lines)
        load.progress("loading.stage.contributions", number, len(new))
    out.write()


def pledge_codes(key: CodeKey) -> tuple[str, str]:
    """Return the codes a contribution's pledge may have: its own, or with its fund's beside it."""
    return fit(key.code, "", CODE_CHARS - 6), fit(key.code, f"@{key.fund}", CODE_CHARS - 6)


def taken_codes(load: Load, wanted: Iterable[CodeKey]) -> set[str]:
    """Return which of the codes that ``wanted`` may get are in use."""
    found: set[str] = set()
    for part in chunks(sorted({code for key in wanted for code in pledge_codes(key)})):
        found.update(load.db.execute(select(Pledge.code).where(Pledge.code.in_(part))).scalars())
    return found


class _NewContribution:
    """The rows of one contribution that is not here yet."""

    def __init__(self, load: Load, out: Batched, fund: Fund, code: str, donor_id: UUID) -> None:
        self.load, self.out, self.fund = load, out, fund
        self.code, self.donor_id = code, donor_id

    def add(self, promise: Promise, lines: Sequence[ContributionRecord]) -> None:
        """Add everything the promise and its receipts come to."""
        pledge_id = self._pledge(promise)
        agreement_id = self._agreement(promise, pledge_id)
        for line in lines:
            self.load.link(line.key, "pledge", pledge_id)
        number = 0
        for number, receiving in enumerate(promise.receipts, start=1):
            instalment = instalment_row(agreement_id, number, promise.currency, receiving)
            self._record(Instalment, "instalment", "imported", instalment, receiving.record)
            self._receipt(receiving, number, agreement_id, instalment["id"])
        for rest in rest_rows(promise, agreement_id, number + 1):
            action = "written_off" if rest["written_off_minor"] else "imported"
            self._record(Instalment, "instalment", action, rest, promise.first)

    def _record(
        self, model: Any, record_type: str, verb: str, row: dict[str, Any],
        record: ContributionRecord,
    ) -> int:  # fmt: skip
        reason = self.load.reason(record)
        action = f"{record_type}.{verb}"
        return self.out.add(model, record_type, action, row, fund_id=self.fund.id, reason=reason)

    def _pledge(self, promise: Promise) -> UUID:
        row = new_row(
            Pledge, id=uuid7(), code=self.code, fund_id=self.fund.id, status="agreed",
            **pledge_values(promise, self.donor_id),
        )  # fmt: skip
        self._record(Pledge, "pledge", "imported", row, promise.first)
        return row["id"]  # type: ignore[no-any-return]

    def _agreement(self, promise: Promise, pledge_id: UUID) -> UUID:
        row = new_row(
            Agreement,
            id=uuid7(),
            code=f"{self.code}/A",
            fund_id=self.fund.id,
            donor_id=self.donor_id,
            pledge_id=pledge_id,
            title=text("loading.agreement_title", code=self.code),
            is_binding=False,
            category=UNEARMARKED.category,
            earmark=UNEARMARKED.key,
            status="active",
        )
        self._record(Agreement, "agreement", "imported", row, promise.first)
        return row["id"]  # type: ignore[no-any-return]

    def _receipt(
        self, receiving: Receiving, number: int, agreement_id: UUID, instalment_id: UUID
    ) -> None:
        record = receiving.record
        receipt = receipt_row(self.fund.id, f"{self.code}/R{number}", self.donor_id, receiving)
        booked = self._record(Receipt, "receipt", "imported", receipt, record)
        self.out.move(booked, receipt_movement(self.fund.id, receipt["id"], receiving))
        lot = lot_row(
            self.fund.id, f"{self.code}/L{number}", self.donor_id, agreement_id, instalment_id,
            receipt["id"], receiving,
        )  # fmt: skip
        opened = self._record(Lot, "lot", "imported", lot, record)
        self.out.move(opened, match_movement(self.fund.id, lot["id"], receipt["code"], receiving))
        self.load.link(receiving.key, "receipt", receipt["id"])


def pledge_values(promise: Promise, donor_id: UUID) -> dict[str, Any]:
    """Return the columns of a pledge that its source decides."""
    first = promise.first
    return {
        "donor_id": donor_id,
        "amount_minor": promise.amount_minor,
        "currency": promise.currency,
        "rate": promise.rate,
        "base_minor": promise.base_minor,
        "fiscal_year": first.fiscal_year,
        "pledged_on": first.pledged_on,
        "source_code": first.code,
    }


def instalment_row(
    agreement_id: UUID, number: int, currency: str, receiving: Receiving
) -> dict[str, Any]:
    """Return a new instalment that ``receiving`` has settled in full."""
    return new_row(
        Instalment, id=uuid7(), agreement_id=agreement_id, number=number, currency=currency,
        **settled_values(receiving),
    )  # fmt: skip


def settled_values(receiving: Receiving) -> dict[str, Any]:
    """Return the columns of an instalment that a receipt has settled."""
    return {
        "due_on": receiving.received_on,
        "amount_minor": receiving.settled_minor,
        "expected_base_minor": receiving.base_minor,
        "matched_minor": receiving.settled_minor,
        "written_off_minor": 0,
    }


def rest_rows(promise: Promise, agreement_id: UUID, number: int) -> list[dict[str, Any]]:
    """Return new instalments for what is still expected of a promise and what was given up."""
    return [
        new_row(
            Instalment, id=uuid7(), agreement_id=agreement_id, number=number + place,
            currency=promise.currency, **values,
        )
        for place, values in enumerate(rest_values(promise))
    ]  # fmt: skip


def rest_values(promise: Promise) -> list[dict[str, Any]]:
    """Return the columns of instalments without a receipt: expected, then written off."""
    found = []
    if promise.rest_minor:
        found.append(_unsettled(promise.rest_minor, promise.rest_base_minor, None, 0))
    if promise.lost_minor:
        found.append(_unsettled(promise.lost_minor, None, promise.lost_on, promise.lost_minor))
    return found


def _unsettled(
    amount: int, base: int | None, due_on: date | None, written_off: int
) -> dict[str, Any]:
    return {
        "due_on": due_on,
        "amount_minor": amount,
        "expected_base_minor": base,
        "matched_minor": 0,
        "written_off_minor": written_off,
    }


def receipt_row(fund_id: UUID, code: str, donor_id: UUID, receiving: Receiving) -> dict[str, Any]:
    """Return a new receipt, matched in full."""
    return new_row(
        Receipt,
        id=uuid7(),
        code=code,
        fund_id=fund_id,
        payer_id=donor_id,
        donor_id=donor_id,
        received_on=receiving.received_on,
        amount_minor=receiving.amount_minor,
        currency=receiving.currency,
        rate=receiving.rate,
        rate_on=receiving.received_on,
        rate_source="booked",
        base_minor=receiving.base_minor,
        matched_minor=receiving.amount_minor,
        comment=receiving.record.comment[:4000] or None,
        status="booked",
    )


def lot_row(
    fund_id: UUID, code: str, donor_id: UUID, agreement_id: UUID, instalment_id: UUID,
    receipt_id: UUID, receiving: Receiving,
) -> dict[str, Any]:  # fmt: skip
    """Return a new lot of a receipt."""
    return new_row(
        Lot,
        id=uuid7(),
        code=code,
        kind="receipt",
        fund_id=fund_id,
        donor_id=donor_id,
        agreement_id=agreement_id,
        instalment_id=instalment_id,
        category=UNEARMARKED.category,
        earmark=UNEARMARKED.key,
        status="open",
        **lot_values(receipt_id, receiving),
    )


def lot_values(receipt_id: UUID, receiving: Receiving) -> dict[str, Any]:
    """Return the columns of a lot that its receipt decides."""
    return {
        "receipt_id": receipt_id,
        "opened_on": receiving.received_on,
        "amount_minor": receiving.base_minor,
        "receipt_minor": receiving.amount_minor,
        "receipt_currency": receiving.currency,
        "settled_minor": receiving.settled_minor,
    }


def receipt_movement(fund_id: UUID, receipt_id: UUID, receiving: Receiving) -> Movement:
    """Return the transfer of a receipt: cash that is in the bank and not matched yet."""
    return Movement(
        "receipt", AccountRef(fund_id, "bank"), AccountRef(fund_id, "unmatched"),
        receiving.base_minor, receiving.received_on, "receipt", receipt_id,
    )  # fmt: skip


def match_movement(
    fund_id: UUID, lot_id: UUID, receipt_code: str, receiving: Receiving
) -> Movement:
    """Return the transfer of a match; a lot may be matched again from a corrected receipt."""
    return Movement(
        "match", AccountRef(fund_id, "unmatched"), AccountRef(fund_id, "lot", lot_id),
        receiving.base_minor, receiving.received_on, "lot", lot_id, lot_id, key=receipt_code,
    )  # fmt: skip
