"""What the API takes and gives for incidents."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.findings.schemas import ScreenedProse, ScreenedReference
from fundops.schemas import Day, Flag, In, Line, Out

IncidentStatus = Literal["reported", "assessed", "investigated", "closed"]
Outcome = Literal["substantiated", "not_substantiated", "referred"]
_KIND = Annotated[Line, Field(max_length=40, examples=["fraud"])]


class IncidentIn(In):
    """Something that went wrong, in few words: no names, nothing about victims."""

    fund_id: UUID
    grant_id: UUID | None = None
    party_id: UUID | None = Field(None, description="The grantee it is about, without a grant.")
    kind: _KIND
    occurred_on: Day | None = None
    summary: ScreenedProse
    is_anonymous: Flag = Field(False, description="Nobody is kept as who reported it.")
    hold: Flag = Field(
        False, description="Stop payments at once: for who may place holds in that fund."
    )


class ReportedOut(Out):
    """That a report of an incident has come in. The code is shown once, to ask how it stands."""

    status: str
    reported_on: str
    follow_up_code: str | None


class FollowedIn(In):
    """The code that a reporter was given."""

    follow_up_code: Annotated[
        Line, Field(max_length=40, pattern=r"^FUP(-[2-9B-DF-HJ-NP-TV-Z]{8}){2}$")
    ]


class FollowedOut(Out):
    """How what somebody reported stands, and nothing else of it."""

    status: str
    reported_on: str
    is_closed: bool


class AssessIn(In):
    """What a first look at an incident came to."""

    kind: _KIND | None = Field(None, description="If it is of another kind than was reported.")
    assessment: ScreenedProse
    hold: Flag = Field(description="Stop payments of the grant, or of the grantee in the fund.")
    tell_donors: Flag | None = Field(None, description="As the kind says, by default.")
    tell_until: Day | None = Field(
        None, description="As many days from now as the kind says, by default and at most."
    )


class InvestigateIn(In):
    """What looking into an incident came to."""

    findings: ScreenedProse


class CloseIncidentIn(In):
    """How an incident ends."""

    outcome: Outcome
    conclusion: ScreenedProse


class HandlerIn(In):
    """Who is to handle an incident too."""

    person_code: Annotated[Line, Field(max_length=40)]


class NoticeSentIn(In):
    """How a donor is told: by a notice of fundops, or by a letter that was sent."""

    how: Literal["notice", "letter"]
    reference: ScreenedReference | None = Field(None, description="Of the letter.")


class IncidentOut(Out):
    """An incident as lists have it, without words."""

    id: UUID
    code: str
    fund_id: UUID
    grant_id: UUID | None
    grant_code: str | None
    party_id: UUID | None
    kind: str
    occurred_on: str | None
    reported_on: str
    status: str
    outcome: str | None
    version: int


class IncidentPage(Out):
    """A page of incidents."""

    items: list[IncidentOut]
    next_cursor: str | None


class IncidentTextOut(Out):
    """What was written at a step."""

    kind: str
    body: str


class IncidentHoldOut(Out):
    """A hold that the incident placed, and whether somebody has lifted it."""

    hold_id: UUID
    is_open: bool


class IncidentNoticeOut(Out):
    """That a donor must be told, and how it was."""

    id: UUID
    code: str
    incident_id: UUID
    donor_id: UUID
    due_on: str
    status: str
    sent_how: str | None
    reference: str | None
    messages: int | None
    sent_at: str | None


class IncidentDetail(IncidentOut):
    """An incident with its words; that you read it is written down."""

    reported_by_id: UUID | None
    assessed_by_id: UUID | None
    investigated_by_id: UUID | None
    closed_by_id: UUID | None
    texts: list[IncidentTextOut]
    handlers: list[str] = Field(description="Codes of the persons named beside the managers.")
    holds: list[IncidentHoldOut]
    notices: list[IncidentNoticeOut]


class IncidentReadOut(Out):
    """Who read an incident when."""

    id: UUID
    person_code: str
    read_at: str


class IncidentReadPage(Out):
    """A page of reads."""

    items: list[IncidentReadOut]
    next_cursor: str | None


def incident_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an incident in a list."""
    return {name: getattr(row, name) for name in IncidentOut.model_fields}


def notice_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a notice that is owed."""
    return {name: getattr(row, name) for name in IncidentNoticeOut.model_fields}


def read_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a read."""
    return {name: getattr(row, name) for name in IncidentReadOut.model_fields}
