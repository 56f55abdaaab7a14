"""What officers have to do with applicants' files: what was submitted to their funds."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select, true

from fundops.authz import Actor
from fundops.calls.models import Call
from fundops.files.models import File
from fundops.files.queries import Funds, dealt_with_by, hidden_by, used_by
from fundops.parties.labels import own_parties
from fundops.parties.models import Party
from fundops.parties.places import hidden_place
from fundops.proposals.models import Proposal, ProposalAttachment


def _of(funds: Funds) -> ColumnElement[bool]:
    return true() if funds is None else Call.fund_id.in_(funds)


@used_by
def submitted_with(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file is attached to a proposal submitted to one of ``funds``."""
    return exists(
        select(ProposalAttachment.id)
        .join(Proposal, Proposal.id == ProposalAttachment.proposal_id)
        .join(Call, Call.id == Proposal.call_id)
        .where(
            ProposalAttachment.file_id == File.id,
            Proposal.submitted_number.is_not(None),
            _of(funds),
        )
    )


@dealt_with_by
def applied(funds: Funds) -> ColumnElement[bool]:
    """Return whether a file's party applies, or has applied, to one of ``funds``."""
    return exists(
        select(Proposal.id)
        .join(Call, Call.id == Proposal.call_id)
        .where(Proposal.party_id == File.party_id, _of(funds))
    )


@hidden_by
def from_hidden_place(actor: Actor) -> ColumnElement[bool]:
    """Return whether a party applies with work in a place that the actor may not know of."""
    return exists(
        select(Proposal.id)
        .join(Call, Call.id == Proposal.call_id)
        .where(
            Proposal.party_id == Party.id,
            Party.id.not_in(own_parties(actor)),
            hidden_place(actor, Proposal.country, Call.fund_id),
        )
    )
