"""What a grantee says of all the money it received in its own currency, held against our rates."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from fundops import clock
from fundops.funds.rates import known_rates
from fundops.grants.models import Grant
from fundops.grants.policy import policy_in_force
from fundops.ledger.models import Fund
from fundops.reports import conversion, local_queries


@dataclass(frozen=True)
class Exchange:
    """What is declared of a grant's payments, and how many of its rates stray from ours."""

    declared_minor: int
    implausible: int


def exchange_of(db: Session, fund: Fund, grant: Grant) -> Exchange | None:
    """Return what is declared of a grant; null where its currency is the fund's, or not known."""
    currency = local_queries.currency_of(db, grant.id)
    if currency in (None, fund.base_currency):
        return None
    assert currency is not None
    received = local_queries.received(db, grant.id, currency)
    known = known_rates(db, fund.base_currency, currency)
    policy = policy_in_force(db, fund.id, clock.today(fund.zone))
    tolerance, found = policy.payments.local_rate_tolerance_percent, 0
    for one in received:
        rate = known.on(one.received_on)
        if rate is None:
            continue
        # Held against each other as rates are quoted: local per base.
        ours = 1 / conversion.base_per_local(rate.rate, currency, fund.base_currency)
        found += conversion.strays(1 / one.rate, ours, tolerance)
    return Exchange(sum(one.base_minor for one in received), found)
