"""Drafts: nothing typed is lost, whoever else types meanwhile, and nobody else reads it."""

from __future__ import annotations

from inspect import isclass
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel
from sqlalchemy import select, true

from fundops import audit, clock
from fundops.authz import Role
from fundops.models import metadata
from fundops.parties.confirmed_models import ConfirmedItem
from fundops.proposals import queries, versions
from fundops.proposals.content import DraftIn
from tests.factories import a_fund
from tests.proposals.proposal_factories import (
    Applicant,
    a_document,
    a_profile,
    add_document,
    an_applicant,
    an_organisation,
    at_time,
    right,
    set_up,
)
from tests.world import World


def test_a_draft_keeps_whatever_was_typed(applicant: Applicant) -> None:
    typed = {
        "title": "  Two  houses \n",
        "country": "Kenya?",
        "starts_on": "as soon as possible",
        "shares": [{"objective": "four", "percent": "most of it"}, {}],
        "budget": [{"category": "Staff", "unit_cost": 12.5, "quantity": -3, "duration": True}],
        "answers": {"need": "", "risks": "ünïcode \u202e ﷽ 🧿"},
        "codes": {"p": ["protection", None, 7]},
        "places": [""],
    }
    saved = applicant.save(typed)
    assert saved.status_code == 200, saved.text
    read = applicant.caller.get(f"{applicant.place}/draft").json()
    assert read["content"] == typed
    assert read["version"] == 2
    assert applicant.caller.get(applicant.place).json()["title"] == "Two houses"


def canaries(schema: type[BaseModel], at: str = "") -> tuple[dict[str, Any], set[str]]:
    """Return a content with an address in every leaf that there is, and the pointers of all."""
    content: dict[str, Any] = {}
    pointers: set[str] = set()
    for name, field in schema.model_fields.items():
        kinds = [*get_args(field.annotation), field.annotation]
        inner = next((one for one in kinds if isclass(one) and issubclass(one, BaseModel)), None)
        is_list = get_origin(field.annotation) is list
        below = f"{at}/{name}/0" if is_list else f"{at}/{name}"
        if name == "confirmations":
            continue
        if inner is None:
            value: Any = f"Ask {name}.{len(at)}@example.org"
            pointers.add(below)
        else:
            value, more = canaries(inner, below)
            pointers |= more
        content[name] = [value] if is_list else value
    return content, pointers


def test_no_field_of_a_draft_keeps_personal_data(world: World, applicant: Applicant) -> None:
    """A canary in every place; what is clean beside them is stored, what is not comes marked."""
    content, pointers = canaries(DraftIn)
    assert len(pointers) > 35
    content["answers"]["need"] = "There is no shelter."
    pointers.remove("/answers/need")
    saved = applicant.save(content).json()
    assert {one["pointer"] for one in saved["withheld"]} == pointers
    assert {one["kind"] for one in saved["withheld"]} == {"email"}
    assert saved["content"]["answers"] == {
        "need": "There is no shelter.", "approach": None, "sustainability": None, "risks": None,
        "safeguarding": None,
    }  # fmt: skip
    stale = applicant.save({"summary": "Or mail late@example.org"}, tag='"1"')
    assert stale.status_code == 412
    given = {
        "call_id": str(applicant.call.id), "party_id": str(applicant.party_id), "language": "en",
    }  # fmt: skip
    refused = applicant.caller.post(
        "/v1/proposals", json=given | {"title": "Ask weber@example.org for help"}
    )
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/title"]
    with world.database.reader.connect() as connection:
        held = "".join(
            repr(tuple(row)) for table in metadata.sorted_tables
            for row in connection.execute(select(table))
        )  # fmt: skip
    assert "@example.org" not in held
    assert "weber" not in held


def test_what_is_withheld_stays_marked_until_it_is_reworded_or_confirmed(
    world: World, applicant: Applicant
) -> None:
    """Confirmed once for all that the organisation writes, reports among it; ids never are."""
    words = "Write to office@example.org about the rent."
    first = applicant.save(right(summary=words)).json()
    assert (first["content"]["summary"], len(first["withheld"])) == (None, 1)
    told = applicant.caller.post(f"{applicant.place}/validate", json={}).json()
    assert not told["is_right"]
    assert [one["pointer"] for one in told["withheld"]] == ["/summary"]
    # What was answered, sent back, is the same draft; written anew, it is no longer marked.
    assert applicant.save(first["content"]).json()["version"] == first["version"]
    assert applicant.save(right(summary="The rent rises.")).json()["withheld"] == []
    # A line of a list has no place of its own to be marked at once it is gone.
    lines = right()["budget"]
    lines[1]["description"] = words
    assert len(applicant.save(right(budget=lines)).json()["withheld"]) == 1
    assert applicant.save(right(budget=lines[:1])).json()["withheld"] == []
    named = [{"item": "OFFICE@example.org", "as": "published_contact"}]
    kept = applicant.save(right(summary=words) | {"confirmations": named}).json()
    assert (kept["content"]["summary"], kept["withheld"]) == (words, [])
    assert "confirmations" not in kept["content"]
    assert applicant.save(right(summary=f"Again: {words}")).json()["withheld"] == []
    passport = [{"item": "AB1234567", "as": "staff"}]
    odd = right(summary="Her passport AB1234567.") | {"confirmations": passport}
    assert [one["kind"] for one in applicant.save(odd).json()["withheld"]] == ["document_number"]
    with world.database.read() as db:
        assert len(db.execute(select(ConfirmedItem.id)).all()) == 1
    # Another organisation has confirmed nothing.
    other = an_applicant(world, applicant.call)
    other.start()
    assert len(other.save(right(summary=words)).json()["withheld"]) == 1


