"""Channels: whose they are, how they are proved, and that none is taken away in silence."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from fundops import audit, clock, trail
from fundops.audit import AuditPayload
from fundops.authz import Role
from fundops.errors import Problem
from fundops.ids import uuid7
from fundops.notices import channels, checks, codes, sending
from fundops.notices.models import ContactChannel
from fundops.parties.models import Membership
from tests.factories import a_party
from tests.notices.notice_factories import Kept, notices, told
from tests.parties.conftest import MovingClock
from tests.parties.steps import a_party_id, pointer, problem
from tests.world import Caller, World

OFFICE = {"kind": "email", "address": "office@example.org"}


def registered(caller: Caller, path: str = "/v1/me/channels", **over: Any) -> dict[str, Any]:
    answer = caller.post(path, json=OFFICE | over)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def mails(world: World) -> Kept:
    """Send what waits; return what was sent."""
    transport = Kept()
    sending.run(world.database, world.database.settings, transport=transport)
    return transport


def code_in(world: World) -> str:
    """Return the code that is sent now."""
    (text,) = (t for t in mails(world).texts if "code" in t)
    return text.strip().splitlines()[-1].strip()


@pytest.fixture
def grantee(world: World) -> Caller:
    return world.as_role(Role.GRANTEE, party_id=a_party_id(world))


def party_of(caller: Caller) -> UUID:
    found: UUID = caller.actor.held[0].party_id
    return found


def test_a_code_that_comes_back_verifies(world: World, grantee: Caller) -> None:
    made = registered(grantee)
    assert (made["address"], made["verified_at"]) == ("o…@e…", None)
    path = f"/v1/me/channels/{made['id']}"
    assert problem(grantee.post(f"{path}/enter_code", json={"code": "BCDF2345"})) == (
        409, "conflict",
    )  # fmt: skip
    assert grantee.post(f"{path}/send_code").json()["tries_left"] == 3
    code = code_in(world)
    assert len(code) == 8
    wrong = grantee.post(f"{path}/enter_code", json={"code": "22222222"}).json()
    assert (wrong["verified_at"], wrong["tries_left"]) == (None, 2)
    spelled = f"{code[:4].lower()}-{code[4:]}"
    right = grantee.post(f"{path}/enter_code", json={"code": spelled}).json()
    assert (right["verified_how"], right["verified_by_id"]) == ("code", None)
    assert right["verified_at"] is not None
    assert problem(grantee.post(f"{path}/send_code"))[1] == "wrong-status"


def test_three_wrong_codes_spoil_the_right_one(world: World, grantee: Caller) -> None:
    path = f"/v1/me/channels/{registered(grantee)['id']}"
    grantee.post(f"{path}/send_code")
    code = code_in(world)
    for left in (2, 1, 0):
        wrong = grantee.post(f"{path}/enter_code", json={"code": "22222222"})
        assert wrong.json()["tries_left"] == left
    assert problem(grantee.post(f"{path}/enter_code", json={"code": code}))[1] == "conflict"
    assert grantee.get("/v1/me/channels").json()["items"][0]["verified_at"] is None


def test_codes_end_and_are_replaced_and_few(
    world: World, grantee: Caller, moving_clock: MovingClock
) -> None:
    path = f"/v1/me/channels/{registered(grantee)['id']}"
    grantee.post(f"{path}/send_code")
    first = code_in(world)
    grantee.post(f"{path}/send_code")
    second = code_in(world)
    assert first != second
    assert grantee.post(f"{path}/enter_code", json={"code": first}).json()["verified_at"] is None
    moving_clock.forward(hours=24)
    assert problem(grantee.post(f"{path}/enter_code", json={"code": second}))[1] == "conflict"
    for _ in range(codes.PER_DAY):
        assert grantee.post(f"{path}/send_code").status_code == 200
    assert problem(grantee.post(f"{path}/send_code"))[1] == "conflict"
    channel_id = path.rpartition("/")[2]
    retired = grantee.post(f"/v1/me/channels/{channel_id}/retire", json={"reason": "Again"})
    assert retired.status_code == 200
    again = f"/v1/me/channels/{registered(grantee)['id']}/send_code"
    assert problem(grantee.post(again))[1] == "conflict", "the same address, registered anew"
    # Of those asked for in a row, the last alone is sent.
    assert len([t for t in mails(world).texts if "Enter this code" in t]) == 1


def test_a_code_too_old_to_be_of_use_is_not_sent(
    world: World, grantee: Caller, moving_clock: MovingClock
) -> None:
    path = f"/v1/me/channels/{registered(grantee)['id']}"
    grantee.post(f"{path}/send_code")
    moving_clock.forward(hours=25)
    assert mails(world).messages == []
    (row,) = notices(world.database, kind="channel_code")
    assert (row.status, row.why) == ("dropped", "expired")


def test_the_code_of_one_channel_is_none_of_another(world: World, grantee: Caller) -> None:
    mine = registered(grantee)
    other = registered(grantee, address="other@example.org")
    for one in (mine, other):
        grantee.post(f"/v1/me/channels/{one['id']}/send_code")
    sent = mails(world)
    codes_by = {
        to: text.strip().splitlines()[-1].strip()
        for to, text in zip(sent.to, sent.texts, strict=True)
        if "Enter this code" in text
    }
    tried = grantee.post(
        f"/v1/me/channels/{mine['id']}/enter_code", json={"code": codes_by["other@example.org"]}
    )
    assert tried.json()["verified_at"] is None


def test_a_person_verifies_what_another_registered(world: World, grantee: Caller) -> None:
    party = party_of(grantee)
    officer, second = world.as_role(Role.GRANT_OFFICER), world.as_role(Role.FINANCE_OFFICER)
    theirs = registered(officer, f"/v1/parties/{party}/channels")
    path, note = f"/v1/parties/{party}/channels/{theirs['id']}/verify", {"note": "Called back"}
    assert problem(officer.post(path, json=note)) == (409, "same-person")
    token = world.as_role(Role.GRANT_OFFICER, fund_id=None)
    assert token.actor.person_id != officer.actor.person_id
    assert problem(grantee.post(path, json=note)) == (403, "not-allowed")
    done = second.post(path, json=note).json()
    assert done["verified_by_id"] == str(second.actor.person_id)
    assert problem(token.post(path, json=note)) == (409, "wrong-status")


def test_whoever_acts_for_the_party_does_not_verify_for_the_office(
    world: World, grantee: Caller
) -> None:
    party = party_of(grantee)
    made = registered(grantee, party_id=str(party))
    officer = world.as_role(Role.GRANT_OFFICER)
    with world.database.write() as db:
        audit.lock_head(db)
        db.add(
            Membership(
                id=uuid7(), person_id=officer.actor.person_id, role="grantee", party_id=party,
                valid_from=clock.now(), created_at=clock.now(),
            )
        )  # fmt: skip
    path = f"/v1/parties/{party}/channels/{made['id']}/verify"
    assert problem(officer.post(path, json={"note": "Mine"})) == (409, "conflict-of-interest")


def test_the_database_refuses_one_person_for_both(world: World, grantee: Caller) -> None:
    made = registered(grantee)

    def alone() -> None:
        with world.database.write() as db:
            audit.lock_head(db)
            by = ContactChannel.registered_by_id
            db.execute(
                update(ContactChannel)
                .where(ContactChannel.id == UUID(made["id"]))
                .values(
                    verified_how="person", verified_by_id=by, verified_at=ContactChannel.created_at
                )
            )

    with pytest.raises(Problem) as refused:
        alone()
    assert refused.value.slug == "same-person"


def test_channels_of_others_do_not_exist(world: World, grantee: Caller) -> None:
    own = registered(grantee)
    of_party = registered(grantee, party_id=str(party_of(grantee)), address="all@example.org")
    colleague = world.as_role(Role.GRANTEE, party_id=party_of(grantee))
    stranger = world.as_role(Role.GRANTEE, party_id=a_party_id(world))
    for verb, body in (("retire", {"reason": "Mine now"}), ("send_code", None)):
        for caller, one, status in (
            (stranger, own, 404), (stranger, of_party, 404), (colleague, own, 404),
        ):  # fmt: skip
            answer = caller.post(f"/v1/me/channels/{one['id']}/{verb}", json=body)
            assert answer.status_code == status
    seen = {one["id"] for one in colleague.get("/v1/me/channels").json()["items"]}
    assert seen == {of_party["id"]}
    assert stranger.get("/v1/me/channels").json()["items"] == []
    claimed = stranger.post("/v1/me/channels", json=OFFICE | {"party_id": str(party_of(grantee))})
    assert pointer(claimed) == "/party_id"
    # Through another party's address, or an own channel through a party's.
    officer = world.as_role(Role.FINANCE_OFFICER)
    for party, one in ((a_party_id(world), of_party), (party_of(grantee), own)):
        path = f"/v1/parties/{party}/channels/{one['id']}/retire"
        assert officer.post(path, json={"reason": "x"}).status_code == 404
    donor = world.as_role(Role.DONOR, party_id=party_of(grantee))
    assert (
        donor.post(f"/v1/me/channels/{of_party['id']}/retire", json={"reason": "x"}).status_code
        == 404
    )


def test_channels_of_a_protected_party_are_for_those_who_know_it(world: World) -> None:
    hidden = a_party_id(world, is_at_risk=True)
    path = f"/v1/parties/{hidden}/channels"
    registered(world.as_role(Role.FINANCE_OFFICER), path)
    assert world.as_role(Role.SIGNATORY).get(path).status_code == 404
    assert len(world.as_role(Role.AUDITOR).get(path).json()["items"]) == 1


@pytest.mark.parametrize("verb", ["retire", "replace"])
def test_nobody_takes_a_channel_away_in_silence(world: World, grantee: Caller, verb: str) -> None:
    """An intruder who then changes the bank account is told of at the channel that was taken."""
    party = party_of(grantee)
    old = registered(grantee, party_id=str(party))
    path = f"/v1/me/channels/{old['id']}"
    grantee.post(f"{path}/send_code")
    assert grantee.post(f"{path}/enter_code", json={"code": code_in(world)}).json()["verified_at"]
    body = {"reason": "Moved"} | (
        {"kind": "email", "address": "thief@example.net"} if verb == "replace" else {}
    )
    assert grantee.post(f"{path}/{verb}", json=body).status_code in {200, 201}
    sent = mails(world)
    assert "office@example.org" in sent.to
    assert "thief@example.net" not in sent.to
    told(world.database, "bank_account_proposed", party_id=party)
    assert "office@example.org" in mails(world).to
    assert problem(grantee.post(f"{path}/retire", json={"reason": "Again"}))[1] == "wrong-status"


def test_what_waits_for_a_channel_is_sent_though_it_is_retired(
    world: World, grantee: Caller
) -> None:
    old = registered(grantee, party_id=str(party_of(grantee)))
    told(world.database, "bank_account_proposed", party_id=party_of(grantee))
    grantee.post(f"/v1/me/channels/{old['id']}/retire", json={"reason": "Quiet"})
    assert mails(world).to.count("office@example.org") == 2


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "a@b@c.org"), ("email", "two@example.org,three@example.org"),
        ("email", "<a@example.org>"), ("email", "a b@example.org"), ("email", "a@localhost"),
        ("email", "ä@example.org"), ("email", "a@example.org\r\nBcc: x@example.org"),
        ("email", "a@example.org\nBcc: x@example.org"), ("email", '"a"@example.org'),
        ("email", "a@-example.org"), ("email", f"{'a' * 65}@example.org"),
        ("email", ".a@example.org"),
        ("phone", "12"), ("phone", "+0123456789"), ("phone", "+43 1 5880x"),
        ("messenger", "a\u202eb"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_address_is_refused(
    world: World, grantee: Caller, kind: str, address: str
) -> None:
    answer = grantee.post("/v1/me/channels", json={"kind": kind, "address": address})
    assert pointer(answer) == "/address"
    assert f'"{address}"' not in answer.text
    assert len(address) < 3 or address not in answer.text


def test_channels_are_unlike_and_bounded(world: World, grantee: Caller) -> None:
    registered(grantee)
    assert problem(grantee.post("/v1/me/channels", json=OFFICE)) == (409, "already-exists")
    for number in range(channels.MAX_ACTIVE - 1):
        registered(grantee, kind="phone", address=f"+43 1 5880 {number:04d}")
    over = grantee.post("/v1/me/channels", json=OFFICE | {"address": "one@example.org"})
    assert problem(over) == (409, "conflict")


def test_register_and_retire_does_not_go_on_for_ever(world: World, grantee: Caller) -> None:
    made = [registered(grantee, address=f"a{n}@example.org") for n in range(channels.MAX_ACTIVE)]
    for n in range(channels.MAX_A_DAY - channels.MAX_ACTIVE):
        path = f"/v1/me/channels/{made[n]['id']}/retire"
        grantee.post(path, json={"reason": "x"})
        registered(grantee, address=f"b{n}@example.org")
    grantee.post(f"/v1/me/channels/{made[-1]['id']}/retire", json={"reason": "x"})
    over = grantee.post("/v1/me/channels", json=OFFICE | {"address": "z@example.org"})
    assert problem(over) == (409, "conflict")


def test_no_address_reaches_the_chain_and_a_changed_one_is_found(
    world: World, grantee: Caller
) -> None:
    made = registered(grantee)
    path = f"/v1/me/channels/{made['id']}"
    grantee.post(f"{path}/send_code")
    grantee.post(f"{path}/enter_code", json={"code": code_in(world)})
    replaced = grantee.post(
        f"{path}/replace", json={"kind": "email", "address": "new@example.org", "reason": "Moved"}
    )
    assert replaced.status_code == 201
    with world.database.read() as db:
        payloads = " ".join(str(one) for one in db.execute(select(AuditPayload.payload)).scalars())
        assert trail.breaks(db) == []
        assert checks.run(db) == []
    assert made["id"] in payloads or str(made["id"]) in payloads
    assert "example.org" not in payloads
    assert "0123456789abcdef" not in payloads
    with world.database.writer.begin() as connection:
        its = ContactChannel.id == UUID(made["id"])
        connection.execute(update(ContactChannel).where(its).values(address="thief@example.net"))
    with world.database.read() as db:
        assert [name for name, _ in checks.run(db)] == ["channels_told"]


def test_answers_mask_addresses(world: World, grantee: Caller) -> None:
    made = registered(grantee, address="anna.maria@example.org")
    registered(grantee, kind="phone", address="+43 1 5880 1234")
    text = grantee.get("/v1/me/channels").text
    assert "anna" not in text
    assert "5880" not in text
    assert made["address"] == "a…@e…"
    with world.database.write() as db:
        audit.lock_head(db)
        a_party(db)
