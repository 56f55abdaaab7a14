"""``fundops work``, jobs of other domains, and the server's own thread."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

import fundops
from fundops import audit, commands
from fundops.app import create_app
from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database
from fundops.errors import Problem
from fundops.notices import jobs
from tests.factories import a_person
from tests.notices.notice_factories import a_channel, by_status, told

NOTHING_DUE = [
    "payments: to confirm 0, to review 0.",
    "exports: made 0.",
    "incidents: notices 0.",
    "requirements: due 0, overdue 0.",
    "partners: assessments 0.",
    "retention: disposed 0.",
]


@pytest.fixture
def waiting(database: Database) -> Database:
    """Give a database with two notices that wait."""
    with database.write() as db:
        audit.lock_head(db)
        actor, _ = a_person(db, Role.APPROVER)
        for _ in range(2):
            a_channel(db, by=actor.person_id, person_id=actor.person_id)
    told(database, "hold_placed", person_ids=[actor.person_id])
    return database


@pytest.fixture
def own_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, jobs.Job]]]:
    made: list[tuple[str, jobs.Job]] = []
    monkeypatch.setattr(jobs, "JOBS", made)
    return iter([made])


def test_work_once_sends_and_says_so(
    waiting: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", waiting.settings.database_url)
    told_so = CliRunner().invoke(commands.app, ["work", "--once"])
    assert told_so.exit_code == 0
    assert told_so.output.splitlines() == [
        "No way to send is set, so notices wait. Set FUNDOPS_SMTP_HOST or FUNDOPS_NOTICES_PATH.",
        *NOTHING_DUE,
        "notices: sent 0, failed 0, waiting 2.",
    ]
    monkeypatch.setenv("FUNDOPS_NOTICES_PATH", str(tmp_path / "out"))
    done = CliRunner().invoke(commands.app, ["work", "--once"])
    assert done.output.splitlines() == [*NOTHING_DUE, "notices: sent 2, failed 0, waiting 0."]
    assert len(list((tmp_path / "out").glob("*.eml"))) == 2


def test_work_once_says_when_a_job_failed(
    waiting: Database, own_jobs: Iterator[list[tuple[str, jobs.Job]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    next(own_jobs)

    def broken(_database: Database, _settings: Settings) -> Mapping[str, int]:
        raise Problem("busy")

    jobs.register("broken", broken)
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", waiting.settings.database_url)
    done = CliRunner().invoke(commands.app, ["work", "--once"])
    assert done.exit_code == 1
    assert "broken: failed; the log says why." in done.output
    assert "notices: sent 0, failed 0, waiting 2." in done.output


@pytest.mark.sqlite_only
def test_work_goes_on_until_it_is_told_to_stop(waiting: Database, tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = os.environ | {
        "FUNDOPS_DATABASE_URL": waiting.settings.database_url, "FUNDOPS_NOTICES_PATH": str(out),
        "FUNDOPS_WORK_PAUSE_SECONDS": "1", "PYTHONPATH": str(Path(fundops.__file__).parents[1]),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "fundops", "work"], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            _until(lambda: len(list(out.glob("*.eml"))) == 2)
            with waiting.read() as db:
                person_id = (
                    db.connection()
                    .exec_driver_sql("SELECT person_id FROM notices LIMIT 1")
                    .scalar()
                )
            assert person_id is not None
            process.send_signal(signal.SIGTERM)
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert output.splitlines()[: len(NOTHING_DUE) + 1] == [
        *NOTHING_DUE, "notices: sent 2, failed 0, waiting 0.",
    ]  # fmt: skip


@pytest.mark.postgres_only
def test_work_in_this_process_goes_on_until_it_is_told_to_stop(
    waiting: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without the time that a process of its own takes to begin."""
    out, before = tmp_path / "out", signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", waiting.settings.database_url)
    monkeypatch.setenv("FUNDOPS_NOTICES_PATH", str(out))
    monkeypatch.setenv("FUNDOPS_WORK_PAUSE_SECONDS", "1")

    def stop() -> None:
        _until(lambda: len(list(out.glob("*.eml"))) == 2)
        assert signal.getsignal(signal.SIGTERM) not in {before, signal.SIG_DFL}
        signal.raise_signal(signal.SIGTERM)

    stopping = threading.Thread(target=stop)
    stopping.start()
    done = CliRunner().invoke(commands.app, ["work"])
    stopping.join()
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[: len(NOTHING_DUE)] == NOTHING_DUE
    assert lines[len(NOTHING_DUE)].startswith("notices: sent 2,")
    assert signal.getsignal(signal.SIGTERM) == before


def _until(is_so: object, seconds: float = 60) -> None:
    assert callable(is_so)
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)


def test_jobs_of_others_run_first_and_one_that_fails_stops_none(
    waiting: Database, own_jobs: Iterator[list[tuple[str, jobs.Job]]]
) -> None:
    next(own_jobs)

    def reminders(_database: Database, _settings: Settings) -> Mapping[str, int]:
        return {"told": 3}

    def broken(_database: Database, _settings: Settings) -> Mapping[str, int]:
        raise Problem("busy")

    jobs.register("broken", broken)
    jobs.register("reminders", reminders)
    done = jobs.run_all(waiting, waiting.settings)
    assert done == {
        "broken": None, "reminders": {"told": 3}, "notices": {"sent": 0, "failed": 0, "waiting": 2},
    }  # fmt: skip
    for name in ("reminders", "notices"):
        with pytest.raises(ValueError, match=name):
            jobs.register(name, reminders)


@pytest.mark.parametrize("thread", ["on", "off"])
def test_the_server_sends_by_itself_unless_told_not_to(
    waiting: Database, tmp_path: Path, thread: Literal["on", "off"]
) -> None:
    settings = Settings(
        database_url=waiting.settings.database_url, log_level="error", work_pause_seconds=1,
        notices_path=str(tmp_path / "out"), notices_thread=thread,
    )  # fmt: skip
    with TestClient(create_app(settings)) as client:
        assert client.get("/health").status_code == 200
        if thread == "on":
            _until(lambda: by_status(waiting) == {"sent": 2})
    assert by_status(waiting) == ({"sent": 2} if thread == "on" else {"waiting": 2})


def test_the_thread_outlives_what_nobody_foresaw(
    waiting: Database, own_jobs: Iterator[list[tuple[str, jobs.Job]]], tmp_path: Path
) -> None:
    next(own_jobs)
    turns: list[int] = []

    def surprising(_database: Database, _settings: Settings) -> Mapping[str, int]:
        turns.append(1)
        raise RuntimeError("nobody foresaw this")

    jobs.register("surprising", surprising)
    over = {"notices_path": str(tmp_path), "work_pause_seconds": 1}
    worker = jobs.Worker(waiting, waiting.settings.model_copy(update=over))
    worker.start()
    _until(lambda: len(turns) >= 2)
    worker.end()
    count = len(turns)
    time.sleep(0.05)
    assert len(turns) == count
