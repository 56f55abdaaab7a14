"""Checks of channels that no query can make: addresses against the digests that events tell."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.notices.codes import address_digest
from fundops.notices.models import ContactChannel

CHECKS = ("channels_told",)
PAGE = 2_000


def run(db: Session) -> list[tuple[str, str]]:
    """Return (check, channel) for every address that is not the one registered.

    The digest itself is a column of the register, so the trail proves that it was not changed.
    """
    columns = ContactChannel.__table__.c
    query = select(columns.id, columns.address, columns.address_salt, columns.address_digest)
    return [
        ("channels_told", f"contact_channel {row.id}")
        for row in db.execute(query.execution_options(yield_per=PAGE))
        if address_digest(bytes(row.address_salt), row.address) != row.address_digest
    ]
