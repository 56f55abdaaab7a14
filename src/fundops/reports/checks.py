"""Whether a report may be submitted: every problem at once, each with a JSON pointer.

Where nothing is wrong, ``check`` gives the normal form of the content, which is what a submitted
version holds: counts as numbers, amounts as canonical text, every agreed result there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fundops import money
from fundops.errors import FieldError
from fundops.proposals import values
from fundops.proposals.findings import Findings, is_blank
from fundops.proposals.values import Wrong
from fundops.reports.content import MAX_NUMBER, METHODS, PROSE
from fundops.reports.dimensions import TOTAL, Dimension, faults
from fundops.reports.terms import AgreedResult, ReportTerms

MAX_TEXT, MAX_NOTE = 8_000, 2_000
MAX_COUNT = 10**12


@dataclass(frozen=True)
class Figure:
    """A figure as ``report_values`` has it: a result, undivided or under one code."""

    result_number: int
    indicator: str
    dimension: str
    code: str
    numerator: int
    denominator: int | None = None


@dataclass
class Checked:
    """What came of a check: problems, or the normal form with its figures."""

    problems: list[FieldError] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    currency: str | None = None
    method: str | None = None

    @property
    def is_right(self) -> bool:
        """Whether the report could be submitted with this content."""
        return not self.problems


def check(terms: ReportTerms, given: Mapping[str, Any], withheld: Sequence[str] = ()) -> Checked:
    """Return every problem of ``given`` under ``terms``, and its normal form if there is none.

    ``withheld`` are pointers of texts that screening left out: they count as answered, so that
    one flagged text does not keep the whole report back.
    """
    found, made = Findings(), Checked()
    answered = frozenset(withheld)
    made.content = {
        **_narrative(terms, given, found, answered),
        **_expenditure(terms, given, found, made),
        "results": _results(terms, given, found, made),
    }
    made.problems = found.problems
    return made


def _narrative(
    terms: ReportTerms, given: Mapping[str, Any], found: Findings, answered: frozenset[str]
) -> dict[str, Any]:
    """Read the narrative of each of the grant's objectives, and the texts of the whole report."""
    sent = given.get("narrative") or {}
    said: dict[str, Any] = {}
    for objective in sorted({*terms.objectives, *map(int, sent)}):
        pointer, text = f"/narrative/{objective}", sent.get(str(objective))
        if objective not in terms.objectives:
            if not values.is_empty(text):
                found.add(pointer, "reports.not_an_objective")
            continue
        said[str(objective)] = _prose(terms, pointer, text, found, answered)
    texts = {name: _prose(terms, f"/{name}", given.get(name), found, answered) for name in PROSE}
    return {"narrative": said, **texts}


def _prose(
    terms: ReportTerms, pointer: str, text: Any, found: Findings, answered: frozenset[str]
) -> str | None:
    if terms.asks_narrative and pointer not in answered:
        return found.take(pointer, values.prose, text, MAX_TEXT)
    return found.take_any(pointer, values.prose, text, MAX_TEXT)


def _expenditure(
    terms: ReportTerms, given: Mapping[str, Any], found: Findings, made: Checked
) -> dict[str, Any]:
    """Read the lines of expenditure, each of the agreement's and there once."""
    rows = given.get("expenditure") or ()
    if not terms.asks_expenditure:
        for at, row in enumerate(rows):
            if not is_blank(row):
                found.add(f"/expenditure/{at}", "reports.no_expenditure_asked")
        return {"currency": None, "method": None, "expenditure": []}
    made.currency = _currency(terms, given.get("currency"), found)
    made.method = _method(terms, given.get("method"), found)
    lines: dict[int, dict[str, Any]] = {}
    for at, row in enumerate(rows):
        if is_blank(row):
            continue
        line = _line(terms, row, f"/expenditure/{at}", found, made.currency)
        if line is not None and line["line"] in lines:
            found.add(f"/expenditure/{at}/line", "proposals.repeated")
        elif line is not None:
            lines[line["line"]] = line
    if not any(not is_blank(row) for row in rows):
        found.add("/expenditure", "reports.expenditure_empty")
    kept = [lines[number] for number in sorted(lines)]
    return {"currency": made.currency, "method": made.method, "expenditure": kept}


def _currency(terms: ReportTerms, given: Any, found: Findings) -> str:
    """Return the grantee's currency: what the grant's reports are in, else what is said."""
    said = found.take_any("/currency", values.currency, given)
    if said is not None and terms.currency not in (None, said):
        found.add("/currency", "reports.currency_declared", currency=terms.currency)
    return said or terms.currency or terms.base_currency


def _method(terms: ReportTerms, given: Any, found: Findings) -> str:
    """Return the method of conversion: declared once per grant, by its first report."""
    said = None if values.is_empty(given) else str(given).strip()
    if said is not None and said not in METHODS:
        found.add("/method", "reports.method_unknown", methods=", ".join(METHODS))
    elif said is not None and terms.method not in (None, said):
        found.add("/method", "reports.method_declared", method=terms.method)
    return said or terms.method or METHODS[0]


def _line(
    terms: ReportTerms, row: Mapping[str, Any], pointer: str, found: Findings, currency: str
) -> dict[str, Any] | None:
    number = found.take(f"{pointer}/line", values.whole, row.get("line"), 1, MAX_NUMBER)
    amount = found.take(f"{pointer}/amount", amount_or_zero, row.get("amount"), currency)
    base = terms.base_currency
    asked = found.take_any(f"{pointer}/requested", amount_or_zero, row.get("requested"), base)
    note = found.take_any(f"{pointer}/note", values.prose, row.get("note"), MAX_NOTE)
    if number is not None and terms.line(number) is None:
        found.add(f"{pointer}/line", "reports.no_such_line")
    if number is None or amount is None:
        return None
    return {
        "line": number,
        "amount": money.format_amount(amount, currency),
        "requested": money.format_amount(asked or 0, base),
        "note": note,
    }


