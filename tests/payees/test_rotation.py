"""Rotation: every account under the new key, in batches, and on again after an interruption."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from fundops import commands
from fundops import vault as vaults
from fundops.config import Settings
from fundops.errors import Problem
from fundops.payees import keeping, sealing
from fundops.payees.models import BankAccount
from fundops.payees.sealing import details_of
from fundops.vault import Vault
from tests.payees.account_factories import Office, an_iban, stored


@pytest.fixture
def kept(office: Office, tmp_path: Path) -> Vault:
    """Give the application a vault in a folder of this test's own."""
    settings = office.world.database.settings.model_copy(update={"files_path": str(tmp_path)})
    office.world.app.state.vault = Vault(settings)
    return office.world.app.state.vault  # type: ignore[no-any-return]


def many(office: Office, count: int) -> dict[str, str]:
    """Register accounts; return the IBAN of each."""
    office.approved(number=an_iban())
    numbers = [an_iban() for _ in range(count - 1)]
    return {office.proposed(origin="advance", number=one): one for one in numbers}


def opened(office: Office, vault: Vault, accounts: dict[str, str]) -> bool:
    return all(
        details_of(vault, stored(office.world.database, account)).iban == iban
        for account, iban in accounts.items()
    )


def test_every_account_moves_and_the_old_key_can_go(
    office: Office, kept: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "BATCH", 3)
    accounts = many(office, 8)
    (old,) = kept.key_ids
    versions = {one: stored(office.world.database, one).version for one in accounts}
    seen: list[tuple[int, int]] = []
    new = kept.add_key()
    done = keeping.rotate(office.world.database, kept, lambda *told: seen.append(told))
    assert (done.key_id, done.count, done.unopened) == (new, 8, ())
    assert seen == [(3, 8), (6, 8), (8, 8)]
    assert opened(office, kept, accounts)
    for account, version in versions.items():
        row = stored(office.world.database, account)
        # What somebody has read and is about to approve is still what it was.
        assert (row.key_id, row.version) == (new, version)
    keeping.forget(office.world.database, kept, old)
    assert kept.key_ids == (new,)
    assert opened(office, kept, accounts)
    assert keeping.rotate(office.world.database, kept).count == 0
    with office.world.database.read() as db:
        assert keeping.check(db, kept) == []
    events = office.manager.get(f"/v1/audit_events?record_id={next(iter(accounts))}").json()
    assert events["items"][-1]["action"] == "bank_account.sealed_anew"
    assert events["items"][-1]["payload"] == {
        "before": {"key_id": old}, "after": {"key_id": new},
    }  # fmt: skip


def test_equal_numbers_are_found_while_it_is_under_way(office: Office, kept: Vault) -> None:
    iban, other = an_iban(), Office(office.world)
    office.approved(number=iban)
    kept.add_key()  # the stored fingerprint is still the old key's
    again = office.propose(origin="advance", number=iban)
    assert again.status_code == 409
    made = other.proposed(number=iban)
    assert other.read(made)["is_elsewhere"]
    keeping.rotate(office.world.database, kept)
    assert other.read(made)["elsewhere_party_ids"] == [str(office.party.id)]


def test_an_interrupted_rotation_goes_on_where_it_was(
    office: Office, kept: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "BATCH", 2)
    accounts = many(office, 7)
    old = kept.key_ids[0]
    new, sealed, real = kept.add_key(), 0, sealing.seal

    def failing(*given: Any) -> None:
        nonlocal sealed
        sealed += 1
        if sealed == 6:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(keeping, "seal", failing)
    with pytest.raises(KeyboardInterrupt):
        keeping.rotate(office.world.database, kept)
    monkeypatch.setattr(keeping, "seal", real)
    with office.world.database.read() as db:
        assert vaults.ids_in_use(db) == {new: 4, old: 3}
        assert keeping.check(db, kept) == []
    assert opened(office, kept, accounts)
    with pytest.raises(Problem, match="3 records"):
        keeping.forget(office.world.database, kept, old)
    assert keeping.rotate(office.world.database, kept).count == 3
    assert opened(office, kept, accounts)


