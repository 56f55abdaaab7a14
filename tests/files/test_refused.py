"""The zoo: files that are refused, each for its reason, by a process that cannot do harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from fundops.files import cleaning, limits
from fundops.files.clean_child import cleaned
from fundops.files.kinds import Refused, ends_as_zip
from fundops.messages import catalogue
from tests.files import zoo

Make = Callable[[], bytes]


def with_part(name: str, content: bytes | str) -> Make:
    return lambda: zoo.zipped({**zoo.word_parts(), name: content})


def with_body(markup: str) -> Make:
    """Return a Word document whose body has ``markup`` in it."""
    parts = zoo.word_parts()
    body = str(parts["word/document.xml"]).replace("<w:body>", f"<w:body>{markup}")
    return lambda: zoo.zipped({**parts, "word/document.xml": body})


def with_relation(kind: str, target: str = "inner.bin", content: bytes = b"x") -> Make:
    """Return a Word document whose main part leads to another part by such a relation."""
    parts = zoo.word_parts()
    told = str(parts["word/_rels/document.xml.rels"]).replace(
        "</Relationships>",
        f'<Relationship Id="rId30" Type="{zoo.R}/{kind}" Target="{target}"/></Relationships>',
    )
    inner = {f"word/{target}": content}
    return lambda: zoo.zipped({**parts, "word/_rels/document.xml.rels": told, **inner})


def macro_types() -> bytes:
    told = zoo.types("application/vnd.ms-word.document.macroEnabled.main+xml")
    return zoo.zipped({**zoo.word_parts(), "[Content_Types].xml": told})


def a_link() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in zoo.word_parts().items():
            archive.writestr(name, content)
        info = zipfile.ZipInfo("word/link.xml")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return target.getvalue()


@cache
def a_bomb() -> bytes:
    """Return a document that unpacks to more than may be; packing it takes a while."""
    return with_part("word/bomb.xml", b"<a>" + b" " * 215_000_000 + b"</a>")()


def lying_about_its_size() -> bytes:
    """Return a document that says its bomb is small: only unpacking tells."""
    raw = bytearray(a_bomb())
    size = (215_000_007).to_bytes(4, "little")
    at = raw.find(size)
    while at >= 0:
        raw[at : at + 4] = (10).to_bytes(4, "little")
        at = raw.find(size, at)
    return bytes(raw)


def encrypted_zip() -> bytes:
    raw = bytearray(zoo.a_word_document())
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        infos = archive.infolist()
    for info in infos:
        raw[info.header_offset + 6] |= 1
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        raw[at + 8] |= 1
        at = raw.find(b"PK\x01\x02", at + 1)
    return bytes(raw)


def torn() -> bytes:
    """Return an archive whose first part, the one that tells the kind, does not unpack."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", zoo.types("x") * 3)
        info = archive.getinfo("[Content_Types].xml")
    raw = bytearray(target.getvalue())
    start = info.header_offset + 30 + len(info.filename)
    raw[start : start + info.compress_size] = b"\xff" * info.compress_size
    return bytes(raw)


DOCTYPE = '<!DOCTYPE a [<!ENTITY x "boo"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>'

