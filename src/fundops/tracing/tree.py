"""The trace both ways: where money went, and whose money something is made of.

Forward from a pledge, agreement, receipt or lot to grants and payments; backward from a grant or
disbursement to lots, receipts, agreements, pledges and donors. Amounts are in the fund's base
currency; the children of a node add up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Agreement, Lot, Pledge, Receipt
from fundops.donors.scope import parties_held
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.ledger.models import Fund, Transfer
from fundops.messages import text
from fundops.parties.models import Party
from fundops.parties.places import places_at_risk
from fundops.tracing.entries import FLOWS, POSITIONS, Entry, entries

CHUNK = 500


@dataclass
class Node:
    """One step of a trace: what it is, its code and label, the amount, and what it splits into."""

    kind: str
    code: str
    label: str
    amount_minor: int
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Trace:
    """A trace from one record: ``direction`` is ``forward`` or ``backward``."""

    direction: str
    currency: str
    as_of_on: date
    root: Node


def trace(db: Session, actor: Actor | None, code: str, on: date, known_seq: int) -> Trace:
    """Return the trace of the record with ``code`` as of ``on`` and ``known_seq``.

    ``actor`` limits what is shown (``None``: everything, for the command line). Raises
    ``not-found`` for a code that is unknown or not the actor's to see.
    """
    reader = _Reader(db, actor, on, known_seq)
    for kind, model in TRACED.items():
        found = db.execute(select(model).where(model.code == code)).scalar_one_or_none()
        if found is not None:
            back = kind in ("grant", "disbursement")
            return reader.backward(kind, found) if back else reader.forward(kind, found)
    raise Problem("not-found")


TRACED: dict[str, Any] = {
    "grant": Grant,
    "disbursement": Disbursement,
    "pledge": Pledge,
    "agreement": Agreement,
    "receipt": Receipt,
    "lot": Lot,
}
"""What can be traced, in the order in which a code is looked up."""


class _Reader:
    """Builds one trace for one reader, date and knowledge."""

    def __init__(self, db: Session, actor: Actor | None, on: date, known_seq: int) -> None:
        self.db, self.actor, self.on, self.known_seq = db, actor, on, known_seq
        self.only_parties: frozenset[UUID] | None = None
        self.places = places_at_risk(db)

    def check(self, fund_id: UUID, donor_ids: Iterable[UUID | None]) -> None:
        """Raise ``not-found`` unless the reader may see one of these donors in this fund.

        From then on ``only_parties`` says whose money the reader may see here (none: all).
        """
        if self.actor is None:
            return
        self.only_parties = parties_held(self.actor, Permission.TRACE_READ, fund_id)
        if self.only_parties is not None and not self.only_parties & set(donor_ids):
            raise Problem("not-found")

    # Forward: where did this money go?

    def forward(self, kind: str, record: Any) -> Trace:
        """Return where the money of a lot, receipt, agreement or pledge went."""
        lots = self._lots_of(kind, record)
        donors = {lot.donor_id for lot in lots} | {getattr(record, "donor_id", None)}
        self.check(record.fund_id, donors)
        if self.only_parties is not None:
            lots = [lot for lot in lots if lot.donor_id in self.only_parties]
        legs = self._legs([lot.id for lot in lots])
        fund = self.db.get_one(Fund, record.fund_id)
        nodes = [self._lot_node(lot, [e for e in legs if e.lot_id == lot.id]) for lot in lots]
        nodes = [node for node in nodes if kind == "lot" or node.amount_minor or node.children]
        root = Node(
            kind, record.code, self._name(kind, record),
            sum(node.amount_minor for node in nodes), nodes,
        )  # fmt: skip
        if kind == "lot":
            # Before the lot was opened there is nothing to tell but that it was empty.
            root = nodes[0] if nodes else Node(kind, record.code, self._donor(record.donor_id), 0)
        return Trace("forward", fund.base_currency, self.on, root)

    def _lots_of(self, kind: str, record: Any) -> list[Lot]:
        query = select(Lot).where(Lot.opened_on <= self.on).order_by(Lot.opened_on, Lot.code)
        match kind:
            case "lot":
                query = query.where(Lot.id == record.id)
            case "receipt":
                query = query.where(Lot.receipt_id == record.id)
            case "agreement":
                query = query.where(Lot.agreement_id == record.id)
            case _:
                own = select(Agreement.id).where(Agreement.pledge_id == record.id)
                query = query.where(Lot.agreement_id.in_(own))
        return list(self.db.execute(query).scalars())

    def _legs(self, lot_ids: Sequence[UUID]) -> list[Entry]:
        legs: list[Entry] = []
        for start in range(0, len(lot_ids), CHUNK):
            part = select(Lot.id).where(Lot.id.in_(lot_ids[start : start + CHUNK]))
            legs += entries(self.db, part, until=self.on, known_seq=self.known_seq)
        return legs

    def _lot_node(self, lot: Lot, legs: Sequence[Entry]) -> Node:
        """Return a lot with everything that its money became; the parts add up to the lot."""
        incoming = ("receipts", "other_income", "recovered_from_donor")
        node = Node("lot", lot.code, self._donor(lot.donor_id), 0)
        totals: dict[str, int] = {}
        for leg in legs:
            if leg.flow in incoming or (leg.flow in _EITHER and leg.amount_minor > 0):
                node.amount_minor += leg.amount_minor
            elif leg.flow is not None and leg.flow not in ("payments", "refunds"):
                totals[leg.flow] = totals.get(leg.flow, 0) - leg.amount_minor
        node.children = [
            Node("flow", flow, text(f"statement.flow.{flow}"), totals[flow])
            for flow in FLOWS
            if totals.get(flow)
        ]
        node.children += self._grant_nodes(legs)
        for account, position in POSITIONS.items():
            held = sum(leg.amount_minor for leg in legs if leg.position == position)
            if held and account != "reserved":
                label = text(f"statement.position.{position}")
                node.children.append(Node("position", position, label, held))
        return node

    def _grant_nodes(self, legs: Sequence[Entry]) -> list[Node]:
        by_grant: dict[UUID, list[Entry]] = {}
        for leg in legs:
            if leg.grant_id is not None:
                by_grant.setdefault(leg.grant_id, []).append(leg)
        nodes, withheld = [], list[Entry]()
        for grant in self._grants(by_grant):
            if self._is_withheld(grant):
                withheld += by_grant[grant.id]
            else:
                nodes.append(self._grant_node(*self._shown(grant), by_grant[grant.id]))
        if withheld:
            # One total: how many there are and what each got is not told either.
            hidden = text("statement.withheld")
            nodes.append(self._grant_node(hidden, hidden, withheld))
        return [node for node in nodes if node.amount_minor or node.children]

    def _grant_node(self, code: str, label: str, legs: Sequence[Entry]) -> Node:
        paid = -sum(leg.amount_minor for leg in legs if leg.kind in ("pay", "pay_return"))
        refunded = sum(leg.amount_minor for leg in legs if leg.kind == "refund")
        reserved = sum(leg.amount_minor for leg in legs if leg.position == "reserved")
        parts = (("paid", paid), ("refunded", -refunded), ("reserved", reserved))
        children = [
            Node("use", part, text(f"trace.{part}"), amount) for part, amount in parts if amount
        ]
        return Node("grant", code, label, paid - refunded + reserved, children)

    # Backward: whose money is this?

    def backward(self, kind: str, record: Any) -> Trace:
        """Return whose money a grant or a disbursement is made of."""
        grant = record if kind == "grant" else self.db.get_one(Grant, record.grant_id)
        kinds = ("reserve", "void", "refund") if kind == "grant" else ("pay", "pay_return")
        shares = self._shares(grant.id, kinds, None if kind == "grant" else record.id)
        lots = {lot.id: lot for lot in self._by_ids(Lot, shares)}
        self.check(grant.fund_id, [lot.donor_id for lot in lots.values()])
        if self._is_withheld(grant):
            # Codes given out before the grantee was at risk can be known, or guessed in order.
            raise Problem("not-found")
        fund = self.db.get_one(Fund, grant.fund_id)
        code, label = record.code, self._shown(grant)[1]
        nodes, others = [], 0
        for lot_id, amount in shares.items():
            lot = lots[lot_id]
            if self.only_parties is not None and lot.donor_id not in self.only_parties:
                others += amount
            elif amount:
                nodes.append(self._source(lot, amount))
        nodes.sort(key=lambda node: node.code)
        if others:
            nodes.append(Node("others", "", text("trace.other_donors"), others))
        root = Node(kind, code, label, sum(shares.values()), nodes)
        return Trace("backward", fund.base_currency, self.on, root)

    def _shares(
        self, grant_id: UUID, kinds: Sequence[str], source_id: UUID | None
    ) -> dict[UUID, int]:
        """Return per lot its part of a grant (reserved less voided and refunded) or a payment."""
        sign = case((Transfer.kind.in_(("void", "refund", "pay_return")), -1), else_=1)
        back = case((Transfer.reverses_id.is_(None), 1), else_=-1)
        query = (
            select(Transfer.lot_id, func.sum(Transfer.amount_minor * sign * back))
            .where(
                Transfer.grant_id == grant_id,
                Transfer.kind.in_(kinds),
                Transfer.effective_on <= self.on,
                Transfer.event_seq <= self.known_seq,
            )
            .group_by(Transfer.lot_id)
        )
        if source_id is not None:
            query = query.where(Transfer.source_id == source_id)
        return {row[0]: int(row[1]) for row in self.db.execute(query) if row[0] is not None}

    def _source(self, lot: Lot, amount: int) -> Node:
        """Return a lot with the chain behind it: receipt, agreement, pledge, donor."""
        chain: list[Node] = []
        agreement = self.db.get(Agreement, lot.agreement_id) if lot.agreement_id else None
        for kind, model, key in (
            ("receipt", Receipt, lot.receipt_id),
            ("agreement", Agreement, lot.agreement_id),
            ("pledge", Pledge, agreement.pledge_id if agreement else None),
        ):
            record: Any = self.db.get(model, key) if key else None
            if record is not None:
                chain.append(Node(kind, record.code, self._name(kind, record), amount))
        donor = self.db.get_one(Party, lot.donor_id)
        chain.append(Node("donor", donor.code, self._donor(donor.id), amount))
        node = Node("lot", lot.code, self._donor(lot.donor_id), amount)
        below = node
        for step in chain:
            below.children.append(step)
            below = step
        return node

    # Names, as the reader may see them

    def _grants(self, ids: Iterable[UUID]) -> list[Grant]:
        return sorted(self._by_ids(Grant, ids), key=lambda grant: grant.code)

    def _by_ids(self, model: Any, ids: Iterable[UUID]) -> list[Any]:
        wanted, found = sorted(set(ids)), list[Any]()
        for start in range(0, len(wanted), CHUNK):
            query = select(model).where(model.id.in_(wanted[start : start + CHUNK]))
            found.extend(self.db.execute(query).scalars())
        return found

    def _donor(self, party_id: UUID) -> str:
        party = self.db.get_one(Party, party_id)
        own = self.only_parties is None or party_id in self.only_parties
        return party.name if own else party.public_label

    def _is_withheld(self, grant: Grant) -> bool:
        """Return whether the reader is an outsider and the grantee or the place at risk."""
        if self.only_parties is None:
            return False
        if self.places.holds(grant.country, grant.fund_id):
            return True
        return self.db.get_one(Party, grant.grantee_id).is_at_risk

    def _shown(self, grant: Grant) -> tuple[str, str]:
        """Return the code and label of a grant that is not withheld."""
        grantee = self.db.get_one(Party, grant.grantee_id)
        name = grantee.name if self.only_parties is None else grantee.public_label
        return grant.code, f"{grant.title} ({name})"

    def _name(self, kind: str, record: Any) -> str:
        if kind == "agreement":
            return str(record.title)
        columns = {"receipt": "received_on", "pledge": "pledged_on", "lot": "opened_on"}
        day = getattr(record, columns[kind])
        return text(f"trace.{kind}", on=day) if day is not None else ""


_EITHER = ("reprogrammed", "transfers_between_funds", "exchange_differences")
"""Flows that can bring money in as well as take it out."""


def outline(found: Trace) -> list[tuple[int, Node]]:
    """Return the nodes of a trace in reading order with their depth."""
    lines: list[tuple[int, Node]] = []
    waiting: list[tuple[int, Node]] = [(0, found.root)]
    while waiting:
        depth, node = waiting.pop()
        lines.append((depth, node))
        waiting.extend((depth + 1, child) for child in reversed(node.children))
    return lines
