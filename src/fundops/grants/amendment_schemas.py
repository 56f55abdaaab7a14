"""What the API takes and gives for amendments of grant agreements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from fundops.files.schemas import Sha256
from fundops.grants import agreement_content as content
from fundops.grants import amendment_rules as rules
from fundops.grants.agreement_schemas import (
    SAMPLE_SHA256,
    AgreedLineOut,
    AgreedResultOut,
    Language,
    Lines,
    Results,
)
from fundops.grants.agreement_wire import agreed_out
from fundops.grants.amendment_models import AmendmentApproval, GrantAmendment
from fundops.grants.schemas import Reason
from fundops.schemas import NOT_NULL, Day, In, LongLine, MoneyIn, MoneyOut, Out, Prose
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES

AmendmentKind = Literal[
    "no_cost_extension", "reallocation", "cost_extension", "results", "administrative"
]


class AmendmentChangeIn(In):
    """What is to become of the agreement in force; what is left out stays as it is."""

    title: Annotated[Annotated[LongLine, SCREENED_BUT_NAMES] | None, NOT_NULL] = None
    language: Annotated[Language | None, NOT_NULL] = None
    ends_on: Annotated[Day | None, NOT_NULL] = None
    special_conditions: Annotated[Prose, SCREENED] | None = None
    amount: Annotated[MoneyIn | None, NOT_NULL] = None
    budget: Annotated[Lines | None, NOT_NULL] = Field(
        None, description="All lines as they are to be; they sum to the amount."
    )
    results: Annotated[Results | None, NOT_NULL] = None


class AmendmentIn(In):
    """A change of the agreement in force that is asked for."""

    kind: AmendmentKind
    reason: Reason = Field(examples=["The school year begins later."])
    changes: AmendmentChangeIn


class AmendmentPatch(In):
    """Another change asked for instead: `changes` are given whole. Approvals given are void."""

    reason: Annotated[Reason | None, NOT_NULL] = None
    changes: Annotated[AmendmentChangeIn | None, NOT_NULL] = None


class ApproveAmendmentIn(In):
    """The content that was seen."""

    sha256: Sha256 = Field(
        description="`sha256` of the amendment as it was read.", examples=[SAMPLE_SHA256]
    )


class AmendmentReasonIn(In):
    """Why an amendment is rejected or withdrawn."""

    reason: Reason


class ApprovalOut(Out):
    """An approval; one with `voided_at` counts no more."""

    person_id: UUID
    role: str
    sha256: str
    approved_at: str
    voided_at: str | None


class AmendmentOut(Out):
    """An amendment. `measure` is in months or basis points, as `measured_in` says."""

    id: UUID
    grant_id: UUID
    grant_code: str
    fund_id: UUID
    number: int
    base_number: int
    kind: str
    status: str
    reason: str
    measure: int
    measured_in: str
    needed: list[str] = Field(description="Roles of which a person each must approve.")
    by_notice: bool
    by_grantee: bool
    sha256: str
    requested_by_id: UUID
    requested_at: str
    written_by_id: UUID
    ended_at: str | None
    end_reason: str | None
    version: int


class ProposedOut(Out):
    """The whole text that would be agreed."""

    title: str
    language: str
    starts_on: str
    ends_on: str
    amount: MoneyOut
    special_conditions: str | None
    budget: list[AgreedLineOut]
    results: list[AgreedResultOut]


class AmendmentDetailOut(AmendmentOut):
    """An amendment with what would be agreed, and its approvals."""

    missing: list[str] = Field(description="Roles whose approval is still missing.")
    proposed: ProposedOut
    approvals: list[ApprovalOut]


class AmendmentPage(Out):
    """A page of amendments."""

    items: list[AmendmentOut]
    next_cursor: str | None


def amendment_out(row: Any) -> dict[str, Any]:
    """Return the wire form of an amendment's row."""
    names = (
        "id", "grant_id", "grant_code", "fund_id", "number", "base_number", "kind", "status",
        "reason", "measure", "by_notice", "by_grantee", "sha256", "requested_by_id", "requested_at",
        "written_by_id", "ended_at", "end_reason", "version",
    )  # fmt: skip
    own = {name: getattr(row, name) for name in names}
    unit = rules.UNITS.get(row.kind, "basis_points")
    return own | {"measured_in": unit, "needed": json.loads(row.needed)}


def detail_out(
    row: Any, amendment: GrantAmendment, approvals: Sequence[AmendmentApproval]
) -> dict[str, Any]:
    """Return the wire form of an amendment with its content and approvals."""
    standing = [one.role for one in approvals if one.voided_at is None]
    is_open = amendment.status == "requested"
    missing = rules.still_needed(json.loads(row.needed), standing) if is_open else []
    names = ("person_id", "role", "sha256", "approved_at", "voided_at")
    return amendment_out(row) | {
        "missing": missing,
        "proposed": agreed_out(content.read(amendment.content), row.base_currency),
        "approvals": [{name: getattr(one, name) for name in names} for one in approvals],
    }
