"""What proves an audit workbook: its manifest, checked with and without the program."""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from fundops import audit
from fundops.audit import AuditEvent
from fundops.commands import app as commands
from fundops.demo.stage import Story
from fundops.exports import Cell, Grid, Workbook, render
from fundops.exports.audit_book import manifest
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.question import (
    Moment,
    Question,
    Reader,
    Scope,
    ScopeKind,
    question_for,
)
from fundops.exports.audit_book.workbook import SECTIONS, audit_workbook
from fundops.exports.compare import differences
from fundops.exports.read_back import Damaged, Reading
from fundops.exports.watch import Watch
from fundops.parties import places
from fundops.parties.models import Party
from fundops.parties.schemas import PartyPatch
from fundops.parties.service import change_party
from fundops.signing import Signer
from tests.donors.cash_factories import a_receipt, an_officer
from tests.exports.audit_book.opened import checks, rows, same
from tests.exports.books import a_sheet
from tests.factories import a_party
from tests.told import story
from tests.world import World

__all__ = ["story"]

SCRIPT = Path(__file__).parents[3] / "scripts" / "verify_manifest"
Said = tuple[int, str]


class Terminal:
    """The command line in a folder of its own, on this test's database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "book.xlsx"

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(commands, list(words))

    def export(self, *words: str) -> Result:
        return self.run("export", "audit", *words, "-o", str(self.file))

    def verify(self, path: Path | None = None) -> Said:
        done = self.run("verify", str(path or self.file))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        return done.exit_code, done.output


@pytest.fixture
def terminal(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Give a command line."""
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", database_url)
    monkeypatch.setenv("FUNDOPS_FILES_PATH", str(tmp_path / "files"))
    return Terminal(tmp_path)


