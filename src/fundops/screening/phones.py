"""Telephone numbers: with a country's prefix, or by their shape and the words before them.

Amounts, counts, codes and references look much alike; each rule says what it does not take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from fundops.screening.dates import Day
from fundops.screening.findings import Finding
from fundops.screening.page import Page

_RUN = re.compile(r"\+?\(?[0-9](?:[ .\-/()]{0,3}[0-9])*")
_HARMLESS = re.compile(
    r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"  # an IBAN
    r"|\bhttps?://[^\s<>]{1,300}"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b[0-9a-f]{32,64}\b"
)
_DIGITS = re.compile(r"[0-9]+")
_LEAST, _MOST = 6, 15
_GROUPS = 8
_SHAPES = frozenset(
    {(3, 3, 4), (3, 4, 4), (2, 4, 4), (1, 3, 3, 4), (2, 2, 2, 2), (2, 2, 2, 2, 2), (3, 2, 2, 2),
     (3, 3, 2, 2), (1, 3, 3, 2, 2), (2, 3, 2, 2), (1, 2, 2, 2, 2), (2, 3, 4), (3, 2, 2, 3),
     (1, 4, 4), (5, 5), (5, 6), (3, 7), (3, 8), (4, 7)}
)  # fmt: skip
"""How the numbers of many countries are grouped where no zero stands before them."""


class Group(NamedTuple):
    """A run of digits within a number, and what parts it from the one before."""

    start: int
    end: int
    digits: str
    sign: str


def phones(page: Page, days: list[Day]) -> Iterator[Finding]:
    """Yield telephone numbers; what is a day is none."""
    text = page.reading.text
    spans = [(page.tokens[day.first].start, page.tokens[day.last - 1].end) for day in days]
    spans = sorted([*spans, *(found.span() for found in _HARMLESS.finditer(text))])
    at = 0
    for found in _RUN.finditer(text):
        while at < len(spans) and spans[at][1] <= found.start():
            at += 1
        for start, end in _without(found.start(), found.end(), spans, at):
            yield from _in_run(page, start, end)


def _without(
    start: int, end: int, spans: list[tuple[int, int]], at: int
) -> Iterator[tuple[int, int]]:
    """Yield what of ``[start:end]`` is in none of ``spans``."""
    while at < len(spans) and spans[at][0] < end:
        if spans[at][0] > start:
            yield start, spans[at][0]
        start = max(start, spans[at][1])
        at += 1
    if start < end:
        yield start, end


def _groups(text: str, start: int, end: int) -> list[Group]:
    groups: list[Group] = []
    last = start
    for found in _DIGITS.finditer(text, start, end):
        groups.append(Group(found.start(), found.end(), found[0], text[last : found.start()]))
        last = found.end()
    return groups


def _in_run(page: Page, start: int, end: int) -> Iterator[Finding]:
    groups = _groups(page.reading.text, start, end)
    if not groups:
        return
    has_plus = page.reading.text[start] == "+" or page.reading.before(start) == "+"
    at = 0
    while at < len(groups):
        size = _number_at(page, groups, at, has_plus=has_plus and at == 0)
        if size == 0:
            at += 1
            continue
        first, last = groups[at], groups[at + size - 1]
        digits = "".join(group.digits for group in groups[at : at + size])
        begins = start if at == 0 else first.start
        yield page.finding("phone", begins, last.end, digits.removeprefix("00"))
        at += size


def _number_at(page: Page, groups: list[Group], at: int, *, has_plus: bool) -> int:
    """Return how many groups from ``at`` on make a telephone number, 0 for none."""
    if sum(len(group.digits) for group in groups[at : at + _GROUPS]) < _LEAST:
        return 0
    first = groups[at]
    if not has_plus and _is_within_code(page, first.start):
        return 0
    is_international = has_plus or (first.digits.startswith("00") and _parted(groups, at))
    if is_international:
        size = _international(groups, at, has_plus=has_plus)
        if size:
            return size
    if not _parted(groups, at) or _is_reference(page, first.start):
        return 0
    if _cued(page, first.start):
        return _after_cue(page, groups, at)
    if first.digits.startswith("0") and not has_plus:
        return _national(page, groups, at)
    return _by_shape(page, groups, at) if at == 0 else 0


def _parted(groups: list[Group], at: int) -> bool:
    """Return whether a number may begin here: at the start or after a space."""
    return at == 0 or " " in groups[at].sign


def _is_within_code(page: Page, start: int) -> bool:
    """Return whether the digits go on from letters or from a code, as in ``PLG-2026-0001``."""
    before, text = page.reading.before(start), page.reading.text
    if before.isascii() and (before.isalpha() or before == "_"):
        return True
    if before.isdigit() or (before and before in ",." and text[start - 2 : start - 1].isdigit()):
        return True
    return bool(before) and before in "-/.#" and text[start - 2 : start - 1].isalnum()


def _is_reference(page: Page, start: int) -> bool:
    at = page.token_at(start)
    while at > 0 and page.tokens[at - 1].text in "(+":
        at -= 1
    return page.cued(at, "references", "links", 4)


def _cued(page: Page, start: int) -> bool:
    at = page.token_at(start)
    while at > 0 and page.tokens[at - 1].text in "(+":
        at -= 1
    return page.cued(at, "phone_cues", "links", 4) or page.cued(at, "call_cues", "links", 4)


def _windows(groups: list[Group], at: int, least: int, most: int) -> Iterator[int]:
    """Yield sizes, longest first, of windows of ``least`` to ``most`` digits that end at a space."""
    total, sizes = 0, []
    for size in range(1, min(_GROUPS, len(groups) - at) + 1):
        total += len(groups[at + size - 1].digits)
        if total > most:
            break
        is_end = at + size == len(groups) or " " in groups[at + size].sign
        if total >= least and is_end:
            sizes.append(size)
    yield from reversed(sizes)


def _joined(groups: list[Group]) -> str:
    return "".join(group.digits for group in groups)


def _is_thousands(groups: list[Group]) -> bool:
    """Return whether the groups are those of an amount: 12 500 000 or 12.500.000."""
    if len(groups) == 1:
        return False
    is_grouped = len(groups[0].digits) <= 3 and all(len(one.digits) == 3 for one in groups[1:])
    return is_grouped and groups[0].digits[0] != "0" and len({one.sign for one in groups[1:]}) == 1


def _international(groups: list[Group], at: int, *, has_plus: bool) -> int:
    import phonenumbers

    for size in _windows(groups, at, 8, _MOST + 3):
        digits = _joined(groups[at : at + size])
        if not has_plus:
            digits = digits[2:]
        try:
            number = phonenumbers.parse(f"+{digits}", None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return size
        is_possible = (
            phonenumbers.is_possible_number_with_reason(number)
            == phonenumbers.ValidationResult.IS_POSSIBLE
        )
        if is_possible and len(digits) >= 9 and not _is_thousands(groups[at : at + size]):
            return size
    for size in _windows(groups, at, 10, _MOST) if has_plus else ():
        if not _is_thousands(groups[at : at + size]):
            return size  # nothing else is written with a plus and so many digits
    return 0


def _is_money(page: Page, first: Group, last: Group) -> bool:
    """Return whether a currency stands beside the digits, or what is counted after them."""
    after = _next_token(page, last)
    before = page.token_at(first.start) - 1
    if before >= 0 and page.tokens[before].text in "(+":
        before -= 1
    if page.has(before, "currencies") or page.has(after, "currencies"):
        return True
    return page.has(after, "counted") or page.reading.after(last.end) == "%"


def _next_token(page: Page, last: Group) -> int:
    return page.token_at(last.start) + 1


def _goes_on(page: Page, last: Group) -> bool:
    """Return whether the digits go on as a decimal, a code or a percentage."""
    after = page.reading.after(last.end)
    if after and after in ",.:/-" and page.reading.after(last.end + 1).isdigit():
        return True
    if after and after in "-/" and page.reading.after(last.end + 1).isalnum():
        return True
    return after == "%" or (after.isascii() and (after.isalpha() or after == "_"))


def _after_cue(page: Page, groups: list[Group], at: int) -> int:
    for size in _windows(groups, at, _LEAST, _MOST):
        window = groups[at : at + size]
        if _goes_on(page, window[-1]) or _is_money(page, window[0], window[-1]):
            continue
        if _is_thousands(window) and len(_joined(window)) < 9:
            continue
        return size
    return 0


def _national(page: Page, groups: list[Group], at: int) -> int:
    """Take 0712 345 678 and 01 23 45 67 89; not 0.125, 01.02.2020, 08.30-17.00, 00012."""
    for size in _windows(groups, at, 8, 12):
        window = groups[at : at + size]
        digits = _joined(window)
        signs = {one.sign.strip() for one in window[1:]}
        is_dotted = "." in signs and (len(digits) < 9 or len(window) == 2)
        is_hours = len(window) == 2 and all(_is_hour(one.digits) for one in window)
        is_short = size == 1 and len(digits) < 9
        is_filled = digits.startswith("00")
        if is_dotted or is_hours or is_short or is_filled or "/" in signs and size > 3:
            continue
        if _goes_on(page, window[-1]) or _is_money(page, window[0], window[-1]):
            continue
        return size
    return 0


def _is_hour(digits: str) -> bool:
    return len(digits) == 4 and int(digits[:2]) < 25 and int(digits[2:]) < 60


def _by_shape(page: Page, groups: list[Group], at: int) -> int:
    """Take the whole run if it is grouped as telephones are and stands alone."""
    digits = _joined(groups)
    if not 8 <= len(digits) <= 12 or _is_thousands(groups):
        return 0
    lengths = tuple(len(group.digits) for group in groups)
    is_mobile = len(digits) == 11 and (
        (digits[0] == "1" and digits[1] in "3456789" and (3, 4, 4) == lengths)
        or (len(lengths) == 1 and digits[0] == "1" and digits[1] in "3456789")
        or (digits[:2] in {"89", "79"})
    )
    is_hyphened = lengths in {(3, 3, 3), (4, 4)} and {one.sign for one in groups[1:]} == {"-"}
    is_hyphened = is_hyphened and not any(_is_year(group.digits) for group in groups)
    if not (is_mobile or is_hyphened or lengths in _SHAPES):
        return 0
    if any(_is_year(group.digits) for group in (groups[0], *groups[1:-1])):
        return 0
    signs = {group.sign.strip() for group in groups[1:]}
    if "." in signs and len(groups) < 4 or "/" in signs:
        return 0
    if lengths == (2, 2, 2, 2) and (digits[0] in "01" or _is_rising(groups)):
        return 0
    is_beside = _goes_on(page, groups[-1]) or _is_money(page, groups[0], groups[-1])
    return 0 if is_beside else len(groups)


def _is_rising(groups: list[Group]) -> bool:
    """Return whether the groups are a list in order, such as indicators 21 22 23 24."""
    return all(int(one.digits) < int(two.digits) for one, two in pairwise(groups))


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in {"19", "20"}
