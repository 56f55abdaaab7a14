"""Freezing a party's access: one person can at once, two others restore it.

While a party is frozen, every role held for it gives nothing; nothing else about it changes.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.ids import uuid7
from fundops.lifecycle import Steps, advance, step
from fundops.parties import queries
from fundops.parties.models import Party, PartyFreeze
from fundops.records import snapshot

PARTY_STEPS: Steps = {
    "freeze": step("active", "frozen", Permission.PARTY_FREEZE),
    "restore": step("frozen", "active", Permission.PARTY_RESTORE),
}

FREEZE_STEPS: Steps = {
    "request_restore": step(
        "in_force", "restore_requested", Permission.PARTY_RESTORE, ("frozen_by_id",)
    ),
    "restore": step(
        "restore_requested",
        "restored",
        Permission.PARTY_RESTORE,
        ("frozen_by_id", "restore_requested_by_id"),
    ),
}
"""Whoever froze is not among the two who restore: one stolen token cannot do and undo it."""


def freeze(db: Session, actor: Actor, party: Party, reason: str) -> PartyFreeze:
    """Take away the access of the party's persons, at once."""
    advance(party, PARTY_STEPS, "freeze", actor)
    made = PartyFreeze(
        id=uuid7(),
        party_id=party.id,
        status="in_force",
        reason=reason,
        frozen_by_id=actor.person_id,
        frozen_at=clock.now(),
    )
    db.add(made)
    _record(db, actor, "party.frozen", made, reason)
    return made


def request_restore(db: Session, actor: Actor, party: Party, reason: str) -> PartyFreeze:
    """Ask that the party's access be restored. Raises ``same-person`` for whoever froze it."""
    found = queries.freeze_in_force(db, party.id)
    advance(found, FREEZE_STEPS, "request_restore", actor)
    found.restore_requested_by_id, found.restore_requested_at = actor.person_id, clock.now()
    _record(db, actor, "party.restore_requested", found, reason)
    return found


def restore(db: Session, actor: Actor, party: Party, reason: str) -> PartyFreeze:
    """Restore the party's access, as asked for by another person.

    Raises ``same-person`` for whoever froze it or asked, ``wrong-status`` if nobody asked.
    """
    found = queries.freeze_in_force(db, party.id)
    advance(found, FREEZE_STEPS, "restore", actor)
    advance(party, PARTY_STEPS, "restore", actor)
    found.restored_by_id, found.restored_at = actor.person_id, clock.now()
    _record(db, actor, "party.restored", found, reason)
    return found


def _record(db: Session, actor: Actor, action: str, made: PartyFreeze, reason: str) -> None:
    db.flush()
    audit.record(db, actor, action, "party", made.party_id, reason=reason, after=snapshot(made))
