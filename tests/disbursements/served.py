"""Serves the application in processes to be killed, one after the other.

``python -m tests.disbursements.served PORT [FAULT]`` reads from its standard input how many commits
a process is to live, starts it (a copy of this one, which has loaded the program already) and
writes its number. After so many commits that process kills itself before it answers the last of
them, which nobody outside could time; 0 is never. ``forget`` answers without keeping the answer
under its idempotency key; ``lose`` answers some writes that it has not committed.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import uvicorn

from fundops import idempotency
from fundops.app import create_app
from fundops.config import Settings
from fundops.db import WriteSession


def plant(fault: str) -> None:
    """Put the fault into the program."""
    if fault == "forget":
        idempotency.store_answer = lambda *_: None
        return
    assert fault == "lose"
    commit, count = WriteSession.commit, 0

    def lossy(self: Any) -> None:
        nonlocal count
        count += 1
        if count % 10 == 9:
            self.rollback()
        else:
            commit(self)

    WriteSession.commit = lossy  # type: ignore[method-assign]


def die_after(commits: int) -> None:
    """Have the process kill itself when it has committed for the last time."""
    commit, count = WriteSession.commit, 0

    def last(self: Any) -> None:
        nonlocal count
        commit(self)
        count += 1
        if count == commits:
            os.kill(os.getpid(), signal.SIGKILL)

    WriteSession.commit = last  # type: ignore[method-assign]


def serve(port: int, commits: int) -> None:
    """Serve until killed."""
    if commits:
        die_after(commits)
    uvicorn.run(
        create_app(Settings()), host="127.0.0.1", port=port, log_config=None, access_log=False
    )


def main(port: int, fault: str | None) -> None:
    """Start a process for each line of the standard input, until it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    if fault is not None:
        plant(fault)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve(port, int(line))
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
