"""The report of an import, as workbook and as JSON, and the command that writes it."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from fundops.db import Database
from fundops.imports import report
from fundops.imports.commands import import_command
from fundops.imports.load import ImportResult
from tests.imports.loading import GIFTS, Source, counts, gift, open_gift, project


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Give a folder to import from."""
    return Source(tmp_path)


@pytest.fixture
def result(database: Database, source: Source) -> ImportResult:
    """Give the outcome of an import with something of everything."""
    rows = [
        gift(),
        gift("G-2", donor=""),
        open_gift("G-3"),
        gift("G-4", year="2025", base="0.99", cur="EUR", rate="1000"),
    ]
    return source.load(database, "gifts", rows)


def test_the_workbook_recomputes_and_agrees(result: ImportResult, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    report.write_report(result, path)
    book = openpyxl.load_workbook(path, data_only=True)
    assert book.sheetnames == [
        "Summary", "Files", "Findings", "Set aside", "Reconciliation", "Controls", "Guide",
    ]  # fmt: skip
    summary = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True) if row[0]}
    assert summary["Outcome"] == "Loaded."
    assert (summary["Rows in the files"], summary["Accepted"], summary["Set aside"]) == (4, 3, 1)
    assert (summary["Added"], summary["Unchanged"], summary["Errors"]) == (3, 0, 1)
    lines = list(book["Reconciliation"].iter_rows(min_row=2, max_row=3, values_only=True))
    assert lines == [
        ("AAA11", 2024, "received", 1000, 1000, 0), ("AAA11", 2025, "received", 0.99, 0.99, 0),
    ]  # fmt: skip
    formulas = openpyxl.load_workbook(path)["Reconciliation"]
    assert str(formulas["F2"].value).startswith("=")
    checks = [row[4] for row in book["Controls"].iter_rows(min_row=5, values_only=True)]
    assert checks == ["OK", "OK"]
    aside = list(book["Set aside"].iter_rows(min_row=2, values_only=True))
    assert aside[0][1] == 3
    assert "code: G-2" in str(aside[0][4])
    severities = [row[0] for row in book["Findings"].iter_rows(min_row=2, values_only=True)]
    assert severities.count("error") == 1


def test_the_json_says_the_same(result: ImportResult, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    report.write_report(result, path)
    said = json.loads(path.read_text(encoding="utf-8"))
    assert (said["loaded"], said["dry_run"], said["profile"]) == (True, False, "test-gifts")
    assert said["counts"] == {"added": 3, "changed": {}, "unchanged": 0, "missing": 0, "kept": 0}
    assert said["reconciliation"][1] == {
        "fund": "AAA11", "year": 2025, "what": "received", "currency": "USD",
        "source": "0.99", "ledger": "0.99", "agrees": True,
    }  # fmt: skip
    (file,) = said["files"]
    assert (file["rows"], file["set_aside"], file["findings"]["error"]) == (4, 1, 1)
    assert said["set_aside"][0]["cells"]["code"] == "G-2"
    assert len(said["findings"]) == len(result.findings)


def test_a_report_that_could_not_be_written_is_refused_before_the_import(tmp_path: Path) -> None:
    for path in (tmp_path / "report.pdf", tmp_path / "nowhere" / "report.xlsx"):
        with pytest.raises(report.ReportError):
            report.check_path(path)


@pytest.fixture
def run(database: Database, source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Give a function that runs the command on files of gifts."""
    url = database.settings.database_url
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", url)
    monkeypatch.setenv("FUNDOPS_LOG_LEVEL", "error")
    app = typer.Typer()
    app.command()(import_command)
    profile = tmp_path / "own.toml"
    profile.write_text(GIFTS.format(basis="outstanding"), encoding="utf-8")

    def call(text: str, *options: str):  # type: ignore[no-untyped-def]
        path = tmp_path / "gifts.csv"
        path.write_text(text, encoding="utf-8")
        return CliRunner().invoke(app, [str(profile), str(path), *options])

    return call


def csv(*rows: dict[str, str]) -> str:
    """Return rows as a file."""
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def test_the_command_prints_counts_and_sums(database: Database, run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = csv(dict(gift()), dict(gift("G-2", donor="")))
    dry = run(file, "--dry-run")
    assert dry.exit_code == 0
    assert "Dry run: nothing was kept." in dry.output
    with database.read() as db:
        assert counts(db)["pledges"] == 0
    real = run(file, "--report", str(tmp_path / "out.json"))
    assert real.exit_code == 0
    assert "Source and ledger agree in 1 of 1 sums:" in real.output
    assert "1,000.00 USD =             1,000.00 USD" in real.output
    assert "error: gifts.csv, row 3" in real.output
    assert json.loads((tmp_path / "out.json").read_text())["loaded"] is True
    with database.read() as db:
        assert counts(db)["pledges"] == 1


def test_the_command_fails_on_what_is_critical(database: Database, run) -> None:  # type: ignore[no-untyped-def]
    damaged = run("code,fund\nG-1,AAA11\n")
    assert damaged.exit_code == 1
    assert "Refused: nothing was loaded." in damaged.output
    assert run(csv(dict(gift())), "--report", "report.pdf").exit_code == 1
    with database.read() as db:
        assert counts(db)["import_runs"] == 0


def test_a_wrong_profile_is_one_sentence(database: Database, run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "own.toml").write_text('name = "own"\n', encoding="utf-8")
    refused = run(csv(dict(gift())))
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output


def test_openings_are_printed(database: Database, source: Source, run) -> None:  # type: ignore[no-untyped-def]
    source.load(database, "gifts", [gift(local="10", base="10")])
    result = source.load(database, "projects", [project()])
    lines = report.as_data(result)["openings"]
    assert lines == [{"fund": "AAA11", "amount": "390.00", "currency": "USD", "on": "2024-02-29"}]
    sheet = report.as_workbook(result).sheets[0]
    assert "390.00 USD" in {cell.value for cell in sheet.cells}  # type: ignore[union-attr]
