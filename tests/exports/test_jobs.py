"""Export jobs: asked for, watched, cancelled, begun again, taken away, and gone in time."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from fundops import audit, clock
from fundops.authz import Role
from fundops.config import Settings
from fundops.demo.stage import Story
from fundops.exports.jobs import runner, service
from fundops.exports.jobs.models import ExportJob
from fundops.parties.models import Party
from tests.exports.audit_book.opened import checks, same
from tests.told import story
from tests.world import Caller, World

__all__ = ["story"]

JOBS = "/v1/export_jobs"
ASKED = {"fund": "DEMO"}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Give settings with a folder of this test's own."""
    return Settings(
        database_url=database_url, log_level="error", files_path=str(tmp_path / "files"),
        export_thread="off",
    )  # fmt: skip


def asked(caller: Caller, **body: Any) -> dict[str, Any]:
    """Ask for a workbook; return the job."""
    answer = caller.post(JOBS, json={**ASKED, **body})
    assert answer.status_code == 201, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{JOBS}/{job['id']}"
    return job


def run(world: World, stop: threading.Event | None = None) -> dict[str, int]:
    """Make what waits."""
    return dict(runner.run(world.database, world.app.state.settings, stop))


def now(caller: Caller, job: dict[str, Any]) -> dict[str, Any]:
    """Return a job as it is now."""
    found: dict[str, Any] = caller.get(f"{JOBS}/{job['id']}").json()
    return found


def files(world: World) -> list[str]:
    """Return what is in the folder of jobs, parts included."""
    folder = service.folder(world.app.state.settings)
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def test_a_job_from_asking_to_expiring(world: World, story: Story) -> None:
    auditor, other = world.as_role(Role.AUDITOR), world.as_role(Role.AUDITOR)
    job = asked(auditor)
    assert (job["status"], job["progress"]["sheets_done"], job["sha256"]) == ("queued", 0, None)
    place = f"{JOBS}/{job['id']}"
    assert auditor.get(f"{place}/file").status_code == 409
    for path in (place, f"{place}/file"):
        assert other.get(path).status_code == 404
    assert other.post(f"{place}/cancel").status_code == 404
    assert other.get(JOBS).json()["items"] == []
    assert world.as_role(Role.GRANT_OFFICER).post(JOBS, json=ASKED).status_code == 403
    assert auditor.post(JOBS, json={"fund": "NONE"}).status_code == 404
    asked_again = asked(world.as_role(Role.DONOR, party_id=story.parties["north"].id),
                        donor=story.parties["north"].code)  # fmt: skip
    assert (asked_again["reader"], asked_again["scope"]) == ("outside", "donor")

    assert run(world) == {"made": 2}
    done = now(auditor, job)
    assert done["status"] == "done"
    assert done["progress"]["sheets_done"] == done["progress"]["sheets"] > 5
    assert done["progress"]["rows_done"] > 100
    assert auditor.get(JOBS).json()["items"] == [done]
    file = auditor.get(f"{place}/file")
    assert file.status_code == 200
    assert hashlib.sha256(file.content).hexdigest() == done["sha256"]
    assert len(file.content) == done["size_bytes"]
    assert done["manifest"]["manifest"]["file"]["sha256"] == done["sha256"]
    assert done["manifest"]["signature"]["algorithm"] == "Ed25519"
    assert checks(file.content) == {"OK"}
    known_at = done["manifest"]["manifest"]["known_at"]
    live = auditor.get("/v1/audit_workbook", params={**ASKED, "known_at": known_at})
    same(live.content, file.content)

    rest = auditor.get(f"{place}/file", headers={
        "range": "bytes=1000-", "if-range": f'"{done["sha256"]}"'})  # fmt: skip
    assert (rest.status_code, rest.content) == (206, file.content[1000:])

    with world.database.write() as db:
        db.execute(update(ExportJob).values(expires_at=clock.now() - timedelta(seconds=1)))
    folder = service.folder(world.app.state.settings)
    for name, age in ((".gone.xlsx.1.part", 2), (".now.xlsx.2.part", 0)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age * runner.STRAY_SECONDS,) * 2)
    assert run(world)["expired"] == 2
    assert files(world) == [".now.xlsx.2.part"], "what a killed worker left is gone a day later"
    (folder / ".now.xlsx.2.part").unlink()
    assert (now(auditor, job)["status"], files(world)) == ("expired", [])
    assert auditor.get(f"{place}/file").status_code == 409
    assert run(world) == {"made": 0}


def test_an_old_file_does_not_tell_what_is_protected_since(world: World, story: Story) -> None:
    auditor = world.as_role(Role.AUDITOR)
    job = asked(auditor)
    run(world)
    place = f"{JOBS}/{job['id']}/file"
    assert auditor.get(place).status_code == 200
    with world.database.write() as db:
        audit.lock_head(db)
        one = db.execute(select(Party.id).limit(1)).scalar_one()
        audit.record(db, audit.SYSTEM, "party.changed", "party", one)
    answer = auditor.get(place)
    assert answer.status_code == 409
    assert "ask for it again" in answer.json()["detail"]


