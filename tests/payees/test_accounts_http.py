"""Bank accounts over HTTP: the first one, a change that cools, one in advance, and their ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from fundops import audit, clock
from fundops.authz import Role
from fundops.errors import Problem
from fundops.parties.models import Party
from fundops.payees import hooks, queries
from fundops.payees.sealing import details_of
from tests.payees.account_factories import (
    Clock,
    Office,
    an_iban,
    anybody,
    pointers,
    slug,
    stored,
)


def usable(office: Office, account: str, party: Party | None = None) -> str | None:
    """Return why an account may not be paid to now, ``None`` if it may."""
    with office.world.database.read() as db:
        try:
            found = queries.usable_account(
                db, (party or office.party).id, UUID(account), clock.now()
            )
        except Problem as problem:
            return problem.detail if problem.slug == "conflict" else problem.slug
    assert str(found.id) == account
    return None


def current(office: Office) -> str | None:
    with office.world.database.read() as db:
        found = queries.current_account(db, office.party.id, clock.now())
    return None if found is None else str(found.id)


def test_a_first_account_is_usable_once_another_person_has_approved_it(office: Office) -> None:
    iban = an_iban()
    made = office.propose(office.grantee, number=f"{iban[:4]} {iban[4:]}", bic="COBADEFF")
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["masked"], body["holder_initials"]) == (f"DE ••••{iban[-4:]}", "H.O.H.S.")
    assert (body["status"], body["state"], body["version"]) == ("proposed", "proposed", 1)
    assert usable(office, body["id"]) == f"Account {body['masked']} has not been approved."
    assert current(office) is None
    done = office.approve(body["id"])
    assert (done.status_code, done.json()["state"]) == (200, "usable")
    assert usable(office, body["id"]) is None
    assert current(office) == body["id"]
    details = details_of(office.world.app.state.vault, stored(office.world.database, body["id"]))
    assert (details.iban, details.holder, details.bic) == (
        iban, "Haven of Hope Society", "COBADEFF",
    )  # fmt: skip
    assert iban not in repr(details)


def test_other_kinds_of_account(office: Office) -> None:
    made = office.approved(
        kind="local", number="0712 345 678", country="KE", bank_name="Equity", currency="KES"
    )
    assert office.read(made)["masked"] == "KE ••••5678"
    vendor = office.proposed(origin="advance", kind="vendor", number="VEN-100-200")
    assert office.read(vendor)["masked"] == "••••0200"[:4] + "0200"
    details = details_of(office.world.app.state.vault, stored(office.world.database, vendor))
    assert (details.vendor_number, details.iban) == ("VEN100200", None)


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"number": "DE89370400440532013001"}, "/number"),
    ({"number": "US89370400440532013000"}, "/number"),
    ({"number": "-"}, "/number"),
    ({"country": "FR"}, "/country"),
    ({"bic": "COBADEFFX"}, "/bic"),
    ({"kind": "local", "number": "12345"}, "/country"),
    ({"kind": "local", "number": "12345", "country": "KE"}, "/bank_name"),
    ({"kind": "vendor", "number": "12345", "bank_name": "None"}, "/bank_name"),
    ({"evidence": None}, "/evidence"),
    ({"evidence_file_id": "01890000-0000-7000-8000-00000000dead"}, "/evidence_file_id"),
    ({"party_id": "01890000-0000-7000-8000-00000000dead"}, "/party_id"),
    ({"cap": {"amount": "5.00", "currency": "USD"}}, "/cap"),
    ({"currency": "QQQ"}, "/currency"),
    ({"holder": ""}, "/holder"),
)


def test_what_cannot_be_right_is_refused_and_not_repeated(office: Office) -> None:
    for over, where in WRONG:
        answer = office.propose(**over)
        assert answer.status_code == 422, (over, answer.text)
        assert pointers(answer) == [where]
        said = answer.text.replace("-", "")
        assert str(over.get("number", "DE89370400440532013001")) not in said


def test_a_number_in_a_text_is_refused(office: Office) -> None:
    iban = an_iban()
    spaced = " ".join(iban[at : at + 4] for at in range(0, 22, 4))
    for field in ("reason", "evidence"):
        over: dict[str, Any] = {field: f"Letter about {spaced.lower()}."}
        answer = office.propose(number=iban, **over)
        assert (answer.status_code, pointers(answer)) == (422, [f"/{field}"])
        assert iban not in answer.text


def test_a_change_cools_while_the_old_account_stays_in_use(banked: Office, moving: Clock) -> None:
    office = banked
    old = office.first
    new = office.proposed(office.grantee, origin="change")
    assert office.read(new)["replaces_id"] == old
    done = office.approve(new)
    assert done.json()["state"] == "cooling"
    assert (usable(office, new) or "").startswith("Account DE ••••")
    assert "is cooling until 2" in (usable(office, new) or "")
    assert (usable(office, old), current(office)) == (None, old)
    moving.forward(hours=71.9)
    assert (office.state(new), current(office)) == ("cooling", old)
    moving.forward(hours=0.2)
    assert (office.state(new), office.state(old)) == ("usable", "replaced")
    assert (usable(office, new), current(office)) == (None, new)
    assert "replaced by another" in (usable(office, old) or "")
    # The end of the new one does not bring the old one back.
    assert office.act(new, "retire", office.approver).status_code == 200
    assert current(office) is None
    assert "replaced by another" in (usable(office, old) or "")


def test_a_policy_says_how_long_it_cools(office: Office, moving: Clock) -> None:
    terms = hooks.AccountTerms(cooling=timedelta(hours=240), ahead=timedelta(hours=1))
    hooks.TERMS.append(lambda _db, _party: terms)
    office.approved()
    change, ahead = office.approved(origin="change"), office.approved(origin="advance")
    moving.forward(hours=239)
    # An account in advance is never a way round the cooling of a change.
    assert [office.state(one) for one in (change, ahead)] == ["cooling", "cooling"]
    moving.forward(hours=2)
    assert [office.state(one) for one in (change, ahead)] == ["usable", "usable"]


def test_an_account_in_advance_needs_no_wait_when_it_is_chosen(
    banked: Office, moving: Clock
) -> None:
    office = banked
    first, ahead = office.first, office.approved(origin="advance")
    assert office.state(ahead) == "cooling"
    moving.forward(days=14, minutes=1)
    assert usable(office, ahead) is None
    assert (usable(office, first), current(office)) == (None, first)
    assert office.act(first, "block", office.grantee).status_code == 200
    assert (usable(office, ahead), current(office)) == (None, None)


@pytest.mark.parametrize("who", ["grantee", "officer", "grant_officer", "approver", "manager"])
@pytest.mark.parametrize("when", ["proposed", "cooling"])
def test_anybody_concerned_stops_a_change_before_it_is_used(
    banked: Office, moving: Clock, who: str, when: str
) -> None:
    office = banked
    old = office.first
    proposer = office.world.as_role(Role.FINANCE_OFFICER)
    new = office.proposed(proposer, origin="change")
    if when == "cooling":
        assert office.approve(new).status_code == 200
        moving.forward(hours=70)
    caller = (
        office.world.as_role(Role.GRANT_OFFICER) if who == "grant_officer" else getattr(office, who)
    )
    action = "refuse" if who in ("approver", "manager") else "object"
    stopped = office.act(new, action, caller, "We asked for nothing")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "refused")
    assert stopped.json()["ended_reason"] == "We asked for nothing"
    moving.forward(days=20)
    assert (current(office), office.state(old)) == (old, "usable")
    assert slug(office.approve(new, version=stopped.json()["version"])) == "wrong-status"


def test_what_is_in_use_is_blocked_or_retired_not_refused(banked: Office, moving: Clock) -> None:
    office = banked
    account = office.first
    for action, caller in (("object", office.grantee), ("refuse", office.approver)):
        assert slug(office.act(account, action, caller)) == "conflict"
    blocked = office.act(account, "block", office.grantee, "Our mail was broken into")
    assert blocked.json()["state"] == "blocked"
    assert "is blocked" in (usable(office, account) or "")
    freed = office.act(account, "unblock", office.manager, "Confirmed on the telephone")
    assert (freed.status_code, freed.json()["state"]) == (200, "usable")
    assert freed.json()["blocked_at"] is None
    assert office.act(account, "retire", office.approver).json()["state"] == "retired"
    assert "is retired" in (usable(office, account) or "")
    for action, caller in (("block", office.grantee), ("retire", office.approver)):
        assert slug(office.act(account, action, caller)) == "wrong-status"


def test_a_cooling_account_is_objected_to_not_blocked_or_retired(banked: Office) -> None:
    office = banked
    new = office.approved(origin="change")
    for action, caller in (("block", office.grantee), ("retire", office.approver)):
        assert slug(office.act(new, action, caller)) == "conflict"
    assert office.state(new) == "cooling"


def test_retiring_first_does_not_make_a_change_a_first_one(banked: Office) -> None:
    office = banked
    old = office.first
    assert slug(office.propose(origin="first")) == "conflict"
    assert office.act(old, "retire", office.approver).status_code == 200
    answer = office.propose(origin="first")
    assert (answer.status_code, slug(answer)) == (409, "conflict")
    new = office.approved(origin="change")
    assert (office.state(new), current(office)) == ("cooling", None)


def test_of_two_first_accounts_only_one_is(proposing: Office) -> None:
    office = proposing
    one, two = office.first, office.proposed()
    assert office.approve(one).status_code == 200
    assert slug(office.approve(two)) == "conflict"
    assert office.state(two) == "proposed"


def test_nothing_but_a_first_account_comes_first(office: Office) -> None:
    for origin in ("change", "advance", "emergency"):
        over: dict[str, Any] = {"origin": origin}
        if origin == "emergency":
            over["cap"] = {"amount": "100.00", "currency": "USD"}
        assert slug(office.propose(**over)) == "conflict", origin


def test_one_change_at_a_time(banked: Office, moving: Clock) -> None:
    office = banked
    first = office.proposed(origin="change")
    assert slug(office.propose(origin="change")) == "conflict"
    office.approve(first)
    assert slug(office.propose(origin="change")) == "conflict"
    moving.forward(hours=73)
    assert office.propose(origin="change").status_code == 201


def test_a_change_of_an_account_that_is_gone_is_made_anew(banked: Office) -> None:
    office = banked
    old = office.first
    new = office.proposed(origin="change")
    assert office.act(old, "retire", office.manager).status_code == 200
    assert slug(office.approve(new)) == "conflict"
    assert office.act(new, "refuse", office.manager).status_code == 200
    assert office.read(office.approved(origin="change"))["replaces_id"] is None


def test_another_partys_account_is_no_partys_account(banked: Office) -> None:
    office = banked
    account, other = office.first, office.a_party()
    assert usable(office, account, other) == usable(office, anybody(), other)
    assert "no bank account of the party" in (usable(office, account, other) or "")
    with office.world.database.read() as db:
        assert queries.account_of_party(db, office.party.id, UUID(account))
        assert not queries.account_of_party(db, other.id, UUID(account))


def test_the_same_number_twice(office: Office, moving: Clock) -> None:
    iban = an_iban()
    first = office.approved(number=iban)
    again = office.propose(origin="advance", number=iban.lower())
    assert slug(again) == "already-exists"
    assert office.act(first, "retire", office.manager).status_code == 200
    assert office.propose(origin="change", number=iban).status_code == 201


def test_a_number_of_another_party_is_a_warning_that_takes_a_reason(office: Office) -> None:
    iban, other = an_iban(), Office(office.world)
    office.approved(number=iban)
    made = other.proposed(other.grantee, number=iban)
    seen = other.read(made)
    assert seen["is_elsewhere"]
    assert seen["elsewhere_party_ids"] == [str(office.party.id)]
    # The party itself is not told: it could ask whose a number is.
    own = other.read(made, other.grantee)
    assert (own["is_elsewhere"], own["elsewhere_party_ids"]) == (None, None)
    assert slug(other.approve(made)) == "conflict"
    done = other.approve(made, elsewhere_reason="Both are paid through one umbrella body")
    assert (done.status_code, done.json()["elsewhere_reason"]) == (
        200, "Both are paid through one umbrella body",
    )  # fmt: skip
    assert other.read(made, other.grantee)["elsewhere_reason"] is None
    listed = office.officer.get("/v1/bank_accounts").json()["items"]
    assert [one["is_elsewhere"] for one in listed] == [True, True]


def test_whose_a_number_is_reaches_only_those_who_may_know(office: Office) -> None:
    iban, other = an_iban(), Office(office.world)
    office.approved(number=iban)
    made = other.proposed(number=iban)
    signatory = office.world.as_role(Role.SIGNATORY)
    assert other.read(made, signatory)["elsewhere_party_ids"] == [str(office.party.id)]
    with office.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Party, office.party.id).is_at_risk = True
    told = other.read(made, signatory)
    assert (told["is_elsewhere"], told["elsewhere_party_ids"]) == (True, [])


def test_everybody_is_told_of_every_step(office: Office, moving: Clock) -> None:
    told: list[tuple[UUID, str, str]] = []
    hooks.WHEN_CHANGED.append(
        lambda _db, party, account, what: told.append((party, str(account), what))
    )
    first = office.approved()
    new = office.approved(origin="change")
    office.act(new, "object", office.grantee)
    office.act(first, "block", office.officer)
    office.act(first, "unblock", office.manager)
    office.act(first, "retire", office.manager)
    assert {party for party, _, _ in told} == {office.party.id}
    assert [(account, what) for _, account, what in told] == [
        (first, "proposed"), (first, "approved"), (new, "proposed"), (new, "approved"),
        (new, "refused"), (first, "blocked"), (first, "unblocked"), (first, "retired"),
    ]  # fmt: skip


def test_who_is_told_may_refuse_the_whole(office: Office) -> None:
    def refuse(*_: object) -> None:
        raise Problem("unavailable")

    hooks.WHEN_CHANGED.append(refuse)
    assert office.propose().status_code == 503
    assert office.officer.get("/v1/bank_accounts").json()["items"] == []


def test_a_party_has_so_many_accounts(banked: Office) -> None:
    office = banked
    answers = [office.propose(origin="advance").status_code for _ in range(20)]
    assert answers == [201] * 19 + [409]


def test_lists_are_scoped_filtered_and_ask_the_same_however_long(office: Office) -> None:
    other = Office(office.world)
    first, ahead = office.approved(), office.proposed(origin="advance")
    elsewhere = other.approved()
    seen: list[str] = []
    engine = office.world.database.reader
    event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))

    def ids(path: str, caller: Any = office.officer) -> list[str]:
        seen.clear()
        return sorted(one["id"] for one in caller.get(path).json()["items"])

    assert ids("/v1/bank_accounts") == sorted([first, ahead, elsewhere])
    before = len(seen)
    assert ids(f"/v1/bank_accounts?party={office.party.id}") == sorted([first, ahead])
    assert ids("/v1/bank_accounts?status=proposed") == [ahead]
    assert ids("/v1/bank_accounts?origin=first&sort=-proposed_at") == sorted([first, elsewhere])
    assert ids("/v1/bank_accounts", office.grantee) == sorted([first, ahead])
    for _ in range(5):
        office.proposed(origin="advance")
    ids("/v1/bank_accounts")
    assert len(seen) == before > 0
    page = office.officer.get("/v1/bank_accounts?limit=2").json()
    assert len(page["items"]) == 2
    rest = office.officer.get(f"/v1/bank_accounts?limit=200&cursor={page['next_cursor']}").json()
    assert len(rest["items"]) == 6


def test_a_party_at_risk_is_not_there_for_those_who_may_not_know_it(banked: Office) -> None:
    office = banked
    account, signatory = office.first, office.world.as_role(Role.SIGNATORY)
    assert office.read(account, signatory)["masked"]
    with office.world.database.write() as db:
        audit.lock_head(db)
        db.get_one(Party, office.party.id).is_at_risk = True
    assert signatory.get(f"/v1/bank_accounts/{account}").status_code == 404
    assert signatory.get("/v1/bank_accounts").json()["items"] == []
    for role in (Role.AUDITOR, Role.APPROVER, Role.GRANT_OFFICER):
        assert office.read(account, office.world.as_role(role))["id"] == account


def test_a_request_sent_again_gets_its_answer_again(office: Office) -> None:
    """The digest of the body is keyed; it still tells a retry from another request."""
    key = {"idempotency-key": "bank-account-1"}
    body = office.body()
    first = office.officer.post("/v1/bank_accounts", json=body, headers=key)
    assert first.status_code == 201
    again = office.officer.post("/v1/bank_accounts", json=body, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    office.world.app.state.vault.add_key()
    assert office.officer.post("/v1/bank_accounts", json=body, headers=key).status_code == 201
    other = office.officer.post("/v1/bank_accounts", json=office.body(), headers=key)
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")
    assert len(office.officer.get("/v1/bank_accounts").json()["items"]) == 1
