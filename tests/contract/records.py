"""Records that requests are about, and the addresses that name them.

Either a row in every table that follows no rule but the schema's (``filled``: whose they are is
all that matters), or those of a history that the services themselves have made (``lived``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from fundops.db import Database
from fundops.models import metadata
from tests.contract.inventory import Operation
from tests.filler import fill, ids_of

IRREGULAR = {
    "party": "parties",
    "channel": "contact_channels",
    "report": "agreement_reports",
    "report_evidence": "report_evidence",
    "donor": "parties",
    "document": "party_documents",
    "item": "board_items",
    "attachment": "proposal_attachments",
    "policy": "fund_policies",
    "payment_batch": "payment_batches",
    "statement_entry": "statement_entries",
    "profile": "duty_profiles",
    "hold": "payment_holds",
    "limit": "person_limits",
    "check": "sanctions_checks",
}
"""Parameter names whose table is not their plural."""

CODES = {"/v1/trace/{code}": "grants"}
"""Addresses that name a record by its code, and of which table."""


NAMES = {"/v1/code_lists/{name}": "theme"}
"""Addresses that name something that is no record, and what is there."""


class Records:
    """One row of every table, by the names that parameters and fields have for it."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        self.rows = rows
        self.ids: dict[str, UUID] = ids_of(rows)

    @classmethod
    def filled(cls, database: Database) -> Records:
        """Fill every table with one row."""
        with database.writer.begin() as connection:
            return cls(fill(connection))

    @classmethod
    def lived(cls, database: Database) -> Records:
        """Take the latest row of each table from a database with the demonstration's history."""
        with database.reader.connect() as connection:
            rows = {
                table.name: connection.execute(
                    select(table).order_by(*(key.desc() for key in table.primary_key)).limit(1)
                )
                .mappings()
                .one_or_none()
                or {"id": uuid4(), "code": "NONE-1"}
                for table in metadata.sorted_tables
            }
        return cls(rows)

    def named(self, parameter: str) -> UUID:
        """Return the id that a parameter such as ``pledge_id`` stands for."""
        name = parameter.removesuffix("_id")
        return self.ids[IRREGULAR.get(name, f"{name}s")]

    def address(self, operation: Operation) -> str:
        """Return the address of the operation on these records."""
        path = operation.path
        for parameter in operation.parameters:
            if path.endswith("{code}"):
                value: object = self.rows[CODES[operation.path]]["code"]
            elif parameter == "name":
                value = NAMES[operation.path]
            elif parameter == "number":  # of what a record has several of, the first
                value = 1
            else:
                value = self.named(parameter)
            path = path.replace(f"{{{parameter}}}", str(value))
        return path

    def by_field(self) -> dict[str, UUID]:
        """Return ids by the name of a field without its ``_id``, for making bodies."""
        singular = {name.removesuffix("s"): found for name, found in self.ids.items()}
        special = {
            "party": "parties", "donor": "parties", "payer": "parties", "grantee": "parties",
            "to_fund": "funds", "granted_by": "persons",
        }  # fmt: skip
        return singular | {name: self.ids[table] for name, table in special.items()}


def missing_address(operation: Operation) -> str:
    """Return the address of the operation on records that nobody has."""
    path = operation.path
    for parameter in operation.parameters:
        nobody = {"code": "NONE-2026-9999", "number": "1"}.get(
            parameter, "01890000-0000-7000-8000-00000000dead"
        )
        path = path.replace(f"{{{parameter}}}", nobody)
    return path
