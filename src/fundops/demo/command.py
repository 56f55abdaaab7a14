"""``fundops demo``: a fresh database, the demonstration fund, a token per role, and the server.

With ``--check`` it does all that, sends one request per role and those that tell what the money
changed and what the audit found to the running server, writes two workbooks more, and exits.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer
import uvicorn

from fundops.app import create_app
from fundops.authz import Role
from fundops.calls.models import Call
from fundops.config import Settings
from fundops.db import Database, migrate
from fundops.demo.people import Player
from fundops.demo.stage import Story
from fundops.demo.story import tell
from fundops.exports import statements, write
from fundops.exports.audit_book import question as audit_question
from fundops.exports.audit_book.book import Book
from fundops.exports.audit_book.commands import write_manifest
from fundops.exports.audit_book.manifest import path_beside
from fundops.exports.audit_book.workbook import audit_workbook
from fundops.exports.dossier import dossier_workbook
from fundops.ledger import checks
from fundops.messages import text
from fundops.signing import Signer
from fundops.vault import Vault

FOLDER = Path("var")
DATABASE = FOLDER / "demo.db"
FILES = FOLDER / "demo-files"
STATEMENT = FOLDER / "statement.xlsx"
DOSSIER = FOLDER / "dossier.xlsx"
AUDIT = FOLDER / "audit.xlsx"
START_SECONDS = 20
NEXT_REPORT = "legal 4"
"""The report that its grantee has begun and may fill in offline."""

FIRST_REQUEST: dict[Role, str] = {
    Role.ADMINISTRATOR: "/v1/persons",
    Role.FUND_MANAGER: "/v1/pledges",
    Role.FINANCE_OFFICER: "/v1/receipts",
    Role.APPROVER: "/v1/disbursements",
    Role.GRANT_OFFICER: "/v1/grants",
    Role.AUDITOR: "/v1/audit_events",
    Role.DONOR: "/v1/pledges",
    Role.GRANTEE: "/v1/proposals",
    Role.REVIEWER: "/v1/assignments",
    Role.BOARD_MEMBER: "/v1/boards",
    Role.SIGNATORY: "/v1/disbursements",
}
"""What each role would look at first."""

REVIEWING = "/v1/audit_samples"
"""What the second auditor would look at first."""

AUDITED = (
    "/v1/audit_workbook?fund=DEMO",
    "/v1/disbursements?format=csv",
    "/v1/disbursements?format=xlsx",
    "/v1/audit_samples",
    "/v1/audit_findings",
)
"""What the audit adds to what the auditor may ask for."""


def _results(story: Story) -> dict[str, tuple[Player, str]]:
    """Return the requests that tell what the money changed, and as whom to send them."""
    assert story.release is not None
    return {
        "impact": (
            story.players[Role.GRANT_OFFICER],
            f"/v1/impact?fund_id={story.book.id}&by=objective",
        ),
        "release": (
            story.players[Role.DONOR],
            f"/v1/releases/{story.release.id}/cells?level=fund",
        ),
        "template": (
            story.directors["legal"],
            f"/v1/progress_reports/{story.reports[NEXT_REPORT].id}/workbook",
        ),
    }


@dataclass(frozen=True)
class Shown:
    """What the demonstration prints: where it is served and who may try what."""

    base: str
    story: Story

    @property
    def players(self) -> list[tuple[Player, str]]:
        """Everybody who is printed, with a first request."""
        story = self.story
        assert story.reviewing is not None
        asked = [(player, FIRST_REQUEST[role]) for role, player in story.players.items()]
        return [*asked, (story.reviewing, REVIEWING)]


def run(host: str, port: int, *, check: bool) -> None:
    """Make the demonstration, print it, and serve (or check and return)."""
    if not check and _is_taken(host, port):
        _refuse(port)
    settings = _fresh_database()
    database = Database(settings)
    signer = Signer(settings.files_path, settings.signing_key)
    story = tell(database, signer=signer, vault=Vault(settings))
    _write_audit(database, signer, story)
    database.close()
    shown = Shown(f"http://{host}:{port}", story)
    with _listening(settings, host, 0 if check else port) as base:
        _print(shown)
        if check:
            _check(settings, base, shown)
            typer.echo(text("demo.not_serving", program=_program(), host=host, port=port))
            return
        typer.echo(text("demo.serving", base=base))
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            typer.echo(text("demo.stopped"))


def _is_taken(host: str, port: int) -> bool:
    """Return whether another program serves there: known before the last demonstration is removed.

    What else may keep the server from starting, it says itself.
    """
    with suppress(socket.gaierror):
        for family, kind, *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(address)
                except OSError as error:
                    if error.errno == errno.EADDRINUSE:
                        return True
    return False


def _refuse(port: int) -> NoReturn:
    typer.echo(text("demo.no_start", port=port), err=True)
    raise typer.Exit(1)


def _fresh_database() -> Settings:
    """Remove the last demonstration and create its database anew; touches no other file."""
    FOLDER.mkdir(exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        DATABASE.with_name(DATABASE.name + suffix).unlink(missing_ok=True)
    url = f"sqlite:///{DATABASE}"
    migrate(url)
    return Settings(database_url=url, files_path=str(FILES), log_level="warning")


def _write_audit(database: Database, signer: Signer, story: Story) -> None:
    """Write the audit workbook of the fund, with its manifest beside it."""
    moment = audit_question.Moment(None, None)
    with database.export() as db:
        scope = audit_question.scope_of(db, audit_question.Named(story.book.code, None, None, None))
        reader = audit_question.Reader.AUDITOR
        book = Book(db, audit_question.question_for(db, scope, moment, reader))
        write_manifest(book, write(audit_workbook(book), AUDIT), AUDIT, signer)


@contextmanager
def _listening(settings: Settings, host: str, port: int) -> Iterator[str]:
    """Serve from a thread; give the address once the server answers."""
    config = uvicorn.Config(
        create_app(settings), host=host, port=port, log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            _refuse(port)
        time.sleep(0.05)
    actual = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://{host}:{actual}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def _print(shown: Shown) -> None:
    typer.echo(text("demo.made", database=DATABASE))
    typer.echo()
    for player, path in shown.players:
        typer.echo(f"  {player.title:20} {player.token}  GET {path}")
    typer.echo()
    donor = shown.story.players[Role.DONOR].token
    code = shown.story.parties["north"].code
    assert shown.story.call is not None
    typer.echo(
        text(
            "demo.try",
            base=shown.base,
            token=donor,
            donor=code,
            grant=shown.story.grants["shelter"].code,
            call=shown.story.call.code,
            **_asked(shown),
            auditor=shown.story.players[Role.AUDITOR].token,
            audit=AUDIT,
            database=DATABASE,
            files=FILES,
            program=_program(),
        )
    )


def _asked(shown: Shown) -> dict[str, str]:
    """Return the words of what is shown of results: for each request its address and a token."""
    words: dict[str, str] = {}
    for name, (player, path) in _results(shown.story).items():
        words[name] = shown.base + path
        words[f"{name}_token"] = player.token
    return words


def _program() -> str:
    """Return how this command was called, so that what is printed can be pasted."""
    called = Path(sys.argv[0])
    if called.name != "fundops" or not called.is_file():
        return "fundops"
    near = os.path.relpath(called)
    return near if not near.startswith("..") else str(called)


def _check(settings: Settings, base: str, shown: Shown) -> None:
    """Send a request per role, those of results and those of the audit, write two workbooks,
    verify the books.
    """
    typer.echo()
    story = shown.story
    audited = [(story.players[Role.AUDITOR], path) for path in AUDITED]
    for player, path in [*shown.players, *_results(story).values(), *audited]:
        status = _status(base + path, player.token)
        typer.echo(f"  {player.title:20} GET {path:20} {status}")
        if status != 200:
            typer.echo(text("demo.refused"), err=True)
            raise typer.Exit(1)
    database = Database(settings)
    with database.export() as db:
        period = statements.Period(None, None, None)
        question = statements.question_for(db, story.parties["north"].id, story.book, period)
        write(statements.statement_workbook(db, question), STATEMENT)
        assert story.call is not None
        call = db.get_one(Call, story.call.id)
        write(dossier_workbook(db, None, call, None), DOSSIER)
        violations = checks.run(db)
    database.close()
    for written in (STATEMENT, DOSSIER, AUDIT, path_beside(AUDIT)):
        typer.echo(f"  {text('cli.written', path=written)}")
    if violations:
        typer.echo(text("cli.check.broken", count=len(violations)), err=True)
        raise typer.Exit(1)
    typer.echo(f"  {text('cli.check.clean')}")


def _status(address: str, token: str) -> int:
    request = urllib.request.Request(  # noqa: S310 - our own server, on this machine
        address, headers={"authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            while answer.read(1 << 16):  # to the end: what is sent while it is made may break off
                pass
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)
