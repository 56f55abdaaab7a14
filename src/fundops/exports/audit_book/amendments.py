"""Amendments of grant agreements: what each changes, who asked for it and who approved it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.registers import AMENDMENTS as REGISTER
from fundops.exports.audit_book.registers import APPROVALS, VERSIONS
from fundops.exports.audit_book.section import Row, Section, control, counted
from fundops.exports.audit_book.words import about, grants_of, withheld
from fundops.exports.formulas import count, total
from fundops.exports.kinds import Code, Computed, Flag, Instant, Integer, Money, Text
from fundops.exports.workbook import Control
from fundops.grants import agreement_content as content
from fundops.grants.agreement_models import (
    COUNTED,
    GrantAgreement,
    GrantAgreementText,
    GrantAgreementVersion,
)
from fundops.grants.agreement_queries import TEXT_THAT_COUNTS
from fundops.grants.amendment_models import GrantAmendment
from fundops.messages import text


def _amendments(book: Book) -> list[Any]:
    """Return the amendments asked for by the day, as known, by grant and number."""
    codes = book.grant_codes
    return sorted(
        (one for one in REGISTER.known(book) if book.by_then(one.requested_at)),
        key=lambda one: (codes[one.grant_id], one.number),
    )


def amendment_rows(book: Book) -> Iterator[Row]:
    """Yield the amendments with what they change, and their approvals and effect by the day."""
    grants, statuses = grants_of(book), REGISTER.statuses(book)
    texts, effects, approvals = _texts(book), _effects(book), _approvals(book)
    for one in _amendments(book):
        before = texts[one.grant_id, one.base_number]
        after = content.read(one.content)
        parts = sorted(content.difference(before, after).parts())
        effective = effects.get(one.id)
        has_ended = book.by_then(one.ended_at)
        told = approvals.get(one.id, [])
        yield (
            book.grant_codes[one.grant_id], one.number, one.kind, statuses[one.id],
            ", ".join(text(f"audit_book.amendments.part.{part}", book.language) for part in parts),
            _words(book, grants[one.grant_id], one.reason), before.amount_minor, after.amount_minor,
            after.amount_minor - before.amount_minor, one.by_grantee,
            book.person(one.requested_by_id), one.requested_at,
            ", ".join(f"{book.person(each.person_id)} ({each.role})" for each in told),
            max((each.approved_at for each in told), default=None), one.by_notice,
            effective.number if effective is not None else None,
            effective.in_force_at if effective is not None else None,
            book.person(one.ended_by_id) if has_ended else None,
            one.ended_at if has_ended else None,
        )  # fmt: skip


def _words(book: Book, grant: Any, words: str) -> str | None:
    """Return what people wrote; to readers outside, of whom it tells nobody knows."""
    return about(book, grant, words) if book.reader.knows_names else withheld(book)


def _texts(book: Book) -> dict[tuple[UUID, int], Any]:
    """Return what amended versions said, by grant and number of the version."""
    version = GrantAgreementVersion
    query = (
        select(GrantAgreement.grant_id, version.number, GrantAgreementText.content)
        .join(version, version.agreement_id == GrantAgreement.id)
        .join(GrantAgreementText, TEXT_THAT_COUNTS)
        .join(
            GrantAmendment,
            and_(
                GrantAmendment.grant_id == GrantAgreement.grant_id,
                GrantAmendment.base_number == version.number,
            ),
        )
        .where(GrantAgreement.grant_id.in_(book.grants))
    )
    return {(row[0], row[1]): content.read(row[2]) for row in book.db.execute(query)}


def _effects(book: Book) -> dict[UUID, Any]:
    """Return the versions by which amendments came into force by the day, as known."""
    return {
        one.amendment_id: one
        for one in VERSIONS.known(book)
        if one.amendment_id is not None and one.status in COUNTED and book.by_then(one.in_force_at)
    }


def _approvals(book: Book) -> dict[UUID, list[Any]]:
    """Return the approvals of each amendment that were given and not void by the day."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for one in sorted(APPROVALS.known(book), key=lambda each: (each.approved_at, each.id)):
        if book.by_then(one.approved_at) and not book.by_then(one.voided_at):
            found[one.amendment_id].append(one)
    return found


def amendment_controls(book: Book) -> Iterator[Control]:
    """Yield: rows, amounts by the texts of versions, and by what the ledger reserved."""
    ids = [one.id for one in REGISTER.told(book) if book.by_then(one.requested_at)]
    yield counted(book, "amendments", count("amendments"), len(ids))
    before, after = _agreed(book, ids), _asked(book, ids)
    for column, expected in (("before", before), ("after", after), ("change", after - before)):
        label = text(f"audit_book.amendments.{column}", book.language)
        figure = total("amendments", column)
        yield control(book, "amendments_amount", figure, expected, column=label)
    if book.is_whole or not book.by_lot:
        # A donor's lots carry but a part of what a grant is amended by.
        ids = list(_effects(book))
        changed = _asked(book, ids) - _agreed(book, ids)
        yield control(book, "amendments_reserved", total("awards", "amended"), changed)


def _agreed(book: Book, ids: Sequence[UUID]) -> int:
    """Return what the amended texts were about, added up in the database."""
    version = GrantAgreementVersion
    query = (
        select(func.coalesce(func.sum(GrantAgreementText.amount_minor), 0))
        .select_from(GrantAmendment)
        .join(GrantAgreement, GrantAgreement.grant_id == GrantAmendment.grant_id)
        .join(
            version,
            and_(
                version.agreement_id == GrantAgreement.id,
                version.number == GrantAmendment.base_number,
            ),
        )
        .join(GrantAgreementText, TEXT_THAT_COUNTS)
        .where(GrantAmendment.id.in_(ids))
    )
    return int(book.db.execute(query).scalar_one())


def _asked(book: Book, ids: Sequence[UUID]) -> int:
    """Return what amendments ask for: by the text of the version made of it, if there is one."""
    columns: tuple[Any, ...] = (GrantAmendment.content, GrantAgreementText.amount_minor)
    version = GrantAgreementVersion
    query = (
        select(*columns)
        .select_from(GrantAmendment)
        .outerjoin(version, version.amendment_id == GrantAmendment.id)
        .outerjoin(GrantAgreementText, TEXT_THAT_COUNTS)
        .where(GrantAmendment.id.in_(ids))
    )
    return sum(
        content.read(said).amount_minor if amount is None else int(amount)
        for said, amount in book.db.execute(query)
    )


AMENDMENTS = Section(
    "amendments",
    (
        ("grant", Code(), 26), ("number", Integer(), 9), ("kind", Code(), 20),
        ("status", Code(), 12), ("changed", Text(), 34), ("reason", Text(), 44),
        ("before", Money(), 18), ("after", Money(), 18),
        ("change", Computed("{after}-{before}", Money()), 18), ("by_grantee", Flag(), 12),
        ("requested_by", Code(), 18), ("requested_at", Instant(), 20),
        ("approved_by", Text(), 44), ("approved_at", Instant(), 20), ("by_notice", Flag(), 11),
        ("version", Integer(), 9), ("effective_at", Instant(), 20), ("ended_by", Code(), 18),
        ("ended_at", Instant(), 20),
    ),
    amendment_rows,
    totals=("before", "after", "change"),
    controls=amendment_controls,
)  # fmt: skip
