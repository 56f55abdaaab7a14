"""Assessing a partner over HTTP: the whole way, what is refused to whom, and what follows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundops import audit, clock, trail
from fundops.authz import Role
from fundops.files.models import File
from fundops.grants import schedule
from fundops.grants.models import Grant, Tranche
from fundops.grants.plan import add_months
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Membership
from fundops.partners.models import PartnerAssessment
from tests.factories import a_fund
from tests.grants.grant_factories import a_grantee
from tests.partners.partner_factories import AMOUNT, Office, answers
from tests.staged import staged
from tests.world import World

office = staged(Office)


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [one["pointer"] for one in answer.json()["errors"]]


def test_from_answers_to_the_tier_that_tranches_follow(office: Office) -> None:
    assert office.tier()["tier"] == "high"
    office.complete()
    found = office.officer.get(f"{office.place}/due_diligence").json()
    assert found["is_complete"] is True
    assert {one["state"] for one in found["checks"] if one["is_required"]} == {"passed"}
    made = office.propose(answers=answers(1, GOV3=2, PRG5=None))
    assert made.status_code == 201, made.text
    body = made.json()
    # 20 questions, one does not apply: n 19, a 2 at weight 2 counts 4, so 18 + 4.
    assert (body["applicable"], body["score"], body["band"]) == (19, 22, "low")
    assert [one["below"] for one in body["capacity"]["limits"]] == ["27.55", "36.1", "47.5"]
    assert (body["computed_tier"], body["tier"], body["is_override"]) == ("low", "low", False)
    assert sum(one["score"] for one in body["capacity"]["areas"]) == 22
    governance = body["capacity"]["areas"][0]["answers"]
    assert [(one["question"], one["answer"], one["counts"]) for one in governance] == [
        ("GOV1", 1, 1), ("GOV2", 1, 1), ("GOV3", 2, 4),
    ]  # fmt: skip
    assert body["steps"][0] == (
        "19 questions apply, so bands divide the range from 19 to 76. The answers score 22: "
        "capacity is in the band low."
    )
    assert body["steps"][-1] == "Due diligence is complete."
    assert body["valid_until_on"] == str(add_months(office.today, 24))  # the registration's
    assert office.tier()["tier"] == "high"  # nothing is confirmed
    done = office.step(office.manager, made, "confirm")
    assert (done.status_code, done.json()["status"]) == (200, "confirmed"), done.text
    told = office.tier()
    assert (told["tier"], told["assessment_id"]) == ("low", done.json()["risk_assessment_id"])
    register = office.officer.get(f"{office.place}/risk_assessments").json()["items"]
    assert register[0]["basis"] == (
        f"Assessment {body['code']}: 22 points on 19 questions, band low, tier low."
    )
    read = office.officer.get(f"/v1/partner_assessments/{body['id']}").json()
    assert {name: read[name] for name in ("steps", "capacity")} == {
        name: body[name] for name in ("steps", "capacity")
    }


def tranches_of(office: Office) -> list[int]:
    """Plan a new grant of eight months and return the amounts of its tranches."""
    with office.world.database.write() as db:
        audit.lock_head(db)
        manager = office.manager.actor
        grant = db.get_one(Grant, office.grant_id)
        schedule.make(
            db, manager, db.get_one(Fund, office.fund_id), grant, starts_on=office.today,
            ends_on=add_months(office.today, 12) - timedelta(days=1), amount_minor=AMOUNT,
        )  # fmt: skip
        query = select(Tranche.amount_minor).where(Tranche.grant_id == grant.id)
        return list(db.execute(query.order_by(Tranche.number)).scalars())


def test_another_tier_changes_the_tranches_of_a_new_plan(office: Office) -> None:
    before = tranches_of(office)
    office.complete()
    made = office.propose()
    assert office.step(office.manager, made, "confirm").status_code == 200
    after = tranches_of(office)
    assert sum(before) == sum(after) == AMOUNT
    assert len(after) < len(before)
    assert after[0] > before[0]


def test_nobody_confirms_what_is_in_their_own_hands(office: Office, world: World) -> None:
    office.complete()
    made = office.propose()
    assert slug(office.step(office.officer, made, "confirm")) == "same-person"
    refused = office.step(office.officer, made, "refuse", reason="Mine.")
    assert slug(refused) == "same-person"
    twin = world.as_role(Role.FUND_MANAGER)
    joined = world.as_role(Role.ADMINISTRATOR).post(
        f"/v1/persons/{office.officer.actor.person_id}/same_as",
        json={"same_as_code": twin.actor.person_code, "reason": "Registered twice"},
    )
    assert joined.status_code == 201, joined.text
    assert slug(office.step(twin, made, "confirm")) == "same-person"
    # Nor by a role that they lend to a friend.
    friend = world.as_role(Role.AUDITOR)
    with world.database.read() as db:
        query = select(Membership.id).where(Membership.person_id == office.officer.actor.person_id)
        own = str(db.execute(query).scalar_one())
    lent = office.officer.post(
        "/v1/delegations",
        json={
            "membership_id": own, "person_code": friend.actor.person_code,
            "valid_until": (clock.now() + timedelta(days=1)).isoformat(), "reason": "Leave",
        },
    )  # fmt: skip
    assert lent.status_code == 201, lent.text
    assert slug(office.step(friend, made, "confirm")) == "same-person"
    assert office.step(office.finance, made, "confirm").status_code == 403
    assert office.step(office.manager, made, "confirm").status_code == 200
    assert slug(office.step(office.manager, made, "confirm")) == "wrong-status"


def test_an_interest_keeps_out_of_all_of_it(office: Office) -> None:
    made = office.propose()
    now = clock.now()
    with office.world.database.write() as db:
        audit.lock_head(db)
        for caller in (office.officer, office.finance, office.manager):
            db.add(
                Membership(
                    id=uuid7(), person_id=caller.actor.person_id, role="grantee",
                    party_id=office.party_id, valid_from=now - timedelta(days=9),
                    valid_until=now - timedelta(days=2), created_at=now,
                )
            )  # fmt: skip
    assert slug(office.check("registration")) == "conflict-of-interest"
    assert slug(office.propose(office.finance)) == "conflict-of-interest"
    assert slug(office.step(office.manager, made, "confirm")) == "conflict-of-interest"
    gone = office.step(office.officer, made, "withdraw", reason="An interest.")
    assert slug(gone) == "conflict-of-interest"


def test_incomplete_due_diligence_is_high_and_says_so(office: Office) -> None:
    office.check("registration", "failed")
    made = office.propose().json()
    assert (made["band"], made["computed_tier"], made["tier"]) == ("low", "high", "high")
    assert made["steps"][-1].startswith("Due diligence is incomplete, so the tier is high")
    assert "Registered as a non-profit organisation" in made["steps"][-1]
    office.step(office.officer, _Made(made), "withdraw", reason="Too early.")
    lower = office.propose(tier="low", override_reason="We know them.")
    assert pointers(lower) == ["/tier"]


class _Made:
    """An answer that was read before."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def json(self) -> Any:
        return self.body


