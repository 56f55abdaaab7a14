"""Opening balances that real history needs: money that was there before the source begins.

Where a fund awarded more than its receipts up to then, the rest must have been there already. The
least amount that carries the whole history is booked as one lot of the pseudo-donor "Unattributed
opening balance", the day before it is first needed. Awards are served in order of date and take
other lots' money first, so what is left for the opening balance is the largest deficit of any day.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from fundops import money
from fundops.allocation.bulk import BulkReserver
from fundops.allocation.earmarks import Earmark, GrantFacts
from fundops.allocation.position import LotFacts, Shortage
from fundops.donors.models import Lot
from fundops.ids import uuid7
from fundops.imports.context import Batched, Load, Opening, fit, new_row
from fundops.imports.registers import opening_party
from fundops.ledger.models import Fund
from fundops.ledger.posting import AccountRef, Movement
from fundops.messages import text

UNEARMARKED = Earmark(1)
"""Category 1: money for anything the fund does."""


class OpeningBalance:
    """The opening balance of one fund and import, growing as awards turn out not to be covered."""

    def __init__(self, load: Load, fund: Fund, reserver: BulkReserver) -> None:
        self._load = load
        self._fund = fund
        self._reserver = reserver
        self._lot_id: UUID | None = None
        self._on: date | None = None
        self.amount_minor = 0

    def reserve(self, grant: GrantFacts, amount_minor: int, on: date) -> list[tuple[UUID, int]]:
        """Reserve an award in full, with opening money for what the lots lack on that day.

        Awards come in order of date, or the opening balance may be opened too late.
        """
        parts = self._reserver.reserve(grant, amount_minor, on)
        if isinstance(parts, Shortage):
            self._add(parts.missing_minor, on)
            parts = self._reserver.reserve(grant, amount_minor, on)
        assert not isinstance(parts, Shortage), "an opening balance admits every grant"
        return parts

    def _add(self, missing_minor: int, on: date) -> None:
        self.amount_minor += missing_minor
        if self._lot_id is not None and self._on is not None:
            self._reserver.change_lot(self._lot_id, missing_minor, self._on)
            return
        self._lot_id, self._on = uuid7(), on - timedelta(days=1)
        facts = LotFacts(self._lot_id, self._lot_id, UNEARMARKED, self._on, 0)
        self._reserver.open_lot(facts, missing_minor)

    def write(self) -> None:
        """Book the balance, if one was needed, with its event, and say so."""
        if self._lot_id is None or self._on is None:
            return
        load, fund = self._load, self._fund
        row = new_row(
            Lot,
            id=self._lot_id,
            code=self._code(),
            kind="opening",
            fund_id=fund.id,
            donor_id=opening_party(load),
            opened_on=self._on,
            amount_minor=self.amount_minor,
            category=UNEARMARKED.category,
            earmark=UNEARMARKED.key,
        )
        out = Batched(load)
        reason = text("loading.reason.opening", profile=load.profile.name)
        place = out.add(Lot, "lot", "lot.opened", row, fund_id=fund.id, reason=reason)
        bank, opening = AccountRef(fund.id, "bank"), AccountRef(fund.id, "opening")
        held = AccountRef(fund.id, "lot", self._lot_id)
        for kind, debit, credit in (("opening", bank, opening), ("opening_lot", opening, held)):
            out.move(
                place,
                Movement(
                    kind, debit, credit, self.amount_minor, self._on, "lot", self._lot_id,
                    self._lot_id,
                ),
            )  # fmt: skip
        out.write()
        found = Opening(fund.code, fund.base_currency, self.amount_minor, self._on)
        load.openings.append(found)
        amount = money.display(self.amount_minor, fund.base_currency)
        load.warn("opening_booked", fund=fund.code, amount=amount, on=self._on)

    def _code(self) -> str:
        query = select(func.count()).where(Lot.fund_id == self._fund.id, Lot.kind == "opening")
        number = self._load.db.execute(query).scalar_one() + 1
        return fit(self._fund.code, f"/OPENING-{number}", 60)
