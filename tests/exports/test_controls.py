"""Controls and formulas: what is written beside each is what a program recomputes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fundops.exports import (
    AtLeast,
    AtMost,
    Beside,
    Cell,
    Control,
    Controls,
    Date,
    DeclarationError,
    Formula,
    Grid,
    Integer,
    Money,
    Overall,
    Workbook,
    count,
    total,
    write,
)
from tests.exports import books
from tests.exports.books import ALL, USD
from tests.libreoffice import needs_libreoffice


def saved(workbook: Workbook, folder: Path, name: str = "book.xlsx") -> Path:
    path = folder / name
    write(workbook, path)
    return path


def checks(values: books.Values) -> list[Any]:
    rows = {
        int(cell[1:]): value
        for (sheet, cell), value in values.items()
        if sheet == "Controls" and cell.startswith("E")
    }
    return [rows[row] for row in sorted(rows)]


def test_every_formula_recomputes_to_the_value_beside_it(tmp_path: Path) -> None:
    path = saved(books.a_book(), tmp_path)
    values = books.cached(path)
    assert len(values) > 30
    assert books.differences(values, books.recalculated(path)) == {}
    assert checks(values) == ["OK"] * 6
    assert values["Cover", "A2"] == "OK: all 6 controls agree"


def test_a_changed_cent_turns_controls_and_the_cover(tmp_path: Path) -> None:
    data = books.rendered(books.a_book())
    path = books.one_cent_more(data, tmp_path / "t.xlsx", "Receipts", "1250.00", "1250.01")
    values = books.recalculated(path)
    turned = [check for check in checks(values) if check != "OK"]
    assert turned == ["Differs by 0.01"] * 3
    assert str(values["Cover", "A2"]).startswith("Not OK")
    assert checks(books.cached(path)) == ["OK"] * 6, "the value beside is the old one"


def test_what_is_only_shown_is_held_as_well(tmp_path: Path) -> None:
    """A figure on the cover, or a total below rows, that was overwritten turns its own control."""
    sheets = tuple(
        replace(one, holds_shown=True) if isinstance(one, Controls) else one
        for one in books.a_book().sheets
    )
    path = saved(replace(books.a_book(), sheets=sheets), tmp_path)
    model = books.Model(path)
    whole = checks(model.computed())
    assert whole == ["OK"] * len(whole)
    assert checks(books.cached(path)) == whole
    assert len(whole) > 6
    shown = [at for at in books.formula_cells(path) if at in (("Cover", "B4"), ("Cover", "B5"))]
    totals = [at for at in books.formula_cells(path) if at[0] == "Receipts" and at[1] == "E10"]
    assert shown
    assert totals
    for at in (*shown, *totals):
        turned = [check for check in checks(model.computed({at: 1.01})) if check != "OK"]
        assert turned, at


@pytest.mark.parametrize("row", range(len(books.RECEIPTS)))
def test_any_row_changed_by_one_cent_turns_a_control(row: int, tmp_path: Path) -> None:
    amount = books.RECEIPTS[row][4]
    was, now = f"{amount / 100:.2f}", f"{(amount + 1) / 100:.2f}"
    data = books.rendered(books.a_book())
    path = books.one_cent_more(data, tmp_path / "t.xlsx", "Receipts", was, now)
    assert checks(books.recalculated(path)).count("OK") < 6


def test_the_ledger_disagreeing_is_told_in_words_beside_the_formula(tmp_path: Path) -> None:
    path = saved(books.a_book(all=125_794 - 123_456_789, rows=5), tmp_path)
    values = books.cached(path)
    assert checks(values) == ["Differs by 1,234,567.89", "OK", "OK", "Differs by -1", "OK", "OK"]
    assert values["Cover", "A2"] == (
        "Not OK: at least one of 6 controls differs, see sheet Controls"
    )
    assert books.differences(values, books.recalculated(path)) == {}


def test_values_come_from_the_rows_not_from_what_the_ledger_expects(tmp_path: Path) -> None:
    rows = [(*books.RECEIPTS[0][:4], 125_001, *books.RECEIPTS[0][5:]), *books.RECEIPTS[1:]]
    book = books.a_book()
    changed = replace(book, sheets=(*book.sheets[:2], books.a_sheet(rows), book.sheets[3]))
    values = books.cached(saved(changed, tmp_path))
    assert values["Controls", "B5"] == 1257.95
    assert values["Receipts", "E10"] == 1257.95
    assert "Differs by 0.01" in checks(values)


def test_planted_bug_a_wrong_value_beside_a_formula_is_found(tmp_path: Path) -> None:
    wrong = Grid("Sums", (Cell("A1", 100, USD), Cell("A2", Formula("A1*2", 201), USD)))
    path = saved(Workbook("Planted", (wrong,)), tmp_path)
    found = books.differences(books.cached(path), books.recalculated(path))
    assert list(found) == [("Sums", "A2")]


def test_planted_bug_a_tally_that_forgets_a_chunk_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fundops.exports import tally

    monkeypatch.setattr(tally, "_plain_sum", lambda columns, summed: 1)
    path = saved(books.a_book(), tmp_path)
    assert books.differences(books.cached(path), books.recalculated(path))


def test_empty_sheet_agrees_with_itself(tmp_path: Path) -> None:
    controls = Controls(
        "Controls", (Control("Sum", ALL, 0, USD), Control("Rows", count("receipts"), 0, Integer()))
    )
    cover = Grid("Cover", (Cell("A1", Overall()),))
    path = saved(Workbook("Empty", (cover, controls, books.a_sheet([]))), tmp_path)
    values = books.cached(path)
    assert books.differences(values, books.recalculated(path)) == {}
    assert values["Cover", "A1"] == "OK: all 2 controls agree"


def test_amounts_beyond_fifteen_digits_are_never_said_to_agree(tmp_path: Path) -> None:
    huge = 123_456_789_012_345_678
    rows = [(*books.RECEIPTS[0][:4], huge, *books.RECEIPTS[0][5:])]
    controls = Controls("Controls", (Control("Sum", ALL, huge, USD),))
    cover = Grid("Cover", (Cell("A1", Overall()),))
    path = saved(Workbook("Huge", (cover, controls, books.a_sheet(rows))), tmp_path)
    values = books.cached(path)
    assert values["Cover", "A1"].startswith("Not OK")
    assert books.recalculated(path)["Cover", "A1"] == values["Cover", "A1"]


def test_figures_over_continued_sheets_add_the_parts(tmp_path: Path) -> None:
    rows = [(*books.RECEIPTS[0][:4], n, *books.RECEIPTS[0][5:9], n - 10,
             *books.RECEIPTS[0][10:]) for n in range(1, 41)]  # fmt: skip
    twice = ALL - total("receipts", "amount", {"lot": "LOT-1"})
    controls = Controls(
        "Controls", (Control("Sum", ALL, 820, USD), Control("None left", twice, 0, USD))
    )
    book = Workbook("Parts", (controls, books.a_sheet(rows)), sheet_rows=20)
    path = saved(book, tmp_path)
    values = books.cached(path)
    assert books.differences(values, books.recalculated(path)) == {}
    assert checks(values) == ["OK", "OK"]
    assert len({sheet for sheet, _ in values}) == 4, "controls and three sheets of rows"


def with_criteria() -> Workbook:
    """Dates too early to be dates, letter case, wildcards and operators in the codes."""
    rows = [(*row[:1], lot, *row[2:]) for row, lot in zip(
        books.RECEIPTS, ["=A", "a*", "AB", "<1"], strict=True)]  # fmt: skip
    wheres: list[dict[str, Any]] = [
        {"paid_on": AtMost(date(2026, 2, 28))},
        {"paid_on": AtLeast(date(1900, 3, 1))},
        *({"lot": lot} for lot in ["=A", "=a", "A*", "ab", "A?", "<1", "~", "none"]),
    ]
    cells = [
        Cell(f"A{number}", total("receipts", "amount", where))
        for number, where in enumerate(wheres, start=1)
    ]
    return Workbook("Criteria", (Grid("Cover", tuple(cells)), books.a_sheet(rows)))


Recomputed = dict[str, tuple[books.Values, books.Values]]


@pytest.fixture(scope="module")
def recomputed(tmp_path_factory: pytest.TempPathFactory) -> Recomputed:
    """Give what is written in four files, and what LibreOffice, started once, makes of them."""
    folder = tmp_path_factory.mktemp("libreoffice")
    wrong = Grid("Sums", (Cell("A1", 100, USD), Cell("A2", Formula("A1*2", 201), USD)))
    made = {
        "whole": books.a_book(all=1),
        "criteria": with_criteria(),
        "planted": Workbook("Planted", (wrong,)),
    }
    paths = {name: folder / f"{name}.xlsx" for name in (*made, "cent")}
    for name, book in made.items():
        paths[name].write_bytes(books.rendered(book))
    data = books.rendered(books.a_book())
    books.one_cent_more(data, paths["cent"], "Receipts", "1250.00", "1250.01")
    found = books.all_recalculated_by_libreoffice(list(paths.values()), folder)
    return {
        name: (books.cached(path), values)
        for (name, path), values in zip(paths.items(), found, strict=True)
    }


@pytest.mark.slow
@needs_libreoffice
def test_libreoffice_recomputes_every_formula_to_the_value_beside_it(
    recomputed: Recomputed,
) -> None:
    assert books.differences(*recomputed["whole"]) == {}


@pytest.mark.slow
@needs_libreoffice
def test_libreoffice_agrees_on_criteria_that_are_easily_misread(recomputed: Recomputed) -> None:
    values, found = recomputed["criteria"]
    assert [values["Cover", f"A{n}"] for n in (1, 3, 5, 6, 8)] == [
        1249.95, 1250.0, -0.05, 0.99, 7.0,
    ]  # fmt: skip
    assert books.differences(values, found) == {}


@pytest.mark.slow
@needs_libreoffice
def test_planted_bug_libreoffice_really_recomputes(recomputed: Recomputed) -> None:
    assert list(books.differences(*recomputed["planted"])) == [("Sums", "A2")]


@pytest.mark.slow
@needs_libreoffice
def test_libreoffice_turns_controls_when_a_cent_changes(recomputed: Recomputed) -> None:
    _, values = recomputed["cent"]
    assert checks(values).count("Differs by 0.01") == 3
    assert values["Cover", "A2"].startswith("Not OK")


def test_controls_refuse_what_would_prove_nothing() -> None:
    with pytest.raises(DeclarationError, match="1 to 5000"):
        Controls("Controls", ())
    with pytest.raises(DeclarationError, match="amounts or counts"):
        Control("Days", ALL, 1, Date())
    lonely = Workbook("No controls", (Grid("Cover", (Cell("A1", Overall()),)), books.a_sheet()))
    with pytest.raises(DeclarationError, match="no sheet of them"):
        books.rendered(lonely)


@pytest.mark.parametrize("kind", [Money("JPY"), Money("EUR"), Integer()])
def test_a_control_in_other_units_than_its_figure_is_refused(kind: Any) -> None:
    controls = Controls("Controls", (Control("Sum", ALL, 1, kind),))
    with pytest.raises(DeclarationError, match="other units"):
        books.rendered(Workbook("Units", (controls, books.a_sheet())))


def test_figures_never_add_across_currencies_or_to_counts() -> None:
    mixed = Grid("Cover", (Cell("A1", ALL + count("receipts")),))
    with pytest.raises(DeclarationError, match="not a mix"):
        books.rendered(Workbook("Mix", (mixed, books.a_sheet())))
    local = Grid("Cover", (Cell("A1", total("receipts", "local")),))
    with pytest.raises(DeclarationError, match="mixes currencies"):
        books.rendered(Workbook("Mix", (local, books.a_sheet())))


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({"lot": "LOT-1"}, 'SUMIFS(receipts_amount,receipts_lot,"LOT-1")'),
        ({"lot": "a*b?~"}, 'SUMIFS(receipts_amount,receipts_lot,"a~*b~?~~")'),
        ({"lot": ">5"}, 'SUMIFS(receipts_amount,receipts_lot,"=>5")'),
        ({"lot": 'say "x"'}, 'SUMIFS(receipts_amount,receipts_lot,"say ""x""")'),
        ({"final": False}, "SUMIFS(receipts_amount,receipts_final,FALSE)"),
        ({"parts": 3}, "SUMIFS(receipts_amount,receipts_parts,3)"),
        ({"paid_on": date(2026, 1, 2)}, "SUMIFS(receipts_amount,receipts_paid_on,DATE(2026,1,2))"),
        (
            {"parts": AtLeast(2), "lot": "x"},
            'SUMIFS(receipts_amount,receipts_parts,">=2",receipts_lot,"x")',
        ),
    ],
)
def test_totals_are_written_as_sumifs_over_named_columns(where: Any, text: str) -> None:
    from fundops.exports.formulas import aggregate_text

    assert aggregate_text(total("receipts", "amount", where), 1, "code") == text


