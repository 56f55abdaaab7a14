"""An audit sample over HTTP: planned, drawn, tested in a workbook, evaluated and reviewed."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from openpyxl import Workbook, load_workbook

from fundops import audit
from fundops.authz import Role
from fundops.exports.audit_book.question import Named, Reader
from fundops.exports.audit_book.samples import SAMPLES
from fundops.ledger.models import Fund
from tests.calls.conftest import statements as statements
from tests.exports.audit_book.asked import a_book
from tests.factories import a_fund, a_lot
from tests.grants.grant_factories import a_desk, a_grant, a_payment, accepted
from tests.staged import staged
from tests.world import Caller, World

BYTES = {"content-type": "application/octet-stream"}
PAID = (900_000, 120_000, 95_000, 88_000, 70_000, 64_000, 41_000, 33_000, 20_000, 7_500)
"""What ten payments came to, in cents."""


REASONS = ("risk_reason", "tolerable_reason", "expected_reason")


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


class Scene:
    """A fund with ten payments, accepted expenditure, two auditors, and one of another fund."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.write() as db:
            audit.lock_head(db)
            fund, other = a_fund(db), a_fund(db)
            a_lot(db, fund, 3_000_000)
            desk = a_desk(db)
            for minor in PAID:
                grant = a_grant(db, fund, minor + 1_000)
                a_payment(db, desk, fund, grant, minor)
            accepted(db, grant, 7_000, support_minor=500)
            self.grant_id = grant.id
            self.fund_id, self.other_id = fund.id, other.id
        self.auditor = world.as_role(Role.AUDITOR, fund_id=self.fund_id)
        self.second = world.as_role(Role.AUDITOR)
        self.stranger = world.as_role(Role.AUDITOR, fund_id=self.other_id)
        self.finance = world.as_role(Role.FINANCE_OFFICER)

    def given(self, **over: Any) -> dict[str, Any]:
        """Return a plan at 5 %: 14,385.00 paid, 6,000.00 tolerable, nothing expected."""
        return {
            "fund_id": str(self.fund_id), "population": "disbursements",
            "method": "monetary_unit", "risk": "0.05", "risk_reason": "First audit.",
            "tolerable": usd("6000.00"), "tolerable_reason": "A part of what was paid.",
            "expected": usd("0.00"), "expected_reason": "None found before.",
            "seed": "2026-first-audit",
        } | over  # fmt: skip

    def drawn(self, **over: Any) -> str:
        """Draw a sample; return its place."""
        made = self.auditor.post("/v1/audit_samples", json=self.given(**over))
        assert made.status_code == 201, made.text
        place = str(made.headers["location"])
        answer = self.auditor.post(f"{place}/draw")
        assert answer.status_code == 200, answer.text
        return place


scene = staged(Scene)


def fetch(me: Caller, place: str) -> tuple[bytes, str]:
    answer = me.get(f"{place}/workbook")
    assert answer.status_code == 200, answer.text
    return answer.content, answer.headers["etag"]


def send(me: Caller, place: str, raw: bytes, tag: str) -> Any:
    return me.request("PUT", f"{place}/workbook", content=raw, headers=BYTES | {"if-match": tag})


def changed(raw: bytes, change: Callable[[Any, dict[str, int], int], None]) -> bytes:
    """Return the workbook after ``change`` (its sheet, columns by heading, first row) of items."""
    book: Workbook = load_workbook(io.BytesIO(raw))
    sheet = book["Items"]
    [heading] = [row for row in range(1, 20) if sheet.cell(row, 2).value == "No."]
    columns = {
        str(sheet.cell(heading, at).value).rstrip(" *"): at for at in range(2, sheet.max_column + 1)
    }
    first = next(r for r in range(heading + 1, heading + 9) if sheet.cell(r, 2).value == 1)
    change(sheet, columns, first)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def filled_in(raw: bytes, **wrong: float) -> bytes:
    """Return the workbook filled in: as booked but for items named by number, ``n3=100.5``."""

    def fill(sheet: Any, columns: dict[str, int], first: int) -> None:
        for row in range(first, sheet.max_row + 1):
            number = sheet.cell(row, columns["No."]).value
            if number is None:
                continue
            booked = sheet.cell(row, columns["Book amount"]).value
            found = wrong.get(f"n{number}", booked)
            sheet.cell(row, columns["Audited amount"]).value = found
            if found != booked:
                sheet.cell(row, columns["Remark"]).value = "No receipt for a part of it."

    return changed(raw, fill)


