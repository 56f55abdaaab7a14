"""What the API takes and gives for grants and refunds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from fundops.allocation.regions import AREAS
from fundops.calls.objectives import OBJECTIVES
from fundops.schemas import (
    Country,
    Day,
    In,
    Line,
    LongLine,
    MoneyIn,
    MoneyOut,
    Out,
    Prose,
    Whole,
    money_out,
    refused,
)
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES

MAX_TRANCHES = 60
MAX_REASON, MAX_REFERENCE = 2_000, 140


def _area(value: str) -> str:
    if value not in AREAS:
        raise refused("earmark.region_unknown")
    return value


def _reason(value: str) -> str:
    if len(value) > MAX_REASON:
        raise refused("grants.text_too_long", maximum=MAX_REASON)
    return value


def _reference(value: str) -> str:
    if len(value) > MAX_REFERENCE:
        raise refused("grants.text_too_long", maximum=MAX_REFERENCE)
    return value


Area = Annotated[str, Field(strict=True, pattern=r"^[0-9]{3}$"), AfterValidator(_area)]
AnyReason = Annotated[Prose, AfterValidator(_reason)]
"""A reason that is screened elsewhere, or need not be."""
Reason = Annotated[AnyReason, SCREENED]
Reference = Annotated[Line, AfterValidator(_reference)]


class ObjectiveShare(In):
    """The share of a grant that serves one objective, in whole percent."""

    objective: Annotated[Whole, Field(ge=OBJECTIVES[0], le=OBJECTIVES[-1])] = Field(examples=[4])
    percent: Annotated[Whole, Field(ge=1, le=100)] = Field(examples=[100])


def _shares(values: list[ObjectiveShare]) -> list[ObjectiveShare]:
    if len({share.objective for share in values}) != len(values):
        raise refused("calls.objective_repeated")
    if sum(share.percent for share in values) != 100:
        raise refused("grants.shares_sum")
    return sorted(values, key=lambda share: share.objective)


Shares = Annotated[
    list[ObjectiveShare],
    Field(min_length=1, max_length=len(OBJECTIVES)),
    AfterValidator(_shares),
]


class TrancheIn(In):
    """A scheduled outflow."""

    amount: MoneyIn
    due_on: Day | None = None


class GrantIn(In):
    """An award: reserved in full in the same transaction, or refused."""

    fund_id: UUID
    call_id: UUID | None = None
    grantee_id: UUID
    title: Annotated[LongLine, SCREENED_BUT_NAMES] = Field(
        examples=["Safe houses and counselling in three ports"]
    )
    amount: MoneyIn
    country: Country | None = Field(None, examples=["KE"])
    region: Area | None = Field(None, description="UN M49 area.", examples=["014"])
    objectives: Shares
    tranches: Annotated[list[TrancheIn], Field(max_length=MAX_TRANCHES)] = []
    awarded_on: Day | None = Field(None, description="Today by default, never in the future.")
    starts_on: Day | None = None
    ends_on: Day | None = None
    instalment_id: UUID | None = Field(
        None,
        description="Award conditionally, on this scheduled instalment, where the fund allows it.",
    )


class GrantPatch(In):
    """Changes to a grant's description; money and what earmarks ask about stay as awarded."""

    title: Annotated[LongLine, SCREENED_BUT_NAMES] | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class LotIn(In):
    """A lot on which a grant holds a reservation."""

    lot_id: UUID


class CloseIn(In):
    """Closing or cancelling a grant: why, and the day from which it counts."""

    reason: Reason
    on: Day | None = Field(None, description="Today by default, never in the future.")


class RefundIn(In):
    """Money that a grantee returned."""

    amount: MoneyIn
    received_on: Day
    reference: Reference | None = None


class GranteeOut(Out):
    """The grantee, as far as the reader may know."""

    id: UUID
    code: str | None
    name: str


class ObjectiveShareOut(Out):
    """The share of one objective, in percent."""

    objective: int
    percent: int


