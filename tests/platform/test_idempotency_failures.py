"""Keys and transactions stand and fall together: no answer without its effect, nor the reverse."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from fundops.authz import Role
from fundops.idempotency import IdempotencyKey
from fundops.ledger.models import Fund
from tests.world import World

FUND = {"code": "GLO", "name": "Global fund", "base_currency": "USD"}
KEY = {"idempotency-key": "the-same-key-1"}


def counts(world: World) -> tuple[int, int]:
    with world.database.read() as db:
        funds = db.execute(select(func.count()).select_from(Fund)).scalar_one()
        keys = db.execute(select(func.count()).select_from(IdempotencyKey)).scalar_one()
    return funds, keys


def test_a_commit_that_fails_stores_nothing(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    broken: list[Any] = []

    def fail(connection: Any) -> None:
        broken.append(connection)
        raise OperationalError("COMMIT", {}, RuntimeError("power cut"))

    event.listen(world.database.writer, "commit", fail)
    refused = manager.post("/v1/funds", json=FUND, headers=KEY)
    event.remove(world.database.writer, "commit", fail)
    assert broken
    assert refused.status_code >= 500
    assert "power cut" not in refused.text
    assert counts(world) == (0, 0)
    again = manager.post("/v1/funds", json=FUND, headers=KEY)
    assert again.status_code == 201
    assert counts(world) == (1, 1)


def test_an_answer_that_cannot_be_stored_undoes_its_effect(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)

    def fail(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO idempotency_keys"):
            raise RuntimeError("power cut")

    event.listen(world.database.writer, "before_cursor_execute", fail)
    refused = manager.post("/v1/funds", json=FUND, headers=KEY)
    event.remove(world.database.writer, "before_cursor_execute", fail)
    assert refused.status_code == 500
    assert counts(world) == (0, 0)


def test_one_key_and_two_payloads_at_once(world: World) -> None:
    """One of them is done, and the other told so, however they meet."""
    manager = world.as_role(Role.FUND_MANAGER)
    for turn in range(5):
        bodies = [FUND | {"code": f"F{turn}{n}"} for n in range(6)]
        key = {"idempotency-key": f"one-key-for-all-{turn}"}
        with ThreadPoolExecutor(6) as pool:
            answers = list(
                pool.map(lambda b, k=key: manager.post("/v1/funds", json=b, headers=k), bodies)
            )
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [201, 422, 422, 422, 422, 422]
        for answer in answers:
            if answer.status_code == 422:
                assert answer.json()["type"] == "urn:fundops:problem:idempotency-key-reused"
    assert counts(world) == (5, 5)


def test_only_answers_of_success_are_stored(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    manager.post("/v1/funds", json=FUND)
    before = counts(world)
    for body, status in (
        (FUND, 409),
        (FUND | {"base_currency": "QQQ"}, 422),
        ({}, 422),
    ):
        assert manager.post("/v1/funds", json=body, headers=KEY).status_code == status
    assert counts(world) == before


def test_the_same_request_elsewhere_is_another_request(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    first = manager.post("/v1/funds", json=FUND, headers=KEY)
    assert first.status_code == 201
    for path, body in (
        ("/v1/funds?x=1", FUND),
        ("/v1/events", FUND),
        ("/v1/funds", FUND | {"name": "Global fund "}),
    ):
        answer = manager.post(path, json=body, headers=KEY)
        assert answer.status_code == 422, path
    assert counts(world)[0] == 1


@pytest.mark.parametrize("shape", ['{"a": 1}', '{"a":1}'])
def test_bytes_are_compared_not_meanings(world: World, shape: str) -> None:
    from fundops.idempotency import request_digest

    one = request_digest("POST", "/v1/funds", shape.encode(), None)
    other = request_digest("POST", "/v1/funds", shape.replace("1", "2").encode(), None)
    moved = request_digest("POST", "/v1/fund", b"s" + shape.encode(), None)
    assert len({one, other, moved}) == 3
