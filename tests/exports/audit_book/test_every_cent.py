"""No amount in an audit workbook can change by a cent without a control that says so.

Every amount is looked up among the terms of all controls; a sample of them is really changed, and
the workbook recalculated by programs that are not ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundops.calls.models import Call
from fundops.demo.stage import Story
from fundops.donors.models import Lot
from fundops.exports.audit_book.question import Named, Reader
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.grants.models import Grant
from fundops.ledger.models import AccountDay, AccountMonth, Fund
from fundops.messages import text
from fundops.parties.models import Party
from tests.exports import books
from tests.exports.audit_book.asked import a_book, amounts, rendered, unheld
from tests.exports.audit_book.money_out import off
from tests.libreoffice import needs_libreoffice
from tests.told import story

__all__ = ["story"]

Place = tuple[str, str]
"""A cell: sheet and coordinate."""


def scopes(story: Story) -> dict[str, list[Named]]:
    """Return the questions of every scope."""
    fund = story.book.code
    with story.database.read() as db:
        donors = select(Party.code).where(Party.id.in_(select(Lot.donor_id)))
        grants = select(Grant.code).join(Fund, Fund.id == Grant.fund_id).where(Fund.code == fund)
        calls = select(Call.code).where(Call.id.in_(select(Grant.call_id)))
        return {
            "fund": [Named(fund=fund)],
            "donor": [
                Named(fund=fund, donor=code) for code in sorted(db.execute(donors).scalars())
            ],
            "grant": [Named(grant=code) for code in sorted(db.execute(grants).scalars())],
            "call": [Named(call=code) for code in sorted(db.execute(calls).scalars())],
        }


def check_held(story: Story, named: Named, reader: Reader) -> None:
    """Every amount in the workbook of a question is held by a control."""
    with story.database.export() as db:
        workbook = audit_workbook(a_book(db, named, reader=reader))
        loose = unheld(workbook)
        assert {(one.table, one.column) for one in loose} == set(), named
        assert list(amounts(workbook))


@pytest.mark.sqlite_only
def test_every_amount_is_held_by_a_control(story: Story) -> None:
    found = scopes(story)
    check_held(story, found["fund"][0], Reader.AUDITOR)
    check_held(story, found["donor"][0], Reader.OUTSIDE)
    check_held(story, found["grant"][0], Reader.INSIDE)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_every_amount_is_held_in_every_scope(story: Story) -> None:
    readers = cycle(Reader)
    for one in scopes(story).values():
        for named in one:
            check_held(story, named, next(readers))


def money_cells(path: Path) -> dict[Place, Any]:
    """Return every number with decimals in a file, formulas' values included, but for rates."""
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in load_workbook(path, data_only=True)
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, int | float)
        and not isinstance(cell.value, bool)
        and "0.00_" in cell.number_format
    }


def saved(story: Story, named: Named, path: Path) -> Path:
    """Write the workbook of a question."""
    with story.database.export() as db:
        path.write_bytes(rendered(db, named))
    return path


def checks(values: books.Values) -> list[Any]:
    """Return what the controls say."""
    return [value for (sheet, at), value in values.items() if sheet == "Controls" and at[0] == "E"]


def drawn(cells: dict[Place, Any], count: int) -> Iterator[tuple[Place, float]]:
    """Yield as many cells, some of every sheet, each with a cent more."""
    by_sheet: dict[str, list[Place]] = {}
    for place in cells:
        by_sheet.setdefault(place[0], []).append(place)
    random = Random(1865)
    for number in range(count):
        own = by_sheet[sorted(by_sheet)[number % len(by_sheet)]]
        place = random.choice(own)
        yield place, round(float(cells[place]) + 0.01, 2)


def check_changes(path: Path, count: int) -> None:
    """The file recalculates to what it shows, and each of some changes turns a check."""
    model = books.Model(path)
    values = model.computed()
    assert books.differences(books.cached(path), values) == {}
    assert set(checks(values)) == {"OK"}
    for place, amount in drawn(money_cells(path), count):
        turned = checks(model.computed({place: amount}))
        assert any(str(one).startswith("Differs by") for one in turned), place


@pytest.mark.sqlite_only
def test_a_cent_turns_a_check_when_recalculated(story: Story, tmp_path: Path) -> None:
    check_changes(saved(story, scopes(story)["grant"][0], tmp_path / "grant.xlsx"), 3)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_many_cents_turn_checks_when_recalculated(story: Story, tmp_path: Path) -> None:
    check_changes(saved(story, scopes(story)["donor"][0], tmp_path / "donor.xlsx"), 12)


@pytest.mark.slow
@pytest.mark.sqlite_only
@needs_libreoffice
def test_libreoffice_recalculates_the_same_and_sees_every_cent(
    story: Story, tmp_path: Path
) -> None:
    whole = saved(story, scopes(story)["fund"][0], tmp_path / "whole.xlsx")
    data = whole.read_bytes()
    changed = []
    for number, (place, amount) in enumerate(drawn(data_cells(whole), 4)):
        was = f"{money_cells(whole)[place]:.2f}"
        path = tmp_path / f"changed{number}.xlsx"
        changed.append(books.one_cell(data, path, place, was, f"{amount:.2f}"))
    found, *others = books.all_recalculated_by_libreoffice([whole, *changed], tmp_path)
    assert books.differences(books.cached(whole), found) == {}
    assert set(checks(found)) == {"OK"}
    for path, values in zip(changed, others, strict=True):
        assert any(str(one).startswith("Differs by") for one in checks(values)), path


def data_cells(path: Path) -> dict[Place, Any]:
    """Return the amounts that are no formulas."""
    formulas = set(books.formula_cells(path))
    return {place: value for place, value in money_cells(path).items() if place not in formulas}


@pytest.mark.sqlite_only
def test_the_journal_of_a_part_is_held_against_the_dated_totals(story: Story) -> None:
    """The journal of a donor, grant or call: by totals that posting keeps, not read as it is."""
    parts = [scopes(story)[kind][0] for kind in ("donor", "grant", "call")]

    def turned(db: Session) -> list[set[str]]:
        return [
            {name for name in off(audit_workbook(a_book(db, named))) if "Journal, credits" in name}
            for named in parts
        ]

    with story.step() as db:
        assert turned(db) == [set(), set(), set()]
        for table in (AccountDay, AccountMonth):
            db.execute(update(table).values(credits_minor=table.credits_minor + 1))
        assert all(turned(db))
        db.rollback()


@pytest.mark.sqlite_only
def test_the_cover_says_the_same_in_figures_and_in_text(story: Story) -> None:
    """Of every kind of scope: a grant or call has no balance, only what went through it."""
    for kind, (named, *_) in scopes(story).items():
        with story.database.export() as db:
            shown = load_workbook(BytesIO(rendered(db, named)), data_only=True)["Cover"]
        lines = {str(row[0]): row[1] for row in shown.iter_rows(max_col=2, values_only=True)}
        flows = {text(f"audit_book.cover.{key}"): key for key in ("closing", "through")}
        ((label, figure),) = [(key, value) for key, value in lines.items() if key in flows]
        assert flows[label] == ("closing" if kind in ("fund", "donor") else "through")
        assert lines[text("audit_book.cover.exact")] == f"{figure:,.2f} USD", named
