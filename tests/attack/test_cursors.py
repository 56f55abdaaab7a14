"""Cursors are made by us; one made by somebody else is refused, never an error."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest

from fundops.authz import Role
from tests.world import World


def forged(sort: str | None, value: Any) -> str:
    """Return a cursor as ours are written, with a value of one's own."""
    raw = json.dumps([sort, value, uuid4().hex]).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


HOSTILE = [
    True,
    None,
    1.5,
    float("nan"),
    2**62,
    -(2**62),
    2**63,
    "",
    "\ud800",
    "x\x00",
    "2026-01-01",
    "0001-01-01",
    "9999-12-31",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00+00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-W01-1",
    ["x"],
    {"x": 1},
]

LISTS = [
    (Role.AUDITOR, "/v1/grants", "awarded"),
    (Role.AUDITOR, "/v1/grants", "awarded_on"),
    (Role.AUDITOR, "/v1/calls", "year"),
    (Role.AUDITOR, "/v1/pledges", "code"),
    (Role.AUDITOR, "/v1/receipts", "received_on"),
    (Role.AUDITOR, "/v1/memberships", "valid_from"),
    (Role.AUDITOR, "/v1/tokens", "expires_at"),
    (Role.AUDITOR, "/v1/parties", "name"),
    (Role.AUDITOR, "/v1/statements", "as_of_on"),
    (Role.AUDITOR, "/v1/pledges", None),
]


@pytest.mark.parametrize(("role", "path", "sort"), LISTS)
def test_a_forged_cursor_is_refused(world: World, role: Role, path: str, sort: str | None) -> None:
    caller = world.as_role(role)
    statuses = {}
    for value in HOSTILE:
        params = {"cursor": forged(sort, value)} | ({"sort": sort} if sort else {})
        statuses[repr(value)] = caller.get(path, params=params).status_code
    assert set(statuses.values()) <= {200, 422}, {k: v for k, v in statuses.items() if v >= 500}
