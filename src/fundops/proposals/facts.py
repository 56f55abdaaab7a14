"""What a submitted proposal declares, for whatever ranks, decides or compares: two queries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion


@dataclass(frozen=True)
class Facts:
    """A submitted proposal: whose, for what, where, and what it asks for (fund's currency).

    ``objectives`` are percents that sum to 100; ``codes`` are the codes of each list that it
    declares, in order. ``requested_minor`` is null only for what was imported without an amount.
    """

    proposal_id: UUID
    call_id: UUID
    party_id: UUID
    code: str
    title: str
    country: str | None
    region: str | None
    requested_minor: int | None
    objectives: dict[int, int]
    codes: dict[str, tuple[str, ...]]


def facts_of(db: Session, proposal_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Return the facts of the proposals among these that have been submitted."""
    ids = list(proposal_ids)
    columns: tuple[Any, ...] = (
        Proposal.id, Proposal.call_id, Proposal.party_id, Proposal.code, Proposal.title,
        Proposal.country, Proposal.region, Proposal.requested_minor,
    )  # fmt: skip
    rows = db.execute(
        select(*columns)
        .where(Proposal.id.in_(ids), Proposal.submitted_number.is_not(None))
        .order_by(Proposal.code)
    ).all()
    declared = declared_codes(db, ids)
    found: dict[UUID, Facts] = {}
    for row in rows:
        codes = declared.get(row.id, {})
        shares = {int(code): percent or 0 for code, percent in codes.get("objective", ())}
        lists = {
            name: tuple(code for code, _ in pairs)
            for name, pairs in codes.items()
            if name != "objective"
        }
        values: dict[str, Any] = dict(row._mapping)
        values["proposal_id"] = values.pop("id")
        found[row.id] = Facts(**values, objectives=shares, codes=lists)
    return found


Declared = dict[UUID, dict[str, list[tuple[str, int | None]]]]


def declared_codes(
    db: Session, proposal_ids: Collection[UUID], list_name: str | None = None
) -> Declared:
    """Return codes with their percents by proposal and list, of the versions that count."""
    query = (
        select(
            ProposalVersion.proposal_id,
            ProposalCode.list_name,
            ProposalCode.code,
            ProposalCode.percent,
        )
        .join(ProposalVersion, ProposalVersion.id == ProposalCode.version_id)
        .join(
            Proposal,
            and_(
                Proposal.id == ProposalVersion.proposal_id,
                Proposal.submitted_number == ProposalVersion.number,
            ),
        )
        .where(Proposal.id.in_(list(proposal_ids)))
        .order_by(ProposalCode.id)
    )
    if list_name is not None:
        query = query.where(ProposalCode.list_name == list_name)
    found: Declared = {}
    for proposal_id, name, code, percent in db.execute(query).all():
        found.setdefault(proposal_id, {}).setdefault(name, []).append((code, percent))
    return found