def test_an_override_has_a_reason_and_shows(office: Office) -> None:
    office.complete()
    assert pointers(office.propose(tier="medium")) == ["/override_reason"]
    pointless: tuple[dict[str, Any], ...] = (
        {"override_reason": "No."},
        {"tier": "low", "override_reason": "No."},
    )
    for over in pointless:
        assert pointers(office.propose(**over)) == ["/override_reason"], over
    made = office.propose(tier="medium", override_reason="Its director has just left.")
    body = made.json()
    assert (body["computed_tier"], body["tier"], body["is_override"]) == ("low", "medium", True)
    assert office.step(office.manager, made, "confirm").status_code == 200
    assert office.tier()["tier"] == "medium"
    listed = [office.officer.get(f"/v1/partner_assessments?is_override={flag}").json()["items"]
              for flag in ("true", "false")]  # fmt: skip
    assert [[one["code"] for one in items] for items in listed] == [[body["code"]], []]
    basis = office.officer.get(f"{office.place}/risk_assessments").json()["items"][0]["basis"]
    assert basis.endswith("tier low; overridden: Its director has just left.")


def test_answers_that_are_not_whole_are_refused(office: Office) -> None:
    whole = answers()
    assert pointers(office.propose(answers=whole[1:])) == ["/answers"]
    assert pointers(office.propose(answers=[*whole, whole[0]])) == ["/answers/20/question"]
    strange = [*whole[:-1], whole[-1] | {"question": "XYZ"}]
    assert pointers(office.propose(answers=strange)) == ["/answers/19/question", "/answers"]
    silent = [whole[0] | {"answer": None}, *whole[1:]]
    assert pointers(office.propose(answers=silent)) == ["/answers/0/note"]
    for answer in (0, 5, "1", True, 1.5):
        wrong = [whole[0] | {"answer": answer}, *whole[1:]]
        assert pointers(office.propose(answers=wrong)) == ["/answers/0/answer"], answer
    # Passing over a whole area, or most of the questions.
    area = [one | {"answer": None, "note": "No."} if one["question"][:3] == "GOV" else one
            for one in whole]  # fmt: skip
    assert pointers(office.propose(answers=area)) == ["/answers"]
    most = answers(1, FIN1=None, FIN2=None, FIN3=None, CTL1=None, CTL2=None, CTL3=None,
                   SAF1=None, SAF2=None, PRG1=None)  # fmt: skip
    assert pointers(office.propose(answers=most)) == ["/answers"]
    assert office.propose(party_id=str(uuid4())).status_code == 422


