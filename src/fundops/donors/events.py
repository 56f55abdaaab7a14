"""Events and the political and in-kind commitments made at them; none of it is ever cash."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops import audit, clock, codes
from fundops.authz import Permission
from fundops.donors.booking import (
    ZONE_OF_EVENTS,
    changed,
    in_order,
    known_event,
    not_future,
    usable_party,
)
from fundops.donors.models import Commitment, Event
from fundops.donors.register_schemas import (
    CommitmentIn,
    CommitmentPatch,
    EventIn,
    EventPatch,
    Reason,
    given,
)
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.lifecycle import Steps, advance, step
from fundops.records import apply_patch, snapshot
from fundops.schemas import MoneyIn

COMMITMENT_STEPS: Steps = {
    "complete": step("open", "done", Permission.PLEDGE_WRITE),
    "drop": step("open", "dropped", Permission.PLEDGE_WRITE),
}


def create_event(db: Session, actor: audit.Author, wanted: EventIn) -> Event:
    """Record an event, past or planned."""
    event = Event(
        id=uuid7(),
        code=codes.next_code(db, "EVT", clock.today(ZONE_OF_EVENTS).year),
        created_at=clock.now(),
        **wanted.model_dump(),
    )
    db.add(event)
    db.flush()
    audit.record(db, actor, "event.created", "event", event.id, after=snapshot(event))
    return event


def change_event(db: Session, actor: audit.Author, event: Event, patch: EventPatch) -> Event:
    """Change an event."""
    before, after = apply_patch(event, patch)
    db.flush()
    audit.record(db, actor, "event.changed", "event", event.id, before=before, after=after)
    return event


def create_commitment(db: Session, actor: audit.Author, wanted: CommitmentIn) -> Commitment:
    """Record a commitment of an active party. Raises ``invalid-request`` for what cannot be."""
    usable_party(db, wanted.party_id, "/party_id")
    known_event(db, wanted.event_id)
    not_future(wanted.made_on, ZONE_OF_EVENTS, "/made_on")
    in_order("/follow_up_on", wanted.made_on, wanted.follow_up_on)
    minor, currency = _value(wanted.value)
    commitment = Commitment(
        id=uuid7(),
        code=codes.next_code(db, "CMT", clock.today(ZONE_OF_EVENTS).year),
        kind=wanted.kind,
        party_id=wanted.party_id,
        event_id=wanted.event_id,
        description=wanted.description,
        value_minor=minor,
        currency=currency,
        made_on=wanted.made_on,
        follow_up_on=wanted.follow_up_on,
        follow_up_note=wanted.follow_up_note,
        status="open",
        created_at=clock.now(),
    )
    db.add(commitment)
    db.flush()
    audit.record(
        db, actor, "commitment.created", "commitment", commitment.id, after=snapshot(commitment)
    )
    return commitment


def change_commitment(
    db: Session, actor: audit.Author, commitment: Commitment, patch: CommitmentPatch
) -> Commitment:
    """Change an open commitment. Raises ``wrong-status`` (409) once it is done or dropped."""
    if commitment.status != "open":
        raise Problem("wrong-status", action="change", status=commitment.status)
    values = dict(given(patch))
    known_event(db, values.get("event_id"))
    in_order("/follow_up_on", commitment.made_on, values.get("follow_up_on"))
    if "value" in values:
        values["value_minor"], values["currency"] = _value(values.pop("value"))
    before, after = changed(commitment, values)
    db.flush()
    audit.record(
        db, actor, "commitment.changed", "commitment", commitment.id, before=before, after=after
    )
    return commitment


def close_commitment(
    db: Session, actor: audit.Author, commitment: Commitment, action: str, wanted: Reason
) -> Commitment:
    """Take the step ``complete`` or ``drop``; the reason says how the commitment ended."""
    before = {"status": commitment.status}
    advance(commitment, COMMITMENT_STEPS, action, actor)
    db.flush()
    audit.record(
        db,
        actor,
        f"commitment.{commitment.status}",
        "commitment",
        commitment.id,
        reason=wanted.reason,
        before=before,
        after={"status": commitment.status},
    )
    return commitment


def _value(value: MoneyIn | None) -> tuple[int | None, str | None]:
    return (None, None) if value is None else (value.minor("/value"), value.currency)
