"""Whether a proposal may be submitted: every problem at once, each with a JSON pointer.

``check`` reads a draft against the terms of its call. Where nothing is wrong it returns the normal
form of the content, which is what a submitted version holds: numbers as numbers, decimals as
canonical text, every key there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from fundops.allocation.regions import areas_around, areas_of
from fundops.calls import codelists
from fundops.errors import FieldError
from fundops.proposals import attached, check_lines, values
from fundops.proposals.attached import Attached, Awaited
from fundops.proposals.budgets import Line, line_out
from fundops.proposals.content import ANSWERS, CODE_LISTS
from fundops.proposals.findings import Findings, add_months
from fundops.proposals.terms import Terms

MAX_TITLE, MAX_SUMMARY, MAX_ANSWER, MAX_PLACE = 300, 4_000, 8_000, 200
ONE_DAY = timedelta(days=1)


@dataclass
class Checked:
    """What came of a check: problems, or the content in its normal form with its facts."""

    problems: list[FieldError] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    requested_minor: int | None = None
    country: str | None = None
    region: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def is_right(self) -> bool:
        """Whether the proposal could be submitted with this content."""
        return not self.problems


def check(
    terms: Terms,
    given: Mapping[str, Any],
    files: Sequence[Attached] = (),
    awaited: Sequence[Awaited] = (),
) -> Checked:
    """Return every problem of ``given`` under ``terms``, and its normal form if there is none."""
    found, made = Findings(), Checked()
    content = made.content
    content |= _texts(terms, given, found)
    content |= _place(terms, given, found, made)
    content |= _period(terms, given, found, made)
    shares = check_lines.shares(terms, given, found)
    content["shares"] = [{"objective": one, "percent": part} for one, part in shares.items()]
    content["codes"] = _codes(terms, given, found)
    made.lines, made.requested_minor = check_lines.budget(terms, given, found, frozenset(shares))
    content["budget"] = [line_out(line, terms.currency) for line in made.lines]
    content["results"] = check_lines.results(given, found)
    content["cofunding"] = check_lines.cofunding(given, found)
    content["answers"] = _answers(given, found)
    attached.check(terms, files, awaited, found)
    content["attachments"] = [one.out() for one in files]
    content["awaiting"] = [one.out() for one in awaited]
    made.problems = found.problems
    return made


def _texts(terms: Terms, given: Mapping[str, Any], found: Findings) -> dict[str, Any]:
    language = found.take("/language", values.line, given.get("language"), 3)
    if language is not None and language not in terms.languages and terms.languages:
        found.add("/language", "proposals.language", languages=", ".join(terms.languages))
    return {
        "title": found.take("/title", values.line, given.get("title"), MAX_TITLE),
        "language": language,
        "summary": found.take("/summary", values.prose, given.get("summary"), MAX_SUMMARY),
    }


def _place(
    terms: Terms, given: Mapping[str, Any], found: Findings, made: Checked
) -> dict[str, Any]:
    country = found.take_any(
        "/country", lambda value: values.code(value, "country"), given.get("country")
    )
    regions = found.codes(
        "/regions", given.get("regions") or (), lambda value: values.code(value, "region")
    )
    if all(map(values.is_empty, (given.get("country"), *(given.get("regions") or ())))):
        found.add("/country", "proposals.country_or_region")
    places = [
        place
        for at, value in enumerate(given.get("places") or ())
        if (place := found.take_any(f"/places/{at}", values.line, value, MAX_PLACE)) is not None
    ]
    allowed = terms.targets.get("country")
    if allowed and country is not None and country not in allowed:
        found.add("/country", "proposals.not_targeted")
    wanted = terms.targets.get("region")
    if wanted and (country or regions) and not set(wanted) & _areas(terms, country, regions):
        found.add("/country" if country else "/regions", "proposals.not_targeted")
    made.country, made.region = country, region_of(country, regions)
    return {"country": country, "regions": regions, "places": places}


def _areas(terms: Terms, country: str | None, regions: Sequence[str]) -> set[str]:
    """Return every area that the country or one of the regions lies in."""
    areas = set(areas_of(country, None, terms.deadline_on))
    return areas.union(*(areas_around(region) for region in regions), regions)


def region_of(country: str | None, regions: Sequence[str]) -> str | None:
    """Return the one region a proposal is counted under: its country's, else the first it names.

    A country's is the smallest area of M49 around it, so that the lists of any two calls agree.
    """
    area = None if country is None else codelists.area_of(country)
    return area or (regions[0] if regions else None)


def _period(
    terms: Terms, given: Mapping[str, Any], found: Findings, made: Checked
) -> dict[str, Any]:
    starts = found.take("/starts_on", values.day, given.get("starts_on"))
    ends = found.take("/ends_on", values.day, given.get("ends_on"))
    made.starts_on, made.ends_on = starts, ends
    if starts is not None and ends is not None:
        least, most = terms.call.min_months, terms.call.max_months
        if ends < starts:
            found.add("/ends_on", "validation.dates_order")
        elif least is not None and ends + ONE_DAY < add_months(starts, least):
            found.add("/ends_on", "proposals.too_short", months=least)
        elif most is not None and ends + ONE_DAY > add_months(starts, most):
            found.add("/ends_on", "proposals.too_long", months=most)
    return {
        "starts_on": None if starts is None else starts.isoformat(),
        "ends_on": None if ends is None else ends.isoformat(),
    }


def _codes(terms: Terms, given: Mapping[str, Any], found: Findings) -> dict[str, list[str]]:
    sent = given.get("codes") or {}
    declared: dict[str, list[str]] = {}
    for name in CODE_LISTS:
        declared[name] = found.codes(
            f"/codes/{name}",
            sent.get(name) or (),
            lambda value, name=name: values.code(value, name),  # type: ignore[misc]
        )
        wanted = terms.targets.get(name)
        if wanted and not set(wanted) & set(declared[name]):
            found.add(f"/codes/{name}", "proposals.none_targeted", codes=", ".join(wanted))
    return declared


def _answers(given: Mapping[str, Any], found: Findings) -> dict[str, Any]:
    sent = given.get("answers") or {}
    return {
        name: found.take(f"/answers/{name}", values.prose, sent.get(name), MAX_ANSWER)
        for name in ANSWERS
    }
