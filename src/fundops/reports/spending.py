"""The money of a progress report: converted, filed as a statement of expenditure, decided on.

Amounts are minor units. A report's lines keep the rates at which they were filed; what becomes
known later is the exchange difference of the report that is accepted next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock, money
from fundops.authz import Actor
from fundops.errors import Problem, invalid
from fundops.expenditures import filing, service
from fundops.expenditures.models import EXCHANGE, ExpenditureStatement
from fundops.expenditures.schemas import AcceptIn, LineDecisionIn
from fundops.funds.rates import rate_on
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.records import snapshot
from fundops.reports import conversion, face, local_queries, spending_queries
from fundops.reports.conversion import METHODS, Basis, NoRate, Spent
from fundops.reports.models import ProgressReport, ReportVersion
from fundops.reports.money_models import ReportCertification, RequestDecision
from fundops.reports.spending_queries import Reported
from fundops.reports.spending_schemas import CertificationIn, ExpenditureDecisionIn
from fundops.reports.terms import ReportTerms
from fundops.schemas import MoneyIn

EXCHANGE_CATEGORY = "G"
"""Budget category of exchange differences: general operating and other direct cost."""


@dataclass(frozen=True)
class Row:
    """What was spent under one agreed budget line, and is requested for it next."""

    line_number: int
    local_minor: int
    reported_minor: int
    requested_minor: int


def convert(
    db: Session, report: ProgressReport, terms: ReportTerms, content: Mapping[str, Any]
) -> tuple[list[Row], int]:
    """Return the expenditure of a report's normal form (``checks``) converted by its method.

    Beside the lines stands the exchange difference as far as it is known by now, a loss positive;
    it is 0 where the grantee's currency is the fund's. Raises ``invalid-request`` where the
    currency is not that of what was received, and where no rate is known at all.
    """
    currency = content.get("currency") or terms.base_currency
    method = content.get("method") or METHODS[0]
    other = local_queries.other_currency(db, report.grant_id, currency)
    if other is not None:
        raise invalid("/currency", "face.received_in", currency=other)
    entries = [_entry(one, currency, terms) for one in content.get("expenditure") or ()]
    spent = sum(minor for _, minor, _ in entries)
    if spent > money.MAX_MINOR:
        raise invalid("/expenditure", "money.too_large")
    if currency == terms.base_currency:
        return [Row(number, minor, minor, asked) for number, minor, asked in entries], 0
    history = _History(db, report, currency, method, with_pending=True)
    try:
        costs = history.costs([minor for _, minor, _ in entries])
        total = sum(costs)
        difference = history.difference(Spent(spent, total, total))
    except NoRate:
        raise invalid("/currency", "face.no_rate", currency=currency) from None
    if total > money.MAX_MINOR or abs(difference) > money.MAX_MINOR:
        raise invalid("/expenditure", "money.too_large")
    rows = [
        Row(number, minor, cost, asked)
        for (number, minor, asked), cost in zip(entries, costs, strict=True)
    ]
    return rows, difference


def _entry(given: Mapping[str, Any], currency: str, terms: ReportTerms) -> tuple[int, int, int]:
    return (
        int(given["line"]),
        money.parse_amount(given["amount"], currency),
        money.parse_amount(given.get("requested") or "0", terms.base_currency),
    )


def file(
    db: Session,
    actor: Actor,
    report: ProgressReport,
    version: ReportVersion,
    rows: Sequence[Row],
    certified: CertificationIn,
) -> ExpenditureStatement:
    """File a submitted version's expenditure as a statement, and keep what was certified of it.

    The report has its currency and method by then; the caller lets it name the statement. Raises
    ``invalid-request`` where something is not certified, ``conflict`` before the period has ended.
    """
    if not certified.expenditure:
        raise invalid("/certified/expenditure", "face.certify_expenditure")
    if not certified.request and any(row.requested_minor for row in rows):
        raise invalid("/certified/request", "face.certify_request")
    grant = db.get_one(Grant, report.grant_id)
    fund = db.get_one(Fund, grant.fund_id)
    if report.ends_on > clock.today(fund.zone):
        raise Problem("conflict", detail=text("face.period_open", ends_on=report.ends_on))
    replaces_id = _replaced(db, report)
    reason = report.correction_reason or text("face.corrected")
    lines = _filed(db, grant, version, rows)
    if report.currency != fund.base_currency:
        lines.append(_difference(db, report, rows))
    statement = filing.file(
        db, actor, grant,
        filing.Filing(
            report.starts_on, report.ends_on, lines, replaces_id,
            reason if replaces_id is not None else None, report.currency,
        ),
    )  # fmt: skip
    _keep_certification(db, actor, grant, version, certified)
    return statement


def _filed(
    db: Session, grant: Grant, version: ReportVersion, rows: Sequence[Row]
) -> list[filing.Line]:
    """Return the lines of a statement: one for each budget line that was reported on."""
    agreed = spending_queries.lines_of_text(db, version.text_id)
    support = spending_queries.support_lines(db, grant.id)
    lines = []
    for row in rows:
        line = agreed[row.line_number]
        lines.append(
            filing.Line(
                line.category, line.description[: filing.MAX_DESCRIPTION],
                (line.category, line.description) in support, row.reported_minor,
                budget_line=line.number, budget_line_id=line.id, local_minor=row.local_minor,
            )
        )  # fmt: skip
    return lines


def _difference(db: Session, report: ProgressReport, rows: Sequence[Row]) -> filing.Line:
    """Return the line of the exchange difference, nothing where none is known of."""
    history = _History.of(db, report, with_pending=True)
    total = sum(row.reported_minor for row in rows)
    minor = history.difference(Spent(sum(row.local_minor for row in rows), total, total))
    return filing.Line(EXCHANGE_CATEGORY, text("face.exchange_difference"), False, minor, EXCHANGE)


def _replaced(db: Session, report: ProgressReport) -> UUID | None:
    """Return the accepted statement that a report's next one takes the place of, if any.

    A statement that was sent back took the place of the same one.
    """
    if report.statement_id is None:
        return None
    last = db.get_one(ExpenditureStatement, report.statement_id, populate_existing=True)
    if last.status == "reported":
        raise Problem("wrong-status", action="submit", status=report.status)
    return last.id if last.status == "accepted" else last.replaces_id


def _keep_certification(
    db: Session, actor: Actor, grant: Grant, version: ReportVersion, certified: CertificationIn
) -> None:
    made = ReportCertification(
        id=uuid7(), version_id=version.id, is_expenditure_certified=certified.expenditure,
        is_request_certified=certified.request, certified_by_id=actor.person_id,
        certified_at=clock.now(),
    )  # fmt: skip
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "progress_report.certified", "report_certification", made.id,
        fund_id=grant.fund_id, after=snapshot(made),
    )  # fmt: skip


def send_back(db: Session, actor: Actor, report: ProgressReport, reason: str) -> None:
    """Return the statement of a report that is returned; without one nothing is done."""
    statement = _under_review(db, report)
    if statement is not None:
        grant = db.get_one(Grant, report.grant_id)
        service.send_back(db, actor, statement, grant, reason, with_report=True)


def accept(
    db: Session,
    actor: Actor,
    report: ProgressReport,
    decisions: Sequence[ExpenditureDecisionIn] = (),
) -> ExpenditureStatement | None:
    """Accept the expenditure of a report that is accepted: the lots' shares are booked.

    What is requested for the next period is authorised by line, as requested where nothing else is
    decided, and never beyond what is left of the line; it moves no money. Raises what
    ``expenditures.service.accept`` does; pointers are to ``/lines``.
    """
    statement = _under_review(db, report)
    if statement is None:
        if decisions:
            raise invalid("/lines", "face.nothing_to_decide")
        return None
    grant = db.get_one(Grant, report.grant_id)
    fund = db.get_one(Fund, grant.fund_id)
    given = _as_lines(db, fund, statement, decisions)

    def difference(reported_minor: int, accepted_minor: int) -> int:
        history = _History.of(db, report, with_pending=False)
        local = spending_queries.local_of(db, statement.id)
        return history.difference(Spent(local, reported_minor, accepted_minor))

    accepted = service.accept(db, actor, fund, grant, statement, given, difference)
    db.flush()
    _authorise(db, actor, fund, grant, report, decisions)
    return accepted


def _under_review(db: Session, report: ProgressReport) -> ExpenditureStatement | None:
    if report.statement_id is None:
        return None
    found = db.get_one(ExpenditureStatement, report.statement_id, populate_existing=True)
    return found if found.status == "reported" else None


def _as_lines(
    db: Session,
    fund: Fund,
    statement: ExpenditureStatement,
    decisions: Sequence[ExpenditureDecisionIn],
) -> AcceptIn:
    """Return decisions by budget line as decisions on the statement's lines."""
    lines = {
        line.budget_line: line
        for line in service.lines_of(db, statement.id)
        if line.budget_line is not None
    }
    given: list[LineDecisionIn] = []
    for index, decision in enumerate(decisions):
        line = lines.pop(decision.number, None)
        if line is None:
            raise invalid(f"/lines/{index}/number", "expenditures.no_such_line")
        if decision.is_support_cost is not None:
            line.is_support_cost = decision.is_support_cost
        whole = MoneyIn(
            amount=money.format_amount(line.reported_minor, fund.base_currency),
            currency=fund.base_currency,
        )
        accepted = decision.accepted or whole
        given.append(LineDecisionIn(number=line.number, accepted=accepted, reason=decision.reason))
    return AcceptIn(accepted_on=None, lines=given)


