"""Rows: what sets one aside, what only warns, how keys hold, and that nothing is ever lost."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fundops.imports import cells, crosschecks, mapping, totals
from fundops.imports.read import Batch, read, summary
from fundops.imports.records import ContributionRecord, Record
from tests.imports.conftest import WriteFile, contribution, contributions


def batch_of(write_file: WriteFile, *lines: str, profile: str = "cbpf-contributions") -> Batch:
    return read(profile, [write_file("rows.csv", contributions(*lines))])


def contribution_of(batch: Batch) -> ContributionRecord:
    (record,) = batch.records
    assert isinstance(record, ContributionRecord)
    return record


def test_a_contribution_is_read_whole(write_file: WriteFile) -> None:
    record = contribution_of(batch_of(write_file, contribution(ReceivedComments="a\n b")))
    assert (record.fund_code, record.fund_name, record.donor_name) == ("UKR81", "Ukraine", "Norway")
    assert (record.donor_type, record.fiscal_year, record.status) == ("state", 2018, "paid")
    assert (record.pledged_on, record.paid_on) == (date(2018, 1, 2), date(2018, 2, 3))
    assert (record.paid_currency, record.paid_rate) == ("EUR", "0.8")
    assert (record.paid_local_minor, record.paid_minor) == (8000, 10000)
    assert (record.outstanding_minor, record.gross_minor) == (0, 10000)
    assert (record.currency, record.comment) == ("USD", "a b")
    assert record.source["PaidAmtLocalCurrency"] == "EUR "


@pytest.mark.parametrize(
    ("cells_", "code", "column"),
    [
        ({"DonorName": ""}, "needed", "DonorName"),
        ({"ContributionCode": " "}, "needed", "ContributionCode"),
        ({"PaidAmt": ""}, "needed", "PaidAmt"),
        ({"PaidAmt": "1,00"}, "not_a_number", "PaidAmt"),
        ({"PaidAmt": "-1"}, "negative_amount", "PaidAmt"),
        ({"PaidAmt": "1E+20"}, "amount_too_large", "PaidAmt"),
        ({"PaidDate": ""}, "paid_without_date", "PaidDate"),
        ({"PaidDate": "1900-01-01"}, "paid_without_date", "PaidDate"),
        ({"PaidDate": "2018-02-30"}, "not_a_date", "PaidDate"),
        ({"PledgeDate": "1800-01-01"}, "implausible_date", "PledgeDate"),
        ({"PaidAmtLocal": "0.0"}, "amounts_contradict", "PaidAmt"),
        ({"PaidAmtLocalCurrency": ""}, "amount_without_currency", "PaidAmtLocal"),
        ({"PaidAmtLocalCurrency": "EURO"}, "unknown_currency", "PaidAmtLocalCurrency"),
        ({"PledgeAmtLocalCurrency": "XXZ"}, "unknown_currency", "PledgeAmtLocalCurrency"),
        ({"PaidAmtCurrencyExchangeRate": "x"}, "not_a_number", "PaidAmtCurrencyExchangeRate"),
        ({"FiscalYear": "20188"}, "not_a_year", "FiscalYear"),
        ({"DonorType": "Martian"}, "unknown_value", "DonorType"),
        (
            {"PaidAmt": "0.0", "PaidAmtLocal": "0.0", "PaidDate": ""},
            "nothing_promised",
            None,
        ),
    ],
)
def test_a_row_that_cannot_be_right_is_set_aside(
    write_file: WriteFile, cells_: dict[str, str], code: str, column: str | None
) -> None:
    batch = batch_of(write_file, contribution(**cells_), contribution(ContributionCode="C-2"))
    assert [record.key for record in batch.records] == ["C-2"]
    (aside,) = batch.set_aside
    assert (aside.reasons[0].code, aside.reasons[0].column) == (code, column)
    assert aside.source["DonorName"] == cells_.get("DonorName", "Norway")
    assert batch.rows == 2
    assert not batch.critical


@pytest.mark.parametrize(
    ("cells_", "code"),
    [
        ({"DonorName": "UNOCHA"}, "value_corrected"),
        ({"PooledFundName": "Atlantis"}, "unlisted_value"),
        ({"PaidAmtLocal": "80.004"}, "rounded"),
        ({"PaidAmt": "120.0"}, "booked_differs_from_rate"),
        ({"PaidAmtCurrencyExchangeRate": "0.0"}, "no_rate"),
        ({"PaidAmtLocalCurrency": "USD "}, "booked_differs"),
    ],
)
def test_a_row_that_may_be_odd_is_used_with_a_warning(
    write_file: WriteFile, cells_: dict[str, str], code: str
) -> None:
    batch = batch_of(write_file, contribution(**cells_))
    assert len(batch.records) == 1
    assert [(item.severity, item.code, item.row) for item in batch.findings] == [
        ("warning", code, 2)
    ]
    assert all(total.balanced for total in batch.totals)


def test_the_booked_amount_wins_over_the_rate(write_file: WriteFile) -> None:
    record = contribution_of(batch_of(write_file, contribution(PaidAmt="120.0")))
    assert record.paid_minor == 12000


@pytest.mark.parametrize(
    ("booked", "local", "rate", "fits"),
    [
        ("371040", "399981", "1.08", True),
        ("372500", "399981", "1.08", False),
        ("100", "80", "0.80", True),
        ("102", "80", "0.8", False),
        ("1", "0.001", "0.001", True),
    ],
)
def test_a_rate_explains_what_its_rounding_allows(
    booked: str, local: str, rate: str, fits: bool
) -> None:
    from fundops.imports.rules import explained

    assert explained(Decimal(booked), Decimal(local), Decimal(rate)) is fits


@pytest.mark.parametrize(
    ("cells_", "status"),
    [
        ({}, "paid"),
        ({"PledgeAmt": "5.0"}, "part_paid"),
        ({"PaidAmt": "0.0", "PaidAmtLocal": "0.0", "PaidDate": "", "PledgeAmt": "5.0"}, "open"),
    ],
)
def test_a_missing_status_follows_from_the_amounts(
    write_file: WriteFile, cells_: dict[str, str], status: str
) -> None:
    record = contribution_of(batch_of(write_file, contribution(**cells_)))
    assert record.status == status
    assert record.gross_minor == record.paid_minor + record.outstanding_minor


def test_a_write_off_has_a_day_and_no_receipt(write_file: WriteFile) -> None:
    written_off = {
        "ContributionStatus": "Write-Off",
        "PaidAmt": "0.0",
        "PaidAmtLocal": "0.0",
        "PaidAmtLocalCurrency": "",
        "PaidAmtCurrencyExchangeRate": "0.0",
        "PledgeAmtLocal": "1000.0",
    }
    batch = batch_of(write_file, contribution(**written_off), profile="cerf-contributions")
    record = contribution_of(batch)
    assert (record.status, record.paid_on) == ("written_off", None)
    assert record.written_off_on == date(2018, 2, 3)
    assert (record.paid_minor, record.paid_currency) == (0, None)
    paid = contribution(ContributionStatus="Write-Off")
    batch = batch_of(write_file, paid, profile="cerf-contributions")
    assert batch.set_aside[0].reasons[0].code == "paid_though_written_off"
    unpaid = contribution(**{**written_off, "ContributionStatus": "Fully Paid"})
    batch = batch_of(write_file, unpaid, profile="cerf-contributions")
    assert batch.set_aside[0].reasons[0].code == "paid_without_amount"


INSTALMENTS = [
    contribution(PledgeAmtLocal="180.0", PaidAmtLocal=local, PaidAmt=paid, PaidDate=day)
    for local, paid, day in (
        ("80.0", "100.0", "2018-02-03"),
        ("60.0", "75.0", "2018-03-04"),
        ("40.0", "50.0", "2018-03-04"),
    )
]


def keys(batch: Batch) -> set[str]:
    return {record.key for record in batch.records}


def test_keys_of_instalments_hold_when_rows_move_or_join(write_file: WriteFile) -> None:
    whole = keys(batch_of(write_file, *INSTALMENTS, profile="cerf-contributions"))
    assert whole == {
        "C-1|2018-02-03|EUR|80",
        "C-1|2018-03-04|EUR|60",
        "C-1|2018-03-04|EUR|40",
    }
    turned = keys(batch_of(write_file, *reversed(INSTALMENTS), profile="cerf-contributions"))
    assert turned == whole
    fewer = keys(batch_of(write_file, *INSTALMENTS[:2], profile="cerf-contributions"))
    assert fewer < whole
    corrected = [INSTALMENTS[0].replace('"100.0"', '"100.4"'), *INSTALMENTS[1:]]
    assert keys(batch_of(write_file, *corrected, profile="cerf-contributions")) == whole


def test_instalments_that_differ_from_the_promise_are_said(write_file: WriteFile) -> None:
    whole = batch_of(write_file, *INSTALMENTS, profile="cerf-contributions")
    assert whole.findings == ()
    short = batch_of(write_file, *INSTALMENTS[:2], profile="cerf-contributions")
    assert [item.code for item in short.findings] == ["paid_differs_from_promise"]
    assert "140.00 EUR" in short.findings[0].message
    partly = [line.replace("Fully Paid", "Partially Paid") for line in INSTALMENTS[:2]]
    batch = batch_of(write_file, *partly, profile="cerf-contributions")
    assert [item.code for item in batch.findings] == ["part_paid"]


def test_lines_of_one_code_must_agree(write_file: WriteFile) -> None:
    other = INSTALMENTS[1].replace("Norway", "Sweden")
    batch = batch_of(write_file, INSTALMENTS[0], other, profile="cerf-contributions")
    assert batch.records == ()
    assert [item.reasons[0].code for item in batch.set_aside] == ["lines_disagree"] * 2
    assert all(total.balanced for total in batch.totals)


def test_a_row_repeated_word_for_word_counts_once(write_file: WriteFile) -> None:
    for profile in ("cbpf-contributions", "cerf-contributions"):
        batch = batch_of(write_file, contribution(), contribution(), profile=profile)
        assert len(batch.records) == 1
        assert [item.reasons[0].code for item in batch.set_aside] == ["repeated_row"]
        assert batch.totals[0].set_aside == batch.totals[0].accepted


def test_rows_that_contradict_each_other_are_all_set_aside(write_file: WriteFile) -> None:
    batch = batch_of(write_file, contribution(), contribution(PaidAmt="100.1"))
    assert batch.records == ()
    assert [item.reasons[0].code for item in batch.set_aside] == ["contradicting_rows"] * 2


def test_like_lines_are_numbered_whatever_their_order(write_file: WriteFile) -> None:
    lines = [contribution(ReceivedComments=note, PledgeAmtLocal="160.0") for note in "ab"]
    found = []
    for order in (lines, lines[::-1]):
        batch = batch_of(write_file, *order, profile="cerf-contributions")
        assert [item.code for item in batch.findings] == ["numbered_row"]
        found.append({record.key: record.source["ReceivedComments"] for record in batch.records})
    assert found[0] == found[1]
    assert set(found[0]) == {"C-1|2018-02-03|EUR|80", "C-1|2018-02-03|EUR|80#2"}


def test_two_files_are_one_import(write_file: WriteFile) -> None:
    one = write_file("one.csv", contributions(contribution()))
    two = write_file("two.csv", contributions(contribution(ContributionCode="C-2")))
    batch = read("cbpf-contributions", [two, one])
    assert [(record.file, record.key) for record in batch.records] == [
        ("one.csv", "C-1"),
        ("two.csv", "C-2"),
    ]
    assert {total.file for total in batch.totals} == {"one.csv", "two.csv"}
    again = write_file("three.csv", contributions(contribution(PaidAmt="100.3")))
    clash = read("cbpf-contributions", [one, again])
    assert {aside.file for aside in clash.set_aside} == {"one.csv", "three.csv"}


def test_totals_name_every_column_and_currency(write_file: WriteFile) -> None:
    batch = batch_of(
        write_file,
        contribution(PaidAmtLocal="80.005"),
        contribution(ContributionCode="C-2", DonorName=""),
        contribution(ContributionCode="C-3", PaidAmt="x"),
    )
    found = {(total.column, total.currency): total for total in batch.totals}
    assert set(found) == {
        ("PaidAmt", "USD"),
        ("PaidAmtLocal", "EUR"),
        ("PledgeAmt", "USD"),
        ("PledgeAmtLocal", "EUR"),
    }
    local = found["PaidAmtLocal", "EUR"]
    assert (local.source, local.accepted) == (Decimal("240.005"), Decimal("80.01"))
    assert (local.rounding, local.set_aside) == (Decimal("0.005"), Decimal("160"))
    paid = found["PaidAmt", "USD"]
    hundred = Decimal(100)
    assert (paid.source, paid.accepted, paid.set_aside) == (2 * hundred, hundred, hundred)
    assert paid.unreadable == 1


def test_a_lost_row_is_caught(write_file: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: one accepted row vanishes between reading and handing over."""
    settle = crosschecks.settle_keys
    monkeypatch.setattr(
        crosschecks,
        "settle_keys",
        lambda profile, drafts: settle(profile, drafts[1:]),
    )
    batch = batch_of(write_file, contribution(), contribution(ContributionCode="C-2"))
    assert batch.records == ()
    assert {item.code for item in batch.critical} == {"rows_lost", "totals_differ"}


