"""Routes of persons, memberships, delegations and tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops import clock
from fundops.authz import Actor, Can, Permission, Role
from fundops.command import check_match, command, etag, read_session
from fundops.pages import Paging, json_response, list_page
from fundops.parties import access, access_queries, credentials, persons, same_persons
from fundops.parties.access_schemas import (
    DelegationIn,
    EndIn,
    MembershipIn,
    MembershipOut,
    MembershipPage,
    PersonIn,
    PersonOut,
    PersonPage,
    PersonPatch,
    SamePersonIn,
    SamePersonOut,
    TokenIn,
    TokenMadeOut,
    TokenOut,
    TokenPage,
    membership_out,
    person_out,
    token_out,
)
from fundops.parties.models import Membership, Person, Token
from fundops.parties.schemas import ReasonIn
from fundops.schemas import CHANGES, CREATES, LISTS, READS, Code
from fundops.strict import StrictRoute

persons_router = APIRouter(prefix="/persons", tags=["access"], route_class=StrictRoute)
memberships_router = APIRouter(prefix="/memberships", tags=["access"], route_class=StrictRoute)
delegations_router = APIRouter(prefix="/delegations", tags=["access"], route_class=StrictRoute)
tokens_router = APIRouter(prefix="/tokens", tags=["access"], route_class=StrictRoute)

ROUTERS: tuple[APIRouter, ...] = (
    persons_router,
    memberships_router,
    delegations_router,
    tokens_router,
)

AccessReader = Annotated[Actor, Depends(Can(Permission.ACCESS_READ))]
PersonWriter = Annotated[Actor, Depends(Can(Permission.PERSON_WRITE))]
MembershipWriter = Annotated[Actor, Depends(Can(Permission.MEMBERSHIP_WRITE))]
SelfReader = Annotated[Actor, Depends(Can(Permission.SELF_READ))]
SelfWriter = Annotated[Actor, Depends(Can(Permission.SELF_WRITE))]


@persons_router.get("", operation_id="list_persons", response_model=PersonPage, responses=LISTS)
def list_persons(
    request: Request,
    actor: AccessReader,
    paging: Paging,
    status: Literal["active", "left"] | None = None,
    code: Code | None = None,
) -> Response:
    """List the persons who act or acted in this service."""
    query = access_queries.persons(actor)
    if status is not None:
        query = query.where(Person.status == status)
    if code is not None:
        query = query.where(Person.code == code)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=access_queries.PERSON_SORTS,
            key=Person.__table__.c.id,
            out=person_out,
        )
    return json_response(page)


@persons_router.post(
    "",
    operation_id="register_person",
    status_code=201,
    response_model=PersonOut,
    responses=CREATES,
)
def register_person(request: Request, actor: PersonWriter, given: PersonIn) -> Response:
    """Register a person, who may do nothing until given a role and a token."""

    def work(db: Session) -> dict[str, Any]:
        return person_out(persons.register(db, actor, given))

    return command(request, actor, work, status=201, location="/v1/persons/{id}")


@persons_router.get(
    "/{person_id}", operation_id="get_person", response_model=PersonOut, responses=READS
)
def get_person(request: Request, actor: AccessReader, person_id: UUID) -> Response:
    """Read one person."""
    with read_session(request) as db:
        person = access_queries.get_person(db, actor, person_id)
        return json_response(person_out(person), etag=etag(person.version))


@persons_router.patch(
    "/{person_id}", operation_id="change_person", response_model=PersonOut, responses=CHANGES
)
def change_person(
    request: Request, actor: PersonWriter, person_id: UUID, patch: PersonPatch
) -> Response:
    """Change a person's name. Needs If-Match."""

    def work(db: Session) -> dict[str, Any]:
        person = access_queries.get_person(db, actor, person_id, lock=True)
        check_match(request, person.version)
        return person_out(persons.rename(db, actor, person, patch))

    return command(request, actor, work)


