"""Statements read: every version, every way of telling, and every file that is none."""

from __future__ import annotations

from datetime import date

import pytest

from fundops.banking import camt as reader
from fundops.banking import xmlread
from fundops.banking.camt import statements_in
from fundops.errors import Problem
from tests.banking.camt_files import OTHER, OWN, Entry, Stmt, Tx, camt


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_a_statement_is_read_whatever_its_version(version: str) -> None:
    entries = [
        Entry(-1_000_00, [Tx(-1_000_00, "DSB-1", other=OTHER, name="Payee")], ref="A1"),
        Entry(-25_00, code="PMNT-MCOP-CHRG", charges=25_00),
        Entry(1_000_00, [Tx(1_000_00, "DSB-1", reason="AC04")], reversal=True),
        Entry(30_00, code="ACMT-MCOP-INTR"),
    ]
    (found,) = statements_in(camt(Stmt(entries, opening=-5_00), version=version))
    assert (found.reference, found.sequence, found.number) == ("STM-1", 1, OWN)
    assert (found.opening_minor, found.closing_minor) == (-5_00, 0)
    paid, fee, back, interest = found.lines
    assert (paid.amount_minor, paid.end_to_end, paid.bank_reference) == (-1_000_00, "DSB-1", "A1")
    assert (paid.other_name, paid.other_number) == ("Payee", OTHER)
    assert (fee.amount_minor, fee.code, fee.charges_minor) == (-25_00, "PMNT-MCOP-CHRG", 25_00)
    assert (back.return_reason, back.is_reversal) == ("AC04", True)
    assert (interest.amount_minor, interest.code) == (30_00, "ACMT-MCOP-INTR")
    assert found.from_on == found.to_on == date(2026, 6, 15)
    assert found.findings == ()


def test_a_batch_entry_becomes_a_line_for_each_payment() -> None:
    txs = [Tx(-100_00, "DSB-1"), Tx(-200_00, "DSB-2"), Tx(-300_00, "DSB-3")]
    (found,) = statements_in(camt(Stmt([Entry(-600_00, txs)])))
    told = [(line.end_to_end, line.amount_minor, line.position) for line in found.lines]
    assert told == [("DSB-1", -100_00, 1), ("DSB-2", -200_00, 2), ("DSB-3", -300_00, 3)]


def test_a_batch_entry_that_does_not_sum_stays_one_and_says_so() -> None:
    txs = [Tx(-100_00, "DSB-1"), Tx(-200_00, "DSB-2")]
    (found,) = statements_in(camt(Stmt([Entry(-600_00, txs, batch="PBT-2026-0001")])))
    (line,) = found.lines
    assert (line.amount_minor, line.end_to_end, line.message_id) == (-600_00, None, "PBT-2026-0001")
    assert found.findings == ("details_do_not_sum",)


def test_what_is_not_booked_does_not_count() -> None:
    (found,) = statements_in(camt(Stmt([Entry(-1_00), Entry(-5_00, status="PDNG")])))
    assert [line.amount_minor for line in found.lines] == [-1_00]
    assert found.findings == ("not_booked",)


def test_amounts_follow_the_currency() -> None:
    one = Stmt([Entry(-1_000)], currency="JPY", opening=5_000)
    (found,) = statements_in(camt(one))
    assert found.lines[0].amount_minor == -1_000
    raw = camt(Stmt([Entry(-1_00)])).replace(b">1.00<", b">1.00000<")
    assert statements_in(raw)[0].lines[0].amount_minor == -1_00


def test_balances_must_add_up() -> None:
    with pytest.raises(Problem, match="do not make the closing balance"):
        statements_in(camt(Stmt([Entry(-1_00)], closing=1_000_000_00)))
    raw = camt(Stmt([Entry(-1_00), Entry(-2_00)])).replace(b">2.00<", b">3.00<")
    with pytest.raises(Problem, match="was changed"):
        statements_in(raw)


BOMB = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
DEEP = b"<a>" * 5_000 + b"</a>" * 5_000

