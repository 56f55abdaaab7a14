"""Files that are no form, broken, or made to do harm: refused in words, and only a child ends."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops.forms import annotate, limits, prescan, reading_child, sandbox
from fundops.forms.book import REFUSALS, assembled
from fundops.forms.parse import fill, parse
from fundops.forms.problems import FileRefused, Problem
from tests.depth import DEPTH
from tests.forms import examples
from tests.forms.examples import only, part, repacked, sheet_part, with_parts

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def sheet_xml(rows: str, after: str = "") -> bytes:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'.encode()


def with_sheet(rows: str, after: str = "") -> bytes:
    raw = examples.proposal()
    return with_parts(raw, {sheet_part(raw, "Budget"): sheet_xml(rows, after)})


def a_zip(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("_dot_", "."), data)
    return target.getvalue()


def declared(raw: bytes, old: bytes, new: bytes) -> bytes:
    types = part(raw, "[Content_Types].xml")
    assert old in types
    return with_parts(raw, {"[Content_Types].xml": types.replace(old, new)})


def damaged_part(raw: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return the workbook, packed by ``method``, with one byte of a compressed part changed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(packed, "w") as new:
        for info in old.infolist():
            new.writestr(info, old.read(info), method)
    raw = packed.getvalue()
    content = bytearray(raw)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        info = archive.getinfo(sheet_part(raw, "Budget"))
    content[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0xFF
    return bytes(content)


def locked(raw: bytes) -> bytes:
    content = bytearray(raw)
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def lying_about_size(raw: bytes) -> bytes:
    packed = repacked(raw, zz_dot_bin=b"\0" * 5_000_000)
    size = (5_000_000).to_bytes(4, "little")
    return packed.replace(size, (10).to_bytes(4, "little"))


def twice_the_same_part(raw: bytes) -> bytes:
    target = io.BytesIO(raw)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(target, "a") as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    return target.getvalue()


def with_long_text(times: int) -> bytes:
    """Return a workbook in which one long shared text stands in many cells."""
    raw = examples.proposal()
    shared = f'<sst xmlns="{MAIN}"><si><t>{"x" * 32_767}</t></si></sst>'
    relation = b'<Relationship Id="rS" Type="http://x/sharedStrings" Target="strings.xml"/>'
    relations = part(raw, "xl/_rels/workbook.xml.rels")
    return with_parts(
        raw,
        {
            "xl/strings.xml": shared.encode(),
            "xl/_rels/workbook.xml.rels": relations.replace(
                b"</Relationships>", relation + b"</Relationships>"
            ),
            sheet_part(raw, "Budget"): sheet_xml('<row><c t="s"><v>0</v></c></row>' * times),
        },
    )


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
ZOO: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "xlsx_other_file"),
    "words": (lambda: b"Dear fund, please find attached", "xlsx_other_file"),
    "pdf": (lambda: b"%PDF-1.7\n", "xlsx_other_file"),
    "encrypted": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "xlsx_old_or_locked"),
    "zip of something": (lambda: a_zip(a_dot_txt=b"hello"), "xlsx_other_file"),
    "open document": (
        lambda: a_zip(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
        "xlsx_other_format",
    ),
    "binary workbook": (
        lambda: repacked(examples.proposal(), xl__workbook_dot_bin=b"x"), "xlsx_other_format"
    ),
    "word document": (
        lambda: declared(examples.proposal(), b"spreadsheetml", b"wordprocessingml"),
        "xlsx_other_file",
    ),
    "cut off": (lambda: examples.proposal()[:-200], "xlsx_damaged"),
    "first half": (lambda: examples.proposal()[:3_000], "xlsx_damaged"),
    "changed byte": (lambda: damaged_part(examples.proposal()), "xlsx_damaged"),
    "changed byte, other method": (
        lambda: damaged_part(examples.proposal(), zipfile.ZIP_LZMA), "xlsx_damaged"
    ),
    "password": (lambda: locked(examples.proposal()), "xlsx_encrypted"),
    "macro part": (
        lambda: repacked(examples.proposal(), xl__vbaProject_dot_bin=b"x"), "xlsx_macros"
    ),
    "macro sheet": (
        lambda: repacked(examples.proposal(), xl__macrosheets__sheet1_dot_xml=b"<x/>"),
        "xlsx_macros",
    ),
    "macro type": (
        lambda: declared(
            examples.proposal(), SHEET.encode(), b"application/vnd.ms-excel.sheet.macroEnabled"
        ),
        "xlsx_macros",
    ),
    "dtd": (lambda: repacked(examples.proposal(), xl__styles_dot_xml=BOMB), "xlsx_dtd"),
    "dtd in utf-16": (
        lambda: repacked(
            examples.proposal(), docProps__app_dot_xml="<!DOCTYPE x []><x/>".encode("utf-16")
        ),
        "xlsx_encoding",
    ),
    "bomb": (
        lambda: repacked(examples.proposal(), xl__media__a_dot_bin=b"\0" * (65 << 20)),
        "xlsx_too_large",
    ),
    "many parts": (
        lambda: with_parts(
            examples.proposal(), {str(number): b"" for number in range(100_000)}
        ),
        "xlsx_too_many_parts",
    ),
    "lying size": (lambda: lying_about_size(examples.proposal()), "xlsx_damaged"),
    "a part twice": (lambda: twice_the_same_part(examples.proposal()), "xlsx_damaged"),
    "many cells": (lambda: with_sheet(f"<row>{'<c/>' * 100_001}</row>"), "too_many_cells"),
    "huge merge": (
        lambda: with_sheet(FAR, '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        "too_many_merged",
    ),
    "broken merge": (
        lambda: with_sheet("", '<mergeCells><mergeCell ref="??"/></mergeCells>'), "xlsx_damaged"
    ),
    "cell nowhere": (lambda: with_sheet('<row><c r="ZZZ0"><v>1</v></c></row>'), "xlsx_damaged"),
    "no such text": (lambda: with_sheet('<row><c t="s"><v>99</v></c></row>'), "xlsx_damaged"),
    "torn markup": (lambda: with_sheet("<row>"), "xlsx_damaged"),
    "no workbook part": (
        lambda: repacked(examples.proposal(), xl__workbook_dot_xml=None), "xlsx_damaged"
    ),
    "no relations": (
        lambda: with_parts(examples.proposal(), {"_rels/.rels": None}), "xlsx_damaged"
    ),
    "text without end": (lambda: with_long_text(45_000), "xlsx_too_full"),
}  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
def test_refused_as_a_whole_and_said_why(name: str) -> None:
    make, code = ZOO[name]
    raw = make()
    filled = examples.read_proposal(raw)
    assert filled.refused
    assert filled.values == {}
    problem = only(filled)
    assert (problem.code, problem.severity, problem.sheet) == (code, "critical", None)
    assert problem.message.endswith(".")
    with pytest.raises(FileRefused) as refusal:
        annotate.annotate(raw, [Problem("rule", "Something.")])
    assert refusal.value.problem.code in {code, "not_marked"}


def test_a_long_text_is_refused_only_when_it_stands_in_very_many_cells() -> None:
    assert not examples.read_proposal(with_long_text(5)).refused


def test_a_file_too_large_is_not_even_given_to_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = examples.proposal()
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr("fundops.forms.sandbox.run", lambda *_: pytest.fail("was started"))
    found = parse(examples.PROPOSAL, raw, examples.PROPOSAL_IDENTITY)
    assert only(found).code == "xlsx_file_too_large"


def test_a_cell_far_out_does_no_harm() -> None:
    """The fast reader's whole process would end; this one reads cells, not areas."""
    raw = examples.proposal()
    path = sheet_part(raw, "Budget")
    far = part(raw, path).replace(b"</sheetData>", FAR.encode() + b"</sheetData>")
    raw = with_parts(raw, {path: far})
    filled = examples.read_proposal(raw)
    assert filled.values == examples.PROPOSAL_VALUES
    marked = annotate.annotate(raw, [filled.problem("/budget/0/unit_cost", "Too dear.")])
    assert examples.read_proposal(marked).values == examples.PROPOSAL_VALUES


