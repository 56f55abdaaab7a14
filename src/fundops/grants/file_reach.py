"""What officers have to do with grantees' files: the signed pages of agreements."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select, true

from fundops.authz import Actor
from fundops.files.models import File
from fundops.files.queries import Funds, hidden_by, used_by
from fundops.grants.agreement_models import GrantAgreement, GrantAgreementVersion
from fundops.grants.models import Grant
from fundops.parties.labels import own_parties
from fundops.parties.models import Party
from fundops.parties.places import hidden_place


@used_by
def signed_on(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file is the evidence of a signature on an agreement of ``funds``."""
    of = true() if funds is None else GrantAgreement.fund_id.in_(funds)
    return exists(
        select(GrantAgreementVersion.id)
        .join(GrantAgreement, GrantAgreement.id == GrantAgreementVersion.agreement_id)
        .where(GrantAgreementVersion.evidence_file_id == File.id, of)
    )


@hidden_by
def from_hidden_place(actor: Actor) -> ColumnElement[bool]:
    """Return whether a party has a grant in a place that the actor may not know of."""
    return exists(
        select(Grant.id).where(
            Grant.grantee_id == Party.id,
            Party.id.not_in(own_parties(actor)),
            hidden_place(actor, Grant.country, Grant.fund_id),
        )
    )