def changed(path: Path, sheet: str, pattern: str, into: str) -> None:
    """Change the first match in the sheet of a tab of a workbook, as a hand would."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    book = parts["xl/workbook.xml"].decode()
    (its_id,) = re.findall(rf'<sheet name="{sheet}"[^>]* r:id="([^"]+)"', book)
    relations = parts["xl/_rels/workbook.xml.rels"].decode()
    (target,) = (
        re.search(r'Target="/?(?:xl/)?([^"]+)"', one).group(1)  # type: ignore[union-attr]
        for one in re.findall(r"<Relationship [^>]*>", relations)
        if f'Id="{its_id}"' in one
    )
    part = f"xl/{target}"
    found, count = re.subn(pattern, into, parts[part].decode(), count=1)
    assert count == 1
    parts[part] = found.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_what_changed_since_is_explained_and_what_differs_is_named(
    terminal: Terminal, story: Story
) -> None:
    """The same; then withheld; then disposed; and a cell that was changed by hand stays one."""
    north = story.parties["north"]
    watch = Watch()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fundops.exports.bar.shown_bar", lambda sheets: nullcontext(watch))
        done = terminal.export("--fund", "DEMO", "--reader", "outside", "--issue")
    assert (done.exit_code, "Recorded as AWB-" in done.output) == (0, True), done.output
    assert watch.sheets == len(SECTIONS), "each sheet is a step of the bar"
    same = "The same question gives the same file, byte for byte."
    code, said = terminal.verify()
    assert (code, same in said) == (0, True)
    assert "signed with key" in said
    assert "It was handed out as AWB-" in said
    assert "audit chain is what the manifest says" in said
    alone = terminal.folder / "alone.xlsx"
    shutil.copy(terminal.file, alone)
    code, said = terminal.verify(alone)
    assert (code, same in said, "No manifest" in said) == (0, True, True)

    def change(work: Callable[[Any], Any]) -> None:
        with story.step() as db:
            work(db)

    def patch(party: Party, **values: Any) -> Callable[[Any], Any]:
        return lambda db: change_party(
            db, story.manager, db.get_one(Party, party.id, populate_existing=True),
            PartyPatch.model_validate(values),
        )  # fmt: skip

    change(patch(north, name="Northland Foreign Office", public_label="Northland"))
    code, said = terminal.verify()
    assert (code, same in said) == (0, True), "a name is that which was known"

    change(patch(north, is_at_risk=True))
    change(lambda db: places.flag(db, story.manager, "PH", None, "A raid."))
    code, said = terminal.verify(alone)
    assert code == 0, said
    assert "withheld since" in said
    assert "Lots!" in said
    assert "differs" not in said
    assert "Northland Ministry" not in said, "nor does the terminal tell it"

    shutil.copy(terminal.file, alone)
    shutil.copy(manifest.path_beside(terminal.file), manifest.path_beside(alone))
    changed(alone, "Journal", r'(<c r="H2"[^>]*><v>)[^<]*', r"\g<1>0.01")
    code, said = terminal.verify(alone)
    assert code == 1
    assert "not the one of its manifest" in said
    assert re.findall("differs: (.*?): in the file “0.01”", said) == ["Journal!H2"]
    assert "withheld since" in said

    with story.database.read() as db:
        query = select(AuditEvent.seq).where(
            AuditEvent.record_id == north.id, AuditEvent.action == "party.changed"
        )
        renamed = min(db.execute(query).scalars())
    change(lambda db: audit.dispose(db, audit.SYSTEM, renamed, "Time is up."))
    code, said = terminal.verify()
    assert code == 0, said
    assert "disposed" in said
    assert "differs" not in said


def test_a_chain_or_manifest_that_is_another_is_found(terminal: Terminal, story: Story) -> None:
    done = terminal.export("--donor", story.parties["lake"].code)
    assert (done.exit_code, done.stderr) == (0, ""), "no bar where nobody watches"
    beside = manifest.path_beside(terminal.file)
    good = beside.read_bytes()
    body = json.loads(good)["manifest"]
    assert body["question"]["scope"] == "donor"
    assert body["chain"]["known"] == body["chain"]["made"]
    ours = Signer(terminal.folder / "files")
    body["chain"]["known"]["hash"] = "0" * 64
    beside.write_text(manifest.signed_text(audit.canonical(body), ours))
    code, said = terminal.verify()
    assert code == 1
    assert "The audit chain has been changed" in said
    beside.write_text(
        manifest.signed_text(
            audit.canonical(json.loads(good)["manifest"]), Signer(terminal.folder / "theirs")
        )
    )
    code, said = terminal.verify()
    assert (code, "is not one of this system's keys" in said) == (1, True)
    beside.write_text(manifest.signed_text(audit.canonical(json.loads(good)["manifest"]), None))
    code, said = terminal.verify()
    assert (code, "unsigned" in said) == (0, True)
    for bad in (b"", b"[]", good[:-2], good.replace(b'"auditor"', b'"insider"'), b"9" * 70_000,
                good.replace(b'"known_seq":', b'"known_seq":1e400,"x":')):  # fmt: skip
        beside.write_bytes(bad)
        code, said = terminal.verify()
        assert (code, "damaged" in said) == (1, True), bad[:40]
    beside.write_bytes(good)
    whole = terminal.file.read_bytes()
    terminal.file.write_bytes(whole[: len(whole) // 2])
    code, said = terminal.verify()
    assert (code, "The file is damaged" in said) == (1, True)
    terminal.file.unlink()
    assert terminal.verify()[0] == 1


def test_bad_questions_and_a_full_disk_leave_nothing(terminal: Terminal, story: Story) -> None:
    for words in (
        ("--fund", "DEMO", "--as-of", "1999-12-31"),
        ("--fund", "DEMO", "--as-of", "2999-12-31"),
        ("--fund", "DEMO", "--known-at", "2999-12-31T00:00:00Z"),
        ("--fund", "DEMO", "--known-at", "1999-12-31T00:00:00Z"),
        ("--fund", "NONE"),
        ("--donor", "NONE"),
        (),
    ):
        done = terminal.export(*words)
        assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True), done.output
        assert not list(terminal.folder.glob("*book*"))
    assert terminal.export("--fund", "DEMO").exit_code == 0
    before = {one: one.read_bytes() for one in terminal.folder.glob("*book*")}
    assert len(before) == 2
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    half = len(before[terminal.file]) // 2
    real = os.fdopen

    def limited(*arguments: Any) -> Any:
        resource.setrlimit(resource.RLIMIT_FSIZE, (half, limits[1]))
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fdopen", limited)
        try:
            done = terminal.export("--fund", "DEMO", "--reader", "inside")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.exit_code == 1
    assert "was not written, and what stood there is untouched" in done.output
    assert "Traceback" not in done.output
    assert before == {one: one.read_bytes() for one in terminal.folder.glob("*book*")}
    assert not list(terminal.folder.glob(".*")), "nothing aside is left"
    missing = terminal.run("export", "audit", "--fund", "DEMO", "-o", "/nowhere/book.xlsx")
    assert (missing.exit_code, "was not written" in missing.output) == (1, True)


def whole_fund(world: World, story: Story, seq: int | None) -> tuple[int, bytes]:
    """Return K and the workbook of the story's fund, as known at ``seq`` or now."""
    with world.database.export() as db:
        scope = Scope(ScopeKind.FUND, story.book.id, story.book.id, "DEMO")
        question = question_for(db, scope, Moment(), Reader.AUDITOR)
        if seq is not None:
            question = Question(scope, question.as_of_on, seq, Reader.AUDITOR)
        return question.known_seq, b"".join(render(audit_workbook(Book(db, question))))


