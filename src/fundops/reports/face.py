"""FACE: what is authorised, reported, accepted and left, by budget line, and what is asked next.

A authorised, B reported, C accepted, D = A - C; E requested, F authorised of it, G = D + F. All in
minor units of the fund's base currency. C of all rows is what the ledger has accepted of the
grant. Budget lines are the same across amendments by category and description.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import money
from fundops.expenditures.models import EXCHANGE
from fundops.grants.agreement_models import GrantBudgetLine
from fundops.grants.amendment_rules import Thresholds, share_bp
from fundops.grants.amendment_terms import thresholds_in_force, thresholds_of
from fundops.grants.models import Grant
from fundops.grants.policy import policy_in_force
from fundops.ledger.models import Fund
from fundops.reports import face_past
from fundops.reports import face_queries as queries
from fundops.reports.face_past import Past
from fundops.reports.face_queries import Booked, Request
from fundops.reports.models import ProgressReport

LINE, FORMER, OTHER = "budget_line", "former_line", "without_line"
WITHIN_CATEGORY, WITHIN, BEYOND = "within_category", "within_threshold", "beyond_threshold"

Key = tuple[str, str, int]
"""Category, description, and which one of those that have both."""


@dataclass
class FaceRow:
    """One line of the form; ``number`` is the agreed budget's, null where it has none.

    ``reported_minor`` and ``accepted_now_minor`` are of the report that is shown;
    ``under_review_minor`` is reported and not decided on, and no part of what is accepted.
    """

    kind: str
    number: int | None
    category: str | None
    description: str | None
    authorised_minor: int = 0
    local_minor: int = 0
    reported_minor: int = 0
    reported_to_date_minor: int = 0
    under_review_minor: int = 0
    accepted_now_minor: int = 0
    accepted_minor: int = 0
    requested_minor: int = 0
    request_authorised_minor: int | None = None
    over: str | None = None

    @property
    def balance_minor(self) -> int:
        """D: what is left of what is authorised."""
        return self.authorised_minor - self.accepted_minor

    @property
    def outstanding_minor(self) -> int | None:
        """G: what is left with what was authorised of the request; null until that is decided."""
        if self.request_authorised_minor is None:
            return None
        return self.balance_minor + self.request_authorised_minor

    @property
    def spent_minor(self) -> int:
        """What counts against the budget: accepted, or under review."""
        return self.accepted_minor + self.under_review_minor

    def add(self, other: FaceRow) -> None:
        """Add another row's amounts to this one's."""
        for name in AMOUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.request_authorised_minor is not None:
            mine = self.request_authorised_minor or 0
            self.request_authorised_minor = mine + other.request_authorised_minor


AMOUNTS = (
    "authorised_minor", "local_minor", "reported_minor", "reported_to_date_minor",
    "under_review_minor", "accepted_now_minor", "accepted_minor", "requested_minor",
)  # fmt: skip


@dataclass
class Face:
    """The form: its rows, the same by category, and all of it.

    ``moved_bp`` is what categories spent beyond their budgets, in basis points of the whole;
    ``threshold_bp`` up to how much of it the policy lets be moved in the lightest way.
    """

    rows: list[FaceRow]
    categories: list[FaceRow] = field(default_factory=list)
    total: FaceRow = field(default_factory=lambda: FaceRow("total", None, None, None))
    moved_bp: int = 0
    threshold_bp: int | None = None

    @property
    def is_beyond(self) -> bool:
        """Whether more was moved between categories than the threshold."""
        return self.threshold_bp is not None and self.moved_bp > self.threshold_bp


def face(db: Session, fund: Fund, grant: Grant, report: ProgressReport | None = None) -> Face:
    """Return the form of a grant, or of a report: that one's period and request beside all."""
    return _made(rows_of(db, grant, report), thresholds_in_force(db, fund))


def face_then(db: Session, grant: Grant, past: Past) -> Face:
    """Return the form of a grant as of a day and as known, by the policy in force on that day."""
    rows, _ = _put_together(
        face_past.lines_in_force(db, grant.id, past),
        face_past.booked(db, grant.id, past),
        face_past.request_of(db, grant, past),
        db,
    )
    policy = policy_in_force(db, grant.fund_id, past.as_of_on)
    return _made(sorted(rows.values(), key=_order), thresholds_of(policy.amendments))


def _made(rows: list[FaceRow], thresholds: Thresholds) -> Face:
    made = Face(rows, _by_category(rows))
    for row in made.categories:
        made.total.add(row)
    made.threshold_bp = thresholds["reallocation"][0].up_to
    _mark(made)
    return made


def rows_of(db: Session, grant: Grant, report: ProgressReport | None) -> list[FaceRow]:
    """Return the rows of the form: agreed lines, lines that were, and what is of no line."""
    rows, _ = _rows(db, grant, report)
    return sorted(rows.values(), key=_order)


def left_of(db: Session, grant: Grant, report: ProgressReport) -> dict[int, int]:
    """Return what is left of each line that a report requests under, by the report's numbers.

    Its numbers are those of the text it was submitted under; nothing is left of a line that is
    agreed no more.
    """
    rows, asked = _rows(db, grant, report)
    found = {number: rows.get(key) for number, key in asked.items()}
    return {
        number: 0 if row is None else max(row.balance_minor, 0) for number, row in found.items()
    }


