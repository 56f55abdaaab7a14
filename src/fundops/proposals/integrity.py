"""What must hold of what was sent in, recomputed from what the database really holds.

Runs with ``fundops check``. That every version and receipt that was ever told of is there, with
the digest it had, the trail of registers proves; here the digest is compared with the content, the
rows with what follows from the content, and a receipt with the submission that it is of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session

from fundops.audit import AuditEvent, instant_text
from fundops.calls.models import Call
from fundops.db import Base
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.money import MoneyError
from fundops.proposals import version_rows
from fundops.proposals.models import Proposal, ProposalVersion, SubmissionReceipt

PAGE = 100
"""Contents read at a time: each may be a million characters."""


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def unsealed(db: Session, key: Any, content: Any, sha256: Any) -> Iterator[str]:
    """Yield a sentence for each row of a table whose ``sha256`` is not that of its ``content``."""
    query = select(key, content, sha256).order_by(key)
    for one, said, sealed in db.execute(query.execution_options(yield_per=PAGE)):
        if _digest(said) != sealed:
            yield f"{one}: {text('reviews.check.changed')}"


def versions_sealed(db: Session) -> Iterator[str]:
    """Yield a sentence for each version, draft or submitted, that is not as it was saved."""
    columns = ProposalVersion
    return unsealed(db, columns.id, columns.content, columns.sha256)


def _pages(db: Session, query: Select[Any], key: Any) -> Iterator[list[Row[Any]]]:
    """Yield the rows of ``query``, whose first column is ``key``, page by page."""
    last: UUID | None = None
    ordered = query.order_by(key).limit(PAGE)
    while page := db.execute(ordered if last is None else ordered.where(key > last)).all():
        yield list(page)
        last = page[-1][0]


def version_rows_follow(db: Session) -> Iterator[str]:
    """Yield a sentence for each version whose rows do not follow from its content."""
    columns: tuple[Any, ...] = (
        ProposalVersion.id, ProposalVersion.kind, ProposalVersion.content, Fund.base_currency,
    )  # fmt: skip
    query: Select[Any] = (
        select(*columns)
        .join(Proposal, Proposal.id == ProposalVersion.proposal_id)
        .join(Call, Call.id == Proposal.call_id)
        .join(Fund, Fund.id == Call.fund_id)
        .where(ProposalVersion.kind == "submitted")
    )
    for page in _pages(db, query, ProposalVersion.id):
        held = {model: _rows(db, model, {row.id for row in page}) for model in version_rows.MODELS}
        for row in page:
            try:
                due = version_rows.made_from(json.loads(row.content), row.base_currency)
            except (
                ArithmeticError,
                AttributeError,
                LookupError,
                TypeError,
                ValueError,
                MoneyError,
            ):
                yield f"{row.id}: {text('reviews.check.unreadable')}"
                continue
            wrong = [
                model.__tablename__
                for model in version_rows.MODELS
                if _texts(due[model]) != _texts(held[model].get(row.id, []))
            ]
            if wrong:
                yield f"{row.id}: {text('reviews.check.rows', tables=', '.join(wrong))}"
    yield from _strays(db)


def _rows(
    db: Session, model: type[Base], ids: Collection[UUID]
) -> dict[UUID, list[dict[str, Any]]]:
    """Return what a table holds of these versions, without ids."""
    table = model.__table__
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in db.execute(select(table).where(table.c.version_id.in_(list(ids)))).mappings():
        plain = {name: row[name] for name in table.c.keys() if name not in ("id", "version_id")}  # noqa: SIM118 - a collection of columns
        found.setdefault(row["version_id"], []).append(plain)
    return found


def _texts(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)


def _strays(db: Session) -> Iterator[str]:
    """Yield a sentence for each version that was not submitted and yet has rows, or is gone."""
    for model in version_rows.MODELS:
        table = model.__table__
        query = (
            select(table.c.version_id)
            .distinct()
            .outerjoin(ProposalVersion, ProposalVersion.id == table.c.version_id)
            .where(ProposalVersion.kind.is_distinct_from("submitted"))
        )
        for one in db.execute(query).scalars():
            yield f"{one}: {text('reviews.check.rows', tables=model.__tablename__)}"


def receipts_agree(db: Session) -> Iterator[str]:
    """Yield a sentence for each receipt that is not as issued, or not of its submission."""
    columns: tuple[Any, ...] = (
        SubmissionReceipt.id, SubmissionReceipt.body, SubmissionReceipt.sha256,
        SubmissionReceipt.proposal_id, Proposal.code, Call.code.label("call_code"),
    )  # fmt: skip
    query: Select[Any] = (
        select(*columns)
        .join(Proposal, Proposal.id == SubmissionReceipt.proposal_id)
        .join(Call, Call.id == Proposal.call_id)
    )
    for page in _pages(db, query, SubmissionReceipt.id):
        bodies = {row.id: _body(row.body) for row in page}
        versions = _versions(db, {row.proposal_id for row in page})
        events = _events(db, {body["audit_seq"] for body in bodies.values() if body})
        for row in page:
            body = bodies[row.id]
            if body is None or _digest(row.body) != row.sha256:
                yield f"{row.id}: {text('reviews.check.changed')}"
                continue
            version = versions.get((row.proposal_id, body["version"]))
            due = {"proposal": row.code, "call": row.call_code} | (version or {})
            due |= events.get((row.proposal_id, body["audit_seq"]), {"audit_hash": None})
            wrong = [name for name, value in due.items() if body.get(name) != value]
            if version is None or wrong:
                named = ", ".join(wrong or ["version"])
                yield f"{row.id}: {text('reviews.check.disagrees', fields=named)}"


def _body(said: str) -> dict[str, Any] | None:
    """Return what a receipt says, or none if it is no receipt's text."""
    try:
        body = json.loads(said)
        known = isinstance(body["audit_seq"], int) and isinstance(body["version"], int)
    except (LookupError, TypeError, ValueError):
        return None
    return body if known else None


def _versions(db: Session, ids: Collection[UUID]) -> dict[tuple[UUID, int], dict[str, Any]]:
    """Return by proposal and number what a receipt says of each submitted version."""
    columns: tuple[Any, ...] = (
        ProposalVersion.proposal_id, ProposalVersion.number, ProposalVersion.sha256,
        ProposalVersion.saved_at,
    )  # fmt: skip
    query: Select[Any] = select(*columns)
    query = query.where(
        and_(ProposalVersion.proposal_id.in_(list(ids)), ProposalVersion.kind == "submitted")
    )
    return {
        (row.proposal_id, row.number): {
            "content_sha256": row.sha256,
            "received_at": instant_text(row.saved_at),
        }
        for row in db.execute(query)
    }


def _events(db: Session, seqs: Collection[int]) -> dict[tuple[UUID | None, int], dict[str, str]]:
    """Return by proposal and number the chain's hash at each of these events."""
    query = select(AuditEvent.record_id, AuditEvent.seq, AuditEvent.hash).where(
        AuditEvent.seq.in_(list(seqs)), AuditEvent.record_type == "proposal"
    )
    return {
        (row.record_id, row.seq): {"audit_hash": bytes(row.hash).hex()} for row in db.execute(query)
    }


CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "versions_sealed": versions_sealed,
    "version_rows_follow": version_rows_follow,
    "receipts_agree": receipts_agree,
}
"""Each check by its name, as ``reviews.checks`` runs them."""
