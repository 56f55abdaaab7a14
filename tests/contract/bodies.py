"""Request bodies made from the OpenAPI document alone: valid ones, and places to spoil."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any
from uuid import UUID

Path = tuple[str | int, ...]

BY_PATTERN = {
    "^[A-Z]{2}$": "AT",
    "^[A-Z]{3}$": "USD",
    "^[0-9]{3}$": "014",
    r"^[0-9]{1,16}(\.[0-9]{1,4})?$": "10.00",
}
BY_FORMAT = {
    "date": "2026-01-20",
    "date-time": "2026-01-20T12:00:00Z",
    "uuid": "01890000-0000-7000-8000-000000000000",
}
MAX_DEPTH = 8


class Bodies:
    """Makes bodies of an OpenAPI document; ``ids`` are used where a field's name asks for one."""

    def __init__(self, document: Mapping[str, Any], ids: Mapping[str, UUID] | None = None) -> None:
        self.schemas: Mapping[str, Any] = document["components"]["schemas"]
        self.ids = ids or {}

    def of(self, operation: Mapping[str, Any], *, whole: bool = False) -> Any:
        """Return a body for an operation: what is required, or every field; ``None`` if none."""
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        return self.value(content["application/json"]["schema"], "", whole=whole)

    def value(self, schema: Mapping[str, Any], name: str, *, whole: bool, depth: int = 0) -> Any:
        """Return a value that ``schema`` accepts, as far as a schema can say."""
        schema = self.resolved(schema)
        if name.endswith("_id") and (found := self.id_for(name)) is not None:
            return str(found)
        if schema.get("examples"):
            return deepcopy(schema["examples"][0])
        if "default" in schema and schema["default"] is not None:
            return deepcopy(schema["default"])
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for many in ("anyOf", "oneOf"):
            if many in schema:
                choice = next((s for s in schema[many] if s.get("type") != "null"), None)
                return self.value(choice or {}, name, whole=whole, depth=depth + 1)
        return self._by_type(schema, name, whole, depth)

    def _by_type(self, schema: Mapping[str, Any], name: str, whole: bool, depth: int) -> Any:
        match schema.get("type"):
            case "object":
                wanted = schema.get("required", [])
                return {
                    key: self.value(inner, key, whole=whole, depth=depth + 1)
                    for key, inner in schema.get("properties", {}).items()
                    if key in wanted or (whole and depth < MAX_DEPTH)
                }
            case "array":
                count = max(schema.get("minItems", 0), 1)
                one = schema.get("items", {})
                return [self.value(one, name[:-1], whole=whole, depth=depth + 1)] * count
            case "integer" | "number":
                low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
                return int(low) + (1 if "exclusiveMinimum" in schema else 0)
            case "boolean":
                return False
            case "null":
                return None
        return self._a_text(schema)

    @staticmethod
    def _a_text(schema: Mapping[str, Any]) -> str:
        if schema.get("format") in BY_FORMAT:
            return BY_FORMAT[schema["format"]]
        if schema.get("pattern") in BY_PATTERN:
            return BY_PATTERN[schema["pattern"]]
        return "SOME-TEXT-1"[: schema.get("maxLength", 11)]

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return ``schema`` with its reference followed, keeping what stands beside it."""
        while "$ref" in schema:
            target = self.schemas[schema["$ref"].rpartition("/")[2]]
            schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
        return schema

    def id_for(self, name: str) -> UUID | None:
        """Return the id of a record that a parameter or field of this name may mean."""
        return self.ids.get(name.removesuffix("_id"))


def places(body: Any, at: Path = ()) -> Iterator[Path]:
    """Return where the values of a body stand, the outermost first."""
    yield at
    children: Any = ()
    if isinstance(body, dict):
        children = body.items()
    elif isinstance(body, list):
        children = enumerate(body[:1])
    for key, inner in children:
        yield from places(inner, (*at, key))


def spoiled(body: Any, at: Path, value: Any) -> Any:
    """Return a copy of ``body`` with ``value`` at one place."""
    if not at:
        return value
    copy = deepcopy(body)
    target = copy
    for key in at[:-1]:
        target = target[key]
    target[at[-1]] = value
    return copy
