"""Exact money: integer minor units, ISO 4217 exponents, and splits that always sum.

Amounts are ``int`` counts of the currency's minor unit (cents for USD). Nothing here or anywhere
else uses floating point. Exponents come from the ISO standard's own list (the ``iso4217``
package); locale libraries disagree with it for IQD, AFN and others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

MAX_MINOR = 10**15
"""Largest absolute amount the system accepts, in minor units."""

# Currencies that donors' histories contain and the current ISO list no longer does
# (ISO 4217 list three): code -> exponent.
HISTORIC_EXPONENTS = {
    "ATS": 2, "BEF": 0, "BGN": 2, "CYP": 2, "DEM": 2, "EEK": 2, "ESP": 0, "FIM": 2, "FRF": 2,
    "GRD": 0, "HRK": 2, "IEP": 2, "ITL": 0, "LTL": 2, "LUF": 0, "LVL": 2, "MTL": 2, "NLG": 2,
    "PTE": 0, "ROL": 0, "SIT": 2, "SKK": 2, "TRL": 0, "VEB": 2, "ZMK": 2, "ANG": 2,
}  # fmt: skip

_AMOUNT = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]{1,4}))?", re.ASCII)
RATE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)
"""An exchange rate as text: at most 12 digits on either side of the point."""


class MoneyError(ValueError):
    """An amount, rate or currency that cannot be right; ``args[0]`` is a message key."""


class UnknownCurrency(MoneyError):
    """A code that is neither a current nor a historic ISO 4217 currency with a minor unit."""


@cache
def exponent(currency: str) -> int:
    """Return the number of decimals of ``currency`` (``"USD"`` -> 2).

    Raises ``UnknownCurrency`` for codes outside ISO 4217 and for metals and test codes, which
    have no minor unit.
    """
    from iso4217 import Currency

    if currency in HISTORIC_EXPONENTS:
        return HISTORIC_EXPONENTS[currency]
    try:
        found = Currency(currency).exponent
    except ValueError:
        found = None
    if found is None:
        raise UnknownCurrency("money.unknown_currency", currency)
    digits: int = found
    return digits


def parse_amount(text: str, currency: str) -> int:
    """Return the minor units of ``text`` (``"1250.00"``) in ``currency``.

    Accepts plain decimal digits only (no sign other than ``-``, exponent, separators or spaces)
    with at most the currency's number of decimals. Raises ``MoneyError`` otherwise.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise MoneyError("money.not_an_amount")
    sign, whole, fraction = match.groups()
    digits = exponent(currency)
    fraction = fraction or ""
    if len(fraction) > digits:
        raise MoneyError("money.too_many_decimals", currency, digits)
    minor: int = int(whole) * 10**digits + int(fraction.ljust(digits, "0") or "0")
    if minor > MAX_MINOR:
        raise MoneyError("money.too_large")
    return -minor if sign else minor


def format_amount(minor: int, currency: str) -> str:
    """Return ``minor`` as plain decimal text: ``format_amount(125000, "USD") == "1250.00"``."""
    digits = exponent(currency)
    text = str(abs(minor)).rjust(digits + 1, "0")
    if digits:
        text = f"{text[:-digits]}.{text[-digits:]}"
    return f"-{text}" if minor < 0 else text


def display(minor: int, currency: str) -> str:
    """Return ``minor`` for people, with thousands separated: ``"1,250.00 USD"``."""
    plain = format_amount(abs(minor), currency)
    whole, dot, fraction = plain.partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}{dot}{fraction} {currency}"


def to_minor(value: Decimal, currency: str) -> int:
    """Return ``value`` in minor units, rounded half up to the currency's exponent.

    Raises ``MoneyError`` for what is no number or beyond what the system accepts, however large.
    """
    if not value.is_finite():
        raise MoneyError("money.not_an_amount")
    # Asked before anything is computed: decimal has limits of its own for size and digits.
    if abs(value) > MAX_MINOR:
        raise MoneyError("money.too_large")
    digits = exponent(currency)
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    minor = int(rounded.scaleb(digits))
    if abs(minor) > MAX_MINOR:
        raise MoneyError("money.too_large")
    return minor


def parse_rate(text: str) -> Decimal:
    """Return an exchange rate: foreign units per one base unit, positive, at most 12 decimals."""
    if RATE.fullmatch(text) is None:
        raise MoneyError("money.not_a_rate")
    rate = Decimal(text)
    if rate <= 0:
        raise MoneyError("money.not_a_rate")
    return rate


def canonical_rate(rate: Decimal) -> str:
    """Return the one text form of ``rate``: no exponent, no trailing zeros (``"0.79"``)."""
    text = format(rate, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def convert(minor: int, currency: str, rate: Decimal, base: str) -> int:
    """Return ``minor`` of ``currency`` in minor units of ``base``, half up.

    ``rate`` is foreign units per base unit, as the UN publishes its operational rates.
    """
    foreign = Decimal(minor).scaleb(-exponent(currency))
    return to_minor(foreign / rate, base)


def allocate(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split ``total_minor`` in proportion to non-negative ``weights`` by largest remainder.

    The parts always sum to ``total_minor``; ties go to the earlier position, so callers order by
    id. Raises ``ValueError`` when there is something to split and all weights are zero.
    """
    if total_minor < 0:
        return [-part for part in allocate(-total_minor, weights)]
    whole = sum(weights)
    if whole <= 0:
        if total_minor == 0:
            return [0] * len(weights)
        raise ValueError("nothing to split over: all weights are zero")
    parts = [total_minor * weight // whole for weight in weights]
    remainders = [total_minor * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    for i in order[: total_minor - sum(parts)]:
        parts[i] += 1
    return parts
