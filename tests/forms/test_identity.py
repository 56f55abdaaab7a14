"""The wrong workbook is recognised and named: another form, record, version, or none of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fundops.forms.declaration import Field, Form, Section
from fundops.forms.kinds import DeclarationError, Option, Text
from fundops.forms.layout import IDENTITY_SHEET
from fundops.forms.parse import parse
from fundops.forms.render import render
from tests.forms import examples
from tests.forms.examples import only

PROPOSAL, IDENTITY = examples.PROPOSAL, examples.PROPOSAL_IDENTITY


def refusal(form: Form, raw: bytes, expected: dict[str, str]) -> tuple[str, str]:
    filled = parse(form, raw, expected)
    assert filled.refused
    assert filled.values == {}
    problem = only(filled)
    return problem.code, problem.message


def test_another_workbook_is_not_ours() -> None:
    from io import BytesIO

    from openpyxl import Workbook

    target = BytesIO()
    Workbook().save(target)
    code, message = refusal(PROPOSAL, target.getvalue(), IDENTITY)
    assert code == "not_ours"
    assert "Proposal to the fund" in message


def test_a_lost_identity_is_not_ours() -> None:
    def change(book: Any) -> None:
        del book[IDENTITY_SHEET]

    raw = examples.edited(examples.proposal(), change)
    assert refusal(PROPOSAL, raw, IDENTITY)[0] == "not_ours"


def test_another_form_is_named() -> None:
    code, message = refusal(PROPOSAL, examples.scores(), IDENTITY)
    assert code == "other_form"
    assert "Scores of one proposal" in message


@pytest.mark.parametrize("key", ["call", "proposal"])
def test_another_record_is_named(key: str) -> None:
    code, message = refusal(PROPOSAL, examples.proposal(), {**IDENTITY, key: "CALL-2026-0009"})
    assert code == "other_record"
    assert f"another {key}" in message
    assert IDENTITY[key] in message
    assert "CALL-2026-0009" in message


def test_versions_before_and_after_are_told_apart() -> None:
    newer = replace(PROPOSAL, version=4)
    assert refusal(newer, examples.proposal(), IDENTITY)[0] == "old_version"
    older = replace(PROPOSAL, version=2)
    assert refusal(older, examples.proposal(), IDENTITY)[0] == "other_version"
    for version in ("", "x", "9" * 50, "٣"):
        raw = examples.with_cells(examples.proposal(), IDENTITY_SHEET, B3=version)
        assert refusal(PROPOSAL, raw, IDENTITY)[0] in {"other_version", "old_version"}


def test_another_layout_of_one_version_is_refused() -> None:
    more = Section("more", "More", (Field("extra", "Extra", Text()),))
    changed = replace(PROPOSAL, sections=(*PROPOSAL.sections, more))
    code, message = refusal(changed, examples.proposal(), IDENTITY)
    assert code == "other_layout"
    assert "has changed" in message


def test_words_limits_and_options_may_change() -> None:
    """A form in another language, with another option, still reads the workbook."""
    profile, budget = PROPOSAL.sections
    titles = {"title": "Titre du projet", "summary": "Résumé"}
    fields = tuple(
        replace(one, label=titles.get(one.key, one.label), help="") for one in profile.fields
    )
    french = replace(
        PROPOSAL,
        title="Proposition",
        language="fr",
        sections=(replace(profile, title="Le résumé", fields=fields), budget),
    )
    assert french.digest() == PROPOSAL.digest()
    filled = parse(french, examples.proposal(), IDENTITY)
    assert filled.problems == []
    assert filled.values == examples.PROPOSAL_VALUES
    assert filled.identity["language"] == "en"


def test_an_option_that_is_gone_is_a_problem_in_its_cell() -> None:
    from fundops.forms.kinds import Choice

    profile, budget = PROPOSAL.sections
    fields = tuple(
        replace(one, kind=Choice((Option("019", "Americas"),))) if one.key == "region" else one
        for one in profile.fields
    )
    fewer = replace(PROPOSAL, sections=(replace(profile, fields=fields), budget))
    problem = only(parse(fewer, examples.proposal(), IDENTITY))
    assert (problem.code, problem.cell) == ("not_an_option", "C7")


def test_what_a_strangers_file_says_is_shown_short_and_printable() -> None:
    evil = "x\n\u202e" + "A" * 500
    raw = examples.with_cells(examples.proposal(), IDENTITY_SHEET, B2="other", B4=evil)
    _, message = refusal(PROPOSAL, raw, IDENTITY)
    assert "A" * 50 not in message
    assert message.isprintable()


def test_identity_keys_are_exactly_those_of_the_form() -> None:
    for records in ({}, {**IDENTITY, "more": "x"}, {"call": "a b", "proposal": "c"}):
        with pytest.raises(DeclarationError):
            render(PROPOSAL, {}, records)
    with pytest.raises(DeclarationError):
        parse(PROPOSAL, examples.proposal(), {"call": "CALL-2026-0001"})
