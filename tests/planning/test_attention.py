"""The attention list: what waits, why, and exactly the persons who can act."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.disbursements.models import Disbursement, PaymentHold, SanctionsCheck
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.parties.models import Membership, PartyFreeze
from fundops.payees.models import BankAccount
from fundops.planning.attention import Entry, Rule, gather
from fundops.planning.attention_routes import RULES
from tests.donors.register_factories import statements
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import a_desk, a_grant, a_grantee, a_payment
from tests.planning.conftest import NOW
from tests.planning.plan_factories import TODAY, expecting, waiting
from tests.staged import staged
from tests.world import Caller, World

AGO = NOW - timedelta(days=20)


class Office:
    """A fund with an office of its own, and outsiders who belong to another fund."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund, other = a_fund(db), a_fund(db)
            self.fund_id, self.other_id = fund.id, other.id
            a_lot(db, fund, 500_000)
            self.grantee_id = a_grantee(db, name="Safe Harbour").id
            grant = self._grant(db, fund)
            self.grant_id, self.grant_code = grant.id, grant.code
        roles = {
            "requester": Role.GRANT_OFFICER, "officer": Role.FINANCE_OFFICER,
            "second_officer": Role.FINANCE_OFFICER, "manager": Role.FUND_MANAGER,
            "approver": Role.APPROVER, "signatory": Role.SIGNATORY, "auditor": Role.AUDITOR,
        }  # fmt: skip
        self.who = {name: world.as_role(role, fund_id=self.fund_id) for name, role in roles.items()}
        self.outsider = world.as_role(Role.APPROVER, fund_id=self.other_id)

    def _grant(self, db: Session, fund: Fund) -> Grant:
        from fundops.parties.models import Party

        grantee = db.get_one(Party, self.grantee_id)
        return a_grant(db, fund, 100_000, grantee=grantee)

    def id(self, name: str) -> UUID:
        found: UUID = self.who[name].actor.person_id
        return found

    def codes(self, *names: str) -> set[str]:
        return {self.who[name].actor.person_code for name in names}

    def payment(self, status: str, **over: Any) -> str:
        """Put a disbursement at a point of its life: requester, officer, manager, signatory."""
        marks: dict[str, Any] = {"requested_by_id": self.id("requester")}
        if status in ("certified", "approved", "sent"):
            marks |= {"certified_by_id": self.id("officer"), "certified_at": AGO,
                      "certified_digest": "0" * 64}  # fmt: skip
        if status in ("approved", "sent"):
            marks |= {"approved_by_id": self.id("manager"), "approved_at": AGO,
                      "approved_digest": "0" * 64}  # fmt: skip
        if status == "sent":
            marks |= {"sent_by_id": self.id("signatory"), "sent_at": AGO}
        with self.world.database.write() as db:
            audit.lock_head(db)
            grant = db.get_one(Grant, self.grant_id)
            one = Disbursement(
                id=uuid7(), code=f"DSB-{uuid7().hex[-8:]}", grant_id=grant.id, amount_minor=1_000,
                requested_on=TODAY - timedelta(days=25), status=status, created_at=AGO,
                **(marks | over),
            )  # fmt: skip
            db.add(one)
            if status in ("requested", "sent_back", "certified", "approved", "sent"):
                grant.requested_minor += 1_000
            return one.code

    def add(self, *rows: Any) -> None:
        with self.world.database.write() as db:
            audit.lock_head(db)
            db.add_all(rows)


office = staged(Office)


