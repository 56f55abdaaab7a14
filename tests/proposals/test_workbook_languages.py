"""The whole workbook in each language: no label, help, list or comment left in English."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import load_workbook

from fundops.messages.languages import languages
from tests.proposals.proposal_factories import Applicant, an_applicant, right
from tests.proposals.test_workbook import BYTES, edited, fetch
from tests.world import World

OTHERS = [code for code in languages() if code != "en"]
HIDDEN = frozenset({"_identity", "_lists"})
UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")

SAME = {
    "fr": {"Classification", "P", "Description", "USD", "Moldova", "Budget"},
    "es": {"No", "General", "USD"},
    "ar": {"USD"},
}  # fmt: skip


@pytest.fixture
def applicant(world: World) -> Applicant:
    made = an_applicant(world)
    made.start()
    return made


def texts(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield everything that a person can read in a workbook, with where it stands."""
    book = load_workbook(io.BytesIO(raw))
    for number, sheet in enumerate(book.worksheets):
        shown = sheet.sheet_state == "visible"
        if shown:
            yield f"{number}", sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and (shown or "list" in sheet.title.lower()):
                    yield f"{number}!{cell.coordinate}", cell.value
                if cell.comment is not None:
                    yield f"{number}!{cell.coordinate} comment", cell.comment.text
        for rule in sheet.data_validations.dataValidation:
            for part in ("prompt", "promptTitle", "error", "errorTitle"):
                if getattr(rule, part):
                    yield f"{number} {rule.sqref} {part}", getattr(rule, part)


def readable(said: str) -> bool:
    return re.search(r"[A-Za-z]{3}", said) is not None and not said.startswith(("=", "#"))


@pytest.mark.sqlite_only
def test_nothing_in_a_workbook_is_left_in_english(applicant: Applicant) -> None:
    english, _ = fetch(applicant)
    in_english = dict(texts(english))
    assert len(in_english) > 500
    for language in OTHERS:
        raw, _ = fetch(applicant, language)
        found = dict(texts(raw))
        assert found.keys() == in_english.keys()
        left = {
            said for place, said in found.items() if readable(said) and said == in_english[place]
        }
        print(language, len(found), sorted(left)[:80])
        assert not any(UNSEEN.search(said) for said in found.values())
