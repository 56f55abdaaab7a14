"""Settings, read once from the environment (``FUNDOPS_*``) or from ``*_FILE`` secrets."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_PREFIX = "FUNDOPS_"

_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PLAIN_URL = re.compile(r"https?://[!-~]{1,200}")


class Settings(BaseSettings):
    """Every setting of fundops. ``FUNDOPS_DATABASE_URL_FILE`` names a file holding the value of
    ``FUNDOPS_DATABASE_URL``, and so for each setting.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)

    database_url: str = Field(
        "sqlite:///var/fundops.db", description="Where the records are: SQLite file or PostgreSQL."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged, as JSON lines on standard error."
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1_024, le=104_857_600, description="Largest request body accepted, in bytes."
    )
    pool_size: int = Field(
        0, ge=0, le=64, description="Database connections and worker threads; 0 picks 2 or 4."
    )
    lock_timeout_seconds: int = Field(
        30, ge=1, le=600, description="How long a write waits for the one before it."
    )
    export_slots: int = Field(
        2,
        ge=1,
        le=16,
        description="Workbooks and files of lists at once; more answer 503.",
    )
    export_thread: Literal["on", "off"] = Field(
        "on", description="Whether the server makes export jobs itself; else fundops work does."
    )
    export_job_days: int = Field(
        7, ge=1, le=90, description="Days for which the file of an export job is kept."
    )
    token_days: int = Field(
        90, ge=1, le=366, description="Days until a new token expires unless a date is given."
    )

    files_path: str = Field(
        "var/files", description="Folder of received files and of keys made here; back it up."
    )
    max_file_bytes: int = Field(
        20_971_520, ge=1_024, le=104_857_600, description="Largest file accepted, in bytes."
    )
    upload_part_bytes: int = Field(
        4_194_304, ge=1_024, le=67_108_864, description="Largest part of an upload, in bytes."
    )
    open_uploads: int = Field(
        20, ge=1, le=1_000, description="Uploads a person may have begun and not finished."
    )
    daily_upload_bytes: int = Field(
        209_715_200,
        ge=1_024,
        le=1_099_511_627_776,
        description="Bytes that may be declared for one organisation in 24 hours.",
    )
    upload_days: int = Field(
        7, ge=1, le=90, description="Days after which an unfinished upload is given up."
    )
    clean_slots: int = Field(
        1, ge=1, le=16, description="Files examined at once; further requests answer 503."
    )
    signing_key: str = Field(
        "",
        repr=False,
        description="Ed25519 private key (PKCS 8, PEM); without one, a key is made in the folder.",
    )
    vault_keys: str = Field(
        "",
        repr=False,
        description="Keys that bank details are encrypted with, as `id:base64` of 32 bytes, parted "
        "by commas, the current one first; without any, one is made in the folder.",
    )

    base_url: str = Field(
        "", description="Address of this service as people type it; messages name it if it is set."
    )
    notices_path: str = Field(
        "", description="Folder that messages are written to, one file each, in place of SMTP."
    )
    notices_from: str = Field("", description="E-mail address that messages come from.")
    notices_digest_hours: int = Field(
        24, ge=1, le=168, description="Hours between two digests to one channel, at least."
    )
    notices_attempts: int = Field(
        8, ge=1, le=20, description="Attempts to send a message before it counts as failed."
    )
    notices_thread: Literal["on", "off"] = Field(
        "on", description="Whether the server sends notices itself; otherwise fundops work does."
    )
    work_pause_seconds: int = Field(
        10, ge=1, le=3_600, description="Pause between two rounds of queued work, in seconds."
    )
    smtp_host: str = Field("", description="Mail server that messages are given to.")
    smtp_port: int = Field(587, ge=1, le=65_535, description="Port of the mail server.")
    smtp_user: str = Field("", description="Name to log in with; without one, no login.")
    smtp_password: str = Field("", repr=False, description="Password to log in with.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="Encryption, required unless none; none allows no login."
    )

    release_threshold_outside: int = Field(
        11, ge=3, le=100, description="Smallest count of persons that releases for all show."
    )
    release_threshold_inside: int = Field(
        5, ge=3, le=100, description="The same in releases for the fund's own people."
    )

    @model_validator(mode="after")
    def check_notices(self) -> Settings:
        """Refuse settings of notices that cannot work, or would send a password in the clear."""
        if self.smtp_host and self.notices_path:
            raise ValueError("set FUNDOPS_SMTP_HOST or FUNDOPS_NOTICES_PATH, not both")
        if self.smtp_host and not self.notices_from:
            raise ValueError("FUNDOPS_SMTP_HOST needs FUNDOPS_NOTICES_FROM")
        if self.smtp_tls == "none" and self.smtp_user:
            raise ValueError("FUNDOPS_SMTP_USER needs FUNDOPS_SMTP_TLS to be starttls or tls")
        if self.notices_from and not _PLAIN_ADDRESS.fullmatch(self.notices_from):
            raise ValueError("FUNDOPS_NOTICES_FROM is no plain e-mail address")
        if self.base_url and not _PLAIN_URL.fullmatch(self.base_url):
            raise ValueError("FUNDOPS_BASE_URL begins with https:// and has no spaces")
        if self.release_threshold_inside > self.release_threshold_outside:
            raise ValueError("FUNDOPS_RELEASE_THRESHOLD_INSIDE is above the one outside")
        return self

    @model_validator(mode="before")
    @classmethod
    def read_secret_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fill settings from the files that ``FUNDOPS_<NAME>_FILE`` variables name."""
        for name in cls.model_fields:
            path = os.environ.get(f"{ENV_PREFIX}{name.upper()}_FILE")
            if path is None:
                continue
            if name in values:
                raise ValueError(f"{ENV_PREFIX}{name.upper()} is set both directly and by a file")
            values[name] = Path(path).read_text(encoding="utf-8").strip()
        return values

    @property
    def is_sqlite(self) -> bool:
        """Whether the records live in an SQLite file."""
        return self.database_url.startswith("sqlite")

    @property
    def threads(self) -> int:
        """Connections in the pool and worker threads; measured best: 2 on SQLite, else 4."""
        return self.pool_size or (2 if self.is_sqlite else 4)
