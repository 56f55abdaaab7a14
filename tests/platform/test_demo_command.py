"""The demonstration's command, where it must not begin."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fundops.commands import app
from fundops.demo import command


def test_a_port_that_is_taken_is_noticed_before_anything_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command.FOLDER.mkdir()
    command.DATABASE.write_text("the last demonstration", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = CliRunner().invoke(app, ["demo", "--port", str(port)])
    assert done.exit_code == 1
    assert f"Is port {port} taken?" in done.output
    assert command.DATABASE.read_text(encoding="utf-8") == "the last demonstration"


def test_a_free_port_is_free_and_an_unknown_host_is_left_to_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert command._is_taken("127.0.0.1", port)
    assert not command._is_taken("127.0.0.1", port)
    assert not command._is_taken("no.such.host.invalid", port)
