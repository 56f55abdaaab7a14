"""What surrounds every answer: headers, request ids, logs, documents, and being away."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from fundops.app import create_app
from fundops.authz import Role
from fundops.config import Settings
from fundops.logs import JsonLines
from fundops.middleware import HEADERS
from tests.world import World

FUND = {"code": "GLO", "name": "Canary zq9canary7", "base_currency": "USD"}


def test_security_headers_are_on_every_answer(world: World) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    answers = [
        manager.get("/v1/funds"),
        manager.post("/v1/funds", json=FUND),
        manager.post("/v1/funds", json={}),
        manager.get("/v1/nothing"),
        manager.request("DELETE", "/v1/funds"),
        world.anonymous().get("/v1/funds"),
        world.client.get("/health"),
        world.client.get("/ready"),
        world.client.get("/openapi.json"),
        world.client.post("/v1/funds", content=b"x" * 2_000_000),
        world.client.get("/v1/funds/", follow_redirects=False),
    ]
    statuses = {answer.status_code for answer in answers}
    assert {200, 201, 401, 404, 405, 413, 422} <= statuses
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (answer.request.url, name)
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
        assert "server" not in answer.headers


def test_a_failure_of_ours_answers_like_the_rest(world: World) -> None:
    def fail() -> None:
        raise RuntimeError("zq9canary7 in an error")

    world.app.add_api_route("/v1/fail", fail, methods=["GET"])
    answer = world.client.get("/v1/fail")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:fundops:problem:internal"
    assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]
    for told in ("zq9canary7", "RuntimeError", "Traceback", ".py"):
        assert told not in answer.text


def test_request_ids_are_kept_if_they_are_sane(world: World) -> None:
    for given in ("abc-123_4.5", "A" * 64):
        answer = world.client.get("/v1/funds", headers={"x-request-id": given})
        assert answer.headers["x-request-id"] == given
        assert answer.json()["request_id"] == given
    for odd in (
        "short",
        "A" * 65,
        "with space here",
        "semi;colon;x",
        "tab\tinside-it",
        "ünicode-x",
    ):
        answer = world.client.get("/v1/funds", headers={b"x-request-id": odd.encode()})
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    first, second = (world.client.get("/health").headers["x-request-id"] for _ in range(2))
    assert first != second


@pytest.fixture
def lines(world: World) -> Iterator[list[str]]:
    """Give what the program logs from now on, as it would be printed."""
    found: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    logger, keeper = logging.getLogger("fundops"), Keeper()
    keeper.setFormatter(JsonLines())
    before = logger.level
    logger.addHandler(keeper)
    logger.setLevel("DEBUG")
    yield found
    logger.removeHandler(keeper)
    logger.setLevel(before)


def test_logs_are_json_lines_without_secrets_or_bodies(world: World, lines: list[str]) -> None:
    manager = world.as_role(Role.FUND_MANAGER)
    assert manager.token is not None
    manager.post("/v1/funds", json=FUND, headers={"idempotency-key": "zq9canary7-key"})
    manager.post("/v1/funds", json=FUND | {"code": "zq9canary7"})
    manager.get("/v1/funds?cursor=zq9canary7")
    made = manager.post("/v1/tokens", json={"label": "zq9canary7"})
    assert made.status_code == 201
    secret = made.json()["token"] if "token" in made.json() else made.json()["secret"]

    def fail() -> None:
        zq9 = "zq9canary7 value"
        raise RuntimeError(zq9)

    world.app.add_api_route("/v1/fail", fail, methods=["GET"])
    manager.get("/v1/fail")
    read = [json.loads(line) for line in lines]
    assert all("\n" not in line for line in lines)
    requests = [line for line in read if line["message"] == "request"]
    assert [line["status"] for line in requests] == [201, 422, 422, 201, 500]
    for line in requests:
        assert {
            "at",
            "level",
            "request_id",
            "method",
            "path",
            "status",
            "milliseconds",
        } <= line.keys()
        assert line["person"] == (None if line["path"] == "/v1/fail" else manager.actor.person_code)
    [failure] = [line for line in read if line["level"] == "error"]
    assert failure["error"] == "RuntimeError"
    assert any(frame.startswith("fail:") for frame in failure["frames"])
    everything = "".join(lines)
    for secret_text in ("zq9canary7", manager.token, secret, "Bearer"):
        assert secret_text not in everything


def test_a_path_cannot_break_out_of_its_line(world: World, lines: list[str]) -> None:
    world.client.get("/v1/x%0a%7b%22level%22%3a%22error%22%7d%0d")
    [line] = lines
    assert json.loads(line)["level"] == "info"


def test_documents_work_without_the_internet(world: World) -> None:
    for page in ("/docs", "/redoc"):
        answer = world.client.get(page)
        assert answer.status_code == 200
        addresses = re.findall(r"""(?:src|href)=["']([^"']+)""", answer.text)
        assert addresses
        for address in addresses:
            assert address.startswith("/static-offline-docs/"), (page, address)
            asset = world.client.get(address)
            assert asset.status_code == 200
            assert len(asset.content) > 500
        assert not re.findall(r"https?://(?!testserver)", answer.text), page
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy.replace("https:", "http:")
    assert world.client.get("/openapi.json").json()["openapi"].startswith("3.1")


def test_the_process_lives_and_is_ready(world: World) -> None:
    for page in ("/health", "/ready"):
        answer = world.client.get(page)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def away(url: str) -> FastAPI:
    return create_app(Settings(database_url=url, log_level="error", lock_timeout_seconds=1))


ABSENT = (
    "postgresql+psycopg://nobody:nothing@127.0.0.1:9/none?connect_timeout=2",
    "sqlite:////proc/none/fundops.db",
)


def token() -> str:
    from fundops.parties.tokens import new_secret

    return new_secret()


@pytest.mark.parametrize("url", ABSENT, ids=["postgresql", "sqlite"])
def test_without_a_database_it_lives_but_is_not_ready(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.mkdir", lambda *_args, **_options: None)
    app = away(url)
    headers = {"authorization": f"Bearer {token()}", "idempotency-key": "12345678"}
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/health").status_code == 200
        answers: list[Any] = [
            client.get("/ready"),
            client.get("/v1/funds", headers=headers),
            client.post("/v1/funds", headers=headers, json=FUND),
        ]
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert answer.json()["type"] == "urn:fundops:problem:unavailable"
        assert int(answer.headers["retry-after"]) > 0


def test_an_empty_database_is_not_ready(tmp_path: Any) -> None:
    with TestClient(away(f"sqlite:///{tmp_path}/empty.db")) as client:
        assert client.get("/ready").status_code == 503
