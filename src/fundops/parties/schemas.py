"""What the API takes and gives for parties, their aliases and their freezes."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.authz import Actor
from fundops.parties.labels import is_hidden
from fundops.schemas import NOT_NULL, Country, Flag, In, Line, LongLine, Out
from fundops.screening.fields import SCREENED_BUT_NAMES

PartyKind = Literal[
    "state",
    "intergovernmental",
    "civil_society",
    "private_sector",
    "foundation",
    "media",
    "individual",
    "pseudo",
]
Region = Annotated[Line, Field(max_length=120)]
_LABEL = "What outsiders read; by default the name, or a neutral label for a protected party."
_REGION = "A broad region, told where the country may not be told."
_NAME = "The name, or the public label where you may not know it."


class PartyIn(In):
    """A new party; its code is given by the system, and tells nothing where it is at risk."""

    kind: PartyKind = Field(examples=["civil_society"])
    name: Line = Field(examples=["Safe Return Network"])
    country: Country | None = Field(None, examples=["AT"])
    region: Region | None = Field(None, description=_REGION, examples=["South-East Asia"])
    public_label: Line | None = Field(None, description=_LABEL)
    is_at_risk: Flag = Field(False, description="Being known could endanger it or its people.")
    is_anonymous: Flag = Field(False, description="It asks not to be named.")


class PartyPatch(In):
    """Changes to a party. A party that becomes protected gets a neutral label unless one is given;
    one that becomes at risk also gets a code that tells nothing.
    """

    kind: Annotated[PartyKind | None, NOT_NULL] = None
    name: Annotated[Line | None, NOT_NULL] = None
    country: Country | None = None
    region: Region | None = Field(None, description=_REGION)
    public_label: Annotated[Line | None, NOT_NULL] = Field(None, description=_LABEL)
    is_at_risk: Annotated[Flag | None, NOT_NULL] = None
    is_anonymous: Annotated[Flag | None, NOT_NULL] = None


class PartyOut(Out):
    """A party. ``code`` and ``country`` are null where you may not know who it is."""

    id: UUID
    code: str | None = Field(examples=["PTY-2026-0001"])
    kind: PartyKind
    name: str = Field(description=_NAME)
    country: str | None
    region: str | None
    public_label: str
    is_at_risk: bool
    is_anonymous: bool
    is_hidden: bool = Field(description="Whether you read the public label in place of the name.")
    status: Literal["active", "frozen"]
    version: int


class PartyPage(Out):
    """A page of parties."""

    items: list[PartyOut]
    next_cursor: str | None


class AliasIn(In):
    """Another spelling of a party's name; whoever sends it has reviewed it."""

    spelling: Line = Field(examples=["Gov. of Austria"])


class AliasOut(Out):
    """A spelling that stands for a party; not in use while nobody has reviewed it."""

    id: UUID
    party_id: UUID
    spelling: str
    reviewed_by_id: UUID | None
    created_at: str


class AliasPage(Out):
    """A page of aliases."""

    items: list[AliasOut]
    next_cursor: str | None


class ReasonIn(In):
    """Why; it is kept in the audit chain."""

    reason: Annotated[LongLine, SCREENED_BUT_NAMES] = Field(
        examples=["Credentials were found in the hands of a third person"]
    )


class FreezeOut(Out):
    """A period in which the persons of a party have no access."""

    id: UUID
    party_id: UUID
    status: Literal["in_force", "restore_requested", "restored"]
    reason: str
    frozen_by_id: UUID
    frozen_at: str
    restore_requested_by_id: UUID | None
    restore_requested_at: str | None
    restored_by_id: UUID | None
    restored_at: str | None


class FreezePage(Out):
    """A page of freezes."""

    items: list[FreezeOut]
    next_cursor: str | None


def party_out(row: Any, actor: Actor) -> dict[str, Any]:
    """Return what ``actor`` may read of a party row or record."""
    hidden = is_hidden(row, actor)
    return {
        "id": row.id,
        "code": None if hidden else row.code,
        "kind": row.kind,
        "name": row.public_label if hidden else row.name,
        "country": None if hidden else row.country,
        "region": row.region,
        "public_label": row.public_label,
        "is_at_risk": row.is_at_risk,
        "is_anonymous": row.is_anonymous,
        "is_hidden": hidden,
        "status": row.status,
        "version": row.version,
    }


def alias_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an alias row or record."""
    return {
        "id": row.id,
        "party_id": row.party_id,
        "spelling": row.spelling,
        "reviewed_by_id": row.reviewed_by_id,
        "created_at": row.created_at,
    }


FREEZE_FIELDS = tuple(FreezeOut.model_fields)


def freeze_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a freeze row or record."""
    return {name: getattr(row, name) for name in FREEZE_FIELDS}
