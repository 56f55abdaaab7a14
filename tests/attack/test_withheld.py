"""What a donor could still learn about a grantee at risk, or about another donor."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from fundops import audit
from fundops.authz import Role
from fundops.demo.stage import Story
from fundops.disbursements.models import Disbursement
from fundops.donors.models import Lot
from fundops.grants.models import Grant
from fundops.parties.models import Party
from tests.donors.cash_factories import (
    a_match,
    a_matched_lot,
    a_receipt,
    an_agreement,
    an_instalment,
    wire,
)
from tests.factories import a_fund, a_party
from tests.tracing.books import Book, workbook_bytes
from tests.world import Caller, World


def donor_of(world: World, story: Story, key: str) -> Caller:
    """Return a person of one of the story's donors."""
    return world.as_role(Role.DONOR, party_id=story.parties[key].id)


def codes_of(world: World, grant: Grant) -> list[str]:
    """Return the codes of a grant and its disbursements."""
    with world.database.read() as db:
        query = select(Disbursement.code).where(Disbursement.grant_id == grant.id)
        return [grant.code, *db.execute(query).scalars()]


def put_at_risk(world: World, party: Party) -> None:
    """A grantee turns out to be at risk, after codes were given out in order."""
    with world.database.write() as db:
        audit.lock_head(db)
        found = db.get_one(Party, party.id)
        found.is_at_risk, found.public_label = True, "A grantee at risk"


def body(answer: Any) -> dict[str, Any]:
    """Return a problem without what differs from request to request."""
    return {key: value for key, value in answer.json().items() if key != "request_id"}


def test_codes_of_a_grantee_at_risk_lead_donors_nowhere(world: World, story: Story) -> None:
    """Codes given out in order can be guessed one by one; they answer as if they were not there."""
    legal = story.grants["legal"]
    donor = donor_of(world, story, "ship")
    seen = [donor.get(f"/v1/trace/{code}") for code in codes_of(world, legal)]
    assert {answer.status_code for answer in seen} == {200}
    put_at_risk(world, story.parties["legal"])
    missing = body(donor.get("/v1/trace/GRT-2025-9999"))
    for code in codes_of(world, legal):
        answer = donor.get(f"/v1/trace/{code}")
        assert answer.status_code == 404, code
        assert body(answer) == missing
    inside = Caller(world.client, story.players[Role.AUDITOR].token)
    assert inside.get(f"/v1/trace/{legal.code}").status_code == 200


def test_grants_at_risk_are_one_total_in_a_donors_trace(world: World, story: Story) -> None:
    """Not one line each: how many there are, and what each got, is told by nobody."""
    put_at_risk(world, story.parties["shelter"])
    with world.database.read() as db:
        query = select(Lot.code, Lot.donor_id).where(Lot.donor_id == story.parties["lake"].id)
        code = db.execute(query).first()
    assert code is not None
    before = world.as_role(Role.AUDITOR).get(f"/v1/trace/{code[0]}").json()["root"]
    insiders = [node for node in before["children"] if node["kind"] == "grant"]
    assert len(insiders) > 1
    root = donor_of(world, story, "lake").get(f"/v1/trace/{code[0]}").json()["root"]
    withheld = [node for node in root["children"] if node["kind"] == "grant"]
    assert len(withheld) == 1
    assert root["amount"] == before["amount"]
    total = sum(float(node["amount"]["amount"]) for node in insiders)
    assert float(withheld[0]["amount"]["amount"]) == total


