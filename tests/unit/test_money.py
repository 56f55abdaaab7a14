"""Money: exact amounts, the currencies' own decimals, limits, and splits that always sum."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops import money
from fundops.money import MAX_MINOR, MoneyError

CURRENCIES = ("USD", "JPY", "KWD", "CLF", "EEK", "ITL")
minors = st.integers(-MAX_MINOR, MAX_MINOR)
currencies = st.sampled_from(CURRENCIES)
weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("USD", 2),
        ("JPY", 0),
        ("KWD", 3),
        ("CLF", 4),
        ("IQD", 3),
        ("AFN", 2),
        ("EEK", 2),
        ("ITL", 0),
    ],
)
def test_decimals_are_the_standards_own(currency: str, digits: int) -> None:
    assert money.exponent(currency) == digits


@pytest.mark.parametrize("currency", ["", "usd", "XXX", "XAU", "ZZZ", "US", "USDX"])
def test_what_is_no_currency_with_a_minor_unit_is_refused(currency: str) -> None:
    with pytest.raises(money.UnknownCurrency):
        money.exponent(currency)


@given(minors, currencies)
def test_amounts_survive_being_written_and_read(minor: int, currency: str) -> None:
    assert money.parse_amount(money.format_amount(minor, currency), currency) == minor


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "+1", "1,000", "1e3", ".5", "1.", "1.005", "--1", "NaN", "١", "1_000"]
)
def test_only_plain_decimal_text_is_an_amount(text: str) -> None:
    with pytest.raises(MoneyError):
        money.parse_amount(text, "USD")


def test_the_largest_amount_and_the_next_one() -> None:
    largest = money.format_amount(MAX_MINOR, "USD")
    assert money.parse_amount(largest, "USD") == MAX_MINOR
    assert money.to_minor(Decimal(largest), "USD") == MAX_MINOR
    beyond = money.format_amount(MAX_MINOR + 1, "USD")
    with pytest.raises(MoneyError, match="too_large"):
        money.parse_amount(beyond, "USD")
    for sign in (1, -1):
        with pytest.raises(MoneyError, match="too_large"):
            money.to_minor(sign * Decimal(beyond), "USD")


@pytest.mark.parametrize(
    "value", ["1e15", "1e16", "-1e28", "1e30", "1e400", "1e999999", "9" * 40, "-" + "9" * 200]
)
@pytest.mark.parametrize("currency", CURRENCIES)
def test_huge_values_are_too_large_and_nothing_else(value: str, currency: str) -> None:
    if value == "1e15" and money.exponent(currency) == 0:
        assert money.to_minor(Decimal(value), currency) == MAX_MINOR
        return
    with pytest.raises(MoneyError, match="too_large"):
        money.to_minor(Decimal(value), currency)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_amount(value: str) -> None:
    with pytest.raises(MoneyError, match="not_an_amount"):
        money.to_minor(Decimal(value), "USD")


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        ("0.005", 1), ("-0.005", -1), ("0.0049999999999999999999999999999999999999", 0),
        ("1.015", 102), ("1e-999999", 0), ("0e400", 0),
        ("9999999999999.994999999999999999999999999999999", 999999999999999),
        ("1987987.952", 198798795),
    ],
)  # fmt: skip
def test_rounding_is_half_up_and_happens_once(value: str, minor: int) -> None:
    assert money.to_minor(Decimal(value), "USD") == minor


@given(minors, currencies)
def test_whole_minor_units_are_never_rounded(minor: int, currency: str) -> None:
    value = Decimal(minor).scaleb(-money.exponent(currency))
    assert money.to_minor(value, currency) == minor


@given(st.decimals(allow_nan=False, allow_infinity=False), currencies)
def test_any_decimal_is_an_amount_within_half_a_unit_or_too_large(
    value: Decimal, currency: str
) -> None:
    if value.copy_abs() > Decimal(MAX_MINOR).scaleb(-money.exponent(currency)) + 1:
        with pytest.raises(MoneyError, match="too_large"):
            money.to_minor(value, currency)
    elif value.copy_abs() < Decimal(MAX_MINOR - 1).scaleb(-money.exponent(currency)):
        minor = money.to_minor(value, currency)
        assert 2 * abs(minor - value.scaleb(money.exponent(currency))) <= Decimal("1.0000000001")


def test_display_groups_thousands() -> None:
    assert money.display(-123_456_789, "USD") == "-1,234,567.89 USD"
    assert money.display(1_234, "JPY") == "1,234 JPY"


@pytest.mark.parametrize("text", ["0", "0.0", "-1", "", "1e3", "1,2", "1" * 13, "1." + "1" * 13])
def test_a_rate_is_a_plain_positive_decimal(text: str) -> None:
    with pytest.raises(MoneyError, match="not_a_rate"):
        money.parse_rate(text)


@given(st.integers(1, 10**12).map(lambda n: Decimal(n).scaleb(-6)))
def test_a_rate_has_one_text(rate: Decimal) -> None:
    text = money.canonical_rate(rate)
    assert money.parse_rate(text) == rate
    assert money.canonical_rate(money.parse_rate(text)) == text
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))


def test_conversion_divides_by_foreign_units_per_base_unit() -> None:
    assert money.convert(80_00, "EUR", Decimal("0.8"), "USD") == 100_00
    assert money.convert(10_000_000, "ISK", Decimal("66.67"), "USD") == 149_992_50
    assert money.convert(1, "KWD", Decimal("0.3"), "USD") == 0


@given(minors, weights)
def test_parts_always_sum_and_are_within_one_unit_of_their_share(
    total: int, shares: list[int]
) -> None:
    if not sum(shares):
        if total:
            with pytest.raises(ValueError, match="weights are zero"):
                money.allocate(total, shares)
        else:
            assert money.allocate(total, shares) == [0] * len(shares)
        return
    parts = money.allocate(total, shares)
    assert sum(parts) == total
    for part, share in zip(parts, shares, strict=True):
        assert abs(part * sum(shares) - total * share) < sum(shares)
        assert part == 0 or share > 0


@given(st.integers(0, MAX_MINOR), weights)
def test_a_negative_total_is_the_mirror(total: int, shares: list[int]) -> None:
    if sum(shares):
        assert money.allocate(-total, shares) == [-part for part in money.allocate(total, shares)]


@given(st.integers(0, MAX_MINOR), st.integers(1, 50))
def test_ties_go_to_the_earlier_position(total: int, count: int) -> None:
    parts = money.allocate(total, [1] * count)
    assert parts == sorted(parts, reverse=True)
    assert max(parts) - min(parts) <= 1


def test_largest_remainder_by_hand() -> None:
    assert money.allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert money.allocate(10, [3, 3, 1]) == [4, 4, 2]
    assert money.allocate(1, [0, 5, 5]) == [0, 1, 0]
