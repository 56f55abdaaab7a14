"""Funds: opening them, renaming them, and the policy of what awards stand on."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.funds.schemas import FundIn, FundPatch
from fundops.ids import uuid7
from fundops.ledger import posting
from fundops.ledger.models import Fund
from fundops.records import apply_patch, snapshot


def create_fund(db: Session, actor: audit.Author, given: FundIn) -> Fund:
    """Open a fund and its accounts. Raises ``already-exists`` for a code in use."""
    fund = Fund(
        id=uuid7(),
        code=given.code,
        name=given.name,
        base_currency=given.base_currency,
        zone=given.zone,
        operating_reserve_minor=0,
        award_basis="cash",
        status="open",
        created_at=clock.now(),
    )
    db.add(fund)
    db.flush()
    posting.open_fund_accounts(db, fund.id)
    audit.record(db, actor, "fund.created", "fund", fund.id, fund_id=fund.id, after=snapshot(fund))
    return fund


def change_fund(db: Session, actor: audit.Author, fund: Fund, patch: FundPatch) -> Fund:
    """Change a fund's name, or what its awards may stand on.

    Awards that wait for an instalment already go on waiting when cash alone is allowed again.
    """
    before, after = apply_patch(fund, patch)
    db.flush()
    audit.record(
        db, actor, "fund.changed", "fund", fund.id, fund_id=fund.id, before=before, after=after
    )
    return fund
