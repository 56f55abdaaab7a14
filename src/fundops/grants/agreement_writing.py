"""Writing versions of agreements: the version, its text, and the rows that follow from the text."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.db import Base
from fundops.errors import Problem, invalid
from fundops.grants import agreement_content as content
from fundops.grants import agreement_queries as queries
from fundops.grants.agreement_content import Agreed
from fundops.grants.agreement_models import (
    GrantAgreedResult,
    GrantAgreement,
    GrantAgreementText,
    GrantAgreementVersion,
    GrantBudgetLine,
)
from fundops.grants.models import Grant
from fundops.grants.schemas import shares_stored
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.records import snapshot
from fundops.trail import DIGESTED

MAX_VERSIONS = 60
"""Versions of one agreement."""
MAX_TEXTS = 200
"""Texts of one version."""
MAX_CONTENT = 1_000_000


def agreement_of(db: Session, actor: audit.Author, grant: Grant) -> GrantAgreement:
    """Return the agreement of a grant, made if there is none; refuse one version too many."""
    agreement = queries.of_grant(db, grant.id)
    if agreement is None:
        agreement = GrantAgreement(
            id=uuid7(), grant_id=grant.id, fund_id=grant.fund_id, last_number=0,
            created_at=clock.now(),
        )  # fmt: skip
        db.add(agreement)
        db.flush()
        audit.record(
            db, actor, "grant_agreement.started", "grant_agreement", agreement.id,
            fund_id=grant.fund_id, after=snapshot(agreement),
        )  # fmt: skip
    if agreement.last_number >= MAX_VERSIONS:
        raise Problem("conflict", detail=text("agreements.too_many", maximum=MAX_VERSIONS))
    return agreement


def add_version(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, agreement: GrantAgreement,
    agreed: Agreed, *, prepared_by_id: UUID, needs_revision: bool = False,
    amendment_id: UUID | None = None, by_notice: bool = False,
) -> GrantAgreementVersion:  # fmt: skip
    """Add the next version of an agreement, a draft, with its first text."""
    agreement.last_number += 1
    now = clock.now()
    version = GrantAgreementVersion(
        id=uuid7(),
        agreement_id=agreement.id,
        number=agreement.last_number,
        status="draft",
        text_number=1,
        amendment_id=amendment_id,
        by_notice=by_notice,
        needs_revision=needs_revision,
        prepared_by_id=prepared_by_id,
        prepared_at=now,
    )
    db.add(version)
    db.flush()
    record(db, actor, "grant_agreement_version.prepared", version, grant)
    add_text(db, actor, fund, grant, version, agreed, written_by_id=prepared_by_id, at=now)
    return version


def add_text(
    db: Session, actor: audit.Author, fund: Fund, grant: Grant, version: GrantAgreementVersion,
    agreed: Agreed, *, written_by_id: UUID, at: datetime,
) -> GrantAgreementText:  # fmt: skip
    """Write the text ``version.text_number`` of a version, with its lines and results in rows."""
    if version.text_number > MAX_TEXTS:
        raise Problem("conflict", detail=text("agreements.too_many_texts", maximum=MAX_TEXTS))
    said, sha256 = content.stored(
        agreed, grant=grant.code, number=version.number, currency=fund.base_currency
    )
    if len(said) > MAX_CONTENT:
        raise invalid("", "agreements.too_large", maximum=MAX_CONTENT)
    made = GrantAgreementText(
        id=uuid7(),
        version_id=version.id,
        number=version.text_number,
        title=agreed.title,
        language=agreed.language,
        starts_on=agreed.starts_on,
        ends_on=agreed.ends_on,
        amount_minor=agreed.amount_minor,
        content=said,
        sha256=sha256,
        written_by_id=written_by_id,
        written_at=at,
    )
    db.add(made)
    db.flush()
    for model, rows in rows_of(agreed).items():
        if rows:
            db.execute(insert(model), [{"id": uuid7(), "text_id": made.id} | row for row in rows])
    audit.record(
        db, actor, "grant_agreement.text_written", "grant_agreement_text", made.id,
        fund_id=grant.fund_id, after=snapshot(made, without=DIGESTED["grant_agreement_texts"]),
    )  # fmt: skip
    return made


def rows_of(agreed: Agreed) -> dict[type[Base], list[dict[str, Any]]]:
    """Return the rows that follow from a text, without ids: ``agreement_checks`` compares them."""
    return {
        GrantBudgetLine: [
            {
                "number": number,
                "category": line.category,
                "description": line.description,
                "objectives": shares_stored(line.objectives),
                "amount_minor": line.amount_minor,
            }
            for number, line in enumerate(agreed.lines, 1)
        ],
        GrantAgreedResult: [
            {
                "number": number,
                "indicator": one.indicator,
                "baseline": one.baseline,
                "target": one.target,
                "note": one.note,
            }
            for number, one in enumerate(agreed.results, 1)
        ],
    }


def record(
    db: Session,
    actor: audit.Author,
    action: str,
    version: GrantAgreementVersion,
    grant: Grant,
    *,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
) -> int:
    """Record what became of a version; return the event's number."""
    db.flush()
    return audit.record(
        db, actor, action, "grant_agreement_version", version.id, fund_id=grant.fund_id,
        reason=reason, before=before, after=snapshot(version),
    )  # fmt: skip
