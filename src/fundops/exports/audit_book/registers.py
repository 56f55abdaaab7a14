"""The registers that sheets and their controls read: which of their records are in scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from fundops import audit
from fundops.audit import AuditEvent
from fundops.calls.models import Call, CallExtension
from fundops.decisions.models import Board, BoardItem, Recusal, Vote
from fundops.disbursements.models import Disbursement, DisbursementStep, DutyProfile, PersonLimit
from fundops.donors.models import (
    Agreement,
    DonorChoice,
    Instalment,
    Lot,
    Pledge,
    Receipt,
    WriteOff,
)
from fundops.expenditures.models import (
    AdvanceWriteOff,
    ExpenditureLine,
    ExpenditureStatement,
    GrantClosing,
    Receivable,
    ReceivableEntry,
    RefundPart,
    RefundRequest,
)
from fundops.exports.audit_book import chain
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import ScopeKind
from fundops.funds.models import ExchangeRate
from fundops.grants.agreement_models import GrantAgreement, GrantAgreementVersion
from fundops.grants.amendment_models import AmendmentApproval, GrantAmendment
from fundops.grants.models import Grant, Refund
from fundops.grants.policy_models import FundPolicy
from fundops.ledger.models import Fund
from fundops.proposals.models import EligibilityDecision, Proposal
from fundops.reviews.models import Review
from fundops.tracing.known import Known, known_rows


@dataclass(frozen=True, eq=False)
class Register:
    """Records of one type, with which of them are in scope, by columns that never change.

    There are two ways to them, each gone once for all sheets of a workbook: ``known`` for rows,
    ``told`` for the controls over those.
    """

    record_type: str
    model: Any
    among: Callable[[Book], ColumnElement[bool]]

    def known(self, book: Book) -> list[Known]:
        """Return the records as their rows were known at the instant, in id order."""
        return book.once(self._known)

    def told(self, book: Book) -> list[Known]:
        """Return the records as the audit chain tells them up to the instant, in id order."""
        return book.once(self._told)

    def statuses(self, book: Book) -> dict[UUID, str]:
        """Return the status of each record at the day's end, by when its steps were recorded.

        What was first recorded after the day, as an import is, has the status as known.
        """
        return book.once(self._statuses)

    def _statuses(self, book: Book) -> dict[UUID, str]:
        found = {one.id: one.status for one in self.known(book)}
        then = min(book.seq, audit.sequence_at(book.db, book.ends_at))
        if then < book.seq:
            event = AuditEvent
            by_then = select(event.record_id).where(
                event.record_type == self.record_type, event.seq <= then
            )
            own = (self.among(book), self.model.id.in_(by_then))
            rewound = known_rows(book.db, self.record_type, self.model, then, *own)
            found |= {one.id: one.status for one in rewound}
        return found

    def _known(self, book: Book) -> list[Known]:
        return book.known(self.record_type, self.model, self.among(book))

    def _told(self, book: Book) -> list[Known]:
        return chain.told(book, self.record_type, self.model, self.among(book))


Read = Callable[[Register], list[Known]]
"""One of the two ways to registers, for what is made of either."""


def as_known(book: Book) -> Read:
    """Return the way from the rows."""
    return lambda register: register.known(book)


def as_told(book: Book) -> Read:
    """Return the way through the audit chain."""
    return lambda register: register.told(book)


def _of_fund(model: Any) -> Callable[[Book], ColumnElement[bool]]:
    return lambda book: model.fund_id == book.fund.id


def _of_grants(model: Any) -> Callable[[Book], ColumnElement[bool]]:
    return lambda book: model.grant_id.in_(book.grants)


def _under(key: Any, owner: Register) -> Callable[[Book], ColumnElement[bool]]:
    """Return the scope of what belongs to records of another register."""
    return lambda book: key.in_(select(owner.model.id).where(owner.among(book)))


def proposed(book: Book) -> ColumnElement[bool]:
    """Return whether a proposal is in scope: of a call in a workbook of a fund or call.

    In workbooks of a donor or a grant, only what the grants in scope came from is.
    """
    if book.scope.kind in (ScopeKind.FUND, ScopeKind.CALL):
        return Proposal.call_id.in_(book.calls)
    made = select(Grant.proposal_id).where(Grant.id.in_(book.grants))
    return Proposal.id.in_(made.where(Grant.proposal_id.is_not(None)))


# The fund's own, and money in: all of the fund; who asks narrows it to a donor.
FUNDS = Register("fund", Fund, lambda book: Fund.id == book.fund.id)
POLICIES = Register("fund_policy", FundPolicy, _of_fund(FundPolicy))
DUTIES = Register("duty_profile", DutyProfile, _of_fund(DutyProfile))
LIMITS = Register("person_limit", PersonLimit, _of_fund(PersonLimit))
RATES = Register(
    "exchange_rate", ExchangeRate, lambda book: ExchangeRate.base == book.fund.base_currency
)
PLEDGES = Register("pledge", Pledge, _of_fund(Pledge))
AGREEMENTS = Register("agreement", Agreement, _of_fund(Agreement))
INSTALMENTS = Register("instalment", Instalment, _under(Instalment.agreement_id, AGREEMENTS))
RECEIPTS = Register("receipt", Receipt, _of_fund(Receipt))
LOTS = Register("lot", Lot, _of_fund(Lot))
CHOICES = Register("donor_choice", DonorChoice, _under(DonorChoice.lot_id, LOTS))
WRITE_OFFS = Register("write_off", WriteOff, _of_fund(WriteOff))

# Calls, and what was decided.
CALLS = Register("call", Call, lambda book: Call.id.in_(book.calls))
PROPOSALS = Register("proposal", Proposal, proposed)
EXTENSIONS = Register("call_extension", CallExtension, _under(CallExtension.call_id, CALLS))
ELIGIBILITY = Register(
    "eligibility_decision", EligibilityDecision, _under(EligibilityDecision.proposal_id, PROPOSALS)
)
REVIEWS = Register("review", Review, _under(Review.proposal_id, PROPOSALS))
BOARDS = Register("board", Board, lambda book: Board.call_id.in_(book.calls))
BOARD_ITEMS = Register("board_item", BoardItem, _under(BoardItem.proposal_id, PROPOSALS))
RECUSALS = Register("recusal", Recusal, _under(Recusal.item_id, BOARD_ITEMS))
VOTES = Register("vote", Vote, _under(Vote.item_id, BOARD_ITEMS))
GRANTS = Register("grant", Grant, lambda book: Grant.id.in_(book.grants))
AMENDMENTS = Register("grant_amendment", GrantAmendment, _of_grants(GrantAmendment))
APPROVALS = Register(
    "amendment_approval", AmendmentApproval, _under(AmendmentApproval.amendment_id, AMENDMENTS)
)
VERSIONS = Register(
    "grant_agreement_version", GrantAgreementVersion,
    lambda book: GrantAgreementVersion.agreement_id.in_(
        select(GrantAgreement.id).where(GrantAgreement.grant_id.in_(book.grants))),
)  # fmt: skip

# Money out.
DISBURSEMENTS = Register("disbursement", Disbursement, _of_grants(Disbursement))
STEPS_TAKEN = Register(
    "disbursement_step", DisbursementStep, _under(DisbursementStep.disbursement_id, DISBURSEMENTS)
)
STATEMENTS = Register(
    "expenditure_statement", ExpenditureStatement, _of_grants(ExpenditureStatement)
)
LINES = Register(
    "expenditure_line", ExpenditureLine, _under(ExpenditureLine.statement_id, STATEMENTS)
)
RECEIVABLES = Register("receivable", Receivable, _of_grants(Receivable))
ENTRIES = Register(
    "receivable_entry", ReceivableEntry, _under(ReceivableEntry.receivable_id, RECEIVABLES)
)
REFUNDS = Register("refund", Refund, _of_grants(Refund))
REFUND_REQUESTS = Register("refund_request", RefundRequest, _of_grants(RefundRequest))
REFUND_PARTS = Register(
    "refund_part", RefundPart, _under(RefundPart.refund_request_id, REFUND_REQUESTS)
)
ADVANCE_WRITE_OFFS = Register("advance_write_off", AdvanceWriteOff, _of_grants(AdvanceWriteOff))
CLOSINGS = Register("grant_closing", GrantClosing, _of_grants(GrantClosing))
