"""Grant agreements over HTTP: prepared, signed by two persons of two parties, in force."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from fundops import audit
from fundops.authz import Role
from fundops.grants import agreement_checks, agreement_hooks, agreement_queries
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from fundops.signing import Signed, Signer
from tests.grants.agreement_factories import (
    END,
    START,
    Deal,
    a_budget,
    an_agreement,
    an_offer,
    money,
)
from tests.proposals.proposal_factories import statements
from tests.staged import staged
from tests.world import World

deal = staged(Deal)
offered = staged(an_offer)
in_force = staged(an_agreement)


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def test_an_agreement_is_made_from_the_proposal_and_signed(deal: Deal, world: World) -> None:
    made = deal.prepare()
    assert made.status_code == 201, made.text
    version = made.json()
    assert (version["number"], version["status"], version["needs_revision"]) == (1, "draft", False)
    assert (version["language"], version["starts_on"], version["ends_on"]) == (
        "fr", START.isoformat(), END.isoformat(),
    )  # fmt: skip
    assert version["amount"] == money("900.01")
    assert [(line["category"], line["amount"]["amount"]) for line in version["budget"]] == [
        ("A", "600.00"), ("E", "300.00"), ("G", "0.01"),
    ]  # fmt: skip
    assert version["budget"][0]["objectives"] == [{"objective": 4, "percent": 100}]
    assert version["budget"][1]["objectives"] == [
        {"objective": 1, "percent": 40}, {"objective": 4, "percent": 60},
    ]  # fmt: skip
    assert version["results"] == [
        {"number": 1, "indicator": "4.4", "baseline": 0, "target": 40, "note": None}
    ]
    assert made.headers["location"] == f"{deal.place}/versions/1"
    deal.done(deal.officer, "offer")
    signed = deal.done(deal.grantee, "sign")
    assert signed["signed_by_id"] == str(deal.grantee.actor.person_id)
    final = deal.done(deal.manager, "countersign")
    assert final["status"] == "in_force"
    listed = deal.grantee.get("/v1/grant_agreements").json()["items"]
    assert [(one["in_force_number"], one["amount"]) for one in listed] == [(1, money("900.01"))]
    with world.database.read() as db:
        in_force = agreement_queries.in_force(db, deal.grant_id)
        assert in_force is not None
        assert in_force.number == 1
        assert agreement_checks.run(db) == []


def test_both_parties_can_prove_what_they_signed(deal: Deal, world: World) -> None:
    version = deal.in_force()
    receipt = deal.grantee.get(f"{deal.place}/versions/1/receipt").json()
    body = json.loads(receipt["body"])
    assert body["content_sha256"] == version["sha256"]
    assert hashlib.sha256(receipt["body"].encode()).hexdigest() == receipt["sha256"]
    signer: Signer = world.app.state.signer
    signature = Signed(receipt["key_id"], receipt["signature"])
    assert signer.verify(receipt["body"].encode(), signature)
    assert not signer.verify(b"another text", signature)
    with world.database.read() as db:
        row = db.execute(
            sql("SELECT hash FROM audit_events WHERE seq = :seq"), {"seq": body["audit_seq"]}
        ).scalar_one()
        assert bytes(row).hex() == body["audit_hash"]


def test_less_awarded_than_asked_for_is_split_exactly_and_looked_at(world: World) -> None:
    deal = Deal(world, awarded=500_00)
    version = deal.prepare().json()
    assert version["needs_revision"] is True
    amounts = [line["amount"]["amount"] for line in version["budget"]]
    assert amounts == ["333.33", "166.66", "0.01"]  # by largest remainder
    refused = deal.step(deal.officer, "offer")
    assert (refused.status_code, slug(refused)) == (409, "conflict")
    # Another change than of the lines does not settle it.
    place, tag = f"{deal.place}/versions/1", {"if-match": f'"{version["version"]}"'}
    renamed = deal.officer.patch(place, json={"title": "Houses"}, headers=tag)
    assert renamed.status_code == 200, renamed.text
    assert renamed.json()["needs_revision"] is True
    stale = deal.officer.patch(place, json={"title": "Homes"}, headers=tag)
    assert stale.status_code == 412
    tag = {"if-match": renamed.headers["etag"]}
    wrong = deal.officer.patch(place, json={"budget": a_budget(("A", "499.99"))}, headers=tag)
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/budget"]
    lines = a_budget(("A", "400.00"), ("G", "100.00"))
    changed = deal.officer.patch(place, json={"budget": lines}, headers=tag)
    assert changed.status_code == 200, changed.text
    assert changed.json()["needs_revision"] is False
    assert deal.done(deal.officer, "offer")["status"] == "offered"


def test_lines_serve_the_objectives_of_the_award_alone(deal: Deal) -> None:
    refused = deal.prepare(budget=a_budget(("A", "900.01"), objective=7))
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/budget/0/objectives"]
    foreign = a_budget(("A", "900.01"))
    foreign[0]["amount"]["currency"] = "EUR"
    wrong = deal.prepare(budget=foreign)
    assert [e["pointer"] for e in wrong.json()["errors"]] == ["/budget/0/amount/currency"]
    unknown = deal.prepare(results=[{"indicator": "99.9", "target": 1}])
    assert [e["pointer"] for e in unknown.json()["errors"]] == ["/results/0/indicator"]


def test_a_grant_without_proposal_needs_its_lines_and_period(world: World) -> None:
    deal = Deal(world)
    with world.database.write() as db:
        audit.lock_head(db)
        grant = db.get_one(Grant, deal.grant_id)
        grant.proposal_id = grant.starts_on = grant.ends_on = None
    missing = deal.prepare()
    assert [error["pointer"] for error in missing.json()["errors"]] == ["/starts_on"]
    period = {"starts_on": "2026-05-01", "ends_on": "2026-12-31"}
    missing = deal.prepare(**period)
    assert [error["pointer"] for error in missing.json()["errors"]] == ["/budget"]
    made = deal.prepare(**period, budget=a_budget(("A", "900.01")))
    assert made.status_code == 201, made.text
    deal.done(deal.officer, "offer")
    deal.signed()
    assert (deal.grant()["starts_on"], deal.grant()["ends_on"]) == ("2026-05-01", "2026-12-31")


def test_only_the_grantee_itself_signs(offered: Deal) -> None:
    stranger = offered.stray()
    assert offered.step(stranger, "sign").status_code == 404
    assert stranger.get(f"{offered.place}/versions/1").status_code == 404
    assert stranger.get("/v1/grant_agreements").json()["items"] == []
    assert offered.step(offered.manager, "sign").status_code == 403
    assert offered.step(offered.finance, "countersign").status_code == 403
    assert offered.step(offered.manager, "countersign").status_code == 409  # nobody has signed yet


def test_an_office_of_another_fund_does_not_see_it(offered: Deal, world: World) -> None:
    from tests.factories import a_fund

    with world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    officer = world.as_role(Role.GRANT_OFFICER, fund_id=other)
    assert officer.get(offered.place).status_code == 404
    assert offered.step(officer, "withdraw", reason="Mine.").status_code == 404
    assert officer.post(offered.place, json={}).status_code == 404


def test_nobody_signs_a_text_that_has_changed(deal: Deal) -> None:
    seen = deal.offered()["sha256"]
    tag = {"if-match": f'"{deal.version()["version"]}"'}
    changed = deal.officer.patch(
        f"{deal.place}/versions/1", json={"special_conditions": "Monthly visits."}, headers=tag
    )
    assert changed.json()["status"] == "draft"  # what is changed is offered anew
    assert deal.step(deal.grantee, "sign").status_code == 409
    deal.done(deal.officer, "offer")
    stale = deal.step(deal.grantee, "sign", sha256=seen)
    assert (stale.status_code, slug(stale)) == (412, "stale")
    deal.done(deal.grantee, "sign")
    stale = deal.step(deal.manager, "countersign", sha256=seen)
    assert (stale.status_code, slug(stale)) == (412, "stale")
    signed = deal.officer.patch(
        f"{deal.place}/versions/1", json={"title": "Other"},
        headers={"if-match": f'"{deal.version()["version"]}"'},
    )  # fmt: skip
    assert (signed.status_code, slug(signed)) == (409, "wrong-status")


def test_one_person_never_signs_for_both_sides(offered: Deal) -> None:
    """Not with a second token, not with a second role, whichever comes first."""
    both = offered.second_token(offered.grantee, Role.FUND_MANAGER)
    offered.done(offered.grantee, "sign")
    refused = offered.step(both, "countersign")
    assert (refused.status_code, slug(refused)) == (409, "conflict-of-interest")
    # Who prepared it for the fund does not sign it for the grantee either.
    preparer = offered.second_token(offered.officer, Role.GRANTEE, offered.grantee_id)
    offered.done(offered.manager, "withdraw", reason="Once more.")
    assert preparer.post(offered.place, json={}).status_code == 409  # an interest of their own now
    again = offered.manager.post(offered.place, json={})
    assert again.status_code == 201, again.text
    offered.done(offered.manager, "offer", 2)
    offered.done(offered.grantee, "sign", 2)
    same = offered.step(offered.manager, "countersign", 2)
    assert (same.status_code, slug(same)) == (409, "same-person")


def test_a_preparer_who_later_acts_for_the_grantee_does_not_sign(offered: Deal) -> None:
    turned = offered.second_token(offered.officer, Role.GRANTEE, offered.grantee_id)
    refused = offered.step(turned, "sign")
    assert (refused.status_code, slug(refused)) == (409, "same-person")


def test_whoever_wrote_any_text_does_not_countersign(deal: Deal) -> None:
    deal.prepare()
    for caller, title in ((deal.manager, "Houses"), (deal.officer, "Homes")):
        tag = {"if-match": f'"{deal.version()["version"]}"'}
        changed = caller.patch(f"{deal.place}/versions/1", json={"title": title}, headers=tag)
        assert changed.status_code == 200, changed.text
    deal.done(deal.officer, "offer")
    deal.done(deal.grantee, "sign")
    refused = deal.step(deal.manager, "countersign")
    assert (refused.status_code, slug(refused)) == (409, "same-person")


def test_the_database_itself_refuses_one_person_twice(offered: Deal, world: World) -> None:
    offered.done(offered.grantee, "sign")
    for column in ("countersigned_by_id = signed_by_id", "countersigned_by_id = prepared_by_id",
                   "status = 'in_force'"):  # fmt: skip
        with pytest.raises(DBAPIError), world.database.writer.begin() as connection:
            connection.execute(sql(f"UPDATE grant_agreement_versions SET {column}"))


def test_what_was_written_is_never_changed(in_force: Deal, world: World) -> None:
    for table in ("grant_agreement_texts", "grant_budget_lines", "grant_agreed_results",
                  "grant_agreement_receipts"):  # fmt: skip
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError), world.database.writer.begin() as connection:
                connection.execute(sql(statement))


def test_a_signature_on_paper_is_recorded_with_its_page(offered: Deal, world: World) -> None:
    page = offered.page()
    given: dict[str, Any] = {
        "file_id": page,
        "signing_office": "Executive Director",
        "signed_on": "2026-03-20",
    }
    early = offered.step(offered.officer, "record_signature", **given | {"signed_on": "2026-02-28"})
    assert [error["pointer"] for error in early.json()["errors"]] == ["/signed_on"]
    late = offered.step(offered.officer, "record_signature", **given | {"signed_on": "2199-01-01"})
    assert [error["pointer"] for error in late.json()["errors"]] == ["/signed_on"]
    foreign = offered.step(
        offered.officer, "record_signature", **given | {"file_id": str(offered.fund_id)}
    )
    assert [error["pointer"] for error in foreign.json()["errors"]] == ["/file_id"]
    # The page was uploaded by the officer; a manager who records has it in reach only afterwards.
    recorded = offered.done(offered.officer, "record_signature", **given)
    assert (recorded["signed_by_id"], recorded["signing_office"]) == (None, "Executive Director")
    recorder = offered.second_token(offered.officer, Role.FUND_MANAGER)
    refused = offered.step(recorder, "countersign")
    assert (refused.status_code, slug(refused)) == (409, "same-person")
    assert offered.done(offered.manager, "countersign")["status"] == "in_force"
    assert offered.manager.get(f"/v1/files/{page}").status_code == 200
    body = json.loads(offered.manager.get(f"{offered.place}/versions/1/receipt").json()["body"])
    assert (body["signed_on_paper"], body["signed_on"]) == (True, "2026-03-20")


def test_a_page_of_another_party_is_no_evidence(offered: Deal, world: World) -> None:
    from fundops.parties.models import Party
    from tests.grants.grant_factories import a_grantee
    from tests.proposals.proposal_factories import a_file

    with world.database.write() as db:
        audit.lock_head(db)
        other = db.get_one(Party, a_grantee(db).id)
        page = str(a_file(db, other, offered.officer.actor).id)
    given: dict[str, Any] = {
        "file_id": page,
        "signing_office": "Director",
        "signed_on": "2026-03-20",
    }
    refused = offered.step(offered.officer, "record_signature", **given)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/file_id"]


def test_declined_or_withdrawn_it_may_be_prepared_again(offered: Deal) -> None:
    second = offered.prepare()
    assert (second.status_code, slug(second)) == (409, "conflict")
    declined = offered.done(offered.grantee, "decline", reason="The rent has risen.")
    assert (declined["status"], declined["end_reason"]) == ("declined", "The rent has risen.")
    assert offered.step(offered.grantee, "sign").status_code == 409
    assert offered.prepare().json()["number"] == 2
    assert offered.done(offered.officer, "withdraw", 2, reason="An error.")["status"] == "withdrawn"
    assert offered.prepare().json()["number"] == 3
    read = offered.grantee.get(offered.place).json()
    assert [one["status"] for one in read["versions"]] == ["declined", "withdrawn", "draft"]
    assert (read["in_force_number"], read["amount"]) == (None, None)


def test_in_force_it_changes_by_amendment_alone(in_force: Deal) -> None:
    again = in_force.prepare()
    assert (again.status_code, slug(again)) == (409, "conflict")
    patched = in_force.manager.patch(
        f"/v1/grants/{in_force.grant_id}", json={"ends_on": "2028-01-01"},
        headers={"if-match": f'"{in_force.grant()["version"]}"'},
    )  # fmt: skip
    assert (patched.status_code, slug(patched)) == (409, "conflict")


def test_others_are_told_when_it_comes_into_force(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def make(_db: Any, _actor: Any, fund: Fund, grant: Grant, **given: Any) -> None:
        told.append((fund.id, grant.id, given))

    monkeypatch.setattr(agreement_hooks, "AFTER_IN_FORCE", [make])
    deal.offered()
    deal.done(deal.grantee, "sign")
    assert told == []
    deal.done(deal.manager, "countersign")
    period = {"starts_on": START, "ends_on": END, "amount_minor": 900_01}
    assert told == [(deal.fund_id, deal.grant_id, period)]


def test_a_frozen_grantee_is_not_signed_with(offered: Deal, world: World) -> None:
    offered.done(offered.grantee, "sign")
    frozen = offered.manager.post(
        f"/v1/parties/{offered.grantee_id}/freeze", json={"reason": "Under inquiry."}
    )
    assert frozen.status_code in (200, 201), frozen.text
    refused = offered.step(offered.manager, "countersign")
    assert (refused.status_code, slug(refused)) == (409, "conflict")


def test_reading_costs_the_same_for_many_versions(deal: Deal, world: World) -> None:
    deal.prepare()
    counts = []
    for number in (1, 2, 3, 4):
        with statements(world.database) as run:
            deal.officer.get(deal.place)
            deal.officer.get("/v1/grant_agreements")
            deal.officer.get("/v1/agreed_budgets")
        counts.append(len(run))
        deal.done(deal.officer, "withdraw", number, reason="Again.")
        deal.prepare()
    assert len(set(counts)) == 1, counts


def test_a_changed_row_or_text_is_found(in_force: Deal, world: World) -> None:
    """The control of the checks: what triggers refuse is done without them, and found."""
    with world.database.read() as db:
        assert agreement_checks.run(db) == []
    from fundops.grants.agreement_content import read, stored

    said = in_force.version()
    with world.database.read() as db:
        content = db.execute(sql("SELECT content FROM grant_agreement_texts")).scalar_one()
    agreed = read(content)
    again = stored(agreed, grant=in_force.grant()["code"], number=1, currency="USD")
    assert again == (content, said["sha256"])
    assert hashlib.sha256(content.encode()).hexdigest() == said["sha256"]
