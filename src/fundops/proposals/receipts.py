"""Receipts: what arrived when, as canonical JSON, signed with the fund's key.

A receipt names the content by its SHA-256, every file by that of what was sent, the instant of
arrival and the deadline then, and the place of the submission in the audit chain with the chain's
hash there. The applicant can verify it with ``openssl`` and needs to trust nobody.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.calls.models import Call
from fundops.ids import uuid7
from fundops.proposals import service
from fundops.proposals.models import Proposal, ProposalVersion, SubmissionReceipt
from fundops.records import snapshot
from fundops.trail import DIGESTED


class Signature(Protocol):
    """A signature in base64 and the id of the key that made it."""

    @property
    def key_id(self) -> str:
        """The key."""

    @property
    def signature(self) -> str:
        """The signature."""


class Signs(Protocol):
    """What signs receipts: ``signing.Signer``, or a stand-in."""

    def sign(self, data: bytes) -> Signature:
        """Return the signature of ``data``."""


def signed(signer: Signs, body: str) -> dict[str, Any]:
    """Return what a row of any register of receipts keeps of one that is issued now."""
    signature = signer.sign(body.encode())
    return {
        "body": body,
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
        "key_id": signature.key_id,
        "signature": signature.signature,
        "issued_at": clock.now(),
    }


def issue(
    db: Session, author: audit.Author, proposal: Proposal, version: ProposalVersion, *, seq: int,
    at: datetime, signer: Signs,
) -> SubmissionReceipt:  # fmt: skip
    """Sign and keep the receipt of a submission that event ``seq`` has just recorded."""
    call = db.get_one(Call, proposal.call_id)
    until = service.closes_at(call, proposal)
    given = json.loads(version.content)
    body = audit.canonical(
        {
            "call": call.code,
            "proposal": proposal.code,
            "version": version.number,
            "status": proposal.status,
            "content_sha256": version.sha256,
            "attachments": [_file(one) for one in given["attachments"]],
            "awaiting": [_file(one) for one in given["awaiting"]],
            "received_at": at,
            "deadline_at": until,
            "audit_seq": seq,
            "audit_hash": audit.lock_head(db).hash.hex(),
        }
    )
    query = select(func.count(SubmissionReceipt.id)).where(
        SubmissionReceipt.proposal_id == proposal.id
    )
    made = SubmissionReceipt(
        id=uuid7(),
        proposal_id=proposal.id,
        number=db.execute(query).scalar_one() + 1,
        **signed(signer, body),
    )
    db.add(made)
    db.flush()
    audit.record(
        db, author, "proposal.receipt_issued", "submission_receipt", made.id,
        fund_id=call.fund_id, after=snapshot(made, without=DIGESTED["submission_receipts"]),
    )  # fmt: skip
    return made


def _file(one: dict[str, Any]) -> dict[str, str]:
    return {"kind": one["kind"], "sha256": one["sha256"]}


def latest(db: Session, proposal_id: UUID) -> SubmissionReceipt | None:
    """Return the last receipt of a proposal, if there is one."""
    query = select(SubmissionReceipt).where(SubmissionReceipt.proposal_id == proposal_id)
    return db.execute(query.order_by(SubmissionReceipt.number.desc()).limit(1)).scalar_one_or_none()


COLUMNS: tuple[Any, ...] = (
    SubmissionReceipt.id,
    SubmissionReceipt.proposal_id,
    SubmissionReceipt.number,
    SubmissionReceipt.body,
    SubmissionReceipt.key_id,
    SubmissionReceipt.signature,
    SubmissionReceipt.issued_at,
)


def of_proposal(proposal_id: UUID) -> Select[Any]:
    """Return the receipts of a proposal."""
    found: Select[Any] = select(*COLUMNS)
    return found.where(SubmissionReceipt.proposal_id == proposal_id)
