"""What a cash plan is made from, read in a fixed number of queries.

The ledger's part is as of any day: balances from the dated totals, what was settled later added
back. Registers (schedules, statuses) are as they stand now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, String, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.disbursements.models import WAITING, Disbursement
from fundops.donors.models import Agreement, Instalment, Lot, Pledge, WriteOff
from fundops.donors.sums import of_agreements, rows_of, total
from fundops.errors import Problem
from fundops.grants.models import ConditionalAward, Grant, ReservationPin, Tranche
from fundops.ledger.models import Account, AccountDay, AccountMonth, Fund
from fundops.messages import text
from fundops.parties.labels import name_column
from fundops.parties.models import Party

R = TypeVar("R")
MAX_ROWS = 50_000
"""Most rows of one sort in one plan."""
ENDED = ("closed", "cancelled")

Key: TypeAlias = str
"""The id of a lot, grant or tranche as text: good for looking up, and quick. Making UUIDs of tens
of thousands of them takes longer than the plan itself; ``UUID(key)`` makes one."""


def key_of(column: Any, name: str) -> Any:
    """Return the SQL of an id that is read as text."""
    return cast(column, String).label(name)


@dataclass(frozen=True)
class Moment:
    """Of which fund, as of which day; ``is_today`` takes present balances."""

    fund: Fund
    as_of: date
    is_today: bool


class Standing(NamedTuple):
    """A balance above nothing of a lot, or of a grant's reservation on it."""

    kind: str
    lot_id: Key
    grant_id: Key | None
    minor: int


@dataclass
class Books:
    """Everything a plan is made from; rows as the queries name their columns."""

    standings: list[Standing] = field(default_factory=list)
    lots: dict[Key, Row[Any]] = field(default_factory=dict)
    instalments: Sequence[Row[Any]] = ()
    settled_later: dict[UUID, int] = field(default_factory=dict)
    pledges: Sequence[Row[Any]] = ()
    agreed: dict[UUID, int] = field(default_factory=dict)
    grants: dict[Key, Row[Any]] = field(default_factory=dict)
    tranches: Sequence[tuple[Any, ...]] = ()
    payments: Sequence[tuple[Any, ...]] = ()
    waiting: Sequence[Row[Any]] = ()
    pinned: set[tuple[Key, Key]] = field(default_factory=set)


def books(db: Session, moment: Moment) -> Books:
    """Return what there is to plan with. Raises ``conflict`` beyond the stated maximum of rows."""
    fund_id = moment.fund.id
    return Books(
        standings(db, moment, ("lot", "reserved")),
        {row.key: row for row in _all(db, _lots(fund_id))},
        _all(db, _instalments(moment)),
        {} if moment.is_today else _settled_later(db, moment),
        _all(db, _pledges(moment)),
        {row.pledge_id: int(row.minor) for row in _all(db, _agreed(fund_id))},
        {row.key: row for row in _all(db, _grants(moment))},
        _plain(db, _tranches(moment)),
        _plain(db, _payments(moment)),
        _all(db, _waiting(moment)),
        {(row.grant_key, row.lot) for row in _all(db, _pins(fund_id))},
    )


def standings(db: Session, moment: Moment, kinds: Iterable[str]) -> list[Standing]:
    """Return the balances above nothing of accounts of lots, credit-normal, as of the day."""
    mine = (Account.fund_id == moment.fund.id, Account.kind.in_(tuple(kinds)))
    if moment.is_today:
        net = Account.credits_minor - Account.debits_minor
        query = rows_of(*_OF_ACCOUNT, net.label("minor")).where(*mine, net > 0)
        return [Standing(kind, lot, grant, int(m)) for kind, lot, grant, m in _plain(db, query)]
    month = moment.as_of.replace(day=1)
    found: dict[tuple[str, Key, Key | None], int] = {}
    for table, condition in (
        (AccountMonth, AccountMonth.month_on < month),
        (AccountDay, AccountDay.on_date.between(month, moment.as_of)),
    ):
        net = total(table.credits_minor - table.debits_minor)
        query = (
            rows_of(*_OF_ACCOUNT, net.label("minor"))
            .join_from(Account, table, table.account_id == Account.id)
            .where(*mine, condition)
            .group_by(Account.kind, Account.lot_id, Account.grant_id)
        )
        for kind, lot, grant, minor in _plain(db, query):
            found[kind, lot, grant] = found.get((kind, lot, grant), 0) + int(minor)
    return [Standing(*key, minor) for key, minor in found.items() if minor > 0]


