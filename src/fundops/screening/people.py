"""Findings of persons: names that are sure, and names beside a day, an age or a birth."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from fundops.screening.arabic import is_unknown
from fundops.screening.dates import Day
from fundops.screening.findings import Finding
from fundops.screening.names import Name, introduction, names
from fundops.screening.page import Page
from fundops.screening.reading import spaced
from fundops.screening.words import given_names

_NEAR = 8
_TIGHT = 3
_AGES = range(1, 100)
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_HAN = re.compile(
    rf"(?:名叫|叫做|名为|叫|姓名[::]|名字是|受害人|幸存者|女孩|客户)([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})"
    rf"|([{_SURNAMES}][\u4e00-\u9fff]{{0,2}})(?:女士|先生|小姐|太太)"
)
_HAN_AGED = re.compile(
    rf"([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})[,(] ?(?:女|男)?,? ?"
    r"(?:现年|年龄)?[0-9]{1,2}岁|"
    rf"([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})[,(]? ?(?:生于|出生于)? ?[0-9]{{4}}年[0-9]{{1,2}}月"
)
_HAN_NONE = re.compile(r"部|局|长|会|的|是|在|有|和|了|方案|项目|妇女|儿童")


def people(page: Page, days: list[Day]) -> Iterator[Finding]:
    """Yield names of persons, with the day or age beside them where there is one."""
    starts = [day.first for day in days]
    for name in names(page):
        beside = _beside(page, name, days, starts)
        if beside is not None:
            first, last = beside
            yield _finding(page, "name_and_date", min(first, name.first), max(last, name.last), name)
        elif name.is_sure:
            yield _finding(page, "person_name", name.first, name.last, name)
    yield from _births(page, days, starts)
    yield from _chinese(page)


def _finding(page: Page, kind: str, first: int, last: int, name: Name) -> Finding:
    start, end = page.tokens[first].start, page.tokens[last - 1].end
    item = page.reading.text[page.tokens[name.first].start : page.tokens[name.last - 1].end]
    return page.finding(kind, start, end, spaced(item))


def _beside(
    page: Page, name: Name, days: list[Day], starts: list[int]
) -> tuple[int, int] | None:
    """Return the tokens of what makes a name one beside a date, or nothing."""
    age = _age_after(page, name) or _age_before(page, name)
    if age is not None:
        return age
    if not name.is_sure and not _is_known(page, name):
        return _born(page, name, days, starts)
    at = bisect_left(starts, name.last)
    near = _NEAR if name.is_sure else _TIGHT
    if at < len(days) and days[at].first - name.last <= near:
        if _one_line(page, name.last, days[at].first):
            return days[at].first, days[at].last
    if at > 0 and name.first - days[at - 1].last <= near:
        if _one_line(page, days[at - 1].last, name.first):
            return days[at - 1].first, days[at - 1].last
    return _born(page, name, days, starts)


def _is_known(page: Page, name: Name) -> bool:
    return page.tokens[name.first].word in given_names()


def _one_line(page: Page, first: int, last: int) -> bool:
    """Return whether no line and no sentence ends between two tokens."""
    for at in range(first, last):
        text = page.tokens[at].text
        if text == "\n" or text in "!?;":
            return False
        if text == "." and at + 1 < len(page.tokens) and page.tokens[at + 1].is_capital:
            return False
    return True


def _born(
    page: Page, name: Name, days: list[Day], starts: list[int]
) -> tuple[int, int] | None:
    """Return the span of "born" and its day or year right after a name."""
    here = name.last
    while here < min(len(page.tokens), name.last + _TIGHT + 2):
        ends = [end for what, end in page.begins.get(here, ()) if what == "born_cues"]
        if ends:
            return _day_or_year(page, max(ends), days, starts)
        is_sign = page.tokens[here].text in ",(-:" or page.tokens[here].word in _IS | {"من"}
        if not is_sign and not is_unknown(page, here):
            return None
        here += 1
    return None


def _day_or_year(
    page: Page, at: int, days: list[Day], starts: list[int]
) -> tuple[int, int] | None:
    for here in range(at, min(len(page.tokens), at + 4)):
        place = bisect_left(starts, here)
        if place < len(days) and days[place].first == here:
            return here, days[place].last
        text = page.tokens[here].text
        if len(text) == 4 and text.isdigit() and text[:2] in {"19", "20"}:
            return here, here + 1
    return None


def _age_at(page: Page, at: int) -> int | None:
    """Return where an age such as "17 years old" or "aged 17" ends, if one begins here."""
    tokens = page.tokens
    if at >= len(tokens):
        return None
    before = [end for what, end in page.begins.get(at, ()) if what == "age_before"]
    number = max(before) if before else at
    while number < len(tokens) and number < at + 4 and tokens[number].text in ":-,":
        number += 1
    if not _is_age(page, number):
        return None
    unit = number + 1
    if unit < len(tokens) and tokens[unit].text == "-":
        unit += 1
        if unit < len(tokens) and tokens[unit].is_number:
            return None
    after = [end for what, end in page.begins.get(unit, ()) if what == "age_after"]
    if after:
        return _years_old(page, max(after))
    return number + 1 if before and not page.has(at, "months") else None


def _years_old(page: Page, end: int) -> int | None:
    """Return where an age ends; nothing where the years are a time, as in "15 years later"."""
    tokens = page.tokens
    if end < len(tokens) and (tokens[end].word in _A_TIME or tokens[end].is_number):
        return None
    while end + 1 < len(tokens) and tokens[end].text == "-" and tokens[end + 1].word in {"old", "year"}:
        end += 2
    if end < len(tokens) and tokens[end].word in {"old"}:
        end += 1
    return None if page.has(end, "counted") else end


_A_TIME = frozenset(
    {"later", "after", "ago", "of", "before", "since", "experience", "d", "apres", "de", "despues",
     "mas", "plus", "from", "in", "imprisonment", "prison", "sentence", "term", "period", "tard",
     "тюрьмы", "лишения", "والخبره", "خبره", "بعد"}
)  # fmt: skip


def _is_age(page: Page, at: int) -> bool:
    if at >= len(page.tokens):
        return False
    text = page.tokens[at].text
    return text.isdigit() and text.isascii() and len(text) <= 2 and int(text) in _AGES


def _age_after(page: Page, name: Name) -> tuple[int, int] | None:
    """Return the age right after a name: "Amina, 17 years old", "Amina (17)", "Amina is 17"."""
    tokens, here, is_open = page.tokens, name.last, False
    while here < min(len(tokens), name.last + 6):
        is_open = is_open or tokens[here].text == "("
        end = _age_at(page, here)
        if end is not None:
            return (here, end) if name.is_sure or _stands_alone(page, name) else None
        if _is_age(page, here):
            closes = here + 1 < len(tokens) and tokens[here + 1].text in "),"
            is_bare = closes and here > name.last and (name.is_sure or _is_known(page, name))
            return (here, here + 1) if is_bare and tokens[here - 1].text in "(," else None
        if tokens[here].text not in ",(-" and tokens[here].word not in _IS:
            if not is_unknown(page, here) and not page.has(here, "persons"):
                return None
        here += 1
    return None


_IS = frozenset(
    {"a", "is", "was", "de", "une", "un", "una", "who", "est", "etait", "tiene", "tenia", "girl",
     "boy", "woman", "man", "fille", "femme", "nina", "mujer", "f", "m", "et", "only", "just", "agee",
     "age", "avait", "tout", "juste", "apenas", "barely", "ذات", "ذو", "que", "qui", "she", "he", "وهي", "وهو", "التي", "فتاه", "طفله", "девушка", "женщина"}
)  # fmt: skip


def _stands_alone(page: Page, name: Name) -> bool:
    """Return whether a name that nothing else vouches for may be taken beside an age.

    "In Agadez, 15-year-old girls": after a preposition it is a place.
    """
    if _is_known(page, name):
        return True
    if page.has(name.first, "places") or page.has(name.first, "posts"):
        return False
    before = page.tokens[name.first - 1].text.lower() if name.first else ""
    if before in {"of", "de", "del"}:
        return not page.has(name.first - 2, "organisations")
    return before not in _PREPOSITIONS and not page.tokens[name.first].text.isupper()


_PREPOSITIONS = frozenset(
    {"in", "at", "from", "near", "to", "à", "en", "au", "aux", "du", "d", "desde", "dans",
     "around", "across", "within", "outside", "через", "в", "из", "с", "pour", "para", "hacia", "el",
     "al", "la", "le", "the", "per", "vers"}
)  # fmt: skip


def _age_before(page: Page, name: Name) -> tuple[int, int] | None:
    """Return the age right before a name: "17-year-old Amina", "Fille de 17 ans, Amina"."""
    end = name.first
    while end > 0 and page.tokens[end - 1].text in ",:" and end > name.first - 2:
        end -= 1
    for start in range(max(0, end - 7), end):
        if _is_age(page, start) and _age_at(page, start) == end:
            is_name = name.is_sure or _is_known(page, name) or bool(introduction(page, name.first))
            return (start, end) if is_name or _is_attributive(page, end) else None
    return None


def _is_attributive(page: Page, end: int) -> bool:
    """Return whether "year-old" goes straight before what follows: a name then."""
    return page.tokens[end - 1].word == "old"


def _births(page: Page, days: list[Day], starts: list[int]) -> Iterator[Finding]:
    """Yield days of birth that are labelled so, whoever's they are."""
    for at in sorted(page.begins):
        ends = [end for what, end in page.begins[at] if what == "birth_labels"]
        if not ends:
            continue
        span = _day_or_year(page, max(ends), days, starts)
        if span is not None and span[1] - span[0] > 1:
            start, end = page.tokens[span[0]].start, page.tokens[span[1] - 1].end
            item = spaced(page.reading.text[start:end])
            yield page.finding("name_and_date", page.tokens[at].start, end, item)


def _chinese(page: Page) -> Iterator[Finding]:
    text = page.reading.text
    for pattern, kind in ((_HAN, "person_name"), (_HAN_AGED, "name_and_date")):
        for found in pattern.finditer(text):
            name = found[1] or found[2]
            if not _HAN_NONE.search(name):
                yield page.finding(kind, *found.span(), name)
