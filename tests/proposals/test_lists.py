"""Lists, totals and facts: what is asked for by any list, exactly, in as few queries as ever."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops import audit, money
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.db import Database
from fundops.ids import uuid7
from fundops.parties.models import Party
from fundops.proposals import facts, totals, versions
from fundops.proposals.models import Proposal, ProposalCode, ProposalVersion
from tests.factories import a_party
from tests.proposals.proposal_factories import (
    Applicant,
    OpenCall,
    a_call,
    an_applicant,
    an_organisation,
    right,
    set_up,
    statements,
)
from tests.staged import staged
from tests.world import World

BY = (
    "objective", "country", "region", "theme", "p", "side", "exploitation", "assistance", "group",
    "sdg",
)  # fmt: skip


def several(
    world: World, count: int, call: OpenCall | None = None
) -> tuple[OpenCall, list[Applicant]]:
    """Submit proposals of different organisations, from two countries."""
    call = call or set_up(world)
    made = []
    for at in range(count):
        applicant = an_applicant(world, call)
        content = right(country="KE" if at % 2 else "PH")
        content["shares"] = [
            {"objective": 1, "percent": 33}, {"objective": 3, "percent": 33},
            {"objective": 4, "percent": 34},
        ]  # fmt: skip
        applicant.submitted(content)
        made.append(applicant)
    return call, made


def two_of_one_call(world: World) -> tuple[OpenCall, list[Applicant]]:
    """Submit two proposals to a call."""
    return several(world, 2)


def three_of_one_call(world: World) -> tuple[OpenCall, list[Applicant]]:
    """Submit three proposals to a call."""
    return several(world, 3)


def of_two_calls(world: World) -> tuple[OpenCall, OpenCall]:
    """Submit one proposal to a call, and four to another."""
    return several(world, 1)[0], several(world, 4)[0]


Several = tuple[OpenCall, list[Applicant]]
two = staged(two_of_one_call)
three = staged(three_of_one_call)
few_and_many = staged(of_two_calls)


def test_totals_by_shares_sum_to_the_cent(world: World, three: Several) -> None:
    call, _ = three
    board = world.as_role(Role.BOARD_MEMBER)
    for by in ("objective", "country", "region"):
        answer = board.get(f"/v1/calls/{call.id}/totals?by={by}").json()
        assert (answer["proposals"], answer["is_overlapping"]) == (3, False)
        parts = [money.parse_amount(one["requested"]["amount"], "USD") for one in answer["items"]]
        assert sum(parts) == 3 * 12_500_51
        assert answer["requested"] == {"amount": "37501.53", "currency": "USD"}
    by_objective = board.get(f"/v1/calls/{call.id}/totals").json()["items"]
    # 12,500.51 splits into 4125.1683, 4125.1683 and 4250.1734: by largest remainder, each time.
    assert {one["code"]: one["requested"]["amount"] for one in by_objective} == {
        "1": "12375.51", "3": "12375.51", "4": "12750.51",
    }  # fmt: skip
    assert {one["proposals"] for one in by_objective} == {3}
    by_country = board.get(f"/v1/calls/{call.id}/totals?by=country").json()["items"]
    assert [(one["code"], one["label"], one["proposals"]) for one in by_country] == [
        ("KE", "Kenya", 1), ("PH", "Philippines", 2),
    ]  # fmt: skip


def test_lists_without_shares_overlap_and_say_so(world: World, two: Several) -> None:
    call, _ = two
    answer = world.as_role(Role.AUDITOR).get(f"/v1/calls/{call.id}/totals?by=p").json()
    assert answer["is_overlapping"]
    assert [(one["code"], one["requested"]["amount"]) for one in answer["items"]] == [
        ("prevention", "25001.02"), ("protection", "25001.02"),
    ]  # fmt: skip
    assert answer["requested"]["amount"] == "25001.02"
    none = world.as_role(Role.AUDITOR).get(f"/v1/calls/{call.id}/totals?by=side").json()
    assert [(one["code"], one["proposals"]) for one in none["items"]] == [(None, 2)]


def test_totals_leave_out_drafts_and_what_was_withdrawn(world: World, two: Several) -> None:
    call, (first, *_) = two
    draft = an_applicant(world, call)
    draft.start()
    draft.save(right())
    first.caller.post(f"{first.place}/withdraw", json={})
    officer = world.as_role(Role.GRANT_OFFICER)
    assert officer.get(f"/v1/calls/{call.id}/totals").json()["proposals"] == 1
    gone = officer.get(f"/v1/calls/{call.id}/totals?status=withdrawn").json()
    assert gone["proposals"] == 1


def test_an_applicant_totals_its_own_only(two: Several) -> None:
    call, (first, *_) = two
    own = first.caller.get(f"/v1/calls/{call.id}/totals").json()
    assert (own["proposals"], own["requested"]["amount"]) == (1, "12500.51")


def test_the_country_of_a_protected_applicant_is_not_told(world: World) -> None:
    call = set_up(world)
    hidden = an_applicant(world, call, is_at_risk=True, public_label="An organisation")
    hidden.submitted()
    board = world.as_role(Role.BOARD_MEMBER)
    by = board.get(f"/v1/calls/{call.id}/totals?by=country").json()["items"]
    assert [one["code"] for one in by] == [None]
    assert board.get("/v1/proposals?country=KE").json()["items"] == []
    seen, own = board.get(hidden.place).json(), hidden.caller.get(hidden.place).json()
    assert (seen["country"], seen["title"]) == (None, "Withheld for safety")
    assert own["country"] == "KE"
    assert own["title"] not in board.get("/v1/proposals").text
    # By the place alone as well; whose it is reads it all.
    plain = an_applicant(world, call)
    plain.submitted()
    paths = (f"versions/{board.get(plain.place).json()['submitted_number']}", "attachments")
    for path in paths:
        assert board.get(f"{plain.place}/{path}").status_code == 200
    documents = f"/v1/parties/{plain.party_id}/documents"
    assert board.get(documents).status_code == 200
    flag = {"country": "KE", "reason": "Shelters have been attacked."}
    made = world.as_role(Role.GRANT_OFFICER).post("/v1/places_at_risk", json=flag)
    assert made.status_code == 201, made.text
    assert board.get(plain.place).json()["title"] == "Withheld for safety"
    assert plain.caller.get(plain.place).json()["title"] == own["title"]
    for path in paths:
        assert board.get(f"{plain.place}/{path}").status_code == 404
        assert plain.caller.get(f"{plain.place}/{path}").status_code == 200
    assert board.get(documents).status_code == 404
    assert plain.caller.get(documents).status_code == 200


@pytest.mark.parametrize("by", BY)
def test_totals_take_as_many_queries_however_many_proposals(
    world: World, few_and_many: tuple[OpenCall, OpenCall], by: str
) -> None:
    officer = world.as_role(Role.GRANT_OFFICER)
    counts = []
    for call, proposals in zip(few_and_many, (1, 4), strict=True):
        with statements(world.database) as asked:
            told = officer.get(f"/v1/calls/{call.id}/totals?by={by}").json()
        assert told["proposals"] == proposals
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert 0 < counts[0] < 12


def test_lists_filter_and_take_one_query(world: World, three: Several) -> None:
    call, made = three
    officer = world.as_role(Role.GRANT_OFFICER)
    with statements(world.database) as asked:
        page = officer.get("/v1/proposals?limit=2&sort=code").json()
    assert sum("FROM proposals" in one for one in asked) == 1
    assert len(page["items"]) == 2
    rest = officer.get(f"/v1/proposals?limit=2&sort=code&cursor={page['next_cursor']}").json()
    assert len(rest["items"]) == 1
    for query, count in (
        (f"call_id={call.id}", 3), (f"party_id={made[0].party_id}", 1), ("status=submitted", 3),
        ("status=draft", 0), ("objective=3", 3), ("objective=2", 0), ("country=PH", 2),
        (f"call_id={uuid7()}", 0),
    ):  # fmt: skip
        assert len(officer.get(f"/v1/proposals?{query}").json()["items"]) == count, query
    for query in ("country=Kenya", "objective=11", "status=lost", "sort=title"):
        assert officer.get(f"/v1/proposals?{query}").status_code == 422, query


def test_facts_and_contents_are_told_in_a_constant_number_of_queries(
    world: World, three: Several
) -> None:
    _, made = three
    draft = an_applicant(world)
    draft.start()
    ids = [one.id for one in made]
    with world.database.read() as db:
        from uuid import UUID

        known = [UUID(one) for one in ids]
        with statements(world.database) as one_asked:
            facts.facts_of(db, known[:1])
        with statements(world.database) as three_asked:
            found = facts.facts_of(db, [*known, UUID(draft.id), uuid7()])
        assert len(one_asked) == len(three_asked) == 2
        assert set(found) == set(known)
        first = found[known[0]]
        assert (first.country, first.region, first.requested_minor) == ("PH", "035", 12_500_51)
        assert first.objectives == {1: 33, 3: 33, 4: 34}
        assert first.codes == {
            "theme": ("action",), "p": ("protection", "prevention"), "group": ("women",),
        }  # fmt: skip
        with statements(world.database) as asked:
            contents = versions.submitted_contents(db, known)
        assert len(asked) == 1
        assert {one["title"] for one in contents.values()} == {"Safe houses along the coast"}


def planted(database: Database, rows: list[tuple[int, list[int]]]) -> Any:
    """Make a call with submitted proposals of the given amounts and shares, straight."""
    with database.write() as db:
        audit.lock_head(db)
        call, party = a_call(db), a_party(db)
        for amount, shares in rows:
            proposal = Proposal(
                id=uuid7(), code=f"P{uuid7()}", call_id=call.id, party_id=party.id, title="T",
                language="en", status="submitted", last_number=1, submitted_number=1,
                requested_minor=amount, created_at=call.created_at,
            )  # fmt: skip
            version = ProposalVersion(
                id=uuid7(), proposal_id=proposal.id, number=1, kind="submitted", content="{}",
                sha256="0" * 64, saved_at=call.created_at,
            )  # fmt: skip
            db.add(proposal)
            db.flush()
            db.add(version)
            db.flush()
            db.add_all(
                ProposalCode(
                    id=uuid7(), version_id=version.id, list_name="objective", code=str(at),
                    percent=percent,
                )
                for at, percent in enumerate(shares, 1)
            )  # fmt: skip
        db.flush()
        return call.id


def test_any_shares_of_any_amounts_sum_to_the_whole(world: World) -> None:
    from random import Random

    random = Random(7)
    rows = []
    for _ in range(60):
        cuts = sorted(random.sample(range(1, 100), random.randint(0, 6)))
        shares = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
        rows.append((random.randint(1, 10**12), shares))
    call_id = planted(world.database, rows)
    actor = world.as_role(Role.AUDITOR).actor
    with world.database.read() as db:
        found = totals.totals(db, actor, db.get_one(Call, call_id), "objective")
    parts = [money.parse_amount(one["requested"]["amount"], "USD") for one in found["items"]]
    assert sum(parts) == sum(amount for amount, _ in rows)
    # No part is a cent or more away from its exact share.
    for at, part in enumerate(parts, 1):
        exact = sum(amount * shares[at - 1] / 100 for amount, shares in rows if len(shares) >= at)
        assert abs(part - exact) <= len(rows)


@settings(max_examples=70, deadline=None)
@given(st.integers(1, 10**15), st.lists(st.integers(1, 100), min_size=1, max_size=10))
def test_rounding_each_part_by_itself_would_not_sum(amount: int, weights: list[int]) -> None:
    split = money.allocate(amount, weights)
    assert sum(split) == amount
    assert all(
        abs(part * sum(weights) - amount * weight) < sum(weights)
        for part, weight in zip(split, weights, strict=True)
    )


def test_a_board_member_reads_what_was_submitted(world: World, newcomer: Applicant) -> None:
    receipt = newcomer.submitted()
    board = world.as_role(Role.BOARD_MEMBER, fund_id=newcomer.call.fund_id)
    version = receipt["receipt"]["version"]
    read = board.get(f"{newcomer.place}/versions/{version}")
    assert read.json()["sha256"] == receipt["receipt"]["content_sha256"]
    assert board.get(f"{newcomer.place}/versions/0").status_code == 404
    assert board.get(f"{newcomer.place}/versions/999999999999999999999").status_code == 404
    with world.database.read() as db:
        party = db.get_one(Party, newcomer.party_id)
        assert board.get(newcomer.place).json()["party_name"] == party.name
    assert an_organisation(world) != newcomer.party_id
