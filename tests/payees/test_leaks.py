"""Canary numbers: in no answer, log, audit payload or workbook, and in no byte of a stolen disk."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile, is_zipfile

import pytest
from sqlalchemy import select, text

from fundops import audit
from fundops.audit import AuditEvent, AuditPayload
from fundops.authz import PARTY_ROLES, ROLE_PERMISSIONS, Role
from fundops.config import Settings
from fundops.db import Database
from fundops.files.models import File
from fundops.models import metadata
from fundops.payees import schemas, service
from fundops.payees.models import BankAccount
from fundops.records import snapshot
from fundops.vault import Vault
from tests.contract.inventory import operations
from tests.payees.account_factories import Clock, Office, an_iban, stored
from tests.payees.test_emergency import CAP, Lines
from tests.staged import Stages, begins_with
from tests.world import Caller, World, application

HOLDER, BANK = "Canarium Holderia", "Canary Wharf Savings"


class Secrets:
    """An office whose accounts are full of canaries, in every state there is."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.looked_for: tuple[list[tuple[str, str]], list[str]] = [], []
        self.numbers = [an_iban() for _ in range(6)]
        self.local, self.vendor = "9182736450", "VENDOR774411"
        first, change, ahead, refused, retired, urgent = self.numbers
        over: dict[str, Any] = {"holder": HOLDER}
        self.accounts = [office.approved(number=retired, bic="CANADEFFXXX", **over)]
        assert office.act(self.accounts[0], "retire", office.manager).status_code == 200
        self.add(office.proposed(origin="change", number=first, **over))
        self.add(office.proposed(origin="advance", number=ahead, **over))
        self.add(
            office.proposed(
                origin="advance", kind="local", number=self.local, country="KE", bank_name=BANK,
                **over,
            )
        )  # fmt: skip
        self.add(office.proposed(origin="advance", kind="vendor", number=self.vendor, **over))
        self.accounts.append(office.proposed(origin="advance", number=refused, **over))
        assert office.act(self.accounts[-1], "refuse", office.manager).status_code == 200
        self.accounts.append(office.proposed(origin="emergency", number=urgent, cap=CAP, **over))
        lines = Lines(office)
        assert office.call_back(self.accounts[-1], lines.add()).status_code == 201
        other = Office(office.world)
        self.accounts.append(other.proposed(number=ahead, **over))
        # What is refused is nowhere either.
        wrong = f"{change[:-1]}{(int(change[-1]) + 1) % 10}"
        self.refused = [wrong]
        assert other.propose(number=wrong, holder=HOLDER).status_code == 422
        assert office.propose(origin="advance", number=ahead).status_code == 409
        assert other.propose(origin="change", number=change).status_code == 409
        assert other.propose(number=change, reason=f"Pay {change}").status_code == 422

    def add(self, account: str) -> None:
        assert self.office.approve(account).status_code == 200
        self.accounts.append(account)

    def words(self) -> list[str]:
        """Return what nobody may read, in the ways somebody might write it."""
        plain = [*self.numbers, self.local, self.vendor, HOLDER, BANK, "CANADEFFXXX", *self.refused]
        parts = [number[4:18] for number in self.numbers]
        ways = [*plain, *parts, *(" ".join(n[i : i + 4] for i in range(0, 22, 4)) for n in plain)]
        return sorted({way for way in ways if len(way) > 7})

    def found_in(self, said: str) -> list[str]:
        if self.looked_for[1] != self.numbers:
            self.looked_for = [(word, word.lower()) for word in self.words()], [*self.numbers]
        lowered = said.lower()
        return [word for word, low in self.looked_for[0] if low in lowered]

    def found_in_bytes(self, raw: bytes) -> list[str]:
        """Also as a database or a file might hold it: in UTF-16, in hex, in base64, hashed."""
        found = []
        lowered = raw.lower()
        for word in self.words():
            it = word.encode()
            forms = [
                it, word.encode("utf-16-le"), it.hex().encode(), base64.b64encode(it)[:-4],
                hashlib.sha256(it).digest(), hashlib.sha256(it).hexdigest().encode(),
                hashlib.md5(it).hexdigest().encode(),
            ]  # fmt: skip
            found += [word for form in forms if form.lower() in lowered]
        return found


