"""ISO 20022 ``camt.053``: a bank's statements, read into plain records, whatever the version.

An entry that stands for several payments becomes one line for each, where their amounts sum to
the entry's; money out is negative. Only what is booked counts. The balances are checked: opening
and entries make the closing, to the cent, or the file is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from xml.etree.ElementTree import Element

from fundops import money
from fundops.banking.xmlread import all_at, at, either, read, refused, word
from fundops.schemas import FIRST_DAY, LAST_DAY

MAX_STATEMENTS = 100
MAX_LINES = 20_000
ID, REASON, NAME, NOTE = 35, 120, 140, 1_000
OPENINGS, CLOSING = ("OPBD", "PRCD"), "CLBD"
_REASON = re.compile(r"[A-Z0-9]{4}", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,15})(?:\.(\d{1,10}))?", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One movement of a statement; amounts are minor units, money out negative."""

    position: int
    amount_minor: int
    booked_on: date
    value_on: date | None = None
    is_reversal: bool = False
    code: str | None = None
    bank_reference: str | None = None
    message_id: str | None = None
    end_to_end: str | None = None
    return_reason: str | None = None
    instructed_minor: int | None = None
    charges_minor: int | None = None
    other_name: str | None = None
    other_number: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Statement:
    """One statement: of which account, over which days, from which balance to which."""

    reference: str
    sequence: int
    number: str
    currency: str
    from_on: date
    to_on: date
    opening_minor: int
    closing_minor: int
    lines: tuple[Line, ...]
    findings: tuple[str, ...] = ()


@dataclass
class _Reading:
    """Where in the file the reader is, for sentences, and what it noticed."""

    number: int
    currency: str
    entry: int = 0
    lines: list[Line] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def wrong(self, key: str) -> Exception:
        return refused(key, statement=self.number, entry=self.entry)

    def found(self, name: str) -> None:
        if name not in self.findings:
            self.findings.append(name)


def statements_in(raw: bytes) -> list[Statement]:
    """Return the statements of a ``camt.053`` file; raise ``file-refused``, saying where it fails.

    Nothing of the file is repeated in what is said.
    """
    root = read(raw, "camt.053")
    found = list(all_at(root, "BkToCstmrStmt", "Stmt"))
    if not found:
        raise refused("banking.no_statement")
    if len(found) > MAX_STATEMENTS:
        raise refused("banking.too_many_statements", most=MAX_STATEMENTS)
    made: list[Statement] = []
    left = MAX_LINES
    for number, one in enumerate(found, start=1):
        made.append(_statement(one, number, left))
        left -= len(made[-1].lines)
    return made


def _statement(element: Element, number: int, left: int) -> Statement:
    balances = {_kind_of(one): one for one in reversed(list(all_at(element, "Bal")))}
    opening = next((balances[kind] for kind in OPENINGS if kind in balances), None)
    closing = balances.get(CLOSING)
    if opening is None or closing is None:
        raise refused("banking.no_balance", statement=number)
    amount = at(closing, "Amt")
    currency = word(element, "Acct", "Ccy") or (amount.get("Ccy") if amount is not None else "")
    reading = _Reading(number, _currency(currency, number))
    first, last = _signed(opening, reading), _signed(closing, reading)
    for reading.entry, entry in enumerate(all_at(element, "Ntry"), start=1):
        _entry(entry, reading)
        if len(reading.lines) > left:
            raise refused("banking.too_many_lines", most=MAX_LINES)
    if first + sum(line.amount_minor for line in reading.lines) != last:
        raise refused("banking.balances_differ", statement=number)
    account = either(element, ("Acct", "Id", "IBAN"), ("Acct", "Id", "Othr", "Id"))
    reference = word(element, "Id")
    if account is None or reference is None:
        raise refused("banking.no_account", statement=number)
    from_on, to_on = _days(element, opening, closing, reading)
    return Statement(
        reference=reference[:ID],
        sequence=_sequence(element, number),
        number=account,
        currency=reading.currency,
        from_on=from_on,
        to_on=to_on,
        opening_minor=first,
        closing_minor=last,
        lines=tuple(reading.lines),
        findings=tuple(reading.findings),
    )


