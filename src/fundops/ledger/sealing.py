"""The text of a transfer that seals cover, and the proof that every transfer is still that text.

The text is the JSON array of the transfer's columns in the order of ``COLUMNS``, without spaces:
ids as 32 hexadecimal digits, amounts as whole numbers, dates as ISO text. An auditor can recompute
a seal with nothing but SHA-256.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from fundops import stored
from fundops.audit import canonical
from fundops.messages import text
from fundops.seals import PostedDigest, digest_of

COLUMNS = {
    "id": "id",
    "event_seq": "whole",
    "line": "whole",
    "fund_id": "id",
    "kind": "text",
    "debit_account_id": "id",
    "credit_account_id": "id",
    "amount_minor": "whole",
    "effective_on": "date",
    "lot_id": "id",
    "grant_id": "id",
    "source_type": "text",
    "source_id": "id",
    "reverses_id": "id",
}
"""Every column of a transfer, and how it is stored."""

PAGE = 2_000


def text_of(values: Any) -> str:
    """Return the text of a transfer from its values in the order of ``COLUMNS``."""
    return canonical([_plain(value) for value in values])


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return value.isoformat() if isinstance(value, date) else value


def verify(db: Session) -> list[str]:
    """Compare every seal with the transfers it covers; return one sentence per difference."""
    breaks: list[str] = []
    with closing(_transfers(db)) as transfers:
        waiting = next(transfers, None)
        for seq, count, digest in _seals(db):
            covered: list[str] = []
            while waiting is not None and waiting[0] <= seq:
                covered.append(waiting[1])
                waiting = next(transfers, None)
            if len(covered) != count or digest_of(covered) != digest:
                breaks.append(text("seal.altered", seq=seq))
    if waiting is not None:
        breaks.append(text("seal.missing", seq=waiting[0]))
    return breaks


def _seals(db: Session) -> Iterator[tuple[int, int, bytes]]:
    query = select(PostedDigest.event_seq, PostedDigest.transfers, PostedDigest.digest)
    found = db.execute(
        query.order_by(PostedDigest.event_seq), execution_options={"yield_per": PAGE}
    )
    for seq, count, digest in found:
        yield seq, count, bytes(digest)


def _transfers(db: Session) -> Generator[tuple[int, str], None, None]:
    """Return (event, text) of every transfer in order; no text is that of what cannot be one."""
    columns = stored.columns(db.connection().dialect.name, COLUMNS, "t")
    query = (
        f"SELECT t.event_seq AS at_seq, {', '.join(columns)} FROM transfers t "  # noqa: S608
        "ORDER BY t.event_seq, t.line, t.id"
    )
    with db.execute(sql(query), execution_options={"yield_per": PAGE}) as found:
        for row in found.mappings():
            try:
                values = stored.values(dict(row), COLUMNS)
            except ValueError:
                yield row["at_seq"], ""
            else:
                yield row["at_seq"], text_of(values[name] for name in COLUMNS)
