"""Routes of impact: live and exact, for those who may read every source report of the fund."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Can, Permission
from fundops.calls import codelists
from fundops.calls.indicators import catalogue
from fundops.command import read_session
from fundops.errors import Problem, invalid
from fundops.impact import provenance
from fundops.impact.grouping import LISTS, Filter
from fundops.impact.schemas import ImpactOut, ImpactRowPage
from fundops.impact.service import Question, answer, coverage, require_all, scope_of
from fundops.impact.wire import answer_out
from fundops.ledger.models import Fund
from fundops.pages import Paging, json_response, list_page
from fundops.reports import reads
from fundops.schemas import READS, Day, Instant
from fundops.strict import StrictRoute

router = APIRouter(prefix="/impact", tags=["impact"], route_class=StrictRoute)

Reader = Annotated[Actor, Depends(Can(Permission.IMPACT_READ))]
By = Literal[
    "fund", "objective", "theme", "p", "side", "exploitation", "sdg", "country", "region", "grant",
    "call", "donor", "year", "quarter", "indicator",
]  # fmt: skip
Dimension = Literal["sex_age", "exploitation", "group", "assistance"]


def _code(description: str) -> Any:
    return Query(description=description, max_length=40)


class Filters:
    """The filters that answers and their rows share."""

    def __init__(
        self,
        fund_id: UUID,
        as_of: Annotated[Day | None, Query(description="Today, or a day gone by.")] = None,
        known_at: Annotated[Instant | None, Query(description="As known then.")] = None,
        from_on: Annotated[
            Day | None, Query(alias="from", description="Leave out periods ending before.")
        ] = None,
        grant_id: UUID | None = None,
        call_id: UUID | None = None,
        donor_id: UUID | None = None,
        country: Annotated[str | None, _code("ISO 3166-1 alpha-2.")] = None,
        region: Annotated[str | None, _code("A code of the list `region`.")] = None,
        objective: Annotated[int | None, Query(ge=1, le=10)] = None,
        theme: Annotated[str | None, _code("A code of the list `theme`.")] = None,
        p: Annotated[str | None, _code("A code of the list `p`.")] = None,
        side: Annotated[str | None, _code("A code of the list `side`.")] = None,
        exploitation: Annotated[str | None, _code("A code of the list `exploitation`.")] = None,
        sdg: Annotated[str | None, _code("A code of the list `sdg`.")] = None,
        indicator: Annotated[str | None, _code("An indicator of the catalogue.")] = None,
    ) -> None:
        codes = {"theme": theme, "p": p, "side": side, "exploitation": exploitation, "sdg": sdg}
        given = tuple((name, code) for name in LISTS if (code := codes[name]) is not None)
        self.fund_id, self.as_of, self.known_at, self.from_on = fund_id, as_of, known_at, from_on
        self.objective, self.indicator = objective, indicator
        self.wanted = Filter(grant_id, call_id, country, region, donor_id, given)

    def check(self) -> None:
        """Raise ``invalid-request`` for codes of no list and a knowledge that is still to come.

        Asked by the endpoint, so that nobody who may not ask at all learns what a code is.
        """
        wanted = self.wanted
        places = (("country", wanted.country), ("region", wanted.region))
        for name, value in (*wanted.codes, *places):
            if value is not None and not codelists.get(name).has(value):
                raise invalid(f"query/{name}", "validation.unknown_record")
        if self.indicator is not None and self.indicator not in catalogue():
            raise invalid("query/indicator", "validation.unknown_record")
        if self.known_at is not None and self.known_at > clock.now():
            raise invalid("query/known_at", "validation.future")

    def question(
        self, db: Session, actor: Actor, by: str, dimension: str | None = None
    ) -> Question:
        """Return what is asked; raise ``not-found`` for a fund out of reach."""
        require_all(actor, self.fund_id)
        self.check()
        fund = db.get(Fund, self.fund_id)
        if fund is None:
            raise Problem("not-found")
        today = clock.today(fund.zone)
        on = self.as_of or today
        if on > today:
            raise invalid("query/as_of", "validation.future")
        latest = audit.sequence_at(db, None)
        known = latest if self.known_at is None else audit.sequence_at(db, self.known_at)
        return Question(
            fund, by, on, known, is_latest=known == latest, wanted=self.wanted,
            objective=self.objective, indicator=self.indicator, from_on=self.from_on,
            dimension=dimension,
        )  # fmt: skip


Filtered = Annotated[Filters, Depends(Filters)]


@router.get("", operation_id="get_impact", response_model=ImpactOut, responses=READS)
def get_impact(
    request: Request,
    actor: Reader,
    filters: Filtered,
    paging: Paging,
    by: By = "objective",
    break_down: Annotated[Dimension | None, Query(description="Break results down by.")] = None,
) -> Response:
    """Read what was planned and reached with which money, under each key of a grouping.

    Figures are added by the catalogue's rules or not at all; only accepted reports count.
    """
    _refuse_sort(paging.sort)
    with read_session(request) as db:
        found = answer(db, actor, filters.question(db, actor, by, break_down))
        body = answer_out(found, paging)
    return json_response(body)


@router.get(
    "/coverage", operation_id="get_impact_coverage", response_model=ImpactOut, responses=READS
)
def get_impact_coverage(
    request: Request, actor: Reader, filters: Filtered, paging: Paging
) -> Response:
    """Read what was requested, awarded, paid, spent and reached for each of the ten objectives."""
    _refuse_sort(paging.sort)
    with read_session(request) as db:
        found = coverage(db, actor, filters.question(db, actor, "objective"))
        body = answer_out(found, paging)
    return json_response(body)


@router.get("/rows", operation_id="list_impact_rows", response_model=ImpactRowPage, responses=READS)
def list_impact_rows(
    request: Request,
    actor: Reader,
    filters: Filtered,
    paging: Paging,
    dimension: Annotated[
        Literal["total"] | Dimension, Query(description="Figures undivided, or broken down by.")
    ] = "total",
) -> Response:
    """List the accepted reports behind an answer to the same filters, with their figures. Who
    reads them is written down.
    """
    with read_session(request) as db:
        question = filters.question(db, actor, "fund")
        scope = scope_of(actor, question)
        page = list_page(
            db, provenance.reports(actor, scope), paging, sorts=provenance.SORTS,
            key=provenance.KEY, out=provenance.report_out,
        )  # fmt: skip
        provenance.add_values(db, page["items"], scope, dimension)
    reads.write_down(request.app.state.database, actor, {one["report_id"] for one in page["items"]})
    return json_response(page)


def _refuse_sort(sort: str | None) -> None:
    """Groups have one order, that of their code list or of what they are called."""
    if sort is not None:
        raise invalid("query/sort", "validation.sort", fields="")
