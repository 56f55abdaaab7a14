"""Account numbers: whether one can be right, how two are compared, and what may be shown of one.

Nothing here keeps or logs a number, and no error says what was given.
"""

from __future__ import annotations

import re

import pycountry

IBAN_LENGTHS = {
    code: length
    for length, codes in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for code in codes.split()
}  # fmt: skip
"""Country -> characters of its IBANs: the IBAN registry, which SWIFT keeps for ISO 13616."""

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC = re.compile(r"[A-Z]{4}([A-Z]{2})[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
_PARTING = re.compile(r"[\s./_-]+")
SHOWN_OF, SHOWN = 8, 4
"""A number of at least so many characters shows its last so many; a shorter one shows none."""
TELLING = 6
"""Digits and letters from which on a number in a text is no accident."""


def bare(number: str) -> str:
    """Return a number without what only parts its groups, in capitals: what is compared."""
    return _PARTING.sub("", number).upper()


def is_iban(number: str) -> bool:
    """Return whether a bare number is an IBAN: its country's length, and ISO 7064 MOD 97-10.

    Read as digits (A = 10 … Z = 35), the first four characters at the end, it leaves 1 of 97.
    """
    if _IBAN.fullmatch(number) is None or IBAN_LENGTHS.get(number[:2]) != len(number):
        return False
    if not 2 <= int(number[2:4]) <= 98:  # 00, 01 and 99 would leave the same remainders
        return False
    digits = "".join(str(int(character, 36)) for character in number[4:] + number[:4])
    return int(digits) % 97 == 1


def is_bic(code: str) -> bool:
    """Return whether a code has the form of ISO 9362, with a country that there is."""
    match = _BIC.fullmatch(code)
    if match is None:
        return False
    return match[1] == "XK" or pycountry.countries.get(alpha_2=match[1]) is not None


def masked(kind: str, country: str | None, number: str) -> str:
    """Return what may be shown of a bare number: its country and its last four characters."""
    last = number[-SHOWN:] if len(number) >= SHOWN_OF else ""
    lead = "" if kind == "vendor" else country or ""
    return " ".join(part for part in (lead, f"••••{last}") if part)


def initials(holder: str) -> str:
    """Return the initials of the account's holder, at most eight."""
    letters = [word[0].upper() for word in re.findall(r"\w+", holder)]
    return "".join(f"{letter}." for letter in letters[:8])


def compared(kind: str, country: str | None, number: str) -> str:
    """Return what two accounts have in common exactly when they are the same: for fingerprints."""
    return f"{kind}:{country or ''}:{number}"


def is_told_by(prose: str | None, number: str) -> bool:
    """Return whether a text gives a number away."""
    return prose is not None and len(number) >= TELLING and number in bare(prose)
