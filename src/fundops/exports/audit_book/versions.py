"""Versions in force: the fund's policies, duty profiles, and the software that kept its books."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from fundops.audit import AuditEvent, AuditPayload
from fundops.disbursements.models import DutyProfile
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.owned import EVENT, known
from fundops.exports.audit_book.section import Row, Section, counted
from fundops.exports.formulas import count
from fundops.exports.kinds import Code, Date, Flag, Instant, Text
from fundops.exports.workbook import Control
from fundops.grants.policy_models import FundPolicy
from fundops.messages import text
from fundops.software import ACTION

REGISTERS: tuple[tuple[str, Any], ...] = (
    ("fund_policy", FundPolicy),
    ("duty_profile", DutyProfile),
)


def version_rows(book: Book) -> Iterator[Row]:
    """Yield policies and duty profiles by number, then the versions of the software as they ran."""
    for kind, model in REGISTERS:
        found = book.known(kind, model, model.fund_id == book.fund.id)
        made = sorted(found, key=lambda one: one.number)
        in_force = _in_force(book, made)
        for one in made:
            yield (
                text(f"audit_book.versions.kind.{kind}", book.language), str(one.number),
                one.status, one.starts_on, one is in_force, book.person(one.proposed_by_id),
                one.proposed_at, book.person(one.decided_by_id), one.decided_at,
                one.reason if book.reader.knows_names else None,
                hashlib.sha256(one.content.encode()).hexdigest(),
            )  # fmt: skip
    yield from _software(book)


def _in_force(book: Book, made: list[Any]) -> Any:
    """Return the version that counted on the day asked for, if any."""
    approved = [one for one in made if one.status == "approved" and one.starts_on <= book.on]
    return max(approved, key=lambda one: (one.starts_on, one.number), default=None)


def _software(book: Book) -> Iterator[Row]:
    """Yield the software's and database's versions, each from when it was first in use."""
    query = (
        select(EVENT.recorded_at, AuditPayload.payload, EVENT.person_id)
        .select_from(AuditEvent)
        .outerjoin(AuditPayload, AuditPayload.seq == EVENT.seq)
        .where(EVENT.action == ACTION, EVENT.seq <= book.seq)
        .order_by(EVENT.seq)
    )
    found = book.db.execute(query).all()
    for place, (at, payload, person_id) in enumerate(found):
        said = json.loads(payload)["after"] if payload else {}
        for key in ("software", "migration"):
            yield (
                text(f"audit_book.versions.kind.{key}", book.language), said.get(key), None,
                at.date(), place == len(found) - 1, None, None, book.person(person_id), at, None,
                None,
            )  # fmt: skip


def version_controls(book: Book) -> Iterator[Control]:
    """Yield: as many versions as the registers and the chain have."""
    rows = 0
    for kind, model in REGISTERS:
        query = select(func.count()).select_from(model).where(model.fund_id == book.fund.id)
        query = query.where(known(book, kind, model.id))
        rows += book.db.execute(query).scalar_one()
    ran = select(func.count()).select_from(AuditEvent)
    ran = ran.where(EVENT.action == ACTION, EVENT.seq <= book.seq)
    rows += 2 * book.db.execute(ran).scalar_one()
    yield counted(book, "versions", count("versions"), rows)


VERSIONS = Section(
    "versions",
    (
        ("kind", Text(), 30), ("number", Code(), 14), ("status", Code(), 11),
        ("starts_on", Date(), 12), ("in_force", Flag(), 10), ("proposed_by", Code(), 18),
        ("proposed_at", Instant(), 20), ("decided_by", Code(), 18), ("decided_at", Instant(), 20),
        ("reason", Text(), 50), ("digest", Text(), 66),
    ),
    version_rows,
    controls=version_controls,
)  # fmt: skip
