"""Signing grant agreements: offered, signed by the grantee, countersigned, in force.

Two persons of two parties: who signs acts for the grantee, who countersigns does so for the fund,
wrote none of it, and has no interest in the grantee. Both state the SHA-256 of the text they saw.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.files import queries as files
from fundops.grants import agreement_content as content
from fundops.grants import agreement_hooks as hooks
from fundops.grants import agreement_queries as queries
from fundops.grants import agreement_receipts as receipts
from fundops.grants import agreement_writing as writing
from fundops.grants import amendment_steps, award_changes
from fundops.grants.agreement_queries import Held
from fundops.grants.agreement_receipts import ChainPlace
from fundops.grants.agreement_schemas import RecordSignatureIn, SignIn
from fundops.grants.agreement_steps import VERSION_EVENTS, VERSION_STEPS
from fundops.grants.models import Grant
from fundops.grants.rules import past_day, refuse_interest
from fundops.grants.schemas import shares_of
from fundops.grants.telling import tell_of_version
from fundops.ledger.models import Fund
from fundops.lifecycle import advance
from fundops.messages import text
from fundops.parties.hands import hands_of
from fundops.parties.models import Party
from fundops.proposals.receipts import Signs
from fundops.records import snapshot

SIGNABLE = ("conditional", "awarded")
"""Statuses of grants whose agreement may be signed; to be in force takes money that is there."""


def offer(db: Session, actor: Actor, fund: Fund, held: Held) -> None:
    """Offer a draft to the grantee. Raises ``conflict`` with all that is not whole yet."""
    grant, version = held.grant, held.version
    _require(grant, SIGNABLE)
    refuse_interest(db, actor, grant.grantee_id)
    agreed = content.read(held.text.content)
    found = content.faults(agreed, shares_of(grant.objectives), fund.base_currency)
    if version.needs_revision:
        raise Problem("conflict", detail=text("agreements.needs_revision"), errors=found)
    if found:
        raise Problem("conflict", detail=found[0].detail, errors=found)
    before = _advance(actor, held, "offer")
    version.offered_by_id, version.offered_at = actor.person_id, clock.now()
    _record(db, actor, held, "offer", before)


def sign(db: Session, actor: Actor, held: Held, given: SignIn) -> None:
    """Sign for the grantee what was seen.

    Raises ``stale`` for another text than is offered, ``same-person`` for who prepared it.
    """
    grant, version = held.grant, held.version
    _require(grant, SIGNABLE)
    _check_seen(held, given.sha256)
    before = _advance(actor, held, "sign")
    hands = hands_of(db, actor, Permission.GRANT_AGREEMENT_SIGN)
    is_own = queries.has_written(db, version.id, hands)
    if version.amendment_id is None and is_own:
        raise Problem("same-person", detail=text("constraint.version_signed_by_other"))
    version.signed_by_id, version.signed_at = actor.person_id, clock.now()
    version.signed_on = clock.today(_zone(db, grant))
    _record(db, actor, held, "sign", before)


def record_signature(db: Session, actor: Actor, held: Held, given: RecordSignatureIn) -> None:
    """Record that the grantee signed on paper, with the page as evidence.

    Whoever records cannot countersign. Raises ``invalid-request`` for a file that is not the
    grantee's or that the actor may not read.
    """
    grant, version = held.grant, held.version
    _require(grant, SIGNABLE)
    refuse_interest(db, actor, grant.grantee_id)
    _check_seen(held, given.sha256)
    fund = db.get_one(Fund, grant.fund_id)
    on = past_day(fund, given.signed_on, "/signed_on")
    if on < grant.awarded_on:
        raise invalid("/signed_on", "grants.before_award")
    found = files.visible_file(actor, given.file_id, Permission.FILE_READ)
    file = db.execute(found).scalar_one_or_none()
    if file is None or file.party_id != grant.grantee_id:
        raise invalid("/file_id", "validation.unknown_record")
    before = _advance(actor, held, "record_signature")
    version.recorded_by_id, version.signed_at = actor.person_id, clock.now()
    version.evidence_file_id, version.signing_office = given.file_id, given.signing_office
    version.signed_on = on
    _record(db, actor, held, "record_signature", before)


def countersign(
    db: Session, actor: Actor, fund: Fund, held: Held, given: SignIn, *, signer: Signs
) -> None:
    """Countersign for the fund what the grantee signed; from now on it is in force.

    Raises ``same-person`` for whoever wrote, signed or recorded any of it,
    ``conflict-of-interest``, ``stale``, and what changing the award raises (``not-fundable``).
    """
    _check_seen(held, given.sha256)
    refuse_interest(db, actor, held.grant.grantee_id)
    hands = hands_of(db, actor, Permission.GRANT_AGREEMENT_COUNTERSIGN, fund.id)
    if queries.has_written(db, held.version.id, hands):
        raise Problem("same-person", detail=text("constraint.version_two_persons"))
    place = into_force(db, actor, fund, held, "countersign")
    receipts.issue(db, actor, fund, held, place, signer=signer)


def decline(db: Session, actor: Actor, held: Held, reason: str) -> None:
    """Decline, for the grantee, what is offered."""
    _end(db, actor, held, "decline", reason)


def withdraw(db: Session, actor: Actor, held: Held, reason: str) -> None:
    """Take a version back before it is in force."""
    refuse_interest(db, actor, held.grant.grantee_id)
    _end(db, actor, held, "withdraw", reason)


def into_force(db: Session, actor: Actor, fund: Fund, held: Held, action: str) -> ChainPlace:
    """Let a version take the place of the one before it, with its money.

    Returns where the audit chain tells of it.
    """
    grant, version = held.grant, held.version
    _require(grant, ("awarded",))
    if db.get_one(Party, grant.grantee_id, populate_existing=True).status != "active":
        raise Problem("conflict", detail=text("grants.grantee_frozen"))
    previous = queries.held_in_force(db, grant.id)
    now = content.read(held.text.content)
    then = None if previous is None else content.read(previous.text.content)
    if grant.awarded_minor != (now if then is None else then).amount_minor:
        raise Problem("conflict", detail=text("agreements.amount_differs"))
    if previous is not None:
        # Before the new one is written: the database holds one version in force at a time.
        _supersede(db, actor, previous)
    before = _advance(actor, held, action)
    version.in_force_at = clock.now()
    if action == "countersign":
        version.countersigned_by_id = actor.person_id
    seq = _record(db, actor, held, action, before)
    place = ChainPlace(seq, audit.lock_head(db).hash.hex())
    _take_over(db, actor, grant, now)
    if now.amount_minor != grant.awarded_minor:
        award_changes.change(db, actor, fund, grant, now.amount_minor)
    amendment_steps.follow(db, actor, version.amendment_id, "take_effect")
    hooks.came_into_force(db, actor, fund, grant, then, now)
    return place


def _supersede(db: Session, actor: Actor, previous: Held) -> None:
    before = _advance(actor, previous, "supersede")
    previous.version.ended_at = clock.now()
    _record(db, actor, previous, "supersede", before)


def _take_over(db: Session, actor: audit.Author, grant: Grant, now: content.Agreed) -> None:
    """Let the grant's title and period be those agreed."""
    agreed = {"title": now.title, "starts_on": now.starts_on, "ends_on": now.ends_on}
    before = {name: getattr(grant, name) for name in agreed}
    for name, value in agreed.items():
        setattr(grant, name, value)
    db.flush()
    audit.record(
        db, actor, "grant.agreement_in_force", "grant", grant.id, fund_id=grant.fund_id,
        before=before, after=agreed,
    )  # fmt: skip


