"""Amendments: asked for by one side, approved by others, then a version of the agreement.

The requester, and whoever changed what is asked for, never approves it; each approval is of one
content and is void once that changes. When the roles that the thresholds name have approved, it
becomes the next version: offered to the grantee to sign, or in force at once where it is by notice.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.errors import Problem, invalid
from fundops.grants import agreement_content as content
from fundops.grants import agreement_queries, agreement_signing, amendment_queries, award_changes
from fundops.grants import agreement_writing as writing
from fundops.grants import amendment_rules as rules
from fundops.grants.agreement_content import Agreed
from fundops.grants.agreement_queries import Held
from fundops.grants.agreement_schemas import lines_of, results_of
from fundops.grants.amendment_models import AmendmentApproval, GrantAmendment
from fundops.grants.amendment_rules import Thresholds
from fundops.grants.amendment_schemas import (
    AmendmentChangeIn,
    AmendmentIn,
    AmendmentPatch,
    ApproveAmendmentIn,
)
from fundops.grants.amendment_steps import AMENDMENT_STEPS, take
from fundops.grants.amendment_terms import thresholds_in_force
from fundops.grants.models import Grant
from fundops.grants.rules import base_minor, refuse_interest
from fundops.grants.schemas import shares_of
from fundops.grants.telling import tell_of_amendment
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.messages.said import words
from fundops.parties.hands import refuse_behind
from fundops.records import snapshot
from fundops.roles import ROLE_PERMISSIONS
from fundops.trail import DIGESTED

MAX_AMENDMENTS = 60
"""Amendments that may be asked for of one grant."""
_DIGESTED = DIGESTED["grant_amendments"]


def request(
    db: Session, actor: Actor, fund: Fund, grant: Grant, given: AmendmentIn,
    thresholds: Thresholds | None = None,
) -> GrantAmendment:  # fmt: skip
    """Ask for a change of the agreement in force.

    Raises ``wrong-status`` for a grant that is suspended or has ended, ``conflict`` where nothing
    is in force or another amendment is on its way, ``invalid-request`` for what the kind may not
    change.
    """
    _require_running(grant)
    held = _in_force(db, grant)
    if amendment_queries.live(db, grant.id) is not None:
        raise Problem("conflict", detail=text("constraint.amendment_live"))
    number = amendment_queries.count(db, grant.id) + 1
    if number > MAX_AMENDMENTS:
        raise Problem("conflict", detail=text("amendments.too_many", maximum=MAX_AMENDMENTS))
    amendment = GrantAmendment(
        id=uuid7(),
        grant_id=grant.id,
        fund_id=fund.id,
        number=number,
        base_number=held.version.number,
        kind=given.kind,
        status="requested",
        reason=given.reason,
        by_grantee=_is_grantee(actor, grant),
        requested_by_id=actor.person_id,
        requested_at=clock.now(),
        written_by_id=actor.person_id,
    )
    _write(db, fund, held, amendment, given.changes, thresholds)
    db.add(amendment)
    db.flush()
    audit.record(
        db, actor, "grant_amendment.requested", "grant_amendment", amendment.id, fund_id=fund.id,
        reason=given.reason, after=snapshot(amendment, without=_DIGESTED),
    )  # fmt: skip
    return amendment


def change(
    db: Session, actor: Actor, fund: Fund, grant: Grant, amendment: GrantAmendment,
    patch: AmendmentPatch, thresholds: Thresholds | None = None,
) -> GrantAmendment:  # fmt: skip
    """Ask for another change instead; approvals that were given are void.

    ``changes`` are given whole, from what is in force.
    """
    _require_running(grant)
    _require_side(actor, grant, amendment)
    if amendment.status != "requested":
        raise Problem("wrong-status", action="change", status=amendment.status)
    before = snapshot(amendment, without=_DIGESTED)
    sha256 = amendment.sha256
    if patch.reason is not None:
        amendment.reason = patch.reason
    if patch.changes is not None:
        _write(db, fund, _in_force(db, grant), amendment, patch.changes, thresholds)
        amendment.written_by_id = actor.person_id
    db.flush()
    audit.record(
        db, actor, "grant_amendment.changed", "grant_amendment", amendment.id, fund_id=fund.id,
        before=before, after=snapshot(amendment, without=_DIGESTED),
    )  # fmt: skip
    if amendment.sha256 != sha256 or patch.reason is not None:
        _void_approvals(db, actor, amendment)
    return amendment


def approve(
    db: Session, actor: Actor, fund: Fund, grant: Grant, amendment: GrantAmendment,
    given: ApproveAmendmentIn,
) -> GrantAmendment:  # fmt: skip
    """Approve what was seen, in a role that is needed; the last approval lets it go on.

    Raises ``stale`` for another content, ``same-person`` for who asked for it or changed it,
    ``already-exists`` for a second approval, ``conflict`` in a role that is not needed, and
    ``not-fundable`` where there is no money for it.
    """
    _require_running(grant)
    refuse_interest(db, actor, grant.grantee_id)
    if given.sha256 != amendment.sha256:
        raise Problem("stale", detail=text("agreements.another_text"))
    # Judged before it is recorded, although the step is taken by the last approval alone.
    advance(_Judged(amendment), AMENDMENT_STEPS, "approve", actor)
    standing = amendment_queries.standing(db, amendment.id)
    if any(one.person_id == actor.person_id for one in standing):
        raise Problem("already-exists", detail=text("constraint.amendment_approved"))
    before = [amendment.requested_by_id, amendment.written_by_id]
    before += [one.person_id for one in standing]
    refuse_behind(db, actor, Permission.AMENDMENT_APPROVE, amendment, before, action="approve")
    missing = rules.still_needed(json.loads(amendment.needed), [one.role for one in standing])
    role = _role(actor, fund, missing)
    _add_approval(db, actor, amendment, role)
    missing.remove(role)
    if not missing:
        _carry(db, actor, fund, grant, amendment)
    return amendment


class _Judged:
    """Stands for an amendment whose step is judged and not taken."""

    def __init__(self, amendment: GrantAmendment) -> None:
        self.status = amendment.status
        self.requested_by_id = amendment.requested_by_id
        self.written_by_id = amendment.written_by_id


def reject(
    db: Session, actor: Actor, grant: Grant, amendment: GrantAmendment, reason: str
) -> GrantAmendment:
    """Refuse what is asked for; nothing changes."""
    refuse_interest(db, actor, grant.grantee_id)
    take(db, actor, amendment, "reject", reason)
    tell_of_amendment(db, amendment, grant)
    return amendment


def withdraw(
    db: Session, actor: Actor, grant: Grant, amendment: GrantAmendment, reason: str
) -> GrantAmendment:
    """Take back what one's own side asked for, before it is approved."""
    _require_side(actor, grant, amendment)
    take(db, actor, amendment, "withdraw", reason)
    return amendment


