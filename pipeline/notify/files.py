"""Message → files in a folder, one file that is a feed, or a line in the program's log.

A file is written whole or not at all, under the name of its message: delivered again it is written over, so that a folder and a feed
hold each message exactly once.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from pipeline.errors import DeliveryError
from pipeline.model import Channel
from pipeline.notify.message import Message
from pipeline.text import digest

_log = logging.getLogger("pipeline.notify")
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def log(message: Message, channel: Channel) -> str:
    """Writes the subject of a message to the program's log."""
    _log.info("%s: %s", channel.name, message.subject)
    return "logged"


def write(message: Message, channel: Channel) -> str:
    """Writes a message as Markdown, and as HTML where it has that, into the folder of a channel; raises DeliveryError."""
    stem = file_stem(message.name)
    bodies = {stem + suffix: body for suffix, body in ((".md", message.markdown), (".html", message.html)) if body}
    return f"{channel.target}: {_write(Path(channel.target), bodies, channel.name)}"


def write_feed(message: Message, channel: Channel) -> str:
    """Writes the one file of a feed; raises DeliveryError."""
    path = Path(channel.target)
    _write(path.parent, {path.name: message.text}, channel.name)
    return str(path)


def try_folder(channel: Channel) -> str:
    """Writes a file beside that of a feed and takes it away again; raises DeliveryError where that cannot be done."""
    folder = Path(channel.target).parent
    name = f".{Path(channel.target).name}.test"
    _write(folder, {name: ""}, channel.name)
    (folder / name).unlink(missing_ok=True)
    return f"{folder} can be written"


def _write(folder: Path, bodies: dict[str, str], about: str) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in bodies.items():
            _replace(folder / name, body)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise DeliveryError(f"cannot write to the folder {folder}: {reason}; check that it may be written", about=about) from problem
    return ", ".join(bodies)


def file_stem(name: str) -> str:
    """Gives a file name, without its suffix, that no path can hide in; names that differ stay different.

    >>> file_stem("2024-05-14 ab12"), file_stem("2024-05-14"), file_stem("../../etc/passwd")
    ('2024-05-14-ab12-aed985a4', '2024-05-14', 'etc-passwd-cf8b8ee0')
    """
    safe = _NOT_IN_FILE_NAMES.sub("-", name).strip(".-")[:80]
    return safe if safe == name else f"{safe or 'message'}-{digest(name)[:8]}"


def _replace(path: Path, body: str) -> None:
    """Writes a whole file or none: a reader, or a power cut, never sees half of it.

    The half that a killed writer leaves has the name that the next one writes under, so that it goes with that one's.
    """
    scratch = path.with_name(f".{path.name}.part")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(0o644)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
