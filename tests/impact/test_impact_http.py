"""Impact over HTTP: by the rules, from accepted reports alone, recomputed from its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from fundops import audit, clock
from fundops.audit import AuditEvent
from fundops.authz import Role
from fundops.calls.indicators import indicator
from fundops.grants.agreement_models import GrantAgreement, GrantAgreementVersion
from fundops.grants.agreement_queries import in_force
from fundops.grants.models import Grant
from fundops.ids import uuid7
from fundops.impact.adder import Part, add, series_of
from fundops.impact.models import SourceTarget
from fundops.ledger.models import Fund
from fundops.reports import integrity
from fundops.reports.models import ProgressReport
from fundops.reports.steps import IMPORTED
from tests.factories import a_fund, a_lot, a_party
from tests.grants.grant_factories import LATER, a_desk, a_grant, a_grantee, a_payment, accepted
from tests.impact.impact_factories import Q1, Q2, Q3, a_report, add_version, agree, declare
from tests.proposals.proposal_factories import statements
from tests.staged import staged
from tests.world import Caller, World

BROKEN = {"sex_age": {"female.18_24": 4, "male.18_24": 3}}


@dataclass
class Scene:
    """A fund with three grants: two in Kenya, of which one is of a grantee at risk."""

    world: World
    fund_id: UUID = field(init=False)
    grants: dict[str, UUID] = field(default_factory=dict)
    reports: dict[str, UUID] = field(default_factory=dict)
    donors: dict[str, UUID] = field(default_factory=dict)
    manager: Caller = field(init=False)

    def __post_init__(self) -> None:
        with self.world.database.write() as db:
            audit.lock_head(db)
            fund = a_fund(db)
            self.fund_id = fund.id
            norway, sweden = a_party(db, name="Norway"), a_party(db, name="Sweden")
            self.donors = {"Norway": norway.id, "Sweden": sweden.id}
            a_lot(db, fund, 600_00, donor=norway)
            a_lot(db, fund, 900_00, donor=sweden)
            desk = a_desk(db)
            quiet = a_grantee(db, is_at_risk=True, name="Hidden House", public_label="A shelter")
            a, b = a_grant(db, fund, 500_00), a_grant(db, fund, 400_00, country="NP")
            c = a_grant(db, fund, 300_00, grantee=quiet)
            self.grants = {"a": a.id, "b": b.id, "c": c.id}
            agree(db, a, [(300_01, {4: 100}), (199_99, {2: 67, 4: 33})], {"4.4": 50, "4.10": 80})
            agree(db, b, [(400_00, {4: 100})], {"4.4": 30, "4.7": 100})
            agree(db, c, [(300_00, {4: 100})], {"4.4": 10})
            declare(db, a, 700_00, [("objective", "4", 60), ("objective", "2", 40),
                                    ("p", "protection", None), ("sdg", "5.2", None),
                                    ("sdg", "16.2", None)])  # fmt: skip
            for grant, minor in ((a, 400_00), (b, 400_00)):
                a_payment(db, desk, fund, grant, minor)
            accepted(db, b, 150_00)
            a_report(db, a, Q1, {"4.4": (7, None, BROKEN), "4.10": (1, 2)})
            a_report(db, a, Q2, {"4.4": 5, "4.10": (30, 98)})
            self.reports["b"] = a_report(db, b, Q1, {"4.4": 20, "4.7": 90}).id
            a_report(db, b, Q2, {"4.7": 10}, status="submitted")
            a_report(db, c, Q1, {"4.4": 3})
        self.manager = self.world.as_role(Role.FUND_MANAGER)

    def ask(self, query: str = "", caller: Caller | None = None, place: str = "") -> dict[str, Any]:
        answer = (caller or self.manager).get(f"/v1/impact{place}?fund_id={self.fund_id}&{query}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


scene = staged(Scene)


def rows(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in found["items"]}


def result(group: dict[str, Any], code: str) -> dict[str, Any]:
    return next(one for one in group["results"] if one["indicator"] == code)


def amount(group: dict[str, Any], name: str) -> Decimal:
    return Decimal(group[name]["amount"])


def test_what_was_reached_is_added_by_the_rules(scene: Scene) -> None:
    [whole] = scene.ask("by=fund&break_down=sex_age")["items"]
    women = result(whole, "4.4")
    assert (women["reached"]["value"], women["reached"]["label"]) == (35, "may_overlap")
    assert women["reached"]["grants"] == 3
    assert (women["planned"]["value"], women["planned"]["label"]) == (90, "may_overlap")
    assert {code: one["value"] for code, one in women["breakdown"].items()} == BROKEN["sex_age"]
    share = result(whole, "4.10")["reached"]
    assert (share["value"], share["of"], share["percent"]) == (31, 100, "31.00")
    nights = result(whole, "4.7")
    assert (nights["reached"]["value"], nights["under_review"]["value"]) == (90, 10)
    assert (amount(whole, "awarded"), amount(whole, "paid")) == (Decimal(1200), Decimal(800))
    assert amount(whole, "spent") == 150
    # A grant by itself: its newly counted persons are exact.
    by_grant = rows(scene.ask("by=grant"))
    own = result(by_grant[str(scene.grants["a"])], "4.4")["reached"]
    assert (own["value"], own["label"], own["until"]) == (12, "exact", "2026-06-30")
    # Periods: each has what was newly counted in it, and no targets.
    quarters = rows(scene.ask("by=quarter"))
    assert [(key, result(one, "4.4")["reached"]["value"]) for key, one in quarters.items()] == [
        ("20261", 30), ("20262", 5),
    ]  # fmt: skip
    assert result(quarters["20261"], "4.4")["planned"]["value"] is None
    assert result(rows(scene.ask("by=year"))["2026"], "4.10")["reached"]["of"] == 100
    assert result(scene.ask("by=fund&from=2026-04-01")["items"][0], "4.4")["reached"]["value"] == 5
    assert scene.ask("by=indicator&indicator=4.7")["items"][0]["paid"] is None


def test_what_sources_planned_by_sex_and_age_stands_beside_what_was_reached(scene: Scene) -> None:
    def targets(grant: Grant, counts: dict[str, int], since: int, until: int | None = None) -> None:
        whole = {("total", ""): sum(counts.values())}
        parts = {("sex_age", code): count for code, count in counts.items()}
        db.add_all(
            SourceTarget(
                id=uuid7(), grant_id=grant.id, fund_id=grant.fund_id, indicator="S.1",
                dimension=dimension, code=code, target=count, recorded_seq=since,
                superseded_seq=until,
            )
            for (dimension, code), count in (whole | parts).items()
        )  # fmt: skip

    with scene.world.database.write() as db:
        audit.lock_head(db)
        fund = db.get_one(Fund, scene.fund_id)
        a_lot(db, fund, 10_000_00)
        first, second = a_grant(db, fund, 100_00), a_grant(db, fund, 100_00, country="NP")
    known = clock.now()
    with scene.world.database.write() as db:
        audit.lock_head(db)
        told = audit.record(db, audit.SYSTEM, IMPORTED, "grant", first.id, fund_id=fund.id)
        a_report(db, first, Q1, {"S.1": (9, None, {"sex_age": {"female.adult": 9}})})
        targets(first, {"female.adult": 30, "male.adult": 8}, 1, told)
        targets(first, {"female.adult": 12, "male.adult": 3}, told)
        targets(second, {"female.adult": 20, "female.child": 5}, told)
        # An agreement that is here counts in the place of what a source says of the grant.
        targets(db.get_one(Grant, scene.grants["a"]), {"female.adult": 1000}, told)

    def planned(query: str, code: str = "S.1") -> Any:
        [group] = scene.ask(query)["items"]
        return result(group, code)["planned_breakdown"]

    asked = "by=fund&break_down=sex_age"
    [whole] = scene.ask(asked)["items"]
    women, found = result(whole, "S.1"), planned(asked)
    assert {code: (one["value"], one["grants"], one["label"]) for code, one in found.items()} == {
        "female.adult": (32, 2, "may_overlap"), "male.adult": (3, 1, "exact"),
        "female.child": (5, 1, "exact"),
    }  # fmt: skip
    assert women["planned"]["value"] == sum(one["value"] for one in found.values()) == 40
    assert {code: one["value"] for code, one in women["breakdown"].items()} == {"female.adult": 9}
    # Nobody planned so, nobody asked, a filter, what was known, and a part of a grant's time.
    assert result(whole, "4.4")["planned_breakdown"] is None
    assert planned("by=fund") is None
    assert planned(f"{asked.replace('sex_age', 'group')}") is None
    by_grant = rows(scene.ask("by=grant&break_down=sex_age&indicator=S.1"))
    own = result(by_grant[str(first.id)], "S.1")["planned_breakdown"]
    assert {code: one["value"] for code, one in own.items()} == {
        "female.adult": 12,
        "male.adult": 3,
    }
    assert planned(f"{asked}&country=NP")["female.child"]["value"] == 5
    past = known.isoformat().replace("+00:00", "Z")
    assert planned(f"{asked}&known_at={past}")["female.adult"]["value"] == 30
    assert planned(f"{asked}&indicator=S.1&from=2026-01-01") is None


def test_money_is_split_by_objective_to_the_cent_and_coverage_has_all_ten(scene: Scene) -> None:
    found = scene.ask(place="/coverage")
    assert [one["key"] for one in found["items"]] == [str(n) for n in range(1, 11)]
    for name in ("requested", "awarded", "paid", "spent"):
        assert sum(amount(one, name) for one in found["items"]) == Decimal(found[name]["amount"])
    covered = rows(found)
    # 199.99 of 500.00 at 67/33: 133.9933 of the first grant's award is for objective 2.
    assert amount(covered["2"], "awarded") == Decimal("133.99")
    assert amount(covered["4"], "awarded") == Decimal("1066.01")
    assert amount(covered["4"], "requested") == 420
    assert amount(covered["2"], "requested") == 280
    assert result(covered["4"], "4.4")["reached"]["value"] == 35
    assert covered["9"]["results"] == []
    assert scene.ask(place="/coverage", query="objective=2")["awarded"]["amount"] == "133.99"
    for by in ("country", "call", "p", "sdg", "region"):
        grouped = scene.ask(f"by={by}")
        if not grouped["is_overlapping"]:
            assert sum(amount(one, "paid") for one in grouped["items"]) == 800
    assert {key: len(one["results"]) for key, one in rows(scene.ask("by=sdg")).items()} == {
        "5.2": 2, "16.2": 2, "none": 2,
    }  # fmt: skip
    assert [one["key"] for one in scene.ask("by=country")["items"]] == ["KE", "NP"]
    assert result(scene.ask("by=fund&country=NP")["items"][0], "4.4")["reached"]["value"] == 20
    assert result(scene.ask("by=fund&p=protection")["items"][0], "4.4")["reached"]["value"] == 12


def test_a_cost_is_told_only_where_it_means_something(scene: Scene) -> None:
    by_grant = rows(scene.ask("by=grant"))
    b = by_grant[str(scene.grants["b"])]
    assert (b["spent"]["amount"], result(b, "4.4")["cost_each"]) == ("150.00", None)
    assert "other results" in result(b, "4.4")["no_cost_because"]
    [alone] = scene.ask(f"by=grant&grant_id={scene.grants['b']}&indicator=4.4")["items"]
    assert result(alone, "4.4")["cost_each"] is None  # the other results are there all the same
    c = by_grant[str(scene.grants["c"])]
    assert "accepted" in result(c, "4.4")["no_cost_because"]  # nothing spent yet
    with scene.world.database.write() as db:
        audit.lock_head(db)
        fund = db.get_one(Fund, scene.fund_id)
        grant = db.get_one(Grant, scene.grants["c"])
        a_payment(db, a_desk(db), fund, grant, 100_00)
        accepted(db, grant, 100_00)
    c = rows(scene.ask("by=grant"))[str(scene.grants["c"])]
    assert result(c, "4.4")["cost_each"] == {"amount": "33.33", "currency": "USD"}
    assert "count of results" in result(by_grant[str(scene.grants["a"])], "4.10")["no_cost_because"]


def test_no_cost_beside_money_whose_objective_nobody_told(scene: Scene) -> None:
    with scene.world.database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        a_lot(db, fund, 500_00)
        desk = a_desk(db)
        told, untold = a_grant(db, fund, 200_00), a_grant(db, fund, 200_00)
        agree(db, told, [(200_00, {4: 100})], {"4.4": 10})
        for grant in (told, untold):
            a_payment(db, desk, fund, grant, 200_00)
            accepted(db, grant, 100_00)
            a_report(db, grant, Q1, {"4.4": 5})
        # As an imported grant is: no agreement here, and no shares of its award.
        version = in_force(db, untold.id)
        assert version is not None
        version.in_force_at = clock.now() + timedelta(days=900)
        db.execute(update(Grant).where(Grant.id == untold.id).values(objectives="{}"))
        scene.fund_id = fund.id
    for query in ("by=fund", "by=fund&objective=4", "by=objective", "by=objective&objective=4"):
        one = next(one for one in scene.ask(query)["items"] if one["results"])
        assert result(one, "4.4")["reached"]["value"] == 10
        assert result(one, "4.4")["cost_each"] is None, query
        assert "not told" in result(one, "4.4")["no_cost_because"]
    by_grant = rows(scene.ask("by=grant&objective=4"))
    assert result(by_grant[str(told.id)], "4.4")["cost_each"]["amount"] == "20.00"
    assert result(by_grant[str(untold.id)], "4.4")["cost_each"] is None


def test_persons_are_never_split_between_donors(scene: Scene) -> None:
    found = scene.ask("by=donor")
    assert found["is_overlapping"]
    donors = {one["label"]: one for one in found["items"] if one["key"] != "none"}
    assert sum(amount(one, "paid") for one in donors.values()) == 800
    for one in donors.values():
        paid, whole = one["contribution"]["paid"], one["contribution"]["of"]
        share = Decimal(paid["amount"]) * 100 / Decimal(whole["amount"])
        assert abs(Decimal(one["contribution"]["percent"]) - share) <= Decimal("0.005")
        assert isinstance(result(one, "4.4")["reached"]["value"], int)
        assert "grouping" in result(one, "4.4")["no_cost_because"]
    norway = scene.donors["Norway"]
    per_grant = scene.ask(f"by=grant&donor_id={norway}")
    assert sum(amount(one, "paid") for one in per_grant["items"]) == amount(
        donors["Norway"], "paid"
    )
    whole = result(per_grant["items"][0], "4.4")["reached"]["value"]
    assert whole in {12, 20}  # the whole grant's figure, whatever the share


def test_a_donor_stands_beside_the_grants_it_paid_to_alone(scene: Scene) -> None:
    """What is reserved for a grant is awarded; nobody has helped anybody with it yet."""
    found = rows(scene.ask("by=donor"))
    for donor_id in map(str, scene.donors.values()):
        [alone] = scene.ask(f"by=fund&donor_id={donor_id}")["items"]
        assert found[donor_id]["contribution"] == alone["contribution"]
        assert [one["reached"] for one in found[donor_id]["results"]] == [
            one["reached"] for one in alone["results"]
        ]
    # The third grant was awarded and paid nothing: its three women are nobody's yet.
    assert result(found["none"], "4.4")["reached"]["value"] == 3
    assert found["none"]["contribution"] is None


def test_a_donors_share_of_one_objective_is_of_that_objectives_money(scene: Scene) -> None:
    found = scene.ask("by=donor&objective=2")
    shares = [one["contribution"] for one in found["items"] if amount(one, "paid")]
    # Of 400.00 paid to the first grant 26.7987 % are for objective 2; nobody else paid for it.
    assert Decimal(found["paid"]["amount"]) == Decimal("107.19")
    for share in shares:
        assert share["of"] == found["paid"]
    paid = sum(Decimal(share["paid"]["amount"]) for share in shares)
    assert paid == Decimal(found["paid"]["amount"])
    percents = [Decimal(share["percent"]) for share in shares]
    assert abs(sum(percents, Decimal(-100))) <= Decimal("0.01")


def test_any_figure_is_recomputed_from_its_rows(scene: Scene) -> None:
    found = scene.ask("by=fund&indicator=4.4")
    provenance = found["provenance"]
    parts, seen = [], set[str]()
    cursor: str | None = ""
    while cursor is not None:
        page = scene.manager.get(f"{provenance['rows']}&limit=2&cursor={cursor}" if cursor
                                 else f"{provenance['rows']}&limit=2").json()  # fmt: skip
        for one in page["items"]:
            seen.add(one["report_code"])
            parts += [
                Part(value["indicator"], value["numerator"], value["denominator"], LATER,
                     series_of(indicator("4.4"), one["grant_id"], None))
                for value in one["values"]
            ]  # fmt: skip
            assert (one["version"], one["accepted_by"]) == (1, "fund")
        cursor = page["next_cursor"]
    assert len(seen) == provenance["reports"] == 4
    figure = result(found["items"][0], "4.4")["reached"]
    again = add(parts)
    assert (again.numerator, again.label, again.grants) == (
        figure["value"], figure["label"], figure["grants"],
    )  # fmt: skip


def test_a_correction_counts_from_when_it_was_accepted(scene: Scene) -> None:
    before = clock.now()
    path = f"by=grant&grant_id={scene.grants['b']}"
    with scene.world.database.write() as db:
        audit.lock_head(db)
        add_version(db, db.get_one(ProgressReport, scene.reports["b"]), {"4.4": 18, "4.7": 90})
    assert result(scene.ask(path)["items"][0], "4.4")["reached"]["value"] == 18
    past = scene.ask(f"{path}&known_at={before.isoformat().replace('+00:00', 'Z')}")
    assert result(past["items"][0], "4.4")["reached"]["value"] == 20
    assert result(past["items"][0], "4.4")["planned"]["value"] == 30
    assert past["items"][0]["paid"]["amount"] == "400.00"
    # As of a day: periods that had ended, and money that had moved.
    early = scene.ask("by=fund&as_of=2026-04-30")["items"][0]
    assert result(early, "4.4")["reached"]["value"] == 28
    assert (early["paid"]["amount"], early["awarded"]["amount"]) == ("0.00", "1200.00")
    with scene.world.database.read() as db:
        assert [one for one in integrity.run(db) if "standing" in one[0]] == []


def test_what_was_agreed_counts_from_when_it_was_told(scene: Scene) -> None:
    path = f"by=fund&grant_id={scene.grants['b']}"
    agreed = (
        select(AuditEvent.recorded_at)
        .join(GrantAgreementVersion, GrantAgreementVersion.id == AuditEvent.record_id)
        .join(GrantAgreement, GrantAgreement.id == GrantAgreementVersion.agreement_id)
        .where(
            AuditEvent.action == "grant_agreement_version.countersigned",
            GrantAgreement.grant_id == scene.grants["b"],
        )
    )
    with scene.world.database.read() as db:
        told = db.execute(agreed).scalar_one()
    for known, target in ((told, 30), (told - timedelta(microseconds=1), None)):
        found = scene.ask(f"{path}&known_at={known.isoformat().replace('+00:00', 'Z')}")
        planned = [
            one["planned"]["value"] for group in found["items"] for one in group["results"]
            if one["indicator"] == "4.4" and one["planned"] is not None
        ]  # fmt: skip
        assert planned == ([target] if target else [])


def test_only_who_may_read_every_report_of_the_fund(scene: Scene) -> None:
    path = f"/v1/impact?fund_id={scene.fund_id}"
    for role in (Role.FINANCE_OFFICER, Role.APPROVER, Role.AUDITOR, Role.BOARD_MEMBER):
        assert scene.world.as_role(role).get(path).status_code == 403
    donor = scene.world.as_role(Role.DONOR, party_id=scene.donors["Norway"])
    assert donor.get(path).status_code == 403
    with scene.world.database.write() as db:
        audit.lock_head(db)
        other = a_fund(db).id
    foreign = scene.world.as_role(Role.GRANT_OFFICER, fund_id=other)
    for place in ("", "/coverage", "/rows"):
        refused = foreign.get(f"/v1/impact{place}?fund_id={scene.fund_id}")
        missing = foreign.get(f"/v1/impact{place}?fund_id={UUID(int=7)}")
        assert (refused.status_code, missing.status_code) == (404, 404)
        assert refused.json()["detail"] == missing.json()["detail"]
    own = scene.world.as_role(Role.GRANT_OFFICER, fund_id=scene.fund_id)
    assert own.get(path).status_code == 200
    for wrong in ("indicator=9.99", "country=QQ", "as_of=2199-01-01", "sort=key", "objective=11"):
        assert own.get(f"{path}&{wrong}").status_code == 422, wrong
    assert own.get(f"{path}&cursor=nonsense").status_code == 200


def test_queries_do_not_grow_with_the_reports(scene: Scene) -> None:
    def count(query: str, place: str = "") -> int:
        with statements(scene.world.database) as seen:
            scene.ask(query, place=place)
        return len(seen)

    asked = [("by=objective", ""), ("by=grant&break_down=sex_age", ""), ("by=donor", "")]
    asked += [("", "/rows")]
    before = [count(*one) for one in asked]
    with scene.world.database.write() as db:
        audit.lock_head(db)
        fund = db.get_one(Fund, scene.fund_id)
        a_lot(db, fund, 10_000_00)
        for _ in range(5):
            grant = a_grant(db, fund, 100_00)
            agree(db, grant, [(100_00, {4: 100})], {"4.4": 5})
            for period in (Q1, Q2, Q3):
                a_report(db, grant, period, {"4.4": 1, "2.1": 2, "3.1": 3})
    assert [count(*one) for one in asked] == before
    assert max(before) <= 20
