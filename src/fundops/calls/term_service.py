"""Replacing a draft call's criteria, eligibility rules and documents, each as a whole.

The rows that were there are deleted and told as gone (``trail.GONE``), so that the trail of
registers still explains every row; once a call is open its terms stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from fundops import audit, trail
from fundops.audit import Entry, canonical
from fundops.calls import terms
from fundops.calls.models import Call, CallCriterion, CallDocument, CallRule
from fundops.calls.parts import hundredths
from fundops.calls.rules import stored
from fundops.calls.term_schemas import (
    CallCriteriaIn,
    CallCriterionIn,
    CallDocumentIn,
    CallDocumentsIn,
    CallRulesIn,
)
from fundops.errors import FieldError, Problem
from fundops.ids import uuid7
from fundops.messages import text
from fundops.records import snapshot

Term = CallCriterion | CallRule | CallDocument


def set_criteria(db: Session, actor: audit.Author, call: Call, given: CallCriteriaIn) -> None:
    """Replace what reviewers of ``call`` score; raise for an objective that is not targeted."""
    targeted = json.loads(call.objectives)
    errors = [
        FieldError(f"/criteria/{at}/objective", text("calls.objective_not_targeted"))
        for at, one in enumerate(given.criteria)
        if one.objective is not None and targeted and one.objective not in targeted
    ]
    if errors:
        raise Problem("invalid-request", errors=errors)
    made = [_criterion(call, number, one) for number, one in enumerate(given.criteria, 1)]
    _replace(db, actor, call, "call_criterion", terms.criteria(db, call.id), made)


def set_rules(db: Session, actor: audit.Author, call: Call, given: CallRulesIn) -> None:
    """Replace the eligibility rules of ``call``."""
    made = []
    for number, rule in enumerate(given.rules, 1):
        kind, parameters = stored(rule)
        made.append(
            CallRule(
                id=uuid7(), call_id=call.id, number=number, kind=kind, parameters=parameters
            )
        )  # fmt: skip
    _replace(db, actor, call, "call_rule", terms.rules(db, call.id), made)


def set_documents(db: Session, actor: audit.Author, call: Call, given: CallDocumentsIn) -> None:
    """Replace the documents that a proposal to ``call`` must, or may, come with."""
    made = [_document(call, number, one) for number, one in enumerate(given.documents, 1)]
    _replace(db, actor, call, "call_document", terms.documents(db, call.id), made)


def _criterion(call: Call, number: int, given: CallCriterionIn) -> CallCriterion:
    return CallCriterion(
        id=uuid7(),
        call_id=call.id,
        number=number,
        kind=given.kind,
        objective=given.objective,
        title=given.title,
        description=given.description,
        weight_bp=hundredths(given.weight),
        scale_min=hundredths(given.scale_min),
        scale_max=hundredths(given.scale_max),
        scale_step=hundredths(given.scale_step),
        best=given.best,
        anchors=canonical([anchor.model_dump() for anchor in given.anchors]),
    )


def _document(call: Call, number: int, given: CallDocumentIn) -> CallDocument:
    return CallDocument(
        id=uuid7(),
        call_id=call.id,
        number=number,
        kind=given.kind,
        note=given.note,
        is_required=given.is_required,
        max_age_days=given.max_age_days,
    )


def _replace(
    db: Session,
    actor: audit.Author,
    call: Call,
    record_type: str,
    old: Sequence[Term],
    new: Sequence[Term],
) -> None:
    """Put ``new`` in the place of ``old``; the call itself counts as changed."""
    if call.status != "draft":
        raise Problem("wrong-status", action="change the terms of", status=call.status)
    gone = [
        Entry(f"{record_type}.removed", record_type, one.id, call.fund_id, None, snapshot(one),
              trail.GONE)
        for one in old
    ]  # fmt: skip
    for one in old:
        db.delete(one)
    db.flush()
    db.add_all(new)
    db.flush()
    added = [
        Entry(f"{record_type}.added", record_type, one.id, call.fund_id, None, None, snapshot(one))
        for one in new
    ]
    audit.record_many(db, actor, [*gone, *added])
    db.execute(update(Call.__table__).where(Call.id == call.id).values(version=Call.version + 1))  # type: ignore[arg-type]
    db.refresh(call)
