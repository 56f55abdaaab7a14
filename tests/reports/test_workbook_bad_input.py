"""Files that are no report, were mangled by hand, or are made to do harm, sent as reports.

Each is refused with a sentence and leaves nothing, or is understood. What it may cost is told by
what is started and unpacked, never by a clock.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.drawing.image import Image
from PIL import Image as Picture

from fundops.forms import limits
from tests.forms.examples import part, sheet_part, with_cell_xml, with_parts
from tests.forms.test_hostile import ZOO
from tests.reports.workbooks import Offline, kept, listed, started, with_cells
from tests.staged import staged
from tests.world import World

pytestmark = pytest.mark.sqlite_only

PUBLISHED = (
    "excel/fac_federal_awards_PASS_formulas.xlsx",
    "excel/hxl_input-merged.xlsx",
    "excel/hxl_input-valid.xlsx",
    "threesixtygiving/alw_foundation_grants.xlsx",
)


report = staged(started)
"""A report of a grant in force, just started."""


def refused(world: World, report: Offline, raw: bytes, tag: str) -> str:
    """Send a file to be checked and to be saved; both must refuse it and leave nothing."""
    before = kept(world)
    said = set()
    for answer in (report.check(raw), report.send(raw, tag)):
        # The service takes no body of this size at all; see tests/forms for what is in it.
        too_large = answer.status_code == 413 and len(raw) > 8_000_000
        assert answer.status_code == 422 or too_large, answer.content[:300]
        assert too_large or answer.json()["type"] == "urn:fundops:problem:file-refused"
        said.add(answer.json()["detail"])
    assert kept(world) == before
    assert report.draft()["content"] == {}
    [sentence] = said
    assert sentence.endswith(".")
    return str(sentence)


def changed(raw: bytes, change: Callable[[Any], None]) -> bytes:
    """Return the workbook after ``change`` was made to it and it was saved."""
    book = load_workbook(io.BytesIO(raw))
    change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


SAMPLE = ("pdf", "encrypted", "macro part", "dtd", "bomb", "many cells")
"""Of the engine's own zoo, what is sent each time; the rest is sent with the slow proofs."""


def test_hostile_files_are_refused_in_words_and_leave_nothing(
    world: World, report: Offline
) -> None:
    """The same files that the engine's own tests make, by the way that grantees have."""
    _, tag = report.fetch()
    said = {name: refused(world, report, ZOO[name][0](), tag) for name in SAMPLE}
    assert len(set(said.values())) == len(SAMPLE)
    assert "macros" in said["macro part"]
    assert "not an Excel workbook" in said["pdf"]


@pytest.mark.slow
def test_every_other_hostile_file_is_refused_and_leaves_nothing(
    world: World, report: Offline
) -> None:
    _, tag = report.fetch()
    for name, (make, _) in ZOO.items():
        if name not in SAMPLE:
            refused(world, report, make(), tag)