def items_of(me: Caller, place: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = me.get(f"{place}/items?sort=number&limit=200").json()["items"]
    return found


def test_a_sample_from_plan_to_review(scene: Scene) -> None:
    me = scene.auditor
    plan = me.request("POST", "/v1/audit_samples/plan", json=scene.given()).json()
    assert plan["population"] == plan["ledger"] == usd("14385.00")
    assert (plan["difference"], plan["population_count"]) == (usd("0.00"), len(PAID))
    # 14,385.00 x 2.995732 / 6,000.00 = 7.18, so 8 items, one every 1,798.13.
    assert (plan["confidence"], plan["expansion"]) == ("2.995732", "1.6")
    assert (plan["size"], plan["interval"]) == (8, usd("1798.13"))
    assert me.get("/v1/audit_samples").json()["items"] == []

    place = scene.drawn()
    again = scene.drawn()
    items = items_of(me, place)
    assert [one["code"] for one in items] == [one["code"] for one in items_of(me, again)]
    assert items[0]["why"] == "top_stratum"
    assert items[0]["amount"] == usd("9000.00")
    drawn = [one for one in items if one["why"] == "interval"]
    assert 2 <= len(drawn) <= 3  # 5,385.00 below the interval
    start = me.get(place).json()["start"]
    assert drawn[0]["point"] == start

    raw, tag = fetch(me, place)
    assert me.post(f"{place}/evaluate").status_code == 409  # nothing was tested yet
    half = int(drawn[0]["amount"]["amount"].replace(".", "")) / 200
    made = filled_in(raw, n1=8_900.00, n2=half)
    checked = me.request("POST", f"{place}/check_workbook", content=made, headers=BYTES)
    assert (checked.status_code, checked.headers["x-problems"]) == (200, "0")
    sent = send(me, place, made, tag)
    assert sent.status_code == 200, sent.text
    twice = send(me, place, made, tag)  # the answer was lost: the same file, the old tag
    assert (twice.status_code, twice.json()["version"]) == (200, sent.json()["version"])
    other = filled_in(raw, n1=8_800.00, n2=half)
    assert send(me, place, other, tag).status_code == 412
    assert items_of(me, place)[0]["audited"] == usd("8900.00")

    said = me.post(f"{place}/evaluate").json()
    # Known 100.00; half of an item projects to half the interval; 2.995732 intervals of basic
    # precision; 4.743865 - 2.995732 - 1 = 0.748133 of the projection as allowance.
    taint = Fraction(round(half * 100), 2 * round(half * 100))
    assert taint == Fraction(1, 2)
    projected, basic, allowance = 89_907, 538_672, 67_262
    assert said["likely"] == usd(f"{(10_000 + projected) / 100:.2f}")
    assert said["upper"] == usd(f"{(10_000 + projected + basic + allowance) / 100:.2f}")
    assert said["is_accepted"] is False
    assert (said["understated_likely"], said["apart"]) == (usd("0.00"), usd("0.00"))

    assert me.post(f"{place}/review").json()["type"].endswith("same-person")
    back = scene.second.post(f"{place}/send_back", json={"reason": "Look at item 1 again."})
    assert (back.json()["status"], back.json()["upper"]) == ("drawn", None)
    fixed = filled_in(fetch(me, place)[0], n1=9_000.00, n2=half)
    assert send(me, place, fixed, fetch(me, place)[1]).status_code == 200
    assert me.post(f"{place}/evaluate").json()["likely"] == usd(f"{projected / 100:.2f}")
    done = scene.second.post(f"{place}/review")
    assert (done.status_code, done.json()["status"]) == (200, "reviewed")
    late = send(me, place, made, done.headers["etag"])
    assert late.json()["type"].endswith("wrong-status")
    evaluation = me.get(f"{place}/evaluation")
    assert evaluation.status_code == 200, evaluation.text


def test_only_the_fund_s_people_and_two_persons(scene: Scene) -> None:
    place = scene.drawn()
    for verb in ("", "/items", "/workbook", "/evaluation"):
        assert scene.stranger.get(f"{place}{verb}").status_code == 404
    for verb in ("draw", "evaluate", "review"):
        assert scene.stranger.post(f"{place}/{verb}").status_code == 404
    assert scene.stranger.get("/v1/audit_samples").json()["items"] == []
    assert scene.stranger.post("/v1/audit_samples", json=scene.given()).status_code == 422
    assert scene.finance.get(place).status_code == 200
    assert scene.finance.post("/v1/audit_samples", json=scene.given()).status_code == 403
    assert scene.auditor.post(f"{place}/draw").json()["type"].endswith("wrong-status")


def test_who_tested_does_not_review(scene: Scene) -> None:
    """Nobody answers for the values they recorded: they did, though another prepared it."""
    place = scene.drawn()
    raw, tag = fetch(scene.second, place)
    assert send(scene.second, place, filled_in(raw), tag).status_code == 200
    assert scene.auditor.post(f"{place}/evaluate").status_code == 200
    refused = scene.second.post(f"{place}/review")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "same-person")
    again = {"reason": "I tested it, and want to look again."}
    assert scene.second.post(f"{place}/send_back", json=again).status_code == 200
    assert scene.auditor.post(f"{place}/evaluate").status_code == 200
    third = scene.world.as_role(Role.AUDITOR)
    assert third.post(f"{place}/review").json()["status"] == "reviewed"


