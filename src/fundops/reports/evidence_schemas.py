"""What the API takes for evidence and its inspection."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from fundops.files.schemas import Sha256
from fundops.schemas import Day, Flag, In, Line, Prose, Whole
from fundops.screening.fields import BY_PARTY

Number = Annotated[Whole, Field(ge=1, le=1_000)]


class ReportEvidenceIn(In):
    """A file, or a number in the grantee's register, and what it shows.

    Neither line nor result: the whole report.
    """

    line: Number | None = Field(None, description="The budget line's number.", examples=[1])
    result: Number | None = Field(None, description="The agreed result's number.", examples=[None])
    file_id: UUID | None = Field(
        None, description="A completed upload of the grantee.", examples=[None]
    )
    register_number: Annotated[Line, Field(max_length=80), BY_PARTY] | None = Field(
        None, description="Never anything that names a person.", examples=["R-017"]
    )
    sha256: Sha256 | None = Field(
        None, description="Of the paper in the register, if the grantee has it.", examples=[None]
    )


class EvidenceInspectionIn(In):
    """That a piece of evidence was seen on site."""

    inspected_on: Day = Field(description="Not in the future.", examples=["2026-01-15"])
    agrees: Flag = Field(description="Whether it shows what was reported.", examples=[True])
    note: Annotated[Prose, Field(max_length=2000), BY_PARTY] | None = Field(None, examples=[None])