@pytest.fixture
def given_key(monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the key by the environment, as where the disk may be stolen."""
    made = f"canary-key:{base64.b64encode(hashlib.sha256(b'canary').digest()).decode()}"
    monkeypatch.setenv("FUNDOPS_VAULT_KEYS", made)
    return made


@pytest.fixture
def lines_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
def disk_world(given_key: str, database_url: str, tmp_path: Path, moving: Clock) -> Iterator[World]:
    """Give an application whose files are in a folder of this test's own."""
    settings = Settings(
        database_url=database_url, log_level="debug", files_path=str(tmp_path / "files")
    )
    with application(settings) as app:
        world = World(app, app.state.database)
        with world.client:
            yield world


def with_secrets(world: World) -> Secrets:
    """Have accounts in every state, full of canaries."""
    return Secrets(Office(world))


@pytest.fixture
@begins_with(with_secrets)
def secrets(disk_world: World, stages: Stages, lines_logged: pytest.LogCaptureFixture) -> Secrets:
    """Give accounts full of canaries, built once under the key that is given."""
    made: Secrets = stages.of(with_secrets).scene(disk_world)
    return made


@pytest.fixture
def secrets_made_here(disk_world: World, lines_logged: pytest.LogCaptureFixture) -> Secrets:
    """Give the same, written to this very disk."""
    return Secrets(Office(disk_world))


def readers(secrets: Secrets) -> dict[str, Caller]:
    """Return a caller of every role, for the party with the canaries where it is for a party."""
    return {
        role.value: secrets.office.world.as_role(
            role, party_id=secrets.office.party.id if role in PARTY_ROLES else None
        )
        for role in Role
    }


def addresses(secrets: Secrets, role: Role) -> list[str]:
    """Return every address that a role may read, on every account."""
    made = []
    for one in operations(secrets.office.world.app):
        if one.method != "GET" or not set(one.permissions) & ROLE_PERMISSIONS[role]:
            continue
        path = one.path.replace("{party_id}", str(secrets.office.party.id))
        if "{bank_account_id}" in path:
            made += [path.replace("{bank_account_id}", each) for each in secrets.accounts]
        elif "{" not in path:
            made.append(path)
    return made


def unpacked(content: bytes) -> str:
    """Return what an answer says, workbooks unpacked."""
    if is_zipfile(BytesIO(content)):
        with ZipFile(BytesIO(content)) as book:
            return "\n".join(
                [
                    *book.namelist(),
                    *(book.read(n).decode("utf-8", "replace") for n in book.namelist()),
                ]
            )
    return content.decode("utf-8", "replace")


def crawl(secrets: Secrets, every: int, within: str = "/") -> tuple[list[str], list[str], int]:
    """Return which answers tell a canary, which a ciphertext, and how many of accounts were read.

    Every role reads each ``every``-th of its addresses, those of one role from another start than
    those of the next, so that each address is read by some.
    """
    sealed = ciphertexts(secrets.office.world.database)
    wrong, opened, read = [], [], 0
    for start, (name, caller) in enumerate(readers(secrets).items()):
        paths = [path for path in addresses(secrets, Role(name)) if within in path]
        for path in paths[start % every :: every]:
            answer = caller.get(path)
            said = unpacked(answer.content) + json.dumps(dict(answer.headers))
            if secrets.found_in(said):
                wrong.append(f"{name} {path}")
            if any(one in said for one in sealed):
                opened.append(f"{name} {path}")
            read += answer.status_code == 200 and "••••" in said
    return wrong, opened, read


def ciphertexts(database: Database) -> list[str]:
    with database.read() as db:
        return list(db.execute(select(BankAccount.details)).scalars())


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_no_answer_tells_a_number_or_a_holder(secrets: Secrets, every: int) -> None:
    wrong, opened, read = crawl(secrets, every)
    assert (wrong, opened) == ([], [])
    assert read > 60 // every


def test_a_leak_would_be_noticed(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bugs: a route that shows a number, one that shows what is stored, an event."""
    number, real = secrets.numbers[0], schemas.account_out
    with monkeypatch.context() as patch:
        from fundops.payees import routes

        patch.setattr(routes, "account_out", lambda row, **k: real(row, **k) | {"masked": number})
        assert len(crawl(secrets, 2, "/bank_accounts")[0]) > 20
    with monkeypatch.context() as patch:
        patch.setattr(service, "told", lambda account: {"number": number} | snapshot(account))
        secrets.office.act(secrets.accounts[1], "object", secrets.office.officer)
    payloads = told_payloads(secrets.office.world.database)
    assert secrets.found_in(payloads) != []
    assert any(one in payloads for one in ciphertexts(secrets.office.world.database))


def told_payloads(database: Database) -> str:
    with database.read() as db:
        said = [str(one) for one in db.execute(select(AuditPayload.payload)).scalars()]
        said += [str(tuple(row)) for row in db.execute(select(*AuditEvent.__table__.c))]
    return "\n".join(said)


def test_the_audit_chain_knows_no_number_and_no_ciphertext(secrets: Secrets) -> None:
    database = secrets.office.world.database
    said = told_payloads(database)
    assert secrets.found_in(said) == []
    assert not any(one in said for one in ciphertexts(database))
    with database.read() as db:
        whole = list(db.execute(select(BankAccount.fingerprint)).scalars())
    assert not any(one in said for one in whole)
    for account in secrets.accounts:
        row = stored(database, account)
        assert row.masked in said
        assert f'"fingerprint_prefix":"{row.fingerprint[:8]}"' in said


def test_logs_say_no_number_even_when_something_fails(
    secrets: Secrets, lines_logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(service, "seal", fail)
    iban = an_iban()
    secrets.numbers.append(iban)
    answer = secrets.office.propose(origin="advance", number=iban, holder=HOLDER)
    assert answer.status_code == 500
    assert secrets.found_in(answer.text) == []
    out, err = capfd.readouterr()
    assert "planted" in err + lines_logged.text
    said = out + err + lines_logged.text
    said += "".join(str(record.__dict__) for record in lines_logged.records)
    assert secrets.found_in(said) == []


def every_byte(world: World, folder: Path) -> bytes:
    """Return what a thief of the disk has: the database and its log, and every file kept."""
    database = world.database
    found = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    if database.is_sqlite:
        path = Path(database.settings.database_url.removeprefix("sqlite:///"))
        found += [one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*"))]
    else:  # every value of every row: the server's own files are not the test's to read
        with database.read() as db:
            for table in metadata.sorted_tables:
                for row in db.execute(text(f'SELECT t::text FROM "{table.name}" t')):
                    found.append(str(row[0]).encode())
    return b"\n".join(found)


def test_a_stolen_disk_without_the_key_tells_nothing(
    secrets_made_here: Secrets, given_key: str, tmp_path: Path
) -> None:
    secrets = secrets_made_here
    office = secrets.office
    body = b"A letter with nothing of interest"
    with office.world.database.write() as db:
        audit.lock_head(db)
        office.world.app.state.files.add(body)
    raw = every_byte(office.world, tmp_path / "files")
    assert body in raw
    assert secrets.found_in_bytes(raw) == []
    key = given_key.partition(":")[2]
    assert key.encode() not in raw
    assert base64.b64decode(key) not in raw
    assert not (tmp_path / "files" / "vault.key").exists()
    # The search would find what is there: what is masked, and a canary put down in the open.
    assert stored(office.world.database, secrets.accounts[1]).masked[-4:].encode() in raw
    assert secrets.numbers[0] in secrets.found_in_bytes(raw + secrets.numbers[0].encode())


def test_a_body_cannot_be_guessed_from_what_is_kept_of_a_request(secrets: Secrets) -> None:
    """The digest under an idempotency key would let a thief try every number; it is keyed."""
    from fundops.idempotency import request_digest

    office = secrets.office
    body = office.body(origin="advance", holder=HOLDER)
    sent = json.dumps(body, separators=(",", ":")).encode()
    answer = office.officer.post(
        "/v1/bank_accounts", content=sent, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 201
    guess = request_digest("POST", "/v1/bank_accounts", sent, None)
    with office.world.database.read() as db:
        rows = db.execute(text("SELECT request_digest FROM idempotency_keys")).all()
    kept = [bytes(row[0]) for row in rows]
    assert guess not in kept
    vault: Vault = office.world.app.state.vault
    assert vault.request_digests(guess)[0] in kept


def test_a_file_of_evidence_is_the_partys_own(secrets: Secrets) -> None:
    office, other = secrets.office, Office(secrets.office.world)
    with office.world.database.read() as db:
        assert db.execute(select(File.id)).first() is None
    answer = other.propose(evidence=None, evidence_file_id=str(UUID(int=1)))
    assert answer.status_code == 422
