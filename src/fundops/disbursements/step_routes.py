"""Routes of the steps of a disbursement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command
from fundops.disbursements import paying, queries, reviewing, service
from fundops.disbursements.models import Disbursement
from fundops.disbursements.schemas import (
    ArrivalIn,
    DisbursementOut,
    PaidIn,
    ResubmitIn,
    ReturnIn,
    ReviewIn,
    SetBackIn,
    disbursement_out,
)
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.schemas import COMMANDS
from fundops.strict import StrictRoute

router = APIRouter(
    prefix="/disbursements/{disbursement_id}", tags=["disbursements"], route_class=StrictRoute
)

_P = Permission
Requester = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_REQUEST))]
Certifier = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_CERTIFY))]
Approver = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_APPROVE))]
Payer = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_PAY))]
Holder = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_HOLD))]
Confirmer = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_CONFIRM))]
Reviewer = Annotated[Actor, Depends(Can(_P.DISBURSEMENT_REVIEW))]
BankClerk = Annotated[Actor, Depends(Can(_P.BANK_STATEMENT_WRITE))]

Work = Callable[[Session, Fund, Disbursement, Grant], Disbursement]


def _step(
    request: Request, actor: Actor, disbursement_id: UUID, permission: Permission, work: Work
) -> Response:
    """Run one step on a disbursement that ``permission`` reaches, and answer with it."""

    def done(db: Session) -> dict[str, Any]:
        found, grant = queries.get_disbursement(db, actor, disbursement_id, permission)
        work(db, db.get_one(Fund, grant.fund_id), found, grant)
        return disbursement_out(queries.own_row(db, disbursement_id))

    return command(request, actor, done)


Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])


def _declare(path: str, operation_id: str) -> Callable[[Endpoint], Endpoint]:
    return router.post(
        path, operation_id=operation_id, response_model=DisbursementOut, responses=COMMANDS
    )


@_declare("/certify", "certify_disbursement")
def certify_disbursement(request: Request, actor: Certifier, disbursement_id: UUID) -> Response:
    """Certify that what is asked for is due; another person asked for it."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_CERTIFY,
        lambda db, fund, found, grant: service.certify(db, actor, fund, found, grant),
    )  # fmt: skip


@_declare("/approve", "approve_disbursement")
def approve_disbursement(request: Request, actor: Approver, disbursement_id: UUID) -> Response:
    """Approve what another person certified."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_APPROVE,
        lambda db, fund, found, grant: service.approve(db, actor, fund, found, grant),
    )  # fmt: skip


@_declare("/release", "release_disbursement")
def release_disbursement(request: Request, actor: Payer, disbursement_id: UUID) -> Response:
    """Let approved money go to the bank; another person than all before."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_PAY,
        lambda db, fund, found, grant: paying.release(db, actor, fund, found, grant),
    )  # fmt: skip


@_declare("/pay", "pay_disbursement")
def pay_disbursement(
    request: Request, actor: Payer, disbursement_id: UUID, given: PaidIn
) -> Response:
    """Release approved money outside a batch and record the bank's evidence, in one."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_PAY,
        lambda db, fund, found, grant: paying.pay(db, actor, fund, found, grant, given),
    )  # fmt: skip


@_declare("/record_paid", "record_paid_disbursement")
def record_paid_disbursement(
    request: Request, actor: BankClerk, disbursement_id: UUID, given: PaidIn
) -> Response:
    """Book a released payment that the bank has made, with the evidence."""
    return _step(
        request, actor, disbursement_id, _P.BANK_STATEMENT_WRITE,
        lambda db, fund, found, grant: paying.record_paid(db, actor, fund, found, grant, given),
    )  # fmt: skip


@_declare("/fail", "fail_disbursement")
def fail_disbursement(
    request: Request, actor: BankClerk, disbursement_id: UUID, given: SetBackIn
) -> Response:
    """Record that the bank refused a released payment, where no statement shows it."""

    def work(db: Session, fund: Fund, found: Disbursement, grant: Grant) -> Disbursement:
        paying.refuse_unseen(db, actor, fund, found)
        return paying.fail(db, actor, found, grant, given.reason)

    return _step(request, actor, disbursement_id, _P.BANK_STATEMENT_WRITE, work)


@_declare("/return", "return_disbursement")
def return_disbursement(
    request: Request, actor: BankClerk, disbursement_id: UUID, given: ReturnIn
) -> Response:
    """Book a payment that the bank brought back, where no statement shows it."""

    def work(db: Session, fund: Fund, found: Disbursement, grant: Grant) -> Disbursement:
        paying.refuse_unseen(db, actor, fund, found)
        return paying.return_(db, actor, fund, found, grant, given)

    return _step(request, actor, disbursement_id, _P.BANK_STATEMENT_WRITE, work)


@_declare("/send_back", "send_back_disbursement")
def send_back_disbursement(
    request: Request, actor: Holder, disbursement_id: UUID, given: SetBackIn
) -> Response:
    """Send a disbursement back to be mended; signatures on it become void."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_HOLD,
        lambda db, _, found, grant: service.set_back(db, actor, found, grant, "send_back", given),
    )  # fmt: skip


@_declare("/resubmit", "resubmit_disbursement")
def resubmit_disbursement(
    request: Request, actor: Requester, disbursement_id: UUID, given: ResubmitIn
) -> Response:
    """Ask again for what was sent back, mended."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_REQUEST,
        lambda db, fund, found, grant: service.resubmit(db, actor, fund, found, grant, given),
    )  # fmt: skip


@_declare("/reject", "reject_disbursement")
def reject_disbursement(
    request: Request, actor: Approver, disbursement_id: UUID, given: SetBackIn
) -> Response:
    """Refuse a disbursement; its amount may be asked for again."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_APPROVE,
        lambda db, _, found, grant: service.set_back(db, actor, found, grant, "reject", given),
    )  # fmt: skip


@_declare("/cancel", "cancel_disbursement")
def cancel_disbursement(
    request: Request, actor: Requester, disbursement_id: UUID, given: SetBackIn
) -> Response:
    """Withdraw a disbursement that has not been released."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_REQUEST,
        lambda db, _, found, grant: service.set_back(db, actor, found, grant, "cancel", given),
    )  # fmt: skip


@_declare("/confirm", "confirm_disbursement")
def confirm_disbursement(
    request: Request, actor: Confirmer, disbursement_id: UUID, given: ArrivalIn
) -> Response:
    """Say what has arrived of a payment, as the grantee."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_CONFIRM,
        lambda db, _, found, grant: paying.confirm(db, actor, found, grant, given),
    )  # fmt: skip


@_declare("/review", "review_disbursement")
def review_disbursement(
    request: Request, actor: Reviewer, disbursement_id: UUID, given: ReviewIn
) -> Response:
    """Record what a review after the fact found."""
    return _step(
        request, actor, disbursement_id, _P.DISBURSEMENT_REVIEW,
        lambda db, _, found, grant: reviewing.review(db, actor, found, grant, given.note),
    )  # fmt: skip
