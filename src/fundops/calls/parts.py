"""Small input types of calls: hundredths as text, codes of a list, targets and limits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from fundops.calls import codelists
from fundops.schemas import In, Line, MoneyIn, Share, Whole, refused

MAX_CODES = 300

Hundredths = Annotated[
    str,
    StringConstraints(strict=True, max_length=6, pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$"),
]
"""A number with at most two decimals, as text: a weight, a score, a percentage."""


def hundredths(given: str) -> int:
    """Return ``"12.5"`` as 1250."""
    return int(Decimal(given) * 100)


def hundredths_text(value: int) -> str:
    """Return 1250 as ``"12.50"``."""
    return f"{value // 100}.{value % 100:02}"


@cache
def zones() -> frozenset[str]:
    """Return every IANA zone; names that mean whatever the server is set to are none."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def _zone(value: str) -> str:
    if value not in zones():
        raise refused("validation.zone")
    return value


Zone = Annotated[Line, AfterValidator(_zone)]


def _language(value: str) -> str:
    import pycountry  # reads its tables from disk

    if pycountry.languages.get(alpha_2=value) is None:
        raise refused("calls.language_unknown")
    return value


def distinct(values: list[str]) -> list[str]:
    """Return ``values``; raise a refusal when one of them is there twice."""
    if len(set(values)) != len(values):
        raise refused("calls.value_repeated")
    return values


LanguageCode = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[a-z]{2}$"), AfterValidator(_language)
]
Languages = Annotated[
    list[LanguageCode],
    Field(max_length=30, description="ISO 639-1 codes.", examples=[["en", "fr"]]),
    AfterValidator(distinct),
]
AnyCode = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=40)]
Codes = Annotated[list[AnyCode], Field(max_length=MAX_CODES), AfterValidator(distinct)]


def _known(name: str) -> AfterValidator:
    def check(values: list[str]) -> list[str]:
        if not all(codelists.get(name).has(value) for value in values):
            raise refused("calls.code_unknown", list=name)
        order = codelists.get(name).codes.index
        return sorted(values, key=order)

    return AfterValidator(check)


def _listed(name: str, example: str) -> Any:
    return Field([], description=f"Codes of the code list `{name}`.", examples=[[example]])


class TargetsIn(In):
    """What a call is for, beside objectives: codes by code list. A list left out means any."""

    theme: Annotated[Codes, _known("theme")] = _listed("theme", "action")
    p: Annotated[Codes, _known("p")] = _listed("p", "protection")
    side: Annotated[Codes, _known("side")] = _listed("side", "supply")
    exploitation: Annotated[Codes, _known("exploitation")] = _listed("exploitation", "slavery")
    assistance: Annotated[Codes, _known("assistance")] = _listed("assistance", "legal")
    group: Annotated[Codes, _known("group")] = _listed("group", "children")
    region: Annotated[Codes, _known("region")] = _listed("region", "014")
    country: Annotated[Codes, _known("country")] = _listed("country", "KE")
    sdg: Annotated[Codes, _known("sdg")] = _listed("sdg", "8.7")

    def given(self) -> dict[str, list[str]]:
        """Return the lists that are restricted, with their codes in the list's order."""
        return {name: codes for name, codes in self.model_dump().items() if codes}


class CallLimitIn(In):
    """A stated limit of balance: on one code of a dimension, or on each of its codes alike."""

    dimension: Literal["region", "country", "objective", "party"] = Field(examples=["country"])
    code: AnyCode | None = Field(
        None,
        description="The region, country or objective it is about; none: each by itself.",
        examples=["KE"],
    )
    max_share: Share | None = Field(None, description="At most this part of the envelope.")
    max_amount: MoneyIn | None = Field(None, description="At most this much, base currency.")
    max_count: Annotated[Whole, Field(ge=1, le=10_000)] | None = Field(
        None, description="At most this many awards."
    )
    min_share: Share | None = Field(None, description="At least this part; needs a code.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        measures = (self.max_share, self.max_amount, self.max_count, self.min_share)
        if all(measure is None for measure in measures):
            raise refused("calls.limit_empty")
        if self.min_share is not None and self.code is None:
            raise refused("calls.limit_minimum_of_each")
        if self.min_share and self.max_share and Decimal(self.min_share) > Decimal(self.max_share):
            raise refused("calls.limit_contradicts")
        if self.code is not None and (
            self.dimension == "party" or not codelists.get(self.dimension).has(self.code)
        ):
            raise refused("calls.code_unknown", list=self.dimension)
        return self


def _one_each(values: list[CallLimitIn]) -> list[CallLimitIn]:
    subjects = [(value.dimension, value.code) for value in values]
    if len(set(subjects)) != len(subjects):
        raise refused("calls.limit_repeated")
    if least(values) > 1:
        raise refused("calls.limits_exceed_whole")
    return values


def least(values: Sequence[CallLimitIn]) -> Decimal:
    """Return the largest sum of minimum shares in a dimension whose codes do not overlap."""
    sums = {"country": Decimal(), "objective": Decimal()}
    for value in values:
        if value.min_share and value.dimension in sums:
            sums[value.dimension] += Decimal(value.min_share)
    return max(sums.values())


Limits = Annotated[list[CallLimitIn], Field(max_length=16), AfterValidator(_one_each)]
