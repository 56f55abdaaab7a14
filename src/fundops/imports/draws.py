"""Awards, payments and refunds of imported history, drawn on a fund's lots in order of date.

Grants whose past turns out different (another amount, an earlier day, a lot that loses money) are
*restated*: what they drew is reversed with its original dates and drawn anew by the same rules as
any award. Both stand in the ledger, under the grant's event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from fundops.allocation import reserve
from fundops.allocation.bulk import BulkReserver
from fundops.allocation.earmarks import GrantFacts
from fundops.allocation.facts import facts_of
from fundops.allocation.position import Draw, Shortage
from fundops.allocation.reserve import Source
from fundops.audit import Entry
from fundops.disbursements.models import Disbursement
from fundops.grants.models import ENDED, Grant, Refund
from fundops.imports.context import Load, chunks, post_all, record_events, rows_of
from fundops.imports.openings import OpeningBalance
from fundops.ledger import posting
from fundops.ledger.models import Fund, Transfer
from fundops.ledger.posting import Movement

GRANT_KINDS = ("reserve", "void", "pay", "advance", "refund", "advance_return")
"""Transfers by which a grant draws on lots."""

_PROGRESS_EVERY = 200


@dataclass(frozen=True)
class Flow:
    """A payment or refund to draw: its record, amount, day and event."""

    id: UUID
    amount_minor: int
    on: date
    seq: int


@dataclass
class Award:
    """A grant to draw for. ``reserves`` is false where its reservation stands already."""

    fund_id: UUID
    facts: GrantFacts
    amount_minor: int
    on: date
    seq: int
    key: str = ""
    reserves: bool = True
    payments: list[Flow] = field(default_factory=list)
    refunds: list[Flow] = field(default_factory=list)
    voided_on: date | None = None


_ORDER = ("reserve", "pay", "refund", "void")
"""What comes first on one day."""


def draw(load: Load, awards: Sequence[Award]) -> None:
    """Draw ``awards`` on their funds' lots and post it, with the opening balances it takes.

    The rows of the grants, payments and refunds are in the database; their events are recorded.
    """
    by_fund: dict[UUID, list[Award]] = defaultdict(list)
    for award in awards:
        by_fund[award.fund_id].append(award)
    funds = {fund.id: fund for fund in rows_of(load.db, Fund, Fund.id, by_fund)}
    done = 0
    for fund in sorted(funds.values(), key=lambda fund: fund.code):
        load.db.flush()
        drawing = _Drawing(load, fund)
        for step in _in_order(by_fund[fund.id]):
            drawing.take(*step)
            done += step[0] == "reserve"
            if done % _PROGRESS_EVERY == 0:
                load.progress("loading.stage.drawing", done, len(awards))
        drawing.opening.write()
        post_all(load.db, drawing.booked)


def _in_order(awards: Iterable[Award]) -> list[tuple[str, Award, Flow | None]]:
    steps: list[tuple[str, Award, Flow | None]] = []
    for award in awards:
        if award.reserves:
            steps.append(("reserve", award, None))
        steps += [("pay", award, flow) for flow in award.payments]
        steps += [("refund", award, flow) for flow in award.refunds]
        if award.voided_on is not None:
            steps.append(("void", award, None))
    return sorted(steps, key=_place_in_time)


def _place_in_time(step: tuple[str, Award, Flow | None]) -> tuple[Any, ...]:
    kind, award, flow = step
    if flow is not None:
        return (flow.on, _ORDER.index(kind), award.facts.code, flow.id)
    on = award.on if kind == "reserve" else award.voided_on
    return (on, _ORDER.index(kind), award.facts.code, award.facts.id)


class _Drawing:
    """One fund's lots while imported history is drawn on them."""

    def __init__(self, load: Load, fund: Fund) -> None:
        self.fund = fund
        self.reserver = BulkReserver(load.db, fund)
        self.opening = OpeningBalance(load, fund, self.reserver)
        self.booked: list[tuple[int, Movement]] = []

    def take(self, kind: str, award: Award, flow: Flow | None) -> None:
        """Take one step; amounts and days have been checked by whoever planned it."""
        grant_id, source = award.facts.id, Source("grant", award.facts.id, award.on, award.key)
        if kind == "reserve":
            parts = self.opening.reserve(award.facts, award.amount_minor, award.on)
            self._post(award.seq, reserve.reserve(self.fund.id, source, _draws(grant_id, parts)))
        elif kind == "void":
            assert award.voided_on is not None
            parts = self.reserver.void(award.facts, award.voided_on)
            source = Source("grant", grant_id, award.voided_on, award.key)
            self._post(award.seq, reserve.void(self.fund.id, source, _draws(grant_id, parts)))
        elif flow is not None and kind == "pay":
            drawn = self.reserver.pay(grant_id, flow.amount_minor, flow.on)
            assert not isinstance(drawn, Shortage), "a payment exceeds its award"
            source = Source("disbursement", flow.id, flow.on, award.key)
            self._post(flow.seq, reserve.pay(self.fund.id, source, _draws(grant_id, drawn)))
        elif flow is not None:
            given = self.reserver.refund(award.facts, flow.amount_minor, flow.on)
            assert not isinstance(given, Shortage), "a refund exceeds its payments"
            source = Source("refund", flow.id, flow.on, award.key)
            self._post(flow.seq, reserve.refund(self.fund.id, source, _draws(grant_id, given)))

    def _post(self, seq: int, movements: Iterable[Movement]) -> None:
        self.booked += [(seq, movement) for movement in movements]


