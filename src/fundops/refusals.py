"""Refusals that matter are audited, in a second transaction of their own.

A refused request changes nothing, so its own transaction leaves no trace. That somebody tried to
take both steps of a payment, or what no role of theirs allows, is worth an event all the same.
"""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from fundops import audit
from fundops.audit import Author
from fundops.db import Database
from fundops.errors import Problem

log = logging.getLogger("fundops.refusals")

AUDITED = frozenset(
    {"not-allowed", "same-person", "conflict-of-interest", "money-already-spent", "too-late"}
)
"""Problems whose refusal of a change is put in the audit chain."""

CHANGES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


def record_refusal(
    database: Database, author: Author, method: str, path: str, problem: Problem
) -> None:
    """Record that ``author`` was refused, if the problem is one that matters.

    A failure to do so is logged and does not change the answer.
    """
    if problem.slug not in AUDITED or method not in CHANGES:
        return
    try:
        with database.write() as db:
            audit.record(
                db, author, "request.refused", "request",
                after={"problem": problem.slug, "method": method, "path": path[:300]},
            )  # fmt: skip
    except (Problem, SQLAlchemyError):
        log.exception("a refusal could not be recorded")
