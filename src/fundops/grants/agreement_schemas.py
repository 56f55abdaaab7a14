"""What the API takes and gives for grant agreements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from fundops.calls.codelists import get as code_list
from fundops.errors import invalid
from fundops.files.schemas import Sha256
from fundops.grants import agreement_content as content
from fundops.grants.agreement_content import MAX_LINES, MAX_RESULTS
from fundops.grants.schemas import GranteeOut, ObjectiveShareOut, Reason, Shares
from fundops.ledger.models import Fund
from fundops.money import MAX_MINOR
from fundops.schemas import (
    NOT_NULL,
    Day,
    In,
    Line,
    LongLine,
    MoneyIn,
    MoneyOut,
    Out,
    Prose,
    Whole,
    refused,
)
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES


def _indicator(value: str) -> str:
    if not code_list("indicator").has(value):
        raise refused("agreements.indicator_unknown")
    return value


SAMPLE_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
Category = Literal["A", "B", "C", "D", "E", "F", "G"]
Count = Annotated[Whole, Field(ge=0, le=MAX_MINOR)]
Indicator = Annotated[
    str, StringConstraints(strict=True, max_length=10), AfterValidator(_indicator)
]
Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}$")]


class AgreedLineIn(In):
    """A budget line: its category, what it is for, the objectives it serves, its amount."""

    category: Category
    description: Annotated[LongLine, SCREENED] = Field(examples=["Two house mothers"])
    objectives: Shares
    amount: MoneyIn = Field(description="May be nothing: the line stays, without money.")


class AgreedResultIn(In):
    """A result that is agreed."""

    indicator: Indicator = Field(examples=["4.4"])
    baseline: Count | None = None
    target: Count
    note: Annotated[LongLine, SCREENED] | None = None


Lines = Annotated[list[AgreedLineIn], Field(min_length=1, max_length=MAX_LINES)]
Results = Annotated[list[AgreedResultIn], Field(max_length=MAX_RESULTS)]


class GrantAgreementIn(In):
    """What differs from the proposal, or all of it for a grant that has none."""

    title: Annotated[LongLine, SCREENED_BUT_NAMES] | None = None
    language: Language | None = Field(None, description="Of the text; the proposal's by default.")
    starts_on: Day | None = None
    ends_on: Day | None = None
    special_conditions: Annotated[Prose, SCREENED] | None = None
    budget: Lines | None = Field(None, description="All lines; they sum to the award.")
    results: Results | None = None


class GrantAgreementPatch(In):
    """Changes of a version before it is signed. Lines and results are given whole."""

    title: Annotated[Annotated[LongLine, SCREENED_BUT_NAMES] | None, NOT_NULL] = None
    language: Annotated[Language | None, NOT_NULL] = None
    starts_on: Annotated[Day | None, NOT_NULL] = None
    ends_on: Annotated[Day | None, NOT_NULL] = None
    special_conditions: Annotated[Prose, SCREENED] | None = None
    budget: Annotated[Lines | None, NOT_NULL] = None
    results: Annotated[Results | None, NOT_NULL] = None


class SignIn(In):
    """The text that the signer has seen."""

    sha256: Sha256 = Field(
        description="`sha256` of the version as it was read.", examples=[SAMPLE_SHA256]
    )


class RecordSignatureIn(In):
    """The grantee's signature on paper."""

    sha256: Sha256 = Field(
        description="`sha256` of the text on the paper.", examples=[SAMPLE_SHA256]
    )
    file_id: UUID = Field(description="The signed page, uploaded as a file of the grantee.")
    signing_office: Annotated[Line, SCREENED] = Field(examples=["Executive Director"])
    signed_on: Day


class GrantAgreementReasonIn(In):
    """Why a version is declined or withdrawn."""

    reason: Reason


class AgreedLineOut(Out):
    """A budget line."""

    number: int
    category: str
    description: str
    objectives: list[ObjectiveShareOut]
    amount: MoneyOut