def png(width: int, height: int) -> bytes:
    """Return the beginning of a picture that says it is very large, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_other_files_under_the_name_of_a_workbook(world: World, report: Offline) -> None:
    raw, tag = report.fetch()
    bomb = io.BytesIO(raw)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/x.bin", b"\0" * 500_000_000)
    assert len(bomb.getvalue()) < 600_000
    assert "unpacks to more than 64 MiB" in refused(world, report, bomb.getvalue(), tag)
    for other in (b"name,value\na,1\n", png(10, 10), b"%PDF-1.7\n%%EOF"):
        assert "not an Excel workbook" in refused(world, report, other, tag)
    assert "Something else stands" in refused(world, report, raw + b"%PDF-1.7 trailer", tag)
    assert "not an Excel workbook" in refused(world, report, b"%PDF-1.7\n" + raw, tag)
    inside = zipfile.ZipFile(io.BytesIO(raw)).namelist()
    assert len(inside) < limits.MAX_PARTS


def test_markup_without_end_is_refused_before_it_is_read(world: World, report: Offline) -> None:
    """Small files whose parts are millions of tags: counted while unpacking, never parsed."""
    raw, tag = report.fetch()
    path = sheet_part(raw, "Narrative")
    for body in (
        b"<row/>" * 600_000,
        b"<q>" * 600_000,
        b"<row " + b" ".join(b'a%d=""' % n for n in range(30_000)) + b"/>",
    ):
        made = with_parts(raw, {path: b"<worksheet><sheetData>" + body + b"</sheetData>"})
        assert "far more than the form" in refused(world, report, made, tag)
    for aside in ("xl/comments1.xml", "xl/theme/theme9.xml", "xl/whatever.bin"):
        made = with_parts(raw, {aside: b"<c/>" * 600_000})
        assert "far more than the form" in refused(world, report, made, tag)


def test_what_people_do_to_a_workbook_is_understood(world: World, report: Offline) -> None:
    raw, tag = report.fetch()

    def mangle(book: Any) -> None:
        results, narrative, sexes = book["Results"], book["Narrative"], book["Sex and age"]
        results["H7"] = "١٢"  # digits of another script, as text
        narrative["C4"], narrative["C11"] = "Roads.", "Two campaigns."
        sexes["D7"], sexes["K10"] = "4,0", 8
        results.title, sexes.title = "Our results", "Women, men, children"
        book.move_sheet("Our results", -3)
        notes = book.create_sheet("Our notes")
        notes["A1"] = "Do not forget the register"
        book["Confirmations"].sheet_state = "hidden"
        book.create_sheet("Hidden").sheet_state = "hidden"

    answer = report.send(changed(raw, mangle), tag)
    assert answer.status_code == 200, answer.text
    content = answer.json()["content"]
    assert content["challenges"] == "Roads."
    assert content["narrative"] == {"1": "Two campaigns."}
    [result] = content["results"]
    assert result["numerator"] == 12
    assert result["breakdown"]["sex_age"] == {"female.0_11": 4, "unknown.unknown": 8}


def test_formulas_count_by_their_stored_results_and_inline_texts_are_texts(
    report: Offline,
) -> None:
    raw, tag = report.fetch()
    made = with_cell_xml(raw, "Results", "H7", "<c {style}><f>5+7</f><v>12</v></c>")
    made = with_cell_xml(
        made, "Narrative", "C4",
        '<c {style} t="inlineStr"><is><r><t>Roads </t></r><r><t>closed.</t></r></is></c>',
    )  # fmt: skip
    answer = report.send(made, tag)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"]["challenges"] == "Roads closed."
    assert answer.json()["content"]["results"][0]["numerator"] == 12


def test_what_cannot_be_taken_is_named_with_its_cell(world: World, report: Offline) -> None:
    raw, tag = report.fetch()
    narrative = part(raw, sheet_part(raw, "Narrative"))
    assert b"mergeCell" in narrative

    def spoil(book: Any) -> None:
        book["Results"]["H7"] = "=5+7"  # no program has computed it
        sexes = book["Sex and age"]
        sexes["D7"], sexes["E7"], sexes["F7"] = "2026-03-31", 1.5, "1,250"
        sexes["G7"], sexes["H7"] = -1, "#REF!"
        sexes.merge_cells("J8:K9")
        sexes.delete_rows(10)  # the last row: unknown sex
        book["Form of exploitation"]["C6"] = "Something else"
        book["Form of exploitation"]["D6"] = "Sexual exploitation"
        narrative = book["Narrative"]
        narrative["B12"] = "Another objective"  # a locked cell: given by the form
        narrative["F30"] = "outside"

    found = {(sheet, cell) for sheet, cell, _ in listed(report.check(changed(raw, spoil)).content)}
    assert found >= {
        ("Results", "H7"),
        *(("Sex and age", at) for at in ("D7", "E7", "F7", "G7", "H7", "K8", "K9")),
        ("Narrative", "B12"),
    }  # fmt: skip
    assert any(sheet == "Form of exploitation" for sheet, _ in found)
    before = kept(world)
    answer = report.send(changed(raw, spoil), tag)
    assert answer.status_code == 422
    said = " ".join(error["detail"] for error in answer.json()["errors"])
    assert "Results!H7: The cell holds a formula whose result was never stored." in said
    assert "The row “1. Victims assisted” is missing" in said
    assert kept(world) == before
    gone = changed(raw, lambda book: book.remove(book["Results"]))
    answer = report.send(gone, tag)
    assert "“Results” is missing" in answer.json()["detail"]
    assert kept(world) == before


def test_a_flood_of_pixels_is_never_unpacked(report: Offline) -> None:
    """A picture that says it has 4 thousand million pixels is passed over, and taken out."""
    raw, tag = report.fetch()
    small = io.BytesIO()
    Picture.new("RGB", (4, 4)).save(small, "PNG")

    def add(book: Any) -> None:
        book["Narrative"].add_image(Image(io.BytesIO(small.getvalue())), "F4")
        book["Narrative"]["C4"] = "Roads."

    made = with_parts(changed(raw, add), {"xl/media/image1.png": png(65_000, 65_000)})
    checked = report.check(made)
    assert checked.status_code == 200, checked.text
    with zipfile.ZipFile(io.BytesIO(checked.content)) as archive:
        assert not [name for name in archive.namelist() if "media" in name]
    assert ("Narrative", "C5") in {(sheet, cell) for sheet, cell, _ in listed(checked.content)}
    answer = report.send(made, tag)
    assert answer.json()["content"]["challenges"] == "Roads."


def test_other_peoples_workbooks_are_refused_and_leave_nothing(
    world: World, report: Offline
) -> None:
    """Control included: the report's own workbook is taken by the same way."""
    _, tag = report.fetch()
    own = Workbook()
    own.active["A1"] = "Activity"
    target = io.BytesIO()
    own.save(target)
    assert "not a workbook made here" in refused(world, report, target.getvalue(), tag)
    raw, tag = report.fetch()
    assert report.send(with_cells(raw, Narrative__C4="Roads."), tag).status_code == 200


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_workbooks_are_refused_and_leave_nothing(
    world: World, report: Offline, real_data: Path, name: str
) -> None:
    raw = (real_data / name).read_bytes()
    _, tag = report.fetch()
    sentence = refused(world, report, raw, tag)
    assert "not a workbook made here" in sentence
