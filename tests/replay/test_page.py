"""The page on real input says what the tests of this folder find, to the cent."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.replay.exceptions import EXCEPTIONS, as_booked
from tests.replay.iati import COMMITMENT, DISBURSEMENT, REIMBURSEMENT, fund_of, transactions
from tests.replay.workflow import REFUSED, duty_of, events, project_machine


@pytest.fixture
def page(pytestconfig: pytest.Config) -> str:
    """Give the page."""
    return (pytestconfig.rootpath / "docs" / "real-input.md").read_text(encoding="utf-8")


def rows_under(page: str, head: str) -> list[str]:
    """Return the rows of the table that begins with a line."""
    assert page.count(head) == 1
    return page[page.index(head) :].split("\n\n")[0].rstrip().splitlines()[2:]


def line(*cells: object) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(str(one) for one in cells)} |"


def amount(minor: int) -> str:
    """Return cents as the page writes them."""
    return f"{minor // 100:,}.{minor % 100:02}"


def test_the_figures_of_each_fund(real_data: Path, page: str) -> None:
    counts: dict[str, Counter[str]] = {}
    minor: dict[str, Counter[str]] = {}
    for one in map(as_booked, transactions(real_data)):
        if one is not None:
            for name in (fund_of(one.project), "all"):
                counts.setdefault(name, Counter())[one.kind] += 1
                minor.setdefault(name, Counter())[one.kind] += one.minor
    expected = [
        line(
            name,
            *(counts[name][kind] for kind in (COMMITMENT, DISBURSEMENT, REIMBURSEMENT)),
            *(amount(minor[name][kind]) for kind in (COMMITMENT, DISBURSEMENT, REIMBURSEMENT)),
            amount(minor[name][COMMITMENT] - minor[name][DISBURSEMENT]),
        )
        for name in (*sorted(set(counts) - {"all"}), "all")
    ]
    assert rows_under(page, "| fund |") == expected


def test_what_was_refused(real_data: Path, page: str) -> None:
    asked = {(one.project, one.reference, one.on): one for one in transactions(real_data)}
    assert rows_under(page, "| grant |") == [
        line(
            f"`{one.project}`",
            one.reference,
            one.on,
            amount(asked[one.project, one.reference, one.on].minor),
            f"`{one.problem}`: {one.reason}",
            "nothing" if booked is None else f"{amount(booked.minor)} on {booked.on}",
        )
        for one, booked in EXCEPTIONS.items()
    ]


def test_what_our_duties_refuse(real_data: Path, page: str) -> None:
    machine, log = project_machine(real_data), events(real_data)
    breaches = {one.row: one for one in REFUSED}
    expected = []
    for one in log:
        duty, breach = duty_of(machine, one), breaches.get(one.row)
        if duty is not None:
            why = f"refused: had {breach.had}" if breach else "taken"
            expected.append(line(one.row, one.person, one.move.role, one.move.task, duty, why))
    assert rows_under(page, "| event |") == expected
