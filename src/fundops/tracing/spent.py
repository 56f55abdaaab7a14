"""What grantees' accepted expenditure took of a donor's money, by category and objective.

Accepted expenditure is booked on lots when it is accepted: those rows are the donor's shares. Each
is split here over the lines of the statement it booked, and over the objectives that the budget
line was agreed for, so that every split sums to the row exactly. An exchange difference is a part
of its own, as on the grantee's form: a gain is below nothing, and the other lines keep their size.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from fundops import money
from fundops.expenditures.models import EXCHANGE, ExpenditureLine, Receivable, ReceivableEntry
from fundops.expenditures.spread import over_lines
from fundops.grants.agreement_models import GrantBudgetLine
from fundops.ledger.models import Transfer
from fundops.tracing.registers import Moment

CHUNK = 500


class Part(NamedTuple):
    """A budget category and an objective, ``None`` where nobody has recorded it.

    An exchange difference is of no category and serves no objective.
    """

    category: str | None
    objective: str | None
    is_exchange: bool = False


UNKNOWN, EXCHANGED = Part(None, None), Part(None, None, is_exchange=True)
SIGNED = case((Transfer.reverses_id.is_(None), Transfer.amount_minor), else_=-Transfer.amount_minor)
"""A transfer's amount, taken away where it reverses an earlier one."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a part of a grant's accepted expenditure took of one lot, in minor units.

    ``before_minor`` counts before the period, ``to_date_minor`` up to its end.
    """

    lot_id: UUID
    grant_id: UUID
    part: Part
    before_minor: int
    to_date_minor: int

    @property
    def period_minor(self) -> int:
        """What counts in the period."""
        return self.to_date_minor - self.before_minor


def spent(db: Session, lots: Select[UUID], moment: Moment, from_on: date) -> list[Spent]:
    """Return what accepted expenditure took of the lots that ``lots`` selects, as known then."""
    rows = _booked(db, lots, moment, from_on)
    weights = _weights(db, {(row.source_type, row.source_id) for row in rows})
    totals: dict[tuple[UUID, UUID, Part], list[int]] = {}
    for row in rows:
        parts = weights.get(row.source_id) or {UNKNOWN: 1}
        for position, amount in enumerate((int(row.before), int(row.to_date))):
            split = over_lines(amount, list(parts.values()))
            for part, share in zip(parts, split, strict=True):
                key = (row.lot_id, row.grant_id, part)
                totals.setdefault(key, [0, 0])[position] += share
    return [
        Spent(lot_id, grant_id, part, before, to_date)
        for (lot_id, grant_id, part), (before, to_date) in totals.items()
        if before or to_date
    ]


def given_up(db: Session, lots: Select[UUID], moment: Moment) -> int:
    """Return what of grantees' advances from these lots was written off, as known then."""
    query = select(func.sum(SIGNED)).where(
        Transfer.lot_id.in_(lots),
        Transfer.kind == "advance_write_off",
        Transfer.effective_on <= moment.as_of_on,
        Transfer.event_seq <= moment.known_seq,
    )
    return int(db.execute(query).scalar() or 0)


def _booked(db: Session, lots: Select[UUID], moment: Moment, from_on: date) -> list[Any]:
    before = case((Transfer.effective_on < from_on, SIGNED), else_=0)
    columns = (Transfer.lot_id, Transfer.grant_id, Transfer.source_type, Transfer.source_id)
    query = (
        select(*columns, func.sum(before).label("before"), func.sum(SIGNED).label("to_date"))
        .where(
            Transfer.lot_id.in_(lots),
            Transfer.kind == "liquidate",
            Transfer.effective_on <= moment.as_of_on,
            Transfer.event_seq <= moment.known_seq,
        )
        .group_by(*columns)
        .order_by(*columns)
    )
    return list(db.execute(query))


def _weights(db: Session, sources: Collection[tuple[str, UUID]]) -> dict[UUID, dict[Part, int]]:
    """Return per booked record what its amount was for, as weights of categories and objectives.

    A statement's are what was accepted of its lines; later support of a part that was not
    accepted has those of the lines that were not, support of a finding those of the lines that
    were and that the finding took from.
    """
    statements = {source_id for kind, source_id in sources if kind == "expenditure_statement"}
    entries = {source_id for kind, source_id in sources if kind == "receivable_entry"}
    supported = _supported(db, entries)
    lines = _lines(db, statements | {statement_id for statement_id, _ in supported.values()})
    found = {one: _parts(lines.get(one, ()), "accepted_minor") for one in statements}
    for entry_id, (statement_id, origin) in supported.items():
        column = "accepted_minor" if origin == "finding" else "unsupported_minor"
        found[entry_id] = _parts(lines.get(statement_id, ()), column)
    return found


def _supported(db: Session, entries: Collection[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """Return by entry the statement that was supported later, and why it was owed."""
    found: dict[UUID, tuple[UUID, str]] = {}
    wanted = sorted(entries)
    for start in range(0, len(wanted), CHUNK):
        query = (
            select(ReceivableEntry.id, Receivable.statement_id, Receivable.origin)
            .join(Receivable, Receivable.id == ReceivableEntry.receivable_id)
            .where(ReceivableEntry.id.in_(wanted[start : start + CHUNK]))
        )
        found |= {row[0]: (row[1], row[2]) for row in db.execute(query) if row[1] is not None}
    return found


def _lines(db: Session, statements: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return the lines of statements, each with the objectives its budget line was agreed for."""
    found: dict[UUID, list[Any]] = {}
    wanted = sorted(statements)
    for start in range(0, len(wanted), CHUNK):
        query = (
            select(
                ExpenditureLine.statement_id, ExpenditureLine.category, ExpenditureLine.kind,
                ExpenditureLine.accepted_minor, ExpenditureLine.unsupported_minor,
                GrantBudgetLine.objectives,
            )
            .outerjoin(GrantBudgetLine, GrantBudgetLine.id == ExpenditureLine.budget_line_id)
            .where(ExpenditureLine.statement_id.in_(wanted[start : start + CHUNK]))
            .order_by(ExpenditureLine.statement_id, ExpenditureLine.number)
        )  # fmt: skip
        for row in db.execute(query):
            shares = json.loads(row.objectives) if row.objectives else {None: 1}
            found.setdefault(row.statement_id, []).append((row, shares))
    return found


def _parts(lines: Collection[Any], column: str) -> dict[Part, int]:
    """Return the weights of lines; the percents of a line's objectives share its amount."""
    parts: dict[Part, int] = {}
    for row, shares in lines:
        amount = getattr(row, column) or 0
        if row.kind == EXCHANGE:
            parts[EXCHANGED] = parts.get(EXCHANGED, 0) + amount
            continue
        for objective, share in zip(
            shares, money.allocate(amount, list(shares.values())), strict=True
        ):
            key = Part(row.category, objective)
            parts[key] = parts.get(key, 0) + share
    return {part: weight for part, weight in parts.items() if weight}
