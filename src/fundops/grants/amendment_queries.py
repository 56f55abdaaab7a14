"""Which amendments an actor may see, what approvals stand, and what they are measured from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.grants import agreement_content as content
from fundops.grants import queries
from fundops.grants.agreement_content import Agreed
from fundops.grants.agreement_models import COUNTED, GrantAgreementText, GrantAgreementVersion
from fundops.grants.agreement_queries import TEXT_THAT_COUNTS
from fundops.grants.amendment_models import LIVE, AmendmentApproval, GrantAmendment
from fundops.grants.models import Grant
from fundops.ledger.models import Fund

AMENDMENTS = GrantAmendment.__table__.c
SORTS = {"requested_at": GrantAmendment.requested_at}


def visible(
    actor: Actor, *, fund_id: UUID | None = None, grant_id: UUID | None = None,
    kind: str | None = None, status: str | None = None,
) -> Select[Any]:  # fmt: skip
    """Return the rows of amendments that ``actor`` may see, without their contents."""
    columns = [column for column in AMENDMENTS if column.name != "content"]
    query = (
        queries.rows_of(*columns, Grant.code.label("grant_code"), Fund.base_currency)
        .select_from(GrantAmendment)
        .join(Grant, Grant.id == GrantAmendment.grant_id)
        .join(Fund, Fund.id == GrantAmendment.fund_id)
        .where(queries.seen(actor, Permission.GRANT_AGREEMENT_READ))
    )
    for column, value in (
        (GrantAmendment.fund_id, fund_id),
        (GrantAmendment.grant_id, grant_id),
        (GrantAmendment.kind, kind),
        (GrantAmendment.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def get(
    db: Session, actor: Actor, grant_id: UUID, number: int,
    permission: Permission = Permission.GRANT_AGREEMENT_READ,
) -> tuple[Grant, GrantAmendment]:  # fmt: skip
    """Return an amendment and its grant, fresh; raise ``not-found`` when out of reach."""
    columns: tuple[Any, ...] = (Grant, GrantAmendment)
    query = (
        select(*columns)
        .join(GrantAmendment, GrantAmendment.grant_id == Grant.id)
        .where(
            Grant.id == grant_id,
            GrantAmendment.number == number,
            queries.seen(actor, permission),
        )
        .execution_options(populate_existing=True)
    )
    found = queries.one(db.execute(query).one_or_none())
    return found[0], found[1]


def live(db: Session, grant_id: UUID) -> GrantAmendment | None:
    """Return the amendment of a grant that is on its way, if there is one."""
    query = select(GrantAmendment).where(
        GrantAmendment.grant_id == grant_id, GrantAmendment.status.in_(LIVE)
    )
    return db.execute(query).scalar_one_or_none()


def count(db: Session, grant_id: UUID) -> int:
    """Return how many amendments of a grant were asked for."""
    query = select(func.count(GrantAmendment.id)).where(GrantAmendment.grant_id == grant_id)
    return int(db.execute(query).scalar_one())


def approvals(db: Session, amendment_id: UUID) -> Sequence[AmendmentApproval]:
    """Return all approvals of an amendment, void ones among them, in order."""
    query = select(AmendmentApproval).where(AmendmentApproval.amendment_id == amendment_id)
    return db.execute(query.order_by(AmendmentApproval.id)).scalars().all()


def standing(db: Session, amendment_id: UUID) -> list[AmendmentApproval]:
    """Return the approvals of an amendment that are not void."""
    return [one for one in approvals(db, amendment_id) if one.voided_at is None]


def amount_set_in(db: Session, agreement_id: UUID) -> Agreed:
    """Return the text in force in which the amount was last set: the first, or a cost extension."""
    query = (
        select(GrantAgreementText.content)
        .join(
            GrantAgreementVersion,
            TEXT_THAT_COUNTS,
        )
        .outerjoin(GrantAmendment, GrantAmendment.id == GrantAgreementVersion.amendment_id)
        .where(
            GrantAgreementVersion.agreement_id == agreement_id,
            GrantAgreementVersion.status.in_(COUNTED),
            or_(GrantAmendment.id.is_(None), GrantAmendment.kind == "cost_extension"),
        )
        .order_by(GrantAgreementVersion.number.desc())
        .limit(1)
    )
    return content.read(db.execute(query).scalar_one())
