"""The cost of local spending: the worked example, and what holds over any history."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops import money
from fundops.reports import conversion
from fundops.reports.conversion import AVERAGE, FIRST_IN, METHODS, Basis, Exchanged, Spent
from tests.depth import DEPTH

DAY = date(2026, 1, 1)
JUNE, SEPTEMBER, DECEMBER = date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)
TRANCHES = (
    Exchanged(date(2026, 4, 10), 10_000_00, 400_000_00),
    Exchanged(date(2026, 8, 5), 10_000_00, 440_000_00),
)

amounts = st.integers(1, 10**9)
receipts = st.lists(
    st.builds(
        Exchanged,
        st.integers(0, 60).map(lambda days: DAY + timedelta(days=days)),
        amounts,
        amounts,
    ),
    min_size=1,
    max_size=6,
)
reported = st.lists(st.lists(st.integers(0, 10**8), min_size=1, max_size=4), max_size=6)


class Books:
    """Reports as they are accepted one after another, each with its difference line."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.spent: list[Spent] = []
        self.booked = 0

    def report(self, received: list[Exchanged], until: date, *lines: int, refused: int = 0) -> int:
        """Accept a report but for ``refused`` of what it came to; return its difference."""
        before = sum(one.local_minor for one in self.spent)
        known = conversion.basis(self.method, received, until, before + sum(lines))
        costs = conversion.lines_of(known, before, lines)
        assert all(cost >= 0 for cost in costs)
        taken = sum(costs) - min(refused, sum(costs))
        self.spent.append(Spent(sum(lines), sum(costs), taken))
        found = conversion.difference(known, self.spent, self.booked + taken)
        self.booked += taken + found
        return found


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # July to September spends 200,000.00 at the first rate, then 100,000.00 at the second.
        (FIRST_IN, [(7_500_00, 0), (4_772_73, 0), (7_727_27, 0)]),
        # The second tranche changes the average of what was spent before it: a gain of 357.14.
        (AVERAGE, [(7_500_00, 0), (4_761_90, -357_14), (8_095_24, 0)]),
    ],
)
def test_the_worked_example(method: str, expected: list[tuple[int, int]]) -> None:
    books, found = Books(method), []
    for until, local in ((JUNE, 300_000_00), (SEPTEMBER, 200_000_00), (DECEMBER, 340_000_00)):
        received = [one for one in TRANCHES if one.received_on <= until]
        difference = books.report(received, until, local)
        found.append((books.spent[-1].reported_minor, difference))
    assert found == expected
    assert books.booked == 20_000_00, "all that was received is spent, and all of it charged"


def test_prefinanced_spending_is_trued_up_by_a_line_of_its_own() -> None:
    books = Books(FIRST_IN)
    assert books.report([TRANCHES[0]], JUNE, 500_000_00) == 0
    assert books.booked == 12_500_00, "100,000.00 beyond the tranche, at the rate of that tranche"
    # The next tranche came at 44: the 100,000.00 cost 2,272.73 and not 2,500.00.
    assert books.report(list(TRANCHES), SEPTEMBER, 44_000_00) == -227_27
    assert books.spent[-1].reported_minor == 1_000_00
    assert books.booked == 10_000_00 + 2_272_73 + 1_000_00


def test_a_tranche_after_the_period_counts_only_where_it_covers_spending() -> None:
    for method in METHODS:
        early = conversion.basis(method, TRANCHES, JUNE, 400_000_00)
        assert early.received == TRANCHES[:1]
        late = conversion.basis(method, TRANCHES, JUNE, 400_000_01)
        assert late.received == TRANCHES


def test_without_any_money_the_rate_on_record_counts_or_nothing_does() -> None:
    on_record = conversion.base_per_local(Decimal("41.25"), "UAH", "USD")
    assert Basis(FIRST_IN, (), on_record).cost(41_25) == 1_00
    yen = conversion.base_per_local(Decimal("150"), "JPY", "USD")
    assert Basis(AVERAGE, (), yen).cost(150) == 1_00, "yen have no decimals"
    assert Basis(AVERAGE, ()).cost(0) == 0
    with pytest.raises(conversion.NoRate):
        Basis(AVERAGE, ()).cost(1)
    with pytest.raises(ValueError, match="last_in"):
        conversion.basis("last_in", [], JUNE, 0)


def test_what_is_refused_is_refused_at_what_it_cost() -> None:
    books = Books(FIRST_IN)
    assert books.report(list(TRANCHES), SEPTEMBER, 400_000_00, 44_000_00, refused=2_000_00) == 0
    assert books.booked == 9_000_00
    assert books.report(list(TRANCHES), SEPTEMBER, 44_000_00) == 0
    assert books.booked == 10_000_00


