"""Waivers: one person asks that something need not be done, another decides."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.files import service as files
from fundops.files.models import File
from fundops.grants.models import Grant
from fundops.grants.rules import refuse_interest
from fundops.grants.schedule_models import Requirement, TrancheCondition
from fundops.grants.schedule_schemas import EvidenceIn
from fundops.lifecycle import Steps, advance, step
from fundops.records import snapshot

Subject = Requirement | TrancheCondition


def waiver_steps(pending: str) -> Steps:
    """Return the steps of a waiver of what is ``pending`` until it is done or met."""
    other = ("waiver_requested_by_id",)
    asked = "waiver_requested"
    return {
        "request_waiver": step(pending, asked, Permission.REQUIREMENT_RECORD),
        "waive": step(asked, "waived", Permission.REQUIREMENT_WAIVE, other),
        "refuse_waiver": step(asked, pending, Permission.REQUIREMENT_WAIVE, other),
    }


def request(
    db: Session, actor: Actor, grant: Grant, subject: Subject, steps: Steps, reason: str
) -> None:
    """Ask to waive; nothing is waived before another person decides so.

    Raises ``conflict-of-interest`` for an actor with a role for the grantee.
    """
    check_actor(db, actor, grant)
    before = snapshot(subject)
    advance(subject, steps, "request_waiver", actor)
    subject.waiver_reason = reason
    subject.waiver_requested_by_id = actor.person_id
    subject.waiver_requested_at = clock.now()
    record(db, actor, "waiver_requested", grant, subject, reason, before)


def waive(db: Session, actor: Actor, grant: Grant, subject: Subject, steps: Steps) -> None:
    """Waive what another person has asked to. Raises ``same-person`` for whoever asked."""
    check_actor(db, actor, grant)
    before = snapshot(subject)
    advance(subject, steps, "waive", actor)
    subject.waived_by_id = actor.person_id
    subject.waived_at = clock.now()
    record(db, actor, "waived", grant, subject, subject.waiver_reason, before)


def refuse(
    db: Session, actor: Actor, grant: Grant, subject: Subject, steps: Steps, reason: str
) -> None:
    """Refuse a waiver: it is to be done as before. Raises ``same-person`` for whoever asked."""
    check_actor(db, actor, grant)
    before = snapshot(subject)
    advance(subject, steps, "refuse_waiver", actor)
    forget(subject)
    record(db, actor, "waiver_refused", grant, subject, reason, before)


def forget(subject: Subject) -> None:
    """Take back a waiver that was asked for and is not decided, or is not needed any more."""
    subject.waiver_reason = None
    subject.waiver_requested_by_id = None
    subject.waiver_requested_at = None


def check_actor(db: Session, actor: Actor, grant: Grant) -> None:
    """Refuse whoever has an interest in the grantee, and any change to a grant that has ended."""
    if grant.status in ("closed", "cancelled"):
        raise Problem("wrong-status", action="change", status=grant.status)
    refuse_interest(db, actor, grant.grantee_id)


def put_evidence(
    db: Session, actor: Actor, grant: Grant, subject: Subject, given: EvidenceIn
) -> None:
    """Note what shows that something is done: words, or a file of the grantee's, or both.

    Raises ``invalid-request`` for neither, and for a file of somebody else or out of reach.
    """
    if given.note is None and given.file_id is None:
        raise invalid("/note", "requirements.evidence_missing")
    if given.file_id is not None:
        _file(db, actor, grant, given)
    subject.evidence_note, subject.evidence_file_id = given.note, given.file_id


def _file(db: Session, actor: Actor, grant: Grant, given: EvidenceIn) -> File:
    assert given.file_id is not None
    try:
        found = files.get_visible(db, actor, given.file_id, Permission.FILE_READ)
    except Problem as problem:
        if problem.slug != "not-found":
            raise
        raise invalid("/file_id", "validation.unknown_record") from problem
    if found.party_id not in (None, grant.grantee_id):
        raise invalid("/file_id", "validation.unknown_record")
    return found


def record(
    db: Session,
    actor: Actor,
    what: str,
    grant: Grant,
    subject: Subject,
    reason: str | None,
    before: dict[str, object] | None,
) -> None:
    """Write the audit event of a step of a requirement or condition."""
    db.flush()
    kind = "requirement" if isinstance(subject, Requirement) else "tranche_condition"
    audit.record(
        db, actor, f"{kind}.{what}", kind, subject.id, fund_id=grant.fund_id, reason=reason,
        before=before, after=snapshot(subject),
    )  # fmt: skip