def test_what_a_file_says_of_its_extent_is_not_believed() -> None:
    raw = examples.proposal()
    path = sheet_part(raw, "Budget")
    lying = part(raw, path).replace(b'<dimension ref="A1:F26"', b'<dimension ref="A1:A1"')
    assert lying != part(raw, path)
    assert examples.read_proposal(with_parts(raw, {path: lying})).values["budget"]


def test_reading_a_full_workbook_takes_one_look_at_each_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its labels are looked up, not searched for once more for each field, column and row."""
    from fundops.forms import book, parse

    raw = examples.scores()
    rows = "".join(f"<row>{'<c><v>1</v></c>' * 6}</row>" for _ in range(3_000))
    full = with_parts(raw, {sheet_part(raw, "Scores criteria objectives"): sheet_xml(rows)})
    seen = 0

    def counted(text: str) -> str:
        nonlocal seen
        seen += 1
        return text

    monkeypatch.setattr(book, "label_key", counted)
    filled = parse.fill(examples.SCORES, examples.opened(full), examples.SCORES_IDENTITY)
    assert {one.code for one in filled.problems} == {"extra_row", "row_missing"}
    assert 18_000 <= seen <= 20_000


def test_rows_outside_a_table_are_reported_up_to_a_limit() -> None:
    def change(book: Any) -> None:
        for row in range(20, 20 + 3 * limits.MAX_EXTRA_ROWS):
            book["Scores criteria objectives"].cell(row, 4).value = 1

    filled = examples.read_scores(examples.edited(examples.scores(), change))
    assert {one.code for one in filled.problems} == {"extra_row"}
    assert len(filled.problems) == limits.MAX_EXTRA_ROWS


def test_links_to_other_files_are_not_followed() -> None:
    raw = examples.proposal()
    rels = part(raw, "xl/_rels/workbook.xml.rels").replace(
        b"</Relationships>",
        b'<Relationship Id="rX" Type="http://x/externalLink" TargetMode="External" '
        b'Target="file:///etc/passwd"/><Relationship Id="rY" Type="http://x/sharedStrings" '
        b'Target="../../../etc/passwd"/></Relationships>',
    )
    filled = examples.read_proposal(with_parts(raw, {"xl/_rels/workbook.xml.rels": rels}))
    assert filled.values == examples.PROPOSAL_VALUES


def test_a_child_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(limits, "BOUNDS", replace(limits.BOUNDS, wall_seconds=0.001))
    found = parse(examples.PROPOSAL, examples.proposal(), examples.PROPOSAL_IDENTITY)
    assert only(found).code == "xlsx_refused"
    with pytest.raises(FileRefused) as refusal:
        annotate.annotate(examples.proposal(), [])
    assert refusal.value.problem.code == "not_marked"


def test_a_child_that_stops_before_its_end_is_not_believed() -> None:
    lines = reading_child.answer(examples.proposal())
    assert assembled(lines, "").sheets
    with pytest.raises(FileRefused):
        assembled(lines[:-1], "")
    with pytest.raises(FileRefused) as refusal:
        assembled([{"refused": "made up", "facts": {}}], "")
    assert refusal.value.problem.code == "xlsx_damaged"


def test_a_child_that_fails_is_no_answer() -> None:
    with tempfile.TemporaryFile() as output, pytest.raises(sandbox.ChildFailed):
        sandbox.run("fundops.no_such_module", [], b"", output, 10)


def test_limits_hold_in_a_process_of_their_own() -> None:
    """Control included: a process that stays within them ends well."""
    program = (
        "from fundops.forms import limits, sandbox; sandbox.limit_self(limits.BOUNDS);"
        "import sys; size = int(sys.argv[1]); x = bytearray(size); print(len(x))"
    )
    for size, ends_well in ((1 << 20, True), (1 << 30, False)):
        done = subprocess.run(
            [sys.executable, "-c", program, str(size)], capture_output=True, check=False
        )
        assert (done.returncode == 0) is ends_well


def test_a_definition_split_between_two_pieces_is_seen() -> None:
    raw = a_zip(a_dot_xml=b" " * ((1 << 20) - 4) + b"<!DOCTYPE x>")
    with pytest.raises(prescan.Refused, match="xlsx_dtd"):
        prescan.check(raw, limits.BOUNDS)


def test_every_cut_of_a_workbook_is_refused_or_read_in_full() -> None:
    raw = examples.scores()
    for length in range(0, len(raw), 97):
        with pytest.raises(prescan.Refused):
            reading_child.answer(raw[:length])
    assert reading_child.answer(raw)


def test_a_changed_byte_never_does_worse_than_a_refusal() -> None:
    raw = examples.scores()
    read = refused = 0
    for place in range(0, len(raw), 61):
        changed = bytearray(raw)
        changed[place] ^= 0x15
        try:
            reading_child.answer(bytes(changed))
            read += 1
        except prescan.Refused:
            refused += 1
    assert refused > 50
    assert read > 0


TRAPS = ("=1+1", "=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(1)", "\t=1", '=HYPERLINK("x")')


def test_formulas_in_answers_and_problems_stay_text_all_the_way() -> None:
    rows = [{"category": "A", "description": trap, "unit_cost": 1} for trap in TRAPS]
    raw = examples.proposal({**examples.PROPOSAL_VALUES, "budget": rows})
    filled = examples.read_proposal(raw)
    problems = [
        filled.problem(f"/budget/{number}/description", trap) for number, trap in enumerate(TRAPS)
    ]
    marked = annotate.annotate(raw, problems)
    for workbook in (raw, marked):
        assert formulas(workbook) == 0
        read = examples.read_proposal(workbook)
        assert [row["description"] for row in read.values["budget"]] == [
            trap.strip() for trap in TRAPS
        ]
    assert formulas(examples.with_cells(raw, "Budget", C7="=1+1")) == 1


def formulas(raw: bytes) -> int:
    """Return how many cells of a workbook hold a formula."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(raw))
    return sum(cell.data_type == "f" for sheet in book for row in sheet for cell in row)


