"""The command ``work``: runs queued notices and other jobs, until told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import typer

from fundops.messages import text

Counts = Mapping[str, int] | None


def work(
    once: Annotated[bool, typer.Option("--once", help=text("cli.work.once"))] = False,
) -> None:
    """Run what is due, then pause and begin again; stop on SIGTERM or Ctrl-C.

    With ``--once``, exit with 1 when a job failed.
    """
    from importlib import import_module

    from fundops.logs import configure_logging
    from fundops.notices import jobs
    from fundops.notices.transports import transport_of
    from fundops.terminal import opened

    import_module("fundops.routers")  # every domain registers its jobs when it is imported
    with opened() as database, _stopping() as stop:
        settings = database.settings
        configure_logging(settings.log_level)
        if transport_of(settings) is None:
            typer.echo(text("notices.no_transport"))
        before: Mapping[str, Counts] = {}
        while not stop.is_set():
            done = jobs.run_all(database, settings, stop)
            if done != before:  # a worker at rest does not fill its log
                _print(done)
            before = done
            if once:
                if None in done.values():
                    raise typer.Exit(1)
                break
            stop.wait(settings.work_pause_seconds)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Open a block in which a signal to end sets an event, so that what is begun is finished."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print(done: Mapping[str, Counts]) -> None:
    for name, counts in done.items():
        if counts is None:
            told = text("notices.job_failed")
        else:
            parts = (text("notices.count", name=one, count=counts[one]) for one in counts)
            told = ", ".join(parts)
        typer.echo(text("notices.job", name=name, counts=told))