@pytest.mark.parametrize("day", ["1900-01-02", "2025-03-01"])
def test_a_lot_before_it_was_opened_is_empty_not_an_error(
    world: World, story: Story, day: str
) -> None:
    with world.database.read() as db:
        codes = list(db.execute(select(Lot.code)).scalars())
    auditor = Caller(world.client, story.players[Role.AUDITOR].token)
    for code in codes:
        answer = auditor.get(f"/v1/trace/{code}?as_of={day}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["root"]["amount"]["amount"] == "0.00"
        assert answer.json()["root"]["children"] == []


def test_why_another_donors_receipt_was_reversed_stays_with_that_donor(
    world: World, story: Story
) -> None:
    """The reversal moves reservations onto others' lots; its reason is not theirs to read."""
    secret = "Gift recalled by the executor of an estate"
    finance, manager = world.as_role(Role.FINANCE_OFFICER), world.as_role(Role.FUND_MANAGER)
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor, grantee = a_fund(db), a_party(db), a_party(db, kind="civil_society")
        mistaken = a_matched_lot(db, finance.actor, fund, 50_000, on=date(2026, 2, 1))
        other = a_matched_lot(db, finance.actor, fund, 80_000, on=date(2026, 2, 2), donor=donor)
    award = {
        "fund_id": str(fund.id), "grantee_id": str(grantee.id), "title": "Shelter",
        "amount": wire(40_000), "country": "AT", "region": "155", "awarded_on": "2026-02-10",
        "objectives": [{"objective": 4, "percent": 100}],
    }  # fmt: skip
    made = manager.post("/v1/grants", json=award)
    assert made.status_code == 201, made.text
    (held,) = manager.get(f"/v1/grants/{made.json()['id']}/lots").json()["items"]
    assert held["lot_id"] == str(mistaken.id)
    issued = manager.post("/v1/statements", json={"donor": donor.code, "fund": fund.code})
    assert issued.status_code == 201, issued.text
    path = f"/v1/receipts/{mistaken.receipt_id}/reverse"
    answer = finance.post(path, json={"reason": secret})
    assert answer.status_code == 200, answer.text
    book = Book(workbook_bytes(world.database, donor, fund))
    assert other.code in book.text
    late = [sheet for sheet in book.book.sheetnames if sheet.startswith("Change")]
    assert late, book.book.sheetnames
    rows = book.table(late[0])
    assert rows, "the reversal moved nothing onto this donor's lots"
    assert secret not in book.text
    assert "receipt.reversed" not in book.text


def test_a_receipt_shared_with_others_tells_one_donors_part(world: World) -> None:
    """Two worlds that differ only in another donor's money give a donor the same figures."""
    finance = world.as_role(Role.FINANCE_OFFICER)
    rows, changing = [], {"Fund", "Receipt", "Payer"}
    for others in (30_000, 77_700):
        with world.database.write() as db:
            audit.lock_head(db)
            fund, donor = a_fund(db), a_party(db)
            own = an_instalment(db, an_agreement(db, fund, donor=donor), 20_000)
            foreign = an_instalment(db, an_agreement(db, fund), others)
            receipt = a_receipt(db, finance.actor, fund, 20_000 + others)
            a_match(db, finance.actor, receipt, (own, 20_000), (foreign, others))
        book = Book(workbook_bytes(world.database, donor, fund))
        assert book.checks() == {"OK"}
        (row,) = book.table("Receipts")
        rows.append([value for key, value in row.items() if key not in changing])
        amounts = {row["Amount"], row["Booked, base"], row["Credited to you"]}
        assert amounts == {200}
    assert rows[0] == rows[1]


def test_a_receipt_of_ones_own_is_told_whole(world: World) -> None:
    finance = world.as_role(Role.FINANCE_OFFICER)
    with world.database.write() as db:
        audit.lock_head(db)
        fund, donor = a_fund(db), a_party(db)
        own = an_instalment(db, an_agreement(db, fund, donor=donor), 20_000)
        receipt = a_receipt(db, finance.actor, fund, 50_000, donor_id=donor.id)
        a_match(db, finance.actor, receipt, (own, 20_000))
    (row,) = Book(workbook_bytes(world.database, donor, fund)).table("Receipts")
    assert (row["Amount"], row["Credited to you"], row["Held unmatched"]) == (500, 200, 300)


def test_no_protection_is_lifted_from_another_fund(world: World, story: Story) -> None:
    """Raising one takes whoever may change parties; lifting it, the right to restore them."""
    hidden = story.parties["hidden"]
    with world.database.write() as db:
        audit.lock_head(db)
        elsewhere = a_fund(db).id
    path = f"/v1/parties/{hidden.id}"

    def lifted(caller: Caller, value: bool = False) -> int:
        match = {"if-match": caller.get(path).headers["etag"]}
        answer = caller.patch(path, json={"is_at_risk": value}, headers=match)
        return int(answer.status_code)

    for role, fund_id in (
        (Role.GRANT_OFFICER, elsewhere),
        (Role.GRANT_OFFICER, None),
        (Role.FINANCE_OFFICER, None),
        (Role.FUND_MANAGER, elsewhere),
    ):
        assert lifted(world.as_role(role, fund_id=fund_id)) == 403, role
    assert lifted(world.as_role(Role.FUND_MANAGER)) == 200
    assert lifted(world.as_role(Role.GRANT_OFFICER), value=True) == 200
