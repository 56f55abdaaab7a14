"""Fields of what the API takes in which nothing may look like personal data.

What an office writes is refused, not left out: whoever wrote it can word it anew at once. The API
document says so of each such field by ``x-screened``, which a test compares with a list of the
fields that need no screening.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from fundops.messages import text
from fundops.schemas import refused
from fundops.screening import screen

NAME = "person_name"
MARK = "x-screened"
"""What the API document says of a field: ``refused`` or ``withheld``."""
WITHHELD = {MARK: "withheld"}
"""Of a draft: what is found there is left out and marked, and the rest is stored."""


@dataclass(frozen=True)
class Screens:
    """Refuses text that looks like personal data; ``names`` alone may be allowed."""

    names: bool

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {MARK: "refused"}

    def check(self, value: str) -> str:
        """Return ``value``; raise the error that names what it looks like."""
        for found in screen(value):
            if not (self.names and found.kind == NAME):
                raise refused("screening.refused", kind=text(f"screening.kind.{found.kind}"))
        return value


class ScreenedByParty:
    """Says that a service refuses such text, but for what the party has confirmed."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {MARK: "refused"}


BY_PARTY = ScreenedByParty()
"""On what is said of a grantee's report."""

SCREENED = Screens(names=False)
"""Refuses words that look like personal data."""

SCREENED_BUT_NAMES = Screens(names=True)
"""Refuses them but for a name alone: who directs an organisation may matter for its risk, and
titles of grants name places, which read like names.
"""
