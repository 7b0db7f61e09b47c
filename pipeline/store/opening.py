"""From a path to a connection: looks before it touches, locks out a second writer, and says in one line what is wrong.

It never writes to a file that is not ours: the header is read as bytes before SQLite sees the file, because SQLite would
change the header of another program's database when it is switched to WAL.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sqlite_utils import Database

from pipeline.errors import StoreError
from pipeline.store.schema import APPLICATION_ID, migrations

WAIT_SECONDS = 5.0
"""How long a statement waits for another program's lock: a `sqlite3` shell that reads holds one for moments."""
_LOOK_SECONDS = 0.1
"""Between two looks whether a lock is free."""

CACHE_KIBIBYTES = 8_000
"""How much of the file each connection keeps in memory: four times as much is no faster, since the system keeps the file too, and grows
with the store for a month before it is full."""

_MAGIC = b"SQLite format 3\0"
_NO_TABLES = b"\x0d\0\0\0\0"
"""Page type, first free block and number of cells of a schema page that holds nothing (SQLite file format, 1.6)."""

_DAMAGED = "is damaged: put back a copy of it, or move it away to begin a new one"
_FULL = "cannot grow (the disk is full): make room"
_ADVICE = {
    sqlite3.SQLITE_BUSY: "is locked by another program: close it, or try again when it is done",
    sqlite3.SQLITE_LOCKED: "is locked by another program: close it, or try again when it is done",
    sqlite3.SQLITE_READONLY: "cannot be written: give yourself the right to write the file and its folder",
    sqlite3.SQLITE_PERM: "cannot be opened: give yourself the right to read and write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: give yourself the right to read and write the file and its folder",
    sqlite3.SQLITE_IOERR: "cannot be read or written (the disk reports an error): check the disk",
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,  # the file beside it that every reader and writer needs does not fit any more
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_INTERRUPT: "was told to stop in the middle of its work; nothing of that was kept",
}


@contextmanager
def translated(about: str) -> Iterator[None]:
    """Turns what SQLite says of the file into a StoreError; a mistake in our SQL or a broken constraint stays the bug it is."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        # Text that is no UTF-8 is found by Python, not by SQLite, and has no code: we write none, so the disk did.
        advice = _ADVICE.get(code, _ADVICE.get(code & 0xFF)) if code is not None else _DAMAGED if "decode to UTF-8" in str(error) else None
        if advice is None:
            raise
        raise StoreError(f"the store {advice} ({error})", about=about) from error


class OlderSchemaError(StoreError):
    """A store that must be brought up to date before it can be read."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: its process, the command that it runs, since when, and what it says of itself."""

    process: int
    command: str = ""
    since: datetime | None = None
    says: str = ""

    def __str__(self) -> str:
        since = f", since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return f"process {self.process}{f': {self.command}' if self.command else ''}{since}"


class LockedError(StoreError):
    """A lock that another process holds; `holder` is None where it has not said yet who it is."""

    def __init__(self, message: str, holder: Holder | None, *, about: str) -> None:
        super().__init__(message, about=about)
        self.holder = holder


class Lock:
    """Keeps a second one out for as long as it is held, by an OS lock that goes when its process does.

    `says` is kept beside the holder's name for others to read. `wait` is how many seconds to wait for whoever holds it.
    """

    def __init__(self, path: Path, *, ending: str = ".lock", says: str = "", wait: float = 0.0) -> None:
        self._file: IO[str] | None = None
        beside = _beside(path, ending)
        try:
            file = beside.open("a+", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"the store cannot be written ({error.strerror}): give yourself the right to write its folder and {beside.name} in it",
                about=str(path),
            ) from error
        ends = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() < ends:
                    time.sleep(_LOOK_SECONDS)
                    continue
                found = _holder_in(file)
                file.close()
                raise LockedError(
                    f"the store is locked: another pipeline{f' ({found})' if found else ''} writes to it; "
                    "wait until it is done (commands that write take --wait), or stop it",
                    found,
                    about=str(path),
                ) from error
        self._file = file
        self.say(says)

    def say(self, says: str) -> None:
        """Writes down who holds the lock, and what it says of itself; a full disk keeps nobody from working."""
        file = self._file
        if file is not None:
            with suppress(OSError):
                file.seek(0)
                file.truncate()
                file.write(f"{os.getpid()}\n{_command()}\n{datetime.now(UTC).isoformat(timespec='seconds')}\n{says}\n")
                file.flush()

    def release(self) -> None:
        """Lets the next one in. The file stays: taking it away would let two writers hold two locks."""
        if self._file is not None:
            self._file.close()
            self._file = None


