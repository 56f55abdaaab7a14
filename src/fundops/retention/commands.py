"""The command ``dispose``: what the rules of retention have made due."""

from __future__ import annotations

from typing import Annotated

import typer

from fundops.messages import text


def dispose(
    carry_out: Annotated[bool, typer.Option("--yes", help=text("cli.dispose.yes"))] = False,
) -> None:
    """Show what is older than the approved rules allow, and dispose of it with ``--yes``."""
    from fundops.retention import queries, service
    from fundops.terminal import opened, say

    with opened() as database:
        with database.read() as db:
            rules, due = queries.in_force(db), service.due_counts(db)
        if not rules:
            say(text("cli.dispose.no_rules"))
        for name, rule in sorted(rules.items()):
            say(text("cli.dispose.due", name=name, months=rule.months, count=due[name]))
        if carry_out:
            done = service.dispose_due(database, database.settings)
            say(text("cli.dispose.done", count=sum(done.values())))
        elif any(due.values()):
            say(text("cli.dispose.dry_run"))
