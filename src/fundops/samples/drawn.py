"""A drawn sample with all that its workbooks show."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.errors import Problem
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties.models import Person
from fundops.samples import queries
from fundops.samples.documents import documents
from fundops.samples.workbook import Drawn


def drawn(db: Session, actor: Actor, sample_id: UUID, language: str) -> Drawn:
    """Return a sample with its items and documents; raise ``wrong-status`` before it is drawn."""
    sample = queries.sample_row(db, actor, sample_id)
    if sample.status == "drafted":
        raise Problem("wrong-status", detail=text("samples.not_drawn"))
    items = queries.all_items(db, sample_id)
    fund = db.get_one(Fund, sample.fund_id)
    behind = documents(db, actor, items, language)
    hands = [sample.prepared_by_id, sample.evaluated_by_id, sample.reviewed_by_id]
    query = select(Person.id, Person.code).where(Person.id.in_([one for one in hands if one]))
    persons = {row.id: row.code for row in db.execute(query)}
    return Drawn(sample, items, behind, f"{fund.code} {fund.name}", persons)


def require_tested(found: Drawn) -> None:
    """Raise ``conflict`` while items of a drawn sample are not tested."""
    untested = sum(one.audited_minor is None for one in found.items)
    if untested:
        raise Problem("conflict", detail=text("samples.untested", count=untested))