def _end(db: Session, actor: Actor, held: Held, action: str, reason: str) -> None:
    before = _advance(actor, held, action)
    version = held.version
    version.ended_by_id, version.ended_at = actor.person_id, clock.now()
    version.end_reason = reason
    _record(db, actor, held, action, before, reason)
    amendment_steps.follow(db, actor, version.amendment_id, "lapse", reason)


def _advance(actor: Actor, held: Held, action: str) -> dict[str, Any]:
    """Take a step of a version; return its columns as they were."""
    before = snapshot(held.version)
    advance(held.version, VERSION_STEPS, action, actor)
    return before


def _record(
    db: Session, actor: Actor, held: Held, action: str, before: dict[str, Any],
    reason: str | None = None,
) -> int:  # fmt: skip
    """Record a step that was taken and tell whom it concerns; return its event's number."""
    seq = writing.record(
        db, actor, VERSION_EVENTS[action], held.version, held.grant, reason=reason, before=before
    )
    tell_of_version(db, action, held.version, held.grant)
    return seq


def _require(grant: Grant, statuses: tuple[str, ...]) -> None:
    if grant.status not in statuses:
        raise Problem("wrong-status", action="sign the agreement", status=grant.status)


def _check_seen(held: Held, sha256: str) -> None:
    if sha256 != held.text.sha256:
        raise Problem("stale", detail=text("agreements.another_text"))


def _zone(db: Session, grant: Grant) -> str:
    return db.get_one(Fund, grant.fund_id).zone
