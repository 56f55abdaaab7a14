"""Structured logs: one JSON object a line on standard error, without secrets or bodies."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

FIELDS = ("request_id", "method", "path", "status", "milliseconds", "person")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; the traceback names code, never values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if record.exc_info and record.exc_info[2] is not None:
            kind = record.exc_info[0]
            frames = traceback.extract_tb(record.exc_info[2])
            line["error"] = kind.__name__ if kind else None
            line["frames"] = [f"{frame.name}:{frame.lineno}" for frame in frames[-12:]]
        return json.dumps(line, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Send the logs of fundops and of the server to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("fundops", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())
    # The server's own access log would print query strings; ours prints paths only.
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate, access.disabled = [], False, True
