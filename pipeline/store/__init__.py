"""The store: one SQLite file that one writer writes, and the only place where SQL stands.

It keeps what was read, what was learned and what was told, whole articles at a time, and gives values back. It derives nothing
and decides nothing, it lets go of the words of old articles only where `prune` is told to, and it leaves a file that is not its own
alone.

    with Store.open(Path("var/pipeline.db")) as store:
        store.find_coalition("AI Alliance")
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import StoreError
from pipeline.store.opening import WAIT_SECONDS, Lock, OlderSchemaError, bring_up, connect, look, make_folder, tidy, translated
from pipeline.store.reviewing import Reviewing
from pipeline.store.rulings import Rulings
from pipeline.store.values import (
    Answered,
    Due,
    DueDelivery,
    DueDigest,
    DueNotice,
    FeedState,
    Gists,
    Judging,
    Kept,
    KeptGist,
    Pair,
    PendingEntry,
    Poll,
    PollCounts,
    Reading,
    Revisit,
    RosterPoll,
    RosterState,
    StoredArticle,
)
from pipeline.store.watching import JobState, Pulse, Watching

__all__ = [
    "Answered",
    "Due",
    "DueDelivery",
    "DueDigest",
    "DueNotice",
    "FeedState",
    "Gists",
    "JobState",
    "Judging",
    "Kept",
    "KeptGist",
    "Pair",
    "PendingEntry",
    "Poll",
    "PollCounts",
    "Pulse",
    "Reading",
    "Revisit",
    "RosterPoll",
    "RosterState",
    "Rulings",
    "Store",
    "StoredArticle",
]


class Store(Watching, Reviewing):
    """An open store. It belongs to the thread that opened it."""

    _lock: Lock | None = None

    @classmethod
    def open(cls, path: Path | None, *, read_only: bool = False, wait: float = WAIT_SECONDS, lock_wait: float = 0.0) -> Self:
        """Opens a store, and makes it and its folder where they are missing; None keeps it in memory.

        A store of an older version is brought up to date first, for reading as well. A writer holds a lock beside the file until it
        closes; readers need none. `wait` is how many seconds a statement waits for another program's lock, `lock_wait` how many this
        one waits for another writer to be done. Raises StoreError for a file that is locked, damaged, another program's or of a newer
        version, for one of an older version that cannot be written now, and for a folder that cannot be written; a file that is not
        ours is not touched.
        """
        if path is not None:
            path = path.expanduser().absolute()
            look(path)
            if not (read_only and path.exists() and path.stat().st_size):
                make_folder(path)
            if read_only and (not path.exists() or not path.stat().st_size):
                cls.open(path, wait=wait).close()
        about = str(path) if path else "memory"
        lock = Lock(path, wait=lock_wait) if path and not read_only else None
        try:
            with translated(about):
                db = connect(path, read_only=read_only and path is not None, wait=wait)
                try:
                    bring_up(db, about, read_only=read_only and path is not None)
                    if path and not read_only:
                        db.execute("PRAGMA journal_mode = WAL")
                except BaseException:
                    tidy(db)
                    raise
        except OlderSchemaError:
            assert path is not None
            _bring_up_to_date(cls, path, wait)
            return cls.open(path, read_only=True, wait=wait)
        except BaseException:
            if lock:
                lock.release()
            raise
        store = cls(db, path)
        store._lock = lock
        return store

    def close(self) -> None:
        """Closes the file and lets the next writer in; a second call does nothing."""
        tidy(self.db)
        if self._lock:
            self._lock.release()

    def interrupt(self) -> None:
        """Ends the statement that is being worked on (it raises StoreError); the one method for other threads."""
        with suppress(sqlite3.ProgrammingError):  # it was closed meanwhile
            self.db.conn.interrupt()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _bring_up_to_date(cls: type[Store], path: Path, wait: float) -> None:
    try:
        cls.open(path, wait=wait).close()
    except StoreError as error:
        why = str(error).removeprefix(f"{path}: ")
        raise StoreError(
            f"the store was made by an older version of pipeline and must be brought up to date first, but {why}", about=str(path)
        ) from error
