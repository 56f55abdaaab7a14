"""What the API takes and gives for channels and notices. Addresses go out masked only."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from fundops.messages import text
from fundops.schemas import Flag, In, Line, LongLine, Out
from fundops.screening.fields import SCREENED_BUT_NAMES

ChannelKind = Literal["email", "phone", "messenger"]
NoticeStatus = Literal["waiting", "sending", "sent", "failed", "dropped"]
Language = Annotated[
    str, StringConstraints(strict=True, max_length=12, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
]

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(
    rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@({_LABEL}\.)+{_LABEL}"
)
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
MAX_LOCAL, MAX_EMAIL, MAX_MESSENGER = 64, 254, 200


def canonical_address(kind: str, address: str) -> str | None:
    """Return an address as it is stored, or none if it cannot be one of its kind.

    E-mail addresses are plain ASCII without quotes or comments, phone numbers international.
    """
    if kind == "email":
        fits = len(address) <= MAX_EMAIL and EMAIL.fullmatch(address) is not None
        return address if fits and len(address.rpartition("@")[0]) <= MAX_LOCAL else None
    if kind == "phone":
        number = re.sub(r"[ ()./-]", "", address)
        return number if PHONE.fullmatch(number) else None
    return address if len(address) <= MAX_MESSENGER and address.isprintable() else None


def masked(kind: str, address: str) -> str:
    """Return what answers show of an address: enough to tell one's own channels apart."""
    if kind == "email":
        local, _, domain = address.rpartition("@")
        return f"{local[0] if len(local) > 3 else ''}…@{domain[0]}…"
    return f"…{address[-2:]}" if len(address) > 6 else "…"


class ChannelIn(In):
    """A channel to register. E-mail is sent to; a person uses the other kinds, to call back."""

    kind: ChannelKind = Field(examples=["email"])
    address: Line = Field(examples=["office@example.org"])
    language: Language = Field("en", description="Of messages; English where there is no other.")
    is_urgent_only: Flag = Field(False, description="Leave out what can wait for a digest.")


class OwnChannelIn(ChannelIn):
    """A channel of one's own, or of a party one acts for.

    Without a language it is written to in the one that the request reads.
    """

    party_id: UUID | None = Field(None, description="The party, unless the channel is your own.")


class ChannelReplacementIn(ChannelIn):
    """The channel that takes the place of another."""

    reason: Annotated[LongLine, SCREENED_BUT_NAMES] = Field(
        examples=["We have moved to another provider"]
    )


class VerifyIn(In):
    """How you made sure that the channel is its owner's."""

    note: Annotated[LongLine, SCREENED_BUT_NAMES] = Field(
        examples=["Called the number in the registry extract; they confirmed"]
    )


class CodeIn(In):
    """A code as it was received."""

    code: Annotated[Line, Field(max_length=20)] = Field(examples=["BCDF2345"])


class ChannelOut(Out):
    """A channel; its address masked, for whoever asks."""

    id: UUID
    party_id: UUID | None
    person_id: UUID | None
    kind: ChannelKind
    address: str = Field(description="Masked.", examples=["o…@e…"])
    language: str
    is_urgent_only: bool
    status: Literal["active", "retired"]
    replaces_id: UUID | None
    registered_by_id: UUID
    verified_how: Literal["code", "person"] | None
    verified_at: datetime | None
    verified_by_id: UUID | None
    tries_left: int | None = Field(description="Of the code that was sent; null without one.")
    retired_at: datetime | None
    created_at: datetime
    version: int


class ChannelPage(Out):
    """A page of channels."""

    items: list[ChannelOut]
    next_cursor: str | None


class OwnNoticeOut(Out):
    """Something you were told."""

    id: UUID
    kind: str
    sentence: str
    about_type: str | None
    about_id: UUID | None
    code: str | None = Field(description="Of the record, where it may be named.")
    on: date | None
    created_at: datetime
    read_at: datetime | None


class OwnNoticePage(Out):
    """A page of your notices."""

    items: list[OwnNoticeOut]
    next_cursor: str | None


class NoticeOut(Out):
    """What was told to whom, and what became of it."""

    id: UUID
    kind: str
    urgency: Literal["at_once", "digest"]
    fund_id: UUID | None
    about_type: str | None
    about_id: UUID | None
    person_code: str | None
    party_name: str | None
    channel_id: UUID | None
    channel_kind: ChannelKind | None
    address: str | None = Field(description="Masked.")
    language: str
    status: NoticeStatus
    why: Literal["no_channel", "by_hand", "expired", "undeliverable"] | None
    attempts: int
    digest_id: UUID | None
    event_seq: int
    created_at: datetime
    sent_at: datetime | None
    read_at: datetime | None


class NoticePage(Out):
    """A page of notices."""

    items: list[NoticeOut]
    next_cursor: str | None


_CHANNEL = [name for name in ChannelOut.model_fields if name not in {"address", "tries_left"}]
_NOTICE = [name for name in NoticeOut.model_fields if name != "address"]


def channel_out(row: Any, tries_left: int | None) -> dict[str, Any]:
    """Return the wire form of a channel (a record or row)."""
    return {name: getattr(row, name) for name in _CHANNEL} | {
        "address": masked(row.kind, row.address),
        "tries_left": tries_left,
    }


def notice_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a notice as auditors see it."""
    shown = None if row.address is None else masked(row.channel_kind, row.address)
    return {name: getattr(row, name) for name in _NOTICE} | {"address": shown}


def own_notice_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a notice as its recipient sees it."""
    said = json.loads(row.facts)
    return {
        "id": row.id,
        "kind": row.kind,
        "sentence": text(f"notices.body.{row.kind}", row.language),
        "about_type": row.about_type,
        "about_id": row.about_id,
        "code": said.get("code"),
        "on": said.get("on"),
        "created_at": row.created_at,
        "read_at": row.read_at,
    }
