"""Duty profiles: which steps of a payment need different persons, as data with one small engine.

Four duties by default, each of another person: request, certify, approve, pay. A small office may
let one person request and certify, but then the payer is from outside the office and somebody else
reviews the payment within a set time. Less than that no profile can say: certifier, approver and
payer always differ, and the database refuses it too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fundops.schemas import refused

Duty = Literal["request", "certify", "approve", "pay"]
DUTIES: tuple[Duty, ...] = ("request", "certify", "approve", "pay")
MAX_BANDS = 10
MAX_REVIEW_DAYS = 60


class Band(BaseModel):
    """The rule of payments up to an amount: ``up_to_minor`` in minor units, none for any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    up_to_minor: Annotated[int, Field(gt=0)] | None = None
    one_requests_and_certifies: bool = False
    payer_is_outside: bool = False
    review_days: Annotated[int, Field(ge=1, le=MAX_REVIEW_DAYS)] | None = None

    @model_validator(mode="after")
    def _floor(self) -> Band:
        if self.one_requests_and_certifies and not (
            self.payer_is_outside and self.review_days is not None
        ):
            raise refused("duties.floor")
        return self


class Profile(BaseModel):
    """The bands of a fund, by amount; the last has no upper amount."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: Annotated[tuple[Band, ...], Field(min_length=1, max_length=MAX_BANDS)]

    @model_validator(mode="after")
    def _ordered(self) -> Profile:
        limits = [band.up_to_minor for band in self.bands]
        amounts = [limit for limit in limits[:-1] if limit is not None]
        if limits[-1] is not None or len(amounts) < len(limits) - 1:
            raise refused("duties.bands_open")
        if amounts != sorted(set(amounts)):
            raise refused("duties.bands_ordered")
        return self

    def band(self, amount_minor: int) -> Band:
        """Return the rule of a payment of ``amount_minor``."""
        for band in self.bands:
            if band.up_to_minor is None or amount_minor <= band.up_to_minor:
                return band
        raise AssertionError("the last band is open")

    def stored(self) -> str:
        """Return the canonical JSON text."""
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))


FOUR = Profile(bands=(Band(),))
"""What holds where a fund has set nothing: four duties, four persons."""

SMALL_OFFICE = Profile(
    bands=(Band(one_requests_and_certifies=True, payer_is_outside=True, review_days=10),)
)
"""Two inside, one outside, and a review after the fact."""


def profile_of(stored: str) -> Profile:
    """Return a profile from its stored text."""
    return Profile.model_validate_json(stored)


def same_hands(
    band: Band,
    taken: Mapping[Duty, frozenset[UUID]],
    duty: Duty,
    hands: frozenset[UUID],
) -> Duty | None:
    """Return the duty that was taken by hands which may not take ``duty`` too, if there is one.

    ``hands`` are all persons on whose authority a step stands. Two duties in common hands are
    refused, but for requesting and certifying where the band allows it.
    """
    for other in DUTIES:
        if other == duty or other not in taken or not taken[other] & hands:
            continue
        if {other, duty} == {"request", "certify"} and band.one_requests_and_certifies:
            continue
        return other
    return None
