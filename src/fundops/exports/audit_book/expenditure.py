"""Accepted expenditure: lines as reported and decided, what came later, and on which lots it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops.expenditures.models import EXCHANGE, SPENT
from fundops.exports.audit_book.advances import counts
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.checks import by_currency, counted_of, in_currencies, summed
from fundops.exports.audit_book.moved import in_journal, moved, moved_later, of_sources
from fundops.exports.audit_book.registers import ENTRIES, LINES, RECEIVABLES, STATEMENTS
from fundops.exports.audit_book.section import Row, Section, control
from fundops.exports.audit_book.words import about, grants_of, signed
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Date, Flag, Instant, Integer, Money, Text
from fundops.exports.workbook import Control
from fundops.ledger.models import Transfer
from fundops.messages import text
from fundops.reports.models import ProgressReport, ReportEvidence
from fundops.tracing.known import Known

SUPPORT = ("additional_support", "justification_accepted")
AMOUNTS = ("reported", "accepted", "unsupported", "found", "supported", "waiting", "booked")


def _filed(book: Book, among: Iterable[Known]) -> list[Known]:
    """Return the statements filed by the day; of a donor, those that are on its lots."""
    found = [one for one in among if book.by_then(one.reported_at) or counts(book, one)]
    if book.is_whole or not book.by_lot:
        return found
    booked = of_sources(book, "liquidate")
    return [one for one in found if one.id in booked]


class _Read:
    """Statements, lines and what was made of them later, as of the day and as known."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.grants = grants_of(book)

    @cached_property
    def statements(self) -> list[Any]:
        """The statements filed by the day, by period and code."""
        found = _filed(self.book, STATEMENTS.known(self.book))
        return sorted(found, key=lambda one: (one.starts_on, one.code))

    @cached_property
    def lines(self) -> dict[UUID, list[Any]]:
        """The lines by statement, in their order."""
        found: dict[UUID, list[Any]] = {}
        for line in sorted(LINES.known(self.book), key=lambda line: (line.number, line.id)):
            found.setdefault(line.statement_id, []).append(line)
        return found

    @cached_property
    def receivables(self) -> dict[UUID, Any]:
        """The receivables of the grants in scope, as known."""
        return {one.id: one for one in RECEIVABLES.known(self.book)}

    @cached_property
    def booked(self) -> dict[tuple[str, UUID], Counter[str]]:
        """What is on lots by document: its type and id -> lot -> minor units, net."""
        found: dict[tuple[str, UUID], Counter[str]] = {}
        columns = (Transfer.source_type, Transfer.source_id, Transfer.lot_id)
        for source_type, source_id, lot_id, minor in moved(self.book, ("liquidate",), *columns):
            lots = found.setdefault((source_type, source_id), Counter())
            lots[self.book.lot_codes[lot_id]] += int(minor)
        return found

    @cached_property
    def support(self) -> list[Any]:
        """Entries by which expenditure was accepted later, of receivables that still stand."""
        found = [
            one for one in ENTRIES.known(self.book)
            if one.kind in SUPPORT and one.on_date <= self.book.on
            and self.receivables[one.receivable_id].status != "superseded"
            and (self.book.is_whole or not self.book.by_lot
                 or ("receivable_entry", one.id) in self.booked)
        ]  # fmt: skip
        return sorted(found, key=lambda one: (one.on_date, one.id))

    @cached_property
    def evidence(self) -> Counter[tuple[UUID, int]]:
        """How many pieces of evidence a statement's report had per agreed line, by the day."""
        among = ProgressReport.grant_id.in_(self.book.grants)
        reports = self.book.known("progress_report", ProgressReport, among)
        of_report = {one.id: one.statement_id for one in reports}
        pieces = self.book.known(
            "report_evidence", ReportEvidence,
            ReportEvidence.report_id.in_(select(ProgressReport.id).where(among)),
            ReportEvidence.line_number.is_not(None),
        )  # fmt: skip
        return Counter(
            (of_report[one.report_id], one.line_number) for one in pieces
            if self.book.by_then(one.added_at) and not self.book.by_then(one.removed_at)
        )  # fmt: skip


