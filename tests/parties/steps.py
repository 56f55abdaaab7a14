"""Small steps that the tests of access share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from fundops import audit, clock
from tests.factories import a_fund, a_party
from tests.world import Caller, World


def instant(**ahead: float) -> str:
    """Return the text of an instant so many ``days`` or ``hours`` ahead."""
    return (clock.now() + timedelta(**ahead)).isoformat()


def a_party_id(world: World, **over: object) -> UUID:
    """Register a party and return its id."""
    with world.database.write() as db:
        audit.lock_head(db)
        return a_party(db, **over).id  # type: ignore[arg-type]


def a_fund_id(world: World) -> UUID:
    """Open a fund and return its id."""
    with world.database.write() as db:
        audit.lock_head(db)
        return a_fund(db).id


def a_membership(reader: Caller, person_id: str) -> dict[str, Any]:
    """Return the first membership of a person, as ``reader`` sees it."""
    found: dict[str, Any] = reader.get(f"/v1/memberships?person_id={person_id}").json()["items"][0]
    return found


def ended_at(reader: Caller, membership_id: str) -> str | None:
    """Return when a membership ends or ended."""
    found: str | None = reader.get(f"/v1/memberships/{membership_id}").json()["valid_until"]
    return found


def problem(answer: Any) -> tuple[int, str]:
    """Return status and slug of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("urn:fundops:problem:")


def pointer(answer: Any) -> str:
    """Return the place of the one wrong input of a refusal."""
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return str(error["pointer"])
