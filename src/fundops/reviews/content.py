"""What a reviewer reads of a proposal: all of it, or all that does not tell who applied.

Where a call is blind, or the applicant is protected, what goes out is put together from what may
be told, never by taking away from what is there: fields of the content by name, with texts masked
(``masking``), places left out, and of the files only those that are about the project, by number.
Nothing that goes out was given by, or counts, anything beyond the proposal itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.calls import codelists
from fundops.calls.models import Call
from fundops.errors import Problem
from fundops.files.kinds import BY_MEDIA_TYPE
from fundops.files.models import File
from fundops.messages import text
from fundops.parties.labels import shown_name
from fundops.parties.models import Membership, Party, PartyAlias, Person
from fundops.parties.places import is_hidden_work
from fundops.parties.profile_models import OrganisationProfile
from fundops.proposals import versions
from fundops.proposals.attached import words
from fundops.proposals.models import Proposal
from fundops.reviews.masking import Masker
from fundops.reviews.models import Assignment

TOLD = (
    "title", "language", "summary", "starts_on", "ends_on", "shares", "codes", "budget", "results",
    "cofunding", "answers", "country", "regions",
)  # fmt: skip
"""Fields of a content that go out, also where the applicant is not to be known."""
PLACES = ("places",)
"""Fields that go out only where the applicant may be known."""
ABOUT_PROJECT = frozenset({"budget_detail", "logical_framework", "work_plan"})
"""Kinds of document that are about the project; all others say whose they are by their nature."""


@dataclass(frozen=True)
class Shown:
    """A file as a reviewer may have it: its place, kind and name; and the file itself."""

    number: int
    kind: str
    name: str
    file: File

    @property
    def media_type(self) -> str:
        """What kind of file it is."""
        return self.file.media_type

    @property
    def label(self) -> str:
        """What it is called in place of its name."""
        return text("reviews.attachment", number=self.number, kind=words(self.kind).lower())


@dataclass(frozen=True)
class Look:
    """How much of a proposal a reviewer may know: who applied or not, and where it is."""

    party: Party
    knows_applicant: bool
    knows_country: bool


def look(db: Session, actor: Actor, proposal: Proposal, call: Call) -> Look:
    """Return how much ``actor``, who reviews ``proposal``, may know of the applicant."""
    party = db.get_one(Party, proposal.party_id)
    hidden = is_hidden_work(db, actor, party, proposal.country, call.fund_id)
    return Look(party, not call.is_blind and not hidden, not hidden)


def about(db: Session, actor: Actor, proposal: Proposal, call: Call) -> dict[str, Any]:
    """Return what is told before the invitation is accepted, to decide on a conflict."""
    found = look(db, actor, proposal, call)
    content = versions.submitted_content(db, proposal)
    return {
        "language": proposal.language,
        "objectives": [
            {"objective": one.get("objective"), "percent": one.get("percent")}
            for one in content.get("shares", [])
        ],
        "regions": [] if proposal.region is None else [proposal.region],
        "country": proposal.country if found.knows_applicant else None,
        "title": proposal.title if found.knows_applicant else None,
        "applicant": None if call.is_blind else shown_name(found.party, actor),
    }


def content_out(
    db: Session, actor: Actor, assignment: Assignment, proposal: Proposal, call: Call
) -> dict[str, Any]:
    """Return the proposal as its reviewer reads it."""
    found = look(db, actor, proposal, call)
    given = versions.submitted_content(db, proposal)
    told = TOLD if found.knows_applicant else tuple(
        name for name in TOLD if name != "country" or found.knows_country
    )  # fmt: skip
    content = {name: given[name] for name in told if name in given}
    files = attachments(db, actor, proposal, call)
    if found.knows_applicant:
        content |= {name: given[name] for name in PLACES if name in given}
        content["applicant"] = found.party.name
    else:
        content = masker(db, proposal, found.party).everything(content)
    return {
        "blind_code": assignment.blind_code,
        "is_masked": not found.knows_applicant,
        "warning": None if found.knows_applicant else text("reviews.masking_warning"),
        "content": content,
        "attachments": [
            {
                "number": one.number,
                "kind": one.kind,
                "label": one.label if not found.knows_applicant else one.name,
                "media_type": one.media_type,
            }
            for one in files
        ],
    }


def attachments(db: Session, actor: Actor, proposal: Proposal, call: Call) -> list[Shown]:
    """Return the files of the submitted version that the reviewer may have, in order."""
    found = look(db, actor, proposal, call)
    named = versions.submitted_content(db, proposal).get("attachments", [])
    wanted = [
        one
        for one in named
        if "file_id" in one and (found.knows_applicant or one["kind"] in ABOUT_PROJECT)
    ]
    query = select(File).where(File.id.in_([UUID(one["file_id"]) for one in wanted]))
    kept = {file.id: file for file in db.execute(query).scalars()}
    shown: list[Shown] = []
    for one in wanted:
        file = kept.get(UUID(one["file_id"]))
        if file is not None:
            number = len(shown) + 1
            name = file.name if found.knows_applicant else _plain_name(number, file.media_type)
            shown.append(Shown(number, one["kind"], name, file))
    return shown


def attachment(db: Session, actor: Actor, proposal: Proposal, call: Call, number: int) -> Shown:
    """Return one file by its place; raise ``not-found`` for none that the reviewer may have."""
    for one in attachments(db, actor, proposal, call):
        if one.number == number:
            return one
    raise Problem("not-found")


def _plain_name(number: int, media_type: str) -> str:
    return f"attachment-{number}.{BY_MEDIA_TYPE[media_type].endings[0]}"


def masker(db: Session, proposal: Proposal, party: Party) -> Masker:
    """Return what takes the applicant out of texts: its names, numbers, codes and persons."""
    names = [party.name, party.public_label, party.code, proposal.code]
    aliases = select(PartyAlias.spelling).where(PartyAlias.party_id == party.id)
    names += db.execute(aliases).scalars()
    registered = select(OrganisationProfile.registration_number).where(
        OrganisationProfile.party_id == party.id
    )
    names += [one for one in db.execute(registered).scalars() if one is not None]
    persons = (
        select(Person.name)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.party_id == party.id)
    )
    return Masker(names, db.execute(persons).scalars(), _country_names(party.country))


def _country_names(code: str | None) -> list[str]:
    """Return what a country is called in the languages there are."""
    countries = codelists.get("country")
    if code is None or not countries.has(code):
        return []
    return [countries.label(code, language) for language in codelists.LANGUAGES]
