"""The vault by itself: keys from a setting or a folder, what opens where, what a length tells."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from uuid import uuid4

import pytest

from fundops import vault as vaults
from fundops.config import Settings
from fundops.db import Database
from fundops.errors import Problem
from fundops.vault import BadKeys, CannotOpen, Place, Sealed, Vault


def key(name: str, fill: int) -> str:
    return f"{name}:{base64.b64encode(bytes([fill]) * 32).decode()}"


def a_vault(folder: Path, keys: str = "") -> Vault:
    return Vault(Settings(files_path=str(folder), vault_keys=keys))


def a_place() -> Place:
    return Place("bank_account", uuid4(), uuid4())


def test_what_is_sealed_opens_in_its_place_only(tmp_path: Path) -> None:
    vault, place = a_vault(tmp_path, key("a", 1)), a_place()
    sealed = vault.encrypt({"number": "4711", "holder": "Öffnung"}, place)
    assert vault.decrypt(sealed, place) == {"number": "4711", "holder": "Öffnung"}
    for other in (
        Place("other", place.record_id, place.party_id),
        Place(place.record_type, uuid4(), place.party_id),
        Place(place.record_type, place.record_id, uuid4()),
    ):
        with pytest.raises(CannotOpen):
            vault.decrypt(sealed, other)


def test_the_same_text_is_never_sealed_alike_and_its_length_tells_nothing(tmp_path: Path) -> None:
    vault, place = a_vault(tmp_path, key("a", 1)), a_place()
    sealed = {vault.encrypt({"n": text}, place).ciphertext for text in ["", "1", "1", "Ж" * 900]}
    assert len(sealed) == 4
    assert len({len(one) for one in sealed}) == 1


def test_a_wrong_key_opens_nothing(tmp_path: Path) -> None:
    place = a_place()
    sealed = a_vault(tmp_path, key("a", 1)).encrypt({"n": 1}, place)
    for keys in (key("a", 2), key("b", 1), f"{key('b', 1)},{key('a', 2)}"):
        with pytest.raises(CannotOpen):
            a_vault(tmp_path, keys).decrypt(sealed, place)
    # The id of the key is bound too: the same bytes under another name are another key.
    with pytest.raises(CannotOpen):
        a_vault(tmp_path, key("b", 1)).decrypt(Sealed("b", sealed.ciphertext), place)
    assert a_vault(tmp_path, f"{key('b', 2)},{key('a', 1)}").decrypt(sealed, place) == {"n": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        "a", "a:", "a:AAAA", f"A:{'A' * 43}=", f"{'a' * 33}:{'A' * 43}=", f"a:{'A' * 44}",
        f"{key('a', 1)},{key('a', 2)}", f"{key('a', 1)},,{key('b', 2)},", f"a:{'!' * 43}=",
        ":" * 60,
    ],
)  # fmt: skip
def test_a_setting_that_is_no_list_of_keys_is_refused_and_not_repeated(
    tmp_path: Path, wrong: str
) -> None:
    with pytest.raises(BadKeys) as caught:
        a_vault(tmp_path, wrong)
    assert wrong not in str(caught.value) or wrong in ("a", "a:")


def test_keys_may_be_parted_by_lines_and_written_for_addresses(tmp_path: Path) -> None:
    odd = base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()
    vault = a_vault(tmp_path, f"{key('b', 2)}\n a:{odd}\n".strip())
    assert vault.key_ids == ("b", "a")


def test_keys_are_shown_nowhere(tmp_path: Path) -> None:
    settings = Settings(files_path=str(tmp_path), vault_keys=key("a", 1))
    secret = key("a", 1).partition(":")[2]
    assert secret not in repr(settings)
    made = vaults.new_key()
    assert repr(made.secret) not in repr(made)
    assert str(made) == repr(made)


def test_fingerprints_are_equal_for_equal_numbers_under_one_key_only(tmp_path: Path) -> None:
    one, both = a_vault(tmp_path, key("a", 1)), a_vault(tmp_path, f"{key('b', 2)},{key('a', 1)}")
    assert one.fingerprint("x") == one.fingerprint("x") != one.fingerprint("y")
    assert both.fingerprint("x") != one.fingerprint("x")
    assert one.fingerprint("x") in both.fingerprints("x")
    assert both.fingerprint("x", "a") == one.fingerprint("x")
    assert len(one.fingerprint("x")) == 64
    # What finds equal numbers tells nothing of requests, and none of both uses the key itself.
    assert one.request_digests(b"x")[0].hex() != one.fingerprint("x")


def test_a_key_is_made_once_for_this_user_alone(database: Database, tmp_path: Path) -> None:
    vault = a_vault(tmp_path / "new" / "files")
    assert vault.key_ids == ()
    with pytest.raises(Problem, match="not here"):
        vault.encrypt({}, a_place())
    with database.read() as db:
        vault.prepare(db)
        made = vault.key_ids
        vault.prepare(db)
        a_vault(tmp_path / "new" / "files").prepare(db)
    assert vault.key_ids == made
    assert vault.path.stat().st_mode & 0o777 == 0o600
    assert vault.path.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(vault.path.parent) == ["vault.key"]


def test_no_key_is_made_where_one_is_lost(database: Database, tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    with pytest.MonkeyPatch.context() as patch, database.read() as db:
        patch.setattr(vaults, "ids_in_use", lambda _db: {"gone": 3})
        with pytest.raises(Problem, match="not here"):
            vault.prepare(db)
    assert not vault.path.exists()


def test_a_new_key_is_seen_by_whoever_runs_already(tmp_path: Path) -> None:
    running, command = a_vault(tmp_path), a_vault(tmp_path)
    first = command.add_key()
    assert list(running.key_ids) == [first]
    place = a_place()
    sealed = running.encrypt({"n": 1}, place)
    second = command.add_key()
    assert list(running.key_ids) == [second, first]
    assert running.encrypt({"n": 1}, place).key_id == second
    assert running.decrypt(sealed, place) == {"n": 1}
    with pytest.raises(Problem, match="in use"):
        command.forget_key(second)
    with pytest.raises(Problem):
        command.forget_key("unknown")
    command.forget_key(first)
    with pytest.raises(CannotOpen):
        running.decrypt(sealed, place)


def test_given_keys_are_their_owners(tmp_path: Path) -> None:
    vault = a_vault(tmp_path, key("a", 1))
    for change in (vault.add_key, lambda: vault.forget_key("a")):
        with pytest.raises(Problem, match="FUNDOPS_VAULT_KEYS"):
            change()
    assert not vault.path.exists()
    assert json.loads(json.dumps(vault.key_ids)) == ["a"]


def test_a_printed_key_is_one_that_the_setting_takes(tmp_path: Path) -> None:
    made = vaults.new_key()
    assert a_vault(tmp_path, vaults.key_line(made)).key_ids == (made.key_id,)
