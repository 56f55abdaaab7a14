"""ISO 20022 ``pain.001.001.03``: payment orders as a file that every bank takes.

The file is written here, because libraries that write it know euro payments inside Europe only,
and validated against the standard's own schema before anybody gets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

from fundops import money
from fundops.banking.charset import plain
from fundops.banking.orders import NAME, REMITTANCE, Header, NotValid, Order, Side

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"


def payment_file(header: Header, orders: Sequence[Order]) -> bytes:
    """Return the file of ``orders``, valid against the schema; the same orders, the same bytes.

    Raises ``NotValid`` where the schema refuses it, and ``Unwritable`` for a name that cannot be
    written in a bank's characters.
    """
    total = sum(order.amount_minor for order in orders)
    root = etree.Element("Document", nsmap={None: NAMESPACE})
    initiation = etree.SubElement(root, "CstmrCdtTrfInitn")
    head = etree.SubElement(initiation, "GrpHdr")
    _text(head, "MsgId", header.message_id)
    _text(head, "CreDtTm", header.made_at.strftime("%Y-%m-%dT%H:%M:%S"))
    _totals(head, len(orders), total, header.currency)
    _text(etree.SubElement(head, "InitgPty"), "Nm", plain(header.initiator, NAME))
    block = etree.SubElement(initiation, "PmtInf")
    _payer(block, header, len(orders), total)
    for order in orders:
        _order(block, order, header.currency)
    raw = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=None)
    # Elements without a namespace, under one that declares it as the default, are read as in it.
    return checked(bytes(raw))


def checked(raw: bytes) -> bytes:
    """Return ``raw``, a payment file, if the standard's schema takes it; raise ``NotValid``."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise NotValid(f"line {error.lineno}") from None
    rules = schema()
    if not rules.validate(tree):
        wrong = rules.error_log[0]
        raise NotValid(f"line {wrong.line}: {wrong.path}")
    return raw


@cache
def schema() -> Any:
    """Return the standard's schema, from the package that carries it."""
    found = find_spec("sepaxml")
    assert found is not None, "a declared dependency"
    assert found.origin is not None, "a package of files"
    path = Path(found.origin).with_name("schemas") / "pain.001.001.03.xsd"
    return etree.XMLSchema(etree.parse(path))


def _payer(block: Any, header: Header, count: int, total: int) -> None:
    debtor = header.debtor
    _text(block, "PmtInfId", header.message_id)
    _text(block, "PmtMtd", "TRF")
    _text(block, "BtchBookg", "false")
    _totals(block, count, total, header.currency)
    if header.charges == "SLEV":
        level = etree.SubElement(etree.SubElement(block, "PmtTpInf"), "SvcLvl")
        _text(level, "Cd", "SEPA")
    _text(block, "ReqdExctnDt", header.execution_on.isoformat())
    _text(etree.SubElement(block, "Dbtr"), "Nm", plain(debtor.name, NAME))
    account = _account(block, "DbtrAcct", debtor)
    _text(account, "Ccy", header.currency)
    _agent(block, "DbtrAgt", debtor, is_needed=True)
    _text(block, "ChrgBr", header.charges)


def _order(block: Any, order: Order, currency: str) -> None:
    creditor = order.creditor
    one = etree.SubElement(block, "CdtTrfTxInf")
    _text(etree.SubElement(one, "PmtId"), "EndToEndId", order.code)
    amount = etree.SubElement(etree.SubElement(one, "Amt"), "InstdAmt", Ccy=currency)
    amount.text = money.format_amount(order.amount_minor, currency)
    _agent(one, "CdtrAgt", creditor, is_needed=False)
    party = etree.SubElement(one, "Cdtr")
    _text(party, "Nm", plain(creditor.name, NAME))
    if creditor.country:
        _text(etree.SubElement(party, "PstlAdr"), "Ctry", creditor.country)
    _account(one, "CdtrAcct", creditor)
    _text(etree.SubElement(one, "RmtInf"), "Ustrd", plain(order.remittance, REMITTANCE))


def _account(parent: Any, tag: str, side: Side) -> Any:
    account = etree.SubElement(parent, tag)
    inner = etree.SubElement(account, "Id")
    if side.is_iban:
        _text(inner, "IBAN", side.number)
    else:
        _text(etree.SubElement(inner, "Othr"), "Id", side.number)
    return account


def _agent(parent: Any, tag: str, side: Side, *, is_needed: bool) -> None:
    """Add the bank: by BIC, else by its clearing number, else by its name and country."""
    parts: list[tuple[str, Any]] = []
    if side.bic:
        parts.append(("BIC", side.bic))
    else:
        if side.clearing:
            parts.append(("ClrSysMmbId", side.clearing))
        if side.bank_name:
            parts.append(("Nm", plain(side.bank_name, REMITTANCE)))
            if side.country:
                parts.append(("PstlAdr", side.country))
    if not parts and not is_needed:
        return
    bank = etree.SubElement(etree.SubElement(parent, tag), "FinInstnId")
    if not parts:
        _text(etree.SubElement(bank, "Othr"), "Id", "NOTPROVIDED")
    for name, value in parts:
        inner = {"ClrSysMmbId": "MmbId", "PstlAdr": "Ctry"}.get(name)
        if inner is None:
            _text(bank, name, value)
        else:
            _text(etree.SubElement(bank, name), inner, value)


def _totals(parent: Any, count: int, total: int, currency: str) -> None:
    _text(parent, "NbOfTxs", str(count))
    _text(parent, "CtrlSum", money.format_amount(total, currency))


def _text(parent: Any, tag: str, value: str) -> None:
    etree.SubElement(parent, tag).text = value


def orders_in(raw: bytes) -> Iterator[tuple[str, str, str]]:
    """Return code, amount and currency of each payment of a file, as a bank would read it."""
    for one in etree.fromstring(checked(raw)).iter(f"{{{NAMESPACE}}}CdtTrfTxInf"):
        amount = one.find(f".//{{{NAMESPACE}}}InstdAmt")
        yield one.findtext(f".//{{{NAMESPACE}}}EndToEndId"), amount.text, amount.get("Ccy")
