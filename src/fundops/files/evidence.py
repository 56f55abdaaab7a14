"""Evidence of reports: screened for personal data before any of it is kept.

Whoever keeps grantees' confirmations (a domain after this one) says so with ``confirm_by``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from fundops.config import Settings
from fundops.errors import FieldError
from fundops.files.cleaning import Clean
from fundops.files.kinds import Refused
from fundops.messages import text
from fundops.messages.said import joined
from fundops.screening import CannotScreen, Screened, screen, screen_file
from fundops.screening.screened_files import READ

MAX_TOLD = 50
"""Places that are told one by one when a file is refused; the rest is counted."""

IsConfirmed = Callable[[str], bool]
Provider = Callable[[Session, UUID | None, Settings], IsConfirmed]
_providers: list[Provider] = []


class PersonalData(Exception):
    """A file that is refused for what was found in it; nothing here tells what that is."""

    def __init__(self, screened: Screened) -> None:
        super().__init__("personal_data")
        self.errors = [FieldError("content", one.sentence) for one in screened.findings[:MAX_TOLD]]
        kinds = Counter(one.kind for one in screened.findings)
        labels = joined(
            text("screening.counted", label=text(f"screening.kind.{kind}"), count=count)
            for kind, count in sorted(kinds.items())
        )
        most = len(screened.findings) + screened.more
        self.sentence = text("files.personal_data", count=most, kinds=labels)


def confirm_by(provider: Provider) -> None:
    """Say who knows which items the party of a file has confirmed as no person's to protect."""
    if provider not in _providers:
        _providers.append(provider)


def confirmed_of(db: Session, party_id: UUID | None, settings: Settings) -> IsConfirmed:
    """Return a function that says whether a party has confirmed an item."""
    asked = [provider(db, party_id, settings) for provider in _providers]
    return lambda item: any(is_confirmed(item) for is_confirmed in asked)


def is_harmless(name: str) -> bool:
    """Return whether nothing in a file's name looks like personal data."""
    return not screen(name.replace("_", " "))


def screened(clean: Clean, aside: Path) -> Screened:
    """Return what screening a cleaned file came to. Raises ``Refused``."""
    try:
        return screen_file(clean.content, clean.kind.media_type, aside=aside)
    except CannotScreen as failure:
        raise Refused(str(failure)) from None


def require_none(found: Screened, is_confirmed: IsConfirmed) -> bool:
    """Return whether all of a file was screened; raise ``PersonalData`` for what is not confirmed.

    A file in which more was found than is listed cannot be confirmed item by item: it is refused.
    """
    left = tuple(one for one in found.findings if not is_confirmed(one.item))
    if left or found.more:
        raise PersonalData(replace(found, findings=left))
    return found.is_whole


def notice(media_type: str, is_screened: bool | None) -> str | None:
    """Return what whoever sent a file should know of its screening, if anything."""
    if is_screened is None or is_screened:
        return None
    return text("files.not_all_screened" if media_type in READ else "files.cannot_be_screened")
