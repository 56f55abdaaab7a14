"""Profiles of organisations: what eligibility rules ask about, said once and used in every call."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import not_, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.parties import labels
from fundops.parties.models import Party
from fundops.parties.profile_models import OrganisationProfile
from fundops.parties.profile_schemas import ProfileIn
from fundops.records import snapshot


def profile_of(db: Session, party_id: UUID) -> OrganisationProfile | None:
    """Return the profile of a party, fresh, if it has one."""
    query = select(OrganisationProfile).where(OrganisationProfile.party_id == party_id)
    return db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def party_for(db: Session, actor: Actor, party_id: UUID, permission: Permission) -> Party:
    """Return a party whose profile ``actor`` may use so; raise ``not-found`` otherwise.

    A profile tells who a party is, so that of a protected party is there only for those who may
    know it.
    """
    query = select(Party).where(Party.id == party_id, not_(labels.hidden_column(actor)))
    parties = actor.parties(permission)
    if parties is not None:
        query = query.where(Party.id.in_(parties))
    found: Party | None = db.execute(query).scalar_one_or_none()
    if found is None:
        raise Problem("not-found")
    return found


def get_visible(db: Session, actor: Actor, party_id: UUID) -> OrganisationProfile:
    """Return the profile of a party; raise ``not-found`` where there is none to see."""
    party = party_for(db, actor, party_id, Permission.PROFILE_READ)
    found = profile_of(db, party.id)
    if found is None:
        raise Problem("not-found")
    return found


def save(
    db: Session,
    actor: Actor,
    party: Party,
    profile: OrganisationProfile | None,
    given: ProfileIn,
) -> OrganisationProfile:
    """Put what is given in the place of a profile, or make one; told with before and after.

    Raises ``invalid-request`` for what cannot be right.
    """
    values = _values(given)
    if profile is None:
        profile = OrganisationProfile(
            id=uuid7(), party_id=party.id, created_at=clock.now(), **values
        )
        db.add(profile)
        db.flush()
        audit.record(
            db, actor, "organisation_profile.created", "organisation_profile", profile.id,
            after=snapshot(profile),
        )  # fmt: skip
        return profile
    changed = {name: value for name, value in values.items() if getattr(profile, name) != value}
    before = {name: getattr(profile, name) for name in changed}
    for name, value in changed.items():
        setattr(profile, name, value)
    db.flush()
    if changed:
        audit.record(
            db, actor, "organisation_profile.changed", "organisation_profile", profile.id,
            before=before, after=changed,
        )  # fmt: skip
    return profile


def _values(given: ProfileIn) -> dict[str, Any]:
    """Return the columns of a profile. Raises ``invalid-request``."""
    today = clock.today("UTC")
    for name in ("registered_on", "assisting_since_on"):
        day = getattr(given, name)
        if day is not None and day > today:
            raise invalid(f"/{name}", "validation.future")
    if given.annual_budget is not None and given.annual_budget_year is None:
        raise invalid("/annual_budget_year", "profile.year_needed")
    budget = given.annual_budget
    values = given.model_dump(exclude={"annual_budget", "languages"})
    return values | {
        "annual_budget_minor": budget.minor("/annual_budget", zero=True) if budget else None,
        "annual_budget_currency": budget.currency if budget else None,
        "languages": json.dumps(sorted(set(given.languages))),
    }