def test_an_assessment_ends_with_what_it_rests_on(office: Office) -> None:
    office.complete()
    assert pointers(office.propose(valid_until_on=office.in_days(1_462))) == ["/valid_until_on"]
    assert pointers(office.propose(valid_until_on=office.in_days(-1))) == ["/valid_until_on"]
    assert pointers(office.propose(valid_until_on=office.in_days(900))) == ["/valid_until_on"]
    made = office.propose(valid_until_on=office.in_days(300))
    assert slug(office.propose(office.finance)) == "already-exists"
    office.check("registration", valid_until_on=office.in_days(200))
    assert slug(office.step(office.manager, made, "confirm")) == "conflict"
    office.check("registration", "failed")
    late = office.step(office.manager, made, "confirm")
    assert "today it would be high" in late.json()["detail"]
    done = office.step(office.manager, made, "refuse", reason="The registration is gone.")
    assert done.json()["status"] == "refused"
    assert office.propose(office.finance).status_code == 201


def test_checks_that_cannot_be_are_refused(office: Office) -> None:
    for over, pointer in (
        ({"kind": "fame"}, "/kind"),
        ({"kind": "sanctions"}, "/kind"),
        ({"kind": "bank_account"}, "/kind"),
        ({"checked_on": office.in_days(2)}, "/checked_on"),
        ({"valid_until_on": office.in_days(-1)}, "/valid_until_on"),
        ({"valid_until_on": office.in_days(800)}, "/valid_until_on"),
        ({"note": None}, "/note"),
        ({"note": "Call +226 70 12 34 56 about her."}, "/note"),
        ({"evidence_file_id": str(uuid4())}, "/evidence_file_id"),
        ({"outcome": "fine"}, "/outcome"),
    ):
        assert pointers(office.check(**({"kind": "registration"} | over))) == [pointer], over
    grantee = office.world.as_role(Role.GRANTEE, party_id=office.party_id)
    for path in ("due_diligence", "due_diligence_checks", "performance"):
        assert grantee.get(f"{office.place}/{path}").status_code == 403
        assert office.officer.get(f"/v1/parties/{uuid4()}/{path}").status_code == 404
    old = office.check("registration", checked_on=office.in_days(-900))
    assert old.status_code == 201, old.text
    (state,) = (one for one in office.officer.get(f"{office.place}/due_diligence").json()["checks"]
                if one["kind"] == "registration")  # fmt: skip
    assert state["state"] == "expired"
    listed = office.officer.get(f"{office.place}/due_diligence_checks?sort=checked_on").json()
    assert [one["kind"] for one in listed["items"]] == ["registration"]


def test_a_content_changed_behind_the_back_is_found(office: Office) -> None:
    made = office.propose().json()
    with office.world.database.write() as db:
        audit.lock_head(db)
        row = db.get_one(PartnerAssessment, UUID(made["id"]))
        before = row.content
        db.execute(update(PartnerAssessment).values(content=before.replace("GOV1", "GOV9")))
    with office.world.database.read() as db:
        assert [kind for kind, _ in trail.breaks(db)] == ["partner_assessment"]
    with office.world.database.write() as db:
        audit.lock_head(db)
        db.execute(update(PartnerAssessment).values(content=before))
    assert json.loads(before)["capacity"]["score"] == made["score"]


def test_the_longest_answers_fit(office: Office) -> None:
    """Every character of a note may be one that is escaped where it is kept."""
    longest = [one | {"note": '"' * 2_000} for one in answers()]
    made = office.propose(answers=longest)
    assert made.status_code == 201, made.text
    too_long = [one | {"note": "x" * 2_001} for one in answers()]
    assert pointers(office.propose(answers=too_long))[0] == "/answers/0/note"


def test_evidence_is_ones_own_or_the_partys(office: Office) -> None:
    with office.world.database.write() as db:
        audit.lock_head(db)
        other = a_grantee(db).id
        theirs = a_file(db, office.party_id, office.manager.actor.person_id)
        own = a_file(db, None, office.finance.actor.person_id)
        refused = [
            a_file(db, other, office.finance.actor.person_id),
            a_file(db, None, office.manager.actor.person_id),
        ]
        elsewhere = a_fund(db).id
    for file_id in refused:
        answer = office.check("audit", evidence_file_id=str(file_id))
        assert pointers(answer) == ["/evidence_file_id"]
    reader = office.world.as_role(Role.GRANT_OFFICER, fund_id=elsewhere)
    assert reader.get(f"/v1/files/{theirs}").status_code == 404
    for file_id in (own, theirs):
        made = office.check("audit", note=None, evidence_file_id=str(file_id))
        assert made.status_code == 201, made.text
    # What a check rests on can be looked at by whoever may read the check.
    assert reader.get(f"/v1/files/{theirs}").status_code == 200


def a_file(db: Session, party_id: UUID | None, by_id: UUID) -> UUID:
    """Keep a file's row; its content is of no matter here."""
    now = clock.now()
    made = File(
        id=uuid7(), party_id=party_id, name="audit.pdf", media_type="application/pdf",
        sent_sha256="0" * 64, sent_bytes=9, stored_sha256="0" * 64, stored_bytes=9,
        uploaded_by_id=by_id, declared_at=now, completed_at=now,
    )  # fmt: skip
    db.add(made)
    db.flush()
    return made.id
