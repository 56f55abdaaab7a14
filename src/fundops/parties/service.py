"""Parties: registering and changing them, and reviewing the spellings of their names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock, codes
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.messages import text
from fundops.parties.flags import follow
from fundops.parties.labels import is_protected
from fundops.parties.models import Party, PartyAlias
from fundops.parties.schemas import AliasIn, PartyIn, PartyPatch
from fundops.records import apply_patch, snapshot

PROTECTIONS = ("is_at_risk", "is_anonymous")
SHORT_NAME = 4
"""Names shorter than this may stand inside another word, so only the whole label is compared."""


def create_party(db: Session, author: audit.Author, given: PartyIn) -> Party:
    """Register a party. Raises ``invalid-request`` for a label that tells a protected name."""
    party = Party(
        id=uuid7(),
        code=_new_code(db, at_risk=given.is_at_risk),
        **given.model_dump(exclude={"public_label"}),
        public_label=given.public_label or given.name,
        status="active",
        created_at=clock.now(),
    )
    _protect_label(party, chosen=given.public_label is not None, names=(party.name,))
    db.add(party)
    db.flush()
    audit.record(db, author, "party.created", "party", party.id, after=snapshot(party))
    return party


def change_party(db: Session, author: audit.Author, party: Party, patch: PartyPatch) -> Party:
    """Change a party; its label and code follow its protection, never the other way round. Who
    publishes is told of a protection that is new (``flags``).

    Raises ``invalid-request`` for a label that tells a protected name, ``not-allowed`` for lifting
    a protection without the right to restore parties, held for all funds.
    """
    was = snapshot(party)
    apply_patch(party, patch)
    if any(was[name] and not getattr(party, name) for name in PROTECTIONS):
        _require_restorer(author)
    chosen = "public_label" in patch.model_fields_set
    if is_protected(party) and not (chosen or was["is_at_risk"] or was["is_anonymous"]):
        # Whatever label it had while it could be named may tell who it is.
        party.public_label = _neutral_label(party)
    elif not is_protected(party) and not chosen and was["public_label"] == was["name"]:
        party.public_label = party.name
    if party.is_at_risk and not was["is_at_risk"]:
        # The old code was given out in order and may stand beside the name in older papers.
        party.code = _new_code(db, at_risk=True)
    _protect_label(party, chosen=chosen, names=(was["name"], party.name))
    db.flush()
    before, after = _difference(was, snapshot(party, without=frozenset({"version"})))
    audit.record(db, author, "party.changed", "party", party.id, before=before, after=after)
    if any(getattr(party, name) and not was[name] for name in PROTECTIONS):
        follow(db, author, party)
    return party


def add_alias(db: Session, author: audit.Author, party: Party, given: AliasIn) -> PartyAlias:
    """Record that the author has reviewed a spelling and that it means ``party``.

    A spelling noted by an import but not reviewed yet is settled so; one in use belongs to its
    party (``already-exists``).
    """
    alias = db.execute(
        select(PartyAlias)
        .where(PartyAlias.spelling == given.spelling)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if alias is None:
        alias = PartyAlias(id=uuid7(), spelling=given.spelling, created_at=clock.now())
        before = None
    elif alias.reviewed_by_id is not None:
        raise Problem("already-exists", detail=text("constraint.alias_spelling"))
    else:
        before = snapshot(alias)
    alias.party_id, alias.reviewed_by_id = party.id, author.person_id
    db.add(alias)
    db.flush()
    audit.record(
        db,
        author,
        "party_alias.reviewed",
        "party_alias",
        alias.id,
        before=before,
        after=snapshot(alias),
    )
    return alias


def _require_restorer(author: audit.Author) -> None:
    """A party belongs to no fund: who works for one alone does not expose it to all."""
    if not isinstance(author, Actor):
        return
    right = Permission.PARTY_RESTORE
    if not author.allows(right) or author.funds(right) is not None:
        raise Problem("not-allowed")


def _new_code(db: Session, *, at_risk: bool) -> str:
    return codes.random_code("PTY") if at_risk else codes.next_code(db, "PTY", clock.now().year)


def _protect_label(party: Party, *, chosen: bool, names: tuple[str, ...]) -> None:
    """Give a protected party a neutral label, and refuse a chosen one that tells its name."""
    if not is_protected(party) or not any(_tells(party.public_label, name) for name in names):
        return
    if chosen:
        raise invalid("/public_label", "validation.label_tells_name")
    party.public_label = _neutral_label(party)


def _neutral_label(party: Party) -> str:
    return text("party.label.at_risk" if party.is_at_risk else "party.label.anonymous")


def _tells(label: str, name: str) -> bool:
    label, name = label.casefold(), name.casefold()
    return label == name or (len(name) >= SHORT_NAME and name in label)


def _difference(
    was: dict[str, Any], became: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    changed = [name for name, value in became.items() if value != was[name]]
    return {name: was[name] for name in changed}, {name: became[name] for name in changed}
