"""Runs the commands of a page on a demonstration fund of its own, inside this process."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from fundops import commands
from fundops.app import create_app
from fundops.config import Settings
from tests.contract import documents

ADDRESS = "http://127.0.0.1:8000"
NAMES = {
    "Administrator": "ADMIN",
    "Fund manager": "MANAGER",
    "Finance officer": "FINANCE",
    "Approver": "APPROVER",
    "Grant officer": "OFFICER",
    "Auditor": "AUDITOR",
    "Donor's officer": "DONOR",
    "Grantee's officer": "GRANTEE",
}
"""Who is told of by the demonstration, and the name that pages use for their header."""

TOKEN = re.compile(r"^  (\S.*?) +(fdo_[0-9a-f]+)  GET ", re.MULTILINE)


def tokens(printed: str) -> dict[str, str]:
    """Return the tokens that the demonstration printed, by the names that pages use."""
    return {NAMES[who]: token for who, token in TOKEN.findall(printed)}


class Shell:
    """A terminal whose folder holds a demonstration fund, and whose server is this process."""

    def __init__(self, client: TestClient, names: dict[str, str]) -> None:
        self.client, self.names = client, names
        self.answer: Any = None

    def run(self, command: documents.Command) -> str:
        """Run one command; return what it prints, headers and problem documents included."""
        words = documents.filled(command.words, self.names)
        if words[0] == "fundops":
            return self._fundops(words[1:])
        assert words[0] == "curl", f"a page may run fundops and curl, not {words[0]}"
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
        path = asked.url.removeprefix(ADDRESS)
        answer = self.client.request(
            asked.method, path, headers=asked.headers, content=asked.body
        )  # fmt: skip
        if asked.output is not None:
            Path(asked.output).write_bytes(answer.content)
            return ""
        self.answer = answer.json()
        if not asked.shows_headers:
            return answer.text
        first = f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"
        headers = [f"{name}: {value}" for name, value in answer.headers.items()]
        return "\n".join([first, *headers, "", answer.text])


@contextmanager
def opened(demo: Path, printed: str, folder: Path) -> Iterator[Shell]:
    """Open a shell in ``folder`` on a copy of the demonstration's database."""
    (folder / "var").mkdir()
    copy = folder / "var" / "demo.db"
    shutil.copy(demo, copy)
    url = f"sqlite:///{copy}"
    app = create_app(Settings(database_url=url, log_level="error"))
    names = {who: f"authorization: Bearer {token}" for who, token in tokens(printed).items()}
    with pytest.MonkeyPatch.context() as patch, TestClient(app) as client:
        patch.chdir(folder)
        patch.setenv("FUNDOPS_DATABASE_URL", url)
        yield Shell(client, names | {"BASE": ADDRESS})
    app.state.database.close()
