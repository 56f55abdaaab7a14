"""Jobs: what ``fundops work`` does again and again; sending notices is one of them.

A job is a function of the database and the settings that does what is due and returns counts to
print. It may run in several processes at once, and must be harmless when nothing is due.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from fundops.config import Settings
from fundops.db import Database
from fundops.errors import Problem
from fundops.notices import sending

log = logging.getLogger("fundops.jobs")

Job = Callable[[Database, Settings], Mapping[str, int]]

JOBS: list[tuple[str, Job]] = []
"""What other domains have to do, by name, in order; they add theirs when they are imported."""


def register(name: str, job: Job) -> None:
    """Add a job. Raises ``ValueError`` for a name that is taken."""
    if name == "notices" or any(name == taken for taken, _ in JOBS):
        raise ValueError(f"there is a job {name} already")
    JOBS.append((name, job))


def run_all(
    database: Database, settings: Settings, stop: threading.Event = sending.NEVER
) -> dict[str, Mapping[str, int] | None]:
    """Run every job once, notices last, so that what the others tell is sent at once.

    Returns the counts of each, none for a job that failed: it is logged, and the others go on.
    """
    done: dict[str, Mapping[str, int] | None] = {}
    jobs: list[tuple[str, Job]] = [*JOBS, ("notices", partial(sending.run, stop=stop))]
    for name, job in jobs:
        if stop.is_set():
            break
        try:
            done[name] = job(database, settings)
        except (Problem, SQLAlchemyError):
            log.exception("the job %s failed", name)
            done[name] = None
    return done


class Worker:
    """A thread of the server that runs the jobs, until it is told to stop."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.stop = threading.Event()
        self._place = (database, settings)
        self._thread = threading.Thread(target=self._run, name="fundops-jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Stop after the message at hand, and wait for that."""
        self.stop.set()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        pause = self._place[1].work_pause_seconds
        while not self.stop.is_set():
            try:
                run_all(*self._place, self.stop)
            except Exception:
                log.exception("the jobs failed")
            self.stop.wait(pause)
