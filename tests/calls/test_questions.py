"""Questions: asked in time, answered for everybody alike, and never saying who asked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fundops import audit, clock
from fundops.authz import Role
from fundops.ids import uuid7
from fundops.parties.models import Membership
from tests.calls.conftest import Calls, Counting, StillClock, pointers
from tests.factories import a_fund, a_party
from tests.world import Caller

TELLING = ("asked_at", "party_id", "asked_by_id", "answered_by_id")


def ask(caller: Caller, place: str, question: str = "May two apply together?") -> Any:
    made = caller.post(f"{place}/questions", json={"question": question})
    assert made.status_code == 201, made.text
    return made.json()


def answer(calls: Calls, question: Any, **over: Any) -> Any:
    path = f"/v1/call_questions/{question['id']}/answer"
    made = calls.officer.post(path, json={"answer": "Yes."} | over)
    assert made.status_code == 200, made.text
    return made.json()


def test_an_answer_reaches_everybody_and_tells_nobody_who_asked(calls: Calls) -> None:
    place = calls.opened()
    asker, other = calls.grantee(), calls.grantee()
    asked = ask(asker, place)
    assert (asked["status"], asked["is_own"], asked["answer"]) == ("asked", True, None)
    assert all(asked[name] is None for name in TELLING)
    assert other.get(f"{place}/questions").json()["items"] == []
    assert other.get(f"/v1/call_questions/{asked['id']}").status_code == 404
    assert [q["id"] for q in asker.get(f"{place}/questions").json()["items"]] == [asked["id"]]
    full = answer(calls, asked)
    assert full["asked_by_id"] == str(asker.actor.person_id)
    assert full["party_id"] == str(asker.actor.held[0].party_id)
    (seen,) = other.get(f"{place}/questions").json()["items"]
    assert (seen["answer"], seen["is_own"]) == ("Yes.", False)
    assert all(seen[name] is None for name in TELLING)
    # The asker's own view differs in nothing but that it is the asker's own.
    (own,) = asker.get(f"{place}/questions").json()["items"]
    assert own == seen | {"is_own": True}
    assert other.get(f"/v1/call_questions/{asked['id']}").json() == seen


def test_who_judges_reads_what_applicants_read(calls: Calls) -> None:
    place = calls.opened()
    hidden, shown = ask(calls.grantee(), place), ask(calls.grantee(), place, "Which currency?")
    answer(calls, shown)
    for role in (Role.BOARD_MEMBER, Role.FINANCE_OFFICER):
        (seen,) = calls.world.as_role(role).get(f"{place}/questions").json()["items"]
        assert seen["id"] == shown["id"]
        assert all(seen[name] is None for name in TELLING)
    for role in (Role.FUND_MANAGER, Role.AUDITOR):
        items = calls.world.as_role(role).get(f"{place}/questions").json()["items"]
        assert {item["id"] for item in items} == {hidden["id"], shown["id"]}
        assert all(item["asked_by_id"] for item in items)


def test_neither_ids_nor_order_tell_when_a_question_came(
    calls: Calls, still_clock: StillClock
) -> None:
    place = calls.opened()
    asked = []
    for number in range(8):
        asked.append(ask(calls.grantee(), place, f"Question {number}?"))
        answer(calls, asked[-1])
        still_clock.forward(minutes=1)
    reader = calls.grantee()
    items = reader.get(f"{place}/questions").json()["items"]
    assert [item["id"] for item in items] == sorted(question["id"] for question in asked)
    assert {UUID(item["id"]).version for item in items} == {4}
    for sort in ("asked_at", "-asked_at", "id"):
        assert reader.get(f"{place}/questions?sort={sort}").status_code == 422
    officers = calls.officer.get(f"{place}/questions?sort=-asked_at").json()["items"]
    assert [one["question"] for one in officers] == [f"Question {n}?" for n in range(7, -1, -1)]
    first = reader.get(f"{place}/questions?limit=3").json()
    rest = reader.get(f"{place}/questions?cursor={first['next_cursor']}").json()
    assert first["items"] + rest["items"] == items


def test_a_question_that_tells_who_asked_is_published_in_other_words(calls: Calls) -> None:
    place = calls.opened()
    asked = ask(calls.grantee(), place, "We, Shelter North, ask: may we apply?")
    answer(calls, asked, published_question="May a shelter apply?")
    (seen,) = calls.grantee().get(f"{place}/questions").json()["items"]
    assert seen["question"] == "May a shelter apply?"
    corrected = answer(calls, asked, answer="Yes, if it is registered.")
    assert (corrected["question"], corrected["answer"]) == (
        "May a shelter apply?",
        "Yes, if it is registered.",
    )


def test_a_withheld_question_is_told_to_who_asked_alone(calls: Calls) -> None:
    place = calls.opened()
    asker = calls.grantee()
    asked = ask(asker, place)
    path = f"/v1/call_questions/{asked['id']}"
    assert calls.officer.post(f"{path}/withhold", json={}).status_code == 422
    withheld = calls.officer.post(f"{path}/withhold", json={"reason": "Not about the call."})
    assert withheld.json()["status"] == "withheld"
    assert asker.get(path).json()["answer"] == "Not about the call."
    assert calls.grantee().get(path).status_code == 404
    assert calls.officer.post(f"{path}/withhold", json={"reason": "Again."}).status_code == 409
    answer(calls, asked)
    assert calls.grantee().get(path).json()["answer"] == "Yes."
    assert calls.officer.post(f"{path}/withhold", json={"reason": "Back."}).status_code == 409


def test_questions_close_at_their_instant(calls: Calls, still_clock: StillClock) -> None:
    early = calls.opened(questions_close_at="2026-06-05T00:00:00Z")
    until_deadline = calls.opened()
    undated = calls.opened(deadline_at=None)
    asker = calls.grantee()
    still_clock.put("2026-06-05T00:00:00Z")
    ask(asker, early)
    still_clock.forward(seconds=1)
    body = {"question": "Too late?"}
    assert asker.post(f"{early}/questions", json=body).status_code == 409
    assert asker.post(f"{undated}/questions", json=body).status_code == 409
    still_clock.put("2026-06-10T15:59:59Z")
    ask(asker, until_deadline)
    still_clock.forward(seconds=1)
    assert asker.post(f"{until_deadline}/questions", json=body).status_code == 409
    still_clock.forward(minutes=30)
    calls.officer.post(f"{until_deadline}/close")
    closed = asker.post(f"{until_deadline}/questions", json=body)
    assert closed.json()["type"].endswith("wrong-status")


def test_who_may_ask_and_answer(calls: Calls) -> None:
    place, draft = calls.opened(), calls.drafted()
    asker = calls.grantee()
    question = ask(asker, place)
    path = f"/v1/call_questions/{question['id']}"
    body = {"question": "May I?"}
    assert calls.officer.post(f"{place}/questions", json=body).status_code == 403
    assert asker.post(f"{draft}/questions", json=body).status_code == 404
    assert asker.post(f"{path}/answer", json={"answer": "Yes."}).status_code == 403
    assert calls.world.as_role(Role.AUDITOR).post(
        f"{path}/answer", json={"answer": "Yes."}
    ).status_code == 403  # fmt: skip
    with calls.world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    stranger = calls.world.as_role(Role.GRANT_OFFICER, fund_id=other)
    for verb, given in (("answer", {"answer": "Yes."}), ("withhold", {"reason": "No."})):
        assert stranger.post(f"{path}/{verb}", json=given).status_code == 404
    assert stranger.get(path).status_code == 404


def test_questions_are_asked_for_an_organisation_one_acts_for(calls: Calls) -> None:
    place, asker = calls.opened(), calls.grantee()
    with calls.world.database.write() as db:
        audit.lock_head(db)
        second, foreign = (a_party(db, kind="civil_society").id for _ in range(2))
        db.add(
            Membership(
                id=uuid7(), person_id=asker.actor.person_id, role="grantee", party_id=second,
                fund_id=None, valid_from=clock.now(), created_at=clock.now(),
            )
        )  # fmt: skip
    body = {"question": "For whom?"}
    assert pointers(asker.post(f"{place}/questions", json=body)) == ["/party_id"]
    wrong = asker.post(f"{place}/questions", json=body | {"party_id": str(foreign)})
    assert pointers(wrong) == ["/party_id"]
    made = asker.post(f"{place}/questions", json=body | {"party_id": str(second)})
    assert made.status_code == 201, made.text
    colleague = calls.world.as_role(Role.GRANTEE, party_id=second)
    (seen,) = colleague.get(f"{place}/questions").json()["items"]
    assert seen["is_own"] is True


def test_questions_are_listed_with_as_many_queries_however_many_there_are(
    calls: Calls, statements: Counting
) -> None:
    place, reader, counted = calls.opened(), calls.grantee(), list[int]()
    for number in range(12):
        answer(calls, ask(calls.grantee(), place, f"Question {number}?"))
        if number in (0, 11):
            with statements() as seen:
                listed = reader.get(f"{place}/questions").json()["items"]
            assert len(listed) == number + 1
            counted.append(len(seen))
    assert counted[0] == counted[1]


def test_what_no_text_can_be_is_refused(calls: Calls) -> None:
    place, asker = calls.opened(), calls.grantee()
    for wrong in ("", " ", "x" * 4001, None, 5, ["x"], "a\x07b"):
        assert asker.post(f"{place}/questions", json={"question": wrong}).status_code == 422
    for raw in (b'{"question": "a\\u0000"}', b'{"question": "\\ud800"}'):
        headers = {"content-type": "application/json"}
        spoiled = asker.post(f"{place}/questions", content=raw, headers=headers)
        assert spoiled.status_code == 400
