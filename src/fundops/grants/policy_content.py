"""What a fund's policy says: who is paid in which tranches, reports what, and who may allow what.

All of it is data that two persons set. Amounts are in minor units of the fund's base currency;
names ending in ``_minor`` are amounts, which the interface shows as money (``policy_wire``).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from fundops.money import MAX_MINOR
from fundops.schemas import refused

MAX_MONTHS = 120
"""Longest grant that a policy provides for."""

MAX_RULES = 60

Tier = Literal["low", "medium", "high"]
TIERS: tuple[Tier, ...] = ("low", "medium", "high")
Kind = Literal["narrative_report", "financial_report", "visit", "spot_check", "audit", "other"]
ReportKind = Literal["narrative_report", "financial_report"]
ApproverRole = Literal["grant_officer", "finance_officer", "fund_manager", "approver"]
AmendmentKind = Literal[
    "budget_reallocation", "no_cost_extension", "cost_extension", "results", "administrative"
]


def _whole(low: int, high: int) -> object:
    return Field(strict=True, ge=low, le=high)


Minor = Annotated[int, _whole(0, MAX_MINOR)]
Percent = Annotated[int, _whole(1, 100)]
Days = Annotated[int, _whole(0, 730)]
Months = Annotated[int, _whole(1, MAX_MONTHS)]
Count = Annotated[int, _whole(0, 24)]


class Part(BaseModel):
    """Base of a policy's parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AwaitedReport(Part):
    """A report that must be done before a tranche may be paid."""

    kind: ReportKind
    number: Annotated[int, _whole(1, 24)]


class TranchePart(Part):
    """A tranche's share of the grant, in percent, and the reports it waits for."""

    percent: Percent
    waits_for: Annotated[tuple[AwaitedReport, ...], Field(max_length=4)] = ()


class Reports(Part):
    """How often a report is due: ``interim`` times spread evenly, or after ``every_months``.

    The final report comes on top. Days count from the end of the period that is reported on.
    """

    interim: Count | None = None
    every_months: Months | None = None
    days_after_period: Days
    final_days_after_end: Days

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if (self.interim is None) == (self.every_months is None):
            raise refused("policy.reports_rhythm")
        return self

    def interim_count(self, months: int) -> int:
        """Return how many interim reports a grant of so many months has."""
        if self.interim is not None:
            return self.interim
        assert self.every_months is not None
        return (months - 1) // self.every_months


class ModalityRule(Part):
    """How grants of a tier, up to so many months and so much money, are paid and reported on.

    The first rule that fits counts; without a bound it fits any. ``instalment_days`` lie between
    what a tranche waits for being due (for the first: the grant's start) and the tranche.
    """

    tier: Tier
    months_up_to: Months | None = None
    amount_up_to_minor: Minor | None = None
    tranches: Annotated[tuple[TranchePart, ...], Field(min_length=1, max_length=12)]
    instalment_days: Days
    narrative: Reports
    financial: Reports

    @model_validator(mode="after")
    def _tranches_fit(self) -> Self:
        if sum(part.percent for part in self.tranches) != 100:
            raise refused("policy.tranches_sum")
        if self.tranches[0].waits_for or not all(part.waits_for for part in self.tranches[1:]):
            raise refused("policy.tranches_wait")
        return self

    def reports(self, kind: str) -> Reports:
        """Return how often reports of a kind are due."""
        return self.narrative if kind == "narrative_report" else self.financial


class AssuranceRule(Part):
    """Visits and spot checks a year, and whether there is an audit, by tier and yearly amount.

    The first rule that fits counts; one without a tier is for all of them.
    """

    tier: Tier | None = None
    amount_per_year_up_to_minor: Minor | None = None
    visits_per_year: Annotated[int, _whole(0, 12)]
    spot_checks_per_year: Annotated[int, _whole(0, 12)]
    is_audited: StrictBool


class Emergency(Part):
    """The window of small amounts in emergencies: one tranche and one short report."""

    ceiling_minor: Minor
    months_up_to: Months
    instalment_days: Days
    report_days_after_end: Days


class ApprovalBand(Part):
    """Who must approve an amendment up to a measure; without one, any.

    Each role listed is held by one of at least ``persons`` different persons who approve.
    """

    up_to: Annotated[int, _whole(0, 1_000)] | None = None
    approvals: Annotated[tuple[ApproverRole, ...], Field(min_length=1, max_length=4)]
    persons: Annotated[int, _whole(1, 4)]


Bands = Annotated[tuple[ApprovalBand, ...], Field(min_length=1, max_length=10)]


