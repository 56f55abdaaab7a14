"""Files: all that they say is read, each finding has its place, hostile ones end alone."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import IO, Any

import pytest

from fundops.files.kinds import KINDS
from fundops.screening import CannotScreen, Screened, item_key, screen_file, screened_files
from fundops.screening.child import READERS
from fundops.screening.screened_files import BOUNDS, READ
from tests.files import zoo

PHONE, ITEM = "+226 70 12 34 56", "22670123456"
XLSX = f"{zoo.OFFICE}.spreadsheetml.sheet"
DOCX = f"{zoo.OFFICE}.wordprocessingml.document"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"


def a_book() -> bytes:
    """Return a workbook that tells of persons in every corner."""
    import openpyxl
    from openpyxl.comments import Comment

    book = openpyxl.Workbook()
    first: Any = book.active
    first.append(["Activity", "Telephone", "Name", "Amount"])
    first.append(["Training on 12 March 2026", 70123456, "Zarnabou Kofta", 70123456])
    first["A1"].comment = Comment("ask kofta@example.org", "x")
    hidden = book.create_sheet("Amina Diallo")
    hidden.sheet_state = "hidden"
    hidden["AB7"] = f"reach her on {PHONE}"
    first.oddFooter.center.text = "Ms Rokia Sanogo"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def a_letter() -> bytes:
    """Return a Word document with a header, a table and a comment that tell of persons."""
    parts = zoo.word_parts()
    body = (
        "<w:p><w:r><w:t>She lives at 14 Ba</w:t></w:r><w:r><w:t>ker Street.</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Amina Diallo</w:t></w:r></w:p></w:tc>"
        "<w:tc><w:p><w:r><w:t>12/03/2004</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    main = str(parts["word/document.xml"]).replace("<w:body>", f"<w:body>{body}", 1)
    header = f'<w:hdr xmlns:w="{zoo.W}"><w:p><w:r><w:t>{PHONE}</w:t></w:r></w:p></w:hdr>'
    return zoo.zipped({**parts, "word/document.xml": main, "word/header9.xml": header})


def a_page(*lines: str, image: bool = False, note: str = "") -> bytes:
    """Return a PDF that shows ``lines``, or a picture alone, and may carry a note."""
    import pikepdf
    from pikepdf import Array, Dictionary, Name, String

    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(600, 800))
    font = pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    )
    shown = "".join(f"1 0 0 1 40 {700 - 20 * at} Tm ({line}) Tj " for at, line in enumerate(lines))
    drawn = f"BT /F1 12 Tf {shown}ET" if lines else ""
    page.obj["/Resources"] = Dictionary(Font=Dictionary(F1=font))
    if image:
        picture = pdf.make_stream(zoo.a_jpeg())
        picture.stream_dict = Dictionary(
            Type=Name.XObject, Subtype=Name.Image, Width=40, Height=20,
            ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.DCTDecode,
        )  # fmt: skip
        page.obj["/Resources"]["/XObject"] = Dictionary(Im1=picture)
        drawn += " q 100 0 0 100 50 50 cm /Im1 Do Q"
    page.obj["/Contents"] = pdf.make_stream(drawn.encode())
    if note:
        page.obj["/Annots"] = Array([
            Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=Array([0, 0, 9, 9]),
                       Contents=String(note)),
        ])  # fmt: skip
    target = io.BytesIO()
    pdf.save(target)
    return target.getvalue()


def an_open(kind: str, markup: str) -> bytes:
    """Return an OpenDocument file with ``markup`` at the end of its body."""
    raw = zoo.an_odf(kind)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts: dict[str, bytes | str] = {one: archive.read(one) for one in archive.namelist()}
    end = "</office:text>"
    content = str(parts["content.xml"], "utf-8")  # type: ignore[arg-type]
    assert end in content
    parts["content.xml"] = content.replace(end, markup + end, 1).replace(
        "office:text>", f"office:{kind}>"
    )
    return zoo.zipped(parts, stored="mimetype")


def told(found: Screened) -> set[tuple[str, str]]:
    return {(one.kind, one.place.sentence) for one in found.findings}


BESIDE = "a comment, note, header, name or other text beside the main one"
CASES: dict[str, tuple[Callable[[], bytes], set[tuple[str, str]]]] = {
    XLSX: (
        a_book,
        {
            ("phone", "sheet 1, cell B2"),
            ("person_name", "sheet 1, cell C2"),
            ("person_name", "the name of sheet 2"),
            ("phone", "sheet 2, cell AB7"),
            ("email", BESIDE),
            ("person_name", "somewhere beside"),
        },
    ),
    DOCX: (
        a_letter,
        {("address", "paragraph 1"), ("name_and_date", "paragraph 2"), ("phone", BESIDE)},
    ),
    "application/pdf": (
        lambda: a_page("Training in Agadez", "Her telephone: 70123456", note="ask k@example.org"),
        {("phone", "page 1, line 2"), ("email", "a remark, field, link or title of the PDF")},
    ),
    "text/plain": (
        lambda: f"Report\r\n\r\nShe calls from\n{PHONE}".encode(),
        {("phone", "line 4")},
    ),
    "text/csv": (
        lambda: "Nom;Téléphone;Montant\nZarnabou Kofta;70123456;70123456\n".encode(),
        {("person_name", "line 2, column 1"), ("phone", "line 2, column 2")},
    ),
    ODT: (
        lambda: an_open("text", f"<text:p>call <text:span>{PHONE}</text:span></text:p>"),
        {("phone", "paragraph 3")},
    ),
    ODS: (
        lambda: an_open(
            "spreadsheet",
            f'<table:table xmlns:table="{TABLE}" table:name="Two"><table:table-row table:number-rows-repeated="3"/>'
            '<table:table-row><table:table-cell table:number-columns-repeated="2"/>'
            f"<table:table-cell><text:p>call {PHONE}</text:p></table:table-cell>"
            "</table:table-row></table:table>",
        ),
        {("phone", "sheet 1, cell C4")},
    ),
}


@pytest.mark.parametrize("media_type", CASES)
def test_everything_that_a_file_says_is_read_and_told_by_its_place(media_type: str) -> None:
    make, expected = CASES[media_type]
    found = screen_file(make(), media_type)
    expected = {
        (kind, BESIDE if place == "somewhere beside" else place) for kind, place in expected
    }
    assert told(found) == expected
    assert found.more == 0
    for one in found.findings:
        assert one.place.sentence in one.sentence
        assert one.item not in one.sentence
        assert one.item not in repr(one)


def test_every_kind_of_file_is_read_or_said_not_to_be() -> None:
    assert CASES.keys() == READ == READERS.keys()
    pictures = {kind.media_type for kind in KINDS} - READ
    assert pictures == {"image/jpeg", "image/png"}
    for one in pictures:
        found = screen_file(zoo.a_jpeg(), one)
        assert (found.unreadable, found.is_whole, found.findings) == (True, False, ())


def test_scans_and_pictures_inside_are_said_not_to_be_read() -> None:
    scan = screen_file(a_page(image=True), "application/pdf")
    assert (scan.unreadable, scan.pictures, scan.is_whole) == (True, 1, False)
    mixed = screen_file(a_page("Receipt", image=True), "application/pdf")
    assert (mixed.unreadable, mixed.pictures, mixed.is_whole) == (False, 1, False)
    plain = screen_file(a_page("Receipt"), "application/pdf")
    assert plain.is_whole


def test_confirmed_items_are_left_out_and_many_findings_are_counted() -> None:
    raw = f"call {PHONE}\nor +226 70 99 88 77".encode()
    key = b"k" * 32
    left = screen_file(raw, "text/plain", confirmed={item_key(key, ITEM)}, keys=key)
    assert [one.place.number for one in left.findings] == [2]
    many = "\n".join(f"a{number}@example.org" for number in range(250)).encode()
    found = screen_file(many, "text/plain")
    assert (len(found.findings), found.more) == (200, 50)


def a_bomb() -> bytes:
    return zoo.zipped(
        {"[Content_Types].xml": b"", "xl/workbook.xml": b"<a>" + b" " * (500 * 2**20)}
    )


HOSTILE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "bomb": (a_bomb, XLSX, "too_demanding"),
    "markup with a document type": (
        lambda: zoo.zipped({**zoo.word_parts(), "word/document.xml": "<!DOCTYPE a><a/>"}),
        DOCX, "too_demanding",
    ),
    "10,000 parts": (
        lambda: zoo.zipped({f"p{number}": b"" for number in range(100_000)}), ODT, "too_demanding",
    ),
    "torn": (lambda: zoo.a_workbook()[:-200], XLSX, "too_demanding"),
    "no workbook": (lambda: zoo.zipped({"a.xml": "<a/>"}), XLSX, "too_demanding"),
    "no document": (lambda: zoo.zipped({"a.xml": "<a/>"}), DOCX, "damaged"),
    "no PDF": (lambda: b"%PDF-1.7 nothing", "application/pdf", "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", [one for one in HOSTILE if one != "bomb"])
def test_hostile_files_are_refused(name: str) -> None:
    make, media_type, code = HOSTILE[name]
    with pytest.raises(CannotScreen, match=code):
        screen_file(make(), media_type)


@pytest.mark.slow
def test_a_bomb_is_refused() -> None:
    make, media_type, code = HOSTILE["bomb"]
    with pytest.raises(CannotScreen, match=code):
        screen_file(make(), media_type)


def test_a_process_over_its_bounds_ends_alone() -> None:
    raw = b"The training in Agadez reached 120 women. " * 20_000
    for bounds in (
        replace(BOUNDS, memory_bytes=40 * 2**20),
        replace(BOUNDS, wall_seconds=0.05),
        replace(BOUNDS, file_bytes=1_000),
    ):
        with pytest.raises(CannotScreen, match="too_demanding"):
            screen_file(raw, "text/plain", bounds=bounds)


@pytest.mark.parametrize(
    "said",
    [
        [],
        [{"kind": "phone", "item": "1", "place": {"kind": "line"}}],
        [
            {"kind": "spell", "item": "1", "place": {"kind": "line"}},
            {"end": {"count": 1, "pictures": 0, "unreadable": False}},
        ],
        [
            {"kind": "phone", "item": "1", "place": {"kind": "told"}},
            {"end": {"count": 1, "pictures": 0, "unreadable": False}},
        ],
    ],
)
def test_a_process_that_says_something_else_is_not_believed(
    said: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(module: str, arguments: Any, source: bytes, output: IO[bytes], wall: float) -> None:
        output.write("\n".join(json.dumps(line) for line in said).encode())

    monkeypatch.setattr(screened_files, "run", answer)
    with pytest.raises(CannotScreen):
        screen_file(b"x", "text/plain")
