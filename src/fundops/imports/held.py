"""Contributions as they are recorded, beside what a later snapshot says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from fundops.donors.models import Agreement, Instalment, Lot, Pledge, Receipt
from fundops.imports.context import Load, rows_of
from fundops.imports.load_contributions import CodeKey, CodeLines
from fundops.imports.promises import Promise, promise_of
from fundops.ledger.models import Fund
from fundops.messages import text


@dataclass
class Held:
    """A contribution as it is recorded; ``received`` is by the key of the source's line."""

    key: CodeKey
    fund: Fund
    pledge: Pledge
    agreement: Agreement
    instalments: list[Instalment]
    received: dict[str, tuple[Receipt, Lot]]
    promise: Promise | None
    donor_id: UUID | None
    lines: CodeLines

    @property
    def reason(self) -> str:
        """Why it changes: the snapshot's file and row, or that it is not there."""
        if self.promise is None:
            return text("loading.reason.missing", code=self.key.code)
        first = self.promise.first
        return text("loading.reason.snapshot", file=first.file, row=first.row)


class Reading:
    """The recorded state of contributions, in a number of queries that does not grow with them."""

    def __init__(self, load: Load) -> None:
        self.load = load

    def held(
        self, codes: Mapping[CodeKey, CodeLines], donors: Mapping[CodeKey, UUID]
    ) -> list[Held]:
        """Return what is recorded of ``codes`` beside what the snapshot says of them."""
        db = self.load.db
        receipts = self._receipts(codes)
        pledges = self._pledges(codes, receipts)
        ids = {pledge.id for pledge in pledges.values()}
        agreements = {
            a.pledge_id: a for a in rows_of(db, Agreement, Agreement.pledge_id, ids)
            if a.code.endswith("/A")
        }  # fmt: skip
        of = {a.id for a in agreements.values()}
        instalments: dict[UUID, list[Instalment]] = defaultdict(list)
        for one in rows_of(db, Instalment, Instalment.agreement_id, of):
            instalments[one.agreement_id].append(one)
        received = self._received(codes, receipts)
        fund_ids = {pledge.fund_id for pledge in pledges.values()}
        funds = {fund.id: fund for fund in rows_of(db, Fund, Fund.id, fund_ids)}
        found = []
        for key, one in codes.items():
            promise = self._promise(one)
            pledge = pledges.get(key)
            if pledge is None or (promise is None and one.lines):
                continue
            agreement = agreements[pledge.id]
            own = {s.key: received[s.key] for s in one.stored if s.key in received}
            found.append(
                Held(
                    key, funds[pledge.fund_id], pledge, agreement,
                    sorted(instalments[agreement.id], key=lambda i: i.number), own, promise,
                    donors.get(key), one,
                )
            )  # fmt: skip
        return found

    def _promise(self, one: CodeLines) -> Promise | None:
        promise = promise_of(one.lines) if one.lines else None
        if promise is None:
            for line in one.lines:
                self.load.refuse("nothing_promised", line)
        return promise

    def _pledges(
        self, codes: Mapping[CodeKey, CodeLines], receipts: Mapping[UUID, Receipt]
    ) -> dict[CodeKey, Pledge]:
        """Return the pledges that this source's own lines became, whoever else uses their code."""
        by_id: dict[UUID, CodeKey] = {}
        by_code: dict[str, CodeKey] = {}
        for key, one in codes.items():
            for stored in one.stored:
                if stored.record_type == "pledge":
                    by_id[stored.record_id] = key
                elif stored.record_id in receipts:
                    by_code[receipts[stored.record_id].code.rpartition("/")[0]] = key
        found = {
            by_code[pledge.code]: pledge
            for pledge in rows_of(self.load.db, Pledge, Pledge.code, by_code)
        }
        for pledge in rows_of(self.load.db, Pledge, Pledge.id, by_id):
            found[by_id[pledge.id]] = pledge
        return found

    def _receipts(self, codes: Mapping[CodeKey, CodeLines]) -> dict[UUID, Receipt]:
        """Return the receipts that stored lines became, reversed ones included."""
        wanted = {
            stored.record_id
            for one in codes.values()
            for stored in one.stored
            if stored.record_type == "receipt"
        }
        return {one.id: one for one in rows_of(self.load.db, Receipt, Receipt.id, wanted)}

    def _received(
        self, codes: Mapping[CodeKey, CodeLines], all_receipts: Mapping[UUID, Receipt]
    ) -> dict[str, tuple[Receipt, Lot]]:
        """Return the standing receipt and lot of each stored line that has one."""
        keys = {s.record_id: s.key for one in codes.values() for s in one.stored}
        receipts = {id_: one for id_, one in all_receipts.items() if one.status == "booked"}
        lots: dict[UUID, list[Lot]] = defaultdict(list)
        for lot in rows_of(self.load.db, Lot, Lot.receipt_id, receipts):
            if lot.status == "open" and lot.kind == "receipt":
                lots[lot.receipt_id].append(lot)
        for receipt_id, receipt in receipts.items():
            if len(lots[receipt_id]) != 1 or receipt.matched_minor != receipt.amount_minor:
                self.load.stop("matched_otherwise", code=receipt.code)
        return {
            keys[receipt_id]: (receipt, lots[receipt_id][0])
            for receipt_id, receipt in receipts.items()
            if lots[receipt_id]
        }
