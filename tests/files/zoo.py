"""Files as strangers send them, made here: plain ones full of canaries, and hostile ones."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from fundops.files.kinds import TEST_VIRUS

CANARY = "CANARY7Q"
"""Stands wherever a file tells of its maker; never in what is kept."""

SHOWN = "visible words"
"""Stands where a reader sees it; always in what is kept."""

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
P = "http://schemas.openxmlformats.org/package/2006/relationships"
OUTSIDE = ' TargetMode="External"'
OFFICE = "application/vnd.openxmlformats-officedocument"


def zipped(parts: Mapping[str, bytes | str], *, stored: str = "", comment: bytes = b"") -> bytes:
    """Return an archive of ``parts``; the one called ``stored`` comes first, uncompressed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        names = sorted(parts, key=lambda name: name != stored)
        for name in names:
            kind = zipfile.ZIP_STORED if name == stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), parts[name], kind)
        archive.comment = comment
    return target.getvalue()


def a_jpeg(*, size: tuple[int, int] = (40, 20), canary: bool = True) -> bytes:
    """Return a photograph that tells who took it, where and with what, lying on its side."""
    from PIL import Image

    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((20, 30, 200), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    target = io.BytesIO()
    if not canary:
        image.save(target, "JPEG")
        return target.getvalue()
    exif[0x0112] = 6
    exif[0x010F] = f"Maker {CANARY}"
    exif[0x013B] = f"Artist {CANARY}"
    exif[0x9286] = f"Comment {CANARY}"
    exif.get_ifd(0x8825)[29] = CANARY
    exif.get_ifd(0x8825)[2] = (12.0, 34.0, 56.0)
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()
    image.save(
        target, "JPEG", exif=exif, comment=CANARY.encode(), xmp=xmp,
        icc_profile=b"\0" * 128 + CANARY.encode(),
    )  # fmt: skip
    return target.getvalue() + CANARY.encode()


def a_png() -> bytes:
    """Return a picture with text, times and a colour profile in it."""
    from PIL import Image, PngImagePlugin

    image = Image.new("RGBA", (8, 6), (1, 2, 3, 128))
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", CANARY)
    told.add_itxt("Comment", CANARY, zip=False)
    exif = Image.Exif()
    exif[0x013B] = CANARY
    target = io.BytesIO()
    image.save(target, "PNG", pnginfo=told, exif=exif, icc_profile=CANARY.encode() * 20)
    return target.getvalue()


def a_huge_png(width: int, height: int) -> bytes:
    """Return a picture of a few bytes that says it has very many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    parts = [(b"IHDR", head), (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def a_pdf(*, password: str = "", extra: bytes = b"") -> bytes:
    """Return a document with everything a PDF can hide, and one line that it shows."""
    import pikepdf
    from pikepdf import Array, Dictionary, Encryption, Name, String

    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(200, 200))
    page.obj["/Contents"] = pdf.make_stream(f"BT /F1 12 Tf ({SHOWN}) Tj ET".encode())
    script = pdf.make_indirect(Dictionary(S=Name.JavaScript, JS=String(f"app.alert('{CANARY}')")))
    photograph = pdf.make_stream(a_jpeg())
    photograph.stream_dict = Dictionary(
        Type=Name.XObject, Subtype=Name.Image, Width=40, Height=20,
        ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.DCTDecode,
    )  # fmt: skip
    page.obj["/Resources"] = Dictionary(XObject=Dictionary(Im1=photograph))
    page.obj["/AA"] = Dictionary(O=script)
    page.obj["/PieceInfo"] = Dictionary(App=Dictionary(Private=String(CANARY)))
    page.obj["/Metadata"] = pdf.make_stream(CANARY.encode())
    held = pdf.make_stream(CANARY.encode())
    spec = pdf.make_indirect(
        Dictionary(Type=Name.Filespec, F=String("inner.exe"), EF=Dictionary(F=held))
    )
    box = Array([0, 0, 10, 10])
    page.obj["/Annots"] = Array([
        Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, FS=spec, Rect=box),
        Dictionary(Type=Name.Annot, Subtype=Name.Text, T=String(CANARY), Rect=box,
                   Contents=String("a remark")),
        Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box,
                   A=Dictionary(S=Name.Launch, F=String(CANARY))),
        Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box,
                   A=Dictionary(S=Name.URI, URI=String("https://example.org/"), Next=script)),
    ])  # fmt: skip
    pdf.Root["/OpenAction"] = script
    pdf.Root["/Names"] = Dictionary(
        JavaScript=Dictionary(Names=Array([String("a"), script])),
        EmbeddedFiles=Dictionary(Names=Array([String("b"), spec])),
    )
    pdf.Root["/AF"] = Array([spec])
    pdf.docinfo["/Author"] = CANARY
    pdf.docinfo["/Title"] = CANARY
    with pdf.open_metadata() as told:
        told["dc:creator"] = [CANARY]
    target = io.BytesIO()
    encryption = Encryption(user=password, owner=password) if password else False
    pdf.save(target, encryption=encryption, compress_streams=False)
    return target.getvalue() + extra


def a_revised_pdf() -> bytes:
    """Return a PDF whose one page said something else before an editor appended a change."""
    old, new = (f"BT ({text}) Tj ET".encode() for text in (CANARY, SHOWN))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(old), old),
    ]
    raw, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(raw))
        raw += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    first = len(raw)
    raw += b"xref\n0 5\n0000000000 65535 f \n" + table
    raw += b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % first
    place = len(raw)
    raw += b"4 0 obj\n<< /Length %d >>\nstream\n%b\nendstream\nendobj\n" % (len(new), new)
    later = len(raw)
    raw += b"xref\n4 1\n%010d 00000 n \n" % place
    raw += b"trailer\n<< /Size 5 /Root 1 0 R /Prev %d >>\n" % first
    return raw + b"startxref\n%d\n%%%%EOF\n" % later


def relations(*given: tuple[str, str, str] | tuple[str, str, str, str]) -> str:
    """Return relations of (id, end of type, target) and, for addresses outside, ``External``."""
    made = "".join(
        f'<Relationship Id="{one[0]}" Type="{one[1] if ":" in one[1] else f"{R}/{one[1]}"}" '
        f'Target="{one[2]}"{OUTSIDE if one[3:] else ""}/>'
        for one in given
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{P}">{made}</Relationships>'


def types(main: str, **parts: str) -> str:
    """Return the content types of a package whose main part is of type ``main``."""
    over = "".join(
        f'<Override PartName="{name}" ContentType="application/xml"/>' for name in parts.values()
    )
    return (
        '<?xml version="1.0"?><Types '
        'xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="jpeg" ContentType="image/jpeg"/>'
        f'<Override PartName="/{"word/document.xml" if "wordproc" in main else "xl/workbook.xml"}" '
        f'ContentType="{main}"/>{over}</Types>'
    )


WORD_MAIN = f"{OFFICE}.wordprocessingml.document.main+xml"
CHANGED = f"w:id='1' w:author='{CANARY}' w:date='2026-01-01T00:00:00Z'"


def word_parts() -> dict[str, bytes | str]:
    """Return the parts of a Word document with changes, comments and traces of its makers."""
    body = (
        f"<w:p w:rsidR='00{CANARY}'><w:r><w:t>{SHOWN}</w:t></w:r>"
        f"<w:ins {CHANGED}><w:r><w:t> inserted words</w:t></w:r></w:ins>"
        f"<w:del {CHANGED}><w:r><w:delText>{CANARY}</w:delText></w:r></w:del>"
        f"<w:r><w:rPr><w:b/><w:rPrChange {CHANGED}><w:rPr/></w:rPrChange></w:rPr>"
        "<w:t> kept</w:t></w:r></w:p>"
        f"<w:tbl><w:tr><w:trPr><w:del {CHANGED}/></w:trPr><w:tc><w:p><w:r><w:t>{CANARY}</w:t>"
        "</w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
        f"<w:p><w:moveFrom {CHANGED}><w:r><w:t>{CANARY}</w:t></w:r></w:moveFrom>"
        f"<w:moveTo {CHANGED}><w:r><w:t>moved words</w:t></w:r></w:moveTo>"
        "<w:hyperlink r:id='rId9'><w:r><w:t>a link</w:t></w:r></w:hyperlink></w:p>"
    )
    heads = f"xmlns:w='{W}' xmlns:r='{R}'"
    microsoft = "http://schemas.microsoft.com/office/2011/relationships/people"
    return {
        "[Content_Types].xml": types(
            WORD_MAIN, a="/docProps/core.xml", b="/customXml/item1.xml", c="/word/comments.xml"
        ),
        "_rels/.rels": relations(
            ("rId1", "officeDocument", "word/document.xml"),
            ("rId2", "extended-properties", "docProps/app.xml"),
            (
                "rId3",
                "http://schemas.openxmlformats.org/package/2006/relationships/metadata/"
                "core-properties",
                "docProps/core.xml",
            ),
            (
                "rId4",
                "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail",
                "docProps/thumbnail.jpeg",
            ),
        ),
        "docProps/core.xml": f"<a><creator>{CANARY}</creator></a>",
        "docProps/app.xml": f"<a><Company>{CANARY}</Company></a>",
        "docProps/thumbnail.jpeg": a_jpeg(),
        "word/document.xml": f"<!-- {CANARY} --><w:document {heads}><w:body>{body}</w:body>"
        "</w:document>",
        "word/_rels/document.xml.rels": relations(
            ("rId1", "comments", "comments.xml"),
            ("rId2", "settings", "settings.xml"),
            ("rId3", "customXml", "../customXml/item1.xml"),
            ("rId4", microsoft, "people.xml"),
            ("rId5", "image", "media/image1.jpeg"),
            ("rId8", "image", "file:///C:/Users/" + CANARY, "External"),
            ("rId9", "hyperlink", "https://example.org/page", "External"),
        ),
        "word/comments.xml": f"<w:comments {heads}><w:comment {CHANGED} w:initials='{CANARY}'>"
        "<w:p><w:r><w:t>a remark</w:t></w:r></w:p></w:comment></w:comments>",
        "word/people.xml": f"<a author='{CANARY}'/>",
        "word/settings.xml": f"<w:settings {heads}><w:attachedTemplate r:id='rId1'/>"
        f"<w:rsids><w:rsid w:val='{CANARY}'/></w:rsids><w:docVars><w:docVar w:name='a' "
        f"w:val='{CANARY}'/></w:docVars><w:defaultTabStop w:val='708'/></w:settings>",
        "word/_rels/settings.xml.rels": relations(
            ("rId1", "attachedTemplate", f"file:///C:/Users/{CANARY}/Normal.dotm", "External")
        ),
        "word/media/image1.jpeg": a_jpeg(),
        "word/unreferenced.xml": f"<a>{CANARY}</a>",
        "customXml/item1.xml": f"<a>{CANARY}</a>",
    }


def a_word_document(**changes: bytes | str | None) -> bytes:
    """Return a Word document; ``changes`` replace parts, ``__`` standing for /, or drop them."""
    return zipped(changed(word_parts(), changes))


def changed(
    parts: Mapping[str, bytes | str], changes: Mapping[str, bytes | str | None]
) -> dict[str, bytes | str]:
    """Return ``parts`` with some replaced, added or (``None``) left out."""
    named = {name.replace("__", "/"): content for name, content in changes.items()}
    made = {**parts, **named}
    return {name: content for name, content in made.items() if content is not None}


def a_workbook() -> bytes:
    """Return a workbook by a usual program, with an author, a comment and properties."""
    import openpyxl
    from openpyxl.comments import Comment

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet["A1"] = SHOWN
    sheet["B2"] = 1250
    sheet["B3"] = "=B2*2"
    sheet["A1"].comment = Comment("a remark", CANARY)
    book.properties.creator = CANARY
    book.properties.lastModifiedBy = CANARY
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def a_traced_workbook(**changes: bytes | str | None) -> bytes:
    """Return a workbook that tells of machines: a path, a printer, a locked-by name, a link."""
    with zipfile.ZipFile(io.BytesIO(a_workbook())) as archive:
        parts: dict[str, bytes | str] = {n: archive.read(n) for n in archive.namelist()}
    book = parts["xl/workbook.xml"]
    assert isinstance(book, bytes)
    mark = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    path = "http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"
    parts["xl/workbook.xml"] = book.decode().replace(
        "<workbookPr",
        f'<fileSharing userName="{CANARY}"/><mc:AlternateContent xmlns:mc="{mark}">'
        f'<mc:Choice Requires="x15"><x15ac:absPath xmlns:x15ac="{path}" url="C:\\{CANARY}\\"/>'
        "</mc:Choice></mc:AlternateContent><workbookPr",
        1,
    )
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert isinstance(sheet, bytes)
    parts["xl/worksheets/sheet1.xml"] = sheet.decode().replace(
        "<legacyDrawing", f'<pageSetup orientation="portrait" xmlns:r="{R}" r:id="rIdP"/>'
        "<legacyDrawing", 1,
    )  # fmt: skip
    place = "xl/worksheets/_rels/sheet1.xml.rels"
    told = parts[place]
    assert isinstance(told, bytes)
    parts[place] = told.decode().replace(
        "</Relationships>",
        f'<Relationship Id="rIdP" Type="{R}/printerSettings" '
        'Target="../printerSettings/printerSettings1.bin"/></Relationships>',
    )
    parts["xl/printerSettings/printerSettings1.bin"] = CANARY.encode("utf-16-le")
    return zipped(changed(parts, changes))


ODF = "urn:oasis:names:tc:opendocument:xmlns"
ODF_HEADS = (
    f"xmlns:office='{ODF}:office:1.0' xmlns:text='{ODF}:text:1.0' xmlns:meta='{ODF}:meta:1.0' "
    f"xmlns:draw='{ODF}:drawing:1.0' xmlns:xlink='http://www.w3.org/1999/xlink' "
    "xmlns:dc='http://purl.org/dc/elements/1.1/'"
)


def odf_parts(kind: str = "text") -> dict[str, bytes | str]:
    """Return the parts of an OpenDocument text, or ``spreadsheet``, that tells of its makers."""
    content = (
        f"<office:document-content {ODF_HEADS}><office:body><office:text>"
        f"<text:tracked-changes><text:changed-region><text:deletion><dc:creator>{CANARY}"
        f"</dc:creator><text:p>{CANARY}</text:p></text:deletion></text:changed-region>"
        f"</text:tracked-changes><text:p>{SHOWN}<text:change text:change-id='a'/> kept"
        f"<office:annotation><dc:creator>{CANARY}</dc:creator><dc:date>{CANARY}</dc:date>"
        f"<meta:creator-initials>{CANARY}</meta:creator-initials><text:p>a remark</text:p>"
        f"</office:annotation><text:a xlink:href='https://example.org/'>a link</text:a>"
        f"<text:a xlink:href='file:///home/{CANARY}'>another</text:a></text:p>"
        "</office:text></office:body></office:document-content>"
    )
    listed = "".join(
        f"<m:file-entry m:full-path='{name}' m:media-type='text/xml'/>"
        for name in ("/", "content.xml", "meta.xml", "settings.xml", "Thumbnails/thumbnail.png")
    )
    return {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "META-INF/manifest.xml": f"<m:manifest xmlns:m='{ODF}:manifest:1.0'>{listed}</m:manifest>",
        "content.xml": content,
        "meta.xml": f"<a>{CANARY}</a>",
        "settings.xml": f"<a>{CANARY}</a>",
        "Thumbnails/thumbnail.png": a_png(),
        "Configurations2/menubar.xml": f"<a>{CANARY}</a>",
        "Pictures/photo.jpg": a_jpeg(),
    }


def an_odf(kind: str = "text", /, **changes: bytes | str | None) -> bytes:
    """Return an OpenDocument file; ``changes`` as for a Word document."""
    return zipped(changed(odf_parts(kind), changes), stored="mimetype")


def the_test_virus() -> bytes:
    """Return the test file of virus scanners."""
    return b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + TEST_VIRUS + b"!$H+H*"


def everything_in(content: bytes) -> bytes:
    """Return all bytes of a file, those of packed parts and streams unpacked as well."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inner = [everything_in(archive.read(name)) for name in archive.namelist()]
            return content + b"".join([*inner, *(n.encode() for n in archive.namelist())])
    if content.startswith(b"%PDF"):
        import pikepdf

        with pikepdf.open(io.BytesIO(content)) as pdf:
            streams = [
                one.read_raw_bytes() if "/Filter" in one and one["/Filter"] == "/DCTDecode"
                else one.read_bytes()
                for one in pdf.objects if isinstance(one, pikepdf.Stream)
            ]  # fmt: skip
            others = [repr(one).encode() for one in pdf.objects]
            return content + b"".join([*streams, *others, repr(pdf.trailer).encode()])
    if content.startswith(b"\x89PNG"):
        at, found = 8, [content]
        while at + 12 <= len(content):
            end = at + 8 + int.from_bytes(content[at : at + 4], "big")
            body = content[at + 8 : end]
            if content[at + 4 : at + 8] in {b"iCCP", b"zTXt"}:
                found.append(zlib.decompress(body[body.index(b"\0") + 2 :]))
            at = end + 4
        return b"".join(found)
    return content


def tells(content: bytes) -> bool:
    """Return whether anything in a file still tells of its maker."""
    whole = everything_in(content)
    return CANARY.encode() in whole or CANARY.encode("utf-16-le") in whole
