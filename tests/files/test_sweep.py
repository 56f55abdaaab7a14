"""Sweeping: what no record needs goes, and nothing else does, whoever adds meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import literal
from typer.testing import CliRunner

from fundops import clock, commands
from fundops.files import checks
from fundops.files.store import Store
from tests.files.conftest import MovingClock, Sender
from tests.world import World

OLD = 3 * 86_400


def aged(path: Path) -> Path:
    """Make a file three days older than it is."""
    at = path.stat().st_mtime - OLD
    os.utime(path, (at, at))
    return path


def place(store: Store, sha256: str) -> Path:
    return store.path / sha256[:2] / sha256


@pytest.fixture
def litter(world: World, sender: Sender, store: Store) -> dict[str, str]:
    """Leave an old and a young orphan, an old file that is needed, and half a content."""
    kept = sender.upload(b"needed", "a.txt")["stored_sha256"]
    old, young = store.add(b"old orphan"), store.add(b"young orphan")
    aged(place(store, old))
    aged(place(store, kept))
    half = store.aside / "0123"
    half.write_bytes(b"half")
    aged(half)
    return {"kept": kept, "old": old, "young": young, "half": str(half)}


def test_a_dry_run_removes_nothing(world: World, store: Store, litter: dict[str, str]) -> None:
    before = {path for path in store.path.rglob("*") if path.is_file()}
    found = checks.sweep(world.database, store, removes=False)
    assert found.orphans == [litter["old"]]
    assert found.orphan_bytes == len(b"old orphan")
    assert [str(path) for path in found.half_written] == [litter["half"]]
    assert {path for path in store.path.rglob("*") if path.is_file()} >= before


def test_a_sweep_removes_old_orphans_alone(
    world: World, store: Store, sender: Sender, litter: dict[str, str]
) -> None:
    assert checks.sweep(world.database, store, removes=True).orphans == [litter["old"]]
    assert {one.sha256 for one in store.contents()} == {litter["kept"], litter["young"]}
    assert not Path(litter["half"]).exists()
    again = checks.sweep(world.database, store, removes=True)
    assert (again.orphans, again.half_written) == ([], [])
    with world.database.read() as db:
        assert checks.run(db, store) == []


def test_an_orphan_that_is_sent_again_meanwhile_stays(
    world: World, store: Store, sender: Sender, litter: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    listed = checks.referred

    def later(db: object) -> set[str]:
        known = listed(db)  # type: ignore[arg-type]
        store.add(b"old orphan")  # a completion that has not committed yet
        return known

    monkeypatch.setattr(checks, "referred", later)
    assert checks.sweep(world.database, store, removes=True).orphans == []
    assert store.read(litter["old"]) == b"old orphan"


def test_contents_that_others_refer_to_stay(
    world: World, store: Store, litter: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_REFERENCES", [])
    assert litter["old"] in checks.sweep(world.database, store, removes=False).orphans
    checks.refer(literal(litter["old"]))  # type: ignore[arg-type]  # as a column would hold it
    assert litter["old"] not in checks.sweep(world.database, store, removes=False).orphans


def test_abandoned_uploads_are_given_up_and_cleared(
    world: World, sender: Sender, store: Store, moving_clock: MovingClock
) -> None:
    abandoned = sender.sent(b"some words", "a.txt")
    moving_clock.forward(days=world.app.state.settings.upload_days, hours=1)
    going_on = sender.sent(b"other words", "b.txt")
    with store.spool.held(uuid4()) as part:  # of an upload that was never committed
        part.write(0, b"x")
    found = checks.sweep(world.database, store, removes=True)
    assert [str(one) for one in found.given_up] == [abandoned]
    assert len(found.strays) == 1
    assert [str(one) for one in store.spool.ids()] == [going_on]
    upload = sender.caller.get(f"/v1/uploads/{abandoned}").json()
    assert upload["status"] == "refused"
    assert upload["reason"]
    assert sender.complete(going_on).status_code == 201
    assert store.spool.size(UUID(abandoned)) == 0


def test_an_upload_in_use_is_left_for_the_next_sweep(
    world: World, sender: Sender, store: Store, moving_clock: MovingClock
) -> None:
    upload_id = UUID(sender.sent(b"some words", "a.txt"))
    moving_clock.forward(days=world.app.state.settings.upload_days, hours=1)
    with store.spool.held(upload_id):
        found = checks.sweep(world.database, store, removes=True)
    assert found.given_up == []
    assert store.spool.size(upload_id) == len(b"some words")
    assert checks.sweep(world.database, store, removes=True).given_up == [upload_id]


def test_the_command_shows_then_removes(
    world: World, store: Store, litter: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = world.app.state.settings
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("FUNDOPS_FILES_PATH", str(store.path))
    run = CliRunner().invoke
    shown = run(commands.app, ["files", "sweep"])
    assert shown.exit_code == 0, shown.output
    assert "1 contents (10 bytes)" in shown.output
    assert "--remove" in shown.output
    assert place(store, litter["old"]).exists()
    assert run(commands.app, ["files", "sweep", "--remove"]).exit_code == 0
    assert not place(store, litter["old"]).exists()
    assert run(commands.app, ["files", "check"]).exit_code == 0
    place(store, litter["kept"]).write_bytes(b"damage")
    for words in (["files", "check"], ["files", "sweep"]):
        broken = run(commands.app, words)
        assert broken.exit_code == 1
        assert "a.txt" in broken.output


def test_a_day_is_a_day(store: Store, world: World, moving_clock: MovingClock) -> None:
    sha256 = store.add(b"orphan")
    moving_clock.forward(hours=23)
    assert checks.sweep(world.database, store, removes=True).orphans == []
    moving_clock.forward(hours=2)
    assert clock.now().timestamp() - place(store, sha256).stat().st_mtime > 86_400
    assert checks.sweep(world.database, store, removes=True).orphans == [sha256]
