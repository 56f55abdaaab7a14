"""Where somebody could be found: coordinates and street addresses; a town's name is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fundops.screening.findings import Finding
from fundops.screening.page import Page
from fundops.screening.reading import spaced

_PAIR = re.compile(
    r"(?<![\w.,])([+-]?[0-9]{1,2})([.,])([0-9]{3,10}) ?(°? ?[NSns])? ?(?:[,;/|]| |, )? ?"
    r"([+-]?[0-9]{1,3})\2([0-9]{3,10})(?![0-9])(?: ?°? ?([EWOewo])\b)?"
)
_DEGREES = re.compile(
    r"[0-9]{1,3} ?° ?[0-9]{1,2}(?:[.,][0-9]{1,6})? ?(?:['’] ?(?:[0-9]{1,2}(?:[.,][0-9]{1,5})? ?"
    r"(?:\"|''))?)? ?[NSEWOnsewo]\b"
)
_DECIMAL_DEGREES = re.compile(r"[0-9]{1,3}[.,][0-9]{2,10} ?° ?[NSEWO]\b")
_LABELLED = re.compile(
    r"\b(?:lat|latitude|latitud|long|lon|lng|longitude|longitud|широта|долгота)\b\.? ?[:=]? ?"
    r"[+-]?[0-9]{1,3}[.,][0-9]{2,10}|(?:خط العرض|خط الطول|纬度|经度|北纬|东经) ?[:=]? ?"
    r"[0-9]{1,3}[.,][0-9]{2,10}",
    re.IGNORECASE,
)
_PLUS_CODE = re.compile(r"(?<![\w])[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,3}(?!\w)")
_THREE_WORDS = re.compile(r"///[^\W\d_]{2,20}\.[^\W\d_]{2,20}\.[^\W\d_]{2,20}")
_MAP = re.compile(r"(?:maps\.app\.goo\.gl|goo\.gl/maps|maps\.google\.[a-z]{2,3})/[^\s<>]{3,200}")
_LABELS = re.compile(r"gps|coord|koord|إحداث|احداث|коорд|坐标|localisation|ubicaci|location", re.I)
_MOST_WORDS = 4
_CHINESE = re.compile(
    r"[\u4e00-\u9fff]{1,8}(?:路|街|巷|胡同|弄|大道)[0-9]{1,5}号(?:楼)?(?:[0-9]{1,4}(?:室|单元|房))?"
)


def coordinates(page: Page) -> Iterator[Finding]:
    """Yield coordinates: degrees, decimal pairs, plus codes, three words, links to maps."""
    text = page.reading.text
    for found in _PAIR.finditer(text):
        if _is_place(text, found):
            yield _place(page, found)
    patterns = (_DEGREES, _DECIMAL_DEGREES, _LABELLED, _PLUS_CODE, _THREE_WORDS, _MAP)
    for pattern in patterns:
        for found in pattern.finditer(text):
            yield _place(page, found)


def _place(page: Page, found: re.Match[str]) -> Finding:
    item = "".join(found[0].casefold().split())
    return page.finding("coordinates", *found.span(), item)


def _is_place(text: str, found: re.Match[str]) -> bool:
    """Return whether two decimals are a latitude and a longitude rather than two amounts."""
    south, sign, fine, north, east, more_fine, side = found.groups()
    if abs(int(south)) > 90 or abs(int(east)) > 180:
        return False
    before = text[max(0, found.start() - 40) : found.start()]
    if north or side or _LABELS.search(before):
        return True
    return len(fine) >= 4 and len(more_fine) >= 4 and sign == "."


def addresses(page: Page) -> Iterator[Finding]:
    """Yield street addresses: a street and a number, or where somebody is said to live."""
    for at, token in enumerate(page.tokens):
        span = None
        if token.is_number and len(token.text) <= 5:
            span = _number_first(page, at)
        elif page.has(at, "streets_before"):
            span = _street_first(page, at)
        if span is None and any(name == "dwellings" for name, _ in page.begins.get(at, ())):
            span = _dwelling(page, at)
        if span is not None:
            yield _address(page, *span)
    for found in _CHINESE.finditer(page.reading.text):
        yield page.finding("address", *found.span(), found[0])


def _address(page: Page, first: int, last: int) -> Finding:
    start, end = page.tokens[first].start, page.tokens[last].end
    return page.finding("address", start, end, spaced(page.reading.text[start:end]))


def _number_first(page: Page, at: int) -> tuple[int, int] | None:
    """Take "14 Baker Street", "221B Baker Street" and "12 rue de la Paix"."""
    tokens = page.tokens
    if page.touches(at) and tokens[at - 1].text in "/.,-:$€£":
        if tokens[at - 1].text not in "/-" or not (page.touches(at - 1) and tokens[at - 2].is_number):
            return None
    here = at + 1
    if here < len(tokens) and page.touches(here) and len(tokens[here].text) == 1:
        here += tokens[here].is_word
    while here < len(tokens) and (tokens[here].text in ",°" or tokens[here].word in {"bis", "ter"}):
        here += 1
    if here < len(tokens) and page.has(here, "streets_before"):
        return _street_name(page, at, here)
    if page.has(at - 1, "months") or _is_year(tokens[at].text):
        return None
    return _named_street(page, at, here)


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in {"19", "20"}


def _named_street(page: Page, at: int, here: int) -> tuple[int, int] | None:
    tokens = page.tokens
    for step in range(1, _MOST_WORDS + 1):
        end = here + step
        if end >= len(tokens) or not tokens[end - 1].is_word:
            return None
        if not tokens[end - 1].is_capital and tokens[end - 1].word not in {"of", "the", "al", "el"}:
            return None
        if not page.has(end, "streets_after"):
            continue
        is_street = tokens[end].is_capital or len(tokens[end].text) > 2
        after = tokens[end + 1].word if end + 1 < len(tokens) else ""
        is_other = after in _NO_STREETS or page.has(end + 1, "counted")
        return (at, end) if is_street and not is_other else None
    return None


_NO_STREETS = frozenset(
    {"children", "child", "vendors", "vendor", "workers", "work", "theatre", "map", "maps", "safety",
     "based", "connected", "kids", "youth", "trees", "project", "projects", "construction"}
)  # fmt: skip


def _street_name(page: Page, at: int, here: int) -> tuple[int, int] | None:
    """Return the span from a number over a street's kind to the end of its name."""
    tokens, end, is_named = page.tokens, here, False
    for step in range(1, 6):
        one = here + step
        if one >= len(tokens) or not tokens[one].is_word:
            if one < len(tokens) and tokens[one].text in "'-" and page.touches(one):
                continue
            break
        if tokens[one].is_capital or not tokens[one].text[0].isascii():
            end, is_named = one, True
        elif tokens[one].word not in {"de", "la", "le", "du", "des", "l", "d", "del", "los", "las"}:
            break
    if tokens[here].word == "place" and not is_named:
        return None
    return (at, end) if is_named else None