def holder(path: Path, ending: str) -> Holder | None:
    """Gives who holds a lock beside a store; None where nobody does, or the lock cannot be read."""
    try:
        with _beside(path, ending).open(encoding="utf-8", errors="replace") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return _holder_in(file)
    except OSError:
        return None
    return None


def _holder_in(file: IO[str]) -> Holder | None:
    file.seek(0)
    process, command, since, says = (file.read(4000) + "\n\n\n\n").split("\n")[:4]
    if not process.strip().isdigit():
        return None
    try:
        at = datetime.fromisoformat(since) if since else None
    except ValueError:
        at = None
    return Holder(int(process), command, at, says)


def _command() -> str:
    """What this process was called as, on one line."""
    called = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path("python")
    words = " ".join([called.parent.name if called.name == "__main__.py" else called.name, *sys.argv[1:]])
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:100]


def look(path: Path) -> None:
    """Refuses what is not ours by its bytes alone; an absent or empty file will do, and so will a database without tables."""
    about = str(path)
    try:
        if path.is_dir():
            raise StoreError("is a folder: name a file for the store", about=about)
        if not path.exists():
            return
        if not path.is_file():  # a pipe would be waited for without end
            raise StoreError("is a device or a pipe: name a file for the store", about=about)
        with path.open("rb") as file:
            head = file.read(512)
        size = path.stat().st_size
    except OSError as error:
        raise StoreError(f"the store cannot be read ({error.strerror}): give yourself the right to read it", about=about) from error
    if not head:
        return
    if not head.startswith(_MAGIC) or len(head) < 512:
        raise StoreError("is no SQLite database: it was left alone; name another file for the store", about=about)
    mark = int.from_bytes(head[68:72], "big")
    if mark != APPLICATION_ID and (mark or not head.startswith(_NO_TABLES, 100) or _beside(path, "-wal").exists()):
        raise StoreError("is the database of another program: it was left alone; name another file for the store", about=about)
    page_size = int.from_bytes(head[16:18], "big")
    expected = int.from_bytes(head[28:32], "big") * (65536 if page_size == 1 else page_size)
    if size < expected and not _beside(path, "-wal").exists() and not _beside(path, "-journal").exists():
        raise StoreError(
            f"the store is damaged ({expected - size} bytes are missing): put back a copy of it, or move it away to begin a new one",
            about=about,
        )


def connect(path: Path | None, *, read_only: bool, wait: float = WAIT_SECONDS) -> Database:
    """Connects with foreign keys on; None is a database in memory. The caller translates SQLite's errors."""
    if path is None:
        connection = sqlite3.connect(":memory:", timeout=wait)
    else:
        address = path.as_uri() + f"?mode={'ro' if read_only else 'rwc'}"
        if read_only and not os.access(path.parent, os.W_OK) and not _beside(path, "-wal").exists():
            # SQLite makes a -shm file even to read. Without a -wal file nobody is writing, and the file can be taken as it stands.
            address += "&immutable=1"
        connection = sqlite3.connect(address, uri=True, timeout=wait)
    connection.row_factory = sqlite3.Row
    try:
        for pragma in ("foreign_keys = ON", "synchronous = NORMAL", f"cache_size = -{CACHE_KIBIBYTES}", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        return Database(connection, execute_plugins=False)
    except BaseException:
        connection.close()
        raise


def bring_up(db: Database, about: str, *, read_only: bool) -> None:
    """Applies the migrations that are missing, all or none; refuses a schema that is newer than this program.

    Raises OlderSchemaError where some are missing and nothing can be written.
    """
    known = {m.name for m in migrations._migrations}
    applied = {m.name for m in migrations.applied(db)}
    if applied - known:
        raise StoreError("the store was made by a newer version of pipeline: install that version, or name another file", about=about)
    if applied == known:
        return
    if read_only:
        raise OlderSchemaError("the store was made by an older version of pipeline", about=about)
    # One transaction round all of it: a process killed after the first table but before the mark would leave a stranger's file.
    with db.atomic():
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.apply(db)


def make_folder(path: Path) -> None:
    """Makes the folder of the store where it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder of the store cannot be made ({error.strerror}): name another file", about=str(path)) from error


def tidy(db: Database) -> None:
    """Closes a connection; SQLite folds the write-ahead log back into the file when the last one goes."""
    with suppress(sqlite3.Error):
        db.conn.rollback()
    db.close()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