def _draws(grant_id: UUID, parts: Iterable[tuple[UUID, int]]) -> list[Draw]:
    return [Draw(grant_id, *part) for part in parts]


@dataclass(frozen=True)
class Restatement:
    """Why a grant is restated, and what its row became; the row itself has been changed."""

    grant_id: UUID
    reason: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    redraws: bool = True


def take_back(
    load: Load, wanted: Sequence[Restatement], own_seqs: Mapping[UUID, int] | None = None
) -> list[Award]:
    """Record the restatements, reverse what the grants drew, and return what to ``draw`` anew.

    Between this and ``draw`` the grants hold nothing, so lots may change. ``own_seqs`` are the
    events of payments and refunds that are new; the others are drawn again under the grant's
    event. A restatement that does not redraw leaves what stands and adds the new ones only.
    """
    load.db.flush()
    own_seqs = own_seqs or {}
    by_id = {one.grant_id: one for one in wanted}
    grants = {grant.id: grant for grant in rows_of(load.db, Grant, Grant.id, by_id)}
    entries = [
        Entry(
            "grant.restated" if one.redraws else "grant.changed", "grant", one.grant_id,
            grants[one.grant_id].fund_id, one.reason, dict(one.before), dict(one.after),
        )
        for one in wanted
    ]  # fmt: skip
    seqs = dict(zip(by_id, record_events(load, entries), strict=True))
    redrawn = {one.grant_id for one in wanted if one.redraws}
    standing = standing_of(load, redrawn)
    undone = undo(load, [transfer for part in standing.values() for transfer in part])
    post_all(load.db, [(seqs[one.grant_id], one) for one in undone if one.grant_id is not None])
    return _awards(load, grants, seqs, redrawn, own_seqs, _voided(grants, standing))


def standing_of(load: Load, grant_ids: Collection[UUID]) -> dict[UUID, list[Transfer]]:
    """Return the standing transfers by which each grant draws on lots."""
    found: dict[UUID, list[Transfer]] = {}
    for part in chunks(sorted(grant_ids)):
        for transfer in posting.standing(
            load.db, Transfer.grant_id.in_(part), Transfer.kind.in_(GRANT_KINDS)
        ):
            assert transfer.grant_id is not None
            found.setdefault(transfer.grant_id, []).append(transfer)
    return found


def undo(load: Load, transfers: Sequence[Transfer]) -> list[Movement]:
    """Return the reversals of ``transfers``, each booked to the record it was booked to."""
    accounts = {a for t in transfers for a in (t.debit_account_id, t.credit_account_id)}
    refs = posting.refs_of(load.db, accounts)
    return [
        Movement(
            t.kind, refs[t.credit_account_id], refs[t.debit_account_id], t.amount_minor,
            t.effective_on, t.source_type, t.source_id, t.lot_id, t.grant_id, reverses_id=t.id,
        )
        for t in transfers
    ]  # fmt: skip


def _voided(
    grants: Mapping[UUID, Grant], standing: Mapping[UUID, Sequence[Transfer]]
) -> dict[UUID, date]:
    """Return when the unpaid rest of closed grants was given back."""
    days: dict[UUID, date] = {}
    for grant_id, transfers in standing.items():
        voids = [t.effective_on for t in transfers if t.kind == "void" and t.source_type == "grant"]
        if grants[grant_id].status in ENDED and voids:
            days[grant_id] = max(voids)
    return days


def _awards(
    load: Load,
    grants: Mapping[UUID, Grant],
    seqs: Mapping[UUID, int],
    redrawn: Collection[UUID],
    own_seqs: Mapping[UUID, int],
    voided: Mapping[UUID, date],
) -> list[Award]:
    facts = {}
    for part in chunks(sorted(grants)):
        facts.update(facts_of(load.db, part))
    awards: dict[UUID, Award] = {}
    for grant in grants.values():
        if grant.status == "cancelled":
            continue
        seq = seqs[grant.id]
        awards[grant.id] = Award(
            grant.fund_id, facts[grant.id], grant.awarded_minor, grant.awarded_on, seq, str(seq),
            reserves=grant.id in redrawn, voided_on=voided.get(grant.id),
        )  # fmt: skip
    for paid in rows_of(load.db, Disbursement, Disbursement.grant_id, awards):
        award = awards[paid.grant_id]
        if paid.status == "paid" and (award.reserves or paid.id in own_seqs):
            seq = own_seqs.get(paid.id, award.seq)
            award.payments.append(Flow(paid.id, paid.amount_minor, paid.paid_on, seq))
            # Money cannot be paid before it is reserved, or after the rest was given back.
            award.on = min(award.on, paid.paid_on)
            award.voided_on = award.voided_on and max(award.voided_on, paid.paid_on)
    for back in rows_of(load.db, Refund, Refund.grant_id, awards):
        award = awards[back.grant_id]
        if back.status == "booked" and (award.reserves or back.id in own_seqs):
            seq = own_seqs.get(back.id, award.seq)
            award.refunds.append(Flow(back.id, back.amount_minor, back.received_on, seq))
    return list(awards.values())


def is_drawn(award: Award) -> bool:
    """Return whether there is anything to draw for ``award``."""
    return award.reserves or bool(award.payments or award.refunds)


__all__ = ["Award", "Flow", "Restatement", "draw", "is_drawn", "take_back"]
