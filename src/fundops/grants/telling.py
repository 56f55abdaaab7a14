"""Who is told of which step of a grant's agreement, its amendments and its standing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops.authz import Permission
from fundops.grants.agreement_models import GrantAgreementVersion
from fundops.grants.amendment_models import GrantAmendment
from fundops.grants.models import Grant
from fundops.notices.service import tell
from fundops.roles import roles_with

SIGNED = frozenset({"sign", "record_signature"})
IN_FORCE = frozenset({"countersign", "take_effect"})


def tell_of_version(db: Session, action: str, version: GrantAgreementVersion, grant: Grant) -> None:
    """Tell whose signature a version of an agreement waits for, or that it is in force.

    Of other steps nobody is told.
    """
    about, facts = ("grant_agreement_version", version.id), {"code": grant.code}
    if action == "offer":
        tell(
            db, "agreement_to_sign", party_id=grant.grantee_id, fund_id=grant.fund_id, about=about,
            facts=facts,
        )  # fmt: skip
    elif action in SIGNED:
        for role in roles_with(Permission.GRANT_AGREEMENT_COUNTERSIGN):
            tell(
                db, "agreement_to_sign", role=role.value, fund_id=grant.fund_id, about=about,
                facts=facts, of_party_id=grant.grantee_id,
            )  # fmt: skip
    elif action in IN_FORCE:
        tell(
            db, "agreement_in_force", party_id=grant.grantee_id,
            person_ids=[version.prepared_by_id], fund_id=grant.fund_id, about=about, facts=facts,
        )  # fmt: skip


def tell_of_amendment(db: Session, amendment: GrantAmendment, grant: Grant) -> None:
    """Tell the grantee, and who asked for it, that an amendment was approved or refused."""
    tell(
        db, "amendment_decided", party_id=grant.grantee_id,
        person_ids=[amendment.requested_by_id], fund_id=grant.fund_id,
        about=("grant_amendment", amendment.id), facts={"code": grant.code},
    )  # fmt: skip


def tell_of_suspension(db: Session, grant: Grant) -> None:
    """Tell the grantee that its grant is suspended."""
    tell(
        db, "grant_suspended", party_id=grant.grantee_id, fund_id=grant.fund_id,
        about=("grant", grant.id), facts={"code": grant.code},
    )  # fmt: skip
