"""Small named cleaning functions, for profiles to name column by column.

A quirk is text to text. ``"strip"`` is one; ``"remove_prefix:XM-"`` is one with an argument. Each
corrects one habit of a source and is the identity on cells without that habit.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

Quirk = Callable[[str], str]

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_TIMES_ESCAPED = 8
_SENTINEL = re.compile(
    r"(?:0001-01-01|1900-01-01|0?1/0?1/0001|0?1/0?1/1900)(?:[T ]\d{1,2}:\d{2}:\d{2}(?: AM)?)?"
)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


def strip(text: str) -> str:
    """Remove blanks at both ends, as in the currency code ``"EUR "``."""
    return text.strip()


def collapse_spaces(text: str) -> str:
    """Make every run of blanks, tabs, line breaks and no-break spaces one space."""
    return " ".join(text.split())


def unescape_html(text: str) -> str:
    """Turn HTML entities into their characters: ``"A &amp;amp; B"`` is ``"A & B"``.

    Text that went through several systems was escaped by each: up to eight times are undone.
    """
    for _ in range(_TIMES_ESCAPED):
        plain = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
        if plain == text:
            break
        text = plain
    return text


def upper(text: str) -> str:
    """Write in capitals."""
    return text.upper()


def sentinel_date(text: str) -> str:
    """Make a date that only means "none" empty: 0001-01-01, 1900-01-01, 1/1/0001."""
    return "" if _SENTINEL.fullmatch(text.strip()) else text


def first_word(text: str) -> str:
    """Keep what stands before the first blank."""
    return text.split(maxsplit=1)[0] if text.strip() else ""


def decimal_comma(text: str) -> str:
    """Read ``"1.234,50"`` as ``"1234.50"``."""
    return text.replace(".", "").replace(",", ".")


def _blank_when(argument: str) -> Quirk:
    return lambda text: "" if text.strip() == argument else text


def _remove_prefix(argument: str) -> Quirk:
    return lambda text: text.removeprefix(argument)


def _before(argument: str) -> Quirk:
    return lambda text: text.partition(argument)[0]


def _remove(argument: str) -> Quirk:
    return lambda text: text.replace(argument, "")


def _pad_number(argument: str) -> Quirk:
    width = _small(argument)
    return lambda text: text.zfill(width) if _DIGITS.fullmatch(text) else text


def _fixed_decimals(argument: str) -> Quirk:
    digits = _small(argument)

    def fix(text: str) -> str:
        whole, _, fraction = text.partition(".")
        if not _DIGITS.fullmatch(whole) or (fraction and not _DIGITS.fullmatch(fraction)):
            return text
        return f"{whole}.{fraction.ljust(digits, '0')}" if len(fraction) <= digits else text

    return fix


def _small(argument: str) -> int:
    if not _DIGITS.fullmatch(argument) or not 1 <= int(argument) <= 40:
        raise ValueError(argument)
    return int(argument)


PLAIN: dict[str, Quirk] = {
    "strip": strip,
    "collapse_spaces": collapse_spaces,
    "unescape_html": unescape_html,
    "upper": upper,
    "sentinel_date": sentinel_date,
    "first_word": first_word,
    "decimal_comma": decimal_comma,
}
"""Quirks without an argument."""

WITH_ARGUMENT: dict[str, Callable[[str], Quirk]] = {
    "blank_when": _blank_when,
    "remove_prefix": _remove_prefix,
    "before": _before,
    "remove": _remove,
    "pad_number": _pad_number,
    "fixed_decimals": _fixed_decimals,
}
"""Quirks written ``name:argument``: ``blank_when`` (this text means none), ``remove_prefix``,
``before`` (keep what stands before), ``remove`` (thousands separators), ``pad_number`` (leading
zeros that a spreadsheet eats, to this width), ``fixed_decimals`` (trailing zeros, likewise)."""


def quirk(spec: str) -> Quirk:
    """Return the quirk ``spec`` names. Raises ``ValueError`` for an unknown or incomplete one."""
    name, colon, argument = spec.partition(":")
    if not colon and name in PLAIN:
        return PLAIN[name]
    if argument and name in WITH_ARGUMENT:
        try:
            return WITH_ARGUMENT[name](argument)
        except ValueError:
            raise ValueError(spec) from None
    raise ValueError(spec)


def chain(specs: tuple[str, ...]) -> Quirk:
    """Return one function that applies the quirks of ``specs`` from left to right."""
    steps = tuple(quirk(spec) for spec in specs)

    def apply(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return apply
