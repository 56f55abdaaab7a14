"""What screening promises of every text, and what a confirmation keeps of an item."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundops.config import Settings
from fundops.messages import text as sentence
from fundops.screening import KINDS, confirmable, hidden, item_key, item_keys, item_of, screen
from fundops.vault import Vault
from tests.depth import DEPTH
from tests.screening import held_out, planted

FOUND = {
    "phone": ("Call her on +226 70 12 34 56 tonight", "+226 70 12 34 56", "22670123456"),
    "email": ("Write to A.Girl@Example.org.", "A.Girl@Example.org", "a.girl@example.org"),
    "document_number": ("passport no. AB 1234567", "AB 1234567", "ab1234567"),
    "coordinates": ("at 13.51234, 2.10987", "13.51234, 2.10987", "13.51234,2.10987"),
    "address": ("at 14  Baker Street", "14  Baker Street", "14 baker street"),
    "name_and_date": ("Zarnabou, 17 years old", "Zarnabou, 17 years old", "zarnabou"),
    "person_name": ("our client  Zarnabou  Kofta", "Zarnabou  Kofta", "zarnabou kofta"),
    "profile": ("see Facebook.com/Some.One", "Facebook.com/Some.One", "facebook.com/some.one"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_found_where_it_stands(kind: str) -> None:
    text, shown, item = FOUND[kind]
    (found,) = screen(text)
    assert (found.kind, text[found.start : found.end], found.item) == (kind, shown, item)
    assert found.sentence.startswith("This looks like")
    assert found.label == sentence(f"screening.kind.{kind}")
    assert shown not in repr(found)
    assert item not in repr(found)


def test_a_republic_is_no_doctor() -> None:
    assert screen("Shelters in eastern DR Congo, and in the DR Congo's capital") == []
    (found,) = screen("She saw DR Wilhelmina Weber in DR Congo")
    assert found.item == "wilhelmina weber"


def test_digits_and_marks_of_other_scripts_are_read_where_they_stand() -> None:
    text = "رقم\u200f هاتفها: \u202a٠٧٩١٢٣٤٥٦٧\u202c، Te\u0301le\u0301phone : ０６ 12 34 56 78"
    found = screen(text)
    assert [one.item for one in found] == ["0791234567", "0612345678"]
    assert text[found[0].start : found[0].end] == "٠٧٩١٢٣٤٥٦٧"
    assert text[found[1].start : found[1].end] == "０６ 12 34 56 78"


@settings(max_examples=20 * DEPTH, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from([one.text for one in planted.planted()[::9]]),
            st.sampled_from(["²", "+", "@", "(", "née le ", "\u0301", "rue ", " 12", "passport "]),
        ),
        max_size=6,
    )
)
def test_whatever_the_text_findings_lie_in_it_in_order(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = screen(text)
    last = 0
    for one in found:
        assert one.kind in KINDS
        assert last <= one.start < one.end <= len(text)
        assert one.item
        last = one.end
    masked = hidden(text, found)
    assert len(masked) == len(text)
    assert all(
        masked[at].isspace() or masked[at] == "█"
        for one in found
        for at in range(one.start, one.end)
    )


def test_what_overlaps_is_told_once_as_the_surest() -> None:
    (found,) = screen("Ms Amina Diallo, born on 12/03/2004")
    assert (found.kind, found.item) == ("name_and_date", "amina diallo")
    (found,) = screen("https://wa.me/22670123456")
    assert found.kind == "profile"


def test_a_confirmed_item_is_left_out_wherever_it_stands_again(tmp_path: Path) -> None:
    text = "Director Ms Amina Diallo, +226 70 12 34 56. AMINA  DIALLO: 00226 70-12-34-56"
    both = screen(text)
    assert len(both) == 4
    items = {one.item for one in both}
    assert items == {"amina diallo", "22670123456"}
    assert screen(text, lambda item: item in items) == []
    key = b"k" * 32
    stored = {item_key(key, "22670123456")}
    assert [one.kind for one in screen(text, stored, keys=key)] == ["person_name"] * 2
    assert len(screen(text, stored, keys=b"another" * 5)) == 4
    assert "22670123456" not in "".join(stored)

    vault = Vault(Settings(files_path=str(tmp_path)))
    vault.add_key()
    kept = {item_key(vault, "22670123456")}
    vault.add_key()
    assert item_key(vault, "22670123456") not in kept
    assert set(item_keys(vault, "22670123456")) & kept
    assert [one.kind for one in screen(text, kept, keys=vault)] == ["person_name"] * 2


def test_what_somebody_types_to_confirm_is_the_item_that_is_found() -> None:
    for kind, typed in (
        ("phone", "(00226) 70-12.34 56"),
        ("phone", "+٢٢٦ ٧٠ ١٢ ٣٤ ٥٦"),
        ("email", " A.GIRL@example.org "),
        ("person_name", "ZARNABOU  kofta"),
        ("address", "14 BAKER street"),
        ("profile", "https://facebook.com/some.one"),
    ):
        assert item_of(kind, typed) == FOUND[kind][2]
    assert item_of("email", "nobody") == ""
    assert len(item_key(b"k" * 32, "\ud800")) == 64


def test_no_document_and_no_coordinates_can_be_confirmed() -> None:
    assert {kind for kind in KINDS if not confirmable(kind)} == {"document_number", "coordinates"}
    assert not confirmable("anything else")


def test_the_sets_are_large_and_always_the_same() -> None:
    assert len(planted.planted()) >= 600
    assert len(planted.harmless()) >= 600
    assert planted.planted() == planted.planted()
    assert held_out.planted() == held_out.planted()
    for one in (*planted.planted(), *held_out.planted()):
        assert one.text[one.start : one.end].strip()
