"""Requests that once ended in a 5xx, as the drawn ones found them."""

from __future__ import annotations

from fundops.authz import Role
from tests.world import World

NOBODY = "01890000-0000-7000-8000-00000000dead"


def test_a_token_for_a_fund_that_is_not_there(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    refused = manager.post("/v1/tokens", json={"label": "x", "fund_id": NOBODY})
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/fund_id"]
