"""IATI activity files: the transactions of every activity, as a table.

Document type definitions are refused before any parser runs, so no entity is ever defined; the
parser resolves none, opens no network and keeps its own limits on depth and size. A column is named
by where its cell stands in the XML.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fundops.imports import limits
from fundops.imports.findings import damage
from fundops.imports.readers import RawRow, Table, check_lengths, decode, read_bytes

COLUMNS = (
    "iati-identifier",
    "transaction/@ref",
    "transaction-type/@code",
    "transaction-date/@iso-date",
    "value",
    "value/@currency",
    "receiver-org/narrative",
    "provider-org/@ref",
    "activity-title",
)
"""The columns of the table, named by where they stand in the XML."""

_DECLARED = re.compile(r"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_SKIP = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)


def read_iati(path: Path) -> Table:
    """Return the transactions of an IATI 2.x activity file; a row is a transaction, in order."""
    raw = read_bytes(path)
    file = path.name
    rows: list[RawRow] = []
    for activity in parse_activities(file, raw):
        for transaction in activity.iterchildren("transaction"):
            rows.append(_row(file, len(rows) + 2, activity, transaction))
            if len(rows) > limits.MAX_ROWS:
                raise damage("too_many_rows", file, limit=limits.MAX_ROWS)
    digest = hashlib.sha256(raw).hexdigest()
    return Table(file, "iati", digest, len(raw), COLUMNS, tuple(rows), ())


def parse_activities(file: str, raw: bytes) -> Iterator[Any]:
    """Return the activities of an IATI 2.x file, as elements; raise ``Damage`` for another."""
    root = _parse(file, raw)
    if root.tag != "iati-activities":
        raise damage("not_iati", file, line=root.sourceline)
    version = root.get("version", "")
    if not version.startswith("2."):
        raise damage("iati_version", file, line=root.sourceline)
    found: Iterator[Any] = root.iterchildren("iati-activity")
    return found


def _parse(file: str, raw: bytes) -> Any:
    from lxml import etree

    text = decode(file, raw)
    _refuse_dtd(file, text)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise damage("xml_broken", file, line=line, position=column) from None


def _refuse_dtd(file: str, text: str) -> None:
    """Look at everything before the first element; a definition can stand nowhere else."""
    declared = _DECLARED.match(text)
    if declared and declared.group(1).lower() not in ("utf-8", "utf8", "us-ascii"):
        raise damage("xml_encoding", file, line=1)
    at = 0
    while match := _SKIP.match(text, at):
        at = match.end()
    if text[at : at + 9].upper() == "<!DOCTYPE":
        raise damage("xml_dtd", file, line=text.count("\n", 0, at) + 1)


def _row(file: str, number: int, activity: Any, transaction: Any) -> RawRow:
    cells = [
        _text(activity, "iati-identifier"),
        transaction.get("ref", ""),
        _attribute(transaction, "transaction-type", "code"),
        _attribute(transaction, "transaction-date", "iso-date"),
        _text(transaction, "value"),
        _attribute(transaction, "value", "currency") or activity.get("default-currency", ""),
        _text(transaction, "receiver-org/narrative"),
        _attribute(transaction, "provider-org", "ref"),
        _text(activity, "title/narrative"),
    ]
    check_lengths(file, COLUMNS, number, transaction.sourceline, cells)
    return RawRow(number, transaction.sourceline, dict(zip(COLUMNS, cells, strict=True)), typed={})


def _text(element: Any, path: str) -> str:
    found = element.find(path)
    return "" if found is None else "".join(found.itertext())


def _attribute(element: Any, path: str, name: str) -> str:
    found = element.find(path)
    return "" if found is None else str(found.get(name, ""))
