"""Who gets in: every role on every route, other people's records, and the order of refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from fundops import audit, idempotency
from fundops.authz import PARTY_ROLES, ROLE_PERMISSIONS, Permission, Role
from fundops.funds import queries as fund_queries
from fundops.strict import RAW
from tests.contract.records import missing_address
from tests.contract.stage import Stage, asking, guarded
from tests.world import Caller

SHARED = ("/v1/parties/", "/v1/events/", "/v1/commitments/", "/v1/donors/", "/v1/code_lists/")
"""Registers of the whole organisation, not of one fund: all who may read them read all of them.
What a protected party is called is decided by row (tests/parties), and of a donor's position only
one's own funds are told (tests/tracing)."""

OF_PARTIES = (
    "/v1/files/",
    "/v1/documents/",
    "/v1/bank_accounts/",
    "/v1/sanctions_checks/",
    "/v1/partner_assessments/",
)

DRY_RUN_REFUSED = {
    # Nothing was ever paid here, so there is nothing to sample. See tests/samples.
    "/v1/audit_samples/plan": 422,
    # Nobody here is the reviewer; the call is a draft. See tests/reviews.
    "/v1/assignments/{assignment_id}/check_workbook": 404,
    "/v1/assignments/{assignment_id}/validate": 404,
    "/v1/calls/{call_id}/plan_assignments": 409,
    # A draft is its writer's, who is nobody here. See tests/reports.
    "/v1/progress_reports/{progress_report_id}/check_workbook": 404,
    # Any text is none of the codes that reporters were given. See tests/findings.
    "/v1/incidents/check_status": 422,
    # The batch has not been released, so no host can have answered.
    "/v1/payment_batches/{payment_batch_id}/check_results": 409,
}

FEWEST_FOREIGN = 200
"""Answers compared when this was written; fewer would mean that the matrix has shrunk."""


def plain(answer: Any) -> tuple[int, Any]:
    """Return status and body without the one part that differs each time."""
    body = answer.json()
    body.pop("request_id", None)
    return answer.status_code, body


def test_no_route_answers_without_a_token(stage: Stage) -> None:
    nobody = stage.world.anonymous()
    unknown = Caller(stage.world.client, "fdo_" + "0" * 32 + "deadbeef")
    for operation in guarded(stage.app):
        path = stage.records.address(operation)
        for caller in (nobody, unknown):
            status, body = plain(stage.ask(caller, operation, path))
            assert status == 401, operation.name
            assert body["type"] == "urn:fundops:problem:not-authenticated"
        # Not even whether the body could be read is told to a stranger.
        if operation.method != "GET":
            headers = {"content-type": "application/json"}
            spoiled = nobody.request(operation.method, path, content=b"{", headers=headers)
            assert spoiled.status_code == 401, operation.name


@pytest.mark.sqlite_only  # what a role may not do is refused before any record is looked for
def test_every_role_is_refused_what_it_does_not_have(stage: Stage) -> None:
    refused, asked, every = 0, set[str](), guarded(stage.app)
    for role in Role:
        caller = stage.insider(role)
        for operation in every:
            path = stage.records.address(operation)
            if operation.permissions[0] in ROLE_PERMISSIONS[role]:
                continue
            status, body = plain(stage.ask(caller, operation, path))
            assert (status, body["type"]) == (403, "urn:fundops:problem:not-allowed"), (
                role,
                operation.name,
            )
            if operation.name not in asked:  # the same whether or not there is such a record
                asked.add(operation.name)
                assert plain(stage.ask(caller, operation, missing_address(operation)))[0] == 403
            refused += 1
    assert refused > 400


def test_every_role_is_let_in_where_it_has_the_permission(stage: Stage) -> None:
    """Reading only: what a role may read never ends in 401 or 403, and each route is read."""
    read, gets = set(), [one for one in guarded(stage.app) if one.method == "GET"]
    for turn, operation in enumerate(gets):
        for role in asking(stage, operation, turn):
            answer = stage.ask(stage.insider(role), operation, stage.records.address(operation))
            told = stage.documents[operation.method, operation.path]["responses"]
            usual = {200, 404, 422} | ({409} & set(map(int, told)))  # of records not so far yet
            assert answer.status_code in usual, (role, operation.name, answer.text)
            if answer.status_code == 200:
                read.add(operation.path)
    paths = {one.path for one in gets}
    assert len(read) > len(paths) * 0.8, sorted(paths - read)