def _require_running(grant: Grant) -> None:
    if grant.status != "awarded":
        raise Problem("wrong-status", action="amend", status=grant.status)


def _is_grantee(actor: Actor, grant: Grant) -> bool:
    """Return whether an actor asks as the grantee; who acts for both sides does so."""
    return any(
        one.role in PARTY_ROLES and one.party_id == grant.grantee_id
        for one in actor.holding(Permission.AMENDMENT_REQUEST)
    )


def _require_side(actor: Actor, grant: Grant, amendment: GrantAmendment) -> None:
    if _is_grantee(actor, grant) is not amendment.by_grantee:
        raise Problem("conflict", detail=text("amendments.other_side"))


def _in_force(db: Session, grant: Grant) -> Held:
    held = agreement_queries.held_in_force(db, grant.id)
    if held is None:
        raise Problem("conflict", detail=text("amendments.nothing_in_force"))
    return held


def _write(
    db: Session, fund: Fund, held: Held, amendment: GrantAmendment, changes: AmendmentChangeIn,
    thresholds: Thresholds | None,
) -> None:  # fmt: skip
    """Set what an amendment asks for, how much that changes and whose approval it takes."""
    before = content.read(held.text.content)
    after = _amended(before, fund, changes)
    found = rules.refusals(amendment.kind, before, after)
    found += content.faults(after, shares_of(held.grant.objectives), fund.base_currency)
    if found:
        raise Problem("invalid-request", errors=found)
    base = amendment_queries.amount_set_in(db, held.agreement.id)
    amendment.measure = rules.measured(amendment.kind, base, after)
    bands = thresholds_in_force(db, fund) if thresholds is None else thresholds
    needed = rules.approvals_needed(amendment.kind, amendment.measure, bands)
    amendment.needed = audit.canonical(list(needed.roles))
    amendment.by_notice = needed.by_notice
    amendment.content, amendment.sha256 = content.stored(
        after,
        grant=held.grant.code,
        number=held.agreement.last_number + 1,
        currency=fund.base_currency,
    )
    if len(amendment.content) > writing.MAX_CONTENT:
        raise invalid("/budget", "agreements.too_large", maximum=writing.MAX_CONTENT)