@pytest.mark.parametrize("where", [{"lot": ""}, {"lot": "x" * 256}, {"nothing": "x"},
                                   {"lot": 3}, {"paid_on": "2026-01-01"}, {"amount": 3},
                                   {"parts": True}])  # fmt: skip
def test_criteria_that_would_be_misread_are_refused(where: Any) -> None:
    def used() -> bytes:
        cover = Grid("Cover", (Cell("A1", total("receipts", "amount", where)),))
        return books.rendered(Workbook("Criteria", (cover, books.a_sheet())))

    with pytest.raises(DeclarationError):
        used()


def test_a_label_beside_that_reads_as_a_pattern_is_refused() -> None:
    with pytest.raises(DeclarationError, match="pattern"):
        total("receipts", "amount", {"lot": Beside("A1", "LOT*")})


def test_a_criterion_beside_must_be_what_its_cell_holds() -> None:
    beside = total("receipts", "amount", {"lot": Beside("A1", "LOT-1")})
    wrong = Grid("Cover", (Cell("A1", "LOT-2"), Cell("B1", beside)))
    with pytest.raises(DeclarationError, match="another value in A1"):
        books.rendered(Workbook("Beside", (wrong, books.a_sheet())))
    controls = Controls("Controls", (Control("Lot", beside, 1, USD),))
    with pytest.raises(DeclarationError, match="no cells of its own"):
        books.rendered(Workbook("Beside", (controls, books.a_sheet())))
