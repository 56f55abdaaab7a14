"""Calls in full over HTTP: what they say, what contradicts, what opening needs, what then stays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from fundops import audit
from fundops.audit import canonical
from fundops.authz import Role
from fundops.calls import codelists
from fundops.calls.models import Call
from fundops.calls.parts import CallLimitIn, TargetsIn
from fundops.decisions.limits import limits_of
from fundops.ledger.models import Fund
from tests.calls.conftest import Calls, StillClock, criterion, pointers
from tests.factories import a_fund, a_party


def test_a_call_in_full_comes_back_as_given(calls: Calls) -> None:
    limits = [
        {"dimension": "country", "max_share": "0.3"},
        {"dimension": "region", "code": "014", "min_share": "0.25", "max_count": 4},
        {"dimension": "objective", "code": "4",
         "max_amount": {"amount": "50000", "currency": "USD"}},
    ]  # fmt: skip
    place = calls.drafted(
        targets={"country": ["PH", "KE"], "p": ["protection"], "exploitation": ["servitude"]},
        limits=limits, reviews_per_proposal=2, divergence_threshold="12.5", is_blind=True,
        min_months=6, max_months=24, questions_close_at="2026-06-05T10:00:00+02:00",
        reviews_close_at="2026-07-10T00:00:00Z",
    )  # fmt: skip
    answer = calls.officer.get(place).json()
    assert answer["deadline_at"] == "2026-06-10T15:59:59Z"
    assert answer["closes_on"] == "2026-06-10"
    assert answer["targets"] == {
        "country": ["KE", "PH"], "p": ["protection"], "exploitation": ["servitude"],
    }  # fmt: skip
    assert [one["max_share"] for one in answer["limits"]] == ["0.3", None, None]
    assert answer["limits"][2]["max_amount"] == {"amount": "50000.00", "currency": "USD"}
    assert answer["divergence_threshold"] == "12.50"
    assert answer["questions_close_at"] == "2026-06-05T08:00:00Z"
    shown = {name: answer[name] for name in ("modality", "languages", "is_blind", "max_months")}
    assert shown == {
        "modality": "comprehensive", "languages": ["en", "fr"], "is_blind": True, "max_months": 24,
    }  # fmt: skip
    assert answer["ceiling"] == {"amount": "20000.00", "currency": "USD"}
    listed = calls.officer.get("/v1/calls").json()["items"]
    assert listed == [answer]


def test_decisions_read_the_limits_as_they_are_stored(calls: Calls) -> None:
    calls.drafted(limits=[{"dimension": "country", "code": "KE", "max_share": "0.3",
                           "max_amount": {"amount": "7.50", "currency": "USD"}}])  # fmt: skip
    with calls.world.database.read() as db:
        (read,) = limits_of(db.execute(select(Call.limits)).scalar_one(), "USD")
    assert (read.code, read.max_share_ppm, read.max_amount_minor) == ("KE", 300_000, 750)


def test_the_zone_is_the_funds_unless_given(calls: Calls) -> None:
    with calls.world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db)
        db.get_one(Fund, other.id).zone = "Pacific/Kiritimati"
    body = calls.body(fund_id=str(other.id))
    del body["zone"]
    made = calls.officer.post("/v1/calls", json=body).json()
    assert (made["zone"], made["closes_on"]) == ("Pacific/Kiritimati", "2026-06-11")


CONTRADICTIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({"closes_on": "2026-06-11"}, ["/closes_on"]),
    ({"opens_on": "2026-06-11"}, ["/deadline_at"]),
    ({"floor": {"amount": "20000.01", "currency": "USD"}}, ["/floor"]),
    ({"ceiling": {"amount": "90000.01", "currency": "USD"}}, ["/ceiling"]),
    ({"ceiling": {"amount": "1", "currency": "JPY"}}, ["/ceiling/currency"]),
    ({"min_months": 13, "max_months": 12}, ["/min_months"]),
    ({"questions_close_at": "2026-06-10T16:00:00Z"}, ["/questions_close_at"]),
    ({"reviews_close_at": "2026-06-10T16:29:58Z"}, ["/reviews_close_at"]),
    (
        {"opens_on": "2027-01-01", "min_months": 2, "max_months": 1},
        ["/deadline_at", "/min_months"],
    ),
    ({"zone": "Manila"}, ["/zone"]),
    ({"zone": "localtime"}, ["/zone"]),
    ({"zone": "../../etc/passwd"}, ["/zone"]),
    ({"deadline_at": "2026-06-10T15:59:59"}, ["/deadline_at"]),
    ({"deadline_at": 1781107199}, ["/deadline_at"]),
    ({"grace_minutes": 1441}, ["/grace_minutes"]),
    ({"grace_minutes": True}, ["/grace_minutes"]),
    ({"languages": ["en", "en"]}, ["/languages"]),
    ({"languages": ["xx"]}, ["/languages/0"]),
    ({"modality": "slow"}, ["/modality"]),
    ({"targets": {"objective": ["4"]}}, ["/targets/objective"]),
    ({"targets": {"country": ["KE", "XX"]}}, ["/targets/country"]),
    ({"targets": {"p": ["protection", "protection"]}}, ["/targets/p"]),
    ({"limits": [{"dimension": "country"}]}, ["/limits/0"]),
    ({"limits": [{"dimension": "country", "min_share": "0.1"}]}, ["/limits/0"]),
    ({"limits": [{"dimension": "country", "code": "XX", "max_count": 1}]}, ["/limits/0"]),
    ({"limits": [{"dimension": "party", "code": "x", "max_count": 1}]}, ["/limits/0"]),
    (
        {"limits": [{"dimension": "region", "code": "002", "min_share": "0.5",
                     "max_share": "0.4"}]},
        ["/limits/0"],
    ),
    ({"limits": [{"dimension": "country", "max_count": 1}] * 2}, ["/limits"]),
    (
        {"limits": [{"dimension": "country", "code": c, "min_share": "0.6"} for c in ("KE", "UG")]},
        ["/limits"],
    ),
    (
        {"limits": [{"dimension": "country",
                     "max_amount": {"amount": "1", "currency": "EUR"}}]},
        ["/limits/0/max_amount/currency"],
    ),
    ({"limits": [{"dimension": "country", "max_share": "1.5"}]}, ["/limits/0/max_share"]),
    ({"divergence_threshold": "1000"}, ["/divergence_threshold"]),
    ({"divergence_threshold": "12.555"}, ["/divergence_threshold"]),
    ({"reviews_per_proposal": 0}, ["/reviews_per_proposal"]),
]  # fmt: skip


def test_what_cannot_be_right_is_named(calls: Calls) -> None:
    for over, places in CONTRADICTIONS:
        refused = calls.officer.post("/v1/calls", json=calls.body(**over))
        assert refused.status_code == 422, over
        assert pointers(refused) == places, over
    assert calls.officer.get("/v1/calls").json()["items"] == []


def test_the_longest_terms_fit_their_columns() -> None:
    """All codes of all lists, and the most limits, are no longer than the tables keep."""
    every: dict[str, Any] = {n: codelists.get(n).codes for n in TargetsIn.model_fields}
    widths = {column.name: column.type.length for column in Call.__table__.columns
              if hasattr(column.type, "length")}  # fmt: skip
    assert len(canonical(TargetsIn(**every).given())) <= widths["targets"]
    one = CallLimitIn.model_validate({
        "dimension": "country", "code": "KE", "max_share": "0.123456", "min_share": "0.012345",
        "max_count": 10_000, "max_amount": {"amount": "1234567890123456.12", "currency": "USD"},
    })  # fmt: skip
    assert len(canonical([one.model_dump()] * 16)) <= widths["limits"]


def test_a_patch_moves_the_closing_day_with_the_deadline_and_zone(calls: Calls) -> None:
    place = calls.drafted()
    assert calls.patch(place, zone="Pacific/Kiritimati").json()["closes_on"] == "2026-06-11"
    moved = calls.patch(place, deadline_at="2026-06-20T12:00:00Z")
    assert moved.json()["closes_on"] == "2026-06-21"
    assert calls.patch(place, deadline_at=None).json()["closes_on"] == "2026-06-21"
    assert calls.patch(place, closes_on=None).json()["closes_on"] is None
    for name in ("zone", "languages", "targets", "limits", "is_blind", "grace_minutes"):
        assert pointers(calls.patch(place, **{name: None})) == [f"/{name}"]
    for name in ("modality", "floor", "ceiling", "summary", "divergence_threshold"):
        assert calls.patch(place, **{name: None}).json()[name] is None


def test_opening_names_all_that_is_missing_at_once(calls: Calls, still_clock: StillClock) -> None:
    bare = {"fund_id": str(calls.fund_id), "title": "Bare", "year": 2026}
    made = calls.officer.post("/v1/calls", json=bare | {"deadline_at": "2026-06-01T12:00:00Z"})
    place = made.headers["location"]
    refused = calls.officer.post(f"{place}/open")
    assert refused.status_code == 409, refused.text
    assert pointers(refused) == [
        "/deadline_at", "/summary", "/modality", "/envelope", "/ceiling", "/languages", "/criteria",
    ]  # fmt: skip
    assert calls.officer.get(place).json()["status"] == "draft"


def test_opening_looks_at_the_criteria_as_the_targets_are_now(calls: Calls) -> None:
    place = calls.drafted(criteria=False)
    scored = [criterion(weight="60"),
              criterion(kind="objective", objective=5, title="Law", weight="40")]  # fmt: skip
    calls.put(f"{place}/criteria", {"criteria": scored})
    calls.patch(place, objectives=[4])
    assert pointers(calls.officer.post(f"{place}/open")) == ["/criteria/1/objective"]
    calls.patch(place, objectives=[])
    assert calls.officer.post(f"{place}/open").status_code == 200


def test_a_call_of_a_closed_fund_is_not_opened(calls: Calls) -> None:
    place = calls.drafted()
    with calls.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Fund, calls.fund_id).status = "closed"
    assert pointers(calls.officer.post(f"{place}/open")) == ["/fund_id"]


FIXED: dict[str, Any] = {
    "deadline_at": "2026-06-20T00:00:00Z",
    "zone": "UTC",
    "opens_on": "2026-05-02",
    "grace_minutes": 60,
    "floor": None,
    "ceiling": {"amount": "30000.00", "currency": "USD"},
    "objectives": [4],
    "languages": ["en"],
    "targets": {"country": ["KE"]},
    "limits": [{"dimension": "country", "max_count": 1}],
    "modality": "emergency",
    "min_months": 3,
    "max_months": 30,
    "reviews_per_proposal": 2,
    "divergence_threshold": "5",
    "is_blind": True,
    "funding_window": "First window",
}


def test_what_decides_stays_once_open(calls: Calls) -> None:
    place = calls.opened()
    before = calls.officer.get(place).json()
    for name, value in FIXED.items():
        refused = calls.patch(place, **{name: value})
        assert refused.status_code == 409, name
        assert pointers(refused) == [f"/{name}"]
        assert calls.officer.get(place).json() == before
        # Sent again as it is, it changes nothing and is taken.
        if not isinstance(before[name], list | dict):
            assert calls.patch(place, **{name: before[name]}).status_code == 200


def test_clarifications_are_taken_and_promises_only_grow(calls: Calls) -> None:
    place = calls.opened(questions_close_at="2026-06-05T00:00:00Z")
    for changes in (
        {"title": "Shelters and legal help"},
        {"summary": "Shelter, and legal help in court."},
        {"questions_close_at": "2026-06-06T00:00:00Z"},
        {"questions_close_at": None},
        {"envelope": {"amount": "95000.00", "currency": "USD"}},
        {"reviews_close_at": "2026-08-01T00:00:00Z"},
    ):
        assert calls.patch(place, **changes).status_code == 200, changes
    for name, less in (
        ("questions_close_at", "2026-06-06T00:00:00Z"),
        ("envelope", {"amount": "94999.99", "currency": "USD"}),
        ("envelope", None),
    ):
        refused = calls.patch(place, **{name: less})
        assert (refused.status_code, pointers(refused)) == (409, [f"/{name}"])
    both = calls.patch(place, floor=None, title="X", is_blind=True)
    assert pointers(both) == ["/floor", "/is_blind"]
    assert calls.officer.get(place).json()["title"] == "Shelters and legal help"


def test_an_open_call_without_a_deadline_is_given_none_later(calls: Calls) -> None:
    """Otherwise everything that opening asks for could be gone around."""
    place = calls.opened(deadline_at=None, criteria=False)
    assert calls.patch(place, closes_on="2026-06-30").status_code == 200
    assert pointers(calls.patch(place, deadline_at="2026-06-20T00:00:00Z")) == ["/deadline_at"]


def test_closing_waits_for_deadline_and_grace(calls: Calls, still_clock: StillClock) -> None:
    place = calls.opened()
    for at in ("2026-06-10T15:59:59Z", "2026-06-10T16:29:59Z"):
        still_clock.put(at)
        refused = calls.officer.post(f"{place}/close")
        assert refused.status_code == 409
        assert "2026-06-11 00:29:59 (UTC+08:00, Asia/Manila)" in refused.json()["detail"]
    still_clock.forward(seconds=1)
    assert calls.officer.post(f"{place}/close").json()["status"] == "closed"
    assert calls.patch(place, title="Late").status_code == 409


def test_officers_of_one_fund_reach_no_other(calls: Calls) -> None:
    draft, opened = calls.drafted(), calls.opened()
    with calls.world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    stranger = calls.world.as_role(Role.GRANT_OFFICER, fund_id=other)
    assert stranger.get("/v1/calls").json()["items"] == []
    own = calls.world.as_role(Role.GRANT_OFFICER, fund_id=calls.fund_id)
    assert len(own.get("/v1/calls").json()["items"]) == 2
    missing = stranger.get(f"/v1/calls/{UUID(int=5)}").json()
    for place in (draft, opened):
        for path in ("", "/criteria", "/rules", "/documents", "/extensions", "/questions"):
            answer = stranger.get(place + path)
            assert answer.status_code == 404
            assert answer.json() | {"request_id": 0} == missing | {"request_id": 0}
    grantee = calls.grantee()
    for path in ("", "/criteria", "/rules", "/documents", "/extensions", "/questions"):
        assert grantee.get(draft + path).status_code == 404
        assert grantee.get(opened + path).status_code == 200, path
    with calls.world.database.write() as db:
        audit.lock_head(db)
        party_id = a_party(db).id
    donor = calls.world.as_role(Role.DONOR, party_id=party_id)
    assert donor.get(opened).status_code == 403
