"""Names: harmless to machines, as they were to people."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundops.files.kinds import CSV, DOCX, JPEG, KINDS, PDF, TEXT
from fundops.files.names import MAX_NAME, cleaned, disposition, ending_of, named


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("statutes.pdf", "statutes.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.docx", "plan.docx"),
        ("/", "file"),
        ("..", "file"),
        (".htaccess", "htaccess"),
        ("a\x00b\r\nc.pdf", "ab c.pdf"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("e\u0301tat.pdf", "\u00e9tat.pdf"),
        ("  two   words .pdf. ", "two words .pdf"),
        ('what?*"<>|.pdf', "what.pdf"),
        ("Бюджет 2026.xlsx", "Бюджет 2026.xlsx"),
        ("ميزانية.pdf", "ميزانية.pdf"),
        ("x" * 400 + ".pdf", "x" * 196 + ".pdf"),
        ("\u200b", "file"),
    ],
)
def test_names_are_made_harmless(given_name: str, kept: str) -> None:
    assert cleaned(given_name) == kept


@given(st.text(max_size=500))
def test_no_name_is_a_path_or_hides_anything(name: str) -> None:
    found = cleaned(name)
    assert 0 < len(found) <= MAX_NAME
    assert not re.search(r"[/\\\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", found)
    assert found not in {".", ".."}
    assert cleaned(found) == found
    for kind in KINDS:
        assert len(named(found, kind)) <= MAX_NAME
        assert ending_of(named(found, kind)) in kind.endings
    header = disposition(found)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


def test_an_ending_of_the_kind_is_kept_and_another_completed() -> None:
    assert named("a.JPEG", JPEG) == "a.JPEG"
    assert named("report.exe", PDF) == "report.exe.pdf"
    assert named("plan v2.1", DOCX) == "plan v2.1.docx"
    assert named("notes", TEXT) == "notes.txt"
    assert named("list.csv", CSV) == "list.csv"
