"""Commands that set up persons and tokens from the shell, where no one has signed in yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, NoReturn, TypeVar
from uuid import UUID

import typer
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundops import audit, clock
from fundops.authz import Role
from fundops.config import Settings
from fundops.db import Database
from fundops.errors import Problem
from fundops.ledger.models import Fund
from fundops.messages import text
from fundops.parties import access, credentials, persons, queries
from fundops.parties.access_queries import held_at, person_by_code
from fundops.parties.access_schemas import MembershipIn, PersonIn, TokenIn
from fundops.parties.models import Membership, Party, Person, Token

Found = TypeVar("Found")

app = typer.Typer(no_args_is_help=True)
person_app = typer.Typer(no_args_is_help=True, help=text("cli.person"))
token_app = typer.Typer(no_args_is_help=True, help=text("cli.token"))
app.add_typer(person_app, name="person")
app.add_typer(token_app, name="token")


@person_app.command("add", help=text("cli.person.add"))
def add_person(
    name: Annotated[str, typer.Option(help=text("cli.person.name"))],
    code: Annotated[str | None, typer.Option(help=text("cli.person.code"))] = None,
) -> None:
    """Register a person and print their code."""
    with _writing() as (db, _settings):
        person = persons.register(db, audit.SYSTEM, PersonIn(name=name, code=code))
    typer.echo(person.code)


@token_app.command("create", help=text("cli.token.create"))
def create_token(
    person: Annotated[str, typer.Option(help=text("cli.token.person"))],
    role: Annotated[Role, typer.Option(help=text("cli.token.role"))],
    party: Annotated[str | None, typer.Option(help=text("cli.token.party"))] = None,
    fund: Annotated[str | None, typer.Option(help=text("cli.token.fund"))] = None,
    expires: Annotated[str | None, typer.Option(help=text("cli.token.expires"))] = None,
    label: Annotated[str, typer.Option(help=text("cli.token.label"))] = "command line",
) -> None:
    """Make a token for a person in a role, allowing the role first if they do not hold it.

    Prints the token, once and alone, on standard output; what was done on standard error.
    """
    with _writing() as (db, settings):
        holder = _person(db, person)
        scope = MembershipIn(
            person_id=holder.id,
            role=role,
            party_id=None if party is None else _party(db, party).id,
            fund_id=None if fund is None else _fund(db, fund).id,
        )
        granted = not _holds(db, scope)
        if granted:
            access.grant(db, audit.SYSTEM, scope)
        given = TokenIn(
            person_id=holder.id,
            label=label,
            role=role,
            party_id=scope.party_id,
            fund_id=scope.fund_id,
            expires_at=None if expires is None else _end_of(expires),
        )
        token, secret = credentials.create_token(
            db, audit.SYSTEM, given, default_days=settings.token_days
        )
    if granted:
        typer.echo(text("cli.token.granted", person=holder.code, role=role.value), err=True)
    until = token.expires_at.strftime("%Y-%m-%d %H:%M UTC")
    typer.echo(text("cli.token.made", id=token.id, until=until), err=True)
    typer.echo(secret)


@token_app.command("revoke", help=text("cli.token.revoke"))
def revoke_token(
    token_id: Annotated[UUID | None, typer.Argument(help=text("cli.token.id"))] = None,
    person: Annotated[str | None, typer.Option(help=text("cli.token.all_of"))] = None,
    reason: Annotated[str, typer.Option(help=text("cli.token.reason"))] = "command line",
) -> None:
    """Revoke one token, or every token of a person, at once."""
    if (token_id is None) == (person is None):
        _refuse(text("cli.token.one_or_all"))
    with _writing() as (db, _settings):
        revoked = _revoke_one(db, token_id, reason) if token_id else 0
        revoked = _revoke_all(db, person, reason) if person else revoked
    typer.echo(text("cli.token.revoked", count=revoked))


@contextmanager
def _writing() -> Iterator[tuple[Session, Settings]]:
    """Open one audited write on the configured database; a refusal ends with its sentence."""
    settings = Settings()
    database = Database(settings)
    try:
        with database.write() as db:
            audit.lock_head(db)
            yield db, settings
    except Problem as problem:
        _refuse("\n".join([problem.detail, *(error.detail for error in problem.errors)]))
    except ValidationError as error:
        _refuse("\n".join(text("cli.wrong", option=_option(one["loc"])) for one in error.errors()))
    finally:
        database.close()


def _option(location: tuple[int | str, ...]) -> str:
    return "--" + str(location[0]).replace("_", "-")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def _named(found: Found | None, option: str) -> Found:
    if found is None:
        raise Problem("not-found", detail=text("cli.unknown_code", option=option))
    return found


def _person(db: Session, code: str) -> Person:
    return _named(person_by_code(db, code), "--person")


def _party(db: Session, code: str) -> Party:
    return _named(queries.by_code(db, code), "--party")


def _fund(db: Session, code: str) -> Fund:
    found = db.execute(select(Fund).where(Fund.code == code)).scalar_one_or_none()
    return _named(found, "--fund")


def _holds(db: Session, scope: MembershipIn) -> bool:
    query = select(Membership.id).where(
        Membership.person_id == scope.person_id,
        Membership.role == scope.role,
        Membership.party_id.is_not_distinct_from(scope.party_id),
        Membership.fund_id.is_(None) | (Membership.fund_id == scope.fund_id),
        held_at(clock.now()),
    )
    return db.execute(query.limit(1)).first() is not None


def _end_of(day: str) -> datetime:
    """Return the instant at which the UTC day ends."""
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        raise Problem("invalid-request", detail=text("validation.day")) from None
    return datetime(parsed.year, parsed.month, parsed.day, tzinfo=UTC) + timedelta(days=1)


def _revoke_one(db: Session, token_id: UUID, reason: str) -> int:
    token = _named(db.get(Token, token_id), "TOKEN_ID")
    return len(credentials.revoke_token(db, audit.SYSTEM, token, reason))


def _revoke_all(db: Session, code: str, reason: str) -> int:
    tokens = credentials.live_tokens(db, _person(db, code).id)
    entries = credentials.revoke_rows(tokens, clock.now(), reason)
    db.flush()
    audit.record_many(db, audit.SYSTEM, entries)
    return len(tokens)