def test_a_donor_reads_no_word_of_an_auditor(scene: Scene) -> None:
    """The audit workbook gives readers outside the figures of samples, not their reasons."""
    said = {one: f"CANARY {one} of the Hidden House" for one in REASONS}
    scene.drawn(**said)
    with scene.world.database.export() as db:
        fund = Named(fund=db.get_one(Fund, scene.fund_id).code)
        told = {
            reader: list(SAMPLES.rows(a_book(db, fund, reader=reader)))
            for reader in (Reader.AUDITOR, Reader.OUTSIDE)
        }
    assert str(told[Reader.AUDITOR]).count("CANARY") == len(REASONS)
    assert "CANARY" not in str(told[Reader.OUTSIDE])
    hidden = [i for i, one in enumerate(told[Reader.AUDITOR][0]) if "CANARY" in str(one)]
    for at, one in enumerate(told[Reader.AUDITOR][0]):
        assert at in hidden or told[Reader.OUTSIDE][0][at] == one


def test_a_tampered_workbook_is_refused_with_its_cell(scene: Scene) -> None:
    me, place = scene.auditor, scene.drawn()
    raw, tag = fetch(me, place)
    made = filled_in(raw)

    def amount(sheet: Any, columns: dict[str, int], first: int) -> None:
        sheet.cell(first, columns["Book amount"]).value = 8_999.99

    def code(sheet: Any, columns: dict[str, int], first: int) -> None:
        sheet.cell(first + 1, columns["Record"]).value = "DSB-2026-9999"

    def removed(sheet: Any, columns: dict[str, int], first: int) -> None:
        sheet.delete_rows(first + 1)

    def added(sheet: Any, columns: dict[str, int], first: int) -> None:
        row = sheet.max_row + 1
        sheet.cell(row, columns["Record"]).value = "DSB-2026-9999"
        sheet.cell(row, columns["Audited amount"]).value = 1

    def negative(sheet: Any, columns: dict[str, int], first: int) -> None:
        sheet.cell(first, columns["Audited amount"]).value = -1

    for change in (amount, code, removed, added, negative):
        refused = send(me, place, changed(made, change), tag)
        assert refused.status_code == 422, change
        assert refused.json()["type"].endswith("file-refused")
        assert "Items!" in refused.json()["errors"][0]["detail"], (change, refused.json())
        checked = me.request(
            "POST", f"{place}/check_workbook", content=changed(made, change), headers=BYTES
        )
        assert int(checked.headers["x-problems"]) >= 1
    other = scene.drawn(seed="another-seed")
    wrong = send(me, other, made, me.get(other).headers["etag"])
    assert (wrong.status_code, "other" not in wrong.json()["type"]) == (422, True)
    assert all(one["audited"] is None for one in items_of(me, place))


