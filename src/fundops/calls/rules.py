"""Eligibility rules as data: one strict set of parameters for each kind of rule.

A rule asks what an organisation's profile, its documents or its proposal can answer. ``RULE``
reads any of them by its ``kind``; ``stored`` and ``read`` turn one into its row and back.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from fundops.audit import canonical
from fundops.calls import codelists
from fundops.calls.models import CallRule
from fundops.calls.parts import AnyCode, distinct
from fundops.schemas import Flag, In, Whole, refused

PartyKind = Literal[
    "state", "intergovernmental", "civil_society", "private_sector", "foundation", "media",
    "individual",
]  # fmt: skip
Months = Annotated[Whole, Field(ge=1, le=600)]


def _countries(values: list[str]) -> list[str]:
    if not all(codelists.get("country").has(value) for value in values):
        raise refused("calls.code_unknown", list="country")
    return sorted(distinct(values))


def _regions(values: list[str]) -> list[str]:
    if not all(codelists.get("region").has(value) for value in values):
        raise refused("calls.code_unknown", list="region")
    return sorted(distinct(values))


Countries = Annotated[list[AnyCode], Field(max_length=300), AfterValidator(_countries)]
Regions = Annotated[list[AnyCode], Field(max_length=40), AfterValidator(_regions)]


class PartyKindRule(In):
    """The applicant is an organisation of one of these kinds."""

    kind: Literal["party_kind"]
    kinds: Annotated[list[PartyKind], Field(min_length=1, max_length=7), AfterValidator(distinct)]


class RegistrationAgeRule(In):
    """The applicant has been registered for so many months on the day of the deadline."""

    kind: Literal["registration_age"]
    min_months: Months = Field(examples=[12])


class _PlacesRule(In):
    """Countries, or regions whose countries are meant; at least one of the two."""

    countries: Countries = Field([], examples=[["KE", "UG"]])
    regions: Regions = Field([], description="UN M49 areas.", examples=[["014"]])

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.countries and not self.regions:
            raise refused("calls.rule_nowhere")
        return self


class RegistrationCountryRule(_PlacesRule):
    """The applicant is registered in one of these countries or regions."""

    kind: Literal["registration_country"]


class ImplementationCountryRule(_PlacesRule):
    """The work is done in one of these countries or regions."""

    kind: Literal["implementation_country"]
    is_registered_there: Flag = Field(
        False, description="The applicant is registered in the country of the work."
    )


class BudgetShareRule(In):
    """What is asked for is at most this percentage of the applicant's annual budget."""

    kind: Literal["budget_share"]
    max_percent: Annotated[Whole, Field(ge=1, le=1000)] = Field(examples=[67])


class OwnAccountRule(In):
    """The applicant has a bank account in its own name."""

    kind: Literal["own_account"]


class SafeguardingPolicyRule(In):
    """The applicant has a safeguarding policy."""

    kind: Literal["safeguarding_policy"]


class WorksDirectlyRule(In):
    """The applicant does the work itself and is no intermediary."""

    kind: Literal["works_directly"]


class AssistanceAgeRule(In):
    """The applicant has assisted victims directly for so many months on the day of the deadline."""

    kind: Literal["assistance_age"]
    min_months: Months = Field(examples=[12])


class ProposalsPerApplicantRule(In):
    """An applicant may send at most so many proposals to the call."""

    kind: Literal["proposals_per_applicant"]
    maximum: Annotated[Whole, Field(ge=1, le=20)] = Field(examples=[1])


Choice = Annotated[
    PartyKindRule
    | RegistrationAgeRule
    | RegistrationCountryRule
    | ImplementationCountryRule
    | BudgetShareRule
    | OwnAccountRule
    | SafeguardingPolicyRule
    | WorksDirectlyRule
    | AssistanceAgeRule
    | ProposalsPerApplicantRule,
    Field(discriminator="kind"),
]


def _place_errors(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Take the kind that a choice adds to the place of an error away: the body has no such step."""
    try:
        return handler(value)
    except ValidationError as error:
        kind = value.get("kind") if isinstance(value, dict) else None
        raise ValidationError.from_exception_data(
            error.title, [_placed(one, kind) for one in error.errors(include_url=False)]
        ) from None


def _placed(error: Any, kind: object) -> InitErrorDetails:
    place = error["loc"][1:] if error["loc"][:1] == (kind,) else error["loc"]
    its_type = error["type"]
    if its_type == "fundops":
        its_type = PydanticCustomError("fundops", error["msg"], error.get("ctx"))
    elif its_type.startswith("union_tag"):
        its_type, place = refused("calls.rule_unknown"), ("kind",)
    return InitErrorDetails(
        type=its_type, loc=place, input=error["input"], ctx=error.get("ctx") or {}
    )


Rule = Annotated[Choice, WrapValidator(_place_errors)]
RULE: TypeAdapter[Any] = TypeAdapter(Choice)


def stored(rule: In) -> tuple[str, str]:
    """Return a rule's kind and its parameters as they are stored."""
    values = rule.model_dump()
    return values.pop("kind"), canonical(values)


def read(row: CallRule) -> Any:
    """Return the rule of a row, as the model of its kind."""
    return RULE.validate_python(rule_out(row))


def rule_out(row: CallRule) -> dict[str, Any]:
    """Return the wire form of a rule."""
    parameters: dict[str, Any] = json.loads(row.parameters)
    return {"kind": row.kind} | parameters
