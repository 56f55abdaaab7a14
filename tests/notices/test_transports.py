"""Ways out: a folder, and a real mail server that this file brings along."""

from __future__ import annotations

import base64
import os
import socketserver
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from fundops.config import Settings
from fundops.notices import letters, transports
from fundops.notices.transports import Folder, NotSent, Smtp, transport_of
from tests.notices.test_letters import a_letter

SENDER = "fund@office.example.org"


class Server(socketserver.ThreadingTCPServer):
    """A mail server: what it was given, and what it refuses."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None, *, logs_in: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.context, self.logs_in = context, logs_in
        self.given: list[tuple[bytes, bool]] = []
        self.logins: list[tuple[str, bool]] = []
        self.refuses: dict[str, str] = {}
        self.hangs_up_after_data = False


class Session(socketserver.StreamRequestHandler):
    """One connection to the mail server."""

    server: Server

    def handle(self) -> None:
        self.is_safe = False
        self.say("220 test")
        while line := self.rfile.readline():
            word = line.decode().strip()
            verb = word.split(" ")[0].upper()
            if verb == "STARTTLS" and self.server.context:
                self.say("220 go ahead")
                self._encrypt(self.server.context)
                continue
            if verb == "QUIT":
                self.say("221 bye")
                return
            if not self._answer(verb, word):
                return

    def _answer(self, verb: str, word: str) -> bool:
        match verb:
            case "EHLO":
                offers = ["STARTTLS"] if self.server.context and not self.is_safe else []
                offers += ["AUTH PLAIN"] if self.server.logs_in else []
                lines = ["test", *offers]
                for number, offer in enumerate(lines):
                    self.say(f"250{' ' if number == len(lines) - 1 else '-'}{offer}")
            case "AUTH":
                secret = base64.b64decode(word.split(" ")[2]).decode()
                self.server.logins.append((secret.replace("\0", "/"), self.is_safe))
                self.say("235 welcome")
            case "RCPT":
                refusal = next((a for to, a in self.server.refuses.items() if to in word), None)
                self.say(refusal or "250 ok")
            case "DATA":
                self.say("354 go on")
                body: list[bytes] = []
                while (line := self.rfile.readline()) != b".\r\n":
                    body.append(line[1:] if line.startswith(b"..") else line)
                self.server.given.append((b"".join(body), self.is_safe))
                if self.server.hangs_up_after_data:
                    return False
                self.say("250 taken")
            case _:
                self.say("250 ok")
        return True

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _encrypt(self, context: ssl.SSLContext) -> None:
        self.request = context.wrap_socket(self.request, server_side=True)
        self.connection = self.request
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", buffering=0)
        self.is_safe = True

    def finish(self) -> None:
        for one in (self.wfile, self.rfile, self.request):
            with suppress(OSError):
                one.close()


@contextmanager
def serving(context: ssl.SSLContext | None = None, **options: Any) -> Iterator[Server]:
    with Server(context, **options) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a certificate for localhost, with its key, that nobody trusts but who is told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    path.write_bytes(
        key.private_bytes(*plain, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def settings(server: Server, **over: Any) -> Settings:
    values: dict[str, Any] = {
        "smtp_host": "localhost", "smtp_port": server.server_address[1], "notices_from": SENDER,
    }  # fmt: skip
    return Settings(**(values | over))


def send(wanted: Settings, to: str = "a@example.org") -> letters.Letter:
    letter = a_letter(address=to)
    transport = transport_of(wanted)
    assert isinstance(transport, Smtp)
    try:
        transport.send(letters.compose(letter, wanted), to, str(letter.id))
    finally:
        transport.close()
    return letter


def test_a_server_gets_the_message_encrypted_after_a_login(
    context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(context, logs_in=True) as server:
        letter = send(settings(server, smtp_user="fund", smtp_password="secret"))
    ((raw, is_safe),) = server.given
    assert is_safe
    assert server.logins == [("/fund/secret", True)]
    read = message_from_bytes(raw, policy=SMTP)
    assert read["Message-ID"] == f"<{letter.id}@office.example.org>"
    assert "was paid" in read.get_content()


def test_nothing_is_sent_in_the_clear_unless_told(context: ssl.SSLContext) -> None:
    with serving() as server:  # it does not offer encryption
        with pytest.raises(NotSent):
            send(settings(server))
        assert server.given == []
        send(settings(server, smtp_tls="none"))
        assert [is_safe for _, is_safe in server.given] == [False]


def test_a_server_nobody_vouches_for_gets_nothing(context: ssl.SSLContext) -> None:
    with serving(context, logs_in=True) as server:
        with pytest.raises(NotSent):
            send(settings(server, smtp_user="fund", smtp_password="secret"))
        assert (server.given, server.logins) == ([], [])


@pytest.mark.parametrize(("answer", "is_final"), [("550 nobody", True), ("450 later", False)])
def test_refusals_for_good_and_for_now(answer: str, is_final: bool) -> None:
    with serving() as server:
        server.refuses["nobody@example.org"] = answer
        with pytest.raises(NotSent) as refused:
            send(settings(server, smtp_tls="none"), "nobody@example.org")
        assert refused.value.is_final is is_final


def test_a_server_that_takes_it_and_hangs_up_counts_as_not_sent() -> None:
    with serving() as server:
        server.hangs_up_after_data = True
        with pytest.raises(NotSent) as refused:
            send(settings(server, smtp_tls="none"))
        assert not refused.value.is_final
        assert len(server.given) == 1


def test_no_server_is_no_crash() -> None:
    with serving() as server:
        gone = settings(server, smtp_tls="none")
    with pytest.raises(NotSent):
        send(gone)


def test_one_connection_serves_several_and_is_opened_anew() -> None:
    with serving() as server:
        wanted = settings(server, smtp_tls="none")
        transport = Smtp(wanted)
        server.refuses["nobody@"] = "550 nobody"
        for to in ("a@example.org", "b@example.org"):
            letter = a_letter(address=to)
            transport.send(letters.compose(letter, wanted), to, str(letter.id))
        letter = a_letter(address="nobody@example.org")
        with pytest.raises(NotSent):
            transport.send(letters.compose(letter, wanted), "nobody@example.org", "x")
        letter = a_letter()
        transport.send(letters.compose(letter, wanted), "a@example.org", "x")
        transport.close()
        assert len(server.given) == 3


def test_a_folder_gets_a_file_for_each_and_the_same_again(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "out"))
    letter = a_letter()
    for _ in range(2):
        made = letters.compose(letter, Settings())
        folder.send(made, "a@example.org", str(letter.id))
    folder.close()
    (file,) = (tmp_path / "out").iterdir()
    assert file.name == f"{letter.id}.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read = message_from_bytes(file.read_bytes(), policy=SMTP)
    assert (read["To"], read["From"]) == ("a@example.org", "fundops <fundops@localhost>")


def test_a_half_written_file_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, letter = Folder(str(tmp_path)), a_letter()
    made = letters.compose(letter, Settings())
    (tmp_path / f".{letter.id}.{os.getpid()}").write_text("half")

    def full(_path: Path, _content: bytes) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(transports, "write_durably", full)
        with pytest.raises(NotSent):
            folder.send(made, "a@example.org", str(letter.id))
    assert list(tmp_path.glob("*.eml")) == []
    folder.send(made, "a@example.org", str(letter.id))
    assert len(list(tmp_path.glob("*.eml"))) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"smtp_host": "localhost", "notices_path": "out", "notices_from": SENDER},
        {"smtp_host": "localhost"},
        {"smtp_user": "fund", "smtp_tls": "none"},
        {"notices_from": "a@b.org\r\nBcc: c@d.org"},
        {"notices_from": "no address"},
        {"base_url": "javascript:alert(1)"},
        {"base_url": "https://x y"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_the_password_may_stand_in_a_file_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    monkeypatch.setenv("FUNDOPS_SMTP_PASSWORD_FILE", str(file))
    found = Settings()
    assert found.smtp_password == "secret"
    assert "secret" not in repr(found)
    assert transport_of(found) is None