def test_other_populations_and_methods(scene: Scene) -> None:
    lines = scene.drawn(population="expenditure", grant_id=str(scene.grant_id),
                        tolerable=usd("50.00"))  # fmt: skip
    row = scene.auditor.get(lines).json()
    assert row["population"] == usd("74.90")  # support cost is capped at 7 %
    assert row["difference"] == usd("0.00")
    strata = {
        "method": "stratified", "size": 6, "divided_by": "amount", "allocation": "neyman",
        "bands": [usd("500.00"), usd("1000.00")],
    }  # fmt: skip
    place = scene.drawn(**strata)
    counts = [one["stratum"] for one in items_of(scene.auditor, place)]
    assert {name: counts.count(name) for name in "123"} == {"1": 2, "2": 2, "3": 2}
    raw, tag = fetch(scene.auditor, place)
    assert send(scene.auditor, place, filled_in(raw), tag).status_code == 200
    said = scene.auditor.post(f"{place}/evaluate").json()
    assert (said["likely"], said["upper"], said["is_accepted"]) == (usd("0.00"), usd("0.00"), True)
    assert scene.auditor.get(f"{place}/evaluation").status_code == 200
    for over, pointer in (
        ({"risk": "0.6"}, "/risk"), ({"size": 3}, "/size"), ({"method": "random"}, "/size"),
        ({"expected": usd("6000.00")}, "/expected"), ({"expected": usd("4000.00")}, "/expected"),
        ({"tolerable": usd("1.00")}, "/tolerable"), ({"bands": [usd("5.00")]}, "/bands"),
        (strata | {"size": 5}, "/size"), (strata | {"bands": []}, "/bands"),
        ({"as_of_on": "2199-01-01"}, "/as_of_on"), ({"population": "receipts"}, "/population"),
        ({"population": "receipts", "grant_id": str(scene.grant_id)}, "/grant_id"),
        ({"as_of_on": "2025-01-01"}, "/population"),
        ({"tolerable": {"amount": "6000.00", "currency": "EUR"}}, "/tolerable/currency"),
    ):  # fmt: skip
        answer = scene.auditor.post("/v1/audit_samples", json=scene.given(**over))
        assert answer.status_code == 422, over
        assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_population_is_the_same_at_any_later_time(scene: Scene) -> None:
    made = scene.auditor.post("/v1/audit_samples", json=scene.given()).json()
    with scene.world.database.write() as db:
        audit.lock_head(db)
        fund = db.get_one(Fund, scene.fund_id)
        grant = a_grant(db, fund, 400_000)
        a_payment(db, a_desk(db), fund, grant, 300_000)
    drawn = scene.auditor.post(f"/v1/audit_samples/{made['id']}/draw")
    assert drawn.status_code == 200
    assert drawn.json()["population"] == usd("14385.00")
    later = scene.auditor.post("/v1/audit_samples/plan", json=scene.given()).json()
    assert later["population"] == usd("17385.00")


def test_a_workbook_asks_a_constant_number_of_queries(scene: Scene, statements: Any) -> None:
    few = scene.drawn(method="random", size=2)
    many = scene.drawn(method="random", size=10)
    counts = []
    for place in (few, many):
        with statements() as seen:
            assert scene.auditor.get(f"{place}/workbook").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