def during(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let ``act`` happen once while a file is being made."""
    done: list[bool] = []

    def moved(progress: Any) -> None:
        if not done:
            done.append(True)
            act()
        original(progress)

    original = runner._Progress.moved
    monkeypatch.setattr(runner, "TELL_SECONDS", 0.0)
    monkeypatch.setattr(runner._Progress, "moved", moved)


def test_a_cancelled_job_stops_and_leaves_nothing(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = world.as_role(Role.AUDITOR)
    waiting = asked(auditor)
    gone = auditor.post(f"{JOBS}/{waiting['id']}/cancel")
    assert (gone.status_code, gone.json()["status"]) == (200, "cancelled")
    assert auditor.post(f"{JOBS}/{waiting['id']}/cancel").status_code == 409
    running = asked(auditor)
    seen = []

    def cancel() -> None:
        seen.append(now(auditor, running)["status"])
        assert auditor.post(f"{JOBS}/{running['id']}/cancel").status_code == 200

    during(monkeypatch, cancel)
    assert run(world) == {"made": 0}
    assert seen == ["running"]
    assert (now(auditor, running)["status"], files(world)) == ("cancelled", [])
    made = asked(auditor)
    run(world)
    assert files(world) == [f"{made['id']}.xlsx"]
    assert auditor.post(f"{JOBS}/{made['id']}/cancel").status_code == 200
    assert files(world) == []


def test_a_job_is_begun_again_after_a_restart(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = world.as_role(Role.AUDITOR)
    job = asked(auditor)
    stop = threading.Event()
    during(monkeypatch, stop.set)
    assert run(world, stop) == {"made": 0}
    assert (now(auditor, job)["status"], files(world)) == ("queued", [])

    lease = runner._take(world.database)
    assert lease is not None, "a worker takes it and dies"
    assert runner._take(world.database) is None, "its lease keeps others away"
    lapse = update(ExportJob).values(lease_until=clock.now() - timedelta(seconds=1))
    with world.database.write() as db:
        db.execute(lapse)
    assert run(world) == {"made": 1}
    assert now(auditor, job)["status"] == "done"

    spent = asked(auditor)
    for _ in range(runner.MAX_ATTEMPTS):
        assert runner._take(world.database) is not None
        with world.database.write() as db:
            db.execute(lapse.where(ExportJob.status == "running"))
    assert run(world) == {"made": 0}
    assert (now(auditor, spent)["status"], now(auditor, spent)["reason"]) == (
        "failed", "too_often",
    )  # fmt: skip


def test_who_lost_the_lease_leaves_the_file_of_who_has_it(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writes and pauses, another makes the job anew and ends it, and the first goes on."""
    auditor = world.as_role(Role.AUDITOR)
    job, write, made = asked(auditor), runner._write, list[Any]()

    def overtaken(*given: Any) -> Any:
        written = write(*given)
        if not made:
            made.append(written)
            with world.database.write() as db:
                lapsed = clock.now() - timedelta(seconds=1)
                db.execute(update(ExportJob).values(lease_until=lapsed))
            assert run(world) == {"made": 1}
        return written

    monkeypatch.setattr(runner, "_write", overtaken)
    folder = service.folder(world.app.state.settings)
    old = folder / "lost+found"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    run(world)
    assert now(auditor, job)["status"] == "done"
    assert auditor.get(f"{JOBS}/{job['id']}/file").status_code == 200
    assert old.is_dir(), "what is nobody's file stays"


@pytest.mark.sqlite_only
def test_a_full_disk_fails_the_job_and_leaves_no_part(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = world.as_role(Role.AUDITOR)
    job = asked(auditor)

    def full() -> None:
        raise OSError(errno.ENOSPC, "no room")

    during(monkeypatch, full)
    assert run(world) == {"failed": 1}
    failed = now(auditor, job)
    assert (failed["status"], failed["reason"], files(world)) == ("failed", "no_room", [])
    assert "no room" in failed["detail"]


def test_a_person_has_few_jobs_open(world: World, story: Story) -> None:
    auditor = world.as_role(Role.AUDITOR)
    for _ in range(service.MAX_OPEN):
        asked(auditor)
    assert auditor.post(JOBS, json=ASKED).status_code == 409
    asked(world.as_role(Role.AUDITOR))


def test_a_person_fills_no_disk_with_files(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made counts until it is cancelled or expires; what is gone does not."""
    monkeypatch.setattr(service, "MAX_KEPT", 2)
    auditor = world.as_role(Role.AUDITOR)
    first, _ = asked(auditor), asked(auditor)
    assert run(world) == {"made": 2}
    (folder,) = {service.path_of(world.app.state.settings, UUID(first["id"])).parent}
    assert folder.stat().st_mode & 0o077 == 0, "nobody else on the machine reads it"
    refused = auditor.post(JOBS, json=ASKED)
    assert (refused.status_code, "kept" in refused.json()["detail"]) == (409, True)
    assert auditor.post(f"{JOBS}/{first['id']}/cancel").status_code == 200
    asked(auditor)


@pytest.mark.sqlite_only
def test_the_server_makes_jobs_itself_where_it_may(world: World, story: Story) -> None:
    world.app.state.maker.end()
    own = world.app.state.settings.model_copy(update={"export_thread": "on"})
    slots = world.app.state.export_slots
    world.app.state.maker = runner.Maker(world.database, own, slots)
    auditor = world.as_role(Role.AUDITOR)
    job = asked(auditor)
    until = time.monotonic() + 60
    while now(auditor, job)["status"] != "done" and time.monotonic() < until:
        time.sleep(0.1)
    assert now(auditor, job)["status"] == "done"
    world.app.state.maker.end()