PIECES = (
    b'r="A1"', b'r="XFD1048576"', b't="s"', b't="e"', b't="d"', b"<v>-1</v>", b"<f/>", b's="-5"',
    b"</row>", b'<row r="0">', b"&#x0;", b'<mergeCell ref="B2:A1"/>', b"<si/>", b"<is/>",
    b'numFmtId="x"', b'formatCode="["', b"\xff", b"<c/>", b'<c r="b7"><v>5</v></c>',
    b"<v>1e400</v>", b"<v>\xd9\xa3</v>", b'<xf numFmtId="99999999999999999999"/>',
)  # fmt: skip


@settings(max_examples=20 * DEPTH)
@given(st.data())
def test_markup_mangled_in_any_way_is_read_or_refused(data: st.DataObject) -> None:
    raw = examples.scores()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        name = data.draw(st.sampled_from(archive.namelist()))
        content = bytearray(archive.read(name))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 20))
        tag = content.find(b">", place) + 1
        start = tag if data.draw(st.booleans()) else place
        content[start : start + length] = data.draw(st.sampled_from(PIECES))
    try:
        lines = reading_child.answer(with_parts(raw, {name: bytes(content)}))
    except prescan.Refused as refusal:
        code = refusal.args[0]
    else:
        code = ""
        filled = fill(examples.SCORES, assembled(lines, ""), examples.SCORES_IDENTITY)
        assert all(one.message for one in filled.problems)
    assert code in {"", *REFUSALS}
