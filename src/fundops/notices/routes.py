"""Routes of notices and of the channels by which people are reached."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.errors import invalid
from fundops.messages.reader import current
from fundops.notices import channel_queries, channels, queries, service
from fundops.notices.models import ContactChannel, Notice
from fundops.notices.schemas import (
    ChannelIn,
    ChannelOut,
    ChannelPage,
    ChannelReplacementIn,
    CodeIn,
    NoticePage,
    NoticeStatus,
    OwnChannelIn,
    OwnNoticeOut,
    OwnNoticePage,
    VerifyIn,
    channel_out,
    notice_out,
    own_notice_out,
)
from fundops.pages import Paging, json_response, list_page
from fundops.parties import queries as party_queries
from fundops.parties.schemas import ReasonIn
from fundops.schemas import COMMANDS, CREATES, LISTS, READS
from fundops.strict import StrictRoute

notices_router = APIRouter(prefix="/notices", tags=["notices"], route_class=StrictRoute)
inbox_router = APIRouter(prefix="/me/notices", tags=["notices"], route_class=StrictRoute)
own_router = APIRouter(prefix="/me/channels", tags=["notices"], route_class=StrictRoute)
party_router = APIRouter(
    prefix="/parties/{party_id}/channels", tags=["notices"], route_class=StrictRoute
)
ROUTERS: tuple[APIRouter, ...] = (notices_router, inbox_router, own_router, party_router)

Auditor = Annotated[Actor, Depends(Can(Permission.NOTICE_READ))]
SelfReader = Annotated[Actor, Depends(Can(Permission.SELF_READ))]
SelfWriter = Annotated[Actor, Depends(Can(Permission.SELF_WRITE))]
PartyReader = Annotated[Actor, Depends(Can(Permission.PARTY_READ))]
PartyWriter = Annotated[Actor, Depends(Can(Permission.PARTY_WRITE))]


def _out(row: Any) -> dict[str, Any]:
    return channel_out(row, channels.tries_left(row))


@notices_router.get("", operation_id="list_notices", response_model=NoticePage, responses=LISTS)
def list_notices(
    request: Request,
    actor: Auditor,
    paging: Paging,
    status: NoticeStatus | None = None,
    kind: Annotated[str | None, Query(max_length=40, pattern="^[a-z_]+$")] = None,
    about: Annotated[UUID | None, Query(description="The record told of.")] = None,
    fund: UUID | None = None,
) -> Response:
    """List what was told to whom and what became of it; addresses are masked."""
    query = queries.visible(actor)
    for column, value in (
        (Notice.status, status),
        (Notice.kind, kind),
        (Notice.about_id, about),
        (Notice.fund_id, fund),
    ):
        if value is not None:
            query = query.where(column == value)
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.SORTS, key=queries.NOTICES.id, out=notice_out
        )
    return json_response(page)


@inbox_router.get(
    "", operation_id="list_own_notices", response_model=OwnNoticePage, responses=LISTS
)
def list_own_notices(
    request: Request, actor: SelfReader, paging: Paging, unread: bool = False
) -> Response:
    """List what you were told, each event once, whatever became of messages."""
    query = queries.own(actor)
    if unread:
        query = query.where(Notice.read_at.is_(None))
    with read_session(request) as db:
        page = list_page(
            db, query, paging, sorts=queries.SORTS, key=queries.NOTICES.id, out=own_notice_out
        )
    return json_response(page)


@inbox_router.post(
    "/{notice_id}/read",
    operation_id="read_notice",
    response_model=OwnNoticeOut,
    responses=COMMANDS,
)
def read_notice(request: Request, actor: SelfWriter, notice_id: UUID) -> Response:
    """Note that you have read one of your notices."""

    def work(db: Session) -> dict[str, Any]:
        return own_notice_out(service.mark_read(db, actor, notice_id))

    return command(request, actor, work)


@own_router.get("", operation_id="list_own_channels", response_model=ChannelPage, responses=LISTS)
def list_own_channels(
    request: Request,
    actor: SelfReader,
    paging: Paging,
    status: Literal["active", "retired"] | None = None,
) -> Response:
    """List your channels, and those of the parties you act for; addresses are masked."""
    query = channel_queries.own(actor)
    return _channels(request, paging, query, status)


@own_router.post(
    "",
    operation_id="register_own_channel",
    status_code=201,
    response_model=ChannelOut,
    responses=CREATES,
)
def register_own_channel(request: Request, actor: SelfWriter, given: OwnChannelIn) -> Response:
    """Register a channel of your own, or of a party you act for."""
    if given.party_id is not None and given.party_id not in channel_queries.acted_for(actor):
        raise invalid("/party_id", "validation.unknown_record")

    if "language" not in given.model_fields_set:
        given = given.model_copy(update={"language": current().language})

    def work(db: Session) -> dict[str, Any]:
        return _out(channels.register(db, actor, given, party_id=given.party_id))

    return command(request, actor, work, status=201)


@own_router.post(
    "/{channel_id}/replace",
    operation_id="replace_own_channel",
    status_code=201,
    response_model=ChannelOut,
    responses=CREATES,
)
def replace_own_channel(
    request: Request, actor: SelfWriter, channel_id: UUID, given: ChannelReplacementIn
) -> Response:
    """Put another channel in the place of one of yours, which is told so."""

    def work(db: Session) -> dict[str, Any]:
        found = channel_queries.get_own(db, actor, channel_id)
        return _out(channels.replace(db, actor, found, given))

    return command(request, actor, work, status=201)


@own_router.post(
    "/{channel_id}/retire",
    operation_id="retire_own_channel",
    response_model=ChannelOut,
    responses=COMMANDS,
)
def retire_own_channel(
    request: Request, actor: SelfWriter, channel_id: UUID, given: ReasonIn
) -> Response:
    """Take one of your channels out of use; it is told so."""

    def work(db: Session) -> dict[str, Any]:
        found = channel_queries.get_own(db, actor, channel_id)
        return _out(channels.retire(db, actor, found, given.reason))

    return command(request, actor, work)


@own_router.post(
    "/{channel_id}/send_code",
    operation_id="send_channel_code",
    response_model=ChannelOut,
    responses=COMMANDS,
)
def send_channel_code(request: Request, actor: SelfWriter, channel_id: UUID) -> Response:
    """Have a code sent to an e-mail address of yours, which proves that it reaches you."""

    def work(db: Session) -> dict[str, Any]:
        found = channel_queries.get_own(db, actor, channel_id)
        return _out(channels.send_code(db, actor, found))

    return command(request, actor, work)


@own_router.post(
    "/{channel_id}/enter_code",
    operation_id="enter_channel_code",
    response_model=ChannelOut,
    responses=COMMANDS,
)
def enter_channel_code(
    request: Request, actor: SelfWriter, channel_id: UUID, given: CodeIn
) -> Response:
    """Enter the code that was sent. `verified_at` says whether it was right, `tries_left` how
    often it can be tried again.
    """

    def work(db: Session) -> dict[str, Any]:
        found = channel_queries.get_own(db, actor, channel_id)
        return _out(channels.enter_code(db, actor, found, given.code))

    return command(request, actor, work)


@party_router.get(
    "", operation_id="list_party_channels", response_model=ChannelPage, responses=READS
)
def list_party_channels(
    request: Request,
    actor: PartyReader,
    party_id: UUID,
    paging: Paging,
    status: Literal["active", "retired"] | None = None,
) -> Response:
    """List the channels of a party whose identity you may know; addresses are masked."""
    with read_session(request) as db:
        party_queries.get_known(db, actor, party_id)
    return _channels(request, paging, channel_queries.of_party(party_id), status)


@party_router.post(
    "",
    operation_id="register_party_channel",
    status_code=201,
    response_model=ChannelOut,
    responses=CREATES,
)
def register_party_channel(
    request: Request, actor: PartyWriter, party_id: UUID, given: ChannelIn
) -> Response:
    """Register a channel of a party."""

    def work(db: Session) -> dict[str, Any]:
        party = party_queries.get_known(db, actor, party_id)
        return _out(channels.register(db, actor, given, party_id=party.id))

    return command(request, actor, work, status=201)


@party_router.post(
    "/{channel_id}/replace",
    operation_id="replace_party_channel",
    status_code=201,
    response_model=ChannelOut,
    responses=CREATES,
)
def replace_party_channel(
    request: Request,
    actor: PartyWriter,
    party_id: UUID,
    channel_id: UUID,
    given: ChannelReplacementIn,
) -> Response:
    """Put another channel in the place of one of a party, which is told so."""

    def work(db: Session) -> dict[str, Any]:
        found = _of_party(db, actor, party_id, channel_id)
        return _out(channels.replace(db, actor, found, given))

    return command(request, actor, work, status=201)


@party_router.post(
    "/{channel_id}/retire",
    operation_id="retire_party_channel",
    response_model=ChannelOut,
    responses=COMMANDS,
)
def retire_party_channel(
    request: Request, actor: PartyWriter, party_id: UUID, channel_id: UUID, given: ReasonIn
) -> Response:
    """Take a channel of a party out of use; it is told so."""

    def work(db: Session) -> dict[str, Any]:
        found = _of_party(db, actor, party_id, channel_id)
        return _out(channels.retire(db, actor, found, given.reason))

    return command(request, actor, work)


@party_router.post(
    "/{channel_id}/verify",
    operation_id="verify_party_channel",
    response_model=ChannelOut,
    responses=COMMANDS,
)
def verify_party_channel(
    request: Request, actor: PartyWriter, party_id: UUID, channel_id: UUID, given: VerifyIn
) -> Response:
    """Record that you made sure that a channel, which another person registered, is the party's."""

    def work(db: Session) -> dict[str, Any]:
        found = _of_party(db, actor, party_id, channel_id)
        return _out(channels.verify(db, actor, found, given.note))

    return command(request, actor, work)


def _of_party(db: Session, actor: Actor, party_id: UUID, channel_id: UUID) -> ContactChannel:
    party = party_queries.get_known(db, actor, party_id)
    return channel_queries.get_of_party(db, party.id, channel_id)


def _channels(request: Request, paging: Any, query: Any, status: str | None) -> Response:
    if status is not None:
        query = query.where(ContactChannel.status == status)
    with read_session(request) as db:
        page = list_page(
            db,
            query,
            paging,
            sorts=channel_queries.SORTS,
            key=channel_queries.CHANNELS.id,
            out=_out,
        )
    return json_response(page)