def foreign_answers(stage: Stage) -> Iterator[tuple[str, tuple[int, Any], tuple[int, Any]]]:
    """Return what outsiders get for others' records, beside what they get for none at all."""
    nothing: dict[tuple[str, bool], tuple[int, Any]] = {}
    for turn, operation in enumerate(guarded(stage.app)):
        for role in asking(stage, operation, turn):
            caller = stage.outsider(role)
            shared = (
                operation.path.startswith(SHARED)
                or (
                    # A donor or grantee not limited to one fund may read what funds there are.
                    operation.path == "/v1/funds/{fund_id}" and role in PARTY_ROLES
                )
                or (
                    # Files and documents are a party's, and no fund's.
                    operation.path.startswith(OF_PARTIES) and role not in PARTY_ROLES
                )
            )
            if not operation.parameters or shared:
                continue
            foreign = plain(stage.ask(caller, operation, stage.records.address(operation)))
            key = operation.name, role in PARTY_ROLES
            if key not in nothing:
                nothing[key] = plain(stage.ask(caller, operation, missing_address(operation)))
            yield f"{role.value} {operation.name}", foreign, nothing[key]


def test_records_of_others_do_not_exist(stage: Stage) -> None:
    compared = 0
    for name, foreign, missing in foreign_answers(stage):
        assert foreign == missing, name
        assert foreign[0] == 404, name
        compared += 1
    assert compared >= FEWEST_FOREIGN


def test_a_missing_scope_would_be_noticed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fund_queries, "scoped", lambda query, _actor: query)
    assert any(foreign != missing for _, foreign, missing in foreign_answers(stage))


def test_records_that_nobody_has_are_not_found(stage: Stage) -> None:
    """Those who may see everything learn that there is nothing."""
    seeing = {Role.FUND_MANAGER, Role.ADMINISTRATOR, Role.FINANCE_OFFICER, Role.APPROVER}
    for turn, operation in enumerate(guarded(stage.app)):
        for role in seeing.intersection(asking(stage, operation, turn)):
            if operation.parameters:
                answer = stage.ask(stage.insider(role), operation, missing_address(operation))
                assert answer.status_code == 404, (operation.name, answer.text)


def test_every_post_needs_an_idempotency_key(stage: Stage) -> None:
    callers, asked = stage.everybody(), 0
    for operation in guarded(stage.app):
        if operation.method != "POST" or operation.path in idempotency.DRY_RUNS:
            continue
        caller, path = callers[operation.permissions[0]], stage.records.address(operation)
        for key in ("", "short", "x" * 129, "with space inside", "ключ-ключ"):
            headers = {
                b"authorization": f"Bearer {caller.token}".encode(),
                b"content-type": b"application/json",
            }
            if key:
                headers[b"idempotency-key"] = key.encode()
            # Before the body is judged, so that the answer is the same for any body.
            answer = caller.client.request("POST", path, content=b"{", headers=headers)
            assert answer.status_code == 400, operation.name
            assert answer.json()["type"] == "urn:fundops:problem:idempotency-key-required"
        asked += 1
    assert asked > 45


def test_dry_runs_change_nothing_and_need_no_key(stage: Stage) -> None:
    callers = stage.everybody()
    with stage.world.database.read() as db:
        before = audit.sequence_at(db, None)
    for operation in guarded(stage.app):
        if operation.path in idempotency.DRY_RUNS:
            caller = callers[operation.permissions[0]]
            body = stage.bodies.of(stage.documents[operation.method, operation.path])
            headers = {"authorization": f"Bearer {caller.token}"}
            path = stage.records.address(operation)
            if body is None:  # a file: what is none is refused, and that changes nothing either
                headers["content-type"] = RAW
            options: dict[str, Any] = {"content": b"no file"} if body is None else {"json": body}
            answer = caller.client.request("POST", path, headers=headers, **options)
            expected = DRY_RUN_REFUSED.get(operation.path, 422 if body is None else 200)
            assert answer.status_code == expected, answer.text
    with stage.world.database.read() as db:
        assert audit.sequence_at(db, None) == before


OF_WRITERS = (Permission.REVIEW_OWN, Permission.REPORT_WRITE)
"""Permissions to change what is its writer's alone."""


def test_changing_a_record_needs_its_present_etag(stage: Stage) -> None:
    callers, patched = stage.everybody(), 0
    for operation in guarded(stage.app):
        declared = "428" in stage.documents[operation.method, operation.path]["responses"]
        assert declared is (operation.method == "PATCH") or operation.method == "PUT", (
            operation.name
        )
        if not declared or operation.permissions[0] in OF_WRITERS:
            continue  # its writer is nobody here: see tests/reviews and tests/reports
        caller, path = callers[operation.permissions[0]], stage.records.address(operation)
        without = stage.ask(caller, operation, path, match=None)
        assert without.status_code == 428, (operation.name, without.text)
        for stale in ('"999"', '"0"', "1", "*", '"1", "999"', ""):
            answer = stage.ask(caller, operation, path, match=stale)
            assert answer.status_code == 412, (operation.name, stale, answer.text)
        patched += 1
    assert patched >= 8


def test_the_client_used_here_is_the_application(stage: Stage) -> None:
    assert isinstance(stage.world.client, TestClient)
    assert stage.world.client.get("/ready").json()["status"] == "ok"
