"""What the API takes and gives for audits and findings."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.findings.models import SETTLED_AS
from fundops.grants.schemas import Reason
from fundops.schemas import Day, Flag, In, Line, MoneyIn, MoneyOut, Out, Prose, money_out
from fundops.screening.fields import SCREENED

AuditKind = Literal["financial_audit", "internal_audit", "special_audit", "spot_check"]
Opinion = Literal["unqualified", "qualified", "disclaimer", "adverse"]
Priority = Literal["low", "medium", "high"]
FindingStatus = Literal["open", "answered", "closed"]
SettledAs = Literal["supported", "refunded", "justified", "written_off"]

ScreenedProse = Annotated[Prose, SCREENED]
ScreenedReference = Annotated[Line, Field(max_length=140), SCREENED]


class EngagementIn(In):
    """An audit or spot check, as its report says."""

    fund_id: UUID
    grant_id: UUID | None = Field(None, description="Where it is of one grant.")
    kind: AuditKind
    starts_on: Day
    ends_on: Day
    issued_on: Day = Field(description="The day of the report, never in the future.")
    opinion: Opinion | None = Field(
        None, description="Of a financial audit always, of a spot check never."
    )
    auditor_id: UUID | None = Field(None, description="The party that audited, if it is one.")
    reference: ScreenedReference | None = Field(None, examples=["AR-2026-17"])
    report_file_id: UUID | None = Field(
        None, description="A file that you have sent, or one of the grantee's."
    )


class EngagementOut(Out):
    """An audit or spot check; it is never changed."""

    id: UUID
    code: str
    fund_id: UUID
    grant_id: UUID | None
    grant_code: str | None
    kind: str
    starts_on: str
    ends_on: str
    issued_on: str
    opinion: str | None
    auditor_id: UUID | None
    reference: str | None
    report_file_id: UUID | None
    recorded_by_id: UUID


class EngagementPage(Out):
    """A page of audits."""

    items: list[EngagementOut]
    next_cursor: str | None


class AuditFindingIn(In):
    """What an audit found."""

    category: Annotated[Line, Field(max_length=40, examples=["no_documents"])]
    priority: Priority
    description: ScreenedProse
    recommendation: ScreenedProse
    questioned: MoneyIn | None = Field(
        None, description="In the fund's base currency; none where no money is in question."
    )
    questioned_local: MoneyIn | None = Field(
        None, description="The same in the currency of the grantee's books."
    )
    grant_id: UUID | None = Field(
        None, description="Of an audit of a fund: the grant that it is about, if one."
    )
    due_on: Day | None = None


class AnswerIn(In):
    """What is said to a finding, and what will be done."""

    response: ScreenedProse
    agreed_action: ScreenedProse | None = None
    due_on: Day | None = None


class FollowUpIn(In):
    """What a look at a finding came to."""

    body: ScreenedProse
    is_internal: Flag = Field(False, description="Not for the grantee.")


class FindingReasonIn(In):
    """Why a finding takes a step."""

    reason: Reason


class SettlementIn(In):
    """What settles part of a finding."""

    kind: SettledAs
    amount: MoneyIn | None = Field(
        None, description="In base currency; that of the receivable's entry where one is named."
    )
    reason: Reason
    on_date: Day | None = Field(None, description="Today by default, never in the future.")
    refund_id: UUID | None = Field(None, description="The booked refund, where money came back.")
    write_off_id: UUID | None = Field(None, description="The approved write-off of an advance.")
    receivable_entry_id: UUID | None = Field(
        None, description="Of a finding with a receivable: what settled part of that."
    )


class OwedIn(In):
    """Of which accepted expenditure a finding is, so that the grantee owes what is pending."""

    expenditure_statement_id: UUID


class FindingNoteOut(Out):
    """What was said of a finding."""

    id: UUID
    kind: str
    body: str
    is_internal: bool
    by_id: UUID
    created_at: str


class FindingEntryOut(Out):
    """What settled part of a finding; below zero it takes another entry back."""

    id: UUID
    kind: str
    amount: MoneyOut
    on_date: str
    settlement_id: UUID
    reverses_id: UUID | None
    created_at: str


class SettlementOut(Out):
    """What somebody proposed to settle part of a finding with."""

    id: UUID
    finding_id: UUID
    kind: str
    amount: MoneyOut
    on_date: str
    reason: str
    refund_id: UUID | None
    write_off_id: UUID | None
    receivable_entry_id: UUID | None
    reverses_id: UUID | None = Field(description="The settlement that this one takes back.")
    status: str
    proposed_by_id: UUID
    decided_by_id: UUID | None
    decision_reason: str | None


class AuditFindingOut(Out):
    """A finding; ``pending`` is questioned less what settled it."""

    id: UUID
    code: str
    engagement_id: UUID
    engagement_code: str
    fund_id: UUID
    grant_id: UUID | None
    grant_code: str | None
    category: str
    priority: str
    status: str
    raised_on: str
    due_on: str | None
    questioned: MoneyOut
    questioned_local: MoneyOut | None
    supported: MoneyOut
    refunded: MoneyOut
    justified: MoneyOut
    written_off: MoneyOut
    pending: MoneyOut
    receivable_id: UUID | None
    version: int


class AuditFindingPage(Out):
    """A page of findings."""

    items: list[AuditFindingOut]
    next_cursor: str | None


class AuditFindingDetail(AuditFindingOut):
    """A finding with its words, entries and, for whoever works on it, proposals."""

    description: str
    recommendation: str
    agreed_action: str | None
    raised_by_id: UUID
    answered_by_id: UUID | None
    closed_by_id: UUID | None
    notes: list[FindingNoteOut]
    entries: list[FindingEntryOut]
    settlements: list[SettlementOut]


class FindingCategoryOut(Out):
    """What a finding may be about."""

    code: str
    label: str


class IncidentKindOut(Out):
    """A kind of incident, and the rule of telling donors."""

    code: str
    label: str
    owes_notice: bool
    notice_days: int


class FindingListsOut(Out):
    """The lists that findings and incidents go by."""

    categories: list[FindingCategoryOut]
    incident_kinds: list[IncidentKindOut]
    sources: dict[str, str]


def engagement_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an audit."""
    return {name: getattr(row, name) for name in EngagementOut.model_fields}


def finding_out(row: Any) -> dict[str, Any]:
    """Return the wire form of a finding in a list."""
    base = row.base_currency
    amounts = {
        kind: money_out(getattr(row, f"{kind}_minor"), base) for kind in ("questioned", *SETTLED_AS)
    }
    pending = row.questioned_minor - sum(getattr(row, f"{kind}_minor") for kind in SETTLED_AS)
    names = (
        "id", "code", "engagement_id", "engagement_code", "fund_id", "grant_id", "grant_code",
        "category", "priority", "status", "raised_on", "due_on", "receivable_id", "version",
    )  # fmt: skip
    return (
        {name: getattr(row, name) for name in names}
        | amounts
        | {
            "questioned_local": money_out(row.local_minor, row.local_currency),
            "pending": money_out(pending, base),
        }
    )


def settlement_out(row: Any, currency: str) -> dict[str, Any]:
    """Return the wire form of a settlement."""
    names = set(SettlementOut.model_fields) - {"amount"}
    told = {name: getattr(row, name) for name in sorted(names)}
    return told | {"amount": money_out(row.amount_minor, currency)}