def _authorise(
    db: Session,
    actor: Actor,
    fund: Fund,
    grant: Grant,
    report: ProgressReport,
    decisions: Sequence[ExpenditureDecisionIn],
) -> None:
    """Keep what is authorised of each line's request."""
    version_id = spending_queries.submitted_version(db, report)
    left = {row.number: max(row.balance_minor, 0) for row in face.rows_of(db, grant, report)}
    decided = {one.number: (index, one.authorised) for index, one in enumerate(decisions)}
    made = []
    for number, asked in spending_queries.requests(db, version_id).items():
        most = left.get(number, 0)
        index, authorised = decided.get(number, (0, None))
        minor = min(asked, most)
        if authorised is not None:
            place = f"/lines/{index}/authorised"
            minor = _base(fund, authorised, place)
            if minor > most:
                shown = money.display(most, fund.base_currency)
                raise invalid(f"{place}/amount", "face.beyond_balance", left=shown)
        made.append((number, minor))
    now = clock.now()
    db.add_all(
        RequestDecision(
            id=uuid7(), version_id=version_id, line_number=number, authorised_minor=minor,
            decided_by_id=actor.person_id, decided_at=now,
        )
        for number, minor in made
    )  # fmt: skip
    db.flush()
    audit.record(
        db, actor, "progress_report.request_decided", "progress_report", report.id,
        fund_id=grant.fund_id, after={"authorised": [list(one) for one in made]},
    )  # fmt: skip


