"""Days in a text: written with digits or with the names of months, in any of the six languages."""

from __future__ import annotations

from dataclasses import dataclass

from fundops.screening.page import Page

_YEAR = range(1900, 2100)
_SIGNS = frozenset("/.-")
_ORDINALS = frozenset({"st", "nd", "rd", "th", "er", "re", "o", "a", "e"})
_OF = frozenset({"de", "del", "of", "من", "year", "an"})


@dataclass(frozen=True, slots=True)
class Day:
    """A day at tokens ``[first:last]``; ``is_full`` when its year is told."""

    first: int
    last: int
    is_full: bool


def days(page: Page) -> list[Day]:
    """Return every day of a text in order; none overlaps another."""
    found: list[Day] = []
    at = 0
    while at < len(page.tokens):
        day = _day_at(page, at)
        if day is None:
            at += 1
        else:
            found.append(day)
            at = day.last
    return found


def _day_at(page: Page, at: int) -> Day | None:
    token = page.tokens[at]
    if token.is_number:
        return _in_digits(page, at) or _in_chinese(page, at) or _day_first(page, at)
    if token.is_word and page.has(at, "months"):
        return _month_first(page, at)
    return None


def _number(page: Page, at: int) -> int:
    """Return the number at a token, or -1."""
    if at >= len(page.tokens) or not page.tokens[at].is_number or len(page.tokens[at].text) > 4:
        return -1
    return int(page.tokens[at].text)


def _in_digits(page: Page, at: int) -> Day | None:
    """Return a day such as 12/03/2004, 12-3-04 or 2004.03.12."""
    tokens = page.tokens
    if at + 4 >= len(tokens) or not all(page.touches(one) for one in range(at + 1, at + 5)):
        return None
    sign = tokens[at + 1].text
    if sign not in _SIGNS or tokens[at + 3].text != sign:
        return None
    if at + 5 < len(tokens) and page.touches(at + 5) and tokens[at + 5].text == sign:
        follows = at + 6 < len(tokens) and page.touches(at + 6) and tokens[at + 6].is_number
        if follows:
            return None
    one, two, three = (_number(page, at + step) for step in (0, 2, 4))
    is_first_year = one in _YEAR and 1 <= two <= 12 and 1 <= three <= 31
    two_digits = len(tokens[at + 4].text) == 2
    is_last_year = (three in _YEAR or (two_digits and len(tokens[at].text) == 2)) and (
        (1 <= one <= 31 and 1 <= two <= 12) or (1 <= one <= 12 and 1 <= two <= 31)
    )
    return Day(at, at + 5, True) if is_first_year or is_last_year else None


def _in_chinese(page: Page, at: int) -> Day | None:
    """Return a day such as 2004年3月12日 or 3月12日."""
    words = [token.word[:1] for token in page.tokens[at : at + 6]]
    if words[1:2] == ["年"] and words[3:4] == ["月"] and words[5:6] in (["日"], ["号"]):
        return Day(at, at + 6, True)
    if words[1:2] == ["月"] and words[3:4] in (["日"], ["号"]):
        return Day(at, at + 4, False)
    return None


def _day_first(page: Page, at: int) -> Day | None:
    """Return a day such as 12 March 2004, 1er mars, 12 de marzo de 2004."""
    if not 1 <= _number(page, at) <= 31:
        return None
    month = at + 1
    if month < len(page.tokens) and page.tokens[month].word in _ORDINALS | {"°", "."}:
        month += 1
    while month < len(page.tokens) and page.tokens[month].word in _OF:
        month += 1
    if not page.has(month, "months"):
        return None
    return _with_year(page, at, month + 1)


def _month_first(page: Page, at: int) -> Day | None:
    """Return a day such as March 12, 2004."""
    day = at + 1
    if not 1 <= _number(page, day) <= 31:
        return None
    end = day + 1
    if end < len(page.tokens) and page.touches(end) and page.tokens[end].word in _ORDINALS:
        end += 1
    return _with_year(page, at, end)


def _with_year(page: Page, first: int, end: int) -> Day:
    year = end
    while year < len(page.tokens) and year < end + 2 and (
        page.tokens[year].word in _OF | {",", "."}
    ):
        year += 1
    if _number(page, year) in _YEAR:
        return Day(first, year + 1, True)
    return Day(first, end, False)
