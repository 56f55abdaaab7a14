"""Contributions that a later snapshot tells otherwise: corrected receipts, donors and promises.

A corrected amount, rate or day is a reversal with its original day and a new row; the money stays
on its lot. Another donor means another lot, on which everything is restated. What is gone from a
full snapshot is reversed. Grants that drew on money that is not there any more are drawn anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.allocation.reroute import relot
from fundops.audit import Entry
from fundops.donors.lots import LOT_STEPS
from fundops.donors.models import Instalment, Lot, Receipt
from fundops.donors.receipts import RECEIPT_STEPS
from fundops.donors.reversal import BOOKED_KINDS
from fundops.ids import uuid7
from fundops.imports import draws, steps
from fundops.imports import load_contributions as rows
from fundops.imports.context import Batched, Load, chunks, edit, new_row, record_events
from fundops.imports.draws import Restatement
from fundops.imports.held import Held, Reading
from fundops.imports.load_contributions import CodeKey, CodeLines
from fundops.imports.promises import Promise, Receiving
from fundops.imports.shortfall import giving_way
from fundops.ledger import posting
from fundops.ledger.models import Transfer
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.records import snapshot


def change_codes(
    load: Load, codes: Mapping[CodeKey, CodeLines], donors: Mapping[CodeKey, UUID]
) -> None:
    """Bring the contributions ``codes`` to what the snapshot says."""
    held = Reading(load).held(codes, donors)
    if not held or load.is_stopped:
        return
    numbers = _Numbers(load, held)
    for one in held:
        if one.donor_id is not None and one.donor_id != one.pledge.donor_id:
            _change_donor(load, one, numbers)
    _Changing(load, held, numbers).change()


class _Numbers:
    """The last number of receipts and lots per contribution, reversed ones included."""

    def __init__(self, load: Load, held: Sequence[Held]) -> None:
        self._last: dict[str, int] = defaultdict(int)
        funds = {one.fund.id for one in held}
        for column, fund_id in ((Receipt.code, Receipt.fund_id), (Lot.code, Lot.fund_id)):
            for code in load.db.execute(select(column).where(fund_id.in_(funds))).scalars():
                stem, slash, ending = code.rpartition("/")
                if slash and ending[1:].isdigit():
                    key = f"{stem}/{ending[0]}"
                    self._last[key] = max(self._last[key], int(ending[1:]))

    def next(self, code: str, letter: str) -> str:
        """Return the next code of a receipt (R) or lot (L) of the pledge ``code``."""
        key = f"{code}/{letter}"
        self._last[key] += 1
        return f"{key}{self._last[key]}"


def _change_donor(load: Load, one: Held, numbers: _Numbers) -> None:
    """Give a contribution to another donor: lots anew, everything else edited."""
    db, donor_id = load.db, one.donor_id
    for key, (receipt, lot) in list(one.received.items()):
        values = snapshot(lot) | {
            "id": uuid7(), "code": numbers.next(one.pledge.code, "L"), "donor_id": donor_id,
            "replaces_id": lot.id,
        }  # fmt: skip
        new_lot = Lot(**values)
        db.add(new_lot)
        advance(lot, LOT_STEPS, "reverse")
        db.flush()
        _, seq = record_events(load, [
            _entry(one, "lot.reversed", "lot", lot.id, {"status": "open"}, {"status": lot.status}),
            _entry(one, "lot.imported", "lot", new_lot.id, None, snapshot(new_lot)),
        ])  # fmt: skip
        relot(db, seq, lot.id, new_lot)
        one.received[key] = (receipt, new_lot)
    entries = []
    for record_type, record in (("pledge", one.pledge), ("agreement", one.agreement)):
        before, after = edit(record, {"donor_id": donor_id})
        entries.append(_entry(one, f"{record_type}.changed", record_type, record.id, before, after))
    for receipt, _ in one.received.values():
        before, after = edit(receipt, {"donor_id": donor_id, "payer_id": donor_id})
        entries.append(_entry(one, "receipt.changed", "receipt", receipt.id, before, after))
    db.flush()
    record_events(load, entries)


def _entry(
    one: Held, action: str, record_type: str, record_id: UUID,
    before: dict[str, Any] | None, after: dict[str, Any] | None,
) -> Entry:  # fmt: skip
    return Entry(action, record_type, record_id, one.fund.id, one.reason, before, after)


class _Changing:
    """Many contributions changed at once: first what is drawn on them, then they themselves."""

    def __init__(self, load: Load, held: Sequence[Held], numbers: _Numbers) -> None:
        self.load, self.held, self.numbers = load, held, numbers
        self.out = Batched(load)
        self._standing: dict[UUID, list[Transfer]] = {}

    def change(self) -> None:
        """Change everything, re-drawing the grants whose money moves."""
        awards = self._take_back()
        if self.load.is_stopped:
            return
        self._read_standing()
        for one in self.held:
            _OneCode(self, one).change()
        self.out.write()
        draws.draw(self.load, awards)

    def _take_back(self) -> list[draws.Award]:
        moves: dict[UUID, list[tuple[date, int]]] = {}
        codes: dict[UUID, str] = {}
        for one in self.held:
            wanted = _receipts(one.promise)
            for key, (receipt, lot) in one.received.items():
                then = wanted.get(key)
                if then is None or differs(receipt, lot, then):
                    moves[lot.id] = [(lot.opened_on, -lot.amount_minor)]
                    codes[lot.id] = lot.code
                    if then is not None:
                        moves[lot.id].append((then.received_on, then.base_minor))
        grants, short = giving_way(self.load.db, moves)
        for lot_id in sorted(short):
            self.load.stop("lot_spent_otherwise", code=codes[lot_id])
        if short:
            return []
        if grants:
            self.load.warn("grants_restated", count=len(grants))
        reason = text("loading.reason.lots_changed", profile=self.load.profile.name)
        return draws.take_back(
            self.load, [Restatement(grant_id, reason) for grant_id in sorted(grants)]
        )

    def _read_standing(self) -> None:
        """Read the transfers of receipts and matches, by their source."""
        receipts = [r.id for one in self.held for r, _ in one.received.values()]
        lots = [lot.id for one in self.held for _, lot in one.received.values()]
        for ids, column, kinds in (
            (receipts, Transfer.source_id, BOOKED_KINDS),
            (lots, Transfer.lot_id, ("match",)),
        ):
            for part in chunks(ids):
                for transfer in posting.standing(
                    self.load.db, column.in_(part), Transfer.kind.in_(kinds)
                ):
                    owner = transfer.source_id if kinds == BOOKED_KINDS else transfer.lot_id
                    assert owner is not None
                    self._standing.setdefault(owner, []).append(transfer)

    def undo(self, place: int, record_id: UUID) -> None:
        """Reverse what stands of a receipt, or of the match on a lot, under an event."""
        for movement in draws.undo(self.load, self._standing.get(record_id, [])):
            self.out.move(place, movement)


def _receipts(promise: Promise | None) -> dict[str, Receiving]:
    return {} if promise is None else {one.key: one for one in promise.receipts}


def differs(receipt: Receipt, lot: Lot, then: Receiving) -> bool:
    """Return whether a receipt was booked otherwise than the snapshot says now."""
    booked = (
        receipt.received_on, receipt.currency, receipt.amount_minor, receipt.rate,
        receipt.base_minor, lot.settled_minor,
    )  # fmt: skip
    wanted = (
        then.received_on, then.currency, then.amount_minor, then.rate, then.base_minor,
        then.settled_minor,
    )  # fmt: skip
    return booked != wanted


class _OneCode:
    """One contribution brought to what the snapshot says; rows by the session, events in bulk."""

    def __init__(self, changing: _Changing, one: Held) -> None:
        self.changing, self.load, self.out = changing, changing.load, changing.out
        self.one = one
        settled = {lot.instalment_id for _, lot in one.received.values()}
        self.spare = [i for i in one.instalments if i.id not in settled]
        self.by_id = {i.id: i for i in one.instalments}
        self.last = max((i.number for i in one.instalments), default=0)

    def change(self) -> None:
        """Change receipts and lots, then the instalments, then the pledge."""
        one, wanted = self.one, _receipts(self.one.promise)
        for line in one.lines.lines:
            self.load.link(line.key, "pledge", one.pledge.id)
        for key, (receipt, lot) in one.received.items():
            then = wanted.pop(key, None)
            if then is None:
                self._remove(receipt, lot)
            elif differs(receipt, lot, then):
                self._correct(receipt, lot, then)
            else:
                self.load.link(key, "receipt", receipt.id)
        for then in wanted.values():
            self._receive(then)
        self._settle_rest()
        self._promise()

    def _note(
        self, action: str, record_type: str, record_id: UUID,
        before: dict[str, Any] | None, after: dict[str, Any] | None,
    ) -> int:  # fmt: skip
        return self.out.note(_entry(self.one, action, record_type, record_id, before, after))

    def _add(self, record_type: str, record: Any) -> int:
        self.load.db.add(record)
        self.load.db.flush()
        return self._note(f"{record_type}.imported", record_type, record.id, None, snapshot(record))

    def _edit(self, action: str, record_type: str, record: Any, values: dict[str, Any]) -> int:
        before, after = edit(record, values)
        if not after:
            return -1
        return self._note(action, record_type, record.id, before, after)

    def _reverse_receipt(self, receipt: Receipt) -> None:
        before = {"status": receipt.status, "matched_minor": receipt.matched_minor}
        advance(receipt, RECEIPT_STEPS, "reverse")
        receipt.matched_minor = 0
        after = {"status": receipt.status, "matched_minor": 0}
        place = self._note("receipt.reversed", "receipt", receipt.id, before, after)
        self.changing.undo(place, receipt.id)

    def _book(self, then: Receiving) -> Receipt:
        one = self.one
        code = self.changing.numbers.next(one.pledge.code, "R")
        receipt = Receipt(**rows.receipt_row(one.fund.id, code, one.pledge.donor_id, then))
        place = self._add("receipt", receipt)
        self.out.move(place, rows.receipt_movement(one.fund.id, receipt.id, then))
        self.load.link(then.key, "receipt", receipt.id)
        return receipt

    def _correct(self, receipt: Receipt, lot: Lot, then: Receiving) -> None:
        booked = self._book(then)
        self._reverse_receipt(receipt)
        place = self._edit("lot.changed", "lot", lot, rows.lot_values(booked.id, then))
        self.changing.undo(place, lot.id)
        self.out.move(place, rows.match_movement(self.one.fund.id, lot.id, booked.code, then))
        assert lot.instalment_id is not None
        self._edit(
            "instalment.changed", "instalment", self.by_id[lot.instalment_id],
            rows.settled_values(then) | {"currency": self._currency()},
        )  # fmt: skip

    def _remove(self, receipt: Receipt, lot: Lot) -> None:
        self._reverse_receipt(receipt)
        advance(lot, LOT_STEPS, "reverse")
        before, after = {"status": "open"}, {"status": lot.status}
        place = self._note("lot.reversed", "lot", lot.id, before, after)
        self.changing.undo(place, lot.id)
        assert lot.instalment_id is not None
        instalment = self.by_id[lot.instalment_id]
        self._edit("instalment.changed", "instalment", instalment, {"matched_minor": 0})
        self.spare.append(instalment)

    def _receive(self, then: Receiving) -> None:
        one = self.one
        instalment = self._instalment(rows.settled_values(then), expected_first=True)
        receipt = self._book(then)
        code = self.changing.numbers.next(one.pledge.code, "L")
        lot = Lot(
            **rows.lot_row(
                one.fund.id, code, one.pledge.donor_id, one.agreement.id, instalment.id,
                receipt.id, then,
            )
        )  # fmt: skip
        place = self._add("lot", lot)
        self.out.move(place, rows.match_movement(one.fund.id, lot.id, receipt.code, then))

    def _instalment(self, values: dict[str, Any], *, expected_first: bool) -> Instalment:
        """Return an instalment with ``values``: one without a receipt, else a new one.

        Money settles what was expected before what was written off; what is written off stays so.
        """
        values = values | {"currency": self._currency()}
        self.spare.sort(key=lambda i: ((i.written_off_minor > 0) == expected_first, i.number))
        if self.spare:
            found = self.spare.pop(0)
            self._edit("instalment.changed", "instalment", found, values)
            return found
        self.last += 1
        row = new_row(
            Instalment, id=uuid7(), agreement_id=self.one.agreement.id, number=self.last, **values
        )
        found = Instalment(**row)
        self._add("instalment", found)
        return found

    def _currency(self) -> str:
        return self.one.promise.currency if self.one.promise else self.one.pledge.currency

    def _settle_rest(self) -> None:
        """Bring instalments without a receipt to what is expected, given up, or gone."""
        for values in rows.rest_values(self.one.promise) if self.one.promise else []:
            self._instalment(values, expected_first=not values["written_off_minor"])
        for gone in self.spare:
            self._edit(
                "instalment.written_off", "instalment", gone,
                {"matched_minor": 0, "written_off_minor": gone.amount_minor},
            )  # fmt: skip

    def _promise(self) -> None:
        pledge, agreement, promise = self.one.pledge, self.one.agreement, self.one.promise
        step = "withdraw" if promise is None else "restore"
        for record_type, record, table in (
            ("pledge", pledge, steps.PLEDGES), ("agreement", agreement, steps.AGREEMENTS),
        ):  # fmt: skip
            if record.status in table[step].sources:
                before = {"status": record.status}
                advance(record, table, step)
                action = {"withdraw": "cancelled", "restore": "restored"}[step]
                self._note(
                    f"{record_type}.{action}", record_type, record.id, before,
                    {"status": record.status},
                )  # fmt: skip
        if promise is not None:
            values = rows.pledge_values(promise, pledge.donor_id)
            self._edit("pledge.changed", "pledge", pledge, values)
