"""Channels: registering, replacing, retiring and verifying ways to reach people and parties.

An address is never changed in place. Whoever takes a channel away or puts another in its place
cannot do it in silence: the old channel is told, and so is every other one of the owner.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.lifecycle import Steps, advance, step
from fundops.messages import text
from fundops.notices import channel_queries as queries
from fundops.notices import codes
from fundops.notices.models import ContactChannel, Notice
from fundops.notices.schemas import ChannelIn, ChannelReplacementIn, canonical_address
from fundops.notices.service import tell
from fundops.parties.interests import has_interest
from fundops.records import snapshot
from fundops.trail import DIGESTED

CHANNEL_STEPS: Steps = {"retire": step("active", "retired", Permission.SELF_WRITE)}

MAX_ACTIVE = 10
MAX_A_DAY = 20
"""Channels in use, and registered within 24 hours, of one person or party."""

DAY = timedelta(days=1)
_UNTOLD = DIGESTED["contact_channels"] | {"secret_hash"}


def register(
    db: Session, actor: Actor, given: ChannelIn, *, party_id: UUID | None = None
) -> ContactChannel:
    """Register a channel of a party, or else of the actor; other channels of the owner are told.

    Raises ``invalid-request`` for an address that cannot be one, ``already-exists`` for one the
    owner has in use, ``conflict`` when the owner has too many.
    """
    person_id = actor.person_id if party_id is None else None
    return _add(db, actor, given, party_id, person_id, replaces=None)


def replace(
    db: Session, actor: Actor, channel: ContactChannel, given: ChannelReplacementIn
) -> ContactChannel:
    """Put another address in the place of a channel, which is retired and told so.

    The new one is not verified. Raises ``wrong-status`` for a channel that is retired, and what
    ``register`` raises.
    """
    _retire(db, actor, channel, given.reason)
    return _add(db, actor, given, channel.party_id, channel.person_id, replaces=channel.id)


def retire(db: Session, actor: Actor, channel: ContactChannel, reason: str) -> ContactChannel:
    """Take a channel out of use; it and the owner's other channels are told.

    Raises ``wrong-status`` for a channel that is retired already.
    """
    _retire(db, actor, channel, reason)
    _tell_owner(db, channel, channel_ids=(channel.id,))
    return channel


def verify(db: Session, actor: Actor, channel: ContactChannel, note: str) -> ContactChannel:
    """Record that the actor has made sure, as ``note`` says, that a channel is its owner's.

    Raises ``same-person`` for whoever registered it, ``conflict-of-interest`` for whoever acts for
    the party, ``wrong-status`` for a channel that is retired or verified.
    """
    _require_unverified(channel)
    if channel.registered_by_id == actor.person_id:
        raise Problem("same-person", action="verify")
    if channel.party_id is not None and has_interest(db, actor.person_id, channel.party_id):
        raise Problem("conflict-of-interest", detail=text("notices.own_party"))
    before = _told(channel)
    channel.verified_how, channel.verified_at = "person", clock.now()
    channel.verified_by_id = actor.person_id
    channel.secret_hash = channel.code_until = None
    db.flush()
    _record(db, actor, "contact_channel.verified", channel, note, before)
    return channel


def send_code(db: Session, actor: Actor, channel: ContactChannel) -> ContactChannel:
    """Send a code to an e-mail address; the one sent before is good no longer.

    Raises ``wrong-status`` for a channel that is retired or verified, ``conflict`` for one that
    is no e-mail address, or to which enough codes were sent for a day.
    """
    _require_unverified(channel)
    if channel.kind != "email":
        raise Problem("conflict", detail=text("notices.code_by_email_only"))
    now = clock.now()
    if queries.codes_sent(db, channel, now - DAY) >= codes.PER_DAY:
        raise Problem("conflict", detail=text("notices.codes_enough", limit=codes.PER_DAY))
    before = _told(channel)
    channel.code_until, channel.code_tries = now + codes.GOOD_FOR, 0
    db.flush()  # the channel before its notices, as whoever sends them takes them
    earlier = (Notice.channel_id == channel.id, Notice.kind == "channel_code")
    db.execute(
        update(Notice)
        .where(*earlier, Notice.status == "waiting")
        .values(status="dropped", why="expired")
    )
    _record(db, actor, "contact_channel.code_sent", channel, None, before)
    tell(db, "channel_code", channel_ids=(channel.id,), about=("contact_channel", channel.id))
    latest = select(Notice.id).where(*earlier, Notice.status == "waiting")
    code = codes.code_for(channel.address_salt, db.execute(latest).scalar_one())
    channel.secret_hash = codes.secret_hash(channel.address_salt, code)
    db.flush()
    return channel


def enter_code(db: Session, actor: Actor, channel: ContactChannel, given: str) -> ContactChannel:
    """Verify a channel by the code that was sent to it; a wrong one is counted, not refused.

    A refusal would undo the count with everything else. Raises ``wrong-status`` for a channel
    that is retired or verified, ``conflict`` when no code is good, tried too often included.
    """
    _require_unverified(channel)
    until = channel.code_until
    if until is None or until <= clock.now() or channel.code_tries >= codes.TRIES:
        raise Problem("conflict", detail=text("notices.no_code"))
    before = _told(channel)
    if codes.is_right(channel.secret_hash, channel.address_salt, given):
        channel.verified_how, channel.verified_at = "code", clock.now()
        channel.secret_hash = channel.code_until = None
        action = "contact_channel.verified"
    else:
        channel.code_tries += 1
        action = "contact_channel.code_refused"
    db.flush()
    _record(db, actor, action, channel, None, before)
    return channel


def tries_left(channel: Any) -> int | None:
    """Return how often a code may still be tried; none where no code is good."""
    until = channel.code_until
    if until is None or until <= clock.now():
        return None
    return max(codes.TRIES - int(channel.code_tries), 0)


def _require_unverified(channel: ContactChannel) -> None:
    if channel.status != "active" or channel.verified_at is not None:
        status = "verified" if channel.status == "active" else channel.status
        raise Problem("wrong-status", action="verify", status=status)


def _add(
    db: Session,
    actor: Actor,
    given: ChannelIn,
    party_id: UUID | None,
    person_id: UUID | None,
    *,
    replaces: UUID | None,
) -> ContactChannel:
    address, salt, now = canonical_address(given.kind, given.address), os.urandom(16), clock.now()
    if address is None:
        raise invalid("/address", f"notices.address.{given.kind}")
    made = ContactChannel(
        id=uuid7(),
        party_id=party_id,
        person_id=person_id,
        kind=given.kind,
        address=address,
        address_salt=salt,
        address_digest=codes.address_digest(salt, address),
        language=given.language,
        is_urgent_only=given.is_urgent_only,
        status="active",
        replaces_id=replaces,
        registered_by_id=actor.person_id,
        code_tries=0,
        created_at=now,
    )
    active, lately = queries.siblings(db, made, now - DAY)
    if any((one.kind, one.address) == (made.kind, made.address) for one in active):
        raise Problem("already-exists", detail=text("notices.channel_exists"))
    if len(active) >= MAX_ACTIVE or lately >= MAX_A_DAY:
        raise Problem("conflict", detail=text("notices.channels_enough", limit=MAX_ACTIVE))
    db.add(made)
    db.flush()
    _record(db, actor, "contact_channel.registered", made, None)
    told = () if replaces is None else (replaces,)
    _tell_owner(db, made, channel_ids=told, without_id=made.id)
    return made


def _retire(db: Session, actor: Actor, channel: ContactChannel, reason: str) -> None:
    before = _told(channel)
    advance(channel, CHANNEL_STEPS, "retire", actor)
    channel.retired_at, channel.retired_by_id = clock.now(), actor.person_id
    channel.secret_hash = channel.code_until = None
    db.flush()
    _record(db, actor, "contact_channel.retired", channel, reason, before)


def _tell_owner(
    db: Session,
    channel: ContactChannel,
    *,
    channel_ids: tuple[UUID, ...] = (),
    without_id: UUID | None = None,
) -> None:
    """Tell the owner, by every channel but the new one, that their channels have changed."""
    persons = [channel.person_id] if channel.person_id is not None else []
    tell(
        db,
        "channel_changed",
        person_ids=persons,
        party_id=channel.party_id,
        about=("contact_channel", channel.id),
        facts={"on": clock.today("UTC")},
        channel_ids=channel_ids,
        without_id=without_id,
    )


def _told(channel: ContactChannel) -> dict[str, Any]:
    """Return a channel as the audit chain may hold it: without its address."""
    return snapshot(channel, without=_UNTOLD)


def _record(
    db: Session,
    actor: Actor,
    action: str,
    channel: ContactChannel,
    reason: str | None,
    before: dict[str, Any] | None = None,
) -> None:
    record = "contact_channel"
    after = _told(channel)
    audit.record(db, actor, action, record, channel.id, reason=reason, before=before, after=after)
