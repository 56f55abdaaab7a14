"""Which agreements an actor may see, what is in force, and what budgets come to.

Whatever sums budgets sums the version in force alone, so an amended budget counts once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from fundops.audit import AuditEvent
from fundops.authz import Actor, Permission
from fundops.grants import agreement_content as content
from fundops.grants import file_reach as file_reach  # officers reach files through agreements
from fundops.grants import queries
from fundops.grants.agreement_content import Agreed
from fundops.grants.agreement_models import (
    COUNTED,
    OPEN,
    GrantAgreement,
    GrantAgreementReceipt,
    GrantAgreementText,
    GrantAgreementVersion,
    GrantBudgetLine,
)
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.labels import code_column, name_column
from fundops.parties.models import Party

SORTS = {"grant_code": Grant.code}
READ = Permission.GRANT_AGREEMENT_READ
TEXT_THAT_COUNTS = and_(
    GrantAgreementText.version_id == GrantAgreementVersion.id,
    GrantAgreementText.number == GrantAgreementVersion.text_number,
)
"""A text is the one of its version that counts: the last that was written."""
TOOK_FORCE = tuple(
    f"grant_agreement_version.{action}" for action in ("countersigned", "took_effect", "in_force")
)
"""What events tell that a version is in force."""


class Held(NamedTuple):
    """One version with what it belongs to and the text that counts."""

    grant: Grant
    agreement: GrantAgreement
    version: GrantAgreementVersion
    text: GrantAgreementText


def visible(
    actor: Actor,
    *,
    fund_id: UUID | None = None,
    grantee_id: UUID | None = None,
    status: str | None = None,
) -> Select[Any]:
    """Return the rows of agreements that ``actor`` may see; ``status``: has a version so."""
    force, said = aliased(GrantAgreementVersion), aliased(GrantAgreementText)
    last = aliased(GrantAgreementVersion)
    query = (
        queries.rows_of(
            GrantAgreement.id, GrantAgreement.grant_id, GrantAgreement.fund_id,
            Grant.code.label("grant_code"), Grant.grantee_id, Grant.status.label("grant_status"),
            name_column(actor).label("grantee_name"), code_column(actor).label("grantee_code"),
            Fund.base_currency, GrantAgreement.last_number, last.status.label("last_status"),
            force.number.label("in_force_number"), said.title, said.starts_on, said.ends_on,
            said.amount_minor,
        )
        .select_from(GrantAgreement)
        .join(Grant, Grant.id == GrantAgreement.grant_id)
        .join(Fund, Fund.id == GrantAgreement.fund_id)
        .join(Party, Party.id == Grant.grantee_id)
        .join(
            last,
            and_(
                last.agreement_id == GrantAgreement.id, last.number == GrantAgreement.last_number
            ),
        )
        .outerjoin(
            force, and_(force.agreement_id == GrantAgreement.id, force.status == "in_force")
        )
        .outerjoin(said, and_(said.version_id == force.id, said.number == force.text_number))
        .where(queries.seen(actor, READ))
    )  # fmt: skip
    if fund_id is not None:
        query = query.where(GrantAgreement.fund_id == fund_id)
    if grantee_id is not None:
        query = query.where(Grant.grantee_id == grantee_id)
    if status is not None:
        query = query.where(
            exists(
                select(GrantAgreementVersion.id).where(
                    GrantAgreementVersion.agreement_id == GrantAgreement.id,
                    GrantAgreementVersion.status == status,
                )
            )
        )
    return query


def row(db: Session, actor: Actor, grant_id: UUID) -> Row[Any]:
    """Return the row of a grant's agreement; raise ``not-found`` when it may not be seen."""
    query = visible(actor).where(GrantAgreement.grant_id == grant_id)
    return queries.one(db.execute(query).one_or_none())


def of_grant(db: Session, grant_id: UUID) -> GrantAgreement | None:
    """Return the agreement of a grant, fresh, if there is one."""
    query = select(GrantAgreement).where(GrantAgreement.grant_id == grant_id)
    fresh = query.execution_options(populate_existing=True)
    return db.execute(fresh).scalar_one_or_none()


def _held(*conditions: Any) -> Select[Any]:
    columns: tuple[Any, ...] = (Grant, GrantAgreement, GrantAgreementVersion, GrantAgreementText)
    return (
        select(*columns)
        .join(GrantAgreement, GrantAgreement.grant_id == Grant.id)
        .join(GrantAgreementVersion, GrantAgreementVersion.agreement_id == GrantAgreement.id)
        .join(
            GrantAgreementText,
            TEXT_THAT_COUNTS,
        )
        .where(*conditions)
    )


def get(
    db: Session, actor: Actor, grant_id: UUID, number: int, permission: Permission = READ
) -> Held:
    """Return a version, fresh, for ``permission``; raise ``not-found`` when it is out of reach."""
    query = _held(
        Grant.id == grant_id,
        GrantAgreementVersion.number == number,
        queries.seen(actor, permission),
    ).execution_options(populate_existing=True)
    return Held(*queries.one(db.execute(query).one_or_none()))


def of_version(db: Session, version_id: UUID) -> Held:
    """Return a version by its id, fresh, for services."""
    query = _held(GrantAgreementVersion.id == version_id)
    return Held(*db.execute(query.execution_options(populate_existing=True)).one())


def versions(db: Session, agreement_id: UUID) -> list[Held]:
    """Return all versions of an agreement, in order: one query."""
    query = _held(GrantAgreement.id == agreement_id).order_by(GrantAgreementVersion.number)
    return [Held(*found) for found in db.execute(query)]


