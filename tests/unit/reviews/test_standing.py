"""Places with ties, and a funding line that never divides a tie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.reviews.standing import (
    CODES,
    UNSCORED,
    Line,
    Standing,
    codes,
    places,
    standing_table,
)
from fundops.reviews.verdict import Key, ordered

SCORES: dict[Key, int] = {"a": 9000, "b": 8000, "c": 8000, "d": 7000, "e": 6000}
ABOVE, TIED, BELOW = Standing.ABOVE, Standing.TIED, Standing.BELOW
tables = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 5), min_size=1)


def test_ties_share_a_place() -> None:
    assert [(key, place.label) for key, place in places(SCORES).items()] == [
        ("a", "1"), ("b", "=2"), ("c", "=2"), ("d", "4"), ("e", "5"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (Line(0), (BELOW, BELOW, BELOW, BELOW, BELOW)),
        (Line(1), (ABOVE, TIED, TIED, BELOW, BELOW)),
        (Line(2), (ABOVE, TIED, TIED, BELOW, BELOW)),
        (Line(3), (ABOVE, ABOVE, ABOVE, BELOW, BELOW)),
        (Line(9), (ABOVE,) * 5),
        (
            Line(90, {"a": 50, "b": 20, "c": 20, "d": 30, "e": 1}),
            (ABOVE, ABOVE, ABOVE, BELOW, BELOW),
        ),
        (Line(89, {"a": 50, "b": 20, "c": 20, "d": 30, "e": 1}), (ABOVE, TIED, TIED, BELOW, BELOW)),
        (Line(49, {"a": 50, "b": 20, "c": 20, "d": 30, "e": 1}), (BELOW,) * 5),
    ],
)
def test_a_line_goes_down_the_list(line: Line, expected: tuple[Standing, ...]) -> None:
    assert tuple(line(SCORES)[key] for key in SCORES) == expected


def test_impossible_lines_are_refused() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        Line(-1)
    with pytest.raises(ValueError, match="zero or more"):
        Line(1, {"a": -1})
    with pytest.raises(KeyError):
        Line(1, {"b": 1})({"a": 5})


@given(tables)
def test_places_are_one_more_than_those_ahead(scores: dict[Key, int]) -> None:
    for key, place in places(scores).items():
        assert place.number == 1 + sum(other > scores[key] for other in scores.values())
        assert place.sharing == sum(other == scores[key] for other in scores.values())
        assert place.label.startswith("=") == (place.sharing > 1)


@given(tables, st.data())
def test_many_rankings_at_once_are_each_ranking(
    scores: dict[Key, int], data: st.DataObject
) -> None:
    keys = ordered(scores)
    amounts: dict[Key, int] = {key: data.draw(st.integers(0, 4)) for key in keys}
    line = Line(data.draw(st.integers(0, 12)), amounts)
    rows = [[scores[key] for key in keys]]
    rows.append([data.draw(st.sampled_from((UNSCORED, 0, 1, 2))) for _ in keys])
    table = standing_table(np.array(rows), np.array([amounts[key] for key in keys]), line.available)
    for row, found in zip(rows, table, strict=True):
        there: dict[Key, int] = {
            key: score for key, score in zip(keys, row, strict=True) if score != UNSCORED
        }
        expected = line(there)
        assert [CODES[code] for code in found] == [
            expected.get(key, Standing.UNRANKED) for key in keys
        ]
    assert (codes(np.array(rows), keys, line) == table).all()
    assert (codes(np.array(rows), keys, lambda asked: line(asked)) == table).all()


@given(tables, st.integers(0, 9))
def test_a_line_never_funds_more_than_there_is(scores: dict[Key, int], available: int) -> None:
    found = Line(available)(scores)
    assert sum(one is ABOVE for one in found.values()) <= available
    worst = min((scores[k] for k, one in found.items() if one is ABOVE), default=99)
    assert all(scores[k] < worst for k, one in found.items() if one is not ABOVE)