def test_every_save_is_a_version_and_the_same_again_is_none(applicant: Applicant) -> None:
    first = applicant.save(right(summary="One."))
    again = applicant.save(right(summary="One."))
    assert (first.json()["version"], again.json()["version"]) == (2, 2)
    # The answer was lost, and the page sends the same once more with the tag it knows.
    retried = applicant.save(right(summary="One."), tag='"1"')
    assert retried.json()["version"] == 2
    applicant.save(right(summary="Two."))
    items = applicant.caller.get(f"{applicant.place}/versions").json()["items"]
    assert [(item["number"], item["kind"]) for item in items] == [
        (1, "draft"), (2, "draft"), (3, "draft"),
    ]  # fmt: skip
    kept = applicant.caller.get(f"{applicant.place}/versions/2").json()
    assert kept["content"]["summary"] == "One."


def test_a_stale_save_is_refused_and_kept_aside(applicant: Applicant) -> None:
    assert applicant.save(right(summary="Tab one.")).status_code == 200
    stale = applicant.save(right(summary="Tab two."), tag='"1"')
    assert stale.status_code == 412
    assert "version 3" in stale.json()["detail"]
    # The draft at work and its entity tag are as they were, so that tab one can go on.
    draft = applicant.caller.get(f"{applicant.place}/draft")
    assert (draft.json()["content"]["summary"], draft.headers["etag"]) == ("Tab one.", '"2"')
    aside = applicant.caller.get(f"{applicant.place}/versions/3").json()
    assert (aside["kind"], aside["content"]["summary"]) == ("aside", "Tab two.")
    again = applicant.save(right(summary="Tab two."), tag='"1"')
    assert again.status_code == 412
    assert "version 3" in again.json()["detail"]
    assert len(applicant.caller.get(f"{applicant.place}/versions").json()["items"]) == 3


def test_a_save_needs_the_drafts_tag(applicant: Applicant) -> None:
    place = f"{applicant.place}/draft"
    assert applicant.caller.request("PUT", place, json=right()).status_code == 428
    assert applicant.number() == 1


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({"titel": "x"}, "/titel"),
        ({"title": "x" * 20_001}, "/title"),
        ({"title": {"en": "x"}}, "/title"),
        ({"title": ["x"]}, "/title"),
        ({"title": 10**19}, "/title"),
        ({"places": ["x"] * 61}, "/places"),
        ({"budget": [{}] * 301}, "/budget"),
        ({"budget": [{"cost": 1}]}, "/budget/0/cost"),
        ({"codes": {"colour": []}}, "/codes/colour"),
        ({"attachments": []}, "/attachments"),
    ],
)
def test_a_draft_has_places_and_bounds(
    applicant: Applicant, content: dict[str, Any], pointer: str
) -> None:
    refused = applicant.save(content)
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert applicant.number() == 1


def test_a_draft_too_large_for_its_place_is_refused(applicant: Applicant) -> None:
    content = {"budget": [{"description": "x" * 20_000}] * 52}
    refused = applicant.save(content)
    assert refused.status_code in {413, 422}, refused.text


def test_anothers_draft_does_not_exist(world: World, applicant: Applicant) -> None:
    other = Applicant(world, applicant.call, an_organisation(world))
    missing = other.caller.get("/v1/proposals/01890000-0000-7000-8000-00000000dead")
    for path in ("", "/draft", "/versions", "/versions/1", "/receipts", "/attachments"):
        answer = other.caller.get(applicant.place + path)
        assert answer.status_code == 404, path
        assert answer.json()["detail"] == missing.json()["detail"]
    stolen = applicant.save(right(), caller=other.caller, tag='"1"')
    assert stolen.status_code == 404
    assert other.caller.post(f"{applicant.place}/submit", json={"version": 1}).status_code == 404
    assert other.caller.get("/v1/proposals").json()["items"] == []


