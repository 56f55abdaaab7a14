"""Drafts: starting a proposal, saving it whole each time, keeping aside what came too late."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock, drafted
from fundops.authz import PARTY_ROLES, Actor, Permission
from fundops.calls.models import Call
from fundops.calls.queries import seen as calls_seen
from fundops.codes import next_code, random_code
from fundops.errors import Problem, invalid
from fundops.ids import uuid7
from fundops.messages import text
from fundops.parties import profiles, withholding
from fundops.parties.interests import has_interest
from fundops.parties.models import Party
from fundops.proposals import attachments, content, queries, screened, service, values, versions
from fundops.proposals.models import Proposal, ProposalVersion
from fundops.proposals.schemas import ProposalIn
from fundops.proposals.terms import terms_of
from fundops.records import snapshot
from fundops.vault import Vault

PREFIX = "PRP"
MAX_OF_PARTY = 50
"""Proposals of one applicant to one call, drafts and withdrawn ones among them."""


def create(db: Session, actor: Actor, given: ProposalIn, at: datetime, keys: Vault) -> Proposal:
    """Start a proposal of a party to an open call, with what is known of the party carried over.

    Raises ``invalid-request`` for a call, party or earlier proposal that the actor may not use,
    ``too-late`` after the deadline, ``conflict`` for one proposal too many.
    """
    call = _call(db, actor, given.call_id)
    party = _party(db, actor, call, given.party_id)
    service.require_open(call, None, at)
    terms = terms_of(db, call)
    if terms.languages and given.language not in terms.languages:
        languages = ", ".join(terms.languages)
        raise invalid("/language", "proposals.language", languages=languages)
    _check_count(db, call, party)
    earlier = _earlier(db, actor, party, given.copy_from)
    for_applicant = not queries.is_applicant(actor, _Of(party.id))
    now = clock.now()
    proposal = Proposal(
        id=uuid7(),
        code=random_code(PREFIX) if party.is_at_risk else next_code(db, PREFIX, call.year),
        call_id=call.id,
        party_id=party.id,
        title=given.title,
        language=given.language,
        status="draft",
        last_number=0,
        lodged_by_id=actor.person_id if for_applicant else None,
        created_by_id=actor.person_id,
        created_at=now,
    )
    db.add(proposal)
    db.flush()
    first = withholding.clean(
        db, actor, screened.KIND, withholding.for_party(db, party.id, keys), party.id,
        _carried(db, party, given, earlier),
    )  # fmt: skip
    versions.add(db, actor, proposal, "draft", drafted.stored(first), now)
    audit.record(
        db, actor, "proposal.started", "proposal", proposal.id,
        fund_id=call.fund_id, after=snapshot(proposal),
    )  # fmt: skip
    attachments.carry(db, actor, proposal, terms, earlier)
    return proposal


class _Of:
    """Stands for a proposal of a party, where only whose it is matters."""

    def __init__(self, party_id: UUID) -> None:
        self.party_id = party_id


def _call(db: Session, actor: Actor, call_id: UUID) -> Call:
    query = select(Call).where(Call.id == call_id, calls_seen(actor, Permission.PROPOSAL_WRITE))
    found = db.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise invalid("/call_id", "validation.unknown_record")
    return found


def _party(db: Session, actor: Actor, call: Call, party_id: UUID) -> Party:
    """Return the applicant: the actor's own party, or any that an officer lodges for."""
    party = db.get(Party, party_id)
    if party is None or party.kind == "pseudo" or not _applies(actor, call, party):
        raise invalid("/party_id", "validation.unknown_record")
    if not queries.is_applicant(actor, _Of(party.id)) and has_interest(
        db, actor.person_id, party.id
    ):
        # Who also acts for the applicant would confirm what they lodged themselves.
        raise Problem("conflict-of-interest")
    return party


def _applies(actor: Actor, call: Call, party: Party) -> bool:
    return any(
        (held.role not in PARTY_ROLES or held.party_id == party.id)
        and held.fund_id in (None, call.fund_id)
        for held in actor.holding(Permission.PROPOSAL_WRITE)
    )


