"""Sending: a pass over the outbox, at least once for every notice.

A letter is leased in one transaction, sent in none, marked in another. Who dies in between leaves
a lease that ends; the letter is then sent again with the same Message-ID.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from email.errors import MessageError
from email.message import EmailMessage

from fundops import clock
from fundops.config import Settings
from fundops.db import Database
from fundops.notices import leases, queries
from fundops.notices.letters import Letter, compose
from fundops.notices.transports import NotSent, Transport, transport_of

log = logging.getLogger("fundops.notices")

MAX_PASS = 100
"""Leases taken in one pass; what is left is for the next."""

MARGIN = timedelta(minutes=2)
"""What a letter may take to send: nobody begins to send one later before its lease ends."""

NEVER = threading.Event()


def run(
    database: Database,
    settings: Settings,
    *,
    transport: Transport | None = None,
    stop: threading.Event = NEVER,
) -> dict[str, int]:
    """Send what is due; return how many notices were sent, failed, and wait.

    Without a transport nothing is taken. Ends early when ``stop`` is set.
    """
    counts = {"sent": 0, "failed": 0}
    way_out = transport or transport_of(settings)
    if way_out is not None:
        try:
            for _ in range(MAX_PASS):
                if stop.is_set() or not _batch(database, settings, way_out, stop, counts):
                    break
        finally:
            way_out.close()
    with database.read() as db:
        counts["waiting"] = queries.unsent(db)
    return counts


def _batch(
    database: Database,
    settings: Settings,
    transport: Transport,
    stop: threading.Event,
    counts: dict[str, int],
) -> bool:
    """Send what one lease covers; return whether there may be more."""
    with database.read() as db:
        if not leases.is_any_due(db):
            return False
    with database.write() as db:
        taken = leases.take(db, settings)
    for letter in taken.spent:
        with database.write() as db:
            leases.settle_not_sent(db, letter, settings, is_final=True)
        counts["failed"] += len(letter.notices)
    untried = list(taken.letters)
    try:
        while untried and not stop.is_set() and clock.now() < untried[0].lease_until - MARGIN:
            _send(database, settings, transport, untried.pop(0), counts)
    finally:  # whatever happened to one letter is no attempt to send the others
        for letter in untried:
            with database.write() as db:
                leases.give_back(db, letter)
    return taken.is_work_left


def _composed(letter: Letter, settings: Settings) -> EmailMessage:
    """Return the message of a letter; what cannot be one is not sent, and never will be."""
    try:
        return compose(letter, settings)
    except (ValueError, MessageError) as error:
        raise NotSent(is_final=True) from error


def _send(
    database: Database,
    settings: Settings,
    transport: Transport,
    letter: Letter,
    counts: dict[str, int],
) -> None:
    try:
        transport.send(_composed(letter, settings), letter.channel.address, str(letter.id))
    except NotSent as problem:
        log.warning("a message was not sent: %s", letter.id)
        with database.write() as db:
            has_failed = leases.settle_not_sent(db, letter, settings, is_final=problem.is_final)
        counts["failed"] += len(letter.notices) if has_failed else 0
        return
    with database.write() as db:
        counts["sent"] += leases.settle_sent(db, letter)