ZOO = {
    "bomb": (camt(Stmt(), head=BOMB), "document type"),
    "outside": (
        camt(Stmt(), head='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "document type",
    ),
    "far": (camt(Stmt(), head='<!DOCTYPE d SYSTEM "http://example.org/d.dtd">'), "document type"),
    "doctype": (camt(Stmt(), head="<!DOCTYPE Document>"), "document type"),
    "utf16": (
        camt(Stmt(), head=BOMB).decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        "document type",
    ),
    "deep": (DEEP, "deeper than"),
    "broken": (camt(Stmt())[:-20], "well-formed"),
    "empty": (b"", "well-formed"),
    "text": (b"no file of any kind", "well-formed"),
    "nul": (b"\x00" * 100, "well-formed"),
    "encoding": (b'<?xml version="1.0" encoding="no-such"?><a/>', ""),
    "other": (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.03'/>", "camt.053"),
    "none": (b"<Document/>", "camt.053"),
    "nothing": (camt(), "no statement"),
    "no balance": (camt(Stmt()).replace(b"CLBD", b"XXXX"), "closing balance"),
    "currency": (camt(Stmt()).replace(b"USD", b"XXX"), "ISO 4217"),
    "day": (
        camt(Stmt([Entry(-1_00)])).replace(b"<BookgDt><Dt>2026-06", b"<BookgDt><Dt>2026-99"), "day",
    ),
    "far day": (
        camt(Stmt([Entry(-1_00)])).replace(b"<BookgDt><Dt>2026", b"<BookgDt><Dt>9026"), "day",
    ),
    "amount": (camt(Stmt([Entry(-1_00)])).replace(b">1.00<", b">1e2<"), "amount"),
    "huge": (camt(Stmt([Entry(-1_00)])).replace(b">1.00<", b">999999999999999.00<"), "amount"),
    "infinite": (camt(Stmt([Entry(-1_00)])).replace(b">1.00<", b">NaN<"), "amount"),
    "foreign": (
        camt(Stmt([Entry(-1_00)])).replace(b'<Ntry><Amt Ccy="USD"', b'<Ntry><Amt Ccy="EUR"'),
        "amount",
    ),
    "direction": (
        camt(Stmt([Entry(-1_00)])).replace(b"1.00</Amt><CdtDbtInd>DBIT", b"1.00</Amt><CdtDbtInd>X"),
        "neither",
    ),
    "backwards": (camt(Stmt(since=date(2026, 6, 16))), "which day"),
    "account": (camt(Stmt()).replace(b"IBAN", b"NONE"), "account"),
    "sequence": (camt(Stmt()).replace(b"<ElctrncSeqNb>1", b"<ElctrncSeqNb>-1"), "number"),
}  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
def test_a_hostile_or_wrong_file_is_refused_in_a_sentence(name: str) -> None:
    raw, words = ZOO[name]
    with pytest.raises(Problem) as refused:
        statements_in(raw)
    assert refused.value.slug == "file-refused"
    assert words in refused.value.detail
    assert "passwd" not in refused.value.detail


def test_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    many = camt(Stmt([Entry(-1)] * 30))
    monkeypatch.setattr(reader, "MAX_LINES", 29)
    with pytest.raises(Problem, match="more than 29 entries"):
        statements_in(many)
    monkeypatch.setattr(reader, "MAX_LINES", 30)
    assert len(statements_in(many)[0].lines) == 30
    monkeypatch.setattr(reader, "MAX_STATEMENTS", 1)
    with pytest.raises(Problem, match="more than 1 statements"):
        statements_in(camt(Stmt(), Stmt()))
    monkeypatch.setattr(xmlread, "MAX_ELEMENTS", 100)
    with pytest.raises(Problem, match="more than 100 elements"):
        statements_in(many)
    monkeypatch.setattr(xmlread, "MAX_BYTES", 1_000)
    with pytest.raises(Problem, match="larger than"):
        statements_in(many)


def test_a_long_text_is_refused() -> None:
    txs = [Tx(-1_00, "D", ustrd="x" * (xmlread.MAX_TEXT + 1))]
    with pytest.raises(Problem, match="a text longer"):
        statements_in(camt(Stmt([Entry(-1_00, txs)])))
