"""What the API gives for code lists and for the ten objectives."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fundops.schemas import Out


class ObjectiveOut(Out):
    """One of the ten objectives."""

    number: int
    title: str
    description: str
    development_goals: list[str] = Field(
        description="Goals and targets of the code list `sdg` that it serves.", examples=[["16.2"]]
    )


class ThemeOut(Out):
    """One of the three themes, which cut across the objectives."""

    code: str
    title: str
    description: str


class ObjectivePage(Out):
    """The ten objectives and the three themes; they always fit one page."""

    items: list[ObjectiveOut]
    next_cursor: str | None
    themes: list[ThemeOut]


class ListLanguageOut(Out):
    """How far a list is labelled in one language, and whether a native speaker went over it."""

    language: str
    is_reviewed: bool
    labelled: int = Field(description="Entries that have a label in this language.")


class CodeListSummaryOut(Out):
    """A code list: where it is from, how large it is, in which languages it is labelled."""

    name: str
    source: str
    size: int
    languages: list[ListLanguageOut]


class CodeListPage(Out):
    """All code lists; they always fit one page."""

    items: list[CodeListSummaryOut]
    next_cursor: str | None


class CodeOut(Out):
    """One code with its label."""

    code: str
    label: str
    language: str = Field(
        description="What the label is in: English where the asked-for language has none."
    )
    is_reviewed: bool = Field(description="Whether a native speaker has gone over the label.")
    description: str | None
    broader: str | None = Field(description="The code of the same list that this one lies in.")
    mapped_to: list[str] = Field(
        description="Codes of other lists, as `list:code`.", examples=[["sdg:8.7"]]
    )
    details: dict[str, Any] = Field(description="What only this list says of its codes.")


class CodeListOut(CodeListSummaryOut):
    """A code list with all its codes."""

    language: str
    items: list[CodeOut]
