"""What people are told of: the kinds of notice, as data.

A message says that something happened, never what stands in the record: no amounts, names, places,
bank details or reasons. Who may read those reads them in fundops.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fundops.codes import ALPHABET

_LETTERS = "".join(letter for letter in ALPHABET if letter.isalpha())
CODE = re.compile(rf"[A-Z]{{2,6}}(-[0-9{_LETTERS}]{{1,12}}){{1,4}}")
"""A record's code as fundops gives it: no vowels after the prefix, so no names, and no number of a
bank account. Codes that came with imported data may look otherwise and stay out of messages."""

FACTS = frozenset({"code", "on"})
"""All that a message may say of a record: its code, and a date."""


@dataclass(frozen=True)
class Kind:
    """How notices of one kind travel. Their words are ``notices.subject.*`` and ``notices.body.*``.

    ``urgency`` is ``at_once`` or ``digest``. Of a ``guarded`` kind every registered channel is
    told, verified or not, also those retired lately: it warns of somebody who acts in another's
    name. An ``exempt`` kind never waits for a digest, however much is told.
    """

    urgency: str
    facts: frozenset[str] = FACTS
    guarded: bool = False
    exempt: bool = False


_AT_ONCE, _DIGEST = Kind("at_once"), Kind("digest")
_BANK = Kind("at_once", guarded=True, exempt=True)

KINDS: Mapping[str, Kind] = {
    "bank_account_proposed": _BANK,
    "bank_account_changed": _BANK,
    "bank_account_refused": _BANK,
    "channel_changed": Kind("at_once", frozenset({"on"}), guarded=True),
    "channel_code": Kind("at_once", frozenset(), exempt=True),
    "disbursement_requested": _DIGEST,
    "disbursement_certified": _DIGEST,
    "disbursement_approved": _DIGEST,
    "disbursement_sent_back": _AT_ONCE,
    "disbursement_paid": _AT_ONCE,
    "disbursement_confirm_reminder": _DIGEST,
    "hold_placed": _AT_ONCE,
    "agreement_to_sign": _AT_ONCE,
    "agreement_in_force": _DIGEST,
    "amendment_decided": _DIGEST,
    "requirement_due": _DIGEST,
    "requirement_overdue": _DIGEST,
    "refund_requested": _AT_ONCE,
    "report_submitted": _DIGEST,
    "report_returned": _AT_ONCE,
    "report_accepted": _DIGEST,
    "review_after_due": _DIGEST,
    "grant_suspended": _AT_ONCE,
    "release_withheld": _AT_ONCE,
    "finding_raised": _AT_ONCE,
    "incident_reported": Kind("at_once", frozenset({"on"}), exempt=True),
    "incident_notice": Kind("at_once", exempt=True),
    "incident_notice_due": _AT_ONCE,
    "risk_expiring": Kind("digest", frozenset({"on"})),
}


def neutral(kind: str, facts: Mapping[str, Any] | None) -> dict[str, str]:
    """Return of ``facts`` what a message of ``kind`` may say.

    Raises ``ValueError`` for a fact that no message may ever say: that is a programmer's mistake.
    A code that is not of our making is left out.
    """
    said: dict[str, str] = {}
    for name, value in (facts or {}).items():
        if name not in FACTS:
            raise ValueError(f"{name} is no fact for a notice")
        if name not in KINDS[kind].facts or value is None:
            continue
        if name == "code" and CODE.fullmatch(str(value)):
            said["code"] = str(value)
        if name == "on":
            if isinstance(value, datetime) or not isinstance(value, date):
                raise ValueError("a notice says a date, not an instant or a text")
            said["on"] = value.isoformat()
    return said
