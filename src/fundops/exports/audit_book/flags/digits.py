"""First digits against Benford's law, where amounts are such that it can be asked.

The law holds for amounts over several orders of magnitude that nobody assigned. The mean absolute
deviation and its bounds are Nigrini's for first digits: up to 0.012 acceptable, up to 0.015
marginal, above that it does not conform. All in whole millionths, so that every machine agrees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fundops.exports.audit_book.flags.rule import Case, Flag, Looked, Rule

LEAST, SPAN, DISTINCT_PER_CENT = 300, 1_000, 50
NOT_CONFORMING = 15_000
MILLION = 1_000_000
EXPECTED = {
    1: 301_030, 2: 176_091, 3: 124_939, 4: 96_910, 5: 79_181, 6: 66_947, 7: 57_992, 8: 51_153,
    9: 45_757,
}  # fmt: skip
"""Millionths of amounts that begin with each digit: log10(1 + 1/d)."""


def deviation(amounts: Sequence[int]) -> tuple[int, Counter[int]]:
    """Return the mean absolute deviation in millionths, and how often each digit comes first."""
    firsts = Counter(int(str(abs(amount))[0]) for amount in amounts)
    away = sum(
        abs(firsts[digit] * MILLION - share * len(amounts)) for digit, share in EXPECTED.items()
    )
    return away // (len(EXPECTED) * len(amounts)), firsts


def why_not(case: Case, amounts: Sequence[int]) -> str | None:
    """Return why the law cannot be asked of these amounts, if so."""
    if len(amounts) < LEAST:
        return case.why_not("first_digits.few", count=len(amounts), least=LEAST)
    if max(amounts) < SPAN * min(amounts):
        return case.why_not("first_digits.narrow", count=SPAN)
    if len(set(amounts)) * 100 < DISTINCT_PER_CENT * len(amounts):
        return case.why_not("first_digits.assigned", count=len(set(amounts)))
    return None


def payments(case: Case) -> Looked:
    """Ask it of payments."""
    return _asked(case, [one.amount_minor for one in case.paid if one.amount_minor > 0])


def awards(case: Case) -> Looked:
    """Ask it of what grants were awarded by the day."""
    on = case.book.on
    return _asked(case, [one.awarded_minor for one in case.grants.values() if one.awarded_on <= on])


def _asked(case: Case, amounts: Sequence[int]) -> Looked:
    """Find digits that come first more often than the law expects, if all do not conform."""
    reason = why_not(case, amounts)
    if reason is not None:
        return Looked(len(amounts), why_not=reason)
    away, firsts = deviation(amounts)
    if away <= NOT_CONFORMING:
        return Looked(len(amounts))
    found = []
    for digit, share in EXPECTED.items():
        expected = share * len(amounts) // MILLION
        if firsts[digit] > expected:
            details = {"found": firsts[digit], "expected": expected, "away": f"0.{away:06d}"}
            found.append(Flag(str(digit), details=details))
    return Looked(len(amounts), found)


BOUNDS = {"least": LEAST, "span": SPAN}
RULES = (
    Rule("first_digits", payments, BOUNDS),
    Rule("first_digits_of_awards", awards, BOUNDS),
)
