"""Fields of what the API takes in which nothing may look like personal data.

What an office writes is refused, not left out: whoever wrote it can word it anew at once.
"""

from __future__ import annotations

from pydantic import AfterValidator

from fundops.schemas import refused
from fundops.screening import screen

NAME = "person_name"


def _without_persons(value: str) -> str:
    for found in screen(value):
        raise refused(f"screening.found.{found.kind}")
    return value


def _without_contacts(value: str) -> str:
    for found in screen(value):
        if found.kind != NAME:
            raise refused(f"screening.found.{found.kind}")
    return value


SCREENED = AfterValidator(_without_persons)
"""Refuses words that look like personal data."""

CONTACTS_SCREENED = AfterValidator(_without_contacts)
"""Refuses them but for a name alone: who directs an organisation may matter for its risk."""
