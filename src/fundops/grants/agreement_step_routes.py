"""Routes of the steps of a grant agreement: offered, signed, countersigned, declined, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from fundops.authz import Actor, Can, Permission
from fundops.command import command
from fundops.grants import agreement_links
from fundops.grants import agreement_queries as queries
from fundops.grants import agreement_signing as signing
from fundops.grants.agreement_queries import Held
from fundops.grants.agreement_routes import Number
from fundops.grants.agreement_schemas import (
    GrantAgreementReasonIn,
    GrantAgreementVersionOut,
    RecordSignatureIn,
    SignIn,
)
from fundops.grants.agreement_wire import version_out
from fundops.ledger.models import Fund
from fundops.schemas import COMMANDS
from fundops.strict import StrictRoute

__all__ = ["agreement_links", "router"]
"""With the routes come the links to what follows from an agreement."""

router = APIRouter(prefix="/grants", tags=["grant agreements"], route_class=StrictRoute)

_P = Permission
Writer = Annotated[Actor, Depends(Can(_P.GRANT_AGREEMENT_WRITE))]
Signatory = Annotated[Actor, Depends(Can(_P.GRANT_AGREEMENT_SIGN))]
Countersigner = Annotated[Actor, Depends(Can(_P.GRANT_AGREEMENT_COUNTERSIGN))]
Take = Callable[[Session, Fund, Held], None]
PLACE = "/{grant_id}/agreement/versions/{number}"


@router.post(
    PLACE + "/offer",
    operation_id="offer_grant_agreement",
    response_model=GrantAgreementVersionOut,
    responses=COMMANDS,
)
def offer_grant_agreement(
    request: Request, actor: Writer, grant_id: UUID, number: Number
) -> Response:
    """Offer a draft to the grantee to sign."""

    def take(db: Session, fund: Fund, held: Held) -> None:
        signing.offer(db, actor, fund, held)

    return _on(request, actor, grant_id, number, _P.GRANT_AGREEMENT_WRITE, take)


@router.post(
    PLACE + "/sign",
    operation_id="sign_grant_agreement",
    response_model=GrantAgreementVersionOut,
    responses=COMMANDS,
)
def sign_grant_agreement(
    request: Request, actor: Signatory, grant_id: UUID, number: Number, given: SignIn
) -> Response:
    """Sign for the grantee the text that was seen."""

    def take(db: Session, _fund: Fund, held: Held) -> None:
        signing.sign(db, actor, held, given)

    return _on(request, actor, grant_id, number, _P.GRANT_AGREEMENT_SIGN, take)


@router.post(
    PLACE + "/record_signature",
    operation_id="record_grantee_signature",
    response_model=GrantAgreementVersionOut,
    responses=COMMANDS,
)
def record_grantee_signature(
    request: Request, actor: Writer, grant_id: UUID, number: Number, given: RecordSignatureIn
) -> Response:
    """Record, with evidence, that the grantee signed on paper. The recorder cannot countersign."""

    def take(db: Session, _fund: Fund, held: Held) -> None:
        signing.record_signature(db, actor, held, given)

    return _on(request, actor, grant_id, number, _P.GRANT_AGREEMENT_WRITE, take)


@router.post(
    PLACE + "/countersign",
    operation_id="countersign_grant_agreement",
    response_model=GrantAgreementVersionOut,
    responses=COMMANDS,
)
def countersign_grant_agreement(
    request: Request, actor: Countersigner, grant_id: UUID, number: Number, given: SignIn
) -> Response:
    """Countersign for the fund what the grantee signed: it is in force."""

    def take(db: Session, fund: Fund, held: Held) -> None:
        signing.countersign(db, actor, fund, held, given, signer=request.app.state.signer)

    return _on(request, actor, grant_id, number, _P.GRANT_AGREEMENT_COUNTERSIGN, take)


@router.post(
    PLACE + "/decline",
    operation_id="decline_grant_agreement",
    response_model=GrantAgreementVersionOut,
    responses=COMMANDS,
)
def decline_grant_agreement(
    request: Request,
    actor: Signatory,
    grant_id: UUID,
    number: Number,
    given: GrantAgreementReasonIn,
) -> Response:
    """Decline, for the grantee, what is offered."""

    def take(db: Session, _fund: Fund, held: Held) -> None:
        signing.decline(db, actor, held, given.reason)

    return _on(request, actor, grant_id, number, _P.GRANT_AGREEMENT_SIGN, take)


@router.post(
    PLACE + "/withdraw",
    operation_id="withdraw_grant_agreement",
    response_model=GrantAgreementVersionOut,
    responses=COMMANDS,
)
def withdraw_grant_agreement(
    request: Request, actor: Writer, grant_id: UUID, number: Number, given: GrantAgreementReasonIn
) -> Response:
    """Take a version back before it is in force."""

    def take(db: Session, _fund: Fund, held: Held) -> None:
        signing.withdraw(db, actor, held, given.reason)

    return _on(request, actor, grant_id, number, _P.GRANT_AGREEMENT_WRITE, take)


def _on(
    request: Request,
    actor: Actor,
    grant_id: UUID,
    number: Number,
    permission: Permission,
    take: Take,
) -> Response:
    """Take a step of a version that ``permission`` reaches; answer with the version."""

    def work(db: Session) -> dict[str, Any]:
        held = queries.get(db, actor, grant_id, number, permission)
        fund = db.get_one(Fund, held.grant.fund_id)
        take(db, fund, held)
        return version_out(held, fund.base_currency)

    return command(request, actor, work)
