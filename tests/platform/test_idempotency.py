"""Retries are safe: one effect, the same answer, and no key shared or reused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fundops.authz import Role
from tests.world import World

FUND = {"code": "GLO", "name": "Global fund", "base_currency": "USD"}
KEY = {"idempotency-key": "the-same-key-1"}


def test_a_retry_gets_the_first_answer_and_does_nothing(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    first = manager.post("/v1/funds", json=FUND, headers=KEY)
    again = manager.post("/v1/funds", json=FUND, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["location"] == first.headers["location"]
    assert len(manager.get("/v1/funds").json()["items"]) == 1


def test_thirty_at_once_have_one_effect(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: manager.post("/v1/funds", json=FUND, headers=KEY), range(30))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


def test_a_key_is_needed_and_bound_to_its_request_and_person(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    assert manager.post("/v1/funds", json=FUND, headers={"idempotency-key": ""}).status_code == 400
    manager.post("/v1/funds", json=FUND, headers=KEY)
    other = manager.post("/v1/funds", json=FUND | {"code": "OTHER"}, headers=KEY)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:fundops:problem:idempotency-key-reused"
    stranger = world.as_role(Role.FUND_MANAGER)
    assert stranger.post("/v1/funds", json=FUND | {"code": "OTHER"}, headers=KEY).status_code == 201


def test_a_refusal_is_not_stored(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    wrong = manager.post("/v1/funds", json=FUND | {"base_currency": "QQQ"}, headers=KEY)
    assert wrong.status_code == 422
    assert manager.post("/v1/funds", json=FUND, headers=KEY).status_code == 201