def _amended(agreed: Agreed, fund: Fund, changes: AmendmentChangeIn) -> Agreed:
    plain = ("title", "language", "ends_on", "special_conditions")
    given: dict[str, Any] = {
        name: getattr(changes, name) for name in plain if name in changes.model_fields_set
    }
    if changes.amount is not None:
        given["amount_minor"] = base_minor(fund, changes.amount, "/amount")
    if changes.budget is not None:
        given["lines"] = lines_of(changes.budget, fund)
    if changes.results is not None:
        given["results"] = results_of(changes.results)
    return dataclasses.replace(agreed, **given)


def _role(actor: Actor, fund: Fund, missing: list[str]) -> str:
    """Return the role, held for the fund, in which a person's approval is still needed."""
    held = {
        one.role.value
        for one in actor.held
        if one.fund_id in (None, fund.id)
        and Permission.AMENDMENT_APPROVE in ROLE_PERMISSIONS[one.role]
    }
    found = [role for role in missing if role in held]
    if not found:
        roles = words(role.replace("_", " ") for role in missing)
        raise Problem("conflict", detail=text("amendments.role_not_needed", roles=roles))
    return found[0]


def _add_approval(db: Session, actor: Actor, amendment: GrantAmendment, role: str) -> None:
    approval = AmendmentApproval(
        id=uuid7(),
        amendment_id=amendment.id,
        person_id=actor.person_id,
        requested_by_id=amendment.requested_by_id,
        written_by_id=amendment.written_by_id,
        role=role,
        sha256=amendment.sha256,
        approved_at=clock.now(),
    )
    db.add(approval)
    db.flush()
    audit.record(
        db, actor, "amendment_approval.given", "amendment_approval", approval.id,
        fund_id=amendment.fund_id, after=snapshot(approval),
    )  # fmt: skip


def _void_approvals(db: Session, actor: Actor, amendment: GrantAmendment) -> None:
    for approval in amendment_queries.standing(db, amendment.id):
        approval.voided_at = clock.now()
        db.flush()
        audit.record(
            db, actor, "amendment_approval.voided", "amendment_approval", approval.id,
            fund_id=amendment.fund_id, reason=text("amendments.changed"),
            before={"voided_at": None}, after={"voided_at": approval.voided_at},
        )  # fmt: skip


def _carry(db: Session, actor: Actor, fund: Fund, grant: Grant, amendment: GrantAmendment) -> None:
    """Make an approved amendment the next version: offered, or in force where it is by notice."""
    held = _in_force(db, grant)
    agreed = content.read(amendment.content)
    award_changes.check(db, actor, fund, grant, agreed.amount_minor)
    take(db, actor, amendment, "approve")
    tell_of_amendment(db, amendment, grant)
    version = writing.add_version(
        db, actor, fund, grant, held.agreement, agreed, prepared_by_id=amendment.written_by_id,
        amendment_id=amendment.id, by_notice=amendment.by_notice,
    )  # fmt: skip
    made = agreement_queries.of_version(db, version.id)
    assert made.text.sha256 == amendment.sha256, "what is offered is what was approved"
    if amendment.by_notice:
        agreement_signing.into_force(db, actor, fund, made, "take_effect")
    else:
        agreement_signing.offer(db, actor, fund, made)