def _kind_of(balance: Element) -> str:
    return either(balance, ("Tp", "CdOrPrtry", "Cd"), ("Tp", "CdOrPrtry", "Prtry")) or ""


def _currency(code: str | None, number: int) -> str:
    try:
        money.exponent(code or "")
    except money.UnknownCurrency:
        raise refused("banking.no_currency", statement=number) from None
    return code or ""


def _sequence(element: Element, number: int) -> int:
    """Return the bank's own number of the statement, 0 where it gives none."""
    told = either(element, ("ElctrncSeqNb",), ("LglSeqNb",)) or "0"
    if not (told.isascii() and told.isdigit() and len(told) <= 18):
        raise refused("banking.no_account", statement=number)
    return int(told)


def _days(
    element: Element, opening: Element, closing: Element, reading: _Reading
) -> tuple[date, date]:
    from_on = _day(at(element, "FrToDt"), reading, "FrDt", "FrDtTm") or _day(
        at(opening, "Dt"), reading
    )
    to_on = _day(at(closing, "Dt"), reading) or _day(
        at(element, "FrToDt"), reading, "ToDt", "ToDtTm"
    )
    if from_on is None or to_on is None or from_on > to_on:
        raise refused("banking.no_days", statement=reading.number)
    return from_on, to_on


def _day(element: Element | None, reading: _Reading, *names: str) -> date | None:
    """Return a day as the bank counts days; an instant's zone is the bank's own affair."""
    told = either(element, *((name,) for name in names or ("Dt", "DtTm")))
    if told is None:
        return None
    try:
        day = date.fromisoformat(told[:10])
    except ValueError:
        raise reading.wrong("banking.bad_day") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise reading.wrong("banking.bad_day")
    return day


def _minor(amount: Element | None, reading: _Reading) -> int:
    """Return a positive amount that must be in the account's currency, in minor units."""
    if amount is None or amount.get("Ccy", reading.currency) != reading.currency:
        raise reading.wrong("banking.bad_amount")
    match = _AMOUNT.fullmatch(amount.text or "")
    if match is None:
        raise reading.wrong("banking.bad_amount")
    fraction = (match[2] or "").rstrip("0")
    try:
        plain = f"{match[1]}.{fraction}" if fraction else match[1]
        return money.parse_amount(plain, reading.currency)
    except money.MoneyError:
        raise reading.wrong("banking.bad_amount") from None


def _own_minor(amount: Element | None, reading: _Reading) -> int | None:
    """Return an amount if there is one in the account's currency."""
    if amount is None or amount.get("Ccy") != reading.currency:
        return None
    return _minor(amount, reading)


def _sign(element: Element, reading: _Reading) -> int:
    match word(element, "CdtDbtInd"):
        case "CRDT":
            return 1
        case "DBIT":
            return -1
    raise reading.wrong("banking.bad_direction")


def _signed(element: Element, reading: _Reading) -> int:
    return _sign(element, reading) * _minor(at(element, "Amt"), reading)


def _entry(entry: Element, reading: _Reading) -> None:
    """Add the lines of one entry."""
    if (either(entry, ("Sts", "Cd"), ("Sts",)) or "BOOK") != "BOOK":
        reading.found("not_booked")
        return
    total = _signed(entry, reading)
    if total == 0:
        reading.found("zero_entry")
        return
    details = list(all_at(entry, "NtryDtls", "TxDtls"))
    if len(details) > MAX_LINES:
        raise refused("banking.too_many_lines", most=MAX_LINES)
    amounts = [_amount_of(one, entry, reading) for one in details]
    if len(details) > 1 and sum(minor or 0 for minor in amounts) == total and all(amounts):
        for one, minor in zip(details, amounts, strict=True):
            assert minor is not None, "all of them are there"
            reading.lines.append(_line(entry, one, minor, reading))
        return
    if len(details) > 1:
        reading.found("details_do_not_sum")
    only = details[0] if len(details) == 1 else None
    reading.lines.append(_line(entry, only, total, reading))


