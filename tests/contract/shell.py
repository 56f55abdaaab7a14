"""Runs the commands of a page on a demonstration fund of its own, inside this process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from fundops import commands
from tests.contract import documents
from tests.world import application, as_tested

ADDRESS = "http://127.0.0.1:8000"
NAMES = {
    "Administrator": "ADMIN",
    "Fund manager": "MANAGER",
    "Finance officer": "FINANCE",
    "Approver": "APPROVER",
    "Grant officer": "OFFICER",
    "Auditor": "AUDITOR",
    "Second auditor": "SECOND",
    "Donor's officer": "DONOR",
    "Grantee's officer": "GRANTEE",
    "Reviewer 1": "REVIEWER",
    "Board member 1": "MEMBER",
    "Bank signatory": "SIGNATORY",
}
"""Who is told of by the demonstration, and the name that pages use for their header."""

FILES = "demo-files"
"""The folder of the demonstration's files, beside its database."""

OUTSIDE = {"openssl": ["openssl"], "python3": [sys.executable]}
"""Programs that a page may run besides ours, to check by hand what ours says."""

TOKEN = re.compile(r"^  (\S.*?) +(fdo_[0-9a-f]+)  GET ", re.MULTILINE)


def tokens(printed: str) -> dict[str, str]:
    """Return the tokens that the demonstration printed, by the names that pages use."""
    return {NAMES[who]: token for who, token in TOKEN.findall(printed)}


class Shell:
    """A terminal whose folder holds a demonstration fund, and whose server is this process."""

    def __init__(self, client: TestClient | None, names: dict[str, str]) -> None:
        self.client, self.names = client, names
        self.answer: Any = None

    def run(self, command: documents.Command) -> str:
        """Run one command; return what it prints, headers and problem documents included."""
        words = documents.filled(command.words, self.names)
        if words[0] == "fundops":
            return self._fundops(words[1:])
        if words[0] in OUTSIDE:
            return _outside(OUTSIDE[words[0]] + words[1:])
        assert words[0] == "curl", f"a page may not run {words[0]}"
        return self._curl(documents.curl(words))

    def take(self, take: documents.Take) -> None:
        """Give a value of the last answer a name."""
        self.names[take.name] = documents.taken(self.answer, take.path)

    def _fundops(self, words: list[str]) -> str:
        if words == ["--version"]:
            from fundops import __version__

            return f"fundops {__version__}\n"
        return CliRunner().invoke(commands.app, words, catch_exceptions=False).output

    def _curl(self, asked: documents.Curl) -> str:
        assert self.client is not None, "no server"
        path = asked.url.removeprefix(ADDRESS)
        body: str | bytes | None = asked.body
        if asked.sent is not None:
            body = Path(asked.sent).read_bytes()
        answer = self.client.request(asked.method, path, headers=asked.headers, content=body)
        first = f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"
        headers = "\n".join([first, *(f"{name}: {told}" for name, told in answer.headers.items())])
        if asked.output is not None:
            Path(asked.output).write_bytes(answer.content)
            return f"{headers}\n" if asked.shows_headers else ""
        self.answer = answer.json()
        return f"{headers}\n\n{answer.text}" if asked.shows_headers else answer.text


def _outside(words: list[str]) -> str:
    # As at a reader's terminal: warnings are errors for our own programs only.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    return done.stdout + done.stderr


@contextmanager
def opened(demo: Path, printed: str, folder: Path) -> Iterator[Shell]:
    """Open a shell in ``folder`` on a copy of the demonstration's database."""
    (folder / "var").mkdir()
    copy = folder / "var" / "demo.db"
    shutil.copy(demo, copy)
    files = folder / "var" / FILES
    shutil.copytree(demo.with_name(FILES), files)
    url = f"sqlite:///{copy}"
    settings = as_tested(url).model_copy(update={"files_path": str(files)})
    names = {who: f"authorization: Bearer {token}" for who, token in tokens(printed).items()}
    with (
        pytest.MonkeyPatch.context() as patch,
        application(settings) as app,
        TestClient(app) as client,
    ):
        patch.chdir(folder)
        patch.setenv("FUNDOPS_DATABASE_URL", url)
        patch.setenv("FUNDOPS_FILES_PATH", str(files))
        yield Shell(client, names | {"BASE": ADDRESS})