def expenditure_rows(book: Book) -> Iterator[Row]:
    """Yield per statement its lines, what came later and its lots; then support of other claims."""
    read = _Read(book)
    is_part = book.by_lot and not book.is_whole
    later = moved_later(book, "liquidate")
    codes = {one.id: one.code for one in read.statements}
    for one in read.statements:
        yield from _lines(book, read, one)
        found = one.disallowed_minor if counts(book, one) else 0
        waits = 0
        if not is_part and counts(book, one):
            waits = one.prefinanced_minor + later[one.id]
        if found or waits:
            yield _row(book, read, one, "later", {"found": found, "waiting": waits})
        yield from _on_lots(book, read, one, one.code, ("expenditure_statement", one.id))
    for entry in read.support:
        owed = read.receivables[entry.receivable_id]
        code = codes.get(owed.statement_id, owed.code)
        signature = (None, None, signed(book, entry.by_id), entry.created_at, entry.on_date)
        amounts = {"supported": entry.amount_minor}
        yield _row(book, read, owed, entry.kind, amounts, code=code, signature=signature,
                   reason=entry.reason)  # fmt: skip
        yield from _on_lots(book, read, owed, code, ("receivable_entry", entry.id))


def _lines(book: Book, read: _Read, one: Any) -> Iterator[Row]:
    is_decided = one.status == "corrected" or counts(book, one)
    for line in read.lines.get(one.id, ()):
        amounts = {"reported": line.reported_minor}
        if is_decided:
            amounts |= {"accepted": line.accepted_minor, "unsupported": line.unsupported_minor}
        pieces = read.evidence[one.id, line.budget_line] if line.budget_line else 0
        reason = line.reason if is_decided else None
        if reason is None and one.status == "returned" and book.by_then(one.decided_at):
            reason = one.decision_reason
        yield _row(book, read, one, line.kind, amounts, line=line, reason=reason, pieces=pieces)


def _on_lots(
    book: Book, read: _Read, one: Any, code: str, document: tuple[str, UUID]
) -> Iterator[Row]:
    for lot, minor in sorted(read.booked.get(document, {}).items()):
        if minor:
            yield _row(book, read, one, "lot", {"booked": minor}, code=code, lot=lot)


def _row(
    book: Book, read: _Read, one: Any, part: str, amounts: Mapping[str, int], *, line: Any = None,
    code: str | None = None, lot: str | None = None, reason: str | None = None,
    signature: tuple[Any, ...] | None = None, pieces: int | None = None,
) -> Row:  # fmt: skip
    """Return a row: of a statement, or of a receivable where a line of ``code`` is supported."""
    grant = read.grants[one.grant_id]
    is_statement = isinstance(one.__dict__.get("reported_minor"), int)
    currency = one.currency if is_statement and line is not None else None
    if signature is None:
        signature = _signatures(book, one) if is_statement else (None,) * 5
    return (
        code or one.code, part, None if line is None else line.number, grant.code,
        book.party(grant.grantee_id), one.starts_on if is_statement else None,
        one.ends_on if is_statement else None, _status(book, one) if is_statement else one.status,
        None if line is None else line.category,
        None if line is None else line.budget_line,
        None if line is None else line.is_support_cost,
        None if line is None else about(book, grant, line.description),
        lot, currency, None if line is None or currency is None else line.local_minor,
        *(amounts.get(name) for name in AMOUNTS), about(book, grant, reason), *signature, pieces,
    )  # fmt: skip


def _status(book: Book, one: Any) -> str:
    """Return a statement's status at the end of the day: undecided where it was decided later."""
    if one.status == "corrected" or counts(book, one):
        return str(one.status)
    decided = one.status == "returned" and book.by_then(one.decided_at)
    return "returned" if decided else "reported"


