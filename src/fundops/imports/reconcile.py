"""Source against ledger: per fund and year, what the file says and what was booked, to the cent.

The source's side is added up from the cells as they were written, by other code than the mapping
and the loading; the ledger's side from its transfers. A difference stops the import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from fundops import money
from fundops.donors.models import Agreement, Lot, Pledge, Receipt
from fundops.grants.models import RESERVED, Grant
from fundops.imports.context import Load, chunks
from fundops.imports.mapping import Mapper
from fundops.imports.models import ImportRecord
from fundops.imports.records import Record
from fundops.ledger.models import Fund, Transfer


@dataclass(frozen=True)
class Agreeing:
    """One figure of one fund and year: what it is, by the source and by the ledger, minor units."""

    fund: str
    year: int
    what: str
    currency: str
    source_minor: int
    ledger_minor: int

    @property
    def agrees(self) -> bool:
        """Whether both sides are the same to the minor unit."""
        return self.source_minor == self.ledger_minor


Sums = dict[tuple[str, int, str], int]


def reconcile(load: Load, keys: set[str]) -> tuple[Agreeing, ...]:
    """Compare the records ``keys`` (those taken from the file) with what the ledger has of them."""
    kind = load.profile.kind
    if kind not in _LEDGER:
        return ()
    records = [record for record in load.batch.records if record.key in keys]
    if kind == "project":
        records = _as_budgeted(load, records)
    source = _source(load, records)
    ledger = _LEDGER[kind](load.db, load.profile.name, {record.key: record for record in records})
    return tuple(
        Agreeing(
            fund, year, what, load.profile.currency,
            source.get((fund, year, what), 0), ledger.get((fund, year, what), 0),
        )
        for fund, year, what in sorted(source.keys() | ledger.keys())
    )  # fmt: skip


def _source(load: Load, records: Sequence[Record]) -> Sums:
    """Add up the cells, grouped by the fund's and the year's cells as they stand in the file."""
    if not records:
        return {}
    import pandas as pd

    amount_field, year_field = _COLUMNS[load.profile.kind]
    cells = _Cells(Mapper(load.profile))
    frame = pd.DataFrame(
        {
            "fund": [record.fund_code for record in records],  # type: ignore[attr-defined]
            "year": [_year(cells.read(year_field, record), record) for record in records],
            "what": [_what(record) for record in records],
            "cell": [cells.read(amount_field, record) for record in records],
        }
    )
    unit = Decimal(1).scaleb(-money.exponent(load.profile.currency))
    # Python's own integers: sums of cents may outgrow 64 bits, and must not become floats.
    minors = [
        int(Decimal(cell or 0).quantize(unit, rounding=ROUND_HALF_UP) / unit)
        for cell in frame["cell"]
    ]
    frame["minor"] = pd.Series(minors, dtype=object)
    groups = frame.groupby(["fund", "year", "what"], as_index=False)["minor"].sum()
    return {
        (fund, int(year), what): int(minor)
        for fund, year, what, minor in groups.itertuples(index=False)
        if minor
    }


class _Cells:
    """The cells of records as they were written, cleaned as the profile says."""

    def __init__(self, mapper: Mapper) -> None:
        self._mapper = mapper

    def read(self, name: str, record: Record) -> str:
        """Return the cell behind the field ``name``, or the profile's constant."""
        column = self._mapper.column(name)
        if column is None:
            return self._mapper.profile.fields[name].constant or ""
        return self._mapper.clean[name](record.source.get(column, ""))


_COLUMNS = {
    "contribution": ("paid_minor", "fiscal_year"),
    "project": ("budget_minor", "year"),
    "transaction": ("amount_minor", "on"),
}


def _what(record: Record) -> str:
    kind = getattr(record, "kind", None)
    if kind is not None:
        return {"commitment": "committed", "disbursement": "paid_out"}.get(kind, "refunded")
    return "awarded" if hasattr(record, "budget_minor") else "received"


def _year(cell: str, record: Record) -> int:
    """Return the year in a cell: a number, or a date in the profile's form."""
    on = getattr(record, "on", None)
    if isinstance(on, date):
        return on.year
    return int(Decimal(cell))


def _as_budgeted(load: Load, records: Iterable[Record]) -> list[Record]:
    """Return the projects whose award follows the list, not a commitment or a payment."""
    from fundops.imports.grant_changes import committed

    ids = {record.key: load.links[record.key][1] for record in records if record.key in load.links}
    ids |= {
        record.key: load.compared.stored[record.key].record_id
        for record in records
        if record.key not in ids
    }
    apart = committed(load, list(ids.values()))
    for part in chunks(sorted(set(ids.values()))):
        query = select(Grant.id).where(
            Grant.id.in_(part), (Grant.adjusted_minor > 0) | Grant.status.not_in(RESERVED)
        )
        apart.update(load.db.execute(query).scalars())
    return [record for record in records if ids[record.key] not in apart]