class AgreedResultOut(Out):
    """An agreed result."""

    number: int
    indicator: str
    baseline: int | None
    target: int
    note: str | None


class GrantAgreementVersionOut(Out):
    """A version; `version` is its ETag, `sha256` names the text that is signed."""

    grant_id: UUID
    number: int
    status: str
    amendment_id: UUID | None
    by_notice: bool
    needs_revision: bool
    title: str
    language: str
    starts_on: str
    ends_on: str
    amount: MoneyOut
    special_conditions: str | None
    budget: list[AgreedLineOut]
    results: list[AgreedResultOut]
    sha256: str
    prepared_by_id: UUID
    offered_at: str | None
    signed_by_id: UUID | None
    recorded_by_id: UUID | None
    signing_office: str | None
    evidence_file_id: UUID | None
    signed_on: str | None
    countersigned_by_id: UUID | None
    in_force_at: str | None
    ended_at: str | None
    end_reason: str | None
    version: int


class VersionSummaryOut(Out):
    """A version without its text."""

    number: int
    status: str
    amendment_id: UUID | None
    amount: MoneyOut
    starts_on: str
    ends_on: str
    sha256: str
    in_force_at: str | None


class GrantAgreementOut(Out):
    """The agreement of a grant; amount and period are those in force, if any is."""

    id: UUID
    grant_id: UUID
    grant_code: str
    grant_status: str
    fund_id: UUID
    grantee: GranteeOut
    title: str | None
    starts_on: str | None
    ends_on: str | None
    amount: MoneyOut | None
    in_force_number: int | None
    last_number: int
    last_status: str


class GrantAgreementDetailOut(GrantAgreementOut):
    """The agreement of a grant with all its versions."""

    versions: list[VersionSummaryOut]


class GrantAgreementPage(Out):
    """A page of agreements."""

    items: list[GrantAgreementOut]
    next_cursor: str | None


class TermChangeOut(Out):
    """A term that differs, before and after."""

    name: str
    before: Any
    after: Any


class LineChangeOut(Out):
    """A line that was added (no `before`), removed (no `after`) or changed."""

    change: str
    before: AgreedLineOut | None
    after: AgreedLineOut | None


class ResultChangeOut(Out):
    """A result that was added, removed or changed."""

    change: str
    before: AgreedResultOut | None
    after: AgreedResultOut | None


class VersionChangesOut(Out):
    """What differs between two versions."""

    from_number: int
    to_number: int
    terms: list[TermChangeOut]
    budget: list[LineChangeOut]
    results: list[ResultChangeOut]


class GrantAgreementReceiptOut(Out):
    """The receipt of a version in force; verify `signature` over `body` with the key named."""

    number: int
    body: str
    sha256: str
    key_id: str
    signature: str
    issued_at: str


class CategorySumOut(Out):
    """What the budgets in force of a fund come to in one category."""

    fund_id: UUID
    fund_code: str
    category: str
    label: str
    grants: int
    amount: MoneyOut


class BudgetSums(Out):
    """Budgets in force by fund and category."""

    items: list[CategorySumOut]
    next_cursor: str | None


def lines_of(given: Sequence[AgreedLineIn], fund: Fund) -> tuple[content.Line, ...]:
    """Return lines given in a request; raise what is wrong with their amounts (422)."""
    found = []
    for index, line in enumerate(given):
        pointer = f"/budget/{index}/amount"
        if line.amount.currency != fund.base_currency:
            raise invalid(
                f"{pointer}/currency", "grants.base_currency", currency=fund.base_currency
            )
        shares = {share.objective: share.percent for share in line.objectives}
        minor = line.amount.minor(pointer, zero=True)
        found.append(content.Line(line.category, line.description, shares, minor))
    return tuple(found)


def results_of(given: Sequence[AgreedResultIn]) -> tuple[content.Result, ...]:
    """Return results given in a request."""
    return tuple(content.Result(one.indicator, one.baseline, one.target, one.note) for one in given)
