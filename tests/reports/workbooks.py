"""A report's workbook over HTTP: fetched, changed cell by cell, checked and sent back."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import load_workbook
from sqlalchemy import select

from fundops.files.models import File
from fundops.idempotency import IdempotencyKey
from fundops.parties.confirmed_models import ConfirmedItem
from fundops.reports.models import ReportContent, ReportVersion
from tests.reports.report_scene import Reporting
from tests.world import Caller, World

BYTES = {"content-type": "application/octet-stream"}


class Offline:
    """A grantee's report, its address, and its workbook."""

    def __init__(self, scene: Reporting, place: str) -> None:
        self.scene, self.place, self.caller = scene, place, scene.grantee

    def fetch(self, language: str = "en", caller: Caller | None = None) -> tuple[bytes, str]:
        """Return the workbook and its entity tag."""
        answer = (caller or self.caller).get(f"{self.place}/workbook?language={language}")
        assert answer.status_code == 200, answer.text
        return answer.content, answer.headers["etag"]

    def send(self, raw: bytes, tag: str, language: str = "en", caller: Caller | None = None) -> Any:
        """Send a workbook to be saved; return the answer."""
        return (caller or self.caller).request(
            "PUT", f"{self.place}/workbook?language={language}", content=raw,
            headers=BYTES | {"if-match": tag},
        )  # fmt: skip

    def check(self, raw: bytes, language: str = "en", caller: Caller | None = None) -> Any:
        """Send a workbook to be checked; return the answer."""
        return (caller or self.caller).request(
            "POST", f"{self.place}/check_workbook?language={language}", content=raw, headers=BYTES
        )

    def draft(self) -> Any:
        """Return the draft at work."""
        return self.caller.get(f"{self.place}/draft").json()


def started(world: World, **over: Any) -> Offline:
    """Return a report of a grant in force, just started."""
    scene = Reporting(world, **over)
    made = scene.start(requirement_id=scene.asked("narrative_report"))
    assert made.status_code == 201, made.text
    return Offline(scene, f"/v1/progress_reports/{made.json()['id']}")


def with_cells(raw: bytes, **cells: Any) -> bytes:
    """Return the workbook with cells set, named ``sheet__cell``; ``_`` in a sheet is a space."""
    book = load_workbook(io.BytesIO(raw))
    for place, value in cells.items():
        sheet, _, cell = place.partition("__")
        book[sheet.replace("_", " ")][cell] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def listed(raw: bytes) -> list[tuple[Any, ...]]:
    """Return what the list of problems of a checked workbook says: sheet, cell, sentence."""
    book = load_workbook(io.BytesIO(raw))
    if "Problems" not in book.sheetnames:
        return []
    rows = [[v for v in row if v is not None] for row in book["Problems"].values]
    return [(row[1], row[2], row[3]) for row in rows if row and isinstance(row[0], int)]


def kept(world: World) -> tuple[int, int, int, int, int]:
    """Return how many versions, contents, files, stored answers and confirmations there are."""
    tables = (ReportVersion.id, ReportContent.version_id, File.id, IdempotencyKey.key,
              ConfirmedItem.id)  # fmt: skip
    with world.database.read() as db:
        found = [len(db.execute(select(one)).all()) for one in tables]
    return (found[0], found[1], found[2], found[3], found[4])
