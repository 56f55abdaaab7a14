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


def test_a_nul_in_an_address(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    for address in (
        "/v1/donor_statement?donor=%00",
        "/v1/parties?name=a%00b",
        "/v1/parties?%00=1",
        "/v1/trace/%00",
        "/v1/parties/%00",
    ):
        refused = manager.get(address)
        assert refused.status_code == 422, (address, refused.text)
        assert refused.headers["content-type"] == "application/problem+json"
