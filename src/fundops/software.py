"""Which version of the software and of the database kept the books, as the audit chain tells it.

``fundops migrate`` records the versions that are new; what was in use at any past instant is
the latest event before it.
"""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from fundops import __version__, audit
from fundops.audit import AuditEvent, AuditPayload

ACTION = "software.installed"


def note(db: Session) -> bool:
    """Record the versions in use unless the latest event says the same; return whether it did."""
    audit.lock_head(db)
    migration = db.execute(sql("SELECT version_num FROM alembic_version")).scalar_one()
    running = {"software": __version__, "migration": migration}
    query = (
        select(AuditPayload.payload)
        .join(AuditEvent, AuditEvent.seq == AuditPayload.seq)
        .where(AuditEvent.action == ACTION)
        .order_by(AuditEvent.seq.desc())
        .limit(1)
    )
    payload = db.execute(query).scalar_one_or_none()
    if payload is not None and json.loads(payload)["after"] == running:
        return False
    audit.record(db, audit.SYSTEM, ACTION, "software", after=running)
    return True
