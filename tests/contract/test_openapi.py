"""The OpenAPI document: committed as it is, valid, and enough to make a client from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI

from fundops.commands import openapi_text
from fundops.strict import RAW


@pytest.fixture(scope="module")
def written() -> str:
    return openapi_text()


@pytest.fixture(scope="module")
def document(written: str) -> dict[str, Any]:
    return dict(json.loads(written))


REFERENCE = re.compile(r'"\$ref": "#/components/schemas/(\w+)"')


def rooted(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Return a schema by itself, with those beside it that it refers to, and they in turn."""
    schemas, needed = document["components"]["schemas"], dict[str, Any]()
    ahead = REFERENCE.findall(json.dumps(schema))
    while ahead:
        name = ahead.pop()
        if name not in needed:
            needed[name] = schemas[name]
            ahead += REFERENCE.findall(json.dumps(schemas[name]))
    return {**schema, "components": {"schemas": needed}} if needed else schema


def inner(value: Any, at: str = "#") -> Iterator[tuple[str, Any]]:
    """Yield every value of a document with its place."""
    yield at, value
    if isinstance(value, dict):
        for key, one in value.items():
            yield from inner(one, f"{at}/{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from inner(one, f"{at}/{number}")


def test_the_committed_document_is_current(pytestconfig: pytest.Config, written: str) -> None:
    committed = pytestconfig.rootpath / "openapi" / "fundops.json"
    assert committed.read_text(encoding="utf-8") == written, (
        "write it again: fundops openapi -o openapi/fundops.json"
    )


def test_the_document_is_the_same_each_time(written: str, bare_app: FastAPI) -> None:
    again = json.dumps(bare_app.openapi(), indent=2, ensure_ascii=False, sort_keys=True)
    assert again + "\n" == written, "another application of this process says the same"


def test_it_is_openapi_3_1_and_loads(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    schema = schemathesis.openapi.from_dict(document)
    assert len(list(schema.get_all_operations())) > 120


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    wanted = {
        value.removeprefix("#/components/schemas/")
        for place, value in inner(document)
        if place.endswith("/$ref") and isinstance(value, str)
    }
    assert wanted - schemas.keys() == set()
    assert schemas.keys() - wanted == set(), "schemas that nothing uses"


def test_names_of_schemas_are_ours(document: dict[str, Any]) -> None:
    """Two models of one name would be told apart by their modules, which clients would then see."""
    odd = [name for name in document["components"]["schemas"] if not name.isalnum()]
    assert odd == []


def test_schemas_are_json_schema(document: dict[str, Any]) -> None:
    import jsonschema_rs

    for name, schema in document["components"]["schemas"].items():
        alone = rooted(schema, document)
        jsonschema_rs.meta.validate(alone)
        jsonschema_rs.validator_for(alone)
        assert name[0].isupper()


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    import jsonschema_rs

    checked = 0
    for place, value in inner(document):
        if not isinstance(value, dict) or "examples" not in value or "properties" in place[-12:]:
            continue
        validator = jsonschema_rs.validator_for(rooted(value, document))
        for example in value["examples"]:
            assert validator.is_valid(example), (place, example)
            checked += 1
    assert checked > 30


def test_every_answer_of_success_says_what_it_is(document: dict[str, Any]) -> None:
    vague = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                for kind, content in answer.get("content", {}).items():
                    schema = content.get("schema", {})
                    binary = "spreadsheet" in kind or "octet-stream" in kind
                    if status < "300" and not schema and not binary:
                        vague.append(f"{method} {path} {status}")
    assert vague == []


def test_inputs_are_closed_and_bounded(document: dict[str, Any]) -> None:
    """Every object of a request refuses unknown fields; every text and list has a maximum."""
    open_objects, unbounded = [], []
    bodies = {
        content["schema"]["$ref"].rpartition("/")[2]
        for item in document["paths"].values()
        for operation in item.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind != RAW
    }
    seen: set[str] = set()
    while bodies - seen:
        name = (bodies - seen).pop()
        seen.add(name)
        schema = document["components"]["schemas"][name]
        bodies |= {
            value.rpartition("/")[2]
            for place, value in inner(schema)
            if place.endswith("/$ref") and isinstance(value, str)
        }
        for place, value in inner(schema, name):
            if not isinstance(value, dict):
                continue
            if value.get("type") == "object" and value.get("additionalProperties") is not False:
                open_objects.append(place)
            free = not {"maxLength", "enum", "const", "format", "pattern"} & value.keys()
            if value.get("type") == "string" and free:
                unbounded.append(place)
            if value.get("type") == "array" and "maxItems" not in value:
                unbounded.append(place)
    assert open_objects == []
    assert unbounded == []
