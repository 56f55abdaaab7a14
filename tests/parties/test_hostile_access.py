"""Access under attack: ids of everything but what is asked for, instants at the edges, odd texts.

Each kind of caller sends each body with one wrong field, or two of them. Whatever comes back is an
answer: never a 5xx, and no success for an id that names another kind of record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations, islice, product
from typing import Any
from uuid import UUID

import pytest

from fundops import audit
from fundops.authz import Role
from fundops.parties import credentials
from tests.depth import DEPTH
from tests.factories import a_person
from tests.parties.steps import a_fund_id, a_membership, a_party_id, instant, problem
from tests.world import Caller, World

NOBODY = "01890000-0000-7000-8000-00000000dead"
EDGES = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1900-01-02T00:00:00Z",
    "1901-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "2199-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999-23:59", "2027-01-01T00:00:00",
    "2027-02-30T00:00:00Z", "2027-01-01T24:00:00Z", "2027-01-01T23:59:60Z", "2027-W01-1T00:00:00Z",
    "99999-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", 2**63, -1, 10**40, 1.5, True, "",
)  # fmt: skip
IDS: tuple[Any, ...] = (
    "", "x", "0" * 32, "f" * 32, NOBODY, f"{{{NOBODY}}}", f"urn:uuid:{NOBODY}", 0, 2**63, 10**40,
    1.5, True, [], {},
)  # fmt: skip
TEXTS: tuple[Any, ...] = (
    "", " ", "\u0001", "\x7f", "\u0085", "\u202e", "\ufeff", "a\nb", "x" * 100_000, "😀" * 120,
    "e\u0301", "'; --", "%s{0}", 5, 10**40, True, [], {},
)  # fmt: skip
CODES = (*TEXTS, "PER-2026-0001", "PER-9999-1", "PER-2026-99999999999999999999", "A" * 40, "A" * 41,
         "Ａ1", "A-", "--")  # fmt: skip
ROLES: tuple[Any, ...] = (
    *(role.value for role in Role),
    "nobody",
    "",
    "Donor",
    "donor ",
    0,
    True,
    [],
)


class Ground:
    """One record of each kind, and callers of the kinds that can reach these routes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.party, self.other_party = str(a_party_id(world)), str(a_party_id(world))
        self.pseudo = str(a_party_id(world, kind="pseudo"))
        self.fund, self.other_fund = str(a_fund_id(world)), str(a_fund_id(world))
        root = world.as_role(Role.ADMINISTRATOR)
        self.person = world.as_role(Role.APPROVER)
        self.left = world.as_role(Role.AUDITOR)
        gone = root.post(f"/v1/persons/{self.left.actor.person_id}/leave", json={"reason": "x"})
        assert gone.status_code == 200
        donor = world.as_role(Role.DONOR, party_id=UUID(self.party))
        limited = world.as_role(Role.ADMINISTRATOR, fund_id=UUID(self.fund))
        narrow = root.post("/v1/tokens", json={"label": "narrow", "fund_id": self.fund})
        assert narrow.status_code == 201
        self.callers = {
            "administrator": root,
            "administrator of one fund": limited,
            "administrator by a narrowed token": Caller(
                world.client, narrow.json()["secret"], root.actor
            ),
            "donor": donor,
            "person": self.person,
        }
        self.membership = a_membership(root, str(self.person.actor.person_id))["id"]
        self.token = str(self.person.actor.token_id)

    def ids(self) -> tuple[Any, ...]:
        """Return an id of every kind of record, and what is no id at all."""
        return (
            self.party, self.other_party, self.pseudo, self.fund, self.other_fund,
            str(self.person.actor.person_id), str(self.left.actor.person_id), self.membership,
            self.token, *IDS,
        )  # fmt: skip

    def fields(self) -> dict[str, dict[str, tuple[Any, ...]]]:
        """Return what to put in each field of each body."""
        ids = self.ids()
        return {
            "/v1/tokens": {
                "person_id": ids, "label": TEXTS, "role": ROLES, "party_id": ids,
                "fund_id": ids, "expires_at": EDGES,
            },
            "/v1/memberships": {
                "person_id": ids, "role": ROLES, "party_id": ids, "fund_id": ids,
                "valid_from": EDGES, "valid_until": EDGES, "reason": TEXTS,
            },
            "/v1/persons": {"name": TEXTS, "code": CODES},
            "/v1/delegations": {
                "membership_id": ids, "person_code": CODES, "fund_id": ids, "valid_from": EDGES,
                "valid_until": EDGES, "reason": TEXTS,
            },
        }  # fmt: skip

    def valid(self, path: str, caller: Caller) -> dict[str, Any]:
        """Return a body that ``path`` takes from some caller."""
        bodies: dict[str, dict[str, Any]] = {
            "/v1/tokens": {"label": "x"},
            "/v1/memberships": {
                "person_id": str(self.person.actor.person_id), "role": "auditor",
                "reason": "x",
            },
            "/v1/persons": {"name": "A person"},
            "/v1/delegations": {
                "membership_id": a_membership(
                    self.callers["administrator"], str(caller.actor.person_id)
                )["id"],
                "person_code": self.person.actor.person_code, "valid_until": instant(days=5),
                "reason": "x",
            },
        }  # fmt: skip
        return bodies[path]


