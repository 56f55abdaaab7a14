"""``fundops import``: legacy files into the database, with what was found said plainly."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from fundops import money
from fundops.config import Settings
from fundops.imports.context import Progress, no_progress
from fundops.imports.load import ImportResult, run_import
from fundops.imports.profile import ProfileError
from fundops.imports.report import ReportError, check_path, summary_lines, write_report
from fundops.messages import text

PATIENCE_SECONDS = 1.0
MAX_PRINTED = 20
"""Findings of one severity printed; the report has them all."""


def import_command(
    profile: Annotated[str, typer.Argument(help=text("loading.cli.profile"))],
    paths: Annotated[list[Path], typer.Argument(help=text("loading.cli.paths"))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=text("loading.cli.dry_run"))] = False,
    report: Annotated[Path | None, typer.Option(help=text("loading.cli.report"))] = None,
    partial: Annotated[bool, typer.Option("--partial", help=text("loading.cli.partial"))] = False,
    accept_missing: Annotated[
        bool, typer.Option("--accept-missing", help=text("loading.cli.accept_missing"))
    ] = False,
) -> None:
    """Import files and print what came of it; exit with 1 when nothing could be loaded."""
    from sqlalchemy.exc import DBAPIError

    from fundops.db import Database
    from fundops.errors import Problem

    database = Database(Settings())
    try:
        if report is not None:
            check_path(report)
        with _progress() as progress:
            result = run_import(
                database, profile, paths, dry_run=dry_run, partial=partial,
                accept_missing=accept_missing, progress=progress,
            )  # fmt: skip
        if report is not None:
            write_report(result, report)
    except (ProfileError, ReportError, ValueError) as error:
        _fail(str(error))
    except Problem as problem:
        _fail(problem.detail)
    except DBAPIError:
        _fail(text("cli.no_database"))
    except OSError:
        _fail(text("loading.report.unwritable"))
    finally:
        database.close()
    _print(result)
    if result.critical:
        raise typer.Exit(1)


def load_activities_command(
    paths: Annotated[list[Path], typer.Argument(help=text("overlaps.cli.paths"))],
) -> None:
    """Load published activities, one transaction a file, and print what came of it."""
    from sqlalchemy.exc import DBAPIError

    from fundops import audit
    from fundops.db import Database
    from fundops.imports.activities import load_activities
    from fundops.imports.findings import Damage

    database = Database(Settings())
    try:
        for path in paths:
            with database.write() as db:
                audit.lock_head(db)
                loaded = load_activities(db, path)
            for sentence in loaded.skipped:
                typer.echo(sentence, err=True)
            typer.echo(
                text(
                    "overlaps.loaded", file=loaded.file, added=loaded.added,
                    changed=loaded.changed, unchanged=loaded.unchanged,
                    skipped=len(loaded.skipped),
                )
            )  # fmt: skip
    except Damage as found:
        _fail(str(found))
    except DBAPIError:
        _fail(text("cli.no_database"))
    finally:
        database.close()


def _fail(sentence: str) -> None:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def _print(result: ImportResult) -> None:
    """Print the counts, then what a person should act on."""
    for label, value in summary_lines(result):
        typer.echo(
            f"{label:<36} {value:>12,}" if isinstance(value, int) else f"{label:<36} {value}"
        )
    for opening in result.openings:
        label = text("loading.report.opening", fund=opening.fund, on=opening.on)
        typer.echo(f"{label}: {money.display(opening.amount_minor, opening.currency)}")
    _print_reconciliation(result)
    for severity in ("critical", "error"):
        found = [one for one in result.findings if one.severity == severity]
        for one in found[:MAX_PRINTED]:
            typer.echo(f"{severity}: {one}", err=True)
        if len(found) > MAX_PRINTED:
            typer.echo(text("loading.cli.more", count=len(found) - MAX_PRINTED), err=True)


def _print_reconciliation(result: ImportResult) -> None:
    if not result.agreeing:
        return
    agreed = sum(one.agrees for one in result.agreeing)
    whole = len(result.agreeing)
    typer.echo(text("loading.cli.reconciled", agreed=agreed, whole=whole))
    for one in result.agreeing:
        source = money.display(one.source_minor, one.currency)
        mark = "=" if one.agrees else "≠"
        ledger = money.display(one.ledger_minor, one.currency)
        what = text(f"loading.what.{one.what}")
        typer.echo(f"  {one.fund:<8} {one.year}  {what:<10} {source:>24} {mark} {ledger:>24}")


@contextmanager
def _progress() -> Iterator[Progress]:
    """Give what shows a bar on standard error once the work has lasted longer than a second."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    bar = Bar(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=None)
    begun = time.monotonic()

    def show(stage: str, done: int, whole: int) -> None:
        bar.update(task, description=text(stage), completed=done, total=whole or None)
        if not bar.live.is_started and time.monotonic() - begun >= PATIENCE_SECONDS:
            bar.start()

    try:
        yield show
    finally:
        bar.stop()