def _signatures(book: Book, one: Any) -> tuple[Any, ...]:
    reported = (signed(book, one.reported_by_id), one.reported_at)
    if _status(book, one) == "reported":
        return (*reported, None, None, None)
    return (*reported, signed(book, one.decided_by_id), one.decided_at, one.accepted_on)


def expenditure_controls(book: Book) -> Iterator[Control]:
    """Yield: lines as told, what is on lots by the journal, and that the parts make it up."""
    yield from _line_controls(book, _filed(book, STATEMENTS.told(book)))
    supported = summed(_told_support(book), "amount_minor")
    yield control(book, "expenditure_supported", total("expenditure", "supported"), supported)
    booked, waits = total("expenditure", "booked"), total("expenditure", "waiting")
    yield control(book, "expenditure_journal", booked - in_journal("liquidate"), 0)
    yield control(book, "expenditure_waiting", waits - total("advances", "waiting"), 0)
    if book.is_whole or not book.by_lot:
        accepted = total("expenditure", "accepted", {"status": "accepted"})
        made_up = accepted - total("expenditure", "found") + total("expenditure", "supported")
        yield control(book, "expenditure_parts", made_up - waits - booked, 0)


def _line_controls(book: Book, filed: list[Known]) -> Iterator[Control]:
    statements = {one.id: one for one in filed}
    lines = [one for one in LINES.told(book) if one.statement_id in statements]
    rows = count("expenditure", {"part": SPENT}) + count("expenditure", {"part": EXCHANGE})
    name = text("audit_book.expenditure.number", book.language)
    yield counted_of(book, "expenditure", name, rows, len(lines))
    decided = [one for one in lines if _is_decided(book, statements[one.statement_id])]
    for column, among in (("reported", lines), ("accepted", decided), ("unsupported", decided)):
        minor = summed(among, f"{column}_minor")
        label = text(f"audit_book.expenditure.{column}", book.language)
        figure = total("expenditure", column)
        yield control(book, "expenditure_lines", figure, minor, column=label)
    amounts = by_currency((statements[one.statement_id].currency, one.local_minor) for one in lines)
    yield from in_currencies(book, "expenditure_local", "expenditure", "local", "currency", amounts)
    found = summed((one for one in filed if counts(book, one)), "disallowed_minor")
    yield control(book, "expenditure_found", total("expenditure", "found"), found)


def _is_decided(book: Book, one: Known) -> bool:
    """Return whether a statement was accepted by the day, or accepted and corrected."""
    return bool(one.status == "corrected" or (one.accepted_on and one.accepted_on <= book.on))


def _told_support(book: Book) -> list[Known]:
    receivables = {one.id: one for one in RECEIVABLES.told(book)}
    found = [
        one for one in ENTRIES.told(book)
        if one.kind in SUPPORT and one.on_date <= book.on
        and receivables[one.receivable_id].status != "superseded"
    ]  # fmt: skip
    if book.is_whole or not book.by_lot:
        return found
    booked = of_sources(book, "liquidate")
    return [one for one in found if one.id in booked]


EXPENDITURE = Section(
    "expenditure",
    (
        ("statement", Code(), 28), ("part", Code(), 20), ("number", Integer(), 8),
        ("grant", Code(), 26), ("payee", Code(), 34), ("starts_on", Date(), 12),
        ("ends_on", Date(), 12), ("status", Code(), 12), ("category", Code(), 10),
        ("budget_line", Integer(), 10), ("support_cost", Flag(), 10), ("description", Text(), 44),
        ("lot", Code(), 26), ("currency", Code(), 10),
        ("local", Money(currency_from="currency"), 18),
        *((name, Money(), 18) for name in AMOUNTS), ("reason", Text(), 44),
        ("reported_by", Code(), 16), ("reported_at", Instant(), 20), ("decided_by", Code(), 16),
        ("decided_at", Instant(), 20), ("accepted_on", Date(), 12), ("evidence", Integer(), 10),
    ),
    expenditure_rows,
    totals=AMOUNTS,
    controls=expenditure_controls,
)  # fmt: skip
