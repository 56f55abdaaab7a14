"""The documents say what the program does: their commands are run, their tables made again."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import fundops
from fundops import commands
from fundops.authz import Role
from fundops.messages import text
from fundops.tracing.entries import FLOWS
from tests.contract import documents, generated, shell
from tests.contract.documents import same_json, same_lines, shortened

ROOT = Path(__file__).parents[2]
PAGES = [page.relative_to(ROOT).as_posix() for page in documents.pages(ROOT)]
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GUIDES = {
    "donor", "finance-officer", "grant-officer", "grantee", "auditor", "fund-manager",
    "administrator", "reviewer", "board-member", "signatory",
}  # fmt: skip


@dataclass(frozen=True)
class Demonstration:
    """A demonstration fund, made once by the command that users type, and what it printed."""

    database: Path
    printed: str


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    folder = tmp_path_factory.mktemp("demonstration")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FUNDOPS_")}
    environment["PYTHONPATH"] = str(Path(fundops.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "fundops", "demo", "--check"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Demonstration(folder / "var" / "demo.db", done.stdout)


def test_what_the_demonstration_says_to_type_is_all_it_takes(demonstration: Demonstration) -> None:
    """A terminal with nothing set but what was printed: the keys are found, and all holds."""
    typed = next(line for line in demonstration.printed.splitlines() if "  export " in line)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FUNDOPS_")}
    environment["PYTHONPATH"] = str(Path(fundops.__file__).parents[1])
    environment |= dict(word.split("=", 1) for word in typed.split()[1:])
    done = subprocess.run(
        [sys.executable, "-m", "fundops", "check"], cwd=demonstration.database.parents[1],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Everything holds."), done.stdout


@pytest.fixture
def terminal(demonstration: Demonstration, tmp_path: Path) -> Iterator[shell.Shell]:
    with shell.opened(demonstration.database, demonstration.printed, tmp_path) as opened:
        yield opened


def as_served(printed: str) -> str:
    """Return what ``scripts/demo`` prints, from what it prints with ``--check``."""
    told = printed[: printed.rindex("\n\n  Administrator")]
    told = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", told)
    told = re.sub(r"^  \S*fundops ", "  .venv/bin/fundops ", told, flags=re.MULTILINE)
    return told + "\n" + text("demo.serving", base="http://127.0.0.1:8000")


def agrees(said: tuple[str, ...], printed: str) -> bool:
    """Return whether a command printed what a page says; JSON is compared by its values."""
    at = next((at for at, line in enumerate(said) if line.startswith(("{", "["))), None)
    if at is None or "{" not in printed:
        return same_lines(list(said), printed.splitlines())
    head, _, body = printed.rpartition("\n\n")
    return same_lines(list(said[:at]), f"{head}\n\n".splitlines() if at else []) and same_json(
        shortened("\n".join(said[at:])), json.loads(body)
    )


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_is_what_comes_back(
    page: str, terminal: shell.Shell, demonstration: Demonstration
) -> None:
    count = 0
    for step in documents.steps((ROOT / page).read_text(encoding="utf-8")):
        if isinstance(step, documents.Take):
            terminal.take(step)
            continue
        demo = step.words == ("scripts/demo",)
        printed = as_served(demonstration.printed) if demo else terminal.run(step)
        assert agrees(step.printed, printed), f"{' '.join(step.words)}\n{printed}"
        count += 1
    assert count > 2


def test_the_changed_statement_is_as_shown(terminal: shell.Shell) -> None:
    import openpyxl

    page = (ROOT / "docs" / "statements.md").read_text(encoding="utf-8")
    for step in documents.steps(page):
        if isinstance(step, documents.Take):
            terminal.take(step)
        else:
            terminal.run(step)
    book = openpyxl.load_workbook("changed.xlsx", data_only=True)
    rows = list(book["Changed since"].iter_rows(values_only=True))
    named = [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row[1] is not None]
    heads, *shown = table(page, "| Action |")
    assert [[cell(row[name]) for name in heads] for row in named] == shown
    cover = {row[0]: cell(row[1]) for row in book["Statement"].iter_rows(values_only=True)}
    _, *told = table(page, "| | |")
    assert told == [[label, cover[label]] for label, _ in told]
    assert len(told) == 3
    reasons = {row["Reason"] for row in named if row["Reason"]}
    assert len(reasons) == 1
    assert f'"{reasons.pop()}"' in page
    issued = terminal.answer["items"][0]["sha256"]
    assert hashlib.sha256(Path("STM-2025-0001.xlsx").read_bytes()).hexdigest() == issued


def test_a_statement_can_be_recomputed_as_told(terminal: shell.Shell) -> None:
    import openpyxl

    typed = ("fundops", "export", "donor-statement", "--donor", "PTY-2026-0001")
    question = ("--from", "2025-08-01", "--as-of", "2026-02-28", "-o", "by-hand.xlsx")
    terminal.run(documents.Command((*map(documents.this_year, typed), *question), ()))
    book = openpyxl.load_workbook("by-hand.xlsx", data_only=True)
    lots, entries, grants = (sheet_rows(book[name]) for name in ("Lots", "Entries", "Grants"))
    cover = {row[0]: row[1] for row in book["Statement"].iter_rows(values_only=True)}

    def entered(flow: str) -> int:
        return sum(cents(e["Amount"]) for e in entries if e["Line of the statement"] == flow)

    opening = sum(cents(lot["Opening"]) for lot in lots)
    assert opening == cents(cover["Held at opening"]) > 0
    for flow in FLOWS:
        assert entered(flow) == cents(cover.get(text(f"statement.flow.{flow}"), 0))
    assert entered("internal") == 0
    closing = opening + sum(map(entered, FLOWS))
    assert closing == sum(cents(lot["Closing"]) for lot in lots) == cents(cover["Held at closing"])
    for lot in lots:
        own = sum(cents(e["Amount"]) for e in entries if e["Lot"] == lot["Lot"])
        assert cents(lot["Opening"]) + own == cents(lot["Closing"])
        places = ("Available", "Reserved", "For support cost", "Operating reserve")
        assert sum(cents(lot[place]) for place in places) == cents(lot["Closing"])
    paid = sum(cents(grant["Paid of yours, period"]) for grant in grants)
    assert paid == -entered("payments") > 0


def sheet_rows(sheet: Any) -> list[dict[str, Any]]:
    """Return the rows of a detail sheet by heading, without the total."""
    heads, *rows = sheet.iter_rows(values_only=True)
    return [
        dict(zip(heads, row, strict=True))
        for row in rows
        if row[0] not in (None, text("exports.total"))
    ]


def cents(value: float) -> int:
    """Return an amount of a cell in minor units."""
    return round(value * 100)


def cell(value: object) -> str:
    """Return a cell as the pages write it."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:.2f}"
    return str(value)[:10] if hasattr(value, "year") else str(value)


