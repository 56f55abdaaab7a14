"""Every setting is told in ``docs/settings.md``, which is written from the settings themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from fundops.config import ENV_PREFIX, Settings
from fundops.config_document import settings_document


@pytest.fixture
def document(pytestconfig: pytest.Config) -> str:
    return (pytestconfig.rootpath / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_document_is_current(document: str) -> None:
    assert document == settings_document(), "write it again: python -m fundops.config_document"


def test_every_setting_is_told_with_its_meaning(document: str) -> None:
    for name, field in Settings.model_fields.items():
        assert f"`{ENV_PREFIX}{name.upper()}`" in document
        assert field.description, name
        assert field.description in document


def test_a_setting_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://somewhere/fundops\n", encoding="utf-8")
    monkeypatch.setenv("FUNDOPS_DATABASE_URL_FILE", str(secret))
    monkeypatch.delenv("FUNDOPS_DATABASE_URL", raising=False)
    assert Settings().database_url == "postgresql://somewhere/fundops"
    monkeypatch.setenv("FUNDOPS_DATABASE_URL", "sqlite:///other.db")
    with pytest.raises(ValidationError, match="both"):
        Settings()


def test_a_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDOPS_POOL_SIZE", "many")
    with pytest.raises(ValidationError):
        Settings()