def book_receipts(world: World, story: Story, by: tuple[Any, Any], stop: threading.Event) -> None:
    """Book one receipt after the other, by an officer and of a payer, until told to stop."""
    officer, payer = by
    while not stop.is_set():
        with world.database.write() as db:
            audit.lock_head(db)
            a_receipt(db, officer, story.book, 1_001, payer_id=payer.id)


def test_exports_while_money_moves_are_each_whole(world: World, story: Story) -> None:
    """Two at once, twice each, while receipts are booked: every one equals its own K."""
    stop = threading.Event()
    with world.database.write() as db:  # before any question: no event tells of factories' persons
        audit.lock_head(db)
        by = an_officer(db), a_party(db)

    def exports() -> list[tuple[int, bytes]]:
        return [whole_fund(world, story, None) for _ in range(2)]

    with ThreadPoolExecutor(3) as pool:
        moving = pool.submit(book_receipts, world, story, by, stop)
        try:
            both = [pool.submit(exports), pool.submit(exports)]
            made = [one for future in both for one in future.result(120)]
        finally:
            stop.set()
        moving.result(30)
    assert len({seq for seq, _ in made}) > 1, "money moved between them"
    for seq, data in made:
        assert checks(data) == {"OK"}
        journal = [row for row in rows(data, "Journal")[1:] if row and type(row[0]) is int]
        assert max(row[0] for row in journal) <= seq
    for seq, data in made[::3]:
        same(whole_fund(world, story, seq)[1], data)
    assert world.database.exporter.pool.checkedout() == 0  # type: ignore[attr-defined]


# Without a database.

QUESTION = {
    "as_of_on": "2026-06-30", "fund": "DEMO", "known_seq": 7, "language": "en", "layout": 1,
    "reader": "auditor", "record_id": "01a203e9-5b9c-7000-a49a-bd879024a170", "scope": "fund",
}  # fmt: skip


def a_body(data: bytes) -> dict[str, Any]:
    """Return what a manifest of a file with ``data`` says."""
    point = {"seq": 7, "hash": "ab" * 32}
    return {
        "format": manifest.FORMAT, "question": QUESTION, "known_at": "2026-07-01T00:00:00.000000Z",
        "file": {"name": "é.xlsx", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()},
        "chain": {"known": point, "made": point},
        "software": {"name": "fundops", "version": "1"},
        "made_at": "2026-07-01T00:00:01.000000Z",
    }  # fmt: skip


