"""Messages: nothing sensitive in any of them, and nothing that a mail system would misread."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database
from fundops.ids import uuid7
from fundops.messages import catalogue
from fundops.notices import letters, sending, service
from fundops.notices.kinds import KINDS, neutral
from fundops.notices.models import ContactChannel
from fundops.parties.models import Person
from tests.factories import a_fund, a_party, a_person
from tests.notices.notice_factories import Kept, a_channel, told, told_all

CANARIES = {
    "party": "CANARY-PARTY", "person": "CANARY-PERSON", "country": "KH", "region": "CANARY-REGION",
    "label": "CANARY-LABEL", "reason": "CANARY-REASON", "iban": "AT611904300234573201",
    "amount": "98765.43",
}  # fmt: skip
SENDER = "fund@office.example.org"


def canary_messages(
    database: Database, kinds: Iterable[str], *, is_at_risk: bool, is_whole: bool = True
) -> dict[str, list[EmailMessage]]:
    """Tell of ``kinds`` where every record is full of canaries; return the messages of each.

    Of each kind it is told with every canary for a code, or with one of them in turn.
    """
    facts, codes = {"on": date(2026, 1, 5)}, cycle(("iban", "party", "amount"))
    things: list[tuple[str, dict[str, Any]]] = []
    kind_at: dict[str, str] = {}
    with database.write() as db:
        audit.lock_head(db)
        fund = a_fund(db)
        fund.name = CANARIES["reason"]
        for kind in kinds:
            party = a_party(
                db, name=CANARIES["party"], country=CANARIES["country"],
                region=CANARIES["region"], public_label=CANARIES["label"], is_at_risk=is_at_risk,
            )  # fmt: skip
            actor, _ = a_person(db, Role.GRANTEE, party_id=party.id)
            db.get_one(Person, actor.person_id).name = CANARIES["person"]
            for of in ({"person_id": actor.person_id}, {"party_id": party.id}):
                kind_at[a_channel(db, by=actor.person_id, **of).address] = kind
            to = {"party_id": party.id, "fund_id": fund.id}
            told_with = [CANARIES[next(codes)] for _ in range(3 if is_whole else 1)]
            for code in (*told_with, "GRT-2026-0001"):
                things.append((kind, to | {"facts": facts | {"code": code}}))
    told_all(database, *things)
    transport = Kept()
    while sending.run(database, database.settings, transport=transport)["sent"]:
        pass
    messages: dict[str, list[EmailMessage]] = {kind: [] for kind in kinds}
    for address, message in zip(transport.to, transport.messages, strict=True):
        messages[kind_at[address]].append(message)
    assert all(messages.values())
    return messages


def leaks(messages: list[EmailMessage], *, is_at_risk: bool) -> list[str]:
    """Return the canaries that stand in the messages, headers and names of sender included."""
    text = "\n".join(one.as_string() + one.get_content() for one in messages)
    more = ["GRT-2026", "2026-01-05", "grant", "payment"] if is_at_risk else []
    found = [CANARIES["country"]] if re.search(rf"\b{CANARIES['country']}\b", text) else []
    long = [one for name, one in CANARIES.items() if name != "country"]
    return found + [one for one in [*long, *more] if one in text]


@pytest.mark.parametrize("is_at_risk", [False, True])
@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_nothing_sensitive_is_in_a_message(
    database: Database, is_at_risk: bool, is_whole: bool
) -> None:
    found = canary_messages(database, list(KINDS), is_at_risk=is_at_risk, is_whole=is_whole)
    assert found.keys() == set(KINDS)
    for kind, messages in found.items():
        assert leaks(messages, is_at_risk=is_at_risk) == [], kind


def test_a_message_that_tells_would_be_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "neutral", lambda _kind, facts: {"code": facts["code"]})
    messages = canary_messages(database, ["disbursement_paid"], is_at_risk=False)
    assert leaks(messages["disbursement_paid"], is_at_risk=False) == [
        CANARIES["party"], CANARIES["iban"], CANARIES["amount"],
    ]  # fmt: skip


def test_every_kind_has_its_words_and_no_place_for_more() -> None:
    for kind in KINDS:
        for part in ("subject", "body"):
            sentence = catalogue()[f"notices.{part}.{kind}"]
            assert "{" not in sentence
            assert "\n" not in sentence
    assert {f"notices.body.{kind}" for kind in KINDS} == {
        key for key in catalogue() if key.startswith("notices.body.")
    }


@pytest.mark.parametrize(
    ("code", "is_said"),
    [
        ("DSB-2026-0001", True), ("GRT-23456789", True), ("GRT-BCDFGHJK", True),
        ("AT611904300234573201", False), ("ANNA-KOWALSKA", False), ("1250.00", False),
        ("GRT-2026-0001\nBcc: x@y.org", False), ("grt-2026-0001", False), ("A-1", False),
        ("GRT-1234567890123456", False), ("", False),
    ],
)  # fmt: skip
def test_codes_of_our_making_alone_are_said(code: str, is_said: bool) -> None:
    assert ("code" in neutral("disbursement_paid", {"code": code})) is is_said
    assert neutral("channel_code", {"code": code}) == {}


@dataclass
class Row:
    """A notice as it could never be stored."""

    kind: str = "disbursement_paid"
    facts: str = "{}"
    is_neutral: bool = False
    id: Any = None


def a_letter(**over: Any) -> letters.Letter:
    channel = SimpleNamespace(address="a@example.org", language="en", address_salt=b"x" * 16)
    vars(channel).update(over)
    return letters.Letter(uuid7(), channel, [Row()], False, clock.now())


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nBcc: thief@example.net",
        "a@example.org\nSubject: x",
        "a@example.org, b@c.org",
    ],
)
def test_an_address_never_becomes_a_header(address: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        letters.compose(a_letter(address=address), Settings())


def test_a_line_break_in_a_subject_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "subject", lambda _letter: "Hello\r\nBcc: thief@example.net")
    with pytest.raises(ValueError, match="linefeed"):
        letters.compose(a_letter(), Settings())


def test_a_message_is_plain_and_complete() -> None:
    settings = Settings(notices_from=SENDER, base_url="https://fund.example.org")
    letter = a_letter()
    made = letters.compose(letter, settings)
    read = message_from_bytes(made.as_bytes(policy=SMTP), policy=SMTP)
    assert read["From"].addresses[0].addr_spec == SENDER
    assert read["To"] == "a@example.org"
    assert read["Message-ID"] == f"<{letter.id}@office.example.org>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content_type() == "text/plain"
    assert "https://fund.example.org" in read.get_content()
    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version", "Content-Language",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "subject", "body"),
    [
        ("fr", "fundops : un versement a été payé", "Veuillez confirmer quand il est arrivé."),
        ("es-GT", "fundops: se pagó un desembolso", "Confirme, por favor, cuando haya llegado."),
        ("ar-EG", "fundops: صُرفت دفعة", "يرجى التأكيد عند وصولها."),
    ],
)
def test_a_letter_is_in_the_channels_language(language: str, subject: str, body: str) -> None:
    made = letters.compose(a_letter(language=language), Settings(base_url="https://f.example.org"))
    read = message_from_bytes(made.as_bytes(policy=SMTP), policy=SMTP)
    assert read["Subject"] == subject
    assert read["Content-Language"] == language[:2]
    content = read.get_content()
    assert body in content
    assert "https://f.example.org" in content
    assert "Please" not in content


def test_an_unknown_language_is_answered_in_english() -> None:
    assert "was paid" in letters.compose(a_letter(language="xx"), Settings()).get_content()


def test_a_spoiled_address_stops_one_letter_not_the_others(database: Database) -> None:
    """What cannot have been stored by us, but was: the letter fails in the end, others are sent."""
    with database.write() as db:
        audit.lock_head(db)
        people = []
        for _ in range(3):
            actor, _ = a_person(db, Role.APPROVER)
            a_channel(db, by=actor.person_id, person_id=actor.person_id)
            people.append(actor.person_id)
        _spoil(db, people[0])
    told(database, "hold_placed", person_ids=people)
    transport = Kept()
    counts = sending.run(database, database.settings, transport=transport)
    assert counts == {"sent": 2, "failed": 1, "waiting": 0}
    assert all("\n" not in to for to in transport.to)


def _spoil(db: Session, person_id: Any) -> None:
    spoiled = update(ContactChannel).where(ContactChannel.person_id == person_id)
    db.execute(spoiled.values(address="a@example.org\r\nBcc: thief@example.net"))
