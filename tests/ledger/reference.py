"""An independent ledger: a list of movements and sums over it, with a chart written out by hand.

Nothing here is shared with the program but the names, so that a mistake there is not made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

DEBIT_NORMAL = {
    "bank", "bank_fees", "exchange_difference", "write_off", "recoverable", "advance",
}  # fmt: skip
MAY_OVERDRAW = {"exchange_difference", "write_off", "recoverable"}

# kind -> (debited, credited); in this chart one-way kinds run backwards in reversals only.
KINDS = {
    "receipt": ("bank", "unmatched"),
    "receipt_fee": ("bank_fees", "bank"),
    "exchange_difference": ("exchange_difference", "bank"),
    "match": ("unmatched", "lot"),
    "fee_charge": ("lot", "bank_fees"),
    "exchange_charge": ("lot", "exchange_difference"),
    "agent_fee": ("lot", "agent_fee"),
    "support_cost_hold": ("lot", "provision"),
    "support_cost_earn": ("provision", "support_cost_income"),
    "support_cost_charge": ("lot", "support_cost_income"),
    "support_cost_return": ("provision", "lot"),
    "set_aside": ("lot", "operating_reserve"),
    "set_free": ("operating_reserve", "lot"),
    "reserve": ("lot", "reserved"),
    "void": ("reserved", "lot"),
    "pay": ("reserved", "bank"),
    "advance": ("advance", "advance_control"),
    "refund": ("bank", "lot"),
    "advance_return": ("advance_control", "advance"),
    "interest": ("bank", "lot"),
    "opening": ("bank", "opening"),
    "opening_lot": ("opening", "lot"),
    "donor_return": ("lot", "bank"),
    "fund_transfer_out": ("lot", "bank"),
    "fund_transfer_in": ("bank", "lot"),
    "bank_fee": ("bank_fees", "bank"),
    "fee_absorbed": ("support_cost_income", "bank_fees"),
    "agent_fee_paid": ("agent_fee", "bank"),
    "recover": ("recoverable", "lot"),
    "recovered": ("bank", "recoverable"),
    "write_off": ("write_off", "recoverable"),
}
PER_LOT = {"lot", "provision", "operating_reserve"}
PER_GRANT_AND_LOT = {"reserved", "advance"}
PER_PARTY = {"recoverable"}

Key = tuple[str, UUID | None, UUID | None, UUID | None]
"""An account: its kind, lot, grant and party."""


@dataclass(frozen=True)
class Entry:
    """One movement as the reference keeps it."""

    id: UUID
    debit: Key
    credit: Key
    amount: int
    on: date
    seq: int = 0
    reverses: UUID | None = None


@dataclass
class Reference:
    """Every movement so far, and what follows from them."""

    entries: list[Entry] = field(default_factory=list)

    def refusals(self, new: Sequence[Entry]) -> set[str]:
        """Return the problems that posting ``new`` may be refused with; none if it may not be."""
        found = set()
        ids = [entry.id for entry in self.entries]
        for entry in new:
            if entry.id in ids:
                found.add("already-exists")
            ids.append(entry.id)
            reversed_ids = {e.reverses for e in [*self.entries, *new] if e is not entry}
            if entry.reverses is not None and entry.reverses in reversed_ids:
                found.add("already-exists")
        touched = {key for entry in new for key in (entry.debit, entry.credit)}
        for key in touched:
            if key[0] not in MAY_OVERDRAW and _balance([*self.entries, *new], key) < 0:
                found.add("insufficient-funds")
        return found

    def balance(self, key: Key, on: date | None = None, known: int | None = None) -> int:
        """Return an account's balance on its normal side, as of a date and as known."""
        return _balance(self._seen(on, known), key)

    def by_kind(self, on: date | None = None, known: int | None = None) -> dict[str, int]:
        """Return balances by kind of account; kinds that nothing touched are left out."""
        seen = self._seen(on, known)
        keys = {key for entry in seen for key in (entry.debit, entry.credit)}
        totals: dict[str, int] = {}
        for key in keys:
            totals[key[0]] = totals.get(key[0], 0) + _balance(seen, key)
        return totals

    def held(self, lots: set[UUID], on: date, known: int | None = None) -> dict[str, int]:
        """Return what lots hold by kind, credits less debits."""
        totals: dict[str, int] = {}
        for entry in self._seen(on, known):
            for sign, key in ((-1, entry.debit), (1, entry.credit)):
                if key[1] in lots:
                    totals[key[0]] = totals.get(key[0], 0) + sign * entry.amount
        return totals

    def accounts(self) -> list[Key]:
        """Return every account that was ever touched."""
        return sorted(
            {key for entry in self.entries for key in (entry.debit, entry.credit)}, key=repr
        )

    def standing(self) -> list[Entry]:
        """Return what is neither a reversal nor reversed."""
        undone = {entry.reverses for entry in self.entries}
        return [e for e in self.entries if e.reverses is None and e.id not in undone]

    def _seen(self, on: date | None, known: int | None) -> list[Entry]:
        return [
            entry
            for entry in self.entries
            if (on is None or entry.on <= on) and (known is None or entry.seq <= known)
        ]


def _balance(entries: Iterable[Entry], key: Key) -> int:
    net = 0
    for entry in entries:
        net += entry.amount * ((entry.debit == key) - (entry.credit == key))
    return net if key[0] in DEBIT_NORMAL else -net
