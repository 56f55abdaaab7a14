"""Routes of code lists and of the ten objectives: prepared answers that ask no database."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Response

from fundops.authz import Actor, Can, Permission
from fundops.calls import codelist_answers
from fundops.calls.codelists import LANGUAGES
from fundops.calls.list_schemas import CodeListOut, CodeListPage, ObjectivePage
from fundops.messages.reader import read_by
from fundops.schemas import READS, problems
from fundops.strict import StrictRoute

objectives_router = APIRouter(prefix="/objectives", tags=["code lists"], route_class=StrictRoute)
lists_router = APIRouter(prefix="/code_lists", tags=["code lists"], route_class=StrictRoute)

Anybody = Annotated[Actor, Depends(Can(Permission.SELF_READ))]
Language = Literal["en", "fr", "es", "ar", "ru", "zh"]
ListName = Annotated[str, Path(max_length=40, examples=["exploitation"])]


@objectives_router.get(
    "", operation_id="list_objectives", response_model=ObjectivePage, responses=problems(401, 403)
)
def list_objectives(_actor: Anybody) -> Response:
    """List the ten objectives and the three themes of the Global Initiative."""
    return _json(codelist_answers.objectives())


@lists_router.get(
    "", operation_id="list_code_lists", response_model=CodeListPage, responses=problems(401, 403)
)
def list_code_lists(_actor: Anybody) -> Response:
    """List the code lists: their sizes, languages, and what a native speaker has gone over."""
    return _json(codelist_answers.overview())


@lists_router.get(
    "/{name}", operation_id="get_code_list", response_model=CodeListOut, responses=READS
)
def get_code_list(_actor: Anybody, name: ListName, language: Language | None = None) -> Response:
    """Read one code list with labels in a language, by default the one that you read; a label that
    is missing there is in English.
    """
    spoken = read_by(language)
    answer = _json(codelist_answers.one_list(name, spoken if spoken in LANGUAGES else "en"))
    answer.headers["content-language"] = spoken
    return answer


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