def _amount_of(detail: Element, entry: Element, reading: _Reading) -> int | None:
    """Return what one payment of an entry came to, signed, if that is told in our currency."""
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt")):
        minor = _own_minor(at(detail, *path), reading)
        if minor is not None:
            return minor * _sign(detail if at(detail, "CdtDbtInd") is not None else entry, reading)
    return None


def _line(entry: Element, detail: Element | None, minor: int, reading: _Reading) -> Line:
    booked_on = _day(at(entry, "BookgDt"), reading) or _day(at(entry, "ValDt"), reading)
    if booked_on is None:
        raise reading.wrong("banking.bad_day")
    other, account = ("Cdtr", "CdtrAcct") if minor < 0 else ("Dbtr", "DbtrAcct")
    parties = at(detail, "RltdPties")
    return Line(
        position=len(reading.lines) + 1,
        amount_minor=minor,
        booked_on=booked_on,
        value_on=_day(at(entry, "ValDt"), reading),
        is_reversal=word(entry, "RvslInd") in {"true", "1"},
        code=_code(entry, detail),
        bank_reference=_cut(word(detail, "Refs", "AcctSvcrRef") or word(entry, "AcctSvcrRef"), ID),
        message_id=_cut(
            either(detail, ("Refs", "PmtInfId"), ("Refs", "MsgId"))
            or either(at(entry, "NtryDtls"), ("Btch", "PmtInfId"), ("Btch", "MsgId")),
            ID,
        ),
        end_to_end=_cut(_reference(detail), ID),
        return_reason=_cut(_reason(detail), REASON),
        instructed_minor=_own_minor(at(detail, "AmtDtls", "InstdAmt", "Amt"), reading),
        charges_minor=_charges(entry, detail, reading),
        other_name=_cut(either(parties, (other, "Nm"), (other, "Pty", "Nm")), NAME),
        other_number=_cut(
            either(parties, (account, "Id", "IBAN"), (account, "Id", "Othr", "Id")), ID
        ),
        note=_note(entry, detail),
    )


def _reference(detail: Element | None) -> str | None:
    told = word(detail, "Refs", "EndToEndId")
    return None if told in (None, "NOTPROVIDED") else told


def _reason(detail: Element | None) -> str | None:
    """Return the code of why money came back, if this is money that came back.

    What the bank says in words is part of the note, which is kept encrypted: it may name accounts.
    """
    back = at(detail, "RtrInf")
    if back is None:
        return None
    code = word(back, "Rsn", "Cd") or ""
    return code if _REASON.fullmatch(code) else "NARR"


def _code(entry: Element, detail: Element | None) -> str | None:
    for place in (detail, entry):
        domain = at(place, "BkTxCd", "Domn")
        parts = [word(domain, "Cd"), word(domain, "Fmly", "Cd"), word(domain, "Fmly", "SubFmlyCd")]
        told = "-".join(part for part in parts if part) or word(place, "BkTxCd", "Prtry", "Cd")
        if told:
            return told[:60]
    return None


def _charges(entry: Element, detail: Element | None, reading: _Reading) -> int | None:
    """Return the charges told of a payment, in the older way of telling or the newer."""
    for place in (detail, entry):
        found = [
            minor
            for path in (("Chrgs", "Rcrd", "Amt"), ("Chrgs", "Amt"))
            for amount in all_at(place, *path)
            if (minor := _own_minor(amount, reading))
        ]
        if sum(found) > money.MAX_MINOR:
            raise reading.wrong("banking.bad_amount")
        if found:
            return sum(found)
    return None


def _note(entry: Element, detail: Element | None) -> str | None:
    parts = [one.text for one in all_at(detail, "RmtInf", "Ustrd")]
    parts += [one.text for one in all_at(detail, "RmtInf", "Strd", "CdtrRefInf", "Ref")]
    parts += [word(detail, "RtrInf", "Rsn", "Prtry"), word(detail, "RtrInf", "AddtlInf")]
    parts += [word(detail, "AddtlTxInf"), word(entry, "AddtlNtryInf")]
    return _cut(" ".join(part for part in parts if part), NOTE)


def _cut(told: str | None, most: int) -> str | None:
    clean = " ".join((told or "").split())[:most]
    return clean or None
