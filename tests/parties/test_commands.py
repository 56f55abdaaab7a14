"""The command line for persons and tokens: the way in when nobody has signed in yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from fundops import audit
from fundops.authz import Role
from fundops.commands import app
from tests.factories import a_fund, a_party
from tests.world import World

Run = Callable[..., Any]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give what runs one command on this test's database."""
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)

    def command(*arguments: str) -> Any:
        return CliRunner().invoke(app, list(arguments))

    return command


def get(world: World, token: str, path: str) -> Any:
    return world.client.get(path, headers={"authorization": f"Bearer {token}"})


def test_from_an_empty_database_to_a_first_administrator(world: World, run: Run) -> None:
    added = run("person", "add", "--name", "Office manager", "--code", "OFFICE-1")
    assert (added.exit_code, added.stdout) == (0, "OFFICE-1\n")
    created = run("token", "create", "--person", "OFFICE-1", "--role", "administrator")
    assert created.exit_code == 0, created.output
    token = created.stdout.strip()
    assert get(world, token, "/v1/me").json()["person"]["code"] == "OFFICE-1"
    assert get(world, token, "/v1/persons").status_code == 200
    assert "OFFICE-1" in created.stderr
    assert token not in created.stderr
    again = run("token", "create", "--person", "OFFICE-1", "--role", "administrator")
    assert again.exit_code == 0
    # The role is held already: the second token adds no membership.
    held = get(world, token, "/v1/memberships").json()["items"]
    assert [one["granted_by_id"] for one in held] == [None]
    auditor = world.as_role(Role.AUDITOR)
    chain = auditor.get("/v1/audit_events").json()["items"]
    assert [event["action"] for event in chain] == [
        "person.registered",
        "membership.granted",
        "token.created",
        "token.created",
    ]
    assert {event["person_id"] for event in chain} == {None}


def test_a_token_for_a_party_and_a_fund_until_a_day(world: World, run: Run) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        party, fund = a_party(db), a_fund(db)
    run("person", "add", "--name", "Donor's officer", "--code", "DONOR-1")
    day = (datetime.now(UTC) + timedelta(days=20)).date()
    scope = ("--party", party.code, "--fund", fund.code, "--expires", day.isoformat())
    created = run("token", "create", "--person", "DONOR-1", "--role", "donor", *scope)
    assert created.exit_code == 0, created.output
    me = get(world, created.stdout.strip(), "/v1/me").json()
    (role,) = me["roles"]
    assert (role["role"], role["party"]["id"], role["fund"]["id"]) == (
        "donor",
        str(party.id),
        str(fund.id),
    )
    # Good through the whole day named.
    assert me["token"]["expires_at"].startswith((day + timedelta(days=1)).isoformat())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--person", "NOBODY", "--role", "auditor"),
        ("--person", "P-1", "--role", "donor"),
        ("--person", "P-1", "--role", "donor", "--party", "NONE"),
        ("--person", "P-1", "--role", "auditor", "--fund", "NONE"),
        ("--person", "P-1", "--role", "auditor", "--expires", "tomorrow"),
        ("--person", "P-1", "--role", "auditor", "--expires", "2020-01-01"),
        ("--person", "P-1", "--role", "auditor", "--expires", "9999-12-31"),
        ("--person", "P-1", "--role", "auditor", "--label", ""),
        ("--person", "P-1", "--role", "owner"),
    ],
)
def test_a_refusal_is_a_sentence_and_changes_nothing(
    world: World, run: Run, arguments: tuple[str, ...]
) -> None:
    run("person", "add", "--name", "A", "--code", "P-1")
    refused = run("token", "create", *arguments)
    assert refused.exit_code in (1, 2)
    assert refused.stdout == ""
    assert "Traceback" not in refused.output
    assert refused.stderr.strip()
    chain = world.as_role(Role.AUDITOR).get("/v1/audit_events").json()["items"]
    assert [event["action"] for event in chain] == ["person.registered"]


def test_a_code_in_use_or_a_bad_name_is_refused(world: World, run: Run) -> None:
    assert run("person", "add", "--name", "A", "--code", "P-1").exit_code == 0
    for arguments in (("A", "P-1"), ("B", "p-2"), ("", "P-3"), ("C", "PER-2026-0001")):
        refused = run("person", "add", "--name", arguments[0], "--code", arguments[1])
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.strip()
    assert run("person", "add", "--name", "D").stdout.startswith("PER-")


def test_tokens_are_revoked_one_by_one_or_all_of_a_person(world: World, run: Run) -> None:
    run("person", "add", "--name", "A", "--code", "P-1")
    tokens = [
        run("token", "create", "--person", "P-1", "--role", "auditor").stdout.strip()
        for _ in range(3)
    ]
    first = get(world, tokens[0], "/v1/me").json()["token"]["id"]
    one = run("token", "revoke", first, "--reason", "Lost")
    assert (one.exit_code, one.stdout) == (0, "Tokens revoked: 1.\n")
    assert [get(world, token, "/v1/me").status_code for token in tokens] == [401, 200, 200]
    everything = run("token", "revoke", "--person", "P-1")
    assert everything.stdout == "Tokens revoked: 2.\n"
    assert [get(world, token, "/v1/me").status_code for token in tokens] == [401, 401, 401]
    for arguments in ((first,), (str(first), "--person", "P-1"), (), ("--person", "NOBODY")):
        assert run("token", "revoke", *arguments).exit_code == 1
    with world.database.read() as db:
        reasons = db.execute(
            select(audit.AuditEvent.reason).where(audit.AuditEvent.action == "token.revoked")
        ).scalars()
        assert "Lost" in set(reasons)