ZOO: dict[str, tuple[Make, str, str]] = {
    "the test virus": (zoo.the_test_virus, "txt", "test_virus"),
    "the test virus, packed": (with_part("word/x.xml", zoo.the_test_virus()), "docx", "test_virus"),
    "a program": (lambda: b"MZ" + b"\0" * 100, "exe", "unknown"),
    "a program called a document": (lambda: b"\x7fELF" + b"\0" * 100, "pdf", "unknown"),
    "a picture of another kind": (lambda: b"GIF89a" + b"\0" * 20, "gif", "unknown"),
    "an archive": (lambda: zoo.zipped({"a.txt": "a"}), "zip", "unknown"),
    "an archive called a document": (lambda: zoo.zipped({"a.txt": "a"}), "docx", "unknown"),
    "a web page": (lambda: b"\n <!DOCTYPE html><script>alert(1)</script>", "txt", "unknown"),
    "a drawing with a script": (lambda: b"<svg onload='alert(1)'/>", "svg", "unknown"),
    "a script": (lambda: b"#!/bin/sh\nrm -rf /\n", "txt", "unknown"),
    "a rich text": (lambda: b"{\\rtf1 x}", "txt", "unknown"),
    "control characters": (lambda: b"a\x1b[2Jb", "txt", "unknown"),
    "text of another encoding": (lambda: "Über uns".encode("latin-1"), "txt", "not_utf8"),
    "wide characters": (lambda: "Über uns".encode("utf-16"), "txt", "unknown"),
    "an old document": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "doc",
                        "old_or_encrypted"),
    "a PDF called a picture": (zoo.a_pdf, "jpg", "other_kind"),
    "a picture called a PDF": (zoo.a_jpeg, "pdf", "other_kind"),
    "a workbook called a document": (zoo.a_workbook, "docx", "other_kind"),
    "a text called a PDF": (lambda: b"hello", "pdf", "other_kind"),
    "a PDF with a password": (lambda: zoo.a_pdf(password="x"), "pdf", "encrypted"),
    "a PDF and an archive": (lambda: zoo.a_pdf(extra=zoo.zipped({"a": "b"})), "pdf", "polyglot"),
    "a PDF and a page": (lambda: zoo.a_pdf(extra=b"<script>x</script>"), "pdf", "polyglot"),
    "a picture and an archive": (lambda: zoo.a_jpeg() + zoo.zipped({"a": "b"}), "jpg", "polyglot"),
    "a picture and a PDF": (lambda: b"\xff\xd8\xff\xfe\x00\x20%PDF-1.4" + zoo.a_jpeg()[2:], "jpg",
                            "polyglot"),
    "a text and a PDF": (lambda: b"hello\n%PDF-1.4\n", "txt", "polyglot"),
    "something before a PDF": (lambda: b"MZ" + zoo.a_pdf(), "pdf", "unknown"),
    "something before an archive": (lambda: b"PK\x03\x04xx" + zoo.a_word_document(), "docx",
                                    "polyglot"),
    "something after an archive": (lambda: zoo.a_word_document() + b"x", "docx", "damaged"),
    "a comment of an archive": (lambda: zoo.zipped(zoo.word_parts(), comment=b"x" * 30), "docx",
                                "polyglot"),
    "half a PDF": (lambda: zoo.a_pdf()[:300], "pdf", "damaged"),
    "half a picture": (lambda: zoo.a_jpeg(size=(400, 400), canary=False)[:900], "jpg", "damaged"),
    "half an archive": (lambda: zoo.a_word_document()[:600], "docx", "damaged"),
    "a flood of pixels": (lambda: zoo.a_huge_png(60_000, 60_000), "png", "too_many_pixels"),
    "a long thin picture": (lambda: zoo.a_huge_png(1_000_000, 1), "png", "too_many_pixels"),
    "fewer pixels than said": (lambda: zoo.a_huge_png(3_000, 3_000), "png", "damaged"),
    "a bomb": (a_bomb, "docx", "too_large"),
    "a bomb that lies": (lying_about_its_size, "docx", "damaged"),
    "very much markup": (with_part("word/a.xml", b"<a>" + b" " * 40_000_000 + b"</a>"), "docx",
                         "too_large"),
    "very many parts": (lambda: zoo.zipped({f"{n}.xml": "" for n in range(66_000)}), "docx",
                        "too_many_parts"),
    "entities": (with_part("word/a.xml", DOCTYPE), "docx", "markup"),
    "entities in the list of parts": (with_part("[Content_Types].xml", DOCTYPE), "docx", "unknown"),
    "a part outside": (with_part("../../etc/cron.d/x", "x"), "docx", "bad_names"),
    "a part at the root": (with_part("/etc/passwd", "x"), "docx", "bad_names"),
    "a part of another system": (with_part("word\\..\\x.xml", "x"), "docx", "bad_names"),
    "names that differ in case": (with_part("WORD/document.xml", "x"), "docx", "bad_names"),
    "a link": (a_link, "docx", "bad_names"),
    "an archive that does not unpack": (torn, "docx", "damaged"),
    "a locked archive": (encrypted_zip, "docx", "damaged"),
    "a document with macros": (macro_types, "docx", "macros"),
    "macros unannounced": (with_part("word/vbaProject.bin", "x"), "docx", "macros"),
    "macros by relation": (with_relation("vbaProject"), "docx", "macros"),
    "a control": (with_relation("control", "activeX1.xml", b"<a/>"), "docx", "embedded_object"),
    "an object": (with_relation("oleObject"), "docx", "embedded_object"),
    "a program in a document": (with_relation("image", "image.exe"), "docx", "embedded_object"),
    "a page in a document": (with_relation("afChunk", "a.html"), "docx", "embedded_object"),
    "a connection": (with_relation("connections", "a.xml", b"<a/>"), "docx", "external_data"),
    "a field that runs a program": (
        with_body("<w:p><w:r><w:instrText> DDEAUTO c:\\\\x.exe</w:instrText></w:r></w:p>"), "docx",
        "external_data"),
    "a simple field that runs one": (
        with_body("<w:p><w:fldSimple w:instr='DDE x y'/></w:p>"), "docx", "external_data"),
    "a document without its body": (lambda: zoo.a_word_document(**{"word__document.xml": None}),
                                    "docx", "damaged"),
    "a body that is no markup": (lambda: zoo.a_word_document(**{"word__document.xml": "<a>"}),
                                 "docx", "damaged"),
    "an open document with macros": (lambda: zoo.an_odf(Basic__Standard__Module1=b"x"), "odt",
                                     "macros"),
    "an open document with a script": (
        lambda: zoo.an_odf(**{"content.xml": f"<office:document-content {zoo.ODF_HEADS}>"
                              "<office:scripts><office:script/></office:scripts>"
                              "</office:document-content>"}), "odt", "macros"),
    "an open document with a lock": (
        lambda: zoo.an_odf(**{"META-INF__manifest.xml": "<encryption-data/>"}), "odt", "encrypted"),
    "an open document with an object": (
        lambda: zoo.an_odf(**{"content.xml": f"<a {zoo.ODF_HEADS}><draw:object-ole/></a>"}), "odt",
        "embedded_object"),
    "an open document of another kind": (lambda: zoo.an_odf("presentation"), "odp", "unknown"),
    "an open document with a program": (lambda: zoo.an_odf(**{"Pictures__a.exe": b"MZ"}), "odt",
                                        "embedded_object"),
    "an open document without a list": (lambda: zoo.an_odf(**{"META-INF__manifest.xml": None}),
                                        "odt", "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
def test_each_is_refused_for_its_reason(name: str) -> None:
    make, ending, code = ZOO[name]
    with pytest.raises(Refused) as found:
        cleaned(make(), ending)
    assert found.value.code == code
    assert code in cleaning.REFUSALS
    assert "{" not in cleaning.sentence(found.value)


def test_an_animated_picture_is_refused() -> None:
    from PIL import Image

    target = io.BytesIO()
    frames = [Image.new("RGB", (4, 4), (n, n, n)) for n in (0, 100, 200)]
    frames[0].save(target, "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(Refused, match="animated"):
        cleaned(target.getvalue(), "png")


def test_every_reason_has_its_sentence() -> None:
    told = {key for key in catalogue() if key.startswith("files.refused.")}
    assert told == {f"files.refused.{code}" for code in cleaning.REFUSALS}


@pytest.mark.parametrize("name", ["a bomb", "entities", "a PDF with a password"])
def test_the_process_says_the_same(name: str, tmp_path: Path) -> None:
    make, ending, code = ZOO[name]
    with pytest.raises(Refused) as found:
        cleaning.clean(make(), f"x.{ending}", tmp_path)
    assert found.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_process_over_its_memory_or_time_or_output_ends_alone(tmp_path: Path) -> None:
    raw = zoo.a_jpeg(size=(4000, 3000), canary=False)
    assert cleaning.clean(raw, "x.jpg", tmp_path).kind.media_type == "image/jpeg"
    for less in (
        replace(limits.BOUNDS, memory_bytes=60 * 2**20),
        replace(limits.BOUNDS, wall_seconds=0.05),
        replace(limits.BOUNDS, output_bytes=1000),
    ):
        with pytest.raises(Refused, match="too_demanding"):
            cleaning.clean(raw, "x.jpg", tmp_path, less)


def test_a_process_that_says_something_else_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for said in (b"", b'{"media_type": "text/html", "cleaned": []}\nx', b'{"cleaned": []}\nx',
                 b'{"media_type": "text/plain", "cleaned": []}\n'):  # fmt: skip
        monkeypatch.setattr(cleaning, "run", lambda *args, said=said: args[3].write(said))
        with pytest.raises(Refused, match="too_demanding"):
            cleaning.clean(b"x", "x.txt", tmp_path)
    other = b'{"refused": "../../etc", "facts": {}}\n'
    monkeypatch.setattr(cleaning, "run", lambda *args: args[3].write(other))
    with pytest.raises(Refused, match="damaged"):
        cleaning.clean(b"x", "x.txt", tmp_path)


def test_a_photograph_that_looks_like_an_archive_by_chance_is_taken() -> None:
    raw = zoo.a_jpeg(canary=False) + b"PK\x05\x06" + b"\x07" * 40
    assert not ends_as_zip(raw)
    assert cleaned(raw, "jpg")[0].media_type == "image/jpeg"
    assert ends_as_zip(zoo.a_jpeg() + zoo.zipped({"a": "b"}))
