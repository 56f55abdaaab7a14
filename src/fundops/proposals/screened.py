"""Personal data kept out of proposals: what drafts say is screened before any of it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.parties import withholding
from fundops.parties.withholding import ConfirmationIn, for_party
from fundops.proposals import content, versions
from fundops.proposals.models import Proposal
from fundops.screening import Finding
from fundops.vault import Vault

FIGURES = frozenset(
    {"percent", "quantity", "unit_cost", "duration", "share_charged", "objective", "baseline",
     "target", "amount", "starts_on", "ends_on"}
)  # fmt: skip
"""Places where a number is a number."""


def _is_figure(pointer: str, value: str) -> bool:
    return pointer.rsplit("/", 1)[-1] in FIGURES and withholding.is_number(value)


KIND = withholding.Kind(_is_figure, ("/title", "/summary", "/answers/"))


def clean(
    db: Session,
    actor: Actor,
    proposal: Proposal,
    keys: Vault,
    given: Mapping[str, Any],
    confirmations: Sequence[ConfirmationIn] = (),
) -> dict[str, Any]:
    """Return what may be stored of a draft: screened, with marks for what was left out."""
    earlier = content.withheld(versions.current_draft(db, proposal.id).content)
    screening = for_party(db, proposal.party_id, keys)
    return withholding.clean(
        db, actor, KIND, screening, proposal.party_id, given, confirmations, earlier
    )


def flagged(
    db: Session, proposal: Proposal, keys: Vault, given: Mapping[str, Any]
) -> dict[str, list[Finding]]:
    """Return what ``clean`` would leave out of a content, by pointer. Keeps nothing."""
    return withholding.flagged(KIND, for_party(db, proposal.party_id, keys), given)
