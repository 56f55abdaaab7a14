"""One person, several roles: no role widens another, not even one that somebody lends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops import audit, clock
from fundops.authz import Role
from fundops.demo.stage import Story
from fundops.ids import uuid7
from fundops.parties.models import Membership
from tests.factories import a_fund
from tests.tracing.books import Book
from tests.world import Caller, World


def player(world: World, story: Story, role: Role) -> Caller:
    """Return the caller who plays ``role`` in the story."""
    found = story.players[role]
    return Caller(world.client, found.token, found.actor)


def other_fund(world: World) -> UUID:
    """Open a fund that the story has nothing to do with."""
    with world.database.write() as db:
        audit.lock_head(db)
        return a_fund(db).id


def also(
    world: World,
    caller: Caller,
    role: Role,
    *,
    party_id: UUID | None = None,
    fund_id: UUID | None = None,
) -> Caller:
    """Give a caller one more role."""
    now = clock.now()
    with world.database.write() as db:
        audit.lock_head(db)
        db.add(
            Membership(
                id=uuid7(), person_id=caller.actor.person_id, role=role.value, party_id=party_id,
                fund_id=fund_id, valid_from=now - timedelta(days=1), created_at=now,
            )
        )  # fmt: skip
    return caller


def donor_who_audits_elsewhere(world: World, story: Story) -> Caller:
    """Return one who speaks for a donor and audits a fund where nothing of the story is."""
    caller = world.as_role(Role.AUDITOR, fund_id=other_fund(world))
    return also(world, caller, Role.DONOR, party_id=story.parties["north"].id)


def refused(answer: Any) -> bool:
    """Return whether an answer says that there is no such thing."""
    return bool(answer.status_code == 404 and answer.json()["type"].endswith("not-found"))


def test_a_role_in_another_fund_opens_no_other_donors_statement(world: World, story: Story) -> None:
    caller = donor_who_audits_elsewhere(world, story)
    lake, north = story.parties["lake"], story.parties["north"]
    manager = player(world, story, Role.FUND_MANAGER)
    issued = manager.post("/v1/statements", json={"donor": lake.code, "fund": "DEMO"}).json()
    for path in (
        f"/v1/donors/{lake.id}/position",
        f"/v1/donor_statement?donor={lake.code}",
        f"/v1/donor_statement?donor={lake.code}&fund=DEMO",
        f"/v1/statements/{issued['id']}",
        f"/v1/statements/{issued['id']}/workbook",
    ):
        answer = caller.get(path)
        if path.endswith("position") and answer.status_code == 200:
            assert answer.json()["funds"] == [], path
        else:
            assert refused(answer), path
    items = caller.get("/v1/statements").json()["items"]
    assert {item["donor_id"] for item in items} == {str(north.id)}
    # What each role allows by itself is still there.
    assert caller.get(f"/v1/donors/{north.id}/position").json()["funds"]
    assert caller.get(f"/v1/donor_statement?donor={north.code}").status_code == 200


def test_a_role_in_another_fund_opens_no_other_donors_trace(world: World, story: Story) -> None:
    caller = donor_who_audits_elsewhere(world, story)
    assert refused(caller.get(f"/v1/trace/{story.receipts['lake1'].code}"))
    told = caller.get(f"/v1/trace/{story.grants['shelter'].code}").text
    assert "Lakeside" not in told
    assert "Open Door" in told
    assert refused(caller.get(f"/v1/trace/{story.grants['hidden'].code}"))


def test_two_donors_in_two_funds_do_not_cross(world: World, story: Story) -> None:
    """The donor of one fund, and another donor's officer in another fund, in one person."""
    caller = world.as_role(Role.DONOR, party_id=story.parties["lake"].id, fund_id=other_fund(world))
    also(world, caller, Role.DONOR, party_id=story.parties["north"].id, fund_id=story.book.id)
    lake, north = story.parties["lake"], story.parties["north"]
    assert caller.get(f"/v1/donors/{lake.id}/position").json()["funds"] == []
    assert refused(caller.get(f"/v1/donor_statement?donor={lake.code}&fund=DEMO"))
    assert refused(caller.get(f"/v1/trace/{story.receipts['lake1'].code}"))
    assert caller.get(f"/v1/donor_statement?donor={north.code}&fund=DEMO").status_code == 200
    shared = caller.get(f"/v1/trace/{story.grants['shelter'].code}")
    assert "Lakeside" not in shared.text


def test_a_lent_donors_role_widens_nothing(world: World, story: Story) -> None:
    """An insider of one fund needs no administrator to be lent a donor's role."""
    elsewhere = other_fund(world)
    insider = world.as_role(Role.AUDITOR, fund_id=elsewhere)
    donor = player(world, story, Role.DONOR)
    with world.database.read() as db:
        held = select(Membership.id).where(Membership.person_id == donor.actor.person_id)
        own = str(db.execute(held).scalar_one())
    lent = donor.post(
        "/v1/delegations",
        json={
            "membership_id": own,
            "person_code": insider.actor.person_code,
            "valid_until": (clock.now() + timedelta(days=1)).isoformat(),
            "reason": "Standing in",
        },
    )
    assert lent.status_code == 201, lent.text
    lake = story.parties["lake"]
    assert refused(insider.get(f"/v1/donor_statement?donor={lake.code}&fund=DEMO"))
    assert refused(insider.get(f"/v1/trace/{story.receipts['lake1'].code}"))


def test_a_donor_who_is_a_grantee_too_learns_no_lots(world: World, story: Story) -> None:
    """Reading traces as a donor and grants as a grantee is not reading what a grant is made of."""
    shelter = story.parties["shelter"].id
    caller = world.as_role(Role.GRANTEE, party_id=shelter)
    also(world, caller, Role.DONOR, party_id=shelter)
    grant = story.grants["shelter"].id
    assert caller.get(f"/v1/grants/{grant}").status_code == 200
    assert refused(caller.get(f"/v1/grants/{grant}/lots"))
    officer = player(world, story, Role.GRANT_OFFICER)
    assert officer.get(f"/v1/grants/{grant}/lots").json()["items"]


def test_notes_of_the_funds_people_stay_with_them(world: World, story: Story) -> None:
    """A donor who works for another fund reads its own receipts as a donor does."""
    caller = donor_who_audits_elsewhere(world, story)
    own = caller.get(f"/v1/receipts/{story.receipts['north0'].id}").json()
    plain = player(world, story, Role.DONOR).get(f"/v1/receipts/{story.receipts['north0'].id}")
    assert own == plain.json()


def test_a_statement_is_the_same_whoever_asks(world: World, story: Story) -> None:
    north = story.parties["north"]
    asked = f"/v1/donor_statement?donor={north.code}&fund=DEMO&as_of=2026-06-30"
    callers = [player(world, story, Role.DONOR), donor_who_audits_elsewhere(world, story)]
    answers = [caller.get(asked) for caller in callers]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert Book(answers[0].content).checks()
