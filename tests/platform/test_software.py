"""The program's version in the audit chain: recorded when it is installed, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from fundops import __version__, software
from fundops.audit import AuditEvent, AuditPayload
from fundops.commands import app
from fundops.config import Settings
from fundops.db import Database


def test_migrating_records_the_version_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/books.db"
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", url)
    for _ in range(2):
        done = CliRunner().invoke(app, ["migrate"])
        assert done.exit_code == 0, done.output
    database = Database(Settings(database_url=url))
    with database.write() as db:
        query = select(AuditEvent.action, AuditPayload.payload).join(
            AuditPayload, AuditPayload.seq == AuditEvent.seq
        )
        ((action, payload),) = db.execute(query).all()
        monkeypatch.setattr(software, "__version__", "99.0")
        assert software.note(db)
    database.close()
    assert action == software.ACTION
    assert payload is not None
    assert json.loads(payload)["after"]["software"] == __version__