def _check_count(db: Session, call: Call, party: Party) -> None:
    query = select(func.count(Proposal.id)).where(
        Proposal.call_id == call.id, Proposal.party_id == party.id
    )
    if db.execute(query).scalar_one() >= MAX_OF_PARTY:
        raise Problem("conflict", detail=text("proposals.too_many", limit=MAX_OF_PARTY))


def _earlier(db: Session, actor: Actor, party: Party, proposal_id: UUID | None) -> Proposal | None:
    """Return the earlier proposal that a body names: of the same party, and the actor's to read."""
    if proposal_id is None:
        return None
    found = db.get(Proposal, proposal_id)
    reached = found is not None and found.party_id == party.id
    if reached:
        try:
            queries.get_visible(db, actor, proposal_id)
        except Problem:
            reached = False
    if (
        found is None
        or not reached
        or (not queries.may_write(actor, found) and found.submitted_number is None)
    ):
        raise invalid("/copy_from", "validation.unknown_record")
    return found


def _carried(
    db: Session, party: Party, given: ProposalIn, earlier: Proposal | None
) -> dict[str, Any]:
    """Return the content a proposal begins with: an earlier one's, else the profile's.

    An earlier proposal comes whole but for its period; what the new call does not take is for the
    applicant to change, and named when the draft is checked.
    """
    if earlier is not None:
        kept = dict(content.read(_last_known(db, earlier).content))
        for name in ("starts_on", "ends_on", "attachments", "awaiting"):
            kept.pop(name, None)
        kept["budget"] = [
            {name: value for name, value in line.items() if name != "total"}
            for line in kept.get("budget") or ()
        ]
        return kept | {"title": given.title, "language": given.language}
    first: dict[str, Any] = {"title": given.title, "language": given.language}
    if party.country is not None:
        first["country"] = party.country
    profile = profiles.profile_of(db, party.id)
    if profile is not None and not values.is_empty(profile.mission):
        first["summary"] = profile.mission
    return first


def _last_known(db: Session, proposal: Proposal) -> ProposalVersion:
    """Return what was last submitted, else the draft."""
    if proposal.submitted_number is not None:
        return versions.submitted(db, proposal)
    return versions.current_draft(db, proposal.id)


def save(
    db: Session, actor: audit.Author, proposal: Proposal, given: dict[str, Any]
) -> ProposalVersion:
    """Save ``given`` as the draft at work; return its version, the present one if nothing differs.

    Raises ``wrong-status`` when the proposal is no longer the applicant's to change.
    """
    service.require_editable(proposal, "save")
    stored = drafted.stored(given)
    present = versions.current_draft(db, proposal.id)
    if present.sha256 == drafted.sealed(stored):
        return present
    before = snapshot(proposal)
    if proposal.submitted_number is None:
        _name(proposal, given)
    made = versions.add(db, actor, proposal, "draft", stored, clock.now())
    service.record(db, actor, proposal, "proposal.saved", before)
    return made


def _name(proposal: Proposal, given: dict[str, Any]) -> None:
    """Let lists show the draft under the title typed last, if that can be one."""
    title = given.get("title")
    if isinstance(title, str) and (shown := " ".join(title.split())[:300]):
        proposal.title = shown


def keep_aside(
    db: Session, actor: audit.Author, proposal: Proposal, given: dict[str, Any]
) -> ProposalVersion:
    """Keep what a page that had grown old sent, beside the draft; return where it is.

    The draft at work stays as it is and so does its entity tag; the same content is kept once.
    """
    service.require_editable(proposal, "save")
    stored = drafted.stored(given)
    present = versions.same(db, proposal.id, drafted.sealed(stored))
    if present is not None:
        return present
    before = snapshot(proposal)
    made = versions.add(db, actor, proposal, "aside", stored, clock.now())
    service.record(db, actor, proposal, "proposal.kept_aside", before)
    return made
