"""Servers to measure: fundops as ``fundops serve`` runs it, and the tutorial beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
LOG_SHOWN = 4_000
"""Bytes of a server's log that are shown when measuring it fails."""

FUNDOPS = ("-m", "fundops.cli", "serve", "--port")
TUTORIAL = ("-m", "uvicorn", "scripts.benchmarks.tutorial:app", "--port")


@contextmanager
def serving(program: tuple[str, ...], database_url: str) -> Iterator[int]:
    """Run a server on ``database_url``, on the first core alone; the block's value is its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    environment = os.environ | {"FUNDOPS_DATABASE_URL": database_url, "PYTHONPATH": path}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, *program, str(port)], env=environment, stdout=log, stderr=log
        )
        try:
            pin(0, process.pid)
            _wait(port, process)
            yield port
        except BaseException:
            log.seek(max(log.tell() - LOG_SHOWN, 0))
            sys.stderr.write(log.read().decode(errors="replace"))
            raise
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server to measure does not answer")


def pin(core: int, pid: int = 0) -> None:
    """Keep a process (by default this one) on one core, where there are several."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) > 1 or (pid == 0 and (os.cpu_count() or 1) > 1):
        os.sched_setaffinity(pid, {core})


@contextmanager
def apart() -> Iterator[None]:
    """Keep this process, the client, off the servers' core while the block runs."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