@persons_router.post(
    "/{person_id}/leave", operation_id="leave_person", response_model=PersonOut, responses=CREATES
)
def leave_person(
    request: Request, actor: PersonWriter, person_id: UUID, given: ReasonIn
) -> Response:
    """Record that a person has left: every role they hold or lent and every token ends at once."""

    def work(db: Session) -> dict[str, Any]:
        person = access_queries.get_person(db, actor, person_id, lock=True)
        return person_out(persons.leave(db, actor, person, given.reason))

    return command(request, actor, work)


@persons_router.post(
    "/{person_id}/same_as",
    operation_id="join_person_records",
    status_code=201,
    response_model=SamePersonOut,
    responses=CREATES,
)
def join_person_records(
    request: Request, actor: PersonWriter, person_id: UUID, given: SamePersonIn
) -> Response:
    """Record that two registered persons are one human, who counts as one from now on."""

    def work(db: Session) -> dict[str, Any]:
        person = access_queries.get_person(db, actor, person_id, lock=True)
        made = same_persons.join(db, actor, person, given.same_as_code, given.reason)
        return {
            "id": made.id,
            "person_id": made.person_id,
            "other_id": made.other_id,
            "reason": made.reason,
        }

    return command(request, actor, work, status=201)


@memberships_router.get(
    "", operation_id="list_memberships", response_model=MembershipPage, responses=LISTS
)
def list_memberships(
    request: Request,
    actor: AccessReader,
    paging: Paging,
    person_id: UUID | None = None,
    role: Role | None = None,
    party_id: UUID | None = None,
    fund_id: UUID | None = None,
    in_force: bool | None = None,
) -> Response:
    """List roles of persons, past, present and to come; `in_force` picks those held now or not."""
    query = access_queries.memberships(actor)
    for column, wanted in (
        (Membership.person_id, person_id),
        (Membership.role, role),
        (Membership.party_id, party_id),
        (Membership.fund_id, fund_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if in_force is not None:
        now = access_queries.held_at(clock.now())
        query = query.where(now if in_force else ~now)
    return _membership_page(request, query, paging)


@memberships_router.post(
    "",
    operation_id="grant_membership",
    status_code=201,
    response_model=MembershipOut,
    responses=CREATES,
)
def grant_membership(request: Request, actor: MembershipWriter, given: MembershipIn) -> Response:
    """Allow another person a role, for a party or not, in one fund or all, from when to when."""

    def work(db: Session) -> dict[str, Any]:
        return membership_out(access.grant(db, actor, given))

    return command(request, actor, work, status=201, location="/v1/memberships/{id}")


@memberships_router.get(
    "/{membership_id}",
    operation_id="get_membership",
    response_model=MembershipOut,
    responses=READS,
)
def get_membership(request: Request, actor: AccessReader, membership_id: UUID) -> Response:
    """Read one membership."""
    with read_session(request) as db:
        found = access_queries.get_membership(db, actor, membership_id)
        return json_response(membership_out(found))


@memberships_router.post(
    "/{membership_id}/end",
    operation_id="end_membership",
    response_model=MembershipOut,
    responses=CREATES,
)
def end_membership(
    request: Request, actor: MembershipWriter, membership_id: UUID, given: EndIn
) -> Response:
    """End a role, and what its holder lent out of it, now or at an instant to come."""

    def work(db: Session) -> dict[str, Any]:
        found = access_queries.get_membership(db, actor, membership_id, lock=True)
        return membership_out(access.end(db, actor, found, given))

    return command(request, actor, work)


@delegations_router.get(
    "", operation_id="list_delegations", response_model=MembershipPage, responses=LISTS
)
def list_delegations(request: Request, actor: SelfReader, paging: Paging) -> Response:
    """List the roles you have lent or borrowed, past, present and to come."""
    return _membership_page(request, access_queries.delegations(actor), paging)


@delegations_router.post(
    "",
    operation_id="lend_role",
    status_code=201,
    response_model=MembershipOut,
    responses=CREATES,
)
def lend_role(request: Request, actor: SelfWriter, given: DelegationIn) -> Response:
    """Lend one of your roles to another person for at most 90 days. You keep it too; what is
    lent cannot be lent on, and ends when yours does.
    """

    def work(db: Session) -> dict[str, Any]:
        return membership_out(access.lend(db, actor, given))

    return command(request, actor, work, status=201, location="/v1/delegations/{id}")


@delegations_router.get(
    "/{membership_id}",
    operation_id="get_delegation",
    response_model=MembershipOut,
    responses=READS,
)
def get_delegation(request: Request, actor: SelfReader, membership_id: UUID) -> Response:
    """Read a delegation by you or to you."""
    with read_session(request) as db:
        found = access_queries.get_delegation(db, actor, membership_id)
        return json_response(membership_out(found))


@delegations_router.post(
    "/{membership_id}/end",
    operation_id="end_delegation",
    response_model=MembershipOut,
    responses=CREATES,
)
def end_delegation(
    request: Request, actor: SelfWriter, membership_id: UUID, given: EndIn
) -> Response:
    """End a delegation early, as its lender or its borrower."""

    def work(db: Session) -> dict[str, Any]:
        found = access_queries.get_delegation(db, actor, membership_id, lock=True)
        return membership_out(access.end(db, actor, found, given))

    return command(request, actor, work)


@tokens_router.get("", operation_id="list_tokens", response_model=TokenPage, responses=LISTS)
def list_tokens(
    request: Request, actor: SelfReader, paging: Paging, person_id: UUID | None = None
) -> Response:
    """List your tokens or, if you may read access, everybody's; never their secrets."""
    query = access_queries.tokens(actor)
    if person_id is not None:
        query = query.where(Token.person_id == person_id)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=access_queries.TOKEN_SORTS,
            key=Token.__table__.c.id,
            out=token_out,
        )
    return json_response(page)


@tokens_router.post(
    "",
    operation_id="create_token",
    status_code=201,
    response_model=TokenMadeOut,
    responses=CREATES,
)
def create_token(request: Request, actor: SelfWriter, given: TokenIn) -> Response:
    """Make a token. Its secret is in the first answer only; a replay has null instead.

    One for yourself is a lesser one than the token you send: no wider, no longer, and revoked
    with it. Administrators make tokens for other persons.
    """
    days: int = request.app.state.settings.token_days

    def work(db: Session) -> dict[str, Any]:
        token, secret = credentials.create_token(db, actor, given, default_days=days)
        return token_out(token) | {"secret": secret}

    return command(
        request, actor, work, status=201, location="/v1/tokens/{id}", shown_once="secret"
    )


@tokens_router.get(
    "/{token_id}", operation_id="get_token", response_model=TokenOut, responses=READS
)
def get_token(request: Request, actor: SelfReader, token_id: UUID) -> Response:
    """Read one token, without its secret."""
    with read_session(request) as db:
        return json_response(token_out(access_queries.get_token(db, actor, token_id)))


@tokens_router.post(
    "/{token_id}/revoke", operation_id="revoke_token", response_model=TokenOut, responses=CREATES
)
def revoke_token(request: Request, actor: SelfWriter, token_id: UUID, given: ReasonIn) -> Response:
    """Revoke a token of yours, or as an administrator another person's, at once, and every token
    made with it.
    """

    def work(db: Session) -> dict[str, Any]:
        token = access_queries.get_token(db, actor, token_id, lock=True)
        return token_out(credentials.revoke_token(db, actor, token, given.reason)[0])

    return command(request, actor, work)


def _membership_page(request: Request, query: Any, paging: Paging) -> Response:
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=access_queries.MEMBERSHIP_SORTS,
            key=Membership.__table__.c.id,
            out=membership_out,
        )
    return json_response(page)
