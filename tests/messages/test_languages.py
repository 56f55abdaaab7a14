"""Languages: complete where they say so, well-formed, and added by dropping a folder in."""

from __future__ import annotations

import copy
import json
import pickle
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fundops import messages
from fundops.calls import codelists
from fundops.errors import FieldError, Problem, invalid
from fundops.messages import areas, catalogue, text
from fundops.messages.languages import coverage, faults, forget, known, languages, translatable
from fundops.messages.reader import Reader, accepted, reading
from fundops.messages.said import Clause, Sentence, Word, joined, said_in, words
from fundops.pages import to_bytes

OTHERS = [code for code in languages() if code != "en"]

SAME_AS_ENGLISH = {
    "fr": {
        "proposals.workbook.codes", "reports.workbook.column_description",
        "reports.workbook.confirmations", "reports.workbook.method",
    },
    "es": {
        "proposals.workbook.no", "reports.workbook.no", "reviews.workbook.no", "word.auditor",
    },
}  # fmt: skip
"""Sentences that are right to read the same as in English, by language."""

CONTROLS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff]")
LATIN_OR_ARABIC = re.compile("[A-Za-z\u0600-\u06ff]{2}")


def test_the_languages_asked_for_are_there() -> None:
    assert {"en", "fr", "es", "ar"} <= languages().keys()
    assert languages()["ar"].direction == "rtl"
    for code in OTHERS:
        assert not languages()[code].is_reviewed, "say so only once a native speaker has"


@pytest.mark.parametrize("language", list(languages()))
def test_a_catalogue_has_no_fault(language: str) -> None:
    assert faults(language) == []


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: str) -> None:
    """In areas that are complete every sentence is another one than in English."""
    own = catalogue(language)
    same = {
        key
        for area, sentences in translatable().items()
        if area in languages()[language].complete
        for key, sentence in sentences.items()
        if own[key] == sentence and LATIN_OR_ARABIC.search(re.sub(r"\{.*?\}", "", sentence))
    }
    assert same <= SAME_AS_ENGLISH.get(language, set()), sorted(same)


def test_sentences_in_arabic_are_in_its_script_and_plain() -> None:
    for key, sentence in catalogue("ar").items():
        bare = re.sub(r"\{.*?\}", "", sentence)
        assert re.search("[\u0621-\u064a]", bare) or not re.search("[A-Za-z]", bare), key
        assert not re.search("[\u0660-\u0669\u06f0-\u06f9]", sentence), f"{key}: Western digits"


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_holds_characters_that_nobody_sees(language: str) -> None:
    for key, sentence in catalogue(language).items():
        assert not CONTROLS.search(sentence), key
        assert sentence == sentence.strip(), key
        ends = sentence.endswith((".", "؟", "?", ":")), catalogue()[key].endswith((".", ":"))
        assert ends[0] == ends[1] or key == "forms.problems.column_number", key


def test_every_fault_is_noticed(dropped: Path) -> None:
    (dropped / "core.toml").write_text(
        '"problem.busy" = "Besetzt."\n"problem.nothing" = "Nichts."\n'
        '"problem.wrong-status" = "Geht nicht: {status}."\n',
        encoding="utf-8",
    )
    about(dropped, complete='["words", "nowhere"]')
    found = faults("de")
    assert "core: problem.nothing: no such sentence in English" in found
    assert "core: problem.wrong-status: other parameters than in English" in found
    assert "nowhere: no such area" in found
    assert "words: word.draft: missing, though the area is said to be complete" in found