_OF_ACCOUNT = (
    Account.kind, key_of(Account.lot_id, "lot"), key_of(Account.grant_id, "grant_key"),
)  # fmt: skip


def labels(db: Session, actor: Actor | None, grant_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return what ``actor`` (``None``: an insider) reads as the grantee of each grant."""
    name = Party.name if actor is None else name_column(actor)
    query = rows_of(Grant.id, name.label("name")).join(Party, Party.id == Grant.grantee_id)
    wanted = sorted(set(grant_ids))
    if not wanted:
        return {}
    return {row.id: str(row.name) for row in db.execute(query.where(Grant.id.in_(wanted)))}


def donor_names(db: Session, actor: Actor | None, donor_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return what ``actor`` (``None``: an insider) reads as the name of each donor."""
    name = Party.name if actor is None else name_column(actor)
    wanted = sorted(set(donor_ids))
    if not wanted:
        return {}
    query = rows_of(Party.id, name.label("name")).where(Party.id.in_(wanted))
    return {row.id: str(row.name) for row in db.execute(query)}


def _all(db: Session, query: Select[Any]) -> Sequence[Row[Any]]:
    # On the connection: rows that are no records need not pass through the session's loading.
    return _bounded(db.connection().execute(query.limit(MAX_ROWS + 1)).all())


def _plain(db: Session, query: Select[Any]) -> Sequence[tuple[Any, ...]]:
    """Return the driver's own rows of texts, numbers and dates (``day_of``): for tens of thousands
    of them, anything around a row costs more than reading it.
    """
    with db.connection().execute(query.limit(MAX_ROWS + 1)) as result:
        return _bounded(result.cursor.fetchall())


def _bounded(rows: Sequence[R]) -> Sequence[R]:
    if len(rows) > MAX_ROWS:
        raise Problem("conflict", detail=text("planning.too_large", maximum=MAX_ROWS))
    return rows


@lru_cache(maxsize=4096)
def day_of(value: str | date | None) -> date | None:
    """Return a date of the driver's: SQLite keeps them as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _lots(fund_id: UUID) -> Select[Any]:
    return rows_of(
        key_of(Lot.id, "key"), Lot.id, Lot.agreement_id, Lot.donor_id, Lot.earmark, Lot.opened_on,
        Lot.spend_by_on,
    ).where(Lot.fund_id == fund_id)  # fmt: skip


def _begun(moment: Moment) -> ColumnElement[bool]:
    """An agreement counts from its signature, else from its pledge, else always."""
    day = func.coalesce(Agreement.signed_on, Pledge.pledged_on)
    return or_(day.is_(None), day <= moment.as_of)


def _instalments(moment: Moment) -> Select[Any]:
    asked = (
        select(func.coalesce(total(WriteOff.amount_minor), 0))
        .where(WriteOff.instalment_id == Instalment.id, WriteOff.status == "requested")
        .scalar_subquery()
    )
    rest = Instalment.amount_minor - Instalment.matched_minor - Instalment.written_off_minor
    query = (
        rows_of(
            Instalment.id, Instalment.agreement_id, Instalment.number, Instalment.due_on,
            Instalment.amount_minor, Instalment.currency, Instalment.expected_base_minor,
            (rest - asked).label("rest"), Agreement.code, Agreement.donor_id, Agreement.earmark,
            Agreement.spend_by_on, Agreement.is_binding, Agreement.has_return_obligation,
            Agreement.conditions_met_on, Agreement.agent_fee_ppm, Agreement.support_cost_basis,
            Agreement.support_cost_ppm, Pledge.expected_on, Pledge.fiscal_year,
        )
        .join_from(Instalment, Agreement, Agreement.id == Instalment.agreement_id)
        .outerjoin(Pledge, Pledge.id == Agreement.pledge_id)
        .where(
            Agreement.fund_id == moment.fund.id, Agreement.status != "draft", _begun(moment)
        )
        .order_by(Instalment.id)
    )  # fmt: skip
    return query.where(rest > 0) if moment.is_today else query


def _settled_later(db: Session, moment: Moment) -> dict[UUID, int]:
    """Return what was received or written off of each instalment after the day."""
    lots = (
        rows_of(Lot.instalment_id, total(Lot.settled_minor).label("minor"))
        .where(
            Lot.fund_id == moment.fund.id, Lot.instalment_id.is_not(None), Lot.kind == "receipt",
            Lot.status == "open", Lot.opened_on > moment.as_of,
        )
        .group_by(Lot.instalment_id)
    )  # fmt: skip
    given_up = (
        rows_of(WriteOff.instalment_id, total(WriteOff.amount_minor).label("minor"))
        .where(
            WriteOff.fund_id == moment.fund.id, WriteOff.instalment_id.is_not(None),
            WriteOff.status == "approved", WriteOff.effective_on > moment.as_of,
        )
        .group_by(WriteOff.instalment_id)
    )  # fmt: skip
    found: dict[UUID, int] = {}
    for query in (lots, given_up):
        for row in _all(db, query):
            found[row.instalment_id] = found.get(row.instalment_id, 0) + int(row.minor or 0)
    return found


def _pledges(moment: Moment) -> Select[Any]:
    made = or_(Pledge.pledged_on.is_(None), Pledge.pledged_on <= moment.as_of)
    return rows_of(
        Pledge.id, Pledge.code, Pledge.donor_id, Pledge.amount_minor, Pledge.currency,
        Pledge.base_minor, Pledge.expected_on, Pledge.fiscal_year, Pledge.status,
    ).where(
        Pledge.fund_id == moment.fund.id, Pledge.status.in_(("pipeline", "pledged", "agreed")), made
    )  # fmt: skip


def _agreed(fund_id: UUID) -> Select[Any]:
    return (
        of_agreements(Agreement.pledge_id, total(Instalment.amount_minor).label("minor"))
        .where(Agreement.fund_id == fund_id, Agreement.pledge_id.is_not(None))
        .group_by(Agreement.pledge_id)
    )


def _planned(moment: Moment) -> ColumnElement[bool]:
    mine = and_(Grant.fund_id == moment.fund.id, Grant.awarded_on <= moment.as_of)
    return and_(mine, Grant.status.not_in(ENDED)) if moment.is_today else mine


def _grants(moment: Moment) -> Select[Any]:
    return (
        rows_of(
            key_of(Grant.id, "key"), Grant.code, Grant.objectives, Grant.country,
            Grant.region, Grant.awarded_on, Grant.starts_on, Call.code.label("call"),
        )
        .outerjoin(Call, Call.id == Grant.call_id)
        .where(_planned(moment))
    )  # fmt: skip


def _tranches(moment: Moment) -> Select[Any]:
    return (
        rows_of(
            key_of(Tranche.grant_id, "grant_key"), key_of(Tranche.id, "key"), Tranche.number,
            Tranche.due_on, Tranche.amount_minor,
        )
        .join(Grant, Grant.id == Tranche.grant_id)
        .where(_planned(moment))
    )  # fmt: skip


def _payments(moment: Moment) -> Select[Any]:
    """Return what is paid and what waits, by grant, tranche and day of payment, as of the day."""
    asked = Disbursement.requested_on <= moment.as_of
    was_paid = and_(
        Disbursement.paid_on <= moment.as_of,
        or_(Disbursement.returned_on.is_(None), Disbursement.returned_on > moment.as_of),
    )
    waits = and_(
        asked,
        or_(Disbursement.status.in_(WAITING), Disbursement.paid_on > moment.as_of),
    )
    return (
        rows_of(
            key_of(Disbursement.grant_id, "grant_key"), key_of(Disbursement.tranche_id, "tranche"),
            Disbursement.paid_on, total(Disbursement.amount_minor).label("minor"),
        )
        .join(Grant, Grant.id == Disbursement.grant_id)
        .where(_planned(moment), or_(was_paid, waits))
        .group_by(Disbursement.grant_id, Disbursement.tranche_id, Disbursement.paid_on)
    )  # fmt: skip


def _waiting(moment: Moment) -> Select[Any]:
    """Return the awards that stood on an instalment on the day, first come first."""
    query = (
        rows_of(
            key_of(ConditionalAward.grant_id, "grant_key"), ConditionalAward.instalment_id,
            ConditionalAward.amount_minor, ConditionalAward.ended_at,
        )
        .join(Grant, Grant.id == ConditionalAward.grant_id)
        .where(Grant.fund_id == moment.fund.id, Grant.awarded_on <= moment.as_of)
        .order_by(ConditionalAward.created_at, ConditionalAward.id)
    )  # fmt: skip
    return query.where(ConditionalAward.status == "waiting") if moment.is_today else query


def _pins(fund_id: UUID) -> Select[Any]:
    return (
        rows_of(key_of(ReservationPin.grant_id, "grant_key"), key_of(ReservationPin.lot_id, "lot"))
        .join(Grant, Grant.id == ReservationPin.grant_id)
        .where(Grant.fund_id == fund_id)
    )
