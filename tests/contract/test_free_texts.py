"""Every free text that the API takes is screened before it is stored, or declared with a reason."""

from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError

from fundops.api_document import document
from fundops.schemas import In, LongLine, Prose
from fundops.screening.fields import SCREENED, SCREENED_BUT_NAMES
from tests.contract.free_texts import free_texts, undecided


class PlantedRow(In):
    remark: LongLine


class PlantedIn(In):
    story: Prose
    told: Annotated[Prose, SCREENED] | None = None
    rows: list[PlantedRow] = []
    notes: dict[str, LongLine] = {}
    codes: list[Annotated[str, SCREENED]] = []


planted = FastAPI()


@planted.post("/planted")
def plant(given: PlantedIn) -> None:
    raise AssertionError(given)


def test_every_free_text_is_screened_or_exempt_with_a_reason(bare_app: FastAPI) -> None:
    told = document(bare_app)

    assert undecided(told) == []
    assert len(free_texts(told)) > 250


def test_a_new_field_of_words_is_noticed() -> None:
    """The control: planted fields of every shape; only the screened and the formed ones pass."""
    found = free_texts(planted.openapi())

    assert {key for key, is_screened in found.items() if not is_screened} == {
        ("PlantedIn", "/story"), ("PlantedRow", "/remark"), ("PlantedIn", "/notes/{}"),
    }  # fmt: skip
    assert "PlantedIn /story" in undecided(planted.openapi())
    assert "BoardIn /title: needs no exemption" in undecided(planted.openapi())


@pytest.mark.parametrize("kind", [SCREENED, SCREENED_BUT_NAMES])
def test_what_is_marked_is_refused_and_a_name_alone_may_be_allowed(kind: object) -> None:
    field = TypeAdapter(Annotated[Prose, kind])

    for words in ("Call her on +226 70 12 34 56.", "See 12.34567, -1.52345", "Passport AB1234567"):
        with pytest.raises(ValidationError):
            field.validate_python(words)
    assert field.validate_python("Two tranches were late.") == "Two tranches were late."
    named = "Approved by Ms Maria Gomez."
    if kind is SCREENED_BUT_NAMES:
        assert field.validate_python(named) == named
    else:
        with pytest.raises(ValidationError):
            field.validate_python(named)
