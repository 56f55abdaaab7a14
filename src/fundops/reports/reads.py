"""Who read what a report says: every read of another's is written down before it is answered."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import insert

from fundops import clock
from fundops.authz import Actor
from fundops.db import Database
from fundops.ids import uuid7
from fundops.reports.models import ReportRead


def write_down(database: Database, actor: Actor, report_ids: Collection[UUID]) -> None:
    """Write down that a person reads these reports, in a transaction of its own.

    A read that cannot be written down is not answered: the problem goes to the reader.
    """
    now = clock.now()
    rows = [
        {"id": uuid7(), "report_id": one, "person_id": actor.person_id, "read_at": now}
        for one in sorted(report_ids)
    ]
    if rows:
        with database.write() as db:
            db.execute(insert(ReportRead), rows)
