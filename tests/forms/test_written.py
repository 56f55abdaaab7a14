"""Numbers and dates written as text: taken when they mean one thing, asked about otherwise."""

from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.forms.written import NotWritten, Unclear, day, number, western


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1250", "1250"),
        (" 1250.50 ", "1250.50"),
        ("1250,5", "1250.5"),
        ("1,250.50", "1250.50"),
        ("1.250,50", "1250.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("12,34,567", "1234567"),
        ("12,34,567.8", "1234567.8"),
        ("1 250", "1250"),
        ("1\u00a0250,75", "1250.75"),
        ("1\u202f250\u202f000", "1250000"),
        ("1'250.75", "1250.75"),
        ("1\u2019250", "1250"),
        ("1 250.125", "1250.125"),
        ("0,125", "0.125"),
        ("0.125", "0.125"),
        ("12,5", "12.5"),
        ("1234,567", "1234.567"),
        ("12.3456", "12.3456"),
        ("-5", "-5"),
        ("\u22125,5", "-5.5"),
        ("+7", "7"),
        ("٢٥٠", "250"),
        ("١٬٢٥٠٫٧٥", "1250.75"),
        ("۱۲۳۴٫۵", "1234.5"),
        ("१२.५", "12.5"),
        ("\u200f250\u200e", "250"),
    ],
)
def test_what_means_one_number_is_taken(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("1,250", "1250", "1.250"),
        ("1.250", "1250", "1.250"),
        ("999,999", "999999", "999.999"),
        ("-12,500", "12500", "12.500"),
        ("٣,٢٥٠", "3250", "3.250"),
    ],
)
def test_what_may_mean_two_numbers_is_asked_about(text: str, one: str, other: str) -> None:
    with pytest.raises(Unclear) as unclear:
        number(text)
    assert unclear.value.args == (one, other)


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "n/a", "ten", "1,2,3", "1.2.3", "1 23", "1 234 5", "12 34", "1,250.5.5", "5,",
        ",5", "1..2", "1e5", "0x10", "NaN", "Infinity", "1_000", "½", "²", "1,25.000", "--1", "1-2",
        "1" * 30, "12a,345", "1.234 567", "1,234.567,8",
    ],
)  # fmt: skip
def test_what_is_no_number_is_not_taken(text: str) -> None:
    with pytest.raises(NotWritten):
        number(text)


GROUPS = {",": ".", ".": ",", " ": ",", "'": ".", "\u00a0": ",", "\u202f": ","}


@given(
    st.integers(-(10**12), 10**12),
    st.integers(0, 4),
    st.sampled_from([*GROUPS, ""]),
    st.sampled_from(["latin", "arabic", "persian"]),
)
def test_a_number_written_in_any_locale_is_never_read_as_another(
    digits: int, places: int, group: str, script: str
) -> None:
    """The heart of it: right, or asked about; never a thousand times more or less."""
    value = Decimal(digits).scaleb(-places)
    plain = f"{value:,.{places}f}" if group else f"{value:.{places}f}"
    mark = GROUPS.get(group, ".")
    text = plain.replace(",", "G").replace(".", mark).replace("G", group)
    zero = {"latin": "0", "arabic": "٠", "persian": "۰"}[script]
    text = "".join(chr(ord(zero) + int(char)) if char.isdigit() else char for char in text)
    try:
        meant = {number(text)}
    except Unclear as unclear:
        sign = -1 if value < 0 else 1
        meant = {sign * Decimal(one) for one in unclear.args}
    assert value in meant


def test_a_reader_that_guesses_would_be_noticed() -> None:
    """The rule that the property rests on: the guess of one locale is wrong in another."""
    guess = Decimal("1.250".replace(".", ""))
    assert guess != Decimal("1.250")
    with pytest.raises(Unclear):
        number("1.250")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-31", date(2026, 3, 31)),
        ("2026-3-1", date(2026, 3, 1)),
        ("2026/03/31", date(2026, 3, 31)),
        ("2026-03-31T00:00:00", date(2026, 3, 31)),
        ("31.03.2026", date(2026, 3, 31)),
        ("1. 3. 2026", date(2026, 3, 1)),
        ("04.03.2026", date(2026, 3, 4)),
        ("31/12/2026", date(2026, 12, 31)),
        ("12/31/2026", date(2026, 12, 31)),
        ("5/5/2026", date(2026, 5, 5)),
        ("31-12-2026", date(2026, 12, 31)),
        ("٣١/١٢/٢٠٢٦", date(2026, 12, 31)),
    ],
)
def test_what_means_one_day_is_taken(text: str, value: date) -> None:
    assert day(text) == value


def test_what_may_mean_two_days_is_asked_about() -> None:
    with pytest.raises(Unclear) as unclear:
        day("03/04/2026")
    assert unclear.value.args == ("2026-04-03", "2026-03-04")


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "31.02.2026", "03.14.2026", "31/31/2026", "1/1/26", "2026-13-01", "2026",
     "31 March 2026", "0000-01-01"],
)  # fmt: skip
def test_what_is_no_day_is_not_taken(text: str) -> None:
    with pytest.raises(NotWritten):
        day(text)


@given(st.text(max_size=40))
def test_no_text_does_worse_than_not_being_a_number_or_a_day(text: str) -> None:
    for read in (number, day):
        with contextlib.suppress(Unclear, NotWritten):
            read(text)
    assert western(western(text)) == western(text)
