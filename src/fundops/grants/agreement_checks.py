"""What must hold of agreements, recomputed from what the database really holds.

Runs with ``fundops check``. That every text and receipt that was ever told of is there, with the
digest it had, the trail of registers proves; here the digest is compared with the content, and the
rows with what follows from the content.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.checking import faults
from fundops.db import Base
from fundops.grants import agreement_content as content
from fundops.grants.agreement_models import (
    GrantAgreedResult,
    GrantAgreementReceipt,
    GrantAgreementText,
    GrantBudgetLine,
)
from fundops.grants.agreement_writing import rows_of
from fundops.grants.amendment_models import GrantAmendment
from fundops.messages import text
from fundops.money import MoneyError
from fundops.proposals.integrity import PAGE, unsealed

ROWS: tuple[type[Base], ...] = (GrantBudgetLine, GrantAgreedResult)
Rows = list[dict[str, Any]]


def texts_sealed(db: Session) -> Iterator[str]:
    """Yield a sentence for each text or receipt that is not as it was written."""
    said, receipt = GrantAgreementText, GrantAgreementReceipt
    yield from unsealed(db, said.id, said.content, said.sha256)
    yield from unsealed(db, receipt.id, receipt.body, receipt.sha256)


def amendments_sealed(db: Session) -> Iterator[str]:
    """Yield a sentence for each amendment whose content is not what its digest says."""
    return unsealed(db, GrantAmendment.id, GrantAmendment.content, GrantAmendment.sha256)


def rows_follow(db: Session) -> Iterator[str]:
    """Yield a sentence for each text whose lines or results do not follow from its content."""
    query = select(GrantAgreementText.id, GrantAgreementText.content)
    ordered = query.order_by(GrantAgreementText.id).limit(PAGE)
    page = db.execute(ordered).all()
    while page:
        held = {model: _held(db, model, [row.id for row in page]) for model in ROWS}
        for row in page:
            yield from _judged(row.id, row.content, held)
        page = db.execute(ordered.where(GrantAgreementText.id > page[-1].id)).all()


def _judged(text_id: UUID, said: str, held: dict[type[Base], dict[UUID, Rows]]) -> Iterator[str]:
    try:
        due = rows_of(content.read(said))
    except (AttributeError, LookupError, TypeError, ValueError, MoneyError):
        yield f"{text_id}: {text('reviews.check.unreadable')}"
        return
    wrong = [
        model.__tablename__
        for model, rows in due.items()
        if _texts(rows) != _texts(held[model].get(text_id, []))
    ]
    if wrong:
        yield f"{text_id}: {text('reviews.check.rows', tables=', '.join(wrong))}"


def _held(db: Session, model: type[Base], ids: Collection[UUID]) -> dict[UUID, Rows]:
    """Return what a table holds of texts, without ids."""
    table = model.__table__
    found: dict[UUID, Rows] = {}
    for row in db.execute(select(table).where(table.c.text_id.in_(list(ids)))).mappings():
        plain = {name: row[name] for name in row if name not in ("id", "text_id")}
        found.setdefault(row["text_id"], []).append(plain)
    return found


def _texts(rows: Rows) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)


CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "texts_sealed": texts_sealed,
    "rows_follow": rows_follow,
    "amendments_sealed": amendments_sealed,
}
"""Each check by its name; ``agreements.check.<name>`` says what holds where it finds nothing."""


def run(db: Session) -> list[tuple[str, str]]:
    """Return (check, sentence) for what does not hold, at most 20 a check."""
    return faults(db, CHECKS)