def attacks(ground: Ground) -> Iterator[tuple[str, str, Any]]:
    """Yield (caller, path, body) for every value of every field alone, then for every pair."""
    for size in (1, 2):
        for name, caller in ground.callers.items():
            for path, fields in ground.fields().items():
                body = ground.valid(path, caller)
                for chosen in combinations(fields, size):
                    for values in product(*(fields[field] for field in chosen)):
                        yield name, path, body | dict(zip(chosen, values, strict=True))


def faults(ground: Ground, step: int) -> tuple[int, list[str]]:
    """Send one attack in ``step``; return how many that were and what must not have come back."""
    sent, wrong = 0, []
    for name, path, body in islice(attacks(ground), 0, None, step):
        answer = ground.callers[name].post(path, json=body)
        sent += 1
        if answer.status_code >= 500 or answer.status_code == 429:
            wrong.append(f"{name} {path} {json.dumps(body)[:300]}: {answer.text[:200]}")
        if answer.status_code == 201:
            wrong += [
                f"{name} {path} took {body}" for place in wrongly(ground, path, body) if place
            ]
    return sent, wrong


def wrongly(ground: Ground, path: str, body: dict[str, Any]) -> Iterator[bool]:
    """Yield whether a body that was taken names a record of the wrong kind, or a dead person."""
    parties, funds = {ground.party, ground.other_party}, {ground.fund, ground.other_fund}
    yield body.get("party_id") not in {None, *parties}
    yield body.get("fund_id") not in {None, *funds}
    yield body.get("person_id") == str(ground.left.actor.person_id)
    if path == "/v1/memberships":
        yield (body["role"] in {"donor", "grantee"}) != (body.get("party_id") is not None)


@pytest.fixture
def ground(world: World, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """Give records and callers, without the limits on how much one person holds."""
    monkeypatch.setattr(credentials, "MAX_LIVE_TOKENS", 10**6)
    monkeypatch.setattr("fundops.parties.access.MAX_LIVE_MEMBERSHIPS", 10**6)
    return Ground(world)


def test_wrong_ids_instants_and_texts_are_refused_and_never_fail(ground: Ground) -> None:
    sent, wrong = faults(ground, 197)
    assert wrong == []
    assert sent > 150


@pytest.mark.slow
def test_many_more_wrong_ids_instants_and_texts_never_fail(ground: Ground) -> None:
    sent, wrong = faults(ground, 7 if DEPTH > 1 else 23)
    assert wrong == []
    assert sent > 1_000


RAW = (
    b'"\\u0000"', b'"a\\u0000b"', b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\u0001"', b"1e400", b"NaN",
    b"-Infinity", b"9" * 5_000, b"-0", b"1E2", b'"\xff"', b'"\xed\xa0\x80"',
)  # fmt: skip


def test_bytes_that_are_no_text_are_refused_in_every_field(ground: Ground) -> None:
    caller = ground.callers["administrator"]
    for path, fields in ground.fields().items():
        body = ground.valid(path, caller)
        for field, raw in product(fields, RAW):
            rest = {name: value for name, value in body.items() if name != field}
            content = json.dumps(rest).encode()[:-1] + (b", " if rest else b"")
            content += json.dumps(field).encode() + b": " + raw + b"}"
            headers = {"content-type": "application/json"}
            answer = caller.post(path, content=content, headers=headers)
            assert answer.status_code in {400, 422}, (path, field, raw, answer.text)


def test_a_person_who_left_gets_neither_token_role_nor_loan(ground: Ground) -> None:
    root, gone = ground.callers["administrator"], ground.left.actor
    for path, body in (
        ("/v1/tokens", {"label": "x", "person_id": str(gone.person_id)}),
        ("/v1/memberships", {"person_id": str(gone.person_id), "role": "auditor"}),
        ("/v1/delegations", ground.valid("/v1/delegations", root)
         | {"person_code": gone.person_code}),
    ):  # fmt: skip
        assert problem(root.post(path, json=body)) == (422, "invalid-request"), path


def test_a_token_whose_person_holds_only_expired_roles_makes_none(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        actor, secret = a_person(db, Role.APPROVER)
    caller = Caller(world.client, secret, actor)
    root = world.as_role(Role.ADMINISTRATOR)
    held = a_membership(root, str(actor.person_id))["id"]
    assert root.post(f"/v1/memberships/{held}/end", json={"reason": "x"}).status_code == 200
    assert problem(caller.post("/v1/tokens", json={"label": "x"})) == (403, "not-allowed")
    narrowed = {"label": "x", "person_id": str(actor.person_id), "role": "approver"}
    assert problem(root.post("/v1/tokens", json=narrowed)) == (422, "invalid-request")
