"""The commands ``person`` and ``token``, for the shell, where no one has signed in yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from fundops.config import Settings
from fundops.messages import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

person_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=text("cli.person"))
token_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=text("cli.token"))


@person_app.command("add", help=text("cli.person.add"))
def add_person(
    name: Annotated[str, typer.Option(help=text("cli.person.name"))],
    code: Annotated[str | None, typer.Option(help=text("cli.person.code"))] = None,
) -> None:
    """Register a person and print their code."""
    from fundops.parties import setup

    with _writing() as db:
        given = setup.add_person(db, name, code)
    typer.echo(given)


@token_app.command("create", help=text("cli.token.create"))
def create_token(
    person: Annotated[str, typer.Option(help=text("cli.token.person"))],
    role: Annotated[str, typer.Option(help=text("cli.token.role"))],
    party: Annotated[str | None, typer.Option(help=text("cli.token.party"))] = None,
    fund: Annotated[str | None, typer.Option(help=text("cli.token.fund"))] = None,
    expires: Annotated[str | None, typer.Option(help=text("cli.token.expires"))] = None,
    label: Annotated[str, typer.Option(help=text("cli.token.label"))] = "command line",
) -> None:
    """Make a token for a person in a role, allowing the role first if they do not hold it.

    Prints the token, once and alone, on standard output; what was done on standard error.
    """
    from fundops.parties import setup

    days = Settings().token_days
    with _writing() as db:
        scope = setup.make_scope(db, person, role, party, fund)
        granted = setup.ensure_role(db, scope)
        token, secret = setup.make_token(db, scope, label, expires, days)
    if granted:
        typer.echo(text("cli.token.granted", person=person, role=role), err=True)
    until = f"{token.expires_at:%Y-%m-%d %H:%M} UTC"
    typer.echo(text("cli.token.made", id=token.id, until=until), err=True)
    typer.echo(secret)


@token_app.command("revoke", help=text("cli.token.revoke"))
def revoke_token(
    token_id: Annotated[str | None, typer.Argument(help=text("cli.token.id"))] = None,
    person: Annotated[str | None, typer.Option(help=text("cli.token.all_of"))] = None,
    reason: Annotated[str, typer.Option(help=text("cli.token.reason"))] = "command line",
) -> None:
    """Revoke one token, or every token of a person, at once."""
    from fundops.parties import setup
    from fundops.terminal import fail

    if (token_id is None) == (person is None):
        fail(text("cli.token.one_or_all"))
    with _writing() as db:
        revoked = setup.revoke_one(db, token_id, reason) if token_id is not None else 0
        revoked += setup.revoke_all(db, person, reason) if person is not None else 0
    typer.echo(text("cli.token.revoked", count=revoked))


@contextmanager
def _writing() -> Iterator[Session]:
    """Open one audited write on the configured database; a refusal ends with its sentence."""
    from pydantic import ValidationError

    from fundops import audit
    from fundops.terminal import fail, opened

    with opened() as database:
        try:
            with database.write() as db:
                audit.lock_head(db)
                yield db
        except ValidationError as error:
            options = ("--" + str(one["loc"][0]).replace("_", "-") for one in error.errors())
            fail("\n".join(text("cli.wrong", option=option) for option in options))
