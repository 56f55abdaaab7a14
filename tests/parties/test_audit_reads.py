"""Reading the chain: in order, filtered, in pages, and enough to recompute it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from fundops import audit
from fundops.authz import Role
from tests.factories import a_fund, a_lot
from tests.parties.steps import a_fund_id, a_party_id, pointer
from tests.world import Caller, World


def events(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = caller.get(f"/v1/audit_events?{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def a_busy_world(world: World) -> Caller:
    """Make some events and return an auditor."""
    manager = world.as_role(Role.FUND_MANAGER)
    for number in range(5):
        manager.post("/v1/parties", json={"kind": "state", "name": f"Party {number}"})
    manager.post("/v1/funds", json={"code": "GLO", "name": "Global", "base_currency": "USD"})
    manager.post("/v1/tokens", json={"label": "x"})
    return world.as_role(Role.AUDITOR)


def recomputed(event: dict[str, Any], previous: str) -> str:
    """Return the event's hash from its own columns, with nothing but SHA-256 and JSON."""
    names = "seq person_id token_id action record_type record_id fund_id reason payload_digest"
    covered = {name: event[name] for name in names.split()}
    instant = event["recorded_at"].removesuffix("Z")
    covered["recorded_at"] = (instant if "." in instant else f"{instant}.000000") + "Z"
    body = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(bytes.fromhex(previous) + body.encode()).hexdigest()


def test_an_auditor_can_recompute_a_seal_from_what_is_given(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        a_lot(db, a_fund(db), 700)
    found = events(world.as_role(Role.AUDITOR))
    [sealed] = [event for event in found if event["seal"] is not None]
    seal = sealed["seal"]
    covered = {name: seal[name] for name in ("event_seq", "transfers", "digest")}
    assert covered["event_seq"] == sealed["seq"]
    assert covered["transfers"] == 2
    body = json.dumps(covered, sort_keys=True, separators=(",", ":"))
    hashed = hashlib.sha256(bytes.fromhex(sealed["hash"]) + body.encode()).hexdigest()
    assert seal["hash"] == hashed
    with world.database.write() as db:
        audit.record(db, audit.SYSTEM, "thing.done", "thing")
    last = events(world.as_role(Role.AUDITOR), "sort=-seq&limit=1")[0]
    assert (last["previous_hash"], last["seal"]) == (hashed, None)


def test_an_auditor_can_recompute_the_chain_from_what_is_given(world: World) -> None:
    found = events(a_busy_world(world))
    previous = "00" * 32
    for number, event in enumerate(found, 1):
        assert (event["seq"], event["previous_hash"]) == (number, previous)
        assert event["hash"] == recomputed(event, previous)
        payload = json.dumps(
            event["payload"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        digest = hashlib.sha256(bytes.fromhex(event["salt"]) + payload.encode()).hexdigest()
        assert event["payload_digest"] == digest
        previous = event["hash"]
    assert len(found) == 7
    altered = found[2] | {"reason": "another"}
    assert recomputed(altered, found[1]["hash"]) != found[2]["hash"]


@pytest.mark.parametrize("sort", ["", "seq", "-seq"])
def test_pages_follow_each_other_without_gap_or_repeat(world: World, sort: str) -> None:
    auditor = a_busy_world(world)
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        query = (
            "limit=2" + (f"&sort={sort}" if sort else "") + (f"&cursor={cursor}" if cursor else "")
        )
        page = auditor.get(f"/v1/audit_events?{query}").json()
        seen += [event["seq"] for event in page["items"]]
        cursor = page["next_cursor"]
    expected = list(range(1, 8))
    assert seen == (expected[::-1] if sort == "-seq" else expected)


def test_events_are_found_by_action_record_person_fund_and_number(world: World) -> None:
    auditor = a_busy_world(world)
    everything = events(auditor)
    first = everything[0]
    assert [event["seq"] for event in events(auditor, "from_seq=6")] == [6, 7]
    assert len(events(auditor, "action=party.created")) == 5
    assert len(events(auditor, "record_type=token")) == 1
    assert events(auditor, f"record_id={first['record_id']}") == [first]
    assert events(auditor, f"person_id={first['person_id']}") == everything
    assert events(auditor, f"person_id={first['record_id']}") == []
    (fund,) = events(auditor, "record_type=fund")
    assert events(auditor, f"fund_id={fund['fund_id']}") == [fund]
    assert first["payload"]["after"]["name"] == "Party 0"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("from_seq=0", "query/from_seq"),
        (f"from_seq={2**63}", "query/from_seq"),
        ("from_seq=x", "query/from_seq"),
        ("action=%00", "query/action"),
        ("action=A;B", "query/action"),
        ("record_id=7", "query/record_id"),
        ("cursor=d3", "query/cursor"),
        ("cursor=a9999999999999999999", "query/cursor"),
        ("cursor=zzz", "query/cursor"),
        ("sort=action", "query/sort"),
        ("limit=201", "query/limit"),
    ],
)
def test_wrong_questions_are_refused_at_their_place(world: World, query: str, place: str) -> None:
    auditor = world.as_role(Role.AUDITOR)
    assert pointer(auditor.get(f"/v1/audit_events?{query}")) == place


def test_an_auditor_of_one_fund_reads_the_events_of_that_fund_only(world: World) -> None:
    here, _there = a_fund_id(world), a_fund_id(world)
    manager = world.as_role(Role.FUND_MANAGER)
    manager.post("/v1/parties", json={"kind": "state", "name": "A"})
    limited = world.as_role(Role.AUDITOR, fund_id=here)
    assert [event["fund_id"] for event in events(limited)] == [str(here)]
    assert len(events(world.as_role(Role.AUDITOR))) == 3


def test_a_payload_that_was_disposed_of_is_null_and_the_chain_holds(world: World) -> None:
    auditor = a_busy_world(world)
    with world.database.write() as db:
        seq = audit.dispose(db, audit.SYSTEM, 2, "Retention")
    disposed = events(auditor, "from_seq=2")[0]
    assert (disposed["payload"], disposed["salt"], disposed["disposed_seq"]) == (None, None, seq)
    assert disposed["hash"] == recomputed(disposed, disposed["previous_hash"])


def test_who_reads_the_chain(world: World) -> None:
    party = a_party_id(world)
    for role in Role:
        over = {"party_id": party} if role in (Role.DONOR, Role.GRANTEE) else {}
        status = world.as_role(role, **over).get("/v1/audit_events").status_code
        assert (role, status) == (role, 200 if role in (Role.FUND_MANAGER, Role.AUDITOR) else 403)
