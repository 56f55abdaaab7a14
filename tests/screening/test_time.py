"""Screening takes time in proportion to the text, whatever the text is."""

from __future__ import annotations

import re
from time import process_time

import pytest

from fundops.screening import screen

HOSTILE = {
    "letters": "a", "capitals": "A", "words": "a ", "names": "Amina ", "chain": "Aa-", "initials": "A. ",
    "digits": "1", "spaced": "1 ", "zeros": "0 ", "pairs": "12 ", "plus": "+1", "grouped": "+226 70-",
    "dots": "1.", "days": "12/03/", "month": "12 May ", "at": "@", "half": "a@", "mail": "a.", "apart": "a (at) ",
    "brackets": "(", "street": "12 Baker ", "rue": "rue ", "calle": "Calle 5 # ", "flat": "Flat ",
    "passport": "passport ", "number": "passport no ", "mrz": "P<AAA", "words3": "///ab.", "point": "1.2345, ",
    "degrees": "12° ", "link": "facebook.com/", "handle": "@ab", "born": "born ", "aged": "aged ",
    "years": "12 years ", "arabic": "و", "arabic names": "فاطمة ", "his name": "اسمها ", "han": "王",
    "aged han": "王小红(", "marks": "e\u0301", "only marks": "\u0301", "hidden": "\u200e", "lines": "\n",
    "iban": "CH93 0076 ", "code": "AB-1", "wide": "１", "named": "girl named ", "of": "of de la ",
}  # fmt: skip
SIZE = 2_000
TIMES = 8


def seconds(text: str) -> float:
    """Return the least processor time of two screenings."""
    taken = []
    for _ in range(2):
        start = process_time()
        screen(text)
        taken.append(process_time() - start)
    return min(taken)


def repeated(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size]


@pytest.fixture(scope="module", autouse=True)
def _read_words() -> None:
    screen("Warm up: +226 70 12 34 56, Ms Amina Diallo, فاطمة")


@pytest.mark.parametrize("name", ["initials", "plus", "half", "names", "zeros", "only marks"])
def test_hostile_text_takes_time_in_proportion(name: str) -> None:
    """What grows with the square would take 64 times as long for eight times the text."""
    small, large = (repeated(HOSTILE[name], size) for size in (SIZE, SIZE * TIMES))
    assert seconds(large) < 3 * TIMES * seconds(small) + 0.01, name


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_all_hostile_text_takes_time_in_proportion(name: str) -> None:
    test_hostile_text_takes_time_in_proportion(name)


def test_a_search_that_goes_back_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a pattern that begins anew at every letter grows with the square."""
    slow = re.compile(r"a*b")
    monkeypatch.setattr(f"{__name__}.screen", slow.findall)
    with pytest.raises(AssertionError):
        test_hostile_text_takes_time_in_proportion("letters")


def test_a_large_text_is_read_whole() -> None:
    """The last words of 100 kB of report are screened like the first."""
    body = "The training in Agadez reached 120 women at 12 500 FCFA each. " * 1_700
    found = screen(body + "Her telephone: 0712 345 678")
    assert [one.kind for one in found] == ["phone"]
