"""The only state machine: a status changes through a declared step, or not at all.

A table of steps is data: it drives the code, the diagram in the documents and, later, buttons.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from fundops.authz import Permission
from fundops.errors import Problem


class HasStatus(Protocol):
    """A record with a status column."""

    status: str


@dataclass(frozen=True)
class Step:
    """One allowed move: from which statuses, to which, with which permission.

    ``differs_from`` names columns holding persons who must not be the one taking this step.
    """

    sources: frozenset[str]
    target: str
    permission: Permission
    differs_from: tuple[str, ...] = ()


Steps = Mapping[str, Step]


def step(
    sources: str, target: str, permission: Permission, differs_from: tuple[str, ...] = ()
) -> Step:
    """Return a step; ``sources`` lists statuses separated by spaces."""
    return Step(frozenset(sources.split()), target, permission, differs_from)


SAME_HANDS: list[Callable[[object, object, Permission, Collection[UUID]], bool]] = []
"""Asked of every step that another person must take: whether whoever takes it stands behind one of
the persons named, or one of them behind whoever takes it. ``parties.hands`` answers."""


def require(record: HasStatus, steps: Steps, action: str, actor: object = None) -> Step:
    """Return the step that ``record`` may take; raise ``wrong-status`` or ``same-person`` (409)."""
    move = steps[action]
    if record.status not in move.sources:
        raise Problem("wrong-status", action=action.replace("_", " "), status=record.status)
    person_id = getattr(actor, "person_id", None)
    named = [getattr(record, column) for column in move.differs_from]
    others = {other for other in named if other is not None}
    if person_id is not None and others:
        same = person_id in others
        if same or any(ask(record, actor, move.permission, others) for ask in SAME_HANDS):
            raise Problem("same-person", action=action.replace("_", " "))
    return move


def advance(record: HasStatus, steps: Steps, action: str, actor: object = None) -> None:
    """Move ``record`` by ``action``; raise what ``require`` does."""
    record.status = require(record, steps, action, actor).target


def mermaid(steps: Steps) -> str:
    """Return the steps as a Mermaid state diagram, for the documents."""
    lines = ["stateDiagram-v2"]
    for action, move in steps.items():
        for source in sorted(move.sources):
            lines.append(f"    {source} --> {move.target}: {action} ({move.permission})")
    return "\n".join(lines)