def _rows(
    db: Session, grant: Grant, report: ProgressReport | None
) -> tuple[dict[Key, FaceRow], dict[int, Key]]:
    """Return the rows, and which of them each number of the request's own text is of."""
    return _put_together(
        queries.lines_in_force(db, grant.id),
        queries.booked(db, grant.id),
        queries.request_of(db, grant, report),
        db,
        report,
    )


def _put_together(
    held: Sequence[GrantBudgetLine],
    booked: Sequence[Booked],
    request: Request | None,
    db: Session,
    report: ProgressReport | None = None,
) -> tuple[dict[Key, FaceRow], dict[int, Key]]:
    """Return rows of what is agreed, booked and requested, as ``_rows`` does."""
    lines = queries.lines_of(db, {one.line_id for one in booked if one.line_id is not None})
    asked = queries.lines_of_text(db, request.text_id) if request is not None else []
    keys = _keys([*held, *lines, *asked])
    rows = {keys[line.id]: _agreed(line) for line in held}
    _book(rows, booked, {line.id: keys[line.id] for line in lines}, report)
    numbers = {line.number: keys[line.id] for line in asked}
    if request is not None:
        _ask(rows, request, numbers)
    return rows, numbers


def _agreed(line: GrantBudgetLine) -> FaceRow:
    return FaceRow(LINE, line.number, line.category, line.description, line.amount_minor)


def _keys(lines: Iterable[GrantBudgetLine]) -> dict[UUID, Key]:
    """Return what a line is the same by in every text of the agreement."""
    by_text: dict[UUID, dict[UUID, GrantBudgetLine]] = {}
    for line in lines:
        by_text.setdefault(line.text_id, {})[line.id] = line
    found: dict[UUID, Key] = {}
    for its in by_text.values():
        seen: dict[tuple[str, str], int] = {}
        for line in sorted(its.values(), key=lambda line: line.number):
            named = (line.category, line.description)
            seen[named] = seen.get(named, 0) + 1
            found[line.id] = (*named, seen[named])
    return found


def _book(
    rows: dict[Key, FaceRow],
    booked: Sequence[Booked],
    keys: Mapping[UUID, Key],
    report: ProgressReport | None,
) -> None:
    """Put what was reported and accepted into its rows, and make those that are not there."""
    shown_id = None if report is None else report.statement_id
    for one in booked:
        key = _key(one, keys)
        row = rows.get(key)
        if row is None:
            row = rows[key] = _unagreed(one, key)
        is_shown = shown_id is not None and one.statement_id == shown_id
        if one.status == "reported":
            row.under_review_minor += one.reported_minor
        if one.status == "reported" or not one.is_replaced_soon:
            row.reported_to_date_minor += one.reported_minor
        row.accepted_minor += one.accepted_minor
        if is_shown:
            row.local_minor += one.local_minor
            row.reported_minor += one.reported_minor
            row.accepted_now_minor += one.accepted_minor


def _key(one: Booked, keys: Mapping[UUID, Key]) -> Key:
    if one.line_id is not None and one.kind != EXCHANGE:
        return keys[one.line_id]
    return (one.category or "", one.kind, 0)


def _unagreed(one: Booked, key: Key) -> FaceRow:
    """Return a row for what is of no line in force: a difference, a former line, or no line."""
    if one.kind == EXCHANGE:
        return FaceRow(EXCHANGE, None, None, one.description)
    if one.line_id is not None:
        return FaceRow(FORMER, None, key[0], key[1])
    return FaceRow(OTHER, None, one.category, None)


def _ask(rows: Mapping[Key, FaceRow], request: Request, keys: Mapping[int, Key]) -> None:
    for number, (asked, authorised) in request.lines.items():
        row = rows.get(keys[number])
        if row is not None:
            row.requested_minor += asked
            row.request_authorised_minor = authorised


_KINDS = (LINE, FORMER, OTHER, EXCHANGE)


def _order(row: FaceRow) -> tuple[int, int, str, str]:
    return (
        _KINDS.index(row.kind), row.number or 0, row.category or "", row.description or "",
    )  # fmt: skip


def _by_category(rows: Iterable[FaceRow]) -> list[FaceRow]:
    """Return the sums by category, what has none last."""
    found: dict[str, FaceRow] = {}
    for row in rows:
        name = row.category or ""
        total = found.setdefault(name, FaceRow("category", None, row.category, None))
        total.add(row)
    return [found[name] for name in sorted(found, key=lambda name: (name == "", name))]


def _mark(made: Face) -> None:
    """Mark lines that spent more than their budget, against what the policy lets be moved."""
    over = {
        row.category: row.spent_minor - row.authorised_minor
        for row in made.categories
        if row.category is not None and row.spent_minor > row.authorised_minor
    }
    whole = made.total.authorised_minor
    if over:
        made.moved_bp = min(share_bp(sum(over.values()), whole), money.MAX_MINOR) if whole else 0
    for row in [*made.rows, *made.categories]:
        if row.kind in (LINE, FORMER, "category") and row.spent_minor > row.authorised_minor:
            if row.category not in over:
                row.over = WITHIN_CATEGORY
            else:
                row.over = BEYOND if made.is_beyond else WITHIN