@pytest.fixture
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the empty folder of a language that has just been dropped in."""
    own = tmp_path / "messages"
    shutil.copytree(str(messages.FOLDER), own)
    monkeypatch.setattr(messages, "FOLDER", own)
    folder = own / "de"
    folder.mkdir()
    forget()
    yield folder
    monkeypatch.undo()
    forget()


def about(folder: Path, complete: str = "[]", more: str = "") -> None:
    (folder / "about.toml").write_text(
        'name = "Deutsch"\ndirection = "ltr"\nmade_on = 2026-11-22\n'
        f"complete = {complete}\n{more}\n",
        encoding="utf-8",
    )
    forget()


def test_a_language_is_added_by_dropping_its_folder_in(dropped: Path) -> None:
    assert "de" not in languages(), "without about.toml it is no language"
    about(dropped, more="reviewed_on = 2026-11-23")
    (dropped / "core.toml").write_text('"problem.busy" = "Besetzt."\n', encoding="utf-8")
    forget()
    assert languages()["de"].is_reviewed
    assert (known("de-AT"), accepted("fr;q=0.3, de-CH;q=0.9")) == ("de", "de")
    with reading(Reader(asked="de")):
        body = json.loads(to_bytes(Problem("busy").body()))
    assert body["detail"] == "Besetzt."
    assert body["title"] == catalogue()["problem.busy.title"], "key by key it falls back"
    core = next(one for one in coverage("de") if one.area == "core")
    assert len(core.missing) == core.size - 1


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr", "fr"),
        ("ar-EG,ar;q=0.9,en;q=0.8", "ar"),
        ("es-419", "es"),
        ("FR-fr", "fr"),
        ("en;q=0.5, fr;q=0.50001, es;q=0.6", "es"),
        ("en;q=0.2, es;q=0.7", "es"),
        ("fr;q=0, en", "en"),
        ("fr;q=0", None),
        ("tlh, x-klingon, *", None),
        ("", None),
        ("fr;q=2, es", "es"),
        ("fr;q=NaN", None),
        ("fr;q=1e9", None),
        ("../../en", None),
        ("__pycache__", None),
        ("fr\x00", None),
        ("é, fr", "fr"),
        ("," * 5000 + "fr", None),
        ("a-" * 2000, None),
        ("ar;" * 300, None),
    ],
)
def test_what_a_header_asks_for(header: str, language: str | None) -> None:
    assert accepted(header) == language


def test_a_sentence_is_text_and_remembers() -> None:
    sentence = text("money.too_many_decimals", currency="JPY", digits=0)
    assert isinstance(sentence, Sentence)
    assert sentence == "JPY has 0 decimals." == f"{sentence}"
    assert type(str(sentence)) is str
    for same in (pickle.loads(pickle.dumps(sentence)), copy.deepcopy(sentence)):
        assert (same, said_in(same, "fr")) == (sentence, "JPY a 0 décimales.")
    assert json.dumps([sentence]) == '["JPY has 0 decimals."]'


def test_sentences_in_a_sentence_are_said_in_its_language() -> None:
    what = text("requirements.named", kind=text("requirements.kind_visit"), number=2)
    waits = text("conditions.requirement_open", what=what, due_on="2026-05-01")
    assert waits == "The tranche waits for visit 2, due on 2026-05-01, which is not done."
    assert "visite n° 2" in said_in(waits, "fr")
    assert text("conditions.requirement_open", "es", what=what, due_on="").count("visita n.º 2")
    back = text("problem.payment-kept-back", first=Clause(waits))
    assert said_in(back, "es").endswith("hasta el 2026-05-01.")
    listed = joined((words(["draft", "sent back"]), "DSB-1"), ": ")
    assert listed == "draft, sent back: DSB-1"
    assert listed.said_in("fr") == "brouillon, renvoyé: DSB-1"
    kinds = codelists.get("document_kind").said("statutes")
    assert (kinds, said_in(kinds, "fr"), said_in(kinds, "zh")) == (
        codelists.get("document_kind").label("statutes"), "Statuts", "章程",
    )  # fmt: skip
    for one in (listed, kinds, Word("draft"), Clause(waits)):
        same = pickle.loads(pickle.dumps(one))
        assert (same, said_in(same, "ar")) == (one, said_in(one, "ar"))


def test_a_problem_is_said_to_its_reader_and_kept_in_english() -> None:
    problem = Problem("wrong-status", action="send_back", status="paid")
    assert problem.detail == "This cannot be done (send back): the record is paid."
    field = invalid("/amount", "validation.greater_than_equal", ge=3)
    with reading(Reader(preferred="ar")) as reader:
        said = json.loads(to_bytes(problem.body()))
        assert json.loads(to_bytes(field.body()))["errors"] == [
            {"pointer": "/amount", "detail": "يجب أن يكون هذا 3 على الأقل."}
        ]
    assert reader.spoke
    assert said["title"] == "الحالة غير مناسبة"
    assert said["detail"] == "لا يمكن القيام بذلك (الإعادة): حالة السجل: مدفوع."
    assert field.errors == (FieldError("/amount", "This must be at least 3."),)
    assert json.loads(to_bytes(problem.body()))["title"] == "Wrong status"


def test_areas_of_no_language_are_none() -> None:
    for name in ("..", "../en", "en/..", "", "EN ", "__pycache__"):
        assert areas(name) == {}
