"""Which accounts, profiles and batches an actor may see, and how they are found: by fund."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from fundops.authz import Actor, Permission
from fundops.banking.models import BatchItem, FundBankAccount, PaymentBatch, VoucherProfile
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant
from fundops.grants.queries import one, rows_of
from fundops.payees.models import BankAccount
from fundops.proposals.models import Proposal, ProposalBudgetLine, ProposalVersion

READ = Permission.BANKING_READ
ACCOUNTS: Any = FundBankAccount.__table__.c
PROFILES: Any = VoucherProfile.__table__.c
BATCHES: Any = PaymentBatch.__table__.c
ACCOUNT_SORTS = {"name": ACCOUNTS.name}
PROFILE_SORTS = {"number": PROFILES.number}
BATCH_SORTS = {"code": BATCHES.code, "execution_on": BATCHES.execution_on}
ITEM_SORTS = {"position": BatchItem.position}
ITEM_ID = BatchItem.disbursement_id

T = TypeVar("T", FundBankAccount, VoucherProfile, PaymentBatch)


def of_funds(actor: Actor, permission: Permission, fund: Any) -> ColumnElement[bool]:
    """Return the condition that a row's fund is one that ``permission`` is held for."""
    funds = actor.funds(permission)
    found: ColumnElement[bool] = true() if funds is None else fund.in_(funds)
    return found


def accounts(actor: Actor) -> Select[Any]:
    """Return the rows of the accounts of funds that ``actor`` may see; never their details."""
    shown = [column for column in ACCOUNTS if column.name not in {"details", "key_id"}]
    return rows_of(*shown).where(of_funds(actor, READ, ACCOUNTS.fund_id))


def profiles(actor: Actor) -> Select[Any]:
    """Return the rows of voucher profiles that ``actor`` may see."""
    return rows_of(*PROFILES).where(of_funds(actor, READ, PROFILES.fund_id))


def batches(actor: Actor) -> Select[Any]:
    """Return the rows of batches that ``actor`` may see."""
    return rows_of(*BATCHES).where(of_funds(actor, READ, BATCHES.fund_id))


def get(
    db: Session, model: type[T], actor: Actor, record_id: UUID, permission: Permission = READ
) -> T:
    """Return a record, fresh, for ``permission``; raise ``not-found`` when out of reach."""
    query = select(model).where(model.id == record_id, of_funds(actor, permission, model.fund_id))
    query = query.execution_options(populate_existing=True)
    return one(db.execute(query).scalar_one_or_none())


def row(db: Session, query: Select[Any], key: Any, record_id: UUID) -> Any:
    """Return one row of a list; raise ``not-found`` when it is not in it."""
    return one(db.execute(query.where(key == record_id)).one_or_none())


def items(actor: Actor, batch_id: UUID) -> Select[Any]:
    """Return the rows of a batch's payments: codes and masked accounts, no names."""
    return (
        rows_of(
            BatchItem.position, BatchItem.disbursement_id,
            Disbursement.code.label("disbursement_code"), Grant.code.label("grant_code"),
            BankAccount.masked, BatchItem.amount_minor, PaymentBatch.currency, Disbursement.status,
        )
        .join(PaymentBatch, PaymentBatch.id == BatchItem.batch_id)
        .join(Disbursement, Disbursement.id == BatchItem.disbursement_id)
        .join(Grant, Grant.id == Disbursement.grant_id)
        .join(BankAccount, BankAccount.id == BatchItem.account_id)
        .where(BatchItem.batch_id == batch_id, of_funds(actor, READ, PaymentBatch.fund_id))
    )  # fmt: skip


def next_profile_number(db: Session, fund_id: UUID) -> int:
    """Return the number of a fund's next profile."""
    query = select(func.coalesce(func.max(VoucherProfile.number), 0)).where(
        VoucherProfile.fund_id == fund_id
    )
    return int(db.execute(query).scalar_one()) + 1


Budget = tuple[tuple[str, int], ...]


def budgets(db: Session, grant_ids: Collection[UUID]) -> dict[UUID, Budget]:
    """Return the budget of each grant by category, as its proposal was submitted."""
    query = (
        select(Grant.id, ProposalBudgetLine.category, func.sum(ProposalBudgetLine.total_minor))
        .join(Proposal, Proposal.id == Grant.proposal_id)
        .join(ProposalVersion, (ProposalVersion.proposal_id == Proposal.id)
            & (ProposalVersion.number == Proposal.submitted_number))
        .join(ProposalBudgetLine, ProposalBudgetLine.version_id == ProposalVersion.id)
        .where(Grant.id.in_(grant_ids))
        .group_by(Grant.id, ProposalBudgetLine.category)
        .order_by(Grant.id, ProposalBudgetLine.category)
    )  # fmt: skip
    found: dict[UUID, list[tuple[str, int]]] = {}
    for grant_id, category, minor in db.execute(query):
        if minor:
            found.setdefault(grant_id, []).append((category, int(minor)))
    return {grant_id: tuple(parts) for grant_id, parts in found.items()}