def listed(caller: Caller, query: str = "") -> Any:
    answer = caller.get(f"/v1/attention{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def one_of(caller: Caller, kind: str) -> Any:
    (found,) = listed(caller, f"?kind={kind}")["items"]
    return found


def names(entry: Any) -> set[str]:
    return {one["code"] for one in entry["persons"]}


def test_each_duty_names_whoever_has_not_had_a_part(office: Office) -> None:
    code = office.payment("requested")
    reader = office.who["auditor"]
    entry = one_of(reader, "disbursement_certify")
    assert (entry["code"], entry["record_type"], entry["party"]) == (
        code, "disbursement", "Safe Harbour",
    )  # fmt: skip
    assert entry["reason"] == f"Payment {code} of grant {office.grant_code} waits to be certified."
    assert (entry["since"], entry["days"], entry["severity"]) == ("2026-04-15", 25, "high")
    assert names(entry) == office.codes("officer", "second_officer")
    office.payment("certified", certified_by_id=office.id("manager"))
    assert names(one_of(reader, "disbursement_approve")) == office.codes("approver")
    office.payment("approved")
    assert names(one_of(reader, "disbursement_release")) == office.codes("signatory")
    office.payment("sent")
    entry = one_of(reader, "disbursement_unanswered")
    assert (entry["since"], entry["days"]) == ("2026-04-20", 20)
    office.payment("sent_back")
    assert office.who["requester"].actor.person_code in names(
        one_of(reader, "disbursement_sent_back")
    )


def test_mine_is_what_i_can_do_myself(office: Office) -> None:
    office.payment("requested", requested_by_id=office.id("officer"))
    office.payment("certified")
    assert listed(office.who["officer"], "?mine=true")["items"] == []
    (mine,) = listed(office.who["second_officer"], "?mine=true")["items"]
    assert (mine["kind"], mine["is_mine"]) == ("disbursement_certify", True)
    (mine,) = listed(office.who["approver"], "?mine=true")["items"]
    assert mine["kind"] == "disbursement_approve"
    assert listed(office.who["auditor"], "?mine=true")["total"] == 0
    assert listed(office.who["auditor"])["total"] == 2


def test_an_interest_or_an_ended_role_keeps_a_person_off(world: World, office: Office) -> None:
    office.payment("certified")
    assert names(one_of(office.who["auditor"], "disbursement_approve")) == office.codes(
        "manager", "approver"
    )
    office.add(
        Membership(
            id=uuid7(), person_id=office.id("approver"), role=Role.GRANTEE.value,
            party_id=office.grantee_id, valid_from=AGO, valid_until=AGO + timedelta(days=1),
            created_at=AGO,
        )
    )  # fmt: skip
    assert names(one_of(office.who["auditor"], "disbursement_approve")) == office.codes("manager")
    with world.database.write() as db:
        audit.lock_head(db)
        held = db.query(Membership).filter_by(person_id=office.id("manager")).one()
        held.valid_until = NOW
    assert names(one_of(office.who["auditor"], "disbursement_approve")) == set()


def test_the_grantee_itself_confirms_unless_frozen(world: World, office: Office) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = db.get_one(Fund, office.fund_id), a_desk(db)
        grant = db.get_one(Grant, office.grant_id)
        a_payment(db, desk, fund, grant, 5_000, date(2026, 4, 1))
        a_payment(db, desk, fund, grant, 5_000, date(2026, 5, 1))
    own = world.as_role(Role.GRANTEE, party_id=office.grantee_id)
    world.as_role(Role.GRANTEE, party_id=a_stranger(world))
    entry = one_of(office.who["requester"], "disbursement_unconfirmed")
    assert (entry["days"], entry["severity"]) == (39, "low")
    assert own.actor.person_code in names(entry)
    with world.database.write() as db:
        audit.lock_head(db)
        from fundops.parties.models import Party

        db.get_one(Party, office.grantee_id).status = "frozen"
        db.add(
            PartyFreeze(
                id=uuid7(), party_id=office.grantee_id, status="in_force", reason="A look.",
                frozen_by_id=office.id("manager"), frozen_at=NOW,
            )
        )  # fmt: skip
    assert names(one_of(office.who["requester"], "disbursement_unconfirmed")) == set()


def a_stranger(world: World) -> UUID:
    with world.database.write() as db:
        audit.lock_head(db)
        return a_grantee(db).id


def test_holds_checks_accounts_and_reviews(office: Office) -> None:
    reader = office.who["auditor"]
    check: dict[str, Any] = {
        "party_id": office.grantee_id, "lists": "UN", "names": "Safe Harbour",
        "checked_by_id": office.id("officer"), "checked_at": AGO,
    }  # fmt: skip
    account: dict[str, Any] = {
        "party_id": office.grantee_id, "kind": "iban", "currency": "USD", "details": "x",
        "key_id": "k", "fingerprint": "f", "masked": "•••• 1234", "reason": "First.",
        "holder_initials": "S. H.", "proposed_hands": "[]", "evidence": "Letter",
        "proposed_by_id": office.id("officer"), "proposed_at": AGO, "created_at": AGO,
    }  # fmt: skip
    office.add(
        PaymentHold(
            id=uuid7(), grant_id=office.grant_id, reason="A question.",
            placed_by_id=office.id("approver"), placed_at=AGO,
        ),
        PaymentHold(
            id=uuid7(), party_id=office.grantee_id, reason="New.",
            placed_by_id=office.id("approver"), placed_at=NOW - timedelta(days=3),
        ),
        SanctionsCheck(id=uuid7(), checked_on=date(2025, 5, 1), status="hits", **check),
        BankAccount(id=uuid7(), origin="first", status="proposed", **account),
        BankAccount(
            id=uuid7(), origin="emergency", status="active", cap_minor=500, cap_currency="USD",
            approved_by_id=office.id("manager"), approved_at=AGO, usable_from=AGO, **account,
        ),
    )  # fmt: skip
    office.payment("sent", review_due_on=TODAY - timedelta(days=1))
    hold = one_of(reader, "hold_standing")
    assert office.who["approver"].actor.person_code not in names(hold)
    assert {"manager", "officer"} <= {
        name for name in office.who if office.who[name].actor.person_code in names(hold)
    }
    hits = one_of(reader, "sanctions_hits")
    assert names(hits) == office.codes("second_officer", "manager", "approver")
    lapsed = one_of(reader, "sanctions_expiring")
    assert (lapsed["since"], lapsed["severity"]) == ("2025-07-30", "high")
    proposed = one_of(reader, "account_proposed")
    assert names(proposed) == office.codes("second_officer", "manager", "approver")
    assert "1234" in proposed["reason"]
    assert one_of(reader, "account_emergency")["severity"] == "high"
    assert names(one_of(reader, "review_due")) == office.codes("auditor")


def test_money_that_is_late_short_old_or_running_out(world: World) -> None:
    with world.database.write() as db:
        audit.lock_head(db)
        fund, desk = a_fund(db), a_desk(db)
        fund.award_basis = "instalment"
        donor = a_party(db, name="Ministry of the coast")
        _, instalment = expecting(db, fund, 50_000, date(2026, 1, 1), donor=donor)
        late = waiting(db, fund, instalment, 50_000)
        a_lot(db, fund, 40_000, spend_by_on=date(2026, 6, 1), on=date(2025, 1, 1))
        old = a_grant(db, fund, 20_000, on=date(2025, 1, 2))
        a_payment(db, desk, fund, old, 10_000, date(2025, 2, 1))
        fund_id, codes = fund.id, (late.code, old.code)
    reader = world.as_role(Role.FUND_MANAGER, fund_id=fund_id)
    overdue = one_of(reader, "instalment_overdue")
    assert (overdue["days"], overdue["severity"], overdue["party"]) == (
        129, "high", "Ministry of the coast",
    )  # fmt: skip
    assert one_of(reader, "award_waits_late")["code"] == codes[0]
    advance = one_of(reader, "advance_overdue")
    assert (advance["code"], advance["since"]) == (codes[1], "2025-06-01")
    lot = one_of(reader, "lot_expiring")
    assert "300.00 USD" in lot["reason"]
    assert "2026-06-01" in lot["reason"]
    kinds = listed(reader)["kinds"]
    assert "cash_short" not in kinds
    severities = [one["severity"] for one in listed(reader)["items"]]
    assert severities == sorted(severities, key=["high", "medium", "low"].index)


def test_each_sees_only_funds_and_kinds_in_reach(world: World, office: Office) -> None:
    office.payment("requested")
    with world.database.write() as db:
        audit.lock_head(db)
        expecting(db, db.get_one(Fund, office.fund_id), 50_000, date(2026, 1, 1))
    assert listed(office.outsider)["items"] == []
    assert office.outsider.get(f"/v1/attention?fund_id={office.fund_id}").status_code == 404
    assert office.outsider.get(f"/v1/attention?fund_id={uuid7()}").status_code == 404
    assert "instalment_overdue" in listed(office.who["officer"])["kinds"]
    # A grant officer may not read donors' agreements, nor entries about them.
    assert set(listed(office.who["requester"])["kinds"]) == {"disbursement_certify"}
    for role in (Role.SIGNATORY, Role.BOARD_MEMBER, Role.ADMINISTRATOR, Role.REVIEWER):
        assert world.as_role(role).get("/v1/attention").status_code == 403
    grantee = world.as_role(Role.GRANTEE, party_id=office.grantee_id)
    assert grantee.get("/v1/attention").status_code == 403


def test_limits_are_told(office: Office) -> None:
    for _ in range(3):
        office.payment("requested")
    found = listed(office.who["auditor"], "?limit=2")
    assert (len(found["items"]), found["total"], found["is_complete"]) == (2, 3, False)
    assert office.who["auditor"].get("/v1/attention?limit=501").status_code == 422


def test_queries_do_not_grow_with_what_waits(world: World, office: Office) -> None:
    office.payment("requested")
    reader = office.who["auditor"]
    listed(reader)
    with statements(world.database) as few:
        listed(reader)
    for status in ("requested", "certified", "approved", "sent", "sent_back"):
        for _ in range(2):
            office.payment(status)
    with statements(world.database) as many:
        assert listed(reader)["total"] == 11
    assert len(many) == len(few)


def test_a_rule_that_names_anybody_would_be_noticed(world: World, office: Office) -> None:
    """The control: without the duties already done, the certifier would be told to approve."""
    office.payment("certified", certified_by_id=office.id("manager"))

    def careless(db: Session, fund: Fund, today: date) -> list[Entry]:
        from dataclasses import replace

        return [replace(one, excluded=frozenset()) for one in RULES[0].find(db, fund, today)]

    with world.database.read() as db:
        fund, actor = db.get_one(Fund, office.fund_id), office.who["auditor"].actor
        (right,) = gather(db, actor, [fund], [RULES[0]], is_mine=False)
        (wrong,) = gather(db, actor, [fund], [Rule(careless, RULES[0].reads)], is_mine=False)
    manager = office.who["manager"].actor.person_code
    assert manager not in {one.code for one in right.persons}
    assert manager in {one.code for one in wrong.persons}
    assert right.reason == wrong.reason
    assert clock.now() == NOW