def amount_or_zero(value: Any, currency: str) -> int:
    """Return an amount of ``currency`` in minor units; nothing spent is 0. Raises ``Wrong``."""
    try:
        return values.amount(value, currency)
    except Wrong as wrong:
        is_negative = str(value).strip().startswith("-")
        if wrong.args == Wrong("money.zero").args and not is_negative:
            return 0
        raise


def _results(
    terms: ReportTerms, given: Mapping[str, Any], found: Findings, made: Checked
) -> list[dict[str, Any]]:
    """Read what was reached: every agreed result once, and nothing else."""
    kept: dict[int, dict[str, Any]] = {}
    seen: set[int] = set()
    for at, row in enumerate(given.get("results") or ()):
        if is_blank({**row, "breakdown": None}) and not _any(row.get("breakdown") or {}):
            continue
        agreed = _agreed(terms, row, f"/results/{at}", seen, found)
        one = None if agreed is None else _result(agreed, row, f"/results/{at}", found, made)
        if one is not None:
            kept[one["result"]] = one
    for agreed in terms.results if terms.asks_narrative else ():
        if agreed.number not in seen:
            found.add("/results", "reports.result_missing", number=agreed.number)
    return [kept[number] for number in sorted(kept)]


def _agreed(
    terms: ReportTerms, row: Mapping[str, Any], pointer: str, seen: set[int], found: Findings
) -> AgreedResult | None:
    """Return the agreed result that a row is of, once; note why not otherwise."""
    if not terms.asks_narrative:
        found.add(pointer, "reports.no_results_asked")
        return None
    place = f"{pointer}/result"
    number = found.take(place, values.whole, row.get("result"), 1, MAX_NUMBER)
    agreed = None if number is None else terms.result(number)
    if agreed is None:
        if number is not None:
            found.add(place, "reports.no_such_result")
        return None
    if agreed.number in seen:
        found.add(place, "proposals.repeated")
        return None
    seen.add(agreed.number)
    return agreed


def _any(breakdown: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(not values.is_empty(one) for counts in breakdown.values() for one in counts.values())


def _result(
    agreed: AgreedResult, row: Mapping[str, Any], pointer: str, found: Findings, made: Checked
) -> dict[str, Any] | None:
    numerator = found.take(f"{pointer}/numerator", values.whole, row.get("numerator"), 0, MAX_COUNT)
    denominator = _denominator(agreed, row, pointer, found)
    note = found.take_any(f"{pointer}/note", values.prose, row.get("note"), MAX_NOTE)
    if numerator is None:
        return None
    if denominator is not None and numerator > denominator:
        found.add(f"{pointer}/numerator", "reports.more_than_whole")
    made.figures.append(Figure(agreed.number, agreed.indicator, TOTAL, "", numerator, denominator))
    breakdown = _breakdown(agreed, row, pointer, numerator, found, made)
    return {
        "result": agreed.number,
        "indicator": agreed.indicator,
        "numerator": numerator,
        "denominator": denominator,
        "breakdown": breakdown,
        "note": note,
    }


def _denominator(
    agreed: AgreedResult, row: Mapping[str, Any], pointer: str, found: Findings
) -> int | None:
    place, given = f"{pointer}/denominator", row.get("denominator")
    if agreed.is_ratio:
        return found.take(place, values.whole, given, 0, MAX_COUNT)
    if not values.is_empty(given):
        found.add(place, "reports.no_ratio")
    return None


def _breakdown(
    agreed: AgreedResult,
    row: Mapping[str, Any],
    pointer: str,
    total: int,
    found: Findings,
    made: Checked,
) -> dict[str, dict[str, int]]:
    """Read the counts under each dimension that the indicator asks for, and no others."""
    sent = row.get("breakdown") or {}
    asked = {one.name: one for one in agreed.asked}
    for name, counts in sent.items():
        if name not in asked and _any({name: counts}):
            found.add(f"{pointer}/breakdown/{name}", "reports.dimension_not_asked")
    kept: dict[str, dict[str, int]] = {}
    for name, dimension in asked.items():
        place = f"{pointer}/breakdown/{name}"
        counts = _counts(sent.get(name) or {}, place, found)
        if counts is None:
            continue
        _check_counts(dimension, counts, total, place, found)
        kept[name] = {code: counts[code] for code in dimension.codes if counts.get(code)}
        made.figures += [
            Figure(agreed.number, agreed.indicator, name, code, count)
            for code, count in kept[name].items()
        ]
    return kept


def _counts(sent: Mapping[str, Any], place: str, found: Findings) -> dict[str, int] | None:
    counts = {
        code: found.take_any(f"{place}/{code}", values.whole, value, 0, MAX_COUNT)
        for code, value in sent.items()
        if not values.is_empty(value)
    }
    if any(count is None for count in counts.values()):
        return None
    return {code: count for code, count in counts.items() if count is not None}


def _check_counts(
    dimension: Dimension, counts: Mapping[str, int], total: int, place: str, found: Findings
) -> None:
    if total and not any(counts.values()):
        found.add(place, "reports.breakdown_missing", code=dimension.unknown)
        return
    for code in faults(dimension, total, counts):
        if code == "":
            said = sum(counts.values())
            found.add(place, "reports.breakdown_sum", total=total, sum=said)
        else:
            found.add(f"{place}/{code}", "reports.breakdown_exceeds", total=total)
