"""The whole workbook in each language: no label, help, list or comment left in English."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook

from fundops.calls import codelists
from fundops.messages import text
from fundops.messages.languages import languages
from tests.proposals.proposal_factories import Applicant, right
from tests.proposals.test_workbook import BYTES, edited, fetch

OTHERS = [code for code in languages() if code != "en"]
UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
PLACE = re.compile(r"([A-Z]{2}|[0-9]{3}) .*")
KEY = re.compile(r"[a-z]+\.[a-z0-9_.]+|fundops section [a-z_]+")
"""What the workbook knows its rows and sections by, in white."""
CODE = re.compile(r"[a-z_]+|[0-9a-f]{64}|(id|row)\..*|fundops.*|[A-Z]{3}-[A-Z0-9-]+")
"""What hidden sheets say to the program alone."""
SAME = {"fr": {"3 Action", "Action", "Classification", "Protection", "Servitude"}}
"""What is the same word in English."""


def texts(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield everything that a person can read in a workbook, with where it stands."""
    book = load_workbook(io.BytesIO(raw))
    for number, sheet in enumerate(book.worksheets):
        shown = sheet.sheet_state == "visible"
        if shown:
            yield f"{number}", sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and (shown or not CODE.fullmatch(cell.value)):
                    yield f"{number}!{cell.coordinate}", cell.value
                if cell.comment is not None:
                    yield f"{number}!{cell.coordinate} comment", cell.comment.text
        for rule in sheet.data_validations.dataValidation:
            for part in ("prompt", "promptTitle", "error", "errorTitle"):
                if getattr(rule, part):
                    yield f"{number} {rule.sqref} {part}", getattr(rule, part)


def is_english(said: str) -> bool:
    """Return whether there are words in a text that need a language, other than a place's name."""
    given = KEY.fullmatch(said) or PLACE.fullmatch(said) or said.startswith("=")
    return not given and re.search(r"[A-Za-z]{3}", said) is not None


@pytest.mark.sqlite_only
def test_nothing_in_a_workbook_is_left_in_english(applicant: Applicant) -> None:
    in_english = dict(texts(fetch(applicant)[0]))
    assert len(in_english) > 1000
    title = applicant.caller.get(applicant.place).json()["title"]
    for language in OTHERS:
        if "proposal_workbook" not in languages()[language].complete:
            continue
        raw, _ = fetch(applicant, language)
        found = dict(texts(raw))
        assert found.keys() == in_english.keys()
        left = {said for place, said in found.items() if said == in_english[place]}
        wrong = {said for said in left if is_english(said)} - SAME.get(language, set()) - {title}
        assert wrong == set(), language
        assert not any(UNSEEN.search(said) for said in found.values()), language
        book = load_workbook(io.BytesIO(raw))
        is_rtl = languages()[language].direction == "rtl"
        sheets = [one for one in book.worksheets if one.sheet_state == "visible"]
        assert {bool(one.sheet_view.rightToLeft) for one in sheets} == {is_rtl}
        lists = [one for one in book.worksheets if one.sheet_state != "visible"]
        labels = {cell for one in lists for row in one.values for cell in row}
        housing = codelists.get("budget_category").label("A", language)
        assert f"A {housing}" in labels


@pytest.mark.sqlite_only
@pytest.mark.parametrize("language", ["fr", pytest.param("es", marks=pytest.mark.slow), "ar"])
def test_a_workbook_keeps_its_language_whoever_sends_it(
    applicant: Applicant, language: str
) -> None:
    """It is asked for by the header and sent back by a way that speaks English only."""
    applicant.save(right())
    caller, place = applicant.caller, f"{applicant.place}/workbook"
    answer = caller.get(place, headers={"accept-language": language})
    assert answer.headers["content-language"] == language
    assert answer.headers["content-disposition"].isascii()
    raw, tag = answer.content, answer.headers["etag"]
    sent = caller.request("PUT", place, content=raw, headers=BYTES | {"if-match": tag})
    assert sent.status_code == 200, sent.text
    budget = text("proposals.workbook.budget", language)
    first = next(row for row in load_workbook(io.BytesIO(raw))[budget].iter_rows() if any(
        cell.value == 2 for cell in row))  # fmt: skip
    quantity = next(cell.coordinate for cell in first if cell.value == 2)
    broken = edited(raw, **{f"{budget}__{quantity}": "many"})
    check = applicant.place + "/check_workbook"
    checked = caller.request("POST", check, content=broken, headers=BYTES)
    assert (checked.status_code, checked.headers["x-problems"]) == (200, "1"), checked.text
    book = load_workbook(io.BytesIO(checked.content))
    problem = text("forms.not_a_number", language, found="many")
    assert problem in book[budget][quantity].comment.text
    listed = {cell for row in book[text("forms.problems.tab", language)].values for cell in row}
    assert {problem, text("forms.problems.how", language)} <= listed
    tagged = BYTES | {"if-match": sent.headers["etag"]}
    for reads, said in ((language, problem), ("en", text("forms.not_a_number", found="many"))):
        refused = caller.request(
            "PUT", place, content=broken, headers=tagged | {"accept-language": reads}
        )
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["detail"] == f"{budget}!{quantity}: {said}"
