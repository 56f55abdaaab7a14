"""What the API takes and gives for persons, memberships, delegations and tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from fundops.authz import Actor, Role
from fundops.messages.languages import known
from fundops.parties.labels import shown_name
from fundops.schemas import NOT_NULL, Code, In, Instant, Line, LongLine, Out, Prose, refused
from fundops.screening.fields import SCREENED_BUT_NAMES

PersonName = Annotated[Line, Field(max_length=200)]
TokenLabel = Annotated[Line, Field(max_length=120)]


def _language(value: str) -> str:
    if (language := known(value)) is None:
        raise refused("parties.no_language")
    return language


class PersonIn(In):
    """A new person; without a code the system gives one."""

    name: PersonName = Field(examples=["Finance officer, Vienna"])
    code: Code | None = Field(None, examples=["FINANCE-1"])


class PersonPatch(In):
    """Changes to a person."""

    name: Annotated[PersonName | None, NOT_NULL] = None


class PersonOut(Out):
    """A person who acts, or acted, through memberships."""

    id: UUID
    code: str = Field(examples=["PER-2026-0001"])
    name: str
    status: Literal["active", "left"]
    created_at: str
    version: int


class PersonPage(Out):
    """A page of persons."""

    items: list[PersonOut]
    next_cursor: str | None


class MembershipIn(In):
    """A role for another person: for a party (donor, grantee), for one fund or all."""

    person_id: UUID
    role: Role = Field(examples=["finance_officer"])
    party_id: UUID | None = Field(None, description="Needed for donor and grantee, only for them.")
    fund_id: UUID | None = Field(None, description="Without it the role is for all funds.")
    valid_from: Instant | None = Field(None, description="Not in the past; now by default.")
    valid_until: Instant | None = Field(None, description="Open by default.")
    reason: Annotated[LongLine, SCREENED_BUT_NAMES] | None = None


class EndIn(In):
    """Why a role ends, and when: now, or at an instant to come."""

    reason: Annotated[LongLine, SCREENED_BUT_NAMES] = Field(examples=["Moved to another office"])
    at: Instant | None = Field(None, description="Now by default; it cannot be put off.")


class MembershipOut(Out):
    """A role a person holds from an instant until another (not included)."""

    id: UUID
    person_id: UUID
    role: Role
    party_id: UUID | None
    fund_id: UUID | None
    valid_from: str
    valid_until: str | None
    delegated_by_id: UUID | None = Field(description="Who lends the role, if it is a delegation.")
    lent_membership_id: UUID | None
    reason: str | None
    granted_by_id: UUID | None = Field(description="Null for what the command line set up.")
    ended_by_id: UUID | None
    created_at: str


class MembershipPage(Out):
    """A page of memberships or delegations."""

    items: list[MembershipOut]
    next_cursor: str | None


class DelegationIn(In):
    """One of your own roles, lent to another person between two instants."""

    membership_id: UUID = Field(description="The membership of yours that is lent.")
    person_code: Code = Field(description="Who borrows it.", examples=["PER-2026-0002"])
    fund_id: UUID | None = Field(None, description="Lend it for this fund only.")
    valid_from: Instant | None = Field(None, description="Not in the past; now by default.")
    valid_until: Instant = Field(description="At most 90 days later, within your own period.")
    reason: Annotated[LongLine, SCREENED_BUT_NAMES] = Field(examples=["On leave"])


class TokenIn(In):
    """A new token, for yourself or (administrators) for another person."""

    person_id: UUID | None = Field(None, description="Yourself by default.")
    label: TokenLabel = Field(examples=["Monthly statement script"])
    role: Role | None = Field(None, description="Use this role only.")
    party_id: UUID | None = Field(None, description="Use roles for this party only.")
    fund_id: UUID | None = Field(None, description="Use roles in this fund only.")
    expires_at: Instant | None = Field(None, description="At most 366 days from now.")


class TokenOut(Out):
    """A token, without its secret, of which only a hash is kept."""

    id: UUID
    person_id: UUID
    label: str
    role: Role | None
    party_id: UUID | None
    fund_id: UUID | None
    made_with_id: UUID | None = Field(description="Your token that made this one, and ends it.")
    created_at: str
    expires_at: str
    revoked_at: str | None


class SamePersonIn(In):
    """Another record of the same human."""

    same_as_code: Code
    reason: Annotated[Prose, SCREENED_BUT_NAMES]


class SamePersonOut(Out):
    """Two records of one human."""

    id: UUID
    person_id: UUID
    other_id: UUID
    reason: str


class TokenMadeOut(TokenOut):
    """A new token with its secret."""

    secret: str | None = Field(
        description="The token itself. It is told once, in the first answer, and stored nowhere: "
        "a replay under the same Idempotency-Key has null here. If the first answer was lost, "
        "revoke this token and make another.",
        examples=["fdo_0123456789abcdef0123456789abcdef01234567"],
    )


class TokenPage(Out):
    """A page of tokens."""

    items: list[TokenOut]
    next_cursor: str | None


class PartyRef(Out):
    """A party by id, with its name or, where you may not know it, its public label."""

    id: UUID
    name: str


class FundRef(Out):
    """A fund by id and code."""

    id: UUID
    code: str


class PersonRef(Out):
    """A person by id, code and name."""

    id: UUID
    code: str
    name: str


class RoleOut(Out):
    """A role and what it allows."""

    role: Role
    permissions: list[str]
    is_for_party: bool = Field(description="Held for one party, whose records alone are seen.")


class RolesOut(Out):
    """Every role there is."""

    roles: list[RoleOut]


class HeldOut(Out):
    """A role that the token gives you now."""

    role: Role
    permissions: list[str]
    party: PartyRef | None
    fund: FundRef | None


class MePatch(In):
    """What one sets for oneself."""

    language: Annotated[
        Annotated[Line, Field(max_length=12), AfterValidator(_language)] | None,
        Field(description="Of sentences, where a request asks for none; null: English."),
    ] = None


class MeOut(Out):
    """Who you are to this service, and what your token allows now."""

    person: PersonRef
    language: str | None = Field(description="The one you have set.", examples=["fr"])
    version: int
    token: TokenOut
    roles: list[HeldOut]


class LanguageOut(Out):
    """A language that sentences are said in."""

    language: str = Field(examples=["ar"])
    name: str = Field(description="In the language itself.")
    direction: Literal["ltr", "rtl"]
    is_reviewed: bool = Field(description="Whether a native speaker has gone over the sentences.")
    reviewed_on: str | None
    complete_areas: list[str] = Field(description="No sentence is missing in these.")
    sentences: int = Field(description="Sentences for people who use the service.")
    missing: int = Field(description="Those of them that are said in English.")


class LanguagePage(Out):
    """The languages; they always fit one page."""

    items: list[LanguageOut]
    next_cursor: str | None


class AccessOut(Out):
    """A role that a person held at the instant asked about."""

    membership_id: UUID
    person: PersonRef
    role: Role
    permissions: list[str]
    party: PartyRef | None
    fund: FundRef | None = Field(description="Null: all funds.")
    valid_from: str
    valid_until: str | None
    delegated_by: PersonRef | None
    is_frozen: bool = Field(description="Whether access for the party was frozen then.")
    tokens: list[TokenOut] = Field(description="Tokens valid then that could use the role.")
    could_act: bool = Field(description="Whether any token could use the role then.")


class AccessPage(Out):
    """A page of who could do what, at ``at``."""

    at: str
    items: list[AccessOut]
    next_cursor: str | None


def person_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a person row or record."""
    return {name: getattr(row, name) for name in PersonOut.model_fields}


def membership_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a membership row or record."""
    return {name: getattr(row, name) for name in MembershipOut.model_fields}


def token_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a token row or record, which has no secret to tell."""
    return {name: getattr(row, name) for name in TokenOut.model_fields}


def party_ref(party: Any, actor: Actor) -> dict[str, Any]:
    """Return how a party is named to ``actor``."""
    return {"id": party.id, "name": shown_name(party, actor)}
