"""What a call asks and how it is scored: its criteria, rules, documents and limits, in order."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.calls.models import CallCriterion, CallDocument, CallRule


def criteria(db: Session, call_id: UUID) -> list[CallCriterion]:
    """Return what reviewers score, in order."""
    query = select(CallCriterion).where(CallCriterion.call_id == call_id)
    return list(db.execute(query.order_by(CallCriterion.number)).scalars())


def rules(db: Session, call_id: UUID) -> list[CallRule]:
    """Return the eligibility rules, in order; ``call_schemas`` says what each kind asks."""
    query = select(CallRule).where(CallRule.call_id == call_id)
    return list(db.execute(query.order_by(CallRule.number)).scalars())


def documents(db: Session, call_id: UUID) -> list[CallDocument]:
    """Return the documents that a proposal must, or may, come with, in order."""
    query = select(CallDocument).where(CallDocument.call_id == call_id)
    return list(db.execute(query.order_by(CallDocument.number)).scalars())
