"""What the API takes and gives for grant agreements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from fundops.calls.codelists import get as code_list
from fundops.errors import invalid
from fundops.files.schemas import Sha256
from fundops.grants import agreement_content as content
from fundops.grants.agreement_content import MAX_LINES, MAX_RESULTS, Difference
from fundops.grants.agreement_models import GrantAgreementReceipt
from fundops.grants.agreement_queries import Held
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
    money_out,
    refused,
)


def _indicator(value: str) -> str:
    if not code_list("indicator").has(value):
        raise refused("agreements.indicator_unknown")
    return value


Category = Literal["A", "B", "C", "D", "E", "F", "G"]
Count = Annotated[Whole, Field(ge=0, le=MAX_MINOR)]
Indicator = Annotated[
    str, StringConstraints(strict=True, max_length=10), AfterValidator(_indicator)
]
Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}$")]


class AgreedLineIn(In):
    """A budget line: its category, what it is for, the objectives it serves, its amount."""

    category: Category
    description: LongLine = Field(examples=["Two house mothers"])
    objectives: Shares
    amount: MoneyIn = Field(description="May be nothing: the line stays, without money.")


class AgreedResultIn(In):
    """A result that is agreed."""

    indicator: Indicator = Field(examples=["4.4"])
    baseline: Count | None = None
    target: Count
    note: LongLine | None = None


Lines = Annotated[list[AgreedLineIn], Field(min_length=1, max_length=MAX_LINES)]
Results = Annotated[list[AgreedResultIn], Field(max_length=MAX_RESULTS)]


class AgreementIn(In):
    """What differs from the proposal, or all of it for a grant that has none."""

    title: LongLine | None = None
    language: Language | None = Field(None, description="Of the text; the proposal's by default.")
    starts_on: Day | None = None
    ends_on: Day | None = None
    special_conditions: Prose | None = None
    budget: Lines | None = Field(None, description="All lines; they sum to the award.")
    results: Results | None = None


class AgreementPatch(In):
    """Changes of a version before it is signed. Lines and results are given whole."""

    title: Annotated[LongLine | None, NOT_NULL] = None
    language: Annotated[Language | None, NOT_NULL] = None
    starts_on: Annotated[Day | None, NOT_NULL] = None
    ends_on: Annotated[Day | None, NOT_NULL] = None
    special_conditions: Prose | None = None
    budget: Annotated[Lines | None, NOT_NULL] = None
    results: Annotated[Results | None, NOT_NULL] = None


class SignIn(In):
    """The text that the signer has seen."""

    sha256: Sha256 = Field(description="`sha256` of the version as it was read.")


class RecordSignatureIn(In):
    """The grantee's signature on paper."""

    sha256: Sha256 = Field(description="`sha256` of the text on the paper.")
    file_id: UUID = Field(description="The signed page, uploaded as a file of the grantee.")
    signing_office: Line = Field(examples=["Executive Director"])
    signed_on: Day


class AgreementReasonIn(In):
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


class AgreementVersionOut(Out):
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


class AgreementOut(Out):
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


class AgreementDetailOut(AgreementOut):
    """The agreement of a grant with all its versions."""

    versions: list[VersionSummaryOut]


class AgreementPage(Out):
    """A page of agreements."""

    items: list[AgreementOut]
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


class AgreementReceiptOut(Out):
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


def agreement_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an agreement's row."""
    return {
        "id": row.id,
        "grant_id": row.grant_id,
        "grant_code": row.grant_code,
        "grant_status": row.grant_status,
        "fund_id": row.fund_id,
        "grantee": {
            "id": row.grantee_id, "code": row.grantee_code, "name": row.grantee_name,
        },
        "title": row.title,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "amount": money_out(row.amount_minor, row.base_currency),
        "in_force_number": row.in_force_number,
        "last_number": row.last_number,
        "last_status": row.last_status,
    }  # fmt: skip


def detail_out(row: Any, versions: Sequence[Held]) -> dict[str, Any]:
    """Return the wire form of an agreement with its versions."""
    return agreement_out(row) | {
        "versions": [
            {
                "number": held.version.number,
                "status": held.version.status,
                "amendment_id": held.version.amendment_id,
                "amount": money_out(held.text.amount_minor, row.base_currency),
                "starts_on": held.text.starts_on,
                "ends_on": held.text.ends_on,
                "sha256": held.text.sha256,
                "in_force_at": held.version.in_force_at,
            }
            for held in versions
        ]
    }