def table(page: str, head: str) -> list[list[str]]:
    """Return the cells of the table whose first line begins with ``head``, headings first."""
    lines = page[page.index(head) :].split("\n\n")[0].splitlines()
    return [[one.strip() for one in line.strip("|").split("|")] for line in (lines[0], *lines[2:])]


def test_imports_print_what_is_shown(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (real_data / "cbpf").glob("contributions_asof_*.csv"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", "sqlite:///var/fundops.db")
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    every = documents.steps(page, "console import")
    found = [step for step in every if isinstance(step, documents.Command)]
    assert len(found) == 3
    for step in found:
        printed = CliRunner().invoke(commands.app, list(step.words[1:])).output
        assert agrees(step.printed, printed), printed


@pytest.mark.parametrize(("page", "name"), generated.PARTS)
def test_generated_parts_are_current(page: str, name: str) -> None:
    shown = documents.section((ROOT / page).read_text(encoding="utf-8"), name)
    assert shown == generated.PARTS[page, name](), "write it: python -m tests.contract.generated"


def test_every_table_of_steps_is_shown() -> None:
    assert generated.step_tables().keys() == generated.RECORDS.keys()


def test_each_role_has_a_page() -> None:
    for name in GUIDES:
        assert f"docs/{name}.md" in PAGES
    told = GUIDES | {"approver"}  # told beside the finance officer, whom the approver answers
    assert {role.replace("_", "-") for role in Role} == told


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    body = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", body):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.exists(), f"{page.name}: {target}"
        if anchor:
            heads = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
            assert anchor in anchors, f"{page.name}: {target}"


def test_the_comparison_can_fail() -> None:
    said = ("{'a': 1}".replace("'", '"'),)
    assert agrees(said, '{"a":1}')
    assert not agrees(said, '{"a":2}')
    assert not agrees(said, '{"a":1,"b":2}')
    assert agrees(('{"a": 1, …}',), '{"b":[],"a":1}')
    assert not agrees(('{"a": 1, …}',), '{"b":[]}')
    assert same_json(shortened('[…, {"x": "fdo_…"}]'), [1, {"x": "fdo_12"}])
    assert not same_json(shortened('[{"x": 1}, …]'), [{"x": 2}, {"x": 1}])
    assert not same_json(shortened("[1]"), [True])
    assert same_lines(["a", "…", "d"], ["a", "b", "c", "d"])
    assert not same_lines(["a", "…", "d"], ["a", "b", "c"])
    assert not same_lines(["ok  it holds"], ["BROKEN  it holds"])
    assert agrees(("HTTP/1.1 200 OK", "…", "", "{…}"), 'HTTP/1.1 200 OK\netag: "1"\n\n{"a":1}')
    assert not agrees(("HTTP/1.1 200 OK", "…", "", "{…}"), 'HTTP/1.1 404 Not Found\n\n{"a":1}')


def test_a_command_may_take_several_lines() -> None:
    page = "```console\n$ curl -s --json '\n  {\"a\": 1}' \\\n  $BASE/x\n{}\n```\n"
    (command,) = documents.steps(page)
    assert command == documents.Command(
        ("curl", "-s", "--json", '\n  {"a": 1}', "$BASE/x"), ("{}",)
    )


def test_pages_hold_in_later_years() -> None:
    page = 'PTY-2026-0001 GRT-2026-0001 GRT-2026-0003 DSB-2026-0001 "2027-03-31T15:59:59Z" 2027'
    then = datetime(2029, 1, 10, tzinfo=UTC)
    assert documents.this_year(page, then) == (
        'PTY-2028-0001 GRT-2028-0001 GRT-2026-0003 DSB-2026-0001 "2030-03-31T15:59:59Z" 2027'
    )
    assert documents.this_year(page, datetime(2026, 11, 21, tzinfo=UTC)) == page


def test_what_is_sent_and_run_beside() -> None:
    asked = documents.curl(["curl", "-s", "-X", "PUT", "--data-binary", "@a.xlsx", "http://x"])
    assert (asked.method, asked.sent, asked.body) == ("PUT", "a.xlsx", None)
    program = documents.Command(("python3", "-c", "import sys; print(1); sys.exit('no')"), ())
    beside = shell.Shell(client=None, names={})
    assert beside.run(program) == "1\nno\n"
    with pytest.raises(AssertionError, match="may not run"):
        beside.run(documents.Command(("rm", "-r", "var"), ()))
