"""The IATI activity file: read as a table, refused when broken or dangerous."""

from __future__ import annotations

import pytest

from fundops.imports.crosschecks import disagreements
from fundops.imports.read import read
from fundops.imports.records import TransactionRecord
from tests.imports.conftest import WriteFile

TRANSACTION = """  <transaction ref="12050"><transaction-type code="{kind}"/>
   <transaction-date iso-date="2020-03-1{day}"/>
   <value currency="USD" value-date="2020-03-13">{value}</value>
   <receiver-org><narrative>Relief &amp; Aid</narrative></receiver-org></transaction>
"""
GOOD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<iati-activities version="2.03">\n<iati-activity>\n'
    "  <iati-identifier>XM-OCHA-CBPF-AFG-20/1</iati-identifier>\n"
    + TRANSACTION.format(kind=2, day=1, value="100.50")
    + TRANSACTION.format(kind=3, day=2, value="100.5")
    + "</iati-activity>\n</iati-activities>\n"
)
FLAT = (
    "PrjCode,transaction_ref,type,date,value,currency,receiver\n"
    "AFG-20/1,00012050,3,2020-03-12,100.5,USD,Relief & Aid\n"
    "AFG-20/1,00012050,2,2020-03-11,100.50,USD,Relief &amp; Aid\n"
)


def test_transactions_are_read(write_file: WriteFile) -> None:
    batch = read("cbpf-iati", [write_file("good.xml", GOOD)])
    assert batch.findings == ()
    first, second = batch.records
    assert isinstance(first, TransactionRecord)
    assert isinstance(second, TransactionRecord)
    assert first.key == "AFG-20/1|commitment|00012050|2020-03-11"
    assert (first.kind, first.amount_minor, first.receiver) == ("commitment", 10050, "Relief & Aid")
    assert (second.kind, second.fund_code, second.row) == ("disbursement", "AFG23", 3)
    assert second.line == 9


def test_the_flat_file_agrees_and_a_changed_cent_is_found(write_file: WriteFile) -> None:
    xml = read("cbpf-iati", [write_file("good.xml", GOOD)])
    flat = read("cbpf-disbursements", [write_file("flat.csv", FLAT)])
    assert len(flat.records) == 2
    assert disagreements(xml.records, flat.records) == []
    changed = read(
        "cbpf-disbursements", [write_file("changed.csv", FLAT.replace("100.5,", "100.51,"))]
    )
    codes = [item.code for item in disagreements(xml.records, changed.records)]
    assert codes == ["sources_differ"]
    moved = read("cbpf-disbursements", [write_file("moved.csv", FLAT.replace("03-12", "03-13"))])
    codes = [item.code for item in disagreements(xml.records, moved.records)]
    assert codes == ["only_here", "only_here"]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (GOOD[:-30], "xml_broken", 13),
        (GOOD.replace("</transaction>", "", 1), "xml_broken", 13),
        (GOOD.replace("Relief &amp;", "Relief &"), "xml_broken", 8),
        (GOOD.replace("Relief &amp;", "&relief;"), "xml_broken", 8),
        (GOOD.replace("<iati-act", "<!DOCTYPE a [<!ENTITY b 'c'>]>\n<iati-act", 1), "xml_dtd", 2),
        (
            GOOD.replace(
                "<iati-act", "<!-- x -->\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'>\n<iati-act", 1
            ),
            "xml_dtd",
            3,
        ),
        (GOOD.replace("UTF-8", "UTF-7"), "xml_encoding", 1),
        (GOOD.replace("iati-activities", "activities"), "not_iati", 2),
        (GOOD.replace('version="2.03"', 'version="1.05"'), "iati_version", 2),
        (GOOD.replace("Relief", "Rel\0ief"), "nul", 8),
        ("", "empty", None),
        ("a,b\n1,2\n", "xml_broken", 1),
    ],
)
def test_damage_is_named_with_its_line(
    write_file: WriteFile, content: str, code: str, line: int | None
) -> None:
    batch = read("cbpf-iati", [write_file("bad.xml", content)])
    assert batch.records == ()
    (found,) = batch.critical
    assert (found.code, found.line) == (code, line)


def test_words_about_definitions_are_no_definition(write_file: WriteFile) -> None:
    content = GOOD.replace("<iati-activity>", "<!-- <!DOCTYPE x> --><iati-activity>", 1)
    assert len(read("cbpf-iati", [write_file("ok.xml", content)]).records) == 2


def test_deep_nesting_is_refused(write_file: WriteFile) -> None:
    deep = "<a>" * 5000 + "</a>" * 5000
    content = GOOD.replace("<iati-activity>", f"<iati-activity>{deep}", 1)
    (found,) = read("cbpf-iati", [write_file("deep.xml", content)]).critical
    assert found.code == "xml_broken"


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ('code="2"', 'code="9"', "unknown_value", "transaction-type/@code"),
        ('iso-date="2020-03-11"', "", "needed", "transaction-date/@iso-date"),
        (">100.50<", "><", "needed", "value"),
        (">100.50<", ">0<", "zero_transaction", "value"),
        (">100.50<", ">-5<", "negative_amount", "value"),
        ('currency="USD"', 'currency="EUR"', "foreign_transaction", "value/@currency"),
        ('currency="USD"', 'currency="XXZ"', "unknown_currency", "value/@currency"),
    ],
)
def test_a_transaction_that_cannot_be_right_is_set_aside(
    write_file: WriteFile, old: str, new: str, code: str, column: str
) -> None:
    batch = read("cbpf-iati", [write_file("odd.xml", GOOD.replace(old, new, 1))])
    assert len(batch.records) == 1
    (aside,) = batch.set_aside
    reason = aside.reasons[0]
    assert (aside.row, reason.code, reason.column) == (2, code, column)
    assert all(total.balanced for total in batch.totals)


def test_payments_before_or_beyond_a_commitment_are_said(write_file: WriteFile) -> None:
    content = GOOD.replace(">100.5<", ">100.51<").replace("2020-03-12", "2020-03-10")
    batch = read("cbpf-iati", [write_file("odd.xml", content)])
    found = {item.code: item.message for item in batch.findings}
    assert set(found) == {"paid_before_commitment", "paid_over_commitment"}
    assert "0.01 USD" in found["paid_over_commitment"]
    orphan = GOOD.replace('code="2"', 'code="7"')
    batch = read("cbpf-iati", [write_file("orphan.xml", orphan)])
    assert [item.code for item in batch.findings] == ["paid_without_commitment"]
