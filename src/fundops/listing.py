"""Lists that can be had whole: every list takes ``format`` and is then exported as a file.

``StrictRoute`` makes each list so by itself, so that none can be forgotten: its address, its
permission, its filters and its own code stay what they are. The file is written by what the
application has as ``state.export_list``, as workbooks stand on top of everything here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Literal, get_args, get_origin

from fastapi import Query, Request, Response
from pydantic import BaseModel

from fundops.schemas import problems

Format = Literal["json", "csv", "xlsx"]
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            CSV: {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        }
    },
    **problems(422, 503),
}
"""What a list answers besides a page of JSON."""

_ASKED = Query(description="`json`: a page; `csv` or `xlsx`: every row that the filters let by.")


@dataclass(frozen=True)
class Listed:
    """A list that somebody asks for as a file: its code and what it was asked.

    ``name`` is the last fixed part of its address, ``item`` documents a row, ``values`` are what
    the endpoint takes, the proved actor and the filters among them.
    """

    name: str
    item: type[BaseModel]
    endpoint: Callable[..., Response]
    values: Mapping[str, Any]
    request: Request
    format: Literal["csv", "xlsx"]


def item_of(model: Any) -> type[BaseModel] | None:
    """Return the model of a row, if answers of ``model`` hold a list of them as ``items``."""
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        return None
    field = model.model_fields.get("items")
    if field is None or get_origin(field.annotation) is not list:
        return None
    (item,) = get_args(field.annotation)
    return item if inspect.isclass(item) and issubclass(item, BaseModel) else None


def exportable(
    path: str, endpoint: Callable[..., Response], item: type[BaseModel]
) -> Callable[..., Response]:
    """Return the endpoint of a list that takes ``format`` as well."""
    name = [part for part in path.split("/") if part and not part.startswith("{")][-1]
    signature = inspect.signature(endpoint)
    assert "format" not in signature.parameters, f"{path} has a filter of that name"
    own_request = "request" in signature.parameters

    @wraps(endpoint)
    def call(**values: Any) -> Response:
        wanted: Format = values.pop("format")
        request = values["request"] if own_request else values.pop("request")
        if wanted == "json":
            return endpoint(**values)
        listed = Listed(name, item, endpoint, values, request, wanted)
        exported: Response = request.app.state.export_list(listed)
        return exported

    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [inspect.Parameter("format", keyword, default="json", annotation=_FORMAT)]
    if not own_request:
        added.insert(0, inspect.Parameter("request", keyword, annotation=Request))
    given = signature.parameters.values()
    parameters = [one.replace(kind=keyword) for one in given] + added
    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call


_FORMAT = Annotated[Format, _ASKED]
