"""Writes what the program logs to standard error: a line for people, or a JSON document a line for machines.

Each has its moment in UTC and its level. What is known of it beside its words (a job, counts, seconds) is given by `extra={"fields":
{…}}` and stands in the document as keys of its own; people have it in the words.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pipeline.render import plain

TEXT, JSON = "text", "json"
_LOGGERS = ("pipeline", "apscheduler")


def to_stderr(form: str = TEXT) -> None:
    """Writes the log to standard error from now on; called again it changes the form alone."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        ours = next((h for h in logger.handlers if isinstance(h, _ToStderr)), None)
        if ours is None:
            logger.addHandler(ours := _ToStderr())
        ours.setFormatter(_Document() if form == JSON else _Line())
    logging.getLogger("pipeline").setLevel(logging.INFO)


class _ToStderr(logging.Handler):
    """Writes to what is standard error at that moment; a pipe that nobody reads any more ends no daemon."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # there is no other place where it could be said
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()


class _Line(logging.Formatter):
    """`2024-05-14T09:30:00Z INFO tick: 3 feeds read`, and the traceback of a bug below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = plain(record.message, 4000)
        return super().formatMessage(record)


class _Document(logging.Formatter):
    """`{"at": …, "level": …, "logger": …, "message": …}` and the fields, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        document |= {k: v for k, v in getattr(record, "fields", {}).items() if k not in document}
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False, default=str)
