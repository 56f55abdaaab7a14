"""Who reads a protected party's name: the rule in Python and the rule in SQL are one rule."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import select

from fundops import audit
from fundops.authz import PARTY_ROLES, Actor, Held, Role
from fundops.db import Database
from fundops.ids import uuid7
from fundops.parties import labels
from fundops.parties.models import Party
from fundops.parties.schemas import party_out
from tests.factories import a_party

KNOWING = {"fund_manager", "finance_officer", "approver", "grant_officer", "auditor"}


def actor_of(*held: Held) -> Actor:
    return Actor(uuid7(), "PER-1", uuid7(), held)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("at_risk", "anonymous"), list(product([False, True], repeat=2)))
def test_python_and_sql_agree_for_every_role(
    database: Database, role: Role, at_risk: bool, anonymous: bool
) -> None:
    with database.write() as db:
        audit.lock_head(db)
        party = a_party(
            db,
            name="Real name",
            public_label="Label",
            is_at_risk=at_risk,
            is_anonymous=anonymous,
        )
        other = a_party(db)
        actor = actor_of(Held(role, other.id if role in PARTY_ROLES else None))
        name, code, country = db.execute(
            select(
                labels.name_column(actor), labels.code_column(actor), labels.country_column(actor)
            ).where(Party.id == party.id)
        ).one()
        out = party_out(party, actor)
    hidden = (at_risk or anonymous) and role.value not in KNOWING
    assert out["is_hidden"] is hidden
    assert (out["name"], out["code"], out["country"]) == (name, code, country)
    assert (name == "Label") is hidden
    assert (country is None) is hidden
    assert labels.shown_name(party, actor) == name


def test_a_person_of_the_party_itself_reads_its_name(database: Database) -> None:
    with database.write() as db:
        audit.lock_head(db)
        own = a_party(db, name="Own", public_label="Hidden 1", is_at_risk=True)
        other = a_party(db, name="Other", public_label="Hidden 2", is_at_risk=True)
        actor = actor_of(Held(Role.GRANTEE, own.id))
        names = db.execute(
            select(labels.name_column(actor)).where(Party.id.in_([own.id, other.id]))
        ).scalars()
        assert set(names) == {"Own", "Hidden 2"}
    assert labels.shown_name(own, actor) == "Own"
    assert labels.shown_name(other, actor) == "Hidden 2"
