"""What a grantee certifies of a report's money, and what an officer decides of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fundops.grants.schemas import AnyReason
from fundops.schemas import Flag, In, MoneyIn, Whole
from fundops.screening.fields import BY_PARTY


class CertificationIn(In):
    """The two boxes that a grantee ticks when it submits expenditure."""

    expenditure: Flag = Field(
        False, description="It was spent for the agreed purpose and is documented."
    )
    request: Flag = Field(False, description="What is requested is what the plan needs next.")


class ExpenditureDecisionIn(In):
    """How much of one budget line's expenditure is accepted, and of its request authorised."""

    number: Annotated[Whole, Field(ge=1, le=1_000, description="The budget line's number.")]
    accepted: MoneyIn | None = Field(
        None, description="In the fund's currency; all of it if not said.", examples=[None]
    )
    reason: Annotated[AnyReason, BY_PARTY] | None = Field(
        None, description="Why not all of it.", examples=[None]
    )
    authorised: MoneyIn | None = Field(
        None,
        description="For the next period; as requested if not said, never beyond the balance.",
        examples=[None],
    )
    is_support_cost: Flag | None = Field(
        None,
        description="The grantee's own indirect cost; stays so in its later reports.",
        examples=[None],
    )
