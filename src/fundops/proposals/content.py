"""What an applicant may save: the whole of a proposal, however unfinished.

A draft takes whatever a person typed into a place that exists: text, a number, a yes or no, or
nothing. It is stored as sent, so that nothing typed is ever lost, but for texts that look like
personal data, which are left out and marked (``screened``); what is wrong with it is said by
``checks`` when asked, and again on submission. Only its places are bounded here.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fundops import drafted
from fundops.parties.withholding import MAX_CONFIRMATIONS, ConfirmationIn, Leaf
from fundops.parties.withholding import WITHHELD as WITHHELD_KEY
from fundops.schemas import In

MAX_SHARES, MAX_CODES, MAX_PLACES = 30, 60, 60
MAX_LINES, MAX_RESULTS, MAX_COFUNDING = 300, 120, 60

CODE_LISTS = ("theme", "p", "side", "exploitation", "assistance", "group", "sdg")
"""Code lists that a proposal declares codes of, beside its objectives, country and regions."""
ANSWERS = ("need", "approach", "sustainability", "risks", "safeguarding")
"""The questions that every proposal answers."""


class ShareDraft(In):
    """How much of the proposal is for one objective, in percent."""

    objective: Leaf = None
    percent: Leaf = None


class CodesDraft(In):
    """Codes that the proposal declares, by code list."""

    theme: list[Leaf] = Field([], max_length=MAX_CODES)
    p: list[Leaf] = Field([], max_length=MAX_CODES)
    side: list[Leaf] = Field([], max_length=MAX_CODES)
    exploitation: list[Leaf] = Field([], max_length=MAX_CODES)
    assistance: list[Leaf] = Field([], max_length=MAX_CODES)
    group: list[Leaf] = Field([], max_length=MAX_CODES)
    sdg: list[Leaf] = Field([], max_length=MAX_CODES)


class BudgetDraft(In):
    """A budget line: quantity x unit cost x duration x share charged (percent)."""

    category: Leaf = None
    description: Leaf = None
    unit: Leaf = None
    quantity: Leaf = None
    unit_cost: Leaf = None
    duration: Leaf = None
    share_charged: Leaf = None
    objective: Leaf = None


class ResultDraft(In):
    """A planned result: an indicator of the catalogue with its baseline and target."""

    indicator: Leaf = None
    baseline: Leaf = None
    target: Leaf = None
    note: Leaf = None


class CofundingDraft(In):
    """Money from others for the same work."""

    source: Leaf = None
    amount: Leaf = None
    currency: Leaf = None
    is_secured: Leaf = None


class AnswersDraft(In):
    """Answers to the questions that every proposal answers."""

    need: Leaf = None
    approach: Leaf = None
    sustainability: Leaf = None
    risks: Leaf = None
    safeguarding: Leaf = None


class DraftIn(In):
    """The whole content of a draft. What is left out is empty; nothing here need be right yet."""

    title: Leaf = None
    language: Leaf = None
    summary: Leaf = None
    country: Leaf = None
    regions: list[Leaf] = Field([], max_length=MAX_PLACES)
    places: list[Leaf] = Field([], max_length=MAX_PLACES)
    starts_on: Leaf = None
    ends_on: Leaf = None
    shares: list[ShareDraft] = Field([], max_length=MAX_SHARES)
    codes: CodesDraft | None = None
    budget: list[BudgetDraft] = Field([], max_length=MAX_LINES)
    results: list[ResultDraft] = Field([], max_length=MAX_RESULTS)
    cofunding: list[CofundingDraft] = Field([], max_length=MAX_COFUNDING)
    answers: AnswersDraft | None = None
    confirmations: list[ConfirmationIn] = Field([], max_length=MAX_CONFIRMATIONS)

    def plain(self) -> dict[str, Any]:
        """Return what was sent, no more and no less, without the confirmations."""
        return self.model_dump(exclude_unset=True, exclude={"confirmations"})


def read(text: str) -> dict[str, Any]:
    """Return the content of a stored text, without what tells what was left out."""
    found = drafted.read(text)
    found.pop(WITHHELD_KEY, None)
    return found


def withheld(text: str) -> list[dict[str, Any]]:
    """Return what screening left out of a stored content: pointer, kind, start and end."""
    return list(drafted.read(text).get(WITHHELD_KEY) or ())
