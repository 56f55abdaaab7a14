"""Budget against actual by category: what was agreed, what was accepted, and what is left.

Grants count whole here, whoever's money they spend: a budget is not split between donors.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from fundops.audit import AuditEvent
from fundops.expenditures.models import CATEGORIES
from fundops.exports.audit_book.advances import counts
from fundops.exports.audit_book.awards import AWARDED, grants
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.grant_money import ENDING, HELD, of_whole_grants
from fundops.exports.audit_book.registers import LINES, POLICIES, STATEMENTS, VERSIONS
from fundops.exports.audit_book.section import Row, Section, control
from fundops.exports.formulas import total
from fundops.exports.kinds import Code, Computed, Date, Flag, Money, Share
from fundops.exports.workbook import Control
from fundops.grants.agreement_models import (
    COUNTED,
    GrantAgreement,
    GrantAgreementText,
    GrantAgreementVersion,
    GrantBudgetLine,
)
from fundops.grants.agreement_queries import TEXT_THAT_COUNTS, texts_in_force
from fundops.grants.policy import sample
from fundops.grants.policy_content import PolicyContent
from fundops.ledger.chart import TRANSFER_KINDS
from fundops.ledger.models import Transfer
from fundops.messages import text
from fundops.roles import Role

By = dict[UUID, Counter[str]]
"""Amounts per grant and category, minor units."""
HUNDRED = 100
BASIS_POINTS = 10_000


def budget_rows(book: Book) -> Iterator[Row]:
    """Yield per grant a row for each category of its budget, and one for what is not split.

    Not split are the award of a grant without an agreement in force, and what the ledger has as
    accepted beyond the lines of accepted statements, or short of them.
    """
    none: Counter[str] = Counter()
    original, agreed, accepted = _original(book), _agreed(book), _accepted(book)
    booked, tolerance = of_whole_grants(book), _tolerance(book)
    rest = text("audit_book.budget.not_split", book.language)
    for grant in grants(book):
        parts = [one.get(grant.id, none) for one in (original, agreed, accepted)]
        own = booked.get(grant.id, none)
        limit = sum(parts[1].values()) * tolerance
        for category in CATEGORIES:
            if any(category in one for one in parts):
                amounts = [one[category] for one in parts]
                over = (amounts[2] - amounts[1]) * BASIS_POINTS > limit
                yield _row(grant, category, amounts, Decimal(tolerance) / BASIS_POINTS, over)
        is_agreed = grant.id in agreed
        award = 0 if is_agreed else sum(own[one] for one in AWARDED)
        unsplit = own["accepted"] - sum(parts[2].values())
        if unsplit or not is_agreed:
            yield _row(grant, rest, [award, award, unsplit], None, None)


def _row(
    grant: Any, category: str, amounts: list[int], tolerance: Decimal | None, over: bool | None
) -> Row:
    original, agreed, accepted = amounts
    share = Decimal(accepted) / Decimal(agreed) if agreed else None
    return (
        grant.code, grant.awarded_on, category, original, agreed - original, agreed, accepted,
        agreed - accepted, share, tolerance, over,
    )  # fmt: skip


def _by_category(book: Book, query: Select[Any]) -> By:
    found: By = defaultdict(Counter)
    for grant_id, category, amount in book.db.execute(query):
        found[grant_id][category] += int(amount)
    return found


def _agreed(book: Book) -> By:
    """Return the budgets of the agreements in force at the end of the day, as known."""
    texts = texts_in_force(book.ends_at, book.seq, GrantAgreement.grant_id.in_(book.grants))
    columns: tuple[Any, ...] = (
        texts.c.grant_id, GrantBudgetLine.category, func.sum(GrantBudgetLine.amount_minor)
    )  # fmt: skip
    query = select(*columns).join(GrantBudgetLine, GrantBudgetLine.text_id == texts.c.text_id)
    return _by_category(book, query.group_by(texts.c.grant_id, GrantBudgetLine.category))


def _original(book: Book) -> By:
    """Return the budgets that grants were first agreed with, of those agreed by the day."""
    version = GrantAgreementVersion
    columns: tuple[Any, ...] = (
        GrantAgreement.grant_id, GrantBudgetLine.category, func.sum(GrantBudgetLine.amount_minor)
    )  # fmt: skip
    query = (
        select(*columns)
        .select_from(version)
        .join(GrantAgreement, GrantAgreement.id == version.agreement_id)
        .join(GrantAgreementText, TEXT_THAT_COUNTS)
        .join(GrantBudgetLine, GrantBudgetLine.text_id == GrantAgreementText.id)
        .where(version.id.in_(_first(book)))
        .group_by(GrantAgreement.grant_id, GrantBudgetLine.category)
    )
    return _by_category(book, query)


def _first(book: Book) -> list[UUID]:
    """Return the first version of each agreement that came into force by the day, as known."""
    standing = [
        one for one in VERSIONS.known(book)
        if one.status in COUNTED and book.by_then(one.in_force_at)
    ]  # fmt: skip
    first: dict[UUID, UUID] = {}
    for one in sorted(standing, key=lambda each: each.number):
        first.setdefault(one.agreement_id, one.id)
    return list(first.values())


def _accepted(book: Book) -> By:
    """Return what was accepted by the day, as known, by the lines of statements that stand."""
    standing = {one.id: one.grant_id for one in STATEMENTS.known(book) if counts(book, one)}
    found: By = defaultdict(Counter)
    for one in LINES.known(book):
        if one.statement_id in standing:
            found[standing[one.statement_id]][one.category] += one.accepted_minor or 0
    return found


def _tolerance(book: Book) -> int:
    """Return how much of a budget may move between categories by notice, in basis points.

    By the policy in force on the day, as known: its first band, if one officer may approve that.
    """
    policies = [
        one for one in POLICIES.known(book) if one.status == "approved" and one.starts_on <= book.on
    ]
    content: PolicyContent = sample(book.fund.id, book.fund.base_currency)
    if policies:
        last = max(policies, key=lambda one: (one.starts_on, one.number))
        content = PolicyContent.model_validate(json.loads(last.content))
    band = content.amendments.budget_reallocation[0]
    is_by_notice = set(band.approvals) == {Role.GRANT_OFFICER.value}
    return (band.up_to or 0) * BASIS_POINTS // HUNDRED if is_by_notice else 0


def budget_controls(book: Book) -> Iterator[Control]:
    """Yield: budgets by the texts agreed, acceptance by the ledger and by statements' lines."""
    mine = Transfer.grant_id.in_(book.grants)
    accepted = _moved(book, ("liquidate",), mine)
    texts = texts_in_force(book.ends_at, book.seq, GrantAgreement.grant_id.in_(book.grants))
    without = _moved(book, HELD, mine, Transfer.grant_id.not_in(select(texts.c.grant_id)))
    agreed = _said(book, select(texts.c.text_id)) + without
    original = _said(book, _texts_of(_first(book))) + without
    figures = {
        "original": original,
        "change": agreed - original,
        "agreed": agreed,
        "accepted": accepted,
        "left": agreed - accepted,
    }
    for column, expected in figures.items():
        label = text(f"audit_book.budget.{column}", book.language)
        figure = total("budget", column)
        yield control(book, "budget_amount", figure, expected, column=label)
    for category, expected in sorted(_lines_told(book).items()):
        figure = total("budget", "accepted", {"category": category})
        yield control(book, "budget_category", figure, expected, category=category)


