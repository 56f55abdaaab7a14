"""Routes of the cash plan and of the ageing of advances."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from fundops import clock
from fundops.authz import Actor, Can, Permission
from fundops.command import read_session
from fundops.errors import Problem, invalid
from fundops.grants.models import Grant
from fundops.grants.policy import policy_in_force
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.planning import ageing, cash
from fundops.planning.plan import MAX_LATE_DAYS, Delay, asked_of, plan
from fundops.planning.queries import labels
from fundops.planning.schemas import AdvancePage, CashPlanOut, named, plan_out
from fundops.schemas import READS, Day, money_out, problems
from fundops.strict import StrictRoute

router = APIRouter(prefix="/funds/{fund_id}", tags=["planning"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.PLAN_READ))]


def delay_of(donor_id: UUID | None, instalment_id: UUID | None, days: int | None) -> Delay | None:
    """Return the delay that was asked about. Raises ``invalid-request`` for half of one."""
    if donor_id is not None and instalment_id is not None:
        raise invalid("query/late_instalment_id", "planning.one_delay")
    if donor_id is None and instalment_id is None:
        if days is not None:
            raise invalid("query/late_donor_id", "planning.delay_whose")
        return None
    if days is None:
        raise invalid("query/late_days", "planning.delay_days")
    return Delay(days, donor_id, instalment_id)


@router.get(
    "/cash_plan", operation_id="get_cash_plan", response_model=CashPlanOut,
    responses=READS | problems(409),
)  # fmt: skip
def get_cash_plan(
    request: Request,
    actor: Reader,
    fund_id: UUID,
    from_on: Annotated[Day | None, Query(alias="from", description="First month shown.")] = None,
    months: Annotated[int, Query(ge=1, le=cash.MAX_MONTHS, description="Months shown.")] = 12,
    as_of: Annotated[Day | None, Query(description="Today, or a day gone by.")] = None,
    count_pledges: Annotated[bool, Query(description="Count pledges as expected.")] = False,
    late_donor_id: Annotated[UUID | None, Query(description="A donor who pays late.")] = None,
    late_instalment_id: Annotated[UUID | None, Query(description="Or one late instalment.")] = None,
    late_days: Annotated[int | None, Query(ge=1, le=MAX_LATE_DAYS)] = None,
) -> Response:
    """Read what a fund expects and owes by month and earmark, and when its cash runs short.

    With a donor or an instalment that is late: which grants could not be paid when due.
    """
    actor.require_fund(Permission.PLAN_READ, fund_id)
    with read_session(request) as db:
        fund = db.get(Fund, fund_id)
        if fund is None:
            raise Problem("not-found")
        delay = delay_of(late_donor_id, late_instalment_id, late_days)
        asked = asked_of(fund, as_of, from_on, months, counts_pledges=count_pledges, delay=delay)
        found = plan(db, fund, asked)
        body = plan_out(found, labels(db, actor, named(found)))
    return json_response(body)


@router.get(
    "/advances", operation_id="list_advances", response_model=AdvancePage, responses=READS
)  # fmt: skip
def list_advances(
    request: Request,
    actor: Reader,
    fund_id: UUID,
    paging: Paging,
    as_of: Annotated[Day | None, Query(description="Today, or a day gone by.")] = None,
    overdue_days: Annotated[
        int | None,
        Query(ge=1, le=3650, description="Older is overdue; by default what the policy says."),
    ] = None,
) -> Response:
    """List what grantees were paid and have not accounted for, by the days since it was paid."""
    actor.require_fund(Permission.PLAN_READ, fund_id)
    with read_session(request) as db:
        fund = db.get(Fund, fund_id)
        if fund is None:
            raise Problem("not-found")
        today = clock.today(fund.zone)
        on, currency = as_of or today, fund.base_currency
        if on > today:
            raise invalid("query/as_of", "validation.future")
        if overdue_days is None:
            overdue_days = policy_in_force(db, fund.id, today).payments.advance_overdue_days
        found = ageing.ages(db, fund.id, on, overdue_days)

        def out(row: Any) -> dict[str, Any]:
            return ageing.advance_out(row, found, on, currency)

        page = list_page(
            db, ageing.holders(actor, fund.id, on), paging, sorts=ageing.SORTS, key=Grant.id,
            out=out,
        )  # fmt: skip
        control = ageing.control_minor(db, fund.id, on)
    whole = ageing.buckets_out(ageing.together(found), currency)
    head = {"as_of": on, "overdue_days": overdue_days}
    return json_response({**head, **page, "totals": whole, "control": money_out(control, currency)})