class Amendments(Part):
    """Bands of approval: reallocations by percent moved, no-cost extensions by months added, cost
    extensions by percent added; the others have no measure.
    """

    budget_reallocation: Bands
    no_cost_extension: Bands
    cost_extension: Bands
    results: Bands
    administrative: Bands

    @model_validator(mode="after")
    def _bands_rise(self) -> Self:
        for kind in type(self).model_fields:
            limits = [band.up_to for band in getattr(self, kind)]
            bounded = [limit for limit in limits if limit is not None]
            if limits[-1] is not None or len(bounded) != len(limits) - 1:
                raise refused("policy.bands_open")
            if bounded != sorted(set(bounded)):
                raise refused("policy.bands_rise")
        if any(band.persons < 2 for band in self.cost_extension):
            raise refused("policy.cost_extension_two")
        return self

    def band(self, kind: AmendmentKind, measure: int = 0) -> ApprovalBand:
        """Return who must approve an amendment of ``kind`` and size."""
        bands: tuple[ApprovalBand, ...] = getattr(self, kind)
        return next(band for band in bands if band.up_to is None or measure <= band.up_to)


class ForceMajeure(Part):
    """Closing a grantee who cannot be reached: whether it may be, by two persons always."""

    is_allowed: StrictBool


class Closing(Part):
    """What a grant needs to close; below ``minimum_balance_minor`` no refund is asked for."""

    minimum_balance_minor: Minor
    required: Annotated[tuple[Kind, ...], Field(max_length=6)]
    audit_from_minor: Minor | None = None
    audit_days_after_end: Days
    force_majeure: ForceMajeure


class Payments(Part):
    """What payments keep to: how long things are valid, and when they are late.

    A grantee's rate of exchange is flagged when it is further from the fund's own than
    ``local_rate_tolerance_percent``.
    """

    sanctions_check_valid_days: Annotated[int, _whole(1, 730)]
    confirmation_days: Days
    cooling_hours: Annotated[int, _whole(0, 2_160)]
    emergency_cap_minor: Minor
    review_days: Days
    advance_overdue_days: Days
    local_rate_tolerance_percent: Percent = 10


class PolicyContent(Part):
    """The whole of a policy. Any tier, duration and amount must find a rule that can be kept."""

    modalities: Annotated[tuple[ModalityRule, ...], Field(min_length=3, max_length=MAX_RULES)]
    assurance: Annotated[tuple[AssuranceRule, ...], Field(min_length=1, max_length=MAX_RULES)]
    emergency: Emergency
    amendments: Amendments
    closing: Closing
    payments: Payments
    grantee_support_cost_percent: Annotated[int, _whole(0, 100)]

    @model_validator(mode="after")
    def _rules_cover_all(self) -> Self:
        for tier in TIERS:
            boxes = [
                (_or_any(rule.months_up_to), _or_any(rule.amount_up_to_minor))
                for rule in self.modalities
                if rule.tier == tier
            ]
            _check_boxes(boxes, "policy.modalities_open", "policy.modality_unreachable")
            limits = [
                (ANY, _or_any(rule.amount_per_year_up_to_minor))
                for rule in self.assurance
                if rule.tier in (None, tier)
            ]
            _check_boxes(limits, "policy.assurance_open", None)
        for rule in self.modalities:
            self._check_awaited(rule)
        return self

    def _check_awaited(self, rule: ModalityRule) -> None:
        """Refuse tranches that wait for a report which some grant under the rule is not asked for.

        The shortest such grant is asked for the fewest.
        """
        shortest = 1 + max(
            (
                one.months_up_to
                for one in self.modalities[: self.modalities.index(rule)]
                if one.tier == rule.tier
                and one.months_up_to is not None
                and _or_any(one.amount_up_to_minor) >= _or_any(rule.amount_up_to_minor)
            ),
            default=0,
        )
        for part in rule.tranches:
            for one in part.waits_for:
                if one.number > rule.reports(one.kind).interim_count(shortest):
                    raise refused("policy.awaited_missing", months=shortest)

    def modality(self, tier: str, months: int, amount_minor: int) -> tuple[int, ModalityRule]:
        """Return the rule for a grant and its place in the list."""
        return next(
            (index, rule)
            for index, rule in enumerate(self.modalities)
            if rule.tier == tier
            and months <= _or_any(rule.months_up_to)
            and amount_minor <= _or_any(rule.amount_up_to_minor)
        )

    def assured(self, tier: str, yearly_minor: int) -> tuple[int, AssuranceRule]:
        """Return the rule for visits, spot checks and audit, and its place in the list."""
        return next(
            (index, rule)
            for index, rule in enumerate(self.assurance)
            if rule.tier in (None, tier)
            and yearly_minor <= _or_any(rule.amount_per_year_up_to_minor)
        )


ANY = MAX_MINOR + 1
"""Stands for a bound that is not there: more than any."""


def _or_any(bound: int | None) -> int:
    return ANY if bound is None else bound


def _check_boxes(boxes: list[tuple[int, int]], gap: str, hidden: str | None) -> None:
    """Refuse bounds that leave something open, or, if told how, one that nothing can reach.

    Of upper bounds alone, a later rule is reached unless one earlier is as wide in both.
    """
    if (ANY, ANY) not in boxes:
        raise refused(gap)
    for index, (months, amount) in enumerate(boxes):
        if hidden is not None and any(m >= months and a >= amount for m, a in boxes[:index]):
            raise refused(hidden)