def test_what_does_not_open_stays_and_is_told(office: Office, kept: Vault) -> None:
    accounts = many(office, 3)
    broken = next(iter(accounts))
    row = stored(office.world.database, broken)

    def write(details: str) -> None:
        with office.world.database.writer.begin() as connection:
            which = update(BankAccount).where(BankAccount.id == UUID(broken))
            connection.execute(which.values(details=details))

    write("v1.spoiled")
    kept.add_key()
    done = keeping.rotate(office.world.database, kept)
    assert (done.count, done.unopened) == (2, (UUID(broken),))
    with office.world.database.read() as db:
        ((name, sentence),) = keeping.check(db, kept)
    assert (name, broken in sentence) == ("details_open", True)
    write(row.details)
    assert keeping.rotate(office.world.database, kept).count == 1


def test_a_key_that_is_gone_is_named(office: Office, kept: Vault) -> None:
    many(office, 2)
    (old,) = kept.key_ids
    kept.path.unlink()
    with office.world.database.read() as db:
        assert keeping.check(db, kept) == [
            ("keys_known", f"2 records need the key {old}, which is not known.")
        ]
    with pytest.raises(Problem, match="not here"):
        keeping.rotate(office.world.database, kept)
    answer = office.propose(origin="advance")
    assert answer.status_code == 503
    assert "FUNDOPS_VAULT_KEYS" in answer.json()["detail"]
    assert not kept.path.exists()


def run(*words: str) -> Any:
    return CliRunner().invoke(commands.app, list(words))


def test_the_command_line(
    office: Office, kept: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", office.world.database.settings.database_url)
    monkeypatch.setenv("FUNDOPS_FILES_PATH", str(tmp_path))
    accounts = many(office, 3)
    (old,) = kept.key_ids
    assert run("vault", "list").stdout == f"{old} (current) 3 records\n"
    done = run("vault", "rotate")
    new = kept.key_ids[0]
    assert done.stdout == f"New key: {new}\n3 records are encrypted anew, under {new}.\n"
    assert run("vault", "list").stdout == f"{new} (current) 3 records\n{old} 0 records\n"
    assert run("vault", "rotate", "--resume").stdout.startswith("0 records")
    refused = run("vault", "forget", new)
    assert (refused.exit_code, "3 records" in refused.output) == (1, True)
    assert run("vault", "forget", old).exit_code == 0
    assert opened(office, kept, accounts)
    checked = run("check")
    assert "ok     The key of every encrypted record is known." in checked.stdout
    assert "ok     Every bank account's details open" in checked.stdout
    # With the keys given by a setting, their owner puts the new one in front.
    given = run("vault", "new-key").stdout.strip()
    whole = f"{given},{kept.path.read_text(encoding='ascii').strip()}"
    monkeypatch.setenv("FUNDOPS_VAULT_KEYS", whole)
    assert run("vault", "rotate").stdout == (
        f"3 records are encrypted anew, under {given.partition(':')[0]}.\n"
    )
    monkeypatch.setenv("FUNDOPS_VAULT_KEYS", given)
    assert "ok     The key of every encrypted record is known." in run("check").stdout
    other = base64.b64encode(bytes(32)).decode()
    monkeypatch.setenv("FUNDOPS_VAULT_KEYS", f"other:{other}")
    broken = run("check")
    assert broken.exit_code == 1
    assert "BROKEN The key of every encrypted record is known." in broken.stdout
    assert f"{given.partition(':')[0]} (unknown) 3 records" in run("vault", "list").stdout
    monkeypatch.setenv("FUNDOPS_VAULT_KEYS", "none")
    for words in (("vault", "list"), ("check",)):
        wrong = run(*words)
        assert (wrong.exit_code, "no list of keys" in wrong.output) == (1, True)
    monkeypatch.delenv("FUNDOPS_VAULT_KEYS")
    assert Settings().vault_keys == ""