def version_out(held: Held, currency: str) -> dict[str, Any]:
    """Return the wire form of a version."""
    version, said = held.version, content.read(held.text.content)
    names = (
        "number", "status", "amendment_id", "by_notice", "needs_revision", "prepared_by_id",
        "offered_at", "signed_by_id", "recorded_by_id", "signing_office", "evidence_file_id",
        "signed_on", "countersigned_by_id", "in_force_at", "ended_at", "end_reason", "version",
    )  # fmt: skip
    own = {name: getattr(version, name) for name in names}
    said_out = agreed_out(said, currency)
    return {"grant_id": held.grant.id} | own | said_out | {"sha256": held.text.sha256}


def agreed_out(said: content.Agreed, currency: str) -> dict[str, Any]:
    """Return the wire form of what a text says."""
    return {
        "title": said.title,
        "language": said.language,
        "starts_on": said.starts_on,
        "ends_on": said.ends_on,
        "amount": money_out(said.amount_minor, currency),
        "special_conditions": said.special_conditions,
        "budget": [line_out(n, line, currency) for n, line in enumerate(said.lines, 1)],
        "results": [result_out(number, one) for number, one in enumerate(said.results, 1)],
    }


def line_out(number: int, line: content.Line, currency: str) -> dict[str, Any]:
    """Return the wire form of a budget line."""
    return {
        "number": number,
        "category": line.category,
        "description": line.description,
        "objectives": [
            {"objective": one, "percent": share} for one, share in sorted(line.objectives.items())
        ],
        "amount": money_out(line.amount_minor, currency),
    }


def result_out(number: int, one: content.Result) -> dict[str, Any]:
    """Return the wire form of an agreed result."""
    return {
        "number": number, "indicator": one.indicator, "baseline": one.baseline,
        "target": one.target, "note": one.note,
    }  # fmt: skip


def changes_out(
    before: tuple[int, content.Agreed], after: tuple[int, content.Agreed], currency: str
) -> dict[str, Any]:
    """Return the wire form of what differs between two numbered texts."""
    (old_number, old), (new_number, new) = before, after
    found: Difference = content.difference(old, new)

    def term(name: str, value: Any) -> Any:
        if name == "amount_minor":
            return money_out(value, currency)
        return value.isoformat() if isinstance(value, date) else value

    return {
        "from_number": old_number,
        "to_number": new_number,
        "terms": [
            {
                "name": name.removesuffix("_minor"),
                "before": term(name, was),
                "after": term(name, now),
            }
            for name, (was, now) in found.terms.items()
        ],
        "budget": [
            {
                "change": _change(was, now),
                "before": was and line_out(old.lines.index(was) + 1, was, currency),
                "after": now and line_out(new.lines.index(now) + 1, now, currency),
            }
            for was, now in found.lines
        ],
        "results": [
            {
                "change": _change(was_result, is_result),
                "before": was_result and result_out(old.results.index(was_result) + 1, was_result),
                "after": is_result and result_out(new.results.index(is_result) + 1, is_result),
            }
            for was_result, is_result in found.results
        ],
    }


def _change(was: object, now: object) -> str:
    if was is None:
        return "added"
    return "removed" if now is None else "changed"


def receipt_out(number: int, receipt: GrantAgreementReceipt) -> dict[str, Any]:
    """Return the wire form of a receipt."""
    return {
        "number": number, "body": receipt.body, "sha256": receipt.sha256,
        "key_id": receipt.key_id, "signature": receipt.signature, "issued_at": receipt.issued_at,
    }  # fmt: skip


def sums_out(rows: Sequence[Any]) -> dict[str, Any]:
    """Return the wire form of budgets in force by fund and category."""
    names = code_list("budget_category")
    items = [
        {
            "fund_id": row.fund_id,
            "fund_code": row.fund_code,
            "category": row.category,
            "label": names.label(row.category),
            "grants": row.grants,
            "amount": money_out(int(row.minor), row.base_currency),
        }
        for row in rows
    ]
    return {"items": items, "next_cursor": None}