class GrantOut(Out):
    """A grant; every amount is in the fund's base currency."""

    id: UUID
    code: str
    fund_id: UUID
    call_id: UUID | None
    proposal_id: UUID | None
    grantee: GranteeOut
    title: str
    country: str | None
    region: str | None
    objectives: list[ObjectiveShareOut]
    awarded_on: str
    starts_on: str | None
    ends_on: str | None
    awarded: MoneyOut
    requested: MoneyOut
    paid: MoneyOut
    refunded: MoneyOut
    status: str
    version: int


class GrantPage(Out):
    """A page of grants."""

    items: list[GrantOut]
    next_cursor: str | None


class TrancheOut(Out):
    """A scheduled outflow."""

    id: UUID
    number: int
    due_on: str | None
    amount: MoneyOut


class TranchePage(Out):
    """A page of tranches."""

    items: list[TrancheOut]
    next_cursor: str | None


class GrantLotOut(Out):
    """What a grant holds of one lot."""

    lot_id: UUID
    lot_code: str
    reserved: MoneyOut
    advanced: MoneyOut
    is_pinned: bool


class GrantLots(Out):
    """The lots that carry a grant, in the order in which they are drawn."""

    items: list[GrantLotOut]
    next_cursor: str | None


class GrantConditionOut(Out):
    """An instalment that a grant stands on until its money is here."""

    id: UUID
    instalment_id: UUID
    agreement_code: str
    due_on: str | None
    amount: MoneyOut
    shortfall: MoneyOut | None = Field(description="What its lots lack now, while it waits.")
    status: str = Field(description="`waiting`, `stood` on cash, or `void`.")


class GrantConditions(Out):
    """The instalments of a conditional grant."""

    items: list[GrantConditionOut]
    next_cursor: str | None


class RefundOut(Out):
    """Money returned by a grantee."""

    id: UUID
    code: str
    grant_id: UUID
    grant_code: str
    amount: MoneyOut
    received_on: str
    reference: str | None


class RefundPage(Out):
    """A page of refunds."""

    items: list[RefundOut]
    next_cursor: str | None


def shares_stored(shares: Mapping[int, int]) -> str:
    """Return the canonical JSON text of objective shares, number to percent."""
    given = {str(number): percent for number, percent in shares.items()}
    return json.dumps(given, sort_keys=True, separators=(",", ":"))


def shares_of(stored: str) -> dict[int, int]:
    """Return stored objective shares, number to percent; none where they are not known."""
    return {int(number): percent for number, percent in json.loads(stored).items()}


def shares_out(stored: str) -> list[dict[str, int]]:
    """Return the wire form of stored objective shares, by number."""
    pairs = sorted((int(number), percent) for number, percent in json.loads(stored).items())
    return [{"objective": number, "percent": percent} for number, percent in pairs]


def grant_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a grant's row; what the reader may not know is null already."""
    currency = row.base_currency
    return {
        "id": row.id,
        "code": row.code,
        "fund_id": row.fund_id,
        "call_id": row.call_id,
        "proposal_id": row.proposal_id,
        "grantee": {
            "id": row.grantee_id, "code": row.grantee_code, "name": row.grantee_name,
        },
        "title": row.title,
        "country": row.shown_country,
        "region": row.region,
        "objectives": shares_out(row.objectives),
        "awarded_on": row.awarded_on,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "awarded": money_out(row.awarded_minor, currency),
        "requested": money_out(row.requested_minor, currency),
        "paid": money_out(row.paid_minor, currency),
        "refunded": money_out(row.refunded_minor, currency),
        "status": row.status,
        "version": row.version,
    }  # fmt: skip


def tranche_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a tranche's row."""
    return {
        "id": row.id,
        "number": row.number,
        "due_on": row.due_on,
        "amount": money_out(row.amount_minor, row.base_currency),
    }


def refund_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a refund's row."""
    return {
        "id": row.id,
        "code": row.code,
        "grant_id": row.grant_id,
        "grant_code": row.grant_code,
        "amount": money_out(row.amount_minor, row.base_currency),
        "received_on": row.received_on,
        "reference": row.reference,
    }
