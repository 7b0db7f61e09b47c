"""Message → channel: writes it where the channel says, and gives back a receipt.

It words nothing and decides nothing: whether, when and how often to try is the caller's. A message has a name that stays the
same however often it is delivered, so that the file it becomes is written over and never doubled.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DeliveryError
from pipeline.model import Channel
from pipeline.text import digest

KINDS = ("file", "log")
"""The kinds of channel there are: files in a folder, and one line in the program's log."""

_log = logging.getLogger("pipeline.notify")
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Message:
    """What to hand over. `name` is stable and tells messages apart; an empty body is left out."""

    name: str
    subject: str
    markdown: str
    html: str = ""


def deliver(message: Message, channel: Channel) -> str:
    """Hands a message to a channel and gives the receipt: where it went.

    Raises DeliveryError: transient where the disk or the folder's rights may change, lasting for a kind that there is not.
    """
    if channel.kind == "file":
        return _write(message, Path(channel.target), channel.name)
    if channel.kind == "log":
        _log.info("%s: %s", channel.name, message.subject)
        return "logged"
    raise DeliveryError(f"there is no channel of kind {channel.kind!r}: use {' or '.join(KINDS)}", about=channel.name, transient=False)


def _write(message: Message, folder: Path, about: str) -> str:
    stem = file_stem(message.name)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, body in ((".md", message.markdown), (".html", message.html)):
            if body:
                _replace(folder / (stem + suffix), body)
                written.append(stem + suffix)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise DeliveryError(f"cannot write to the folder {folder}: {reason}; check that it may be written", about=about) from problem
    return f"{folder}: {', '.join(written)}"


def file_stem(name: str) -> str:
    """Gives a file name, without its suffix, that no path can hide in; names that differ stay different.

    >>> file_stem("2024-05-14 ab12"), file_stem("2024-05-14"), file_stem("../../etc/passwd")
    ('2024-05-14-ab12-aed985a4', '2024-05-14', 'etc-passwd-cf8b8ee0')
    """
    safe = _NOT_IN_FILE_NAMES.sub("-", name).strip(".-")[:80]
    return safe if safe == name else f"{safe or 'message'}-{digest(name)[:8]}"


def _replace(path: Path, body: str) -> None:
    """Writes a whole file or none: a reader, or a power cut, never sees half of it."""
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
