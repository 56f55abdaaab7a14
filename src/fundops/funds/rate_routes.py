"""Routes of exchange rates. They are nobody's secret: whoever reads rates reads all."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command, read_session
from fundops.funds import rates
from fundops.funds.models import ExchangeRate
from fundops.funds.rate_schemas import RateIn, RateOut, RatePage, rate_out
from fundops.pages import Paging, json_response, list_page
from fundops.schemas import CREATES, LISTS, Currency, Day
from fundops.strict import StrictRoute

router = APIRouter(prefix="/exchange_rates", tags=["exchange rates"], route_class=StrictRoute)

RateReader = Annotated[Actor, Depends(Can(Permission.RATE_READ))]
RateWriter = Annotated[Actor, Depends(Can(Permission.RATE_WRITE))]

COLUMNS: Any = ExchangeRate.__table__.c
SORTS = {"starts_on": COLUMNS.starts_on, "currency": COLUMNS.currency}


@router.get("", operation_id="list_exchange_rates", response_model=RatePage, responses=LISTS)
def list_exchange_rates(
    request: Request,
    _actor: RateReader,
    paging: Paging,
    source: Literal["un_operational", "ecb", "bank", "other"] | None = None,
    base: Currency | None = None,
    currency: Currency | None = None,
    starts_until: Annotated[Day | None, Query(description="In effect by this day.")] = None,
) -> Response:
    """List published exchange rates."""
    query: Select[Any] = select(*COLUMNS)
    for column, value in (
        (ExchangeRate.source, source),
        (ExchangeRate.base, base),
        (ExchangeRate.currency, currency),
    ):
        if value is not None:
            query = query.where(column == value)
    if starts_until is not None:
        query = query.where(ExchangeRate.starts_on <= starts_until)
    with read_session(request) as db:
        page = list_page(db, query, paging, sorts=SORTS, key=COLUMNS.id, out=rate_out)
    return json_response(page)


@router.post(
    "",
    operation_id="record_exchange_rate",
    status_code=201,
    response_model=RateOut,
    responses=CREATES,
)
def record_exchange_rate(request: Request, actor: RateWriter, given: RateIn) -> Response:
    """Record a published exchange rate."""

    def work(db: Session) -> dict[str, Any]:
        return rate_out(rates.record_rate(db, actor, given))

    return command(request, actor, work, status=201)