def _street_first(page: Page, at: int) -> tuple[int, int] | None:
    """Take "Calle 45 # 12-34", "rue de la Paix, n° 5", "شارع النيل رقم 12", "ул. Ленина, д. 5"."""
    tokens, named = page.tokens, 0
    here = at + 1
    is_latin = tokens[at].text[0] < "\u0250"
    while here < len(tokens) and here <= at + 9:
        token = tokens[here]
        if token.text == "\n":
            return None
        if token.is_number and named == 0 and len(token.text) <= 3:
            named, here = 1, here + 1
            continue
        if token.is_number:
            return _street_number(page, at, here, named, is_latin=is_latin)
        is_small = token.word in {"de", "la", "le", "du", "des", "d", "l", "del", "los", "las", "el"}
        if page.has(here, "street_numbers") or is_small or token.text in ",.°#'-":
            here += 1
            continue
        if not token.is_word or (is_latin and not token.is_capital):
            return None
        named += 1
        if named > _MOST_WORDS:
            return None
        here += 1
    return None


def _street_number(
    page: Page, at: int, here: int, named: int, *, is_latin: bool
) -> tuple[int, int] | None:
    tokens = page.tokens
    if len(tokens[here].text) > 5 or _is_year(tokens[here].text):
        return None
    if page.has(here + 1, "counted") or page.has(here + 1, "currencies"):
        return None
    after = page.reading.after(tokens[here].end)
    if after == "%" or page.has(here + 1, "months"):
        return None
    is_marked = any(
        page.has(one, "street_numbers") or tokens[one].text == "," for one in range(at + 1, here)
    )
    end = here
    while end + 2 < len(tokens) and tokens[end + 1].text in "#-" and tokens[end + 2].is_number:
        end += 2
    if named == 0:
        return None
    if not is_latin and not is_marked:
        return None
    return (at, end)


def _dwelling(page: Page, at: int) -> tuple[int, int] | None:
    """Take "Flat 3B" and "House no. 12" where somebody is said to live, or beside a street."""
    ends = [end for name, end in page.begins[at] if name == "dwellings"]
    here = max(ends)
    while here < len(page.tokens) and here < max(ends) + 3 and page.tokens[here].text in ".:°#":
        here += 1
    if here >= len(page.tokens) or not page.tokens[here].is_number:
        return None
    near = any(page.has(one, "lives_cues") for one in range(max(0, at - 6), at))
    near = near or any(
        page.has(one, "streets_after") or page.has(one, "streets_before")
        for one in range(here + 1, min(len(page.tokens), here + 7))
    )
    return (at, here) if near else None
