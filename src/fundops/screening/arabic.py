"""Arabic names: there are no capitals, so a word must introduce one or it must be known."""

from __future__ import annotations

from fundops.screening.page import Page
from fundops.screening.words import given_names, variants

_STRONG = ("label_cues", "name_cues", "honorifics")
_NONE = ("not_names", "organisations", "months", "currencies", "counted", "posts", "persons",
         "age_before", "age_after", "born_cues", "honorifics", "phone_cues")  # fmt: skip
_MOST = 4


def arabic_name(page: Page, at: int) -> tuple[int, bool] | None:
    """Return where a name that begins at ``at`` ends, and whether it is surely one."""
    if _is_word(page, at):
        return None
    before = at - 1
    while before >= 0 and page.tokens[before].text in ':"«(،':
        before -= 1
    is_strong = any(page.has(before, name) for name in _STRONG)
    is_known = _is_known(page, at)
    is_article = page.tokens[at].word.startswith("ال")
    if is_strong and not is_article:
        return _end(page, at, least=1), True
    if is_known and (page.has(before, "persons") or is_strong):
        return _end(page, at, least=1), True
    if is_known:
        end = _end(page, at, least=1)
        return end, end - at >= 2
    return None


def is_unknown(page: Page, at: int) -> bool:
    """Return whether an Arabic word is in no list: after a name it may be the family's."""
    is_arabic = "\u0600" <= page.tokens[at].text[0] <= "\u06ff" and page.tokens[at].is_word
    return is_arabic and not page.inside[at]


def _is_word(page: Page, at: int) -> bool:
    return any(page.has(at, name) for name in _NONE)


def _is_known(page: Page, at: int) -> bool:
    word = page.tokens[at].word
    return word in given_names() or (
        len(word) > 4 and any(one in given_names() for one in variants(word)[1:])
    )


def _end(page: Page, at: int, least: int) -> int:
    """Return where the words of a name end: known names, "son of", and a family's name."""
    here = at + least
    while here < min(len(page.tokens), at + _MOST) and _belongs(page, here):
        here += 1
    return here


def _belongs(page: Page, at: int) -> bool:
    token = page.tokens[at]
    if not token.is_word or page.tokens[at - 1].end + 1 < token.start or _is_word(page, at):
        return False
    if token.word in given_names() or token.word in {"بن", "بنت", "ابن", "ابو", "ام", "عبد", "ال"}:
        return True
    is_family = token.word.startswith("ال") and page.tokens[at - 1].word in given_names()
    return is_family or page.tokens[at - 1].word in {"بن", "بنت", "ابو", "عبد"}
