"""A report's money the whole way, as its grantee and officers do it over HTTP."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from fundops import audit
from fundops.disbursements.models import Disbursement
from fundops.grants.models import Grant
from fundops.ledger.models import Fund
from tests.grants.grant_factories import a_desk, a_payment
from tests.reports.money_scene import uah, usd
from tests.reports.report_scene import CERTIFIED, Reporting, full
from tests.staged import staged
from tests.world import World


def paid(scene: Reporting, minor: int) -> str:
    """Pay part of the grant; return the payment's id."""
    with scene.world.database.write() as db:
        audit.lock_head(db)
        fund, grant = db.get_one(Fund, scene.fund_id), db.get_one(Grant, scene.grant_id)
        # The first tranche waits for nothing.
        made: Disbursement = a_payment(db, a_desk(db), fund, grant, minor)
        return str(made.id)


def in_hryvnias(scene: Reporting, place: str) -> dict[str, Any]:
    rows = [
        {"line": 1, "amount": "4000", "requested": "100.00"},
        {"line": 2, "amount": "2000.50", "requested": None},
    ]
    content = full(scene.facts(place), expenditure=rows)
    return content | {"currency": "UAH", "method": "first_in_first_out"}


def paid_and_started(world: World) -> tuple[Reporting, str, str]:
    """Pay a part of a grant and start its report; return the payment's id and the report."""
    scene = Reporting(world)
    return scene, paid(scene, 200_00), scene.started()


begun = staged(paid_and_started)
"""A grant, a payment of it and its first report."""


def test_from_the_money_received_to_the_form(begun: tuple[Reporting, str, str]) -> None:
    scene, payment, place = begun
    content = in_hryvnias(scene, place)
    draft = scene.saved(place, content)["version"]
    blocked = scene.grantee.post(f"{place}/submit", json={"version": draft, "certified": CERTIFIED})
    assert [one["pointer"] for one in blocked.json()["errors"]] == ["/currency"], blocked.text
    got = {"received_on": "2026-06-01", "exchanged": usd("200.00"), "received": uah("8000.00")}
    declared = scene.grantee.post(f"/v1/disbursements/{payment}/local_receipts", json=got)
    assert declared.json()["rate"] == "40", declared.text
    for ticked, pointer in (
        ({}, "/certified/expenditure"),
        ({"expenditure": True}, "/certified/request"),
    ):
        body = {"version": draft, "certified": ticked}
        refused = scene.grantee.post(f"{place}/submit", json=body)
        assert [one["pointer"] for one in refused.json()["errors"]] == [pointer], refused.text
    scene.submitted(place, content)
    shown = scene.grantee.get(f"{place}/face").json()
    assert (shown["report"]["status"], shown["report"]["currency"]) == ("submitted", "UAH")
    first = shown["rows"][0]
    assert (first["authorised"], first["reported"], first["accepted"]) == (
        usd("600.00"), usd("100.00"), usd("0.00"),
    )  # fmt: skip
    assert (first["under_review"], first["balance"]) == (usd("100.00"), usd("600.00"))
    lines = [
        {"number": 2, "accepted": usd("50.00"), "reason": "A cent without a receipt."},
        {"number": 1, "authorised": usd("80.00")},
    ]
    done = scene.decided(place, "accept", lines=lines)
    assert done.status_code == 200, done.text
    shown = scene.officer.get(f"{place}/face").json()
    names = ("authorised", "reported", "accepted", "balance", "requested", "request_authorised")
    found = [
        [row[name] and row[name]["amount"] for name in (*names, "outstanding")]
        for row in (*shown["rows"][:2], shown["total"])
    ]
    assert found == [
        ["600.00", "100.00", "100.00", "500.00", "100.00", "80.00", "580.00"],
        ["300.00", "50.01", "50.00", "250.00", "0.00", "0.00", "250.00"],
        ["900.01", "150.01", "150.00", "750.01", "100.00", "80.00", "830.01"],
    ]
    whole = scene.finance.get(f"/v1/grants/{scene.grant_id}/face").json()
    assert (whole["report"], whole["total"]["outstanding"]) == (None, usd("830.01"))
    assert (
        whole["total"]["accepted"]
        == scene.finance.get(f"/v1/grants/{scene.grant_id}/unspent").json()["accepted"]
    )
    line = {"category": "A", "reported": usd("1.00")}
    body = {"starts_on": "2026-05-01", "ends_on": "2026-05-02", "lines": [line]}
    around = scene.officer.post(f"/v1/grants/{scene.grant_id}/expenditure_statements", json=body)
    assert around.json()["type"].endswith("conflict"), "expenditure comes with reports"


def test_the_currency_and_method_of_a_grant_are_declared_once(
    begun: tuple[Reporting, str, str],
) -> None:
    scene, payment, place = begun
    got = {"received_on": "2026-06-01", "exchanged": usd("200.00"), "received": uah("8000.00")}
    scene.grantee.post(f"/v1/disbursements/{payment}/local_receipts", json=got)
    unsaid = in_hryvnias(scene, place)
    del unsaid["currency"], unsaid["method"]
    told = scene.submitted(place, unsaid)
    assert (told["currency"], told["method"]) == ("UAH", "first_in_first_out"), "as it was received"
    assert scene.decided(place, "accept").status_code == 200
    later = next(
        one for one in scene.requirements()
        if one.kind == "financial_report" and one.id != scene.asked()
    )  # fmt: skip
    second = f"/v1/progress_reports/{scene.start(requirement_id=later.id).json()['id']}"
    changed = in_hryvnias(scene, second) | {"currency": "USD", "method": "weighted_average"}
    draft = scene.saved(second, changed)["version"]
    body = {"version": draft, "certified": CERTIFIED}
    refused = scene.grantee.post(f"{second}/submit", json=body)
    pointers = {one["pointer"] for one in refused.json()["errors"]}
    assert pointers >= {"/currency", "/method"}, refused.text


def test_the_form_asks_the_database_as_often_for_many_lines(
    begun: tuple[Reporting, str, str],
) -> None:
    scene, _, place = begun
    counts: list[int] = []
    for amounts in (("1", "2"), ("3", "4", "5")):
        rows = [{"line": number, "amount": amount} for number, amount in enumerate(amounts, 1)]
        if counts:
            scene.decided(place, "return", reason="Again.")
        scene.submitted(place, full(scene.facts(place), expenditure=rows))
        seen: list[str] = []

        def note(_c: Any, _r: Any, statement: str, *_: Any, into: list[str] = seen) -> None:
            into.append(statement)

        event.listen(scene.world.database.reader, "before_cursor_execute", note)
        try:
            assert scene.officer.get(f"{place}/face").status_code == 200
        finally:
            event.remove(scene.world.database.reader, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1] < 25, counts