def _base(fund: Fund, given: MoneyIn, pointer: str) -> int:
    if given.currency != fund.base_currency:
        raise invalid(f"{pointer}/currency", "grants.base_currency", currency=fund.base_currency)
    return given.minor(pointer, zero=True)


@dataclass
class _History:
    """The other reports of a grant that count when one is converted, and what was received."""

    db: Session
    report: ProgressReport
    currency: str
    method: str
    with_pending: bool
    others: list[Reported] = field(init=False)
    received: list[conversion.Exchanged] = field(init=False)

    def __post_init__(self) -> None:
        self.others = spending_queries.others(
            self.db, self.report, self.currency, with_pending=self.with_pending
        )
        self.received = local_queries.received(self.db, self.report.grant_id, self.currency)

    @property
    def before(self) -> list[Reported]:
        """The reports on periods before this one's."""
        return [one for one in self.others if one.starts_on < self.report.starts_on]

    @classmethod
    def of(cls, db: Session, report: ProgressReport, *, with_pending: bool) -> _History:
        """Return the history by the currency and method that a submitted report declares."""
        assert report.currency is not None, "a submitted report has its currency"
        assert report.method is not None, "a submitted report has its method"
        return cls(db, report, report.currency, report.method, with_pending)

    def costs(self, locals_minor: Sequence[int]) -> list[int]:
        """Return what the lines of this report cost, by what came until its period's end."""
        before = sum(one.spent.local_minor for one in self.before)
        basis = self.basis(self.report.ends_on, before + sum(locals_minor))
        return conversion.lines_of(basis, before, locals_minor)

    def basis(self, until: date, local_minor: int) -> Basis:
        """Return by what so much spending until a day is costed."""
        grant = self.db.get_one(Grant, self.report.grant_id)
        base = self.db.get_one(Fund, grant.fund_id).base_currency
        known, on_record = rate_on(self.db, base, self.currency, until), None
        if known is not None:
            on_record = conversion.base_per_local(known.rate, self.currency, base)
        return conversion.basis(self.method, self.received, until, local_minor, on_record)

    def difference(self, this: Spent) -> int:
        """Return the exchange difference of this report, with what is known now."""
        later = [one for one in self.others if one.starts_on >= self.report.starts_on]
        reports = [one.spent for one in self.before] + [this] + [one.spent for one in later]
        until = max([self.report.ends_on, *(one.ends_on for one in self.others)])
        basis = self.basis(until, sum(one.local_minor for one in reports))
        booked = sum(one.spent.accepted_minor + one.difference_minor for one in self.others)
        return conversion.difference(basis, reports, booked + this.accepted_minor)
