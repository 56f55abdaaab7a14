"""Places at risk: who flags and lifts them, and what outsiders read of grants there."""

from __future__ import annotations

from datetime import date

from sqlalchemy import event

from fundops import audit
from fundops.authz import Role
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.parties.models import Party
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_desk, a_grant, a_payment
from tests.tracing.books import Book, workbook_bytes
from tests.world import World

PLACE = "/v1/places_at_risk"
BODY = {"country": "KE", "reason": "Shelters have been attacked."}
TITLE = "A shelter that nobody may find"


def a_grant_in_kenya(world: World) -> tuple[Grant, Fund, Party]:
    """Return a grant of which a part is paid, its fund and the donor behind it."""
    with world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        lot = a_lot(db, fund, 1_000_00)
        grant = a_grant(db, fund, 1_000_00)
        grant.country, grant.title = "KE", TITLE
        a_payment(db, a_desk(db), fund, grant, 600_00)
        return grant, fund, db.get_one(Party, lot.donor_id)


def test_a_flag_hides_the_place_and_the_title_at_once_and_another_lifts_it(world: World) -> None:
    grant, fund, donor = a_grant_in_kenya(world)
    board, officer = world.as_role(Role.BOARD_MEMBER), world.as_role(Role.GRANT_OFFICER)
    manager, approver = world.as_role(Role.FUND_MANAGER), world.as_role(Role.APPROVER)
    reader = world.as_role(Role.DONOR, party_id=donor.id)
    assert board.get("/v1/grants", params={"country": "KE"}).json()["items"]
    assert TITLE in reader.get(f"/v1/trace/{grant.code}").text

    told = BODY | {"reason": "Call +226 70 12 34 56 about her."}
    assert manager.post(PLACE, json=told).json()["errors"][0]["pointer"] == "/reason"
    made = manager.post(PLACE, json=BODY)
    assert made.status_code == 201, made.text
    place = made.headers["location"]
    assert manager.post(PLACE, json=BODY).status_code == 409
    assert TITLE not in board.get("/v1/grants").text
    assert board.get(f"/v1/grants/{grant.id}").json()["country"] is None
    assert board.get("/v1/grants", params={"country": "KE"}).json()["items"] == []
    assert officer.get(f"/v1/grants/{grant.id}").json()["title"] == TITLE
    assert TITLE not in reader.get(f"/v1/trace/{grant.code}").text
    book = Book(workbook_bytes(world.database, donor, fund, as_of=date(2026, 10, 31)))
    assert TITLE not in book.text
    assert grant.code not in book.text
    assert book.checks() == {"OK"}

    assert manager.post(f"{place}/lift", json={"reason": "Calm"}).status_code == 409
    assert officer.post(f"{place}/lift", json={"reason": "Calm"}).status_code == 403
    lifted = approver.post(f"{place}/lift", json={"reason": "It has been calm for a year."})
    assert (lifted.status_code, lifted.json()["status"]) == (200, "lifted"), lifted.text
    assert approver.post(f"{place}/lift", json={"reason": "Twice"}).status_code == 409
    assert board.get(f"/v1/grants/{grant.id}").json()["title"] == TITLE


def test_a_flag_holds_for_its_fund_alone_and_is_set_within_reach(world: World) -> None:
    grant, fund, _ = a_grant_in_kenya(world)
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    local = world.as_role(Role.GRANT_OFFICER, fund_id=other)
    board = world.as_role(Role.BOARD_MEMBER)
    assert local.post(PLACE, json=BODY).status_code == 404
    assert local.post(PLACE, json=BODY | {"fund_id": str(fund.id)}).status_code == 404
    made = local.post(PLACE, json=BODY | {"fund_id": str(other)})
    assert made.status_code == 201, made.text
    assert board.get(f"/v1/grants/{grant.id}").json()["country"] == "KE"
    stranger = world.as_role(Role.APPROVER, fund_id=fund.id)
    assert stranger.get(made.headers["location"]).status_code == 404
    assert stranger.get(PLACE).json()["items"] == []
    for role in (Role.BOARD_MEMBER, Role.SIGNATORY, Role.ADMINISTRATOR):
        assert world.as_role(role).get(PLACE).status_code == 403


def test_a_list_of_grants_asks_as_often_with_flags_as_without(world: World) -> None:
    a_grant_in_kenya(world)
    board, manager = world.as_role(Role.BOARD_MEMBER), world.as_role(Role.FUND_MANAGER)
    asked: list[str] = []

    @event.listens_for(world.database.reader, "before_cursor_execute")
    def _note(*call: object) -> None:
        asked.append(str(call[2]))

    board.get("/v1/grants")
    before = len(asked)
    assert manager.post(PLACE, json=BODY).status_code == 201
    asked.clear()
    board.get("/v1/grants")
    assert len(asked) == before
