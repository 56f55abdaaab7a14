"""The trace both ways, a donor's position and statements over HTTP: sums, scope and refusals."""

from __future__ import annotations

import hashlib
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Role
from fundops.demo.stage import Story
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Lot
from fundops.errors import Problem
from fundops.grants.models import Grant
from fundops.tracing.tree import Node, outline, trace
from tests.world import Caller, World


def caller(world: World, story: Story, role: Role) -> Caller:
    """Return the caller who plays ``role`` in the story."""
    player = story.players[role]
    return Caller(world.client, player.token, player.actor)


def whole(node: Node) -> bool:
    """Return whether every node's children add up to it."""
    return all(
        not one.children or sum(c.amount_minor for c in one.children) == one.amount_minor
        for _, one in outline_of(node)
    )


def outline_of(node: Node) -> list[tuple[int, Node]]:
    """Return the nodes below and including ``node``."""
    return [(0, node)] + [pair for child in node.children for pair in outline_of(child)]


def test_every_node_is_the_sum_of_its_parts(story: Story) -> None:
    with story.database.read() as db:
        seq, today = audit.sequence_at(db, None), clock.today("UTC")
        codes = [
            *db.execute(select(Lot.code)).scalars(),
            *db.execute(select(Disbursement.code)).scalars(),
        ]
        codes += [grant.code for grant in story.grants.values()]
        codes += [receipt.code for receipt in story.receipts.values()]
        for code in codes:
            found = trace(db, None, code, today, seq)
            assert whole(found.root), code
            assert outline(found)[0] == (0, found.root)


def test_forward_and_backward_agree(story: Story) -> None:
    """What lots say went to a grant is what the grant says came from them."""
    with story.database.read() as db:
        seq, today = audit.sequence_at(db, None), clock.today("UTC")
        forward: dict[tuple[str, str], int] = {}
        for code in db.execute(select(Lot.code)).scalars():
            for node in trace(db, None, code, today, seq).root.children:
                if node.kind == "grant":
                    forward[(node.code, code)] = node.amount_minor
        grants = db.execute(select(Grant.code)).scalars().all()
        assert len(grants) > len(story.grants)  # those of the call as well
        for grant in grants:
            for node in trace(db, None, grant, today, seq).root.children:
                assert forward.pop((grant, node.code)) == node.amount_minor
        assert not any(forward.values())


def test_a_donor_sees_only_its_own_part(world: World, story: Story) -> None:
    donor = caller(world, story, Role.DONOR)
    shared = story.grants["shelter"].code
    body = donor.get(f"/v1/trace/{shared}").json()
    kinds = {child["kind"] for child in body["root"]["children"]}
    assert kinds == {"lot", "others"}
    assert "Lakeside" not in donor.get(f"/v1/trace/{shared}").text
    theirs = story.receipts["lake1"].code
    foreign = donor.get(f"/v1/trace/{theirs}")
    missing = donor.get("/v1/trace/RCT-1999-9999")
    assert foreign.status_code == missing.status_code == 404
    assert _without_id(foreign) == _without_id(missing)


def _without_id(answer: Any) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key != "request_id"}


def test_a_grantee_at_risk_is_not_named_to_donors(world: World, story: Story) -> None:
    donor = world.as_role(Role.DONOR, party_id=story.parties["lake"].id)
    with story.database.read() as db:
        lots = (
            db.execute(select(Lot.code).where(Lot.donor_id == story.parties["lake"].id))
            .scalars()
            .all()
        )
    told = "".join(donor.get(f"/v1/trace/{code}").text for code in lots)
    assert "withheld for safety" in told
    for secret in (story.parties["hidden"].name, story.grants["hidden"].code, "night line"):
        assert secret.casefold() not in told.casefold()
    inside = caller(world, story, Role.AUDITOR)
    assert story.grants["hidden"].code in "".join(
        inside.get(f"/v1/trace/{code}").text for code in lots
    )


def test_a_position_is_what_the_statement_closes_with(world: World, story: Story) -> None:
    donor = caller(world, story, Role.DONOR)
    north = story.parties["north"]
    body = donor.get(f"/v1/donors/{north.id}/position").json()
    held = sum(Decimal(amount["amount"]) for amount in body["funds"][0]["held"].values())
    answer = donor.get("/v1/donor_statement", params={"donor": north.code})
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    book = openpyxl.load_workbook(io.BytesIO(answer.content), data_only=True)
    cover = {row[0]: row[1] for row in book["Statement"].iter_rows(values_only=True)}
    assert Decimal(str(cover["Held at closing"])) == held
    lake = story.parties["lake"]
    assert donor.get(f"/v1/donors/{lake.id}/position").status_code == 404
    assert donor.get("/v1/donor_statement", params={"donor": lake.code}).status_code == 404