def test_a_misread_amount_is_caught(write_file: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: the exponent of a number is ignored."""
    monkeypatch.setattr(cells, "parse_number", lambda text: Decimal(text.partition("E")[0]))
    line = contribution(PaidAmt="1E+02", PaidAmtLocal="80")
    batch = batch_of(write_file, line)
    assert batch.records == ()
    assert [item.code for item in batch.critical] == ["totals_differ"]
    assert batch.critical[0].column == "PaidAmt"


def test_a_changed_amount_is_caught(write_file: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: a record comes out one cent off."""
    make = mapping.Mapper.record

    def off_by_a_cent(mapper: mapping.Mapper, draft: mapping.Draft) -> Record:
        record = make(mapper, draft)
        assert isinstance(record, ContributionRecord)
        return replace(record, paid_minor=record.paid_minor + 1)

    monkeypatch.setattr(mapping.Mapper, "record", off_by_a_cent)
    batch = batch_of(write_file, contribution())
    assert [item.code for item in batch.critical] == ["totals_differ"]


def test_totals_that_do_not_balance_say_so() -> None:
    total = totals.ColumnTotal(
        "f", "c", "x", "USD", Decimal(3), Decimal(2), Decimal(0), Decimal(1), 0
    )
    assert total.balanced
    assert not replace(total, accepted=Decimal("2.01")).balanced


def test_the_summary_is_per_fund_and_year(write_file: WriteFile) -> None:
    batch = batch_of(
        write_file,
        contribution(),
        contribution(ContributionCode="C-2", PaidAmt="100.25"),
        contribution(ContributionCode="C-3", FiscalYear="2017"),
        contribution(ContributionCode="C-4", PooledFundName="Nigeria", PledgeAmt="7"),
    )
    lines = [(line.fund, line.year, line.count, line.sums["paid_minor"]) for line in summary(batch)]
    assert lines == [
        ("NGA75", 2018, 1, 10000),
        ("UKR81", 2017, 1, 10000),
        ("UKR81", 2018, 2, 20025),
    ]
    assert summary(batch)[0].sums["outstanding_minor"] == 700


def test_reading_never_raises_for_what_a_file_holds(write_file: WriteFile) -> None:
    """Random cells in random places: always a balanced batch or a critical finding."""
    chance = random.Random(7)
    odd = [
        "",
        " ",
        "x",
        "-1",
        "1E+99",
        "NaN",
        "9" * 30,
        "\t",
        "0001-01-01",
        "=1+1",
        "é",
        "USD",
        "1e5",
    ]
    header = contributions().strip().split(",")
    for _ in range(150):
        changes = {chance.choice(header): chance.choice(odd) for _ in range(chance.randint(1, 5))}
        profile = chance.choice(["cbpf-contributions", "cerf-contributions"])
        batch = batch_of(write_file, contribution(**changes), contribution(), profile=profile)
        assert len(batch.records) + len(batch.set_aside) == batch.rows == 2
        assert all(total.balanced for total in batch.totals)


def test_findings_say_where_and_stay_short(write_file: WriteFile, tmp_path: Path) -> None:
    batch = batch_of(write_file, contribution(PaidAmt="x" * 500 + "\n"))
    (found,) = batch.findings
    assert str(found).startswith("rows.csv, row 2 (line 2), column PaidAmt: ")
    assert len(found.message) < 120
    assert str(tmp_path) not in str(found)
