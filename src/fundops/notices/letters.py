"""Messages: what is written to a channel. Subjects are fixed, texts plain, nothing comes from input
but a record's code and a day that ``kinds.neutral`` has let pass.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as CRLF
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from fundops import clock
from fundops.config import Settings
from fundops.messages import DEFAULT_LANGUAGE, text
from fundops.messages.languages import known
from fundops.notices.codes import code_for

MAX_LINES = 20
"""Lines of a digest; of what is beyond, the number is told."""

LOCAL = "fundops@localhost"
"""Who writes where no address is set, which only a folder takes."""


@dataclass(frozen=True)
class Letter:
    """One message to be: its own id, the channel it goes to, and the notices it tells."""

    id: UUID
    channel: Any
    notices: Sequence[Any]
    is_digest: bool
    lease_until: datetime


def message_id(letter: Letter, settings: Settings) -> str:
    """Return the Message-ID: the same whenever the letter is sent, so that a second is dropped."""
    _, _, domain = (settings.notices_from or LOCAL).rpartition("@")
    return f"<{letter.id}@{domain}>"


def compose(letter: Letter, settings: Settings) -> EmailMessage:
    """Return the message of a letter."""
    made = EmailMessage(policy=CRLF)
    sender = settings.notices_from or LOCAL
    made["From"] = Address("fundops", addr_spec=sender)
    made["To"] = Address(addr_spec=letter.channel.address)
    made["Subject"] = subject(letter)
    made["Date"] = format_datetime(clock.now())
    made["Message-ID"] = message_id(letter, settings)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n".join(body(letter, settings)) + "\n")
    made["Content-Language"] = language_of(letter)
    return made


def language_of(letter: Letter) -> str:
    """Return the language that a letter is written in: its channel's, else English."""
    return known(letter.channel.language) or DEFAULT_LANGUAGE


def subject(letter: Letter) -> str:
    """Return the fixed subject of a letter's kind."""
    language = language_of(letter)
    if any(one.is_neutral and one.kind != "channel_code" for one in letter.notices):
        return text("notices.subject.neutral", language)
    if letter.is_digest:
        return text("notices.subject.digest", language)
    return text(f"notices.subject.{letter.notices[0].kind}", language)


def body(letter: Letter, settings: Settings) -> list[str]:
    """Return the lines of a letter."""
    language, first = language_of(letter), letter.notices[0]
    if first.kind == "channel_code":
        code = code_for(letter.channel.address_salt, first.id)
        return [text("notices.body.channel_code", language), "", f"    {code}"]
    if any(one.is_neutral for one in letter.notices):
        # Not even where to read it: an address may tell what somebody has to do with.
        return [text("notices.neutral", language)]
    if letter.is_digest:
        lines = [f"- {_line(one, language)}" for one in letter.notices[:MAX_LINES]]
        more = len(letter.notices) - MAX_LINES
        if more > 0:
            lines.append(text("notices.more", language, count=more))
        lines = [text("notices.digest", language), "", *lines]
    else:
        lines = [text(f"notices.body.{first.kind}", language), *_told(first, language)]
    if settings.base_url:
        lines += ["", text("notices.read_it", language, url=settings.base_url)]
    return [*lines, "", text("notices.footer", language)]


def _line(notice: Any, language: str) -> str:
    told = ", ".join(json.loads(notice.facts).values())
    sentence = text(f"notices.body.{notice.kind}", language)
    return f"{sentence} ({told})" if told else sentence


def _told(notice: Any, language: str) -> list[str]:
    said = json.loads(notice.facts)
    lines = [text(f"notices.fact.{name}", language, value=said[name]) for name in sorted(said)]
    return ["", *lines] if lines else []
