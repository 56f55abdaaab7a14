"""Signatures: made with a key that looks after itself, verified by us and by openssl."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from fundops import commands, signing
from fundops.authz import Role
from fundops.config import Settings
from fundops.errors import Problem
from fundops.signing import BadKey, Signed, Signer
from tests.world import World

DATA = b"Received: proposal PRP-2026-0001, 3 budget lines.\n"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "files")


def test_a_key_is_made_once_for_this_user_alone(signer: Signer) -> None:
    first = signer.sign(DATA)
    key = signer.folder / "signing.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert signer.folder.stat().st_mode & 0o777 == 0o700
    again = Signer(signer.folder)
    assert again.sign(DATA) == first
    assert again.verify(DATA, first)
    assert [one.is_current for one in again.public_keys()] == [True]
    assert not any("PRIVATE" in one.pem for one in again.public_keys())
    assert list(signer.folder.glob(".*")) == []


def test_many_at_once_make_one_key(tmp_path: Path) -> None:
    barrier, found = threading.Barrier(6), []

    def run() -> None:
        barrier.wait()
        found.append(Signer(tmp_path / "files").sign(DATA))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_anything_changed_does_not_verify(signer: Signer) -> None:
    signed = signer.sign(DATA)
    (key,) = signer.public_keys()
    assert signing.verify(key.pem, DATA, signed.signature)
    assert not signing.verify(key.pem, DATA + b" ", signed.signature)
    assert not signing.verify(key.pem, DATA, "not base64!")
    assert not signing.verify(key.pem, DATA, base64.b64encode(bytes(64)).decode())
    assert not signer.verify(DATA, Signed("0" * 16, signed.signature))
    for wrong in ("", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(BadKey):
            signing.verify(wrong, DATA, signed.signature)


def test_what_was_signed_before_a_rotation_still_verifies(signer: Signer) -> None:
    before, old = signer.sign(DATA), signer.key_id
    watching = Signer(signer.folder)
    assert watching.key_id == old
    new = signer.rotate()
    assert new != old
    after = signer.sign(DATA)
    assert after.key_id == new
    assert signer.verify(DATA, before)
    assert signer.verify(DATA, after)
    assert [(one.key_id, one.is_current) for one in signer.public_keys()] == [
        (new, True), (old, False),
    ]  # fmt: skip
    # A server that runs on takes the new key without being started again.
    assert watching.sign(DATA) == after


def test_a_key_given_by_a_setting_is_used_and_stays_listed(signer: Signer, tmp_path: Path) -> None:
    signer.sign(DATA)
    pem = (signer.folder / "signing.key").read_text(encoding="ascii")
    secret = tmp_path / "secret.pem"
    secret.write_text(pem, encoding="ascii")
    folder = tmp_path / "elsewhere"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNDOPS_SIGNING_KEY_FILE", str(secret))
        settings = Settings()
    assert "PRIVATE" not in repr(settings)
    given = Signer(folder, settings.signing_key)
    assert given.sign(DATA) == signer.sign(DATA)
    assert not (folder / "signing.key").exists()
    with pytest.raises(Problem):
        given.rotate()
    # Taken back, the office's own key signs, and what was signed with the other still verifies.
    own = Signer(folder)
    assert own.key_id != given.key_id
    assert own.verify(DATA, given.sign(DATA))


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for wrong in ("nonsense", other.decode()):
        with pytest.raises(BadKey, match="Ed25519"):
            Signer(tmp_path, wrong).sign(DATA)


def test_openssl_verifies_our_signatures(signer: Signer, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    if (
        "OpenSSL 3"
        not in subprocess.run(
            [openssl, "version"], capture_output=True, text=True, check=True
        ).stdout
    ):
        pytest.skip("this openssl cannot verify Ed25519 from the command line")
    signed = signer.sign(DATA)
    for name, content in (
        ("data", DATA), ("signature", base64.b64decode(signed.signature)),
        ("key.pem", signer.public_keys()[0].pem.encode()), ("other", DATA + b"!"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)

    def verified(data: str) -> bool:
        words = [
            openssl, "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "key.pem",
            "-sigfile", "signature", "-in", data,
        ]  # fmt: skip
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode == 0

    assert verified("data")
    assert not verified("other")


def test_keys_are_listed_for_everybody_with_a_token(world: World) -> None:
    signed = world.app.state.signer.sign(DATA)
    assert world.anonymous().get("/v1/signing_keys").status_code == 401
    for role in Role:
        answer = world.as_role(role, party_id=_party(world, role)).get("/v1/signing_keys")
        assert answer.status_code == 200, role
        current = answer.json()["items"][0]
        assert current["is_current"]
        assert current["key_id"] == signed.key_id
        assert "PRIVATE" not in answer.text
        assert signing.verify(current["public_key"], DATA, signed.signature)


def _party(world: World, role: Role) -> UUID | None:
    from fundops import audit
    from fundops.authz import PARTY_ROLES
    from tests.factories import a_party

    if role not in PARTY_ROLES:
        return None
    with world.database.write() as db:
        audit.lock_head(db)
        return a_party(db).id


def test_the_command_lists_and_rotates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDOPS_FILES_PATH", str(tmp_path / "files"))
    run = CliRunner().invoke
    first = run(commands.app, ["keys", "list"])
    assert first.exit_code == 0
    key_id = Signer(tmp_path / "files").key_id
    assert f"{key_id} (current)" in first.output
    assert "BEGIN PUBLIC KEY" in first.output
    rotated = run(commands.app, ["keys", "rotate"])
    assert rotated.exit_code == 0
    listed = run(commands.app, ["keys", "list"]).output
    assert key_id in listed
    assert f"{key_id} (current)" not in listed
    monkeypatch.setenv("FUNDOPS_SIGNING_KEY", "nonsense")
    for words in (["keys", "list"], ["keys", "rotate"]):
        wrong = run(commands.app, words)
        assert wrong.exit_code == 1
    assert os.listdir(tmp_path / "files" / "keys")