def test_the_script_needs_nothing_and_finds_every_planted_fault(tmp_path: Path) -> None:
    file, beside = tmp_path / "é.xlsx", tmp_path / "é.xlsx.manifest.json"
    data = bytes(range(256)) * 40
    file.write_bytes(data)
    signer, other = Signer(tmp_path / "ours"), Signer(tmp_path / "theirs")
    keys = {}
    for name, one in (("ours", signer), ("theirs", other)):
        keys[name] = tmp_path / f"{name}.pem"
        keys[name].write_text(one.public_keys()[0].pem)
    text = manifest.signed_text(audit.canonical(a_body(data)), signer)
    assert manifest.read(text.encode()).fields == a_body(data)

    def run(*words: str, path: str | None = None) -> Said:
        done = subprocess.run(
            [sys.executable, "-I", "-W", "error", str(SCRIPT), str(file), *words],
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env={"PATH": path if path is not None else "/usr/bin:/bin", "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, done.stdout

    beside.write_text(text)
    ours, theirs = ("--public-key", str(keys["ours"])), ("--public-key", str(keys["theirs"]))
    code, said = run(*ours)
    assert (code, f"The signature is that of key {signer.key_id}" in said) == (0, True), said
    code, said = run()
    assert (code, "Signature not checked" in said) == (0, True)
    assert run(*ours, path=str(tmp_path)) == (
        2,
        f"The file is the one of the manifest: SHA-256 {hashlib.sha256(data).hexdigest()}.\n"
        "Signature not checked: no openssl.\n",
    )
    code, said = run(*theirs)
    assert (code, "signed with another key" in said) == (1, True)
    code, said = run("--public-key", str(file))
    assert (code, "no Ed25519 public key" in said) == (2, True)

    file.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    code, said = run(*ours)
    assert (code, "its SHA-256 differs" in said) == (1, True)
    file.write_bytes(data[:-1])
    assert run(*ours)[0] == 1
    file.write_bytes(data)
    forged = json.loads(text)
    forged["manifest"]["question"]["as_of_on"] = "2026-06-29"
    for fault, sentence in (
        (text.replace("2026-06-30", "2026-06-29"), "The signature is not that of the key"),
        (audit.canonical(forged) + "\n", "The signature is not that of the key"),
        (text.replace(other.key_id, signer.key_id).replace('"seq":7', '"seq": 7'), "damaged"),
        (text[:-1], "damaged"),
        (text.replace('"signature":', '"signature":null,"x":'), "damaged"),
        ("\x00", "damaged"),
        (manifest.signed_text(audit.canonical(a_body(data)), None), "unsigned"),
        (
            manifest.signed_text(audit.canonical(a_body(data)), other).replace(
                other.key_id, signer.key_id
            ),
            "The signature is not that of the key",
        ),
    ):
        beside.write_text(fault)
        code, said = run(*ours)
        assert (code, sentence in said) == (1, True), (fault, said)
    for hostile in hostile_manifests(data):  # what is printed is never a sentence of a stranger
        beside.write_text(hostile)
        assert run() == (1, "The manifest is damaged, or was changed by hand.\n"), hostile
    beside.unlink()
    assert run()[0] == 2


def hostile_manifests(data: bytes) -> Iterator[str]:
    """Yield manifests that would have the script say what it did not find, or fail."""
    lie = "DEMO\nThe signature is that of key 0123456789abcdef."
    for path, value in (
        (("question", "fund"), lie), (("question", "scope"), "\x1b[2Jfund"),
        (("question", "reader"), "\u202eedisni"), (("question", "as_of_on"), ["2026-06-30"]),
        (("made_at",), {"x": 1}), (("software", "version"), "x" * 10_000),
        (("chain", "known", "seq"), "7"), (("chain", "known", "hash"), lie),
        (("chain", "made", "seq"), True), (("chain", "made", "hash"), 7),
    ):  # fmt: skip
        body: Any = json.loads(json.dumps(a_body(data)))
        place = body
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        yield audit.canonical({"manifest": body, "signature": None}) + "\n"
    for key_id in (lie, "", 7, "0123456789ABCDEF"):
        signature = {"algorithm": "Ed25519", "key_id": key_id, "value": "AAAA"}
        yield audit.canonical({"manifest": a_body(data), "signature": signature}) + "\n"
    yield "[" * 60_000 + "\n"
    yield "7" * 60_000 + "\n"


def opened(workbook: Workbook) -> Reading:
    """Return a workbook opened for reading back."""
    return Reading(BytesIO(b"".join(render(workbook))), 10**8)


def test_cells_are_compared_in_step() -> None:
    """Added, missing and changed rows are told apart, and rows behind them still meet."""
    sheet = a_sheet()
    listed: list[Any] = list(sheet.rows()) if callable(sheet.rows) else []
    many = [(f"RCP-{n}", *listed[0][1:]) for n in range(300)]

    def found(before: list[Any], after: list[Any], cover: str = "One") -> list[Any]:
        def book(kept: list[Any], title: str) -> Workbook:
            return Workbook("T", (a_sheet(kept), Grid("Cover", (Cell("A1", title),))))

        return [
            (one.sheet, one.at, one.before, one.after)
            for one in differences(opened(book(before, "One")), opened(book(after, cover)))
            if one.sheet != "Receipts" or one.row[:1] != ("Total",)
        ]

    assert found(many, many) == []
    assert found(many, many, "Two") == [("Cover", "A1", "One", "Two")]
    gone = found(many, many[:5] + many[7:])
    assert {one[1] for one in gone if one[0] == "Receipts" and one[3] is None} >= {"A10", "A11"}
    assert not any(one[1] == "A12" for one in gone), "they meet again"
    more = found(many[:5] + many[7:], many)
    assert [one[3] for one in more if one[1].startswith("+A")] == ["RCP-5", "RCP-6"]
    once = [*many]
    once[7] = (*many[7][:4], 5, *many[7][5:])
    assert ("Receipts", "E12", "1250.00", "0.05") in found(many, once)


def test_a_file_of_a_stranger_is_read_within_bounds() -> None:
    good = b"".join(render(Workbook("T", (a_sheet(),))))

    def told(replace: dict[str, bytes], most: int = 10**6) -> None:
        into = BytesIO()
        with zipfile.ZipFile(BytesIO(good)) as old, zipfile.ZipFile(into, "w", 8) as new:
            for name in old.namelist():
                new.writestr(name, replace.get(name, old.read(name)))
        reading = Reading(into, most)
        for sheet in reading.sheets:
            for _ in reading.rows(sheet):
                pass

    told({})
    part = "xl/worksheets/sheet1.xml"
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><sheetData><row r="1"/></sheetData>'
    long = b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>%b</t></is></c></row></sheetData>'
    for planted in (
        {part: entities},
        {part: long % (b"x" * 50_000)},
        {part: b" " * 2_000_000 + b"<a/>"},
        {part: b"<sheetData><row r='1'><c r='A1' t='s'><v>99999</v></c></row></sheetData>"},
        {part: b"<sheetData><row r='x'/></sheetData>"},
        {part: b"<sheetData>"},
        {"xl/workbook.xml": b"<workbook/>"},
        {"xl/_rels/workbook.xml.rels": b"<Relationships/>"},
    ):
        with pytest.raises(Damaged):
            told(planted)
    rows = b'<sheetData><row r="1"><c r="A1"><v>1</v></c>%b</row></sheetData>'
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    told({part: rows % b""})
    with zipfile.ZipFile(BytesIO(good)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".rels")]
        relations = {name: archive.read(name) for name in names}
        book = archive.read("xl/workbook.xml")
    root, inner = "_rels/.rels", "xl/_rels/workbook.xml.rels"
    for planted in (  # what another program would read in another way
        {part: rows % b'<c r="A1"><v>2</v></c>'},
        {part: rows % b'<c r="B2"><v>2</v></c>'},
        {part: rows % b'<c r="B1"><v>2</v><v>3</v></c>'},
        {part: rows % b'<c r="B1"><v>2</v><v xmlns="urn:x">3</v></c>'},
        {part: rows % b'<c r="B1"><v xmlns="urn:x">3</v></c>'},
        {part: rows % (b'<x:c xmlns:x="%b" r="B1"><v>2</v></x:c>' % main)},
        {part: rows % (b'<c r="B1"><x:v xmlns:x="%b">2</x:v></c>' % main)},
        {part: b'<a xmlns:x="%b"><x:sheetData/></a>' % main},
        {"xl/workbook.xml": re.sub(rb"(<sheet [^>]*>)", rb"\1\1", book, count=1)},
        {root: relations[root].replace(b"xl/workbook.xml", b"xl/workbook2.xml")},
        {
            root: re.sub(rb"(<Relationship )", rb"<other/>\1", relations[root]).replace(
                b"</Relationships>",
                b'<Relationship Id="z" Type="x/officeDocument" Target="y"/></Relationships>',
            )
        },
        {inner: relations[inner].replace(b"sharedStrings.xml", b"sharedStrings2.xml")},
    ):
        with pytest.raises(Damaged):
            told(planted)
    twice = BytesIO(good)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "a") as archive:
        archive.writestr(part, rows % b"")
    with pytest.raises(Damaged):
        Reading(twice, 10**6)
    for cut in (b"", good[:-30], b"PK" * 50):
        with pytest.raises(Damaged):
            Reading(BytesIO(cut), 10**6)
    for at in range(0, len(good), 211):
        with suppress(Damaged):  # whatever a byte does, nothing else is raised
            reading = Reading(BytesIO(good[:at] + b"\xff" + good[at + 1 :]), 10**6)
            for sheet in reading.sheets:
                list(reading.rows(sheet))
