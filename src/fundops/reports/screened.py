"""Personal data kept out of reports: found before anything of a text is stored anywhere.

A flagged text of a report is left out and comes back marked; the rest is stored (``withholding``).
What officers write about a report is refused instead: they can word it anew at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.authz import Actor
from fundops.config import Settings
from fundops.errors import FieldError, Problem
from fundops.files.evidence import IsConfirmed, confirm_by
from fundops.parties import withholding
from fundops.parties.withholding import ConfirmationIn, Screening
from fundops.reports import content
from fundops.screening import Finding, item_keys
from fundops.vault import Vault

KIND = withholding.Kind(content.is_figure, ("/narrative/", *(f"/{name}" for name in content.PROSE)))


def confirmed_in_files(db: Session, party_id: UUID | None, settings: Settings) -> IsConfirmed:
    """Return a function that says whether a party has confirmed an item, as its files need it."""
    if party_id is None:
        return lambda item: False  # noqa: ARG005 - nobody's file
    keys = Vault(settings)
    confirmed = withholding.for_party(db, party_id, keys).confirmed
    return lambda item: not confirmed.isdisjoint(item_keys(keys, item))


confirm_by(confirmed_in_files)


def flagged(
    screening: Screening, given: Mapping[str, Any], confirmations: Sequence[ConfirmationIn]
) -> dict[str, list[Finding]]:
    """Return what ``clean`` would leave out of a report, by pointer. Keeps nothing."""
    return withholding.flagged(KIND, screening, given, confirmations)


def refuse(screening: Screening, texts: Mapping[str, str | None]) -> None:
    """Refuse texts, by their pointers, that hold what looks like personal data (422)."""
    errors = [
        FieldError(pointer, found[0].sentence)
        for pointer, words in texts.items()
        if words is not None and (found := screening.found(words))
    ]
    if errors:
        raise Problem("invalid-request", errors=errors)


def clean(
    db: Session,
    actor: Actor,
    party_id: UUID,
    keys: Vault,
    given: Mapping[str, Any],
    confirmations: Sequence[ConfirmationIn],
    earlier: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what may be stored of a report's content (see ``withholding.clean``)."""
    screening = withholding.for_party(db, party_id, keys)
    return withholding.clean(db, actor, KIND, screening, party_id, given, confirmations, earlier)


def still_withheld(
    given: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the marks of a draft before whose texts a report does not write anew."""
    return withholding.still_withheld(KIND, given, earlier)
