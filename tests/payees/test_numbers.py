"""Account numbers: which can be right, how they compare, what is shown of them."""

from __future__ import annotations

import pytest

from fundops.payees import numbers
from tests.payees.account_factories import an_iban

RIGHT = (
    "DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606",
    "NO9386011117947", "MT84MALT011000012345MTLCAST001S", "XK051212012345678906",
    "LC55HEMM000100010012001200023015", "AT611904300234573201", "SA0380000000608010167519",
)  # fmt: skip
"""Examples of the IBAN registry."""


@pytest.mark.parametrize("iban", RIGHT)
def test_ibans_of_the_registry_are_right_and_no_digit_may_differ(iban: str) -> None:
    assert numbers.is_iban(iban)
    for at in range(2, len(iban)):
        if iban[at].isdigit():
            changed = iban[:at] + str((int(iban[at]) + 1) % 10) + iban[at + 1 :]
            assert not numbers.is_iban(changed), changed
    for at in range(4, len(iban) - 1):
        if iban[at] != iban[at + 1]:
            swapped = iban[:at] + iban[at + 1] + iban[at] + iban[at + 2 :]
            assert not numbers.is_iban(swapped), swapped


@pytest.mark.parametrize(
    "wrong",
    [
        "", "DE", "DE8937040044053201300", "DE893704004405320130000", "US89370400440532013000",
        "de89370400440532013000", "DE89 3704 0044 0532 0130 00", "DEXX370400440532013000",
        "ZZ" + "0" * 20, "DE8937040044053201300\N{ARABIC-INDIC DIGIT ZERO}", "A" * 400,
    ],
)  # fmt: skip
def test_what_is_no_iban(wrong: str) -> None:
    assert not numbers.is_iban(wrong)


def test_check_digits_that_leave_the_same_remainder_are_refused() -> None:
    """01 and 98 leave one remainder, as do 00 and 97, 02 and 99; only one of each is issued."""
    for bban in (f"3704004405320{n:05d}" for n in range(200)):
        right = an_iban(bban)
        others = (f"DE{int(right[2:4]) + by:02d}{bban}" for by in (-97, 97))
        assert not any(numbers.is_iban(one) for one in others if len(one) == 22)
        assert numbers.is_iban(right)


def test_codes_of_banks() -> None:
    for right in ("COBADEFF", "COBADEFFXXX", "NWBKGB2L", "PCBKXKPR"):
        assert numbers.is_bic(right)
    for wrong in ("COBADEF", "COBADEFFX", "cobadeff", "COBAZZFF", "COBADEFFXXXX", "1234DEFF", ""):
        assert not numbers.is_bic(wrong)


def test_what_is_shown() -> None:
    assert numbers.masked("iban", "DE", "DE89370400440532013000") == "DE ••••3000"
    assert numbers.masked("local", "KE", "0712345678") == "KE ••••5678"
    assert numbers.masked("local", "KE", "1234567") == "KE ••••"
    assert numbers.masked("vendor", None, "10002345") == "••••2345"
    assert numbers.initials("Haven of Hope Society") == "H.o.H.S.".upper()
    assert len(numbers.initials("a " * 70)) <= 20


def test_what_parts_a_number_makes_no_other() -> None:
    assert numbers.bare("de89 3704.0044-0532/0130_00") == "DE89370400440532013000"
    local = numbers.compared("local", "KE", "123")
    others = {numbers.compared("local", "UG", "123"), numbers.compared("vendor", None, "123")}
    assert len(others | {local}) == 3
    assert numbers.is_told_by("pay DE89 3704 0044 0532 0130 00 now", "DE89370400440532013000")
    assert not numbers.is_told_by("12 months", "12")
