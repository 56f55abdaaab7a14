"""Cleaning: what tells of a file's maker is gone, what its reader sees is there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fundops.files import clean_images, cleaning
from fundops.files.clean_child import cleaned
from fundops.files.kinds import KINDS, Refused
from tests.files import zoo

FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "image/jpeg": (zoo.a_jpeg, "jpg"),
    "image/png": (zoo.a_png, "png"),
    "application/pdf": (zoo.a_pdf, "pdf"),
    f"{zoo.OFFICE}.wordprocessingml.document": (zoo.a_word_document, "docx"),
    f"{zoo.OFFICE}.spreadsheetml.sheet": (zoo.a_traced_workbook, "xlsx"),
    "application/vnd.oasis.opendocument.text": (zoo.an_odf, "odt"),
    "application/vnd.oasis.opendocument.spreadsheet": (lambda: zoo.an_odf("spreadsheet"), "ods"),
}


@pytest.mark.parametrize("media_type", FILES)
def test_nothing_tells_of_the_maker(media_type: str, tmp_path: Path) -> None:
    make, ending = FILES[media_type]
    raw = make()
    assert zoo.tells(raw), "the control: the file as sent does tell"
    clean = cleaning.clean(raw, f"statutes.{ending}", tmp_path)
    assert clean.kind.media_type == media_type
    assert not zoo.tells(clean.content)
    assert clean.cleaned
    if clean.kind.family != "image":
        assert zoo.SHOWN.encode() in zoo.everything_in(clean.content)


@pytest.mark.parametrize("media_type", FILES)
def test_what_was_cleaned_stays_as_it_is(media_type: str) -> None:
    """The same bytes make the same file, and a clean file has nothing left to take out."""
    make, ending = FILES[media_type]
    raw = make()
    _, first, _ = cleaned(raw, ending)
    assert cleaned(raw, ending)[1] == first
    kind, again, found = cleaned(first, ending)
    assert kind.media_type == media_type
    assert set(found) <= {"pixels_rewritten"}
    if kind.family in {"ooxml", "odf"}:
        assert again == first


def test_every_kind_is_tried() -> None:
    told = {kind.media_type for kind in KINDS}
    assert FILES.keys() | {"text/plain", "text/csv"} == told


def test_every_word_of_what_was_cleaned_is_known() -> None:
    words = set().union(*(cleaned(make(), ending)[2] for make, ending in FILES.values()))
    assert words <= cleaning.CLEANED
    assert len(words) > 12


def test_a_photograph_stays_the_right_way_up() -> None:
    from PIL import Image

    _, content, found = cleaned(zoo.a_jpeg(), "jpg")
    assert {"exif", "gps", "comment", "colour_profile", "xmp"} <= set(found)
    image: Any = Image.open(io.BytesIO(content))
    assert image.size == (20, 40)  # the tag said that it lay on its side
    assert not image.getexif()
    red, _, blue = image.getpixel((10, 2))
    assert blue > red  # the blue half came first, and is on top now
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_pixels_of_a_picture_stay_as_they_are() -> None:
    from PIL import Image

    before: Any = Image.open(io.BytesIO(zoo.a_png()))
    after: Any = Image.open(io.BytesIO(cleaned(zoo.a_png(), "png")[1]))
    assert (after.mode, after.size) == (before.mode, before.size)
    assert after.tobytes() == before.tobytes()
    assert after.info == {}


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGB", "RGBA", "LA", "I;16", "CMYK"])
def test_every_mode_of_pixels_is_taken(mode: str) -> None:
    from PIL import Image

    written, ending = ("JPEG", "jpg") if mode == "CMYK" else ("PNG", "png")
    target = io.BytesIO()
    Image.new(mode, (5, 4)).save(target, written)
    _, content, _ = cleaned(target.getvalue(), ending)
    image = Image.open(io.BytesIO(content))
    assert image.size == (5, 4)
    assert image.format == written


def test_pictures_in_documents_keep_their_pixels() -> None:
    from PIL import Image

    for raw in (zoo.a_jpeg(), zoo.a_png()):
        made, is_changed = clean_images.without_segments(raw)
        assert is_changed
        assert not zoo.tells(made)
        before, after = (Image.open(io.BytesIO(one)) for one in (raw, made))
        assert before.tobytes() == after.tobytes()
    assert clean_images.without_segments(b"GIF89a") == (b"GIF89a", False)


def test_a_progressive_photograph_keeps_its_scans() -> None:
    from PIL import Image

    target = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(target, "JPEG", progressive=True, comment=b"CANARY7Q")
    made, is_changed = clean_images.without_segments(target.getvalue())
    assert is_changed
    first, second = (Image.open(io.BytesIO(one)).tobytes() for one in (target.getvalue(), made))
    assert first == second


def test_tracked_changes_are_accepted() -> None:
    _, content, found = cleaned(zoo.a_word_document(), "docx")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        body = archive.read("word/document.xml").decode()
        comments = archive.read("word/comments.xml").decode()
    assert "tracked_changes" in found
    for shown in (zoo.SHOWN, "inserted words", "moved words", " kept", "a link"):
        assert shown in body
    assert "w:ins" not in body
    assert "rsid" not in body
    assert body.count("<w:tr>") == 1
    assert "a remark" in comments
    assert "date" not in comments
    assert names == {
        "[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/comments.xml",
        "word/_rels/document.xml.rels", "word/settings.xml", "word/_rels/settings.xml.rels",
        "word/media/image1.jpeg",
    }  # fmt: skip


def test_links_to_public_pages_stay_and_others_lead_nowhere() -> None:
    _, content, _ = cleaned(zoo.a_word_document(), "docx")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        told = archive.read("word/_rels/document.xml.rels").decode()
    assert "https://example.org/page" in told
    assert told.count("about:blank") == 1


def test_a_workbook_opens_as_before() -> None:
    import openpyxl

    for raw in (zoo.a_workbook(), zoo.a_traced_workbook()):
        _, content, _ = cleaned(raw, "xlsx")
        before, after = (openpyxl.load_workbook(io.BytesIO(one)) for one in (raw, content))
        assert after.sheetnames == before.sheetnames
        for name in before.sheetnames:
            cells = [[[c.value for c in row] for row in one[name].rows] for one in (before, after)]
            assert cells[0] == cells[1]
        assert after.active["A1"].comment.text == "a remark"
        assert after.active["A1"].comment.author == "Author"


def test_published_workbooks_open_as_before(real_data: Path) -> None:
    import openpyxl
    from python_calamine import CalamineWorkbook

    taken = 0
    for path in sorted(real_data.rglob("*.xlsx")):
        raw = path.read_bytes()
        if not raw:
            continue
        _, content, found = cleaned(raw, "xlsx")
        assert "document_properties" in found
        before, after = (CalamineWorkbook.from_filelike(io.BytesIO(one)) for one in (raw, content))
        assert after.sheet_names == before.sheet_names
        for name in before.sheet_names:
            rows, same = (one.get_sheet_by_name(name).to_python() for one in (before, after))
            assert rows == same, (path.name, name)
        maker = openpyxl.load_workbook(io.BytesIO(raw), read_only=True).properties.creator
        if maker not in {None, "openpyxl"}:
            assert maker.encode() not in zoo.everything_in(content), path.name
        taken += 1
    assert taken >= 5


def test_a_pdf_shows_what_it_showed() -> None:
    import pikepdf

    _, content, found = cleaned(zoo.a_pdf(), "pdf")
    assert {"scripts", "embedded_files", "document_information", "metadata"} <= set(found)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == 1
        page = pdf.pages[0].obj
        kinds = [str(one["/Subtype"]) for one in page["/Annots"]]
        assert kinds == ["/Text", "/Link", "/Link"]
        assert "/A" not in page["/Annots"][1] or not page["/Annots"][1]["/A"].keys()
        assert str(page["/Annots"][2]["/A"]["/URI"]) == "https://example.org/"
        assert "/Info" not in pdf.trailer
        for key in ("/OpenAction", "/AA", "/AF", "/Metadata"):
            assert key not in pdf.Root
        assert list(pdf.Root["/Names"].keys()) == []


def test_earlier_revisions_of_a_pdf_are_dropped() -> None:
    """Editors append to a PDF: what was blacked out or deleted is still in the bytes."""
    raw = zoo.a_revised_pdf()
    assert zoo.CANARY.encode() in raw
    _, content, _ = cleaned(raw, "pdf")
    assert not zoo.tells(content)
    assert zoo.SHOWN.encode() in zoo.everything_in(content)


def test_text_is_kept_to_the_byte() -> None:
    for raw, ending, media_type in (
        (b"a,b\r\n1,=2\r\n", "csv", "text/csv"),
        ("\ufeffÜber uns\n".encode(), "txt", "text/plain"),
        ("Помощь пострадавшим".encode(), "", "text/plain"),
        ("نص بالعربية".encode(), "md", "text/plain"),
    ):
        kind, content, found = cleaned(raw, ending)
        assert (kind.media_type, content, found) == (media_type, raw, [])


def test_a_workbook_in_a_document_is_cleaned_too() -> None:
    parts = zoo.word_parts()
    told = str(parts["word/_rels/document.xml.rels"]).replace(
        "</Relationships>",
        f'<Relationship Id="rId20" Type="{zoo.R}/package" Target="embeddings/a.xlsx"/>'
        "</Relationships>",
    )
    raw = zoo.zipped(
        {**parts, "word/_rels/document.xml.rels": told, "word/embeddings/a.xlsx": zoo.a_workbook()}
    )
    _, content, _ = cleaned(raw, "docx")
    assert not zoo.tells(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert zoo.SHOWN.encode() in zoo.everything_in(archive.read("word/embeddings/a.xlsx"))
    deeper = zoo.zipped(
        {**parts, "word/_rels/document.xml.rels": told.replace("a.xlsx", "a.docx"),
         "word/embeddings/a.docx": raw}
    )  # fmt: skip
    with pytest.raises(Refused, match="embedded_object"):
        cleaned(deeper, "docx")