def test_an_issued_statement_is_made_again_byte_for_byte(world: World, story: Story) -> None:
    manager = caller(world, story, Role.FUND_MANAGER)
    given = {"donor": story.parties["lake"].code, "fund": "DEMO", "as_of_on": "2026-06-30"}
    issued = manager.post("/v1/statements", json=given)
    assert issued.status_code == 201, issued.text
    again = manager.get(f"/v1/statements/{issued.json()['id']}/workbook")
    assert hashlib.sha256(again.content).hexdigest() == issued.json()["sha256"]
    donor = caller(world, story, Role.DONOR)
    assert donor.get(f"/v1/statements/{issued.json()['id']}").status_code == 404
    assert all(
        item["donor_id"] == str(story.parties["north"].id)
        for item in donor.get("/v1/statements").json()["items"]
    )


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"as_of": "2199-01-01"}, 422),
        ({"as_of": "2025-01-01", "from": "2025-02-01"}, 422),
        ({"as_of": "yesterday"}, 422),
        ({"known_at": "2199-01-01T00:00:00Z"}, 422),
        ({"known_at": "2026-01-01T00:00:00"}, 422),
        ({"fund": "NONE"}, 404),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    world: World, story: Story, params: dict[str, str], status: int
) -> None:
    auditor = caller(world, story, Role.AUDITOR)
    asked = {"donor": story.parties["north"].code} | params
    answer = auditor.get("/v1/donor_statement", params=asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_workbooks_wait_for_no_more_places_than_there_are(world: World, story: Story) -> None:
    auditor = caller(world, story, Role.AUDITOR)
    slots = world.app.state.export_slots
    taken = [slots.acquire(blocking=False) for _ in range(world.app.state.settings.export_slots)]
    assert all(taken)
    asked = {"donor": story.parties["north"].code}
    full = auditor.get("/v1/donor_statement", params=asked)
    assert full.status_code == 503
    assert full.headers["retry-after"]
    for _ in taken:
        slots.release()
    assert auditor.get("/v1/donor_statement", params=asked).status_code == 200
    assert auditor.get("/v1/donor_statement", params=asked).status_code == 200


def test_a_statement_asked_for_again_is_not_made_again(world: World, story: Story) -> None:
    """The kept answer comes first: a retry takes no place and finds the same statement."""
    manager = caller(world, story, Role.FUND_MANAGER)
    body, headers = {"donor": story.parties["north"].code}, {"idempotency-key": "one-statement"}
    first = manager.post("/v1/statements", json=body, headers=headers)
    assert first.status_code == 201, first.text
    slots = world.app.state.export_slots
    taken = [slots.acquire(blocking=False) for _ in range(world.app.state.settings.export_slots)]
    assert all(taken)
    again = manager.post("/v1/statements", json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    other = manager.post("/v1/statements", json=body | {"pin_reservations": True}, headers=headers)
    assert other.status_code == 422
    assert manager.post("/v1/statements", json=body).status_code == 503
    listed = [one["id"] for one in manager.get("/v1/statements").json()["items"]]
    assert listed.count(first.json()["id"]) == 1
    for _ in taken:
        slots.release()


def test_an_unknown_code_is_a_problem_not_an_error(story: Story) -> None:
    with story.database.read() as db, pytest.raises(Problem) as refused:
        trace(db, None, "PLG-1999-0001", clock.today("UTC"), 0)
    assert refused.value.slug == "not-found"


def test_roles_do_not_widen_each_other(world: World, story: Story) -> None:
    """A donor everywhere who is auditor of one fund audits that fund alone."""
    from fundops.funds import service as funds
    from fundops.funds.schemas import FundIn
    from fundops.parties import access
    from fundops.parties.access_schemas import MembershipIn

    donor = caller(world, story, Role.DONOR)
    with story.step() as db:
        other = funds.create_fund(
            db, story.manager, FundIn(code="OTHER", name="Another fund", base_currency="USD")
        )
        access.grant(
            db, audit.SYSTEM,
            MembershipIn(person_id=donor.actor.person_id, role=Role.AUDITOR, fund_id=other.id),
        )  # fmt: skip
    lake = story.parties["lake"]
    assert donor.get("/v1/donor_statement", params={"donor": lake.code}).status_code == 404
    demo = {"donor": lake.code, "fund": "DEMO"}
    assert donor.get("/v1/donor_statement", params=demo).status_code == 404
    assert donor.get("/v1/donor_statement", params=demo | {"fund": "OTHER"}).status_code == 200
    assert donor.get(f"/v1/trace/{story.receipts['lake1'].code}").status_code == 404
    own = {"donor": story.parties["north"].code, "fund": "DEMO"}
    assert donor.get("/v1/donor_statement", params=own).status_code == 200
    assert donor.get(f"/v1/donors/{lake.id}/position").json()["funds"] == []
