"""Writes camt.053 files for tests: what a bank would send, or what it never should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.sax.saxutils import escape

from fundops import money

OWN = "AT611904300234573201"
OTHER = "DE89370400440532013000"
DAY = date(2026, 6, 15)


@dataclass
class Tx:
    """A transaction of an entry: our reference, amount, and what else the bank tells."""

    minor: int
    end_to_end: str | None = None
    ustrd: str | None = None
    reason: str | None = None
    other: str | None = None
    name: str | None = None
    pmt_inf: str | None = None


@dataclass
class Entry:
    """An entry: money out is negative."""

    minor: int
    txs: Sequence[Tx] = ()
    ref: str | None = None
    code: str | None = None
    on: date = DAY
    status: str = "BOOK"
    reversal: bool = False
    batch: str | None = None
    charges: int | None = None


@dataclass
class Stmt:
    """A statement; the closing balance is right unless one is given."""

    entries: Sequence[Entry] = ()
    opening: int = 1_000_000_00
    closing: int | None = None
    reference: str = "STM-1"
    sequence: int | None = 1
    number: str = OWN
    currency: str = "USD"
    since: date = DAY
    until: date = DAY
    extra: str = field(default="")


def camt(*statements: Stmt, version: str = "02", head: str = "") -> bytes:
    """Return a file of statements in a version of the message."""
    body = "".join(_statement(one, version) for one in statements)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        "<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-06-15T20:00:00</CreDtTm></GrpHdr>"
        f"{body}</BkToCstmrStmt></Document>"
    ).encode()


def _sign(minor: int) -> str:
    return f"<CdtDbtInd>{'CRDT' if minor >= 0 else 'DBIT'}</CdtDbtInd>"


def _amt(minor: int, currency: str) -> str:
    return f'<Amt Ccy="{currency}">{money.format_amount(abs(minor), currency)}</Amt>'


def _balance(kind: str, minor: int, on: date, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amt(minor, currency)}"
        f"{_sign(minor)}<Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _statement(one: Stmt, version: str) -> str:
    closing = one.closing
    if closing is None:
        booked = [entry.minor for entry in one.entries if entry.status == "BOOK"]
        closing = one.opening + sum(booked)
    sequence = "" if one.sequence is None else f"<ElctrncSeqNb>{one.sequence}</ElctrncSeqNb>"
    number = (
        f"<IBAN>{one.number}</IBAN>"
        if one.number[:2].isalpha()
        else f"<Othr><Id>{one.number}</Id></Othr>"
    )
    entries = "".join(_entry(entry, one.currency, version) for entry in one.entries)
    return (
        f"<Stmt><Id>{one.reference}</Id>{sequence}<CreDtTm>2026-06-15T20:00:00</CreDtTm>"
        f"<FrToDt><FrDtTm>{one.since}T00:00:00</FrDtTm><ToDtTm>{one.until}T23:59:59</ToDtTm>"
        f"</FrToDt><Acct><Id>{number}</Id><Ccy>{one.currency}</Ccy></Acct>{one.extra}"
        f"{_balance('OPBD', one.opening, one.since, one.currency)}"
        f"{_balance('CLBD', closing, one.until, one.currency)}{entries}</Stmt>"
    )


def _entry(entry: Entry, currency: str, version: str) -> str:
    status = (
        f"<Sts><Cd>{entry.status}</Cd></Sts>" if version >= "08" else f"<Sts>{entry.status}</Sts>"
    )
    ref = f"<AcctSvcrRef>{entry.ref}</AcctSvcrRef>" if entry.ref else ""
    code = ""
    if entry.code:
        domain, family, sub = entry.code.split("-")
        code = (
            f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd>"
            "</Fmly></Domn></BkTxCd>"
        )
    charges = ""
    if entry.charges:
        amount = _amt(entry.charges, currency)
        charges = (
            f"<Chrgs><Rcrd>{amount}</Rcrd></Chrgs>"
            if version >= "08"
            else f"<Chrgs>{amount}</Chrgs>"
        )
    batch = f"<Btch><PmtInfId>{entry.batch}</PmtInfId></Btch>" if entry.batch else ""
    details = "".join(_tx(tx, currency, version) for tx in entry.txs)
    return (
        f"<Ntry>{_amt(entry.minor, currency)}{_sign(entry.minor)}"
        f"{'<RvslInd>true</RvslInd>' if entry.reversal else ''}{status}"
        f"<BookgDt><Dt>{entry.on}</Dt></BookgDt><ValDt><Dt>{entry.on}</Dt></ValDt>{ref}{code}"
        f"{charges}<NtryDtls>{batch}{details}</NtryDtls></Ntry>"
    )


def _tx(tx: Tx, currency: str, version: str) -> str:
    refs = f"<EndToEndId>{tx.end_to_end}</EndToEndId>" if tx.end_to_end else ""
    refs = (f"<PmtInfId>{tx.pmt_inf}</PmtInfId>" if tx.pmt_inf else "") + refs
    amount = _amt(tx.minor, currency)
    if version >= "08":
        amount += _sign(tx.minor)
    else:
        amount = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
    side = "Cdtr" if tx.minor < 0 else "Dbtr"
    parties = ""
    if tx.name or tx.other:
        name = escape(tx.name or "")
        inner = f"<Pty><Nm>{name}</Nm></Pty>" if version >= "08" else f"<Nm>{name}</Nm>"
        account = f"<{side}Acct><Id><IBAN>{tx.other}</IBAN></Id></{side}Acct>" if tx.other else ""
        parties = f"<RltdPties><{side}>{inner}</{side}>{account}</RltdPties>"
    note = f"<RmtInf><Ustrd>{escape(tx.ustrd)}</Ustrd></RmtInf>" if tx.ustrd else ""
    back = f"<RtrInf><Rsn><Cd>{tx.reason}</Cd></Rsn></RtrInf>" if tx.reason else ""
    return f"<TxDtls><Refs>{refs}</Refs>{amount}{parties}{note}{back}</TxDtls>"
