"""Cells and quirks: exact values from texts, and nothing from anything else."""

from __future__ import annotations

import struct
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.imports import cells, quirks
from fundops.imports.cells import Unreadable
from fundops.imports.profile import FieldRule
from fundops.imports.records import People

PLAIN = FieldRule(column="x")
DATED = FieldRule(column="x", formats=["%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d"])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1E+08", "100000000"),
        ("1.065259E+07", "10652590"),
        ("2083330.0000", "2083330"),
        ("0.0", "0"),
        ("1987987.952", "1987987.952"),
        ("5.", "5"),
        ("-3", "-3"),
        ("12e-1", "1.2"),
    ],
)
def test_numbers_are_exact(text: str, number: str) -> None:
    assert cells.parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1,000", "1 000", "NaN", "Infinity", "1_000", "0x1", "١٢", "1E+999", "--1", "1.2.3"],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        cells.parse_number(text)
    assert caught.value.code == "not_a_number"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1987987.952", "AUD", 198798795),
        ("39999999.5", "ISK", 40000000),
        ("39999999.49", "ISK", 39999999),
        ("0.005", "USD", 1),
        ("12.3456", "KWD", 12346),
        ("7.5", "EEK", 750),
        ("1E+08", "USD", 10_000_000_000),
    ],
)
def test_amounts_round_half_up_to_the_minor_unit(text: str, currency: str, minor: int) -> None:
    assert cells.parse_amount(text, PLAIN, currency).value == minor


