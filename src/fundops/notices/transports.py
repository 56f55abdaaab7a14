"""Ways out: SMTP, or a folder of messages; which one, the settings say.

A transport gives a message away or raises ``NotSent``. Whether the other side has it when a
transport raises is not always known: a message is sent again under the same Message-ID.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP as CRLF
from pathlib import Path
from typing import Protocol

from fundops.config import Settings
from fundops.folders import make_folder, sync_folder, write_durably

SMTP_SECONDS = 10
"""How long the mail server may take for one answer."""


class NotSent(Exception):
    """A message was not given away; ``is_final`` when trying again is of no use."""

    def __init__(self, *, is_final: bool = False) -> None:
        super().__init__("not sent")
        self.is_final = is_final


class Transport(Protocol):
    """What gives messages away."""

    def send(self, message: EmailMessage, to: str, name: str) -> None:
        """Give away ``message`` for the address ``to``; ``name`` is its own. Raises ``NotSent``."""

    def close(self) -> None:
        """Let go of what was opened."""


class Folder:
    """Writes each message to a file: whole or not at all, the same file when sent again."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def send(self, message: EmailMessage, to: str, name: str) -> None:  # noqa: ARG002 - in the file
        """Write ``<name>.eml``; raises ``NotSent`` when the disk does not take it."""
        aside = self.path / f".{name}.{os.getpid()}"
        try:
            make_folder(self.path)
            aside.unlink(missing_ok=True)
            write_durably(aside, message.as_bytes(policy=CRLF))
            aside.replace(self.path / f"{name}.eml")
            sync_folder(self.path)
        except OSError as error:
            raise NotSent from error

    def close(self) -> None:
        """Nothing is held open."""


class Smtp:
    """Gives messages to a mail server, over one connection while it lasts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._server: smtplib.SMTP | None = None

    def send(self, message: EmailMessage, to: str, name: str) -> None:  # noqa: ARG002 - not needed
        """Send one message; raises ``NotSent``, finally when the address is refused for good."""
        try:
            self._connected().send_message(message, self.settings.notices_from, [to])
        except smtplib.SMTPRecipientsRefused as error:
            self.close()
            code, _ = next(iter(error.recipients.values()))
            raise NotSent(is_final=500 <= code < 600) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise NotSent from error

    def close(self) -> None:
        """End the connection, if there is one."""
        server, self._server = self._server, None
        if server is None:
            return
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            self._server = _login(self.settings)
        return self._server


def _login(settings: Settings) -> smtplib.SMTP:
    """Return a connection to the mail server, encrypted unless the settings say otherwise."""
    place = (settings.smtp_host, settings.smtp_port)
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.smtp_tls == "tls":
        server = smtplib.SMTP_SSL(*place, timeout=SMTP_SECONDS, context=context)
    else:
        server = smtplib.SMTP(*place, timeout=SMTP_SECONDS)
    try:
        if settings.smtp_tls == "starttls":
            server.starttls(context=context)  # raises where the server does not offer it
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
    except (smtplib.SMTPException, OSError):
        server.close()
        raise
    return server


def transport_of(settings: Settings) -> Transport | None:
    """Return the transport that the settings name, or none: then notices wait."""
    if settings.smtp_host:
        return Smtp(settings)
    if settings.notices_path:
        return Folder(settings.notices_path)
    return None
