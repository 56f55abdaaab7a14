"""Setting how long data is kept, and disposing of what is older, with a log."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Actor, Permission
from fundops.config import Settings
from fundops.db import Database
from fundops.errors import Problem, invalid
from fundops.files.store import Store
from fundops.grants.plan import add_months
from fundops.ids import uuid7
from fundops.lifecycle import Steps, advance, step
from fundops.notices import jobs
from fundops.records import snapshot
from fundops.retention import classes, queries
from fundops.retention.classes import CLASSES, DataClass
from fundops.retention.models import Disposal, RetentionRule

RULE_STEPS: Steps = {
    "approve": step("proposed", "approved", Permission.RETENTION_APPROVE, ("proposed_by_id",)),
    "refuse": step("proposed", "refused", Permission.RETENTION_APPROVE, ("proposed_by_id",)),
}
BATCH = 500
"""Rows that one transaction disposes of at most."""


def propose(db: Session, actor: Actor, data_class: str, months: int, reason: str) -> RetentionRule:
    """Propose how long a class of data is kept; it counts once another person approves it.

    Raises ``not-allowed`` for who works for some funds only, ``invalid-request`` for less than
    the class must be kept.
    """
    require_all_funds(actor, Permission.RETENTION_PROPOSE)
    least = CLASSES[data_class].least
    if months < least:
        raise invalid("/months", "retention.too_short", least=least)
    made = RetentionRule(
        id=uuid7(),
        data_class=data_class,
        months=months,
        reason=reason,
        status="proposed",
        proposed_by_id=actor.person_id,
        proposed_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, actor, "retention_rule.proposed", "retention_rule", made.id, reason=reason,
        after=snapshot(made),
    )  # fmt: skip
    return made


def decide(db: Session, actor: Actor, rule: RetentionRule, action: str, reason: str | None) -> None:
    """Approve or refuse a rule. Raises ``same-person`` for whoever proposed it."""
    require_all_funds(actor, Permission.RETENTION_APPROVE)
    before = snapshot(rule)
    advance(rule, RULE_STEPS, action, actor)
    rule.decided_by_id, rule.decided_at = actor.person_id, clock.now()
    db.flush()
    audit.record(
        db, actor, f"retention_rule.{rule.status}", "retention_rule", rule.id, reason=reason,
        before=before, after=snapshot(rule),
    )  # fmt: skip


def require_all_funds(actor: Actor, permission: Permission) -> None:
    """Refuse whoever holds ``permission`` for some funds only: retention is everybody's."""
    if actor.funds(permission) is not None:
        raise Problem("not-allowed")


def cutoff(now: datetime, months: int) -> datetime:
    """Return the instant before which what is kept for ``months`` is due: by calendar months.

    >>> from datetime import UTC
    >>> cutoff(datetime(2026, 3, 31, tzinfo=UTC), 1)
    datetime.datetime(2026, 2, 28, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime.combine(add_months(now.date(), -months), now.timetz())


def due_counts(db: Session) -> dict[str, int]:
    """Return per class with a rule in force how many rows are older than it allows."""
    found = {}
    for name, rule in queries.in_force(db).items():
        query = CLASSES[name].find(cutoff(clock.now(), rule.months)).order_by(None)
        found[name] = int(
            db.execute(select(func.count()).select_from(query.subquery())).scalar_one()
        )
    return found


def dispose_due(database: Database, settings: Settings) -> Mapping[str, int]:
    """Dispose of everything that is older than its rule allows; return the rows per class.

    In transactions of at most ``BATCH`` rows, each with its line in the log. Then contents that
    no file needs any more leave the store; what a crash leaves there goes the next time.
    """
    done: dict[str, int] = {}
    for data_class in CLASSES.values():
        while count := _dispose_some(database, data_class):
            done[data_class.name] = done.get(data_class.name, 0) + count
    _sweep(database, settings)
    return done


def _dispose_some(database: Database, data_class: DataClass) -> int:
    with database.read() as db:
        if not _due(db, data_class)[1]:
            return 0
    with database.write() as db:
        audit.lock_head(db)
        before, ids, rule = _due(db, data_class)
        if not ids or rule is None:
            return 0
        data_class.dispose(db, ids)
        listed = "\n".join(sorted(str(one) for one in ids))
        made = Disposal(
            id=uuid7(),
            data_class=data_class.name,
            rule_id=rule.id,
            before_at=before,
            rows_disposed=len(ids),
            ids_sha256=hashlib.sha256(listed.encode()).hexdigest(),
            disposed_at=clock.now(),
        )
        db.add(made)
        db.flush()
        audit.record(
            db, audit.SYSTEM, "data.disposed", "disposal", made.id, reason=rule.reason,
            after=snapshot(made),
        )  # fmt: skip
    return len(ids)


def _due(db: Session, data_class: DataClass) -> tuple[datetime, list[UUID], RetentionRule | None]:
    """Return the instant, at most ``BATCH`` ids that are due by it, and the rule that says so."""
    now = clock.now()
    rule = queries.in_force(db).get(data_class.name)
    if rule is None:
        return now, [], None
    before = cutoff(now, rule.months)
    query = data_class.find(before).limit(BATCH)
    return before, list(db.execute(query).scalars()), rule


def _sweep(database: Database, settings: Settings) -> None:
    store = Store(settings.files_path)
    with database.read() as db:
        addresses = list(db.execute(classes.gone_contents()).scalars())
    for sha256 in addresses:
        store.remove(sha256, clock.now().timestamp())


def _job(database: Database, settings: Settings) -> Mapping[str, int]:
    return {"disposed": sum(dispose_due(database, settings).values())}


jobs.register("retention", _job)