@given(st.integers(0, 10**14), st.sampled_from(["USD", "ISK", "KWD"]))
def test_amounts_survive_writing_and_reading(minor: int, currency: str) -> None:
    from fundops.money import format_amount

    value = cells.parse_amount(format_amount(minor, currency), PLAIN, currency)
    assert value.value == minor
    scientific = f"{Decimal(format_amount(minor, currency)):E}"
    assert cells.parse_amount(scientific, PLAIN, currency).value == minor
    assert cells.parse_amount(scientific, PLAIN, currency).canonical == value.canonical


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("-1", "USD", "negative_amount"),
        ("1E+20", "USD", "amount_too_large"),
        ("5", "", "amount_without_currency"),
        ("x", "USD", "not_a_number"),
    ],
)
def test_amounts_that_cannot_be_are_refused(text: str, currency: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        cells.parse_amount(text, PLAIN, currency)
    assert caught.value.code == code


def test_no_amount_needs_no_currency() -> None:
    assert cells.parse_amount("0.0", PLAIN, "").value is None
    assert cells.parse_amount("", PLAIN, "USD").value is None


@given(st.integers(1, 10**10))
def test_seven_digits_hide_no_more_than_is_said(minor: int) -> None:
    """What a single-precision source prints is within the stated rounding of the true amount."""
    true = Decimal(minor).scaleb(-2)
    single = struct.unpack("f", struct.pack("f", float(true)))[0]
    printed = Decimal(f"{single:.7g}")
    rule = FieldRule(column="x", seven_digits=True)
    value = cells.parse_amount(str(printed), rule, "USD")
    assert abs(value.value - minor) <= value.rounding_minor


def test_seven_digits_say_nothing_of_small_amounts() -> None:
    assert cells.seven_digit_rounding(Decimal("99999.99"), "USD") == 0
    assert cells.seven_digit_rounding(Decimal("0"), "USD") == 0
    assert cells.seven_digit_rounding(Decimal("1498155"), "USD") == 57


def test_dates_follow_the_formats_of_the_profile() -> None:
    assert cells.parse_date("3/1/2026 12:00:00 AM", DATED).value == date(2026, 3, 1)
    assert cells.parse_date("2020-02-29", DATED).value == date(2020, 2, 29)
    assert cells.parse_date("", DATED).value is None
    typed = cells.parse_date("2026-03-01T10:20:44", DATED, typed=True)
    assert typed.value == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2021-02-29", "not_a_date"),
        ("13/1/2026 12:00:00 AM", "not_a_date"),
        ("2026-03-01T10:20:44", "not_a_date"),
        ("1900-01-01", "implausible_date"),
        ("2101-01-01", "implausible_date"),
    ],
)
def test_what_is_no_date_is_refused(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        cells.parse_date(text, DATED)
    assert caught.value.code == code


def test_currencies_dead_ones_too() -> None:
    assert cells.parse_currency("EEK").value == "EEK"
    assert cells.parse_currency("").value is None
    for code in ("EUR ", "eur", "XXX", "ZZZ"):
        with pytest.raises(Unreadable):
            cells.parse_currency(code)


def test_rates_are_canonical_and_zero_is_none() -> None:
    assert cells.parse_rate("0.790").value == "0.79"
    assert cells.parse_rate("1.0").value == "1"
    assert cells.parse_rate("0.0").value is None
    with pytest.raises(Unreadable):
        cells.parse_rate("-1")


def test_counts_years_people_and_packed_cells() -> None:
    assert cells.parse_integer("12.0").value == 12
    assert cells.parse_year("2018").value == 2018
    assert cells.parse_people("1##2##3##4").value == People(1, 2, 3, 4)
    packed = cells.parse_packed("a.pdf##1##|||b.pdf##2##")
    assert packed.value == (("a.pdf", "1"), ("b.pdf", "2"))
    words = cells.parse_words("FAO; WHO;", FieldRule(column="x", separator=";"))
    assert words.value == ("FAO", "WHO")
    for text in ("1##2##3", "1##2##3##x", "1##2##3##", "a"):
        with pytest.raises(Unreadable):
            cells.parse_people(text)
    for text in ("1.5", "-1", "18O"):
        with pytest.raises(Unreadable):
            cells.parse_integer(text)
    with pytest.raises(Unreadable):
        cells.parse_year("218")


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("strip", "EUR ", "EUR"),
        ("collapse_spaces", " a\t b\n\u00a0c ", "a b c"),
        ("unescape_html", "A &amp; B &lt;5 &#233; &amp;amp;amp; C", "A & B <5 é & C"),
        ("unescape_html", "AT&T R&D &copy=1", "AT&T R&D &copy=1"),
        ("upper", "usd", "USD"),
        ("sentinel_date", "0001-01-01T00:00:00", ""),
        ("sentinel_date", "1/1/0001 12:00:00 AM", ""),
        ("sentinel_date", "1900-01-01", ""),
        ("sentinel_date", "1900-01-02", "1900-01-02"),
        ("first_word", "USD dollars", "USD"),
        ("decimal_comma", "1.234,50", "1234.50"),
        ("blank_when:NA", "NA", ""),
        ("blank_when:NA", "NAB", "NAB"),
        ("remove_prefix:XM-", "XM-A-XM-", "A-XM-"),
        ("before:-", "4- Likely - yes", "4"),
        ("remove:,", "1,234,567.8", "1234567.8"),
        ("pad_number:8", "12050", "00012050"),
        ("pad_number:8", "3304625940", "3304625940"),
        ("pad_number:8", "AFG23-15062", "AFG23-15062"),
        ("fixed_decimals:4", "4394.544", "4394.5440"),
        ("fixed_decimals:4", "4394", "4394.0000"),
        ("fixed_decimals:4", "a.b", "a.b"),
    ],
)
def test_each_quirk_corrects_its_habit(spec: str, before: str, after: str) -> None:
    assert quirks.quirk(spec)(before) == after


@pytest.mark.parametrize(
    "spec", ["", "nothing", "strip:x", "before", "before:", "pad_number:x", "pad_number:99"]
)
def test_an_unknown_quirk_is_refused(spec: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the spec is all it says
        quirks.quirk(spec)
    assert caught.value.args == (spec,)


@pytest.mark.parametrize("name", sorted(quirks.PLAIN))
@given(text=st.text(max_size=30))
def test_quirks_never_fail_and_settle(name: str, text: str) -> None:
    once = quirks.quirk(name)(text)
    if name not in {"decimal_comma", "upper"}:
        assert quirks.quirk(name)(once) == once
