"""What instalments come to: agreed, received, written off; summed by the database.

For the busiest lists the three sums of a row travel as one text, so that a row costs one
subquery instead of three and a page one statement instead of two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, String, cast, func, select, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from fundops.donors.models import Agreement, Instalment

_AGREEMENT, _INSTALMENT = Agreement.__table__.c, Instalment.__table__.c


class Sums(NamedTuple):
    """What the instalments of some agreements come to, in minor units of one currency."""

    agreed: int = 0
    received: int = 0
    written_off: int = 0

    @property
    def rest(self) -> int:
        """What the instalments still expect."""
        return self.agreed - self.received - self.written_off


NOTHING = Sums()


class PackedSums(TypeDecorator[Sums]):
    """Three sums in one text, as ``packed_sums`` makes them; none at all are ``NOTHING``."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Sums:  # noqa: ARG002
        """Take the sums apart again."""
        return NOTHING if value is None else Sums(*map(int, value.split(" ")))


def total(column: Any) -> Any:
    """Return the sum of a column of minor units as an integer on both databases."""
    # PostgreSQL's sum of bigints is numeric; what may be scheduled keeps sums within bigint.
    return cast(func.sum(column), BigInteger)


def rows_of(*columns: Any) -> Select[Any]:
    """Return a SELECT of plain rows; the columns' own types are of no use to our callers."""
    return select(*columns)


def of_agreements(*columns: Any) -> Select[Any]:
    """Return a SELECT over the instalments of agreements that count: drafts do not."""
    return (
        rows_of(*columns)
        .join_from(
            Agreement.__table__, Instalment.__table__, _INSTALMENT.agreement_id == _AGREEMENT.id
        )
        .where(_AGREEMENT.status != "draft")
    )


def packed_sums(pledge_id: Any) -> ColumnElement[Sums]:
    """Return the sums of a pledge's agreements as one column, correlated to ``pledge_id``."""
    amount, matched, written_off = (
        cast(total(column), String)
        for column in (
            _INSTALMENT.amount_minor,
            _INSTALMENT.matched_minor,
            _INSTALMENT.written_off_minor,
        )
    )
    packed = amount.concat(" ").concat(matched).concat(" ").concat(written_off)
    query = of_agreements(packed).where(_AGREEMENT.pledge_id == pledge_id)
    return type_coerce(query.correlate(pledge_id.table).scalar_subquery(), PackedSums())