@pytest.mark.parametrize(
    "role", [Role.GRANT_OFFICER, Role.FUND_MANAGER, Role.AUDITOR, Role.BOARD_MEMBER]
)
def test_others_see_that_there_is_a_draft_and_not_what_it_says(
    world: World, applicant: Applicant, role: Role
) -> None:
    applicant.save(right())
    reader = world.as_role(role)
    (item,) = reader.get("/v1/proposals").json()["items"]
    assert item["status"] == "draft"
    assert (item["title"], item["country"], item["requested"]) == (None, None, None)
    assert reader.get(f"{applicant.place}/versions").json()["items"] == []
    for path in ("/versions/1", "/versions/2", "/eligibility"):
        assert reader.get(applicant.place + path).status_code == 404, path
    assert reader.get(f"{applicant.place}/draft").status_code in {403, 404}
    assert reader.get(f"{applicant.place}/attachments").json()["items"] == []
    assert reader.get("/v1/proposals?country=KE").json()["items"] == []


def test_a_role_for_another_fund_sees_nothing(world: World, applicant: Applicant) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    officer = world.as_role(Role.GRANT_OFFICER, fund_id=other)
    assert officer.get("/v1/proposals").json()["items"] == []
    assert officer.get(applicant.place).status_code == 404


def test_a_proposal_begins_with_the_profile_and_the_documents_on_file(
    world: World, newcomer: Applicant
) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        from fundops.calls.models import Call
        from fundops.parties.models import Party

        party, call = db.get_one(Party, newcomer.party_id), db.get_one(Call, newcomer.call.id)
        add_document(db, call)
        a_profile(db, party)
        a_document(db, party, newcomer.caller.actor)
        a_document(db, party, newcomer.caller.actor, "statutes")  # not asked for
    newcomer.start()
    draft = newcomer.caller.get(f"{newcomer.place}/draft").json()["content"]
    assert (draft["country"], draft["summary"]) == ("KE", "Safe houses since 2016.")
    files = newcomer.caller.get(f"{newcomer.place}/attachments").json()["items"]
    assert [file["kind"] for file in files] == ["registration"]


def test_a_proposal_begins_with_an_earlier_one(world: World, applicant: Applicant) -> None:
    applicant.submitted()
    later = Applicant(world, set_up(world), applicant.party_id)
    later.start(copy_from=applicant.id, title="Again")
    draft = later.caller.get(f"{later.place}/draft").json()["content"]
    assert draft["title"] == "Again"
    assert draft["answers"]["need"] == "There is no shelter."
    assert "starts_on" not in draft
    assert later.save(draft | {"starts_on": "2028-01-01"}).status_code == 200
    other = an_applicant(world, later.call)
    stolen = other.caller.post(
        "/v1/proposals",
        json={
            "call_id": str(later.call.id), "party_id": str(other.party_id), "language": "en",
            "title": "Mine", "copy_from": applicant.id,
        },
    )  # fmt: skip
    assert [error["pointer"] for error in stolen.json()["errors"]] == ["/copy_from"]


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"call_id": "01890000-0000-7000-8000-00000000dead"}, "/call_id"),
        ({"party_id": "01890000-0000-7000-8000-00000000dead"}, "/party_id"),
        ({"language": "de"}, "/language"),
        ({"language": "EN"}, "/language"),
        ({"title": " "}, "/title"),
        ({"copy_from": "01890000-0000-7000-8000-00000000dead"}, "/copy_from"),
    ],
)
def test_a_proposal_is_started_only_where_one_may(
    newcomer: Applicant, over: dict[str, Any], pointer: str
) -> None:
    given = {
        "call_id": str(newcomer.call.id), "party_id": str(newcomer.party_id),
        "language": "en", "title": "Houses",
    } | over  # fmt: skip
    refused = newcomer.caller.post("/v1/proposals", json=given)
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_nothing_is_started_for_another_organisation_nor_late(
    world: World, newcomer: Applicant
) -> None:
    given = {
        "call_id": str(newcomer.call.id), "party_id": str(an_organisation(world)),
        "language": "en", "title": "Houses",
    }  # fmt: skip
    refused = newcomer.caller.post("/v1/proposals", json=given)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/party_id"]
    given["party_id"] = str(newcomer.party_id)
    with at_time(newcomer.call.deadline_at.replace(microsecond=1)):
        late = newcomer.caller.post("/v1/proposals", json=given)
    assert (late.status_code, late.json()["type"]) == (409, "urn:fundops:problem:too-late")


def test_an_organisation_at_risk_has_a_code_that_tells_nothing(world: World) -> None:
    applicant = an_applicant(world, is_at_risk=True, public_label="An organisation")
    applicant.start()
    row = world.as_role(Role.BOARD_MEMBER).get(applicant.place).json()
    assert (row["party_name"], row["party_code"]) == ("An organisation", None)
    assert len(row["code"]) == len("PRP-XXXXXXXX")
    assert str(clock.now().year) not in row["code"]


def test_there_is_a_largest_number_of_versions(
    applicant: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "MAX_VERSIONS", 2)
    assert applicant.save(right()).status_code == 200
    refused = applicant.save(right(summary="More"))
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:fundops:problem:conflict")


def test_a_draft_told_to_others_would_be_noticed(
    world: World, applicant: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_knows_content", lambda _actor: true())
    (item,) = world.as_role(Role.AUDITOR).get("/v1/proposals").json()["items"]
    assert item["title"] == "Safe houses along the coast"
