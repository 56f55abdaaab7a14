"""Terms of reports made up without a database, of any size, and contents that answer them."""

from __future__ import annotations

from datetime import date
from typing import Any

from fundops.calls import codelists
from fundops.reports.terms import AgreedResult, BudgetLine, Earlier, ReportTerms
from fundops.reports.workbook_form import Shown

SHOWN = Shown("GRT-2026-0001", "RPT-2026-0001", date(2026, 7, 30), {1: 12_345})


def the_terms(results: int = 4, lines: int = 3, **over: Any) -> ReportTerms:
    """Return terms with so many agreed results, of all kinds in turn, and budget lines."""
    indicators = codelists.get("indicator").codes
    first = [indicators.index(code) for code in ("4.4", "4.6", "1.2", "2.1")]
    order = [*first, *(n for n in range(len(indicators)) if n not in first)]
    facts: dict[str, Any] = {
        "code": SHOWN.report,
        "starts_on": date(2026, 4, 1),
        "ends_on": date(2026, 6, 30),
        "is_final": False,
        "asks_narrative": True,
        "asks_expenditure": True,
        "objectives": (2, 4),
        "lines": tuple(
            BudgetLine(n, "ABCDEFG"[n % 7], f"What line {n} is for", (4,), 100_000 + n)
            for n in range(1, lines + 1)
        ),
        "results": tuple(
            AgreedResult(
                n, indicators[order[(n - 1) % len(order)]], "As agreed in April", 0, 40,
                (Earlier(date(2026, 3, 31), 3, 4),),
            )
            for n in range(1, results + 1)
        ),
        "base_currency": "USD",
        "currency": None,
        "method": None,
        "text_id": None,
    }  # fmt: skip
    return ReportTerms(**(facts | over))


def the_content(terms: ReportTerms, said: str = "What happened.\nAnd what followed.") -> Any:
    """Return a content that fills every input of the workbook of ``terms`` and adds up."""
    return {
        "narrative": {str(number): f"{said} {number}" for number in terms.objectives},
        "challenges": said,
        "lessons": said,
        "risks": said,
        "currency": "UAH",
        "method": "weighted_average",
        "expenditure": [
            {"line": one.number, "amount": "1250.5", "requested": "500.25", "note": said}
            for one in terms.lines
        ],
        "results": [_result(one, said) for one in terms.results],
        "confirmations": [{"item": "office@shelter-helps.org", "as": "staff"}],
    }


def _result(one: AgreedResult, said: str) -> dict[str, Any]:
    counts = {
        dimension.name: {code: at % 7 + 1 for at, code in enumerate(dimension.codes)}
        for dimension in one.asked
    }
    whole = max((sum(parts.values()) for parts in counts.values()), default=12)
    for dimension in one.asked:
        if dimension.is_exclusive:
            parts = counts[dimension.name]
            parts[dimension.unknown] += whole - sum(parts.values())
    made: dict[str, Any] = {"result": one.number, "numerator": whole, "note": said}
    if one.is_ratio:
        made["denominator"] = whole + 3
    return made | ({"breakdown": counts} if counts else {})
