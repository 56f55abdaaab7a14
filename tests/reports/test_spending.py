"""A report's expenditure: converted, filed, accepted with its difference, corrected."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from fundops import clock
from fundops.errors import Problem
from fundops.expenditures import receivables
from fundops.expenditures.models import Receivable
from fundops.expenditures.owed_schemas import FindingIn, SupportIn
from fundops.expenditures.standing import unspent
from fundops.grants.agreement_content import Line
from fundops.grants.models import Grant
from fundops.ledger import checks
from fundops.ledger.models import Fund
from fundops.reports.spending_schemas import CertificationIn
from tests.grants.grant_factories import usd as dollars
from tests.reports.money_scene import MoneyScene, decided, minor, uah, usd
from tests.staged import staged
from tests.world import World

Q1 = (date(2026, 4, 1), date(2026, 6, 30))
Q2 = (date(2026, 7, 1), date(2026, 9, 30))
Q3 = (date(2026, 10, 1), date(2026, 10, 31))


scene = staged(MoneyScene)
"""A grant paid in dollars and spent in hryvnias."""


def received(world: World) -> MoneyScene:
    """Declare both tranches: the first at 40, the second at 44."""
    scene = MoneyScene(world)
    assert scene.declare("10000.00", "400000.00").status_code == 201
    second = scene.declare("10000.00", "440000.00", "2026-08-05", of=scene.second_id)
    assert second.status_code == 201
    return scene


both = staged(received)
"""The same, with both tranches received and exchanged."""


def lines_of(statement: Any) -> list[tuple[int | None, str, str | None]]:
    return [
        (
            one["budget_line"],
            one["reported"]["amount"],
            one["accepted"] and one["accepted"]["amount"],
        )
        for one in statement["lines"]
    ]


def ledger_accepted(scene: MoneyScene) -> int:
    with scene.world.database.read() as db:
        standing = unspent(db, db.get_one(Grant, scene.grant_id))
        return standing.total.accepted_minor + standing.waiting_minor


def test_local_spending_becomes_lines_that_sum_to_its_cost(both: MoneyScene) -> None:
    """The worked example of docs/face.md, by first in first out."""
    first = both.submit(*Q1, (1, "200000.00"), (2, "100000.00", "500.00"))
    assert lines_of(both.accept(first)) == [
        (1, "5000.00", "5000.00"), (2, "2500.00", "2500.00"), (None, "0.00", "0.00"),
    ]  # fmt: skip
    second = both.submit(*Q2, (1, "100000.01"), (2, "66666.66"), (3, "33333.33"))
    told = both.accept(second)
    assert lines_of(told) == [
        (1, "2386.37", "2386.37"), (2, "1590.91", "1590.91"), (3, "795.45", "795.45"),
        (None, "0.00", "0.00"),
    ]  # fmt: skip
    assert (told["currency"], told["accepted"]) == ("UAH", usd("4772.73"))
    assert told["lines"][2]["spent"] == uah("33333.33")
    assert told["lines"][3]["kind"] == "exchange_difference"
    third = both.submit(*Q3, (1, "340000.00"))
    assert both.accept(third)["accepted"] == usd("7727.27")
    assert ledger_accepted(both) == 20_000_00, "all that was received is charged, to the cent"


def test_the_average_moves_what_was_spent_before_as_a_gain_of_its_own(both: MoneyScene) -> None:
    both.accept(both.submit(*Q1, (1, "300000.00"), method="weighted_average"))
    told = both.accept(both.submit(*Q2, (1, "200000.00"), method="weighted_average"))
    assert lines_of(told) == [(1, "4761.90", "4761.90"), (None, "-357.14", "-357.14")]
    assert (told["accepted"], told["reported"]) == (usd("4404.76"), usd("4404.76"))
    both.accept(both.submit(*Q3, (1, "340000.00"), method="weighted_average"))
    assert ledger_accepted(both) == 20_000_00


def test_prefinanced_spending_is_trued_up_once_the_money_came(scene: MoneyScene) -> None:
    scene.know_rate("42")
    first = scene.submit(*Q1, (1, "42000.00"))
    assert lines_of(scene.accept(first))[0] == (1, "1000.00", "1000.00"), "the fund's own rate"
    assert scene.declare("10000.00", "400000.00").status_code == 201
    told = scene.accept(scene.submit(*Q2, (1, "8000.00")))
    assert lines_of(told) == [(1, "200.00", "200.00"), (None, "50.00", "50.00")], "at 40 it cost 50"
    assert ledger_accepted(scene) == 1_250_00
    row = next(one for one in scene.face()["rows"] if one["kind"] == "exchange_difference")
    assert (row["accepted"], row["authorised"], row["number"]) == (usd("50.00"), usd("0.00"), None)


def test_a_gain_takes_off_what_there_is_and_the_rest_next_time(scene: MoneyScene) -> None:
    scene.know_rate("20")
    scene.accept(scene.submit(*Q1, (1, "80000.00")))
    assert ledger_accepted(scene) == 4_000_00
    assert scene.declare("10000.00", "400000.00").status_code == 201
    small = scene.accept(scene.submit(*Q2, (1, "20000.00")))
    assert lines_of(small) == [(1, "500.00", "500.00"), (None, "-2000.00", "-500.00")]
    assert (small["reported"], small["accepted"]) == (usd("0.00"), usd("0.00"))
    last = scene.accept(scene.submit(*Q3, (1, "100000.00")))
    assert lines_of(last) == [(1, "2500.00", "2500.00"), (None, "-1500.00", "-1500.00")]
    assert ledger_accepted(scene) == 5_000_00, "200,000.00 at 40"


def test_a_gain_shrinks_with_what_is_refused(scene: MoneyScene) -> None:
    scene.know_rate("20")
    first = scene.submit(*Q1, (1, "80000.00"))
    scene.accept(first, decided(1, accepted="2000.00", reason="No contract for half of it."))
    assert scene.declare("10000.00", "400000.00").status_code == 201
    told = scene.accept(scene.submit(*Q2, (1, "80000.00")))
    assert lines_of(told)[1] == (None, "-1000.00", "-1000.00"), "half of it was accepted"
    assert ledger_accepted(scene) == 1_000_00 + 2_000_00


def test_a_corrected_receipt_or_report_leaves_no_trace_in_the_total(scene: MoneyScene) -> None:
    wrong = scene.declare("10000.00", "500000.00").json()["id"]
    first = scene.submit(*Q1, (1, "250000.00"))
    scene.remember()
    scene.accept(first)
    scene.remember()
    assert ledger_accepted(scene) == 5_000_00
    scene.grantee.post(f"/v1/local_receipts/{wrong}/reverse", json={"reason": "Mistyped."})
    scene.declare("10000.00", "400000.00")
    scene.declare("10000.00", "440000.00", "2026-08-05", of=scene.second_id)
    scene.accept(scene.submit(*Q2, (1, "10000.00")))
    assert ledger_accepted(scene) == 6_500_00
    again = scene.submit(*Q1, (1, "200000.00"), report_id=first)
    shown = scene.face(again)
    assert shown["rows"][0]["under_review"] == usd("5000.00"), "200,000.00 at 40"
    assert shown["total"]["under_review"] == usd("3750.00"), "the loss in the second report is gone"
    assert shown["total"]["accepted"] == usd("6500.00"), "the first version counts until then"
    scene.remember()
    told = scene.accept(again)
    scene.remember()
    assert told["replaces_id"] is not None
    assert told["reason"] == "The first was wrong."
    # 210,000.00 at 40 in all; the second report's line of difference goes with the rest.
    assert ledger_accepted(scene) == 5_250_00
    for was, now in scene.asked_again():
        assert now == was


def test_a_correction_under_review_stands_for_what_it_corrects(both: MoneyScene) -> None:
    """Counted beside it, the next report would be converted as if 410,000.00 had been spent."""
    first = both.submit(*Q1, (1, "200000.00"))
    both.accept(first)
    both.submit(*Q1, (1, "210000.00"), report_id=first)
    second = both.submit(*Q2, (1, "100000.00"))
    shown = both.face(second)["rows"]
    assert shown[0]["reported"] == usd("2500.00"), "the first 310,000.00 came at 40"
    assert next(one for one in shown if one["kind"] == "exchange_difference")["reported"] == usd(
        "0.00"
    )
    both.accept(first)
    assert lines_of(both.accept(second)) == [(1, "2500.00", "2500.00"), (None, "0.00", "0.00")]
    assert ledger_accepted(both) == 7_750_00


def test_what_was_sent_back_is_filed_anew_and_still_corrects(both: MoneyScene) -> None:
    first = both.submit(*Q1, (1, "200000.00"))
    both.send_back(first)
    assert ledger_accepted(both) == 0
    both.submit(*Q1, (1, "100000.00"), report_id=first)
    both.accept(first)
    both.submit(*Q1, (1, "80000.00"), report_id=first)
    both.send_back(first)
    both.submit(*Q1, (1, "60000.00"), report_id=first)
    both.accept(first)
    assert ledger_accepted(both) == 1_500_00


def test_what_is_not_certified_or_too_early_is_not_filed(both: MoneyScene) -> None:
    tried: tuple[tuple[Any, str], ...] = (
        ({"certified": CertificationIn()}, "/certified/expenditure"),
        ({"certified": CertificationIn(expenditure=True)}, "/certified/request"),
        ({"currency": "EUR"}, "/currency"),
        ({"currency": "USD"}, "/currency"),
    )
    for over, pointer in tried:
        with pytest.raises(Problem) as refused:
            both.submit(*Q1, (1, "100.00", "1.00"), **over)
        assert [error.pointer for error in refused.value.errors] == [pointer], over
    with pytest.raises(Problem) as early:
        both.submit(date(2026, 11, 1), date(2199, 1, 1), (1, "100.00"))
    assert early.value.slug == "conflict"
    asked_nothing = CertificationIn(expenditure=True)
    both.submit(*Q1, (1, "100.00"), certified=asked_nothing)


def test_without_a_rate_nothing_is_converted(scene: MoneyScene) -> None:
    with pytest.raises(Problem) as refused:
        scene.submit(*Q1, (1, "100.00"))
    assert [error.pointer for error in refused.value.errors] == ["/currency"]


def test_in_the_funds_own_currency_everything_is_one_to_one(scene: MoneyScene) -> None:
    told = scene.accept(scene.submit(*Q1, (1, "1234.56"), (2, "0"), currency="USD"))
    assert lines_of(told) == [(1, "1234.56", "1234.56"), (2, "0.00", "0.00")], "no difference line"
    refused = scene.declare("10.00", "400.00")
    assert refused.json()["type"].endswith("conflict"), "there is nothing to exchange"
    nothing = scene.accept(scene.submit(*Q2, (1, "0"), currency="USD"))
    assert nothing["accepted"] == usd("0.00")


def test_statements_of_reports_have_no_second_way(both: MoneyScene) -> None:
    report = both.submit(*Q1, (1, "200000.00"))
    listed = both.finance.get("/v1/expenditure_statements").json()["items"]
    place = f"/v1/expenditure_statements/{listed[0]['id']}"
    for verb, body in (("accept", {}), ("return", {"reason": "No."})):
        refused = both.finance.post(f"{place}/{verb}", json=body)
        assert refused.json()["type"].endswith("conflict"), verb
    both.accept(report)
    line = {"category": "A", "reported": usd("1.00")}
    wanted: dict[str, Any] = {
        "starts_on": "2026-04-01", "ends_on": "2026-06-30", "lines": [line],
        "replaces_id": listed[0]["id"], "reason": "Cheaper.",
    }  # fmt: skip
    around = both.officer.post(f"{both.place}/expenditure_statements", json=wanted)
    assert around.json()["type"].endswith("conflict"), around.text


def test_whoever_submitted_does_not_accept(both: MoneyScene) -> None:
    both.grantee, own = both.officer, both.grantee
    report = both.submit(*Q1, (1, "200000.00"))
    both.grantee = own
    with pytest.raises(Problem) as refused:
        both.accept(report)
    assert refused.value.slug == "same-person"


def test_support_cost_is_marked_once_and_capped(both: MoneyScene) -> None:
    first = both.submit(*Q1, (1, "200000.00"), (3, "40000.00"))
    told = both.accept(first, decided(3, is_support_cost=True))
    assert lines_of(told)[1] == (3, "1000.00", "350.00"), "7 % of 5,000.00"
    later = both.accept(both.submit(*Q2, (3, "40000.00")))
    assert lines_of(later)[0] == (3, "1000.00", "0.00"), "no direct cost: no support cost"


def test_the_form_agrees_with_the_ledger_after_findings_and_support(both: MoneyScene) -> None:
    first = both.submit(*Q1, (1, "200000.00", "300.00"), (2, "100000.00", "9000.00"))
    before = both.face(first)
    assert before["total"]["accepted"] == usd("0.00"), "under review is no part of it"
    assert before["total"]["under_review"] == usd("7500.00")
    assert before["rows"][0]["outstanding"] is None
    clock.set_clock(lambda: datetime(2026, 10, 20, tzinfo=UTC))
    try:
        both.accept(
            first, decided(2, accepted="2000.00", reason="No invoice.", authorised="2500.00")
        )
    finally:
        clock.set_clock(None)

    def find(db: Session) -> None:
        fund, grant = db.get_one(Fund, both.fund_id), db.get_one(Grant, both.grant_id)
        statement_id = both.finance.get("/v1/expenditure_statements").json()["items"][0]["id"]
        given = FindingIn(
            expenditure_statement_id=statement_id, amount=dollars(700_00),
            found_on=date(2026, 11, 1), reason="Receipts of another project.",
        )  # fmt: skip
        found = receivables.open_finding(db, both.finance.actor, fund, grant, given)
        refused = next(one for one in db.query(Receivable).all() if one.origin == "statement")
        for owed, amount in ((found, 70_00), (refused, 100_00)):
            given_later = SupportIn(
                kind="additional_support", amount=dollars(amount),
                accepted_on=date(2026, 11, 2), reason="It came later.",
            )  # fmt: skip
            receivables.support(db, both.officer.actor, fund, grant, owed, given_later)

    both.remember()
    both.write(find)
    both.remember()
    shown = both.face(first)
    assert minor(shown["total"]["accepted"]) == ledger_accepted(both) == 7_000_00 - 630_00 + 100_00
    rows = {one["number"]: one for one in shown["rows"]}
    # 630.00 off 5,000.00 and 2,000.00; what was supported later is of the line refused.
    assert (rows[1]["accepted"], rows[2]["accepted"]) == (usd("4550.00"), usd("1920.00"))
    for one in [*shown["rows"], *shown["categories"], shown["total"]]:
        assert minor(one["balance"]) == minor(one["authorised"]) - minor(one["accepted"])
    assert (rows[1]["requested"], rows[1]["request_authorised"]) == (usd("300.00"), usd("300.00"))
    assert (rows[2]["requested"], rows[2]["request_authorised"]) == (usd("9000.00"), usd("2500.00"))
    assert rows[1]["outstanding"] == usd("7750.00"), "7,450.00 left, and 300.00 authorised"
    assert shown["certification"]["expenditure"] is True
    assert sum(minor(one["accepted"]) for one in shown["categories"]) == ledger_accepted(both)
    (was_before, before_find), (was_after, after_find) = both.asked_again()
    assert (before_find, after_find) == (was_before, was_after)
    assert before_find["total"]["accepted"] == usd("7000.00"), "nothing was found by then"
    # What was found counts from the day of what it takes back, what was supported from its own.
    for day, total in (("2026-11-01", "6300.00"), ("2026-11-02", "6470.00")):
        then = both.officer.get(f"{both.place}/face?as_of={day}").json()
        assert then["total"]["accepted"] == usd(total)


def test_no_more_is_authorised_than_is_left_of_a_line(both: MoneyScene) -> None:
    report = both.submit(*Q1, (2, "180000.00", "900.00"))
    with pytest.raises(Problem) as refused:
        both.accept(report, decided(2, authorised="500.01"))
    assert [error.pointer for error in refused.value.errors] == ["/lines/0/authorised/amount"]
    both.accept(report)
    row = next(one for one in both.face(report)["rows"] if one["number"] == 2)
    assert row["request_authorised"] == usd("500.00"), "as far as there is anything left"


def test_lines_beyond_their_budget_are_marked_by_what_the_policy_allows(both: MoneyScene) -> None:
    report = both.submit(*Q1, (2, "210000.00"))
    shown = both.face(report)
    row = next(one for one in shown["rows"] if one["number"] == 2)
    assert (row["over"], shown["reallocation"]["moved_percent"]) == ("within_threshold", "1.25")
    both.accept(report)
    late = both.submit(*Q2, (2, "190000.00"))
    shown = both.face(late)
    row = next(one for one in shown["rows"] if one["number"] == 2)
    assert (row["over"], shown["reallocation"]["is_beyond"]) == ("beyond_threshold", True)
    assert minor(row["balance"]) == -250_00


def test_the_form_of_a_day_gone_by_has_what_was_accepted_by_then(both: MoneyScene) -> None:
    first = both.submit(*Q1, (1, "200000.00", "300.00"))
    second = both.submit(*Q2, (1, "100000.00", "100.00"))
    then = datetime(2026, 10, 5, 12, tzinfo=UTC)
    clock.set_clock(lambda: then)
    try:
        both.accept(first)
    finally:
        clock.set_clock(None)
    both.accept(second)

    def shown(query: str, name: str = "accepted") -> Any:
        answer = both.officer.get(f"{both.place}/face?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["total"][name]

    assert both.face()["total"]["accepted"] == usd("7500.00")
    assert shown(f"as_of={clock.today('UTC')}") == usd("7500.00")
    assert shown("as_of=2026-10-05") == usd("5000.00")
    assert shown("as_of=2026-10-05", "requested") == usd("300.00")
    assert shown("as_of=2026-10-04") == shown("as_of=2026-10-04", "requested") == usd("0.00")
    assert shown("known_at=2026-01-01T00:00:00Z") == usd("0.00"), "nothing was known"
    for wrong in ("as_of=2199-01-01", "known_at=2199-01-01T00:00:00Z"):
        assert both.officer.get(f"{both.place}/face?{wrong}").status_code == 422
    asked = f"{both.place}/face?as_of=2026-10-05"
    assert both.stranger.get(asked).status_code == 404


def test_the_form_is_its_grants_own(both: MoneyScene) -> None:
    report = both.submit(*Q1, (1, "200000.00"))
    place = f"/v1/progress_reports/{report}/face"
    assert both.stranger.get(place).status_code == 404
    assert both.stranger.get(f"{both.place}/face").status_code == 404
    own = both.grantee.get(place).json()
    assert own["exchange"]["implausible"] == 0, "no rate is on record"
    both.know_rate("40")
    both.know_rate("38", "2026-08-01")
    exchange = both.face(report)["exchange"]
    assert (exchange["implausible"], exchange["undeclared"]) == (1, usd("0.00")), "44 is far of 38"
    assert own["rows"][0]["spent"] == uah("200000.00")
    assert own["report"]["method"] == "first_in_first_out"


@pytest.mark.parametrize(
    ("check", "planted"),
    [
        ("local_receipts_within", "UPDATE disbursements SET amount_minor = amount_minor - 1"),
        (
            "statement_lines_add_up",
            "UPDATE expenditure_lines SET accepted_minor = accepted_minor - 1,"
            " unsupported_minor = 1, reason = 'x' WHERE kind = 'expenditure'",
        ),
    ],
)
def test_a_planted_fault_is_found(both: MoneyScene, check: str, planted: str) -> None:
    both.accept(both.submit(*Q1, (1, "200000.00")))
    with both.world.database.writer.connect() as connection:
        connection.execute(sql(planted))
        with Session(connection) as db:
            assert check in {found.check for found in checks.run(db)}
        connection.rollback()


def test_an_amendment_moves_numbers_and_not_what_was_spent(both: MoneyScene) -> None:
    """What was submitted under the old numbers is authorised and shown on the same lines."""
    both.accept(both.submit(*Q1, (2, "40000.00")))
    late = both.submit(*Q2, (1, "40000.00", "20000.00"), (2, "40000.00", "700.00"))
    both.remember()
    both.amend(
        Line("B", "Blankets", {4: 100}, 5_000_00),
        Line("A", "Two house mothers", {4: 100}, 9_000_00),
        Line("G", "Rent", {4: 100}, 6_000_00),
    )  # fmt: skip
    both.accept(late)
    found = {
        (row["kind"], row["number"], row["description"]): row for row in both.face(late)["rows"]
    }
    mothers = found["budget_line", 2, "Two house mothers"]
    assert mothers["accepted"] == mothers["accepted_of_report"] == usd("1000.00")
    assert mothers["request_authorised"] == usd("8000.00"), "what is left of its new amount"
    travel = found["former_line", None, "Travel"]
    assert (travel["accepted"], travel["balance"]) == (usd("2000.00"), usd("-2000.00"))
    assert travel["request_authorised"] == usd("0.00"), "nothing is left of what is agreed no more"
    assert found["budget_line", 1, "Blankets"]["accepted"] == usd("0.00")
    assert minor(both.face()["total"]["accepted"]) == ledger_accepted(both) == 3_000_00
    both.remember()
    for was, now in both.asked_again():
        assert now == was
