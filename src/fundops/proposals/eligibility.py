"""Eligibility by rules: one function per kind of rule, each saying pass, fail or cannot be decided.

The rules are a call's data; this module only knows how to ask each kind. What a profile does not
say is not guessed: the finding is ``unknown``, and a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import money
from fundops.allocation.regions import areas_of
from fundops.calls import codelists, deadlines, rules, terms
from fundops.calls.models import Call
from fundops.files.models import Upload
from fundops.messages import text
from fundops.messages.said import words
from fundops.parties import profiles
from fundops.parties.models import Party
from fundops.parties.profile_models import OrganisationProfile
from fundops.proposals.findings import add_months
from fundops.proposals.models import Proposal
from fundops.proposals.terms import terms_of

Outcome = Literal["pass", "fail", "unknown"]
OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "unknown")


@dataclass(frozen=True)
class Case:
    """What the rules are asked about: an applicant, what it asks for, where, and by when."""

    party_kind: str
    profile: OrganisationProfile | None
    deadline_on: date
    currency: str
    country: str | None = None
    regions: tuple[str, ...] = ()
    requested_minor: int | None = None
    others: int = 0
    """Other proposals of the applicant to the call that stand."""
    missing_kinds: tuple[str, ...] = ()
    """Kinds of documents that are awaited and have not come in time."""
    unattached_kinds: tuple[str, ...] = ()
    """Kinds of documents that are awaited, came in time, and are not attached yet."""


@dataclass(frozen=True)
class Finding:
    """What one rule found: its outcome, a sentence for people, and the facts it looked at."""

    rule: str
    outcome: Outcome
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)

    def out(self) -> dict[str, Any]:
        """Return the finding as it is stored and sent."""
        return {
            "rule": self.rule,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "facts": self.facts,
        }


def _found(rule: str, outcome: Outcome, facts: Mapping[str, Any], **params: Any) -> Finding:
    sentence = text(f"eligibility.{rule}.{outcome}", **params)
    return Finding(rule, outcome, sentence, dict(facts))


def _judged(passed: bool | None) -> Outcome:
    return "unknown" if passed is None else ("pass" if passed else "fail")


def _party_kind(rule: Any, case: Case) -> Finding:
    kinds = words(kind.replace("_", " ") for kind in rule.kinds)
    facts = {"kind": case.party_kind, "kinds": list(rule.kinds)}
    passed = case.party_kind in rule.kinds
    return _found(rule.kind, _judged(passed), facts, kinds=kinds)


def _age(rule: Any, case: Case, since: date | None) -> Finding:
    """Judge how long something has been so on the day of the deadline, in whole months."""
    facts = {
        "since": None if since is None else since.isoformat(),
        "on": case.deadline_on.isoformat(),
        "min_months": rule.min_months,
    }
    passed = None if since is None else add_months(since, rule.min_months) <= case.deadline_on
    return _found(rule.kind, _judged(passed), facts, months=rule.min_months)


def _registration_age(rule: Any, case: Case) -> Finding:
    return _age(rule, case, None if case.profile is None else case.profile.registered_on)


def _assistance_age(rule: Any, case: Case) -> Finding:
    return _age(rule, case, None if case.profile is None else case.profile.assisting_since_on)


def _lies_in(
    country: str | None, countries: Sequence[str], regions: Sequence[str], on: date
) -> bool:
    return country is not None and (
        country in countries or bool({*areas_of(country, None, on), _WORLD} & set(regions))
    )


_WORLD = codelists.WORLD


def _registration_country(rule: Any, case: Case) -> Finding:
    country = None if case.profile is None else case.profile.registration_country
    facts = {"country": country, "countries": rule.countries, "regions": rule.regions}
    passed = (
        None
        if country is None
        else _lies_in(country, rule.countries, rule.regions, case.deadline_on)
    )
    return _found(rule.kind, _judged(passed), facts)


def _implementation_country(rule: Any, case: Case) -> Finding:
    registered = None if case.profile is None else case.profile.registration_country
    facts = {
        "country": case.country,
        "proposal_regions": list(case.regions),
        "countries": rule.countries,
        "regions": rule.regions,
        "registered_in": registered,
        "is_registered_there": rule.is_registered_there,
    }
    passed: bool | None
    if case.country is not None:
        passed = _lies_in(case.country, rule.countries, rule.regions, case.deadline_on)
    else:
        # Only regions are named: they must all lie in the rule's; else a country decides.
        inside = [
            bool({region, *codelists.get("region").ancestors(region)} & set(rule.regions))
            for region in case.regions
        ]
        passed = True if inside and all(inside) else None
    if passed and rule.is_registered_there:
        known = registered is not None and case.country is not None
        passed = registered == case.country if known else None
    return _found(rule.kind, _judged(passed), facts)


def _budget_share(rule: Any, case: Case) -> Finding:
    budget = None if case.profile is None else case.profile.annual_budget_minor
    currency = None if case.profile is None else case.profile.annual_budget_currency
    facts = {
        "requested": _shown(case.requested_minor, case.currency),
        "annual_budget": _shown(budget, currency),
        "year": None if case.profile is None else case.profile.annual_budget_year,
        "max_percent": rule.max_percent,
    }
    if budget is None or case.requested_minor is None:
        return _found(rule.kind, "unknown", facts, percent=rule.max_percent)
    if currency != case.currency:
        # No rate is chosen here: which one would decide the case.
        sentence = text("eligibility.budget_share.currencies", asked=case.currency, budget=currency)
        return Finding(rule.kind, "unknown", sentence, facts)
    passed = case.requested_minor * 100 <= budget * rule.max_percent
    return _found(rule.kind, _judged(passed), facts, percent=rule.max_percent)


def _shown(minor: int | None, currency: str | None) -> str | None:
    return None if minor is None or currency is None else money.display(minor, currency)


def _flag(rule: Any, case: Case, name: str) -> Finding:
    value: bool | None = None if case.profile is None else getattr(case.profile, name)
    return _found(rule.kind, _judged(value), {name: value})


def _own_account(rule: Any, case: Case) -> Finding:
    return _flag(rule, case, "has_own_account")


def _safeguarding_policy(rule: Any, case: Case) -> Finding:
    return _flag(rule, case, "has_safeguarding_policy")


def _works_directly(rule: Any, case: Case) -> Finding:
    return _flag(rule, case, "works_directly")


def _proposals_per_applicant(rule: Any, case: Case) -> Finding:
    facts = {"proposals": case.others + 1, "maximum": rule.maximum}
    passed = case.others + 1 <= rule.maximum
    params = {"count": case.others + 1, "maximum": rule.maximum}
    return _found(rule.kind, _judged(passed), facts, **params)


JUDGES: Mapping[str, Callable[[Any, Case], Finding]] = {
    "party_kind": _party_kind,
    "registration_age": _registration_age,
    "registration_country": _registration_country,
    "implementation_country": _implementation_country,
    "budget_share": _budget_share,
    "own_account": _own_account,
    "safeguarding_policy": _safeguarding_policy,
    "works_directly": _works_directly,
    "assistance_age": _assistance_age,
    "proposals_per_applicant": _proposals_per_applicant,
}
"""Kind of rule -> who judges it."""


def judge(its_rules: Sequence[Any], case: Case) -> list[Finding]:
    """Return what each rule finds, in order, and whether awaited documents have come."""
    found = [JUDGES[rule.kind](rule, case) for rule in its_rules]
    if case.missing_kinds:
        kinds = words(case.missing_kinds)
        facts = {"kinds": list(case.missing_kinds)}
        sentence = text("eligibility.documents.fail", kinds=kinds)
        found.append(Finding("documents", "fail", sentence, facts))
    elif case.unattached_kinds:
        kinds = words(case.unattached_kinds)
        sentence = text("eligibility.documents.unknown", kinds=kinds)
        facts = {"kinds": list(case.unattached_kinds)}
        found.append(Finding("documents", "unknown", sentence, facts))
    return found


def verdict(found: Sequence[Finding]) -> Literal["eligible", "ineligible", "unknown"]:
    """Return what the rules together say: one failure is enough, one doubt leaves it open."""
    outcomes = {one.outcome for one in found}
    if "fail" in outcomes:
        return "ineligible"
    return "unknown" if "unknown" in outcomes else "eligible"


def findings(
    db: Session, proposal: Proposal, content: Mapping[str, Any], requested_minor: int | None
) -> list[Finding]:
    """Return what the rules of its call find of a proposal with this (submitted) content."""
    call = db.get_one(Call, proposal.call_id)
    call_terms = terms_of(db, call)
    missing, unattached = _awaited(db, call, content)
    case = Case(
        party_kind=db.get_one(Party, proposal.party_id).kind,
        profile=profiles.profile_of(db, proposal.party_id),
        deadline_on=call_terms.deadline_on,
        currency=call_terms.currency,
        country=content.get("country"),
        regions=tuple(content.get("regions") or ()),
        requested_minor=requested_minor,
        others=_others(db, call.id, proposal),
        missing_kinds=missing,
        unattached_kinds=unattached,
    )
    return judge([rules.read(row) for row in terms.rules(db, call.id)], case)


def _awaited(
    db: Session, call: Call, content: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds of awaited documents: those that have not come, those not attached yet."""
    awaited = content.get("awaiting") or ()
    if not awaited:
        return (), ()
    here = {one["kind"] for one in content.get("attachments") or ()}
    ids = [UUID(one["upload_id"]) for one in awaited]
    came = {
        upload.id
        for upload in db.execute(select(Upload).where(Upload.id.in_(ids))).scalars()
        if upload.completed_at is not None
        and deadlines.counts(call, upload.declared_at, upload.completed_at)
    }
    kinds = {one["kind"]: UUID(one["upload_id"]) in came for one in awaited}
    missing = sorted(kind for kind, has_come in kinds.items() if not has_come and kind not in here)
    late = sorted(kind for kind, has_come in kinds.items() if has_come and kind not in here)
    return tuple(missing), tuple(late)


def _others(db: Session, call_id: UUID, proposal: Proposal) -> int:
    """Return how many other proposals of the applicant to the call have been sent and stand."""
    query = select(func.count(Proposal.id)).where(
        Proposal.call_id == call_id,
        Proposal.party_id == proposal.party_id,
        Proposal.id != proposal.id,
        Proposal.submitted_number.is_not(None),
        Proposal.status != "withdrawn",
    )
    return int(db.execute(query).scalar_one())
