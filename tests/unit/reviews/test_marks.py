"""Marks as text, and the seal over a review."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.reviews.marks import parsed, seal, shown

A, B = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [("3", 300), ("3.5", 350), ("3,05", 305), (" 0.01 ", 1), ("-1.50", -150), ("0", 0)],
)
def test_scores_are_read_exactly(text: str, hundredths: int) -> None:
    assert parsed(text) == hundredths


@pytest.mark.parametrize(
    "text", ["", "x", "3.", ".5", "3.555", "1e2", "٣", "+3", "3 4", "12345678", "--1", "NaN"]
)
def test_what_is_no_score_is_none(text: str) -> None:
    assert parsed(text) is None


@given(st.integers(-999_999_999, 999_999_999))
def test_what_is_shown_is_read_back(hundredths: int) -> None:
    text = shown(hundredths)
    assert text is not None
    assert parsed(text) == hundredths


def test_nothing_is_shown_of_nothing() -> None:
    assert shown(None) is None


def test_a_seal_covers_every_mark_in_any_order() -> None:
    marks = [(A, 300, "because"), (B, None, "cannot say")]
    sealed = seal(A, 1, 5_000, marks)
    assert seal(A, 1, 5_000, marks[::-1]) == sealed
    for other in (
        seal(B, 1, 5_000, marks),
        seal(A, 2, 5_000, marks),
        seal(A, 1, None, marks),
        seal(A, 1, 5_000, [(A, 301, "because"), marks[1]]),
        seal(A, 1, 5_000, [(A, 300, "because."), marks[1]]),
        seal(A, 1, 5_000, [marks[0], (B, 0, "cannot say")]),
        seal(A, 1, 5_000, marks[:1]),
    ):
        assert other != sealed