def held_in_force(db: Session, grant_id: UUID) -> Held | None:
    """Return the version of a grant's agreement that is in force, with its text, fresh."""
    found = db.execute(_in_force(), {"grant_id": grant_id}).one_or_none()
    return None if found is None else Held(*found)


@cache
def _in_force() -> Select[Any]:
    query = _held(Grant.id == bindparam("grant_id"), GrantAgreementVersion.status == "in_force")
    return query.execution_options(populate_existing=True)


def in_force(db: Session, grant_id: UUID) -> GrantAgreementVersion | None:
    """Return the version of a grant's agreement that is in force, if there is one."""
    found = held_in_force(db, grant_id)
    return None if found is None else found.version


def agreed_in_force(db: Session, grant_id: UUID) -> Agreed | None:
    """Return what is agreed on a grant and in force, if anything is."""
    found = held_in_force(db, grant_id)
    return None if found is None else content.read(found.text.content)


def open_version(db: Session, agreement_id: UUID) -> GrantAgreementVersion | None:
    """Return the version that is on its way, if there is one."""
    query = select(GrantAgreementVersion).where(
        GrantAgreementVersion.agreement_id == agreement_id, GrantAgreementVersion.status.in_(OPEN)
    )
    return db.execute(query).scalar_one_or_none()


def has_written(db: Session, version_id: UUID, hands: Collection[UUID]) -> bool:
    """Return whether any of some persons wrote any text of a version."""
    query = select(GrantAgreementText.id).where(
        GrantAgreementText.version_id == version_id, GrantAgreementText.written_by_id.in_(hands)
    )
    return db.execute(query.limit(1)).first() is not None


def receipt(db: Session, version_id: UUID) -> GrantAgreementReceipt:
    """Return the receipt of a version; raise ``not-found`` when none was issued."""
    query = select(GrantAgreementReceipt).where(GrantAgreementReceipt.version_id == version_id)
    return queries.one(db.execute(query).scalar_one_or_none())


def lines_in_force(db: Session, grant_ids: Collection[UUID]) -> dict[UUID, list[GrantBudgetLine]]:
    """Return the budget lines in force of grants, in order: one query."""
    columns: tuple[Any, ...] = (GrantAgreement.grant_id, GrantBudgetLine)
    query = (
        _joined(select(*columns).select_from(GrantBudgetLine))
        .where(GrantAgreement.grant_id.in_(list(grant_ids)))
        .order_by(GrantAgreement.grant_id, GrantBudgetLine.number)
    )
    found: dict[UUID, list[GrantBudgetLine]] = {}
    for grant_id, line in db.execute(query):
        found.setdefault(grant_id, []).append(line)
    return found


def budget_sums(actor: Actor, fund_id: UUID | None) -> Select[Any]:
    """Return by fund and category what budgets in force come to; cancelled grants have none."""
    query = (
        queries.rows_of(
            GrantAgreement.fund_id, Fund.code.label("fund_code"), Fund.base_currency,
            GrantBudgetLine.category, func.sum(GrantBudgetLine.amount_minor).label("minor"),
            func.count(GrantAgreement.grant_id.distinct()).label("grants"),
        )
        .select_from(GrantBudgetLine)
    )  # fmt: skip
    query = (
        _joined(query)
        .join(Grant, Grant.id == GrantAgreement.grant_id)
        .join(Fund, Fund.id == GrantAgreement.fund_id)
        .where(queries.seen(actor, READ), Grant.status != "cancelled")
        .group_by(GrantAgreement.fund_id, Fund.code, Fund.base_currency, GrantBudgetLine.category)
        .order_by(Fund.code, GrantBudgetLine.category)
    )
    return query if fund_id is None else query.where(GrantAgreement.fund_id == fund_id)


def _joined(query: Select[Any]) -> Select[Any]:
    """Join budget lines with the version in force whose text they are of."""
    return (
        query.join(GrantAgreementText, GrantAgreementText.id == GrantBudgetLine.text_id)
        .join(
            GrantAgreementVersion,
            TEXT_THAT_COUNTS,
        )
        .join(GrantAgreement, GrantAgreement.id == GrantAgreementVersion.agreement_id)
        .where(GrantAgreementVersion.status == "in_force")
    )


def texts_in_force(ends_at: datetime, known_seq: int | None, *conditions: Any) -> Any:
    """Return (grant_id, text_id) of the agreements in force at an instant, as a subquery.

    ``known_seq`` is the last sequence that is known, ``None`` where everything is;
    ``conditions`` choose among the agreements.
    """
    version = GrantAgreementVersion
    place = func.row_number().over(
        partition_by=version.agreement_id, order_by=version.number.desc()
    )
    columns: tuple[Any, ...] = (
        GrantAgreement.grant_id, GrantAgreementText.id.label("text_id"), place.label("place"),
    )  # fmt: skip
    ranked = (
        select(*columns)
        .select_from(version)
        .join(GrantAgreement, GrantAgreement.id == version.agreement_id)
        .join(GrantAgreementText, TEXT_THAT_COUNTS)
        .where(version.status.in_(COUNTED), version.in_force_at < ends_at, *conditions)
    )
    if known_seq is not None:
        told = exists().where(
            AuditEvent.record_type == "grant_agreement_version",
            AuditEvent.record_id == version.id,
            AuditEvent.action.in_(TOOK_FORCE),
            AuditEvent.seq <= known_seq,
        )
        ranked = ranked.where(told)
    each = ranked.subquery().c
    return select(each.grant_id, each.text_id).where(each.place == 1).subquery()
