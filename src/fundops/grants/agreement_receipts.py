"""Receipts of agreements in force: which text both parties signed, signed with the fund's key.

A receipt names the text by its SHA-256, when each party signed it, and the place of the
countersignature in the audit chain with the chain's hash there. Either party can verify it with
``openssl`` and needs to trust nobody.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.orm import Session

from fundops import audit
from fundops.grants.agreement_models import GrantAgreementReceipt
from fundops.grants.agreement_queries import Held
from fundops.ids import uuid7
from fundops.ledger.models import Fund
from fundops.proposals.receipts import Signs, signed
from fundops.records import snapshot
from fundops.trail import DIGESTED


class ChainPlace(NamedTuple):
    """An event of the audit chain: its number, and the chain's hash there, in hex."""

    seq: int
    hash: str


def issue(
    db: Session, author: audit.Author, fund: Fund, held: Held, place: ChainPlace, *, signer: Signs
) -> GrantAgreementReceipt:
    """Sign and keep the receipt of a version that the event at ``place`` has put into force."""
    version = held.version
    body = audit.canonical(
        {
            "fund": fund.code,
            "grant": held.grant.code,
            "version": version.number,
            "content_sha256": held.text.sha256,
            "signed_on": version.signed_on,
            "signed_on_paper": version.recorded_by_id is not None,
            "signed_at": version.signed_at,
            "in_force_at": version.in_force_at,
            "audit_seq": place.seq,
            "audit_hash": place.hash,
        }
    )
    made = GrantAgreementReceipt(
        id=uuid7(),
        version_id=version.id,
        **signed(signer, body),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, author, "grant_agreement.receipt_issued", "grant_agreement_receipt", made.id,
        fund_id=held.grant.fund_id,
        after=snapshot(made, without=DIGESTED["grant_agreement_receipts"]),
    )  # fmt: skip
    return made
