"""Evidence of reports: what looks like personal data is refused before any of it is kept."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops.config import Settings
from fundops.files import evidence
from fundops.files.models import File, Upload
from fundops.files.store import Store
from tests.files import zoo
from tests.files.conftest import Sender
from tests.world import World

PHONE = "+226 70 12 34 56"
PERSON = "Zarnabou Kofta"
SECRETS = (PHONE, "22670123456", PERSON, "zarnabou", "Kofta")
EVIDENCE = {"purpose": "report_evidence"}


def a_receipt(*lines: str) -> bytes:
    """Return a workbook of a receipt with ``lines`` under its heading."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["Item", "Amount"])
    for line in lines:
        sheet.append([line, 12500])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def sent(sender: Sender, raw: bytes, name: str, **over: Any) -> Any:
    """Send a file as evidence; return the answer to its completion."""
    declared = sender.declare(raw, name, **EVIDENCE | over)
    assert declared.status_code == 201, declared.text
    upload_id = declared.json()["id"]
    assert sender.part(upload_id, raw).status_code == 200
    return sender.complete(upload_id)


def everything_on(folder: Path) -> bytes:
    """Return the bytes of every file below ``folder``, packed ones unpacked."""
    found = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"".join(one + zoo.everything_in(one) for one in found)


def test_what_is_found_is_told_by_its_place_and_nothing_is_kept(
    world: World, sender: Sender, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    raw = a_receipt("Fuel for the visits", f"Paid to Ms {PERSON}, reach her on {PHONE}")
    with caplog.at_level(logging.DEBUG):
        answer = sent(sender, raw, "receipt 12.xlsx")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:fundops:problem:file-refused"
    told = [error["detail"] for error in problem["errors"]]
    assert len(told) == 2
    assert all("sheet 1, cell A3" in one for one in told)
    assert "telephone number: 1" in problem["detail"]
    with world.database.read() as db:
        upload = db.execute(select(Upload)).scalar_one()
        assert (upload.status, upload.purpose, upload.received_bytes) == (
            "refused", "report_evidence", 0,
        )  # fmt: skip
        assert db.execute(select(File)).first() is None
        kept = "\n".join(str(value) for value in everything_in(world))
    kept += everything_on(store.path).decode("utf-8", "replace") + caplog.text + answer.text
    for secret in SECRETS:
        assert secret not in kept
    assert "receipt 12" in kept, "the control: what is kept can be found"
    again = sender.complete(str(upload.id))
    assert again.json()["type"] == "urn:fundops:problem:wrong-status"


def everything_in(world: World) -> Iterator[Any]:
    """Yield every value in the database."""
    from fundops.models import metadata

    with world.database.read() as db:
        for table in metadata.sorted_tables:
            for row in db.execute(select(table)):
                yield from row


def test_harmless_evidence_is_kept_and_says_that_it_was_screened(
    world: World, sender: Sender
) -> None:
    answer = sent(sender, a_receipt("Training on 12 March 2026 for 120 women"), "receipt 13.xlsx")
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert (file["purpose"], file["screened"], file["notice"]) == ("report_evidence", True, None)
    plain = sender.upload(a_receipt(f"Call {PHONE}"), "letter.xlsx")
    assert (plain["purpose"], plain["screened"], plain["notice"]) == (None, None, None)


def test_pictures_are_kept_with_a_notice_that_they_were_not_screened(sender: Sender) -> None:
    file = sent(sender, zoo.a_jpeg(), "receipt 14.jpg").json()
    assert file["screened"] is False
    assert "cannot be screened" in file["notice"]
    letter = sent(sender, zoo.a_word_document(), "receipt 15.docx").json()
    assert letter["screened"] is False
    assert "pictures" in letter["notice"]


def test_a_name_that_tells_of_a_person_is_refused_at_once(sender: Sender, store: Store) -> None:
    for name in ("Amina_Diallo_receipt.pdf", "tel +226 70123456.pdf"):
        answer = sender.declare(b"x", name, **EVIDENCE)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/name"
        assert name not in answer.text
        assert sender.declare(b"x", name).status_code == 201, "the control: not for other files"
    answer = sender.declare(b"x", "receipt.pdf", purpose="register_evidence")
    assert answer.json()["errors"][0]["pointer"] == "/purpose"


def test_what_the_party_has_confirmed_is_taken(
    world: World, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "_providers", [])
    raw = a_receipt(f"Office telephone {PHONE}")
    assert sent(sender, raw, "receipt 16.xlsx").status_code == 422

    def provider(db: Session, party_id: UUID | None, _: Settings) -> evidence.IsConfirmed:
        return lambda item: item == "22670123456" and party_id == sender.party_id

    evidence.confirm_by(provider)
    assert sent(sender, raw, "receipt 16.xlsx").status_code == 201
    other = Sender(world)
    assert sent(other, raw, "receipt 16.xlsx").status_code == 422
