"""Preparing grant agreements: from the awarded proposal without retyping, or as an officer says.

Where less is awarded than was asked for, each line gets its part of the award by largest remainder
and the version says that it needs revision: it cannot be offered before an officer has set its
lines. Until it is signed an officer may change a version; one made by an amendment is as approved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import clock, money
from fundops.authz import Actor
from fundops.errors import Problem, invalid
from fundops.grants import agreement_content as content
from fundops.grants import agreement_queries as queries
from fundops.grants import agreement_writing as writing
from fundops.grants.agreement_content import Agreed, Line, Result
from fundops.grants.agreement_models import GrantAgreementVersion
from fundops.grants.agreement_queries import Held
from fundops.grants.agreement_schemas import (
    GrantAgreementIn,
    GrantAgreementPatch,
    lines_of,
    results_of,
)
from fundops.grants.agreement_steps import VERSION_STEPS
from fundops.grants.models import Grant
from fundops.grants.rules import refuse_interest
from fundops.grants.schemas import shares_of
from fundops.ledger.models import Fund
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.proposals.models import (
    Proposal,
    ProposalBudgetLine,
    ProposalCode,
    ProposalResult,
    ProposalVersion,
)
from fundops.records import snapshot

PREPARED_FOR = ("conditional", "awarded")
"""Statuses of grants whose agreement may be prepared and offered."""


@dataclasses.dataclass(frozen=True)
class _Proposed:
    """What a proposal says of its grant."""

    language: str
    lines: tuple[Line, ...] = ()
    results: tuple[Result, ...] = ()


def prepare(
    db: Session, actor: Actor, fund: Fund, grant: Grant, given: GrantAgreementIn | None = None
) -> GrantAgreementVersion:
    """Prepare a version of a grant's agreement, from its proposal and what is given beside it.

    Raises ``wrong-status`` for a grant that has ended, ``conflict`` where a version is on its way
    or in force, ``invalid-request`` for what neither the proposal nor the request says.
    """
    given = given or GrantAgreementIn()
    if grant.status not in PREPARED_FOR:
        raise Problem("wrong-status", action="prepare an agreement", status=grant.status)
    refuse_interest(db, actor, grant.grantee_id)
    agreement = writing.agreement_of(db, actor, grant)
    if queries.in_force(db, grant.id) is not None:
        raise Problem("conflict", detail=text("agreements.amend_instead"))
    if queries.open_version(db, agreement.id) is not None:
        raise Problem("conflict", detail=text("constraint.version_open"))
    proposed = _proposed(db, grant)
    agreed, is_scaled = _first(fund, grant, proposed, given)
    found = content.faults(agreed, shares_of(grant.objectives), fund.base_currency)
    if found and (given.budget is not None or not agreed.lines):
        raise Problem("invalid-request", errors=found)
    return writing.add_version(
        db, actor, fund, grant, agreement, agreed, prepared_by_id=actor.person_id,
        needs_revision=is_scaled or bool(found),
    )  # fmt: skip


def change(
    db: Session, actor: Actor, fund: Fund, held: Held, patch: GrantAgreementPatch
) -> GrantAgreementVersion:
    """Change a version before it is signed; one that was offered is a draft again.

    Raises ``wrong-status`` once it is signed, ``conflict`` for an amendment's version, whose text
    was approved as it is.
    """
    grant, version = held.grant, held.version
    _refuse_amendment(version)
    refuse_interest(db, actor, grant.grantee_id)
    before = snapshot(version)
    advance(version, VERSION_STEPS, "revise", actor)
    agreed = _patched(content.read(held.text.content), fund, patch)
    agreed = dataclasses.replace(agreed, amount_minor=grant.awarded_minor)
    found = content.faults(agreed, shares_of(grant.objectives), fund.base_currency)
    is_whole = "budget" in patch.model_fields_set
    if found and (is_whole or any(not one.pointer.startswith("/budget") for one in found)):
        raise Problem("invalid-request", errors=found)
    version.text_number += 1
    version.offered_by_id = version.offered_at = None
    if is_whole:
        version.needs_revision = False
    db.flush()
    writing.add_text(
        db, actor, fund, grant, version, agreed, written_by_id=actor.person_id, at=clock.now()
    )
    writing.record(db, actor, "grant_agreement_version.changed", version, grant, before=before)
    return version


def _refuse_amendment(version: GrantAgreementVersion) -> None:
    if version.amendment_id is not None:
        raise Problem("conflict", detail=text("agreements.as_approved"))


def _first(
    fund: Fund, grant: Grant, proposed: _Proposed, given: GrantAgreementIn
) -> tuple[Agreed, bool]:
    """Return the first text, and whether its lines were scaled to the award."""
    starts_on = given.starts_on or grant.starts_on
    ends_on = given.ends_on or grant.ends_on
    if starts_on is None:
        raise invalid("/starts_on", "agreements.period_needed")
    if ends_on is None:
        raise invalid("/ends_on", "agreements.period_needed")
    if ends_on < starts_on:
        raise invalid("/ends_on", "validation.dates_order")
    is_scaled = False
    if given.budget is not None:
        lines = lines_of(given.budget, fund)
    else:
        lines, is_scaled = scaled(proposed.lines, grant.awarded_minor)
    results = proposed.results if given.results is None else results_of(given.results)
    agreed = Agreed(
        given.title or grant.title,
        given.language or proposed.language,
        starts_on,
        ends_on,
        grant.awarded_minor,
        given.special_conditions,
        lines,
        results,
    )
    return agreed, is_scaled


def scaled(lines: tuple[Line, ...], amount_minor: int) -> tuple[tuple[Line, ...], bool]:
    """Return lines that sum to an amount, each its part of it, and whether any had to change."""
    total = sum(line.amount_minor for line in lines)
    if total in (0, amount_minor):
        return lines, total == 0 and bool(lines)
    parts = money.allocate(amount_minor, [line.amount_minor for line in lines])
    return tuple(
        dataclasses.replace(line, amount_minor=part)
        for line, part in zip(lines, parts, strict=True)
    ), True


def _patched(agreed: Agreed, fund: Fund, patch: GrantAgreementPatch) -> Agreed:
    given: dict[str, Any] = {
        name: getattr(patch, name)
        for name in patch.model_fields_set
        if name not in ("budget", "results")
    }
    if patch.budget is not None:
        given["lines"] = lines_of(patch.budget, fund)
    if patch.results is not None:
        given["results"] = results_of(patch.results)
    return dataclasses.replace(agreed, **given)


def _proposed(db: Session, grant: Grant) -> _Proposed:
    """Return what the submitted proposal of a grant says: language, lines and results."""
    proposal = None if grant.proposal_id is None else db.get(Proposal, grant.proposal_id)
    if proposal is None:
        return _Proposed("en")
    query = select(ProposalVersion.id).where(
        ProposalVersion.proposal_id == proposal.id,
        ProposalVersion.number == proposal.submitted_number,
    )
    version_id = db.execute(query).scalar_one_or_none()
    shares = shares_of(grant.objectives) or _declared(db, version_id)
    lines = db.execute(
        select(ProposalBudgetLine)
        .where(ProposalBudgetLine.version_id == version_id)
        .order_by(ProposalBudgetLine.number)
    ).scalars()
    results = db.execute(
        select(ProposalResult)
        .where(ProposalResult.version_id == version_id)
        .order_by(ProposalResult.number)
    ).scalars()
    return _Proposed(
        proposal.language,
        tuple(_line(line, shares) for line in lines),
        tuple(Result(one.indicator, one.baseline, one.target, one.note) for one in results),
    )


def _line(line: ProposalBudgetLine, shares: Mapping[int, int]) -> Line:
    """Return a line as agreed: under its one objective, or under the shares of the whole."""
    objectives = dict(shares) if line.objective is None else {line.objective: 100}
    return Line(line.category, line.description, objectives, line.total_minor)


def _declared(db: Session, version_id: Any) -> dict[int, int]:
    query = select(ProposalCode.code, ProposalCode.percent).where(
        ProposalCode.version_id == version_id, ProposalCode.list_name == "objective"
    )
    return {int(code): percent for code, percent in db.execute(query) if percent}
