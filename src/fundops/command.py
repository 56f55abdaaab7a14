"""The way of a write: one transaction, finished before the answer is sent.

``command`` takes the write turn, locks the audit chain's head, replays a stored answer or runs
the service, serialises to bytes, stores the answer, commits, and only then returns a response.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from fundops import audit, idempotency
from fundops.authz import Actor, prove_again
from fundops.db import Database
from fundops.errors import Problem
from fundops.idempotency import Answer
from fundops.messages import text
from fundops.pages import to_bytes
from fundops.refusals import record_refusal

JSON = "application/json"


def database(request: Request) -> Database:
    """Return the application's database."""
    found: Database = request.app.state.database
    return found


def read_session(request: Request) -> AbstractContextManager[Session]:
    """Open a read-only snapshot for the body of a route."""
    pinned = _pinned(request)
    if pinned is not None:
        return nullcontext(pinned)
    its_database = database(request)
    # On SQLite the session that the token was looked up in is a snapshot already.
    return glance(request) if its_database.is_sqlite else its_database.read()


def glance(request: Request) -> AbstractContextManager[Session]:
    """Open what answers one query of a route's body, at less cost than a snapshot of several."""
    held: Session | None = _pinned(request) or getattr(request.state, "glance", None)
    return database(request).glance() if held is None else nullcontext(held)


def _pinned(request: Request) -> Session | None:
    """Return the snapshot that a request has of its own, for an answer of many reads."""
    found: Session | None = getattr(request.state, "pinned", None)
    return found


def etag(version: int) -> str:
    """Return the entity tag of a record's version."""
    return f'"{version}"'


MAX_TAG = 40
"""Characters of ``If-Match``, blanks around the tag among them."""


def check_match(request: Request, version: int) -> None:
    """Require ``If-Match`` to name ``version``: 428 when missing, 412 when stale."""
    given = request.headers.get("if-match")
    if given is None:
        raise Problem("etag-required")
    known = (etag(version), f"W/{etag(version)}")
    if len(given) > MAX_TAG or given.strip() not in known:
        raise Problem("stale")


def command(
    request: Request,
    actor: Actor,
    work: Callable[[Session], dict[str, Any]],
    *,
    status: int = 200,
    location: str | None = None,
    shown_once: str | None = None,
) -> Response:
    """Run ``work`` as one audited transaction under the request's idempotency key.

    ``work`` gets the session, changes records through services, and returns the answer as plain
    values; its ``version``, if any, becomes the ETag and ``location`` may name its fields, as in
    ``"/v1/pledges/{id}"``. ``shown_once`` names a secret of the answer: it goes out with the
    first answer only and is never stored, so a replay has ``null`` in its place. Raises whatever
    problem ``work`` raises, with nothing changed.
    """
    key, digest = _claim(request)
    try:
        with database(request).write() as db:
            prove_again(request, db, actor, audit.lock_head(db).seq)
            answer = None
            if key is not None:
                known = _digests(request, digest)
                answer = idempotency.stored_answer(db, actor.person_id, key, *known)
            if answer is None:
                made = work(db)
                answer = _answer(made, status, location)
                if key is not None:
                    kept = made if shown_once is None else made | {shown_once: None}
                    stored = _answer(kept, status, location)
                    first = _digests(request, digest)[0]
                    idempotency.store_answer(db, actor.person_id, key, first, stored)
    except StaleDataError as error:
        raise Problem("stale") from error
    except Problem as problem:
        record_refusal(database(request), actor, request.method, request.url.path, problem)
        raise
    return _response(answer)


def save_or_keep(
    request: Request,
    actor: Actor,
    save: Callable[[Session], dict[str, Any]],
    keep: Callable[[Session], int],
    kept_aside: str,
) -> Response:
    """Save a draft by ``save``, or keep it aside when another has been saved since.

    ``keep`` keeps it in a transaction of its own and returns its number. The answer is still
    ``stale``; the sentence under the key ``kept_aside`` names that number.
    """
    try:
        return command(request, actor, save)
    except Problem as problem:
        if problem.slug != "stale":
            raise
        numbers: list[int] = []

        def work(db: Session) -> dict[str, Any]:
            numbers.append(keep(db))
            return {}

        command(request, actor, work)
        raise Problem("stale", detail=text(kept_aside, number=numbers[0])) from problem


def replayed(request: Request, actor: Actor) -> Response | None:
    """Return the answer kept under the request's idempotency key, if it was given before.

    For routes that have long work to do before their transaction, which looks again. Raises
    ``idempotency-key-reused`` when the key was used for another request.
    """
    key, digest = _claim(request)
    if key is None:
        return None
    with glance(request) as db:
        known = _digests(request, digest)
        answer = idempotency.stored_answer(db, actor.person_id, key, *known)
    return None if answer is None else _response(answer)


def _claim(request: Request) -> tuple[str | None, bytes]:
    """Return the key and digest of a POST; other methods are idempotent by ``If-Match``."""
    if request.method != "POST":
        return None, b""
    key = idempotency.require_key(request.headers.get(idempotency.HEADER))
    body: bytes = request.state.body if hasattr(request.state, "body") else b""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    digest = idempotency.request_digest(request.method, path, body, request.headers.get("if-match"))
    return key, digest


def _digests(request: Request, digest: bytes) -> tuple[bytes, ...]:
    """Return what a request is, or was, stored with, the present form first."""
    if request.url.path not in idempotency.SEALED:
        return (digest,)
    found: tuple[bytes, ...] = request.app.state.vault.request_digests(digest)
    return found


def _answer(answer: dict[str, Any], status: int, location: str | None) -> Answer:
    version = answer.get("version")
    return Answer(
        status=status,
        body=to_bytes(answer),
        etag=etag(version) if isinstance(version, int) else None,
        location=location.format(**answer) if location is not None else None,
    )


def _response(answer: Answer) -> Response:
    response = Response(answer.body, status_code=answer.status, media_type=JSON)
    if answer.etag is not None:
        response.headers["etag"] = answer.etag
    if answer.location is not None:
        response.headers["location"] = answer.location
    return response
