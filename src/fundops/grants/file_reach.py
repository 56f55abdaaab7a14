"""What officers have to do with grantees' files: the signed pages of agreements."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select, true

from fundops.files.models import File
from fundops.files.queries import Funds, used_by
from fundops.grants.agreement_models import GrantAgreement, GrantAgreementVersion


@used_by
def signed_on(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file is the evidence of a signature on an agreement of ``funds``."""
    of = true() if funds is None else GrantAgreement.fund_id.in_(funds)
    return exists(
        select(GrantAgreementVersion.id)
        .join(GrantAgreement, GrantAgreement.id == GrantAgreementVersion.agreement_id)
        .where(GrantAgreementVersion.evidence_file_id == File.id, of)
    )
