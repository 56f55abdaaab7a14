"""Bodies are read strictly: what is not plain, bounded JSON of the right types is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fundops.authz import Role
from fundops.strict import BodyRefused, parse_json
from tests.platform.corpus import BODIES, CANARY
from tests.world import Caller, World

FUND = {"code": "GLO", "name": "Global fund", "base_currency": "USD"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def manager(world: World) -> Caller:
    return world.as_role(Role.FUND_MANAGER)


def refused(answer: Any, status: int, kind: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:fundops:problem:{kind}"
    assert CANARY not in answer.text


def test_no_hostile_body_is_taken(manager: Caller) -> None:
    for name, body in BODIES.items():
        answer = manager.post("/v1/funds", content=body, headers=JSON)
        assert answer.status_code in {400, 422}, (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert manager.get("/v1/funds").json()["items"] == []


def test_an_unreadable_body_is_not_taken_for_an_empty_one(manager: Caller) -> None:
    """Not even where every field may be left out."""
    assert manager.post("/v1/funds", json=FUND).status_code == 201
    fund = manager.get("/v1/funds").json()["items"][0]
    place, tag = f"/v1/funds/{fund['id']}", {"if-match": f'"{fund["version"]}"'}
    for name, body in BODIES.items():
        answer = manager.request("PATCH", place, content=body, headers=JSON | tag)
        assert answer.status_code in {400, 422}, (name, answer.text)
    assert manager.request("PATCH", place, content=b"{}", headers=JSON | tag).status_code == 200


SENTENCES = {
    "not utf-8": "not UTF-8",
    "not json": "not valid JSON",
    "nan": "NaN",
    "1e400": "infinite",
    "duplicate key": "twice",
    "deep duplicate key": "twice",
    "lone surrogate": "half a character",
    "nul": "NUL",
    "nul as key": "NUL",
    "deep list": "too deeply",
    "deep object": "too deeply",
    "deep enough": "too deeply",
    "digits": "not valid JSON",
}


def test_the_sentence_says_what_is_wrong(manager: Caller) -> None:
    for name, sentence in SENTENCES.items():
        answer = manager.post("/v1/funds", content=BODIES[name], headers=JSON)
        refused(answer, 400, "malformed-body")
        assert sentence in answer.json()["detail"], name


def test_text_is_text_and_bounded(manager: Caller) -> None:
    hostile: tuple[Any, ...] = (5, True, 1.5, None, [], {}, "", " ", "x" * 301, "a\x01b", "a\nb")
    for value in hostile:
        answer = manager.post("/v1/funds", json=FUND | {"name": value})
        refused(answer, 422, "invalid-request")
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/name"], value


AMOUNTS = (
    "1e3", "1,000.00", " 1.00", "1.00 ", "-1.00", "+1.00", "1.005", "", ".5", "5.", "0x10", "٣",
    "9" * 17, 1250, 12.5, True, None, "NaN", "1_000", "1.00\n",
)  # fmt: skip


def test_money_is_plain_text(manager: Caller) -> None:
    place = manager.post("/v1/funds", json=FUND).headers["location"]

    def target(amount: object) -> Any:
        body = {"target": {"amount": amount, "currency": "USD"}}
        return manager.patch(f"{place}/operating_reserve", json=body, headers={"if-match": '"1"'})

    for amount in AMOUNTS:
        answer = target(amount)
        refused(answer, 422, "invalid-request")
        assert answer.json()["errors"][0]["pointer"] == "/target/amount", amount
    assert target("1000.00").status_code == 200


MEDIA_TYPES = (
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/xml", "application/jsonx", "application/ld+json", "", "text/json", "garbage",
    "application/json-patch+json", "application/merge-patch+json", None,
)  # fmt: skip


def test_only_json_is_read(manager: Caller) -> None:
    body = b'{"code": "GLO", "name": "Global fund", "base_currency": "USD"}'
    for given in MEDIA_TYPES:
        headers = {} if given is None else {"content-type": given}
        answer = manager.post("/v1/funds", content=body, headers=headers)
        refused(answer, 415, "unsupported-media-type")
    for number, given in enumerate(
        ("application/json", "application/json; charset=utf-8", "Application/JSON")
    ):
        body = b'{"code": "GLO%d", "name": "Global fund", "base_currency": "USD"}' % number
        answer = manager.post("/v1/funds", content=body, headers={"content-type": given})
        assert answer.status_code == 201, answer.text


def test_a_body_over_the_limit_is_refused_unread(manager: Caller) -> None:
    limit = manager.client.app.state.settings.max_body_bytes  # type: ignore[attr-defined]
    body = b'{"code": "' + b"A" * limit + b'"}'
    refused(manager.post("/v1/funds", content=body, headers=JSON), 413, "body-too-large")
    stranger = Caller(manager.client, None)
    refused(stranger.post("/v1/funds", content=body, headers=JSON), 413, "body-too-large")
    assert manager.get("/v1/funds").json()["items"] == []


def test_a_body_of_no_declared_length_is_cut_off_at_the_limit(manager: Caller) -> None:
    limit = manager.client.app.state.settings.max_body_bytes  # type: ignore[attr-defined]
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(3 * limit // 65_536):
            sent += 65_536
            yield b"[" * 65_536

    answer = manager.post("/v1/funds", content=chunks(), headers=JSON)
    refused(answer, 413, "body-too-large")


def test_a_body_just_below_the_limit_is_read(manager: Caller) -> None:
    limit = manager.client.app.state.settings.max_body_bytes  # type: ignore[attr-defined]
    body = b'{"code": "GLO", "name": "Global fund", "base_currency": "USD"}'
    answer = manager.post("/v1/funds", content=body.ljust(limit), headers=JSON)
    assert answer.status_code == 201


def test_errors_name_places_by_json_pointer(manager: Caller) -> None:
    answer = manager.post("/v1/funds", json={"a/b~c": 1, "code": 1, "x" * 200: 1})
    refused(answer, 422, "invalid-request")
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert {"/a~1b~0c", "/code", "/name", "/base_currency"} <= pointers
    assert all(len(pointer) <= 81 for pointer in pointers)


def test_at_most_fifty_errors_are_told(manager: Caller) -> None:
    answer = manager.post("/v1/funds", json={f"k{n}": 1 for n in range(500)})
    assert len(answer.json()["errors"]) == 50


def test_the_reader_takes_any_plain_json_and_nothing_else() -> None:
    """What a schema must judge passes the reader; what is no JSON does not."""
    for name in ("many keys", "number", "list", "text", "null"):
        parse_json(BODIES[name])
    for name in ("trailing", "comments", "single quotes", "byte order mark", "utf-16", "nothing"):
        with pytest.raises(BodyRefused):
            parse_json(BODIES[name])