def _received(db: Session, profile: str, records: Mapping[str, Record]) -> Sums:
    """Return what receipts of the profile are booked, by fund and the pledge's fiscal year."""
    signed = case(
        (Transfer.reverses_id.is_(None), Transfer.amount_minor), else_=-Transfer.amount_minor
    )
    query = (
        select(ImportRecord.key, Fund.code, Pledge.fiscal_year, func.sum(signed))
        .join(Receipt, Receipt.id == ImportRecord.record_id)
        .join(Transfer, (Transfer.source_id == Receipt.id) & (Transfer.kind == "receipt"))
        .join(Lot, (Lot.receipt_id == Receipt.id) & (Lot.status == "open"))
        .join(Agreement, Agreement.id == Lot.agreement_id)
        .join(Pledge, Pledge.id == Agreement.pledge_id)
        .join(Fund, Fund.id == Receipt.fund_id)
        .where(ImportRecord.profile == profile, ImportRecord.record_type == "receipt")
        .group_by(ImportRecord.key, Fund.code, Pledge.fiscal_year)
    )
    sums: Sums = defaultdict(int)
    for key, fund, year, minor in db.execute(query):
        if key in records and minor:
            sums[fund, year or 0, "received"] += int(minor)
    return dict(sums)


def _awarded(db: Session, profile: str, records: Mapping[str, Record]) -> Sums:
    """Return what is reserved for grants of the profile, by fund and the source's year."""
    sign = case((Transfer.kind == "reserve", 1), else_=-1) * case(
        (Transfer.reverses_id.is_(None), 1), else_=-1
    )
    query = (
        select(ImportRecord.key, Fund.code, func.sum(Transfer.amount_minor * sign))
        .join(Transfer, Transfer.grant_id == ImportRecord.record_id)
        .join(Fund, Fund.id == Transfer.fund_id)
        .where(
            ImportRecord.profile == profile,
            ImportRecord.record_type == "grant",
            Transfer.kind.in_(("reserve", "void")),
        )
        .group_by(ImportRecord.key, Fund.code)
    )
    sums: Sums = defaultdict(int)
    for key, fund, minor in db.execute(query):
        if key in records and minor:
            sums[fund, records[key].year, "awarded"] += int(minor)  # type: ignore[attr-defined]
    return dict(sums)


def _moved(db: Session, profile: str, records: Mapping[str, Record]) -> Sums:
    """Return commitments from the grants, payments and refunds from the ledger, by year."""
    sums: Sums = defaultdict(int)
    signed = case(
        (Transfer.reverses_id.is_(None), Transfer.amount_minor), else_=-Transfer.amount_minor
    )
    query = (
        select(ImportRecord.key, Fund.code, Transfer.kind, Transfer.effective_on, func.sum(signed))
        .join(Transfer, Transfer.source_id == ImportRecord.record_id)
        .join(Fund, Fund.id == Transfer.fund_id)
        .where(ImportRecord.profile == profile, Transfer.kind.in_(("pay", "refund")))
        .group_by(ImportRecord.key, Fund.code, Transfer.kind, Transfer.effective_on)
    )
    for key, fund, kind, on, minor in db.execute(query):
        if key in records and minor:
            what = "paid_out" if kind == "pay" else "refunded"
            sums[fund, on.year, what] += int(minor)
    _add_committed(db, profile, records, sums)
    return dict(sums)


def _add_committed(db: Session, profile: str, records: Mapping[str, Record], sums: Sums) -> None:
    query = (
        select(ImportRecord.key, Grant.id, Fund.code, Grant.awarded_minor - Grant.adjusted_minor)
        .join(Grant, Grant.id == ImportRecord.record_id)
        .join(Fund, Fund.id == Grant.fund_id)
        .where(ImportRecord.profile == profile, ImportRecord.record_type == "grant")
    )
    by_grant: dict[UUID, list[tuple[str, str, int]]] = defaultdict(list)
    for key, grant_id, fund, minor in db.execute(query):
        if key in records:
            by_grant[grant_id].append((key, fund, int(minor)))
    for lines in by_grant.values():
        # Several commitments of one grant: each year has its own, the last takes the difference.
        left = lines[0][2]
        for key, fund, _ in lines:
            record: Any = records[key]
            part = left if key == lines[-1][0] else record.amount_minor
            left -= part
            sums[fund, record.on.year, "committed"] += part


_LEDGER: Mapping[str, Callable[[Session, str, Mapping[str, Record]], Sums]] = {
    "contribution": _received,
    "project": _awarded,
    "transaction": _moved,
}
