"""What of the published transactions is refused, why, and what is booked instead."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from tests.replay.iati import Transaction

BEYOND = "NGA-20/NIG_ERF/SA1/C/UN/16572"
EARLY = ("SOM-20/3485/RA1/H/UN/15931", "SOM-20/3485/RA1/H/UN/16010")
NOTHING = "OPT-20/DDA-3482/SA1/PROT/NGO/15303"
REFUNDED = (
    "AFG-20/3481/RA2/H/INGO/15739",
    "AFG-20/3481/RA3/APC/INGO/16068",
    "AFG-20/3481/RA3/GBV/NGO/16084",
)
BEFORE_AWARD = "/requested_on: This date is before the award."


class Refusal(NamedTuple):
    """What a service did not do: of which transaction, the type of the problem, its reason."""

    project: str
    reference: str
    on: date
    problem: str
    reason: str


class Booked(NamedTuple):
    """What is booked instead: the day, and cents."""

    on: date
    minor: int


EXCEPTIONS: dict[Refusal, Booked | None] = {
    Refusal(EARLY[0], "00012153", date(2020, 4, 30), "invalid-request", BEFORE_AWARD):
        Booked(date(2020, 5, 1), 2_000_000_24),
    Refusal(EARLY[1], "00012168", date(2020, 5, 5), "invalid-request", BEFORE_AWARD):
        Booked(date(2020, 5, 6), 171_200_00),
    Refusal(BEYOND, "3304757662", date(2020, 10, 8), "insufficient-funds",
            "The tranche has 660,000.07 USD left."):
        Booked(date(2020, 10, 8), 660_000_07),
    Refusal(NOTHING, "3304820991", date(2020, 12, 17), "invalid-request",
            "/amount/amount: The amount must be more than zero."): None,
}  # fmt: skip
"""In the order of days; one has nothing in its place."""


def _key(one: Refusal | Transaction) -> tuple[str, str, date]:
    return one.project, one.reference, one.on


_INSTEAD = {_key(one): booked for one, booked in EXCEPTIONS.items()}


def as_booked(one: Transaction) -> Transaction | None:
    """Return a transaction as it may be booked, if it may."""
    if _key(one) not in _INSTEAD:
        return one
    booked = _INSTEAD[_key(one)]
    return None if booked is None else one._replace(on=booked.on, minor=booked.minor)


def expected_of(rows: list[Transaction]) -> list[Refusal]:
    """Return what is refused of some transactions, in the order of days."""
    there = {_key(one) for one in rows}
    return [one for one in EXCEPTIONS if _key(one) in there]