def test_rates_that_stray_are_told_from_those_that_do_not() -> None:
    on_record = Fraction(1, 40)
    for local, strays, thousandths in ((40, False, 0), (44, False, -91), (45, True, -111)):
        rate = Fraction(1, local)
        assert conversion.strays(rate, on_record, 10) is strays, local
        assert conversion.parts_per_thousand(rate, on_record) == thousandths
    assert conversion.strays(Fraction(1, 36), on_record, 10), "as many local units too few"


@settings(max_examples=34 * DEPTH)
@given(st.sampled_from(METHODS), receipts, reported)
def test_what_is_charged_is_what_all_local_spending_cost(
    method: str, received: list[Exchanged], reports: list[list[int]]
) -> None:
    """Whatever came when: after each report the charge is the exact cost, rounded once."""
    books = Books(method)
    for number, lines in enumerate(reports):
        until = DAY + timedelta(days=10 * number)
        known = [one for one in received if one.received_on <= until] or received[:1]
        books.report(known, until, *lines)
        local = sum(one.local_minor for one in books.spent)
        final = conversion.basis(method, known, until, local)
        assert books.booked == final.cost(local)
        covered = sum(one.local_minor for one in final.received)
        base = sum(one.base_minor for one in final.received)
        if local <= covered:
            assert books.booked <= base
        else:
            prefinanced = (local - covered) * final.received[-1].rate
            assert books.booked == conversion.half_up(base + prefinanced)


@settings(max_examples=34 * DEPTH)
@given(st.sampled_from(METHODS), receipts, st.data())
def test_all_received_and_spent_is_all_charged_in_whatever_order(
    method: str, received: list[Exchanged], data: st.DataObject
) -> None:
    """Spending all there is costs all there is, however it is cut into reports and lines."""
    left = sum(one.local_minor for one in received)
    base = sum(one.base_minor for one in received)
    until = DAY + timedelta(days=99)
    parts = []
    for _ in range(data.draw(st.integers(0, 4))):
        parts.append(data.draw(st.integers(0, left)))
        left -= parts[-1]
    parts.append(left)
    books, shuffled = Books(method), Books(method)
    for part in parts:
        assert books.report(received, until, part) == 0, "nothing became known later"
    other = data.draw(st.permutations(received))
    total = conversion.basis(method, other, until, sum(parts))
    days = [one.received_on for one in received]
    if method == AVERAGE or len(set(days)) == len(days):
        assert total.exact(parts[0]) == conversion.basis(method, received, until, sum(parts)).exact(
            parts[0]
        )
    for part in data.draw(st.permutations(parts)):
        shuffled.report(received, until, part)
    assert books.booked == shuffled.booked == base


@settings(max_examples=34 * DEPTH)
@given(st.sampled_from(METHODS), receipts, reported, st.integers(0, 5), amounts)
def test_a_correction_replays_to_what_the_right_history_gives(
    method: str, received: list[Exchanged], reports: list[list[int]], at: int, local: int
) -> None:
    """A wrong rate, corrected after some reports, leaves no trace in the total."""
    wrong = [Exchanged(received[0].received_on, received[0].base_minor, local), *received[1:]]
    until = DAY + timedelta(days=99)
    books, right = Books(method), Books(method)
    for number, lines in enumerate([*reports, [0]]):
        books.report(wrong if number < min(at, len(reports)) else received, until, *lines)
        right.report(received, until, *lines)
    assert books.booked == right.booked


@settings(max_examples=34 * DEPTH)
@given(receipts, reported, st.lists(st.integers(0, 10**8), min_size=6, max_size=6))
def test_partly_accepted_reports_are_never_charged_beyond_their_cost(
    received: list[Exchanged], reports: list[list[int]], refused: list[int]
) -> None:
    """Refusing costs the grantee what is refused and nothing else; no difference arises of it."""
    books, whole = Books(FIRST_IN), Books(FIRST_IN)
    until = DAY + timedelta(days=99)
    for lines, less in zip(reports, refused, strict=False):
        assert books.report(received, until, *lines, refused=less) == 0
        whole.report(received, until, *lines)
    assert books.booked == sum(one.accepted_minor for one in books.spent)
    assert books.booked <= whole.booked


def test_the_page_shows_what_the_conversion_gives() -> None:
    page = (Path(__file__).parents[2] / "docs" / "face.md").read_text(encoding="utf-8")
    for row in the_example():
        assert row in page, row


def the_example() -> list[str]:
    """Return the rows of the example's table."""
    found = []
    for method in METHODS:
        books = Books(method)
        for until, local in ((JUNE, 300_000_00), (SEPTEMBER, 200_000_00), (DECEMBER, 340_000_00)):
            received = [one for one in TRANCHES if one.received_on <= until]
            difference = books.report(received, until, local)
            shown = [
                money.display(minor, currency)
                for minor, currency in (
                    (local, "UAH"), (books.spent[-1].reported_minor, "USD"), (difference, "USD"),
                    (books.booked, "USD"),
                )
            ]  # fmt: skip
            found.append(f"| `{method}` | {until:%d %B} | {' | '.join(shown)} |")
    return found
