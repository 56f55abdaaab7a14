"""The published transactions of pooled funds, as plain figures: no program of ours reads them."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from lxml import etree

FLAT = "cbpf/disbursements_flat_from_iati.csv"
ACTIVITIES = "cbpf/iati_project_activities_2020_2022.xml"
PREFIX = "XM-OCHA-CBPF-"
COMMITMENT, DISBURSEMENT, REIMBURSEMENT = "2", "3", "7"


class Transaction(NamedTuple):
    """One line of the source; ``minor`` is in cents of USD."""

    on: date
    project: str
    kind: str
    reference: str
    minor: int
    receiver: str


@dataclass(frozen=True)
class Sums:
    """What was committed, paid and refunded, in cents."""

    committed: int = 0
    paid: int = 0
    refunded: int = 0

    @property
    def undisbursed(self) -> int:
        """Return what was committed and not paid."""
        return self.committed - self.paid


@dataclass(frozen=True)
class Activity:
    """What an activity says of itself."""

    title: str
    country: str


def fund_of(project: str) -> str:
    """Return the fund that a project's code begins with."""
    return project.split("-")[0]


def transactions(folder: Path) -> list[Transaction]:
    """Return all lines in order of days; of one day commitments come before payments."""
    with (folder / FLAT).open(encoding="utf-8-sig", newline="") as file:
        found = [
            Transaction(
                date.fromisoformat(row["date"]), row["PrjCode"], row["type"],
                row["transaction_ref"], cents(row["value"]), row["receiver"],
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
        assert {row.kind for row in found} == {COMMITMENT, DISBURSEMENT, REIMBURSEMENT}
    return sorted(found, key=lambda one: (one.on, one.kind, one.project, one.reference))


def cents(cell: str) -> int:
    """Return an amount in cents; the source has no more than two decimals."""
    minor = Decimal(cell) * 100
    assert minor == int(minor)
    return int(minor)


def sums(rows: Iterable[Transaction]) -> dict[str, Sums]:
    """Return the sums of each project."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.project][row.kind] += row.minor
    return {
        project: Sums(by[COMMITMENT], by[DISBURSEMENT], by[REIMBURSEMENT])
        for project, by in found.items()
    }


def activities(folder: Path) -> dict[str, Activity]:
    """Return the activities by their project's code."""
    return {
        _project(node): Activity(
            " ".join(node.findtext("title/narrative").split()),
            node.find("recipient-country").get("code"),
        )
        for node in _nodes(folder)
    }


def in_xml(folder: Path) -> Counter[tuple[str, str, str, date, int]]:
    """Return the activities' own transactions: project, kind, reference, day, cents."""
    return Counter(
        (
            _project(node),
            one.find("transaction-type").get("code"),
            one.get("ref"),
            date.fromisoformat(one.find("transaction-date").get("iso-date")),
            cents(one.findtext("value")),
        )
        for node in _nodes(folder)
        for one in node.iterfind("transaction")
    )


def _nodes(folder: Path):  # type: ignore[no-untyped-def]
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.parse(folder / ACTIVITIES, parser).getroot().iterfind("iati-activity")


def _project(node) -> str:  # type: ignore[no-untyped-def]
    identifier: str = node.findtext("iati-identifier").strip()
    assert identifier.startswith(PREFIX)
    return identifier.removeprefix(PREFIX)
