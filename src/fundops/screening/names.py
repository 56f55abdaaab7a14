"""Names of persons: introduced as such, written in full, or beside an age, a birth or a day.

A capital alone says little: towns, laws and organisations have one too. So a name needs a word
that introduces it, a given name that is known, or an age beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fundops.screening.arabic import arabic_name
from fundops.screening.page import Page
from fundops.screening.words import given_names

PARTICLES = frozenset(
    {"de", "del", "la", "los", "van", "von", "bin", "bint", "ibn", "el", "al", "ben", "ould",
     "mint", "da", "dos", "das", "do", "di", "du", "le", "ter", "den", "der", "y", "e", "abdel",
     "abu", "umm"}
)  # fmt: skip
_MOST = 6
_NONE = ("not_names", "organisations", "months", "currencies", "counted")


@dataclass(frozen=True, slots=True)
class Name:
    """A name at tokens ``[first:last]``; ``is_sure`` when it needs nothing beside it."""

    first: int
    last: int
    is_sure: bool


def names(page: Page) -> list[Name]:
    """Return what is or may be a name, in order; none overlaps another."""
    found: list[Name] = []
    at = 0
    while at < len(page.tokens):
        name = _name_at(page, at)
        if name is None:
            at += 1
        else:
            found.append(name)
            at = max(name.last, at + 1)
    return found


def _name_at(page: Page, at: int) -> Name | None:
    token = page.tokens[at]
    if not token.is_word or _goes_on(page, at):
        return None
    if "\u0600" <= token.text[0] <= "\u06ff":
        span = arabic_name(page, at)
        return Name(at, span[0], span[1]) if span else None
    if _is_title(page, at) and (page.has(at, "honorifics") or _is_monsieur(page, at)):
        return None
    introduced = introduction(page, at)
    if token.is_capital:
        return _latin(page, at, introduced)
    is_known = token.word in given_names() and not token.is_capital
    if introduced == "honorific" and is_known and not _is_word(page, at):
        return Name(at, at + 1, is_sure=True)
    return None


def _goes_on(page: Page, at: int) -> bool:
    """Return whether a word is the later part of one with a hyphen: "Prince" of Port-au-Prince."""
    if at < 2 or not page.touches(at) or page.tokens[at - 1].text not in "-'":
        return False
    before = page.tokens[at - 2]
    return (
        page.touches(at - 1)
        and before.is_word
        and (page.tokens[at - 1].text == "-" or len(before.text) > 2)
    )


def _is_word(page: Page, at: int, *, is_named: bool = False) -> bool:
    """Return whether a capitalised word is an ordinary one, or a place, rather than a name."""
    if any(page.has(at, name) for name in _NONE):
        return True
    if is_named:
        return False
    return page.has(at, "places") and page.tokens[at].word not in given_names()


def _latin(page: Page, at: int, introduced: str) -> Name | None:
    last = _chain(page, at)
    words = [one for one in range(at, last) if page.tokens[one].is_word]
    proper = [one for one in words if page.tokens[one].is_capital]
    if _is_institution(page, at, last, proper):
        return None
    posts = [one for one in proper if page.has(one, "posts")]
    if posts and introduced:
        return None
    is_named = introduced in {"honorific", "name", "label"}
    proper = [
        one for one in proper if one not in posts and not _is_word(page, one, is_named=is_named)
    ]
    if not proper or proper[0] != at:
        return None
    last = min(last, _unbroken(page, at, last))
    is_known = page.tokens[at].word in given_names()
    known = sum(page.tokens[one].word in given_names() for one in proper)
    is_full = len(proper) >= 2 and known > 0 and not page.has(at, "places")
    is_short = len(page.tokens[at].text) < 2
    is_sure = is_full or _is_introduced(page, at, introduced, is_known=is_known)
    return None if is_short and not is_sure else Name(at, last, is_sure)


def _is_introduced(page: Page, at: int, introduced: str, *, is_known: bool) -> bool:
    if introduced in {"honorific", "name", "label"}:
        return True
    is_shouted = page.tokens[at].text.isupper() and len(page.tokens[at].text) > 2
    return introduced == "person" and (is_known or not is_shouted)


def _unbroken(page: Page, at: int, last: int) -> int:
    """Return where a chain ends when ordinary words at its end are left out."""
    while last > at + 1 and (
        not page.tokens[last - 1].is_word
        or not page.tokens[last - 1].is_capital
        or _is_word(page, last - 1)
    ):
        if page.tokens[last - 1].text == "." and len(page.tokens[last - 2].text) == 1:
            break
        last -= 1
    return last


def _chain(page: Page, at: int) -> int:
    """Return where capitalised words that belong together end."""
    tokens, last, here = page.tokens, at + 1, at + 1
    while here < len(tokens) and here < at + 2 * _MOST:
        token = tokens[here]
        is_initial = token.text == "." and len(tokens[here - 1].text) == 1
        if token.is_word and token.is_capital:
            if not _is_near(page, here):
                break
            last = here + 1
        elif is_initial and page.touches(here):
            last = here + 1
        elif not (token.text in "-'" and page.touches(here)) and token.word not in PARTICLES | {
            "s"
        }:
            break
        here += 1
    return last


def _is_near(page: Page, at: int) -> bool:
    """Return whether nothing but a few spaces parts it from the token before."""
    return page.tokens[at].start - page.tokens[at - 1].end <= 3


def _is_institution(page: Page, at: int, last: int, proper: list[int]) -> bool:
    """Return whether the words name an organisation, a law or a place, with what is beside them."""
    if any(page.has(one, "organisations") for one in proper):
        return True
    before = at - 1
    while before >= 0 and page.tokens[before].word in {
        "de",
        "la",
        "del",
        "of",
        "le",
        "du",
        "d",
        "l",
        "'",
    }:
        before -= 1
    if before >= 0 and page.tokens[before].text != "." and page.has(before, "organisations"):
        is_title = page.tokens[before].is_capital or before < at - 1
        is_title = is_title or page.has(before, "namesakes")
        if is_title and not page.has(before, "persons"):
            return True
    if page.has(at, "storms") or page.has(at - 1, "storms"):
        return True
    is_saint = at > 0 and page.tokens[at - 1].word in {
        "st",
        "san",
        "santa",
        "saint",
        "sainte",
        "santo",
    }
    follows = last < len(page.tokens) and page.tokens[last].is_capital
    return is_saint or (follows and page.has(last, "organisations") and _is_near(page, last))


def introduction(page: Page, at: int) -> str:
    """Return what introduces a name at ``at``: honorific, name, label, person; or nothing."""
    before = at - 1
    while before >= 0 and page.tokens[before].text in '.:,("-«“' and before > at - 4:
        before -= 1
    if before < 0 or page.tokens[before].text == "\n":
        return ""
    signs = {page.tokens[one].text for one in range(before + 1, at)}
    if _is_monsieur(page, before) and signs == {"."}:
        return "honorific"
    if page.has(before, "honorifics") and signs <= {"."} and _is_title(page, before):
        return "" if _is_republic(page, before, at) else "honorific"
    if page.has(before, "label_cues") and (":" in signs or not signs):
        return "label"
    if page.has(before, "name_cues") and "." not in signs:
        return "" if _is_of_thing(page, before) else "name"
    if page.has(before, "named_verbs") and "." not in signs:
        return "name" if _is_of_person(page, before) else ""
    if page.has(before, "persons") and signs <= {",", ":", '"', "«", "“"}:
        return "person" if _is_one_person(page, before, signs) else ""
    return ""


def _is_title(page: Page, at: int) -> bool:
    """Return whether "father", "sister" or "chief" is a title here; "Mr" always is."""
    token = page.tokens[at]
    return token.is_capital or not page.has(at, "persons") or token.text[0] > "\u024f"


def _is_monsieur(page: Page, at: int) -> bool:
    """Return whether "M." stands for Monsieur: a full word with a capital follows."""
    tokens = page.tokens
    if tokens[at].text != "M" or at + 2 >= len(tokens) or tokens[at + 1].text != ".":
        return False
    return tokens[at + 2].is_capital and len(tokens[at + 2].text) > 2


def _is_republic(page: Page, before: int, at: int) -> bool:
    """Return whether "DR" stands for a democratic republic: "DR Congo" is no doctor."""
    return page.tokens[before].text == "DR" and page.tokens[at].word == "congo"


def _is_one_person(page: Page, at: int, signs: set[str]) -> bool:
    """Return whether "our client" rather than "Client Services" stands before a name."""
    token = page.tokens[at]
    is_plain = token.text[0].islower() or token.text[0] > "\u03ff"
    if signs and not signs <= {'"', "«", "“"}:
        return is_plain and page.has(at - 1, "possessives")
    return is_plain


def _is_of_person(page: Page, at: int) -> bool:
    """Return whether a person is said to be named so, within the eight tokens before."""
    for one in range(at - 1, max(-1, at - 9), -1):
        if page.tokens[one].text in ".\n":
            return False
        if page.has(one, "persons"):
            return True
        if page.has(one, "organisations"):
            return False
    return False


def _is_of_thing(page: Page, at: int) -> bool:
    """Return whether an organisation or a thing is said to be named so."""
    for one in range(at - 1, max(-1, at - 6), -1):
        if page.tokens[one].text in ".\n" or page.has(one, "persons"):
            return False
        if page.has(one, "organisations"):
            return True
    return False