def _texts_of(versions: list[UUID]) -> Any:
    version = GrantAgreementVersion
    return (
        select(GrantAgreementText.id)
        .join(version, TEXT_THAT_COUNTS)
        .where(version.id.in_(versions))
    )


def _said(book: Book, texts: Any) -> int:
    """Return what texts are about in all, not by their lines."""
    amount = func.coalesce(func.sum(GrantAgreementText.amount_minor), 0)
    return int(book.db.execute(select(amount).where(GrantAgreementText.id.in_(texts))).scalar_one())


def _moved(book: Book, kinds: Iterable[str], *conditions: Any) -> int:
    """Return what transfers of some kinds come to, whatever the grant, minor units.

    What was given back when grants ended is not taken off what was reserved.
    """
    query = (
        select(Transfer.kind, book.credit.kind, func.sum(Transfer.amount_minor))
        .select_from(Transfer)
        .join(book.credit, book.credit.id == Transfer.credit_account_id)
        .join(AuditEvent, AuditEvent.seq == Transfer.event_seq)
        .where(
            Transfer.fund_id == book.fund.id, Transfer.effective_on <= book.on,
            Transfer.event_seq <= book.seq, Transfer.kind.in_(list(kinds)),
            AuditEvent.action.not_in(ENDING), *conditions,
        )
        .group_by(Transfer.kind, book.credit.kind)
    )  # fmt: skip
    return sum(
        (1 if credited == TRANSFER_KINDS[kind].credit else -1) * HELD.get(kind, 1) * int(amount)
        for kind, credited, amount in book.db.execute(query)
    )


def _lines_told(book: Book) -> Counter[str]:
    """Return what was accepted by category, as the audit chain tells of statements and lines."""
    standing = {one.id for one in STATEMENTS.told(book) if counts(book, one)}
    found: Counter[str] = Counter()
    for one in LINES.told(book):
        if one.statement_id in standing:
            found[one.category] += one.accepted_minor or 0
    return found


BUDGET = Section(
    "budget",
    (
        ("grant", Code(), 26), ("awarded_on", Date(), 12), ("category", Code(), 12),
        ("original", Money(), 18), ("change", Money(), 18),
        ("agreed", Computed("{original}+{change}", Money()), 18), ("accepted", Money(), 18),
        ("left", Computed("{agreed}-{accepted}", Money()), 18),
        ("share", Computed('IF({agreed}=0,"",{accepted}/{agreed})', Share()), 10),
        ("tolerance", Share(), 11), ("exceeded", Flag(), 11),
    ),
    budget_rows,
    totals=("original", "change", "agreed", "accepted", "left"),
    controls=budget_controls,
)  # fmt: skip
