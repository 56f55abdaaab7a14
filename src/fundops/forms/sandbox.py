"""A process of its own for every file that strangers made: a hostile one can end only that process.

The parent calls ``run``; the child calls ``limit_self`` before it touches its input. Whatever the
child does other than end by itself with exit code 0 is ``ChildFailed``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import fundops


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a file may be, and what the process that opens it may use."""

    file_bytes: int
    parts: int
    unzipped_bytes: int
    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    output_bytes: int


RECEIVED = Bounds(
    file_bytes=100 * 2**20,
    parts=4_000,
    unzipped_bytes=200 * 2**20,
    memory_bytes=1024 * 2**20,
    cpu_seconds=20,
    wall_seconds=40.0,
    output_bytes=4 * 2**20,
)
"""For a file of any kind that people hand in; what is made of it may have bounds of its own."""


class ChildFailed(Exception):
    """The process was ended by its limits, took too long, or failed."""


def run(
    module: str, arguments: Sequence[str], source: bytes, output: IO[bytes], wall_seconds: float
) -> None:
    """Run ``python -m module arguments`` on ``source``; what it writes goes to ``output``.

    The environment is empty but for the path of this package. Raises ``ChildFailed``.
    """
    assert fundops.__file__ is not None
    root = Path(fundops.__file__).resolve().parent.parent
    environment = {"PYTHONPATH": str(root), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own module; arguments are never a shell's
            [sys.executable, "-P", "-m", module, *arguments],
            input=source,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ChildFailed from None
    if done.returncode != 0:
        raise ChildFailed


def limit_self(bounds: Bounds) -> None:
    """Bound memory, processor time and output of this process, and leave no core file."""
    import resource

    for what, most in (
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_FSIZE, bounds.output_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (bound, bound))
        except ValueError:
            # Some systems know no limit of address space; the others still hold there.
            if sys.platform.startswith("linux"):
                raise
