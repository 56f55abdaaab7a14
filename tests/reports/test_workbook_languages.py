"""The whole workbook of a report in each language: nothing left in English."""

from __future__ import annotations

import re

from fundops.messages.languages import languages
from tests.proposals.test_workbook_languages import is_english, texts
from tests.reports.report_terms import the_content, the_terms
from tests.reports.test_workbook_form import workbook

CODE = re.compile(r"[A-Z]{3}|[A-Z]{3}-[0-9-]+|[a-z][0-9]+(\.[a-z_]+)*")
"""Currencies, records, and what the workbook knows its rows by."""


def test_nothing_in_a_report_is_left_in_english() -> None:
    terms = the_terms()
    content = the_content(terms, "Ce qui s'est passé.") | {"confirmations": []}
    english = dict(texts(workbook(terms, content, "en")))
    typed = repr(content) + repr(terms)
    for language, about in languages().items():
        if language == "en" or "report_workbook" not in about.complete:
            continue
        found = dict(texts(workbook(terms, content, language)))
        assert found.keys() == english.keys()
        left = {
            said for place, said in found.items() if said == english[place] and is_english(said)
        }
        left = {said for said in left if said not in typed and not CODE.fullmatch(said)}
        assert left <= {"Action", "Servitude"}, language
