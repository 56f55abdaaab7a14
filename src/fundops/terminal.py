"""What commands share at the terminal: saying, failing, opening the database, reading dates."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from fundops.config import Settings
from fundops.errors import Problem
from fundops.messages import text


def say(sentence: str = "") -> None:
    """Print one line for the person at the terminal."""
    typer.echo(sentence)


def fail(sentence: str) -> NoReturn:
    """Say what is wrong and exit with 1."""
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


@contextmanager
def opened() -> Iterator[Any]:
    """Open the database of the settings, closed at the end; problems become one sentence."""
    from sqlalchemy.exc import DBAPIError

    from fundops.db import Database

    database = Database(Settings())
    try:
        yield database
    except Problem as problem:
        lines = [problem.detail, *(f"  {e.pointer}: {e.detail}" for e in problem.errors)]
        fail("\n".join(lines))
    except DBAPIError:
        fail(text("cli.no_database"))
    finally:
        database.close()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Surround the writing of a file: what the disk refuses becomes one sentence."""
    try:
        yield
    except OSError as error:
        fail(text("cli.not_written", path=path, reason=error.strerror or error))


def day(value: str | None, option: str) -> date | None:
    """Return the date an option gives; exit when it is none."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(text("validation.day"), param_hint=option) from None


def instant(value: str | None, option: str) -> datetime | None:
    """Return the instant an option gives, UTC when it names no zone; exit when it is none."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(text("validation.instant"), param_hint=option) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


AsOf = Annotated[str | None, typer.Option("--as-of", help=text("cli.as_of"))]
KnownAt = Annotated[str | None, typer.Option("--known-at", help=text("cli.known_at"))]


def is_terminal() -> bool:
    """Return whether a person watches the progress on standard error."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
