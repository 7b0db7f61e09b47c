"""What the daemon keeps of its own work, and what there is to see of a store from outside: jobs, queues, counts, sizes.

It judges nothing: what is late, quiet or unhealthy is decided by those who ask.
"""

from __future__ import annotations

import shutil
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.store.keeping import SILENT
from pipeline.store.noticing import Noticing
from pipeline.store.reads import moment, surely, time_of

AHEAD = timedelta(minutes=5)
"""What happened so much later than now was noted by a clock that was wrong: those that are set by the network differ by moments."""
LEAST_ROOM = 20_000_000
"""Bytes that are left free on the disk: more than the largest article or roster makes the store and its log grow."""
RUNS_KEPT = timedelta(days=90)
"""Reports of runs are let go after so long; a run that learned something stays, because its changes point at it."""


@dataclass(frozen=True, slots=True)
class JobState:
    """When a job of the daemon is due, and how it ended last: "done", "cut short" or "failed", empty where it never has.

    `failures` counts those in a row, `said` is what it did or why it failed, `seconds` how long it took.
    """

    name: str
    due: datetime
    began: datetime | None = None
    ended: datetime | None = None
    outcome: str = ""
    failures: int = 0
    said: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """What there is to see of a store at a moment. Times are those of the oldest that waits, None where nothing does.

    `due` counts feeds that are due now, `failing` those whose last poll failed, `quiet` those that bring nothing for long; `asked` and
    `read` are when any feed or roster was last asked, and read with success; `first_seen` is when the first one was configured.
    `unread` counts entries whose article is to be read now, `unsent` deliveries that could be sent now, `dead` those given up, `notices`
    those that are not over.
    """

    at: datetime
    feeds: int = 0
    due: int = 0
    failing: int = 0
    quiet: int = 0
    due_since: datetime | None = None
    asked: datetime | None = None
    read: datetime | None = None
    first_seen: datetime | None = None
    unread: int = 0
    unread_since: datetime | None = None
    unsent: int = 0
    unsent_since: datetime | None = None
    dead: int = 0
    articles: int = 0
    claims: int = 0
    changes: int = 0
    alerts: int = 0
    notices: int = 0
    file_bytes: int = 0
    log_bytes: int = 0


class Watching(Noticing):
    """The half of the store that looks after the daemon."""

    # Jobs.

    def jobs(self) -> dict[str, JobState]:
        """Gives what is known of the daemon's jobs, by their names."""
        return {
            r["name"]: JobState(
                *(r["name"], surely(r["due"]), time_of(r["began"]), time_of(r["ended"])),
                *(r["outcome"], r["failures"], r["said"], r["seconds"]),
            )
            for r in self._rows("SELECT * FROM jobs ORDER BY name")
        }

    def save_job(self, job: JobState) -> None:
        """Keeps how a job ended, and when it is due next."""
        began, ended = (moment(at) if at else None for at in (job.began, job.ended))
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO jobs (name, due, began, ended, outcome, failures, said, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (job.name, moment(job.due), began, ended, job.outcome, job.failures, job.said[:1000], job.seconds),
            )

    def next_reading(self) -> datetime | None:
        """Gives the moment at which the next feed is due, or the next article is to be read, be it again; None where there is none."""
        row = self._rows(
            "SELECT min(at) AS at FROM (SELECT min(next_due) AS at FROM feeds WHERE configured UNION ALL"
            " SELECT min(next_try) FROM entries WHERE state = 'pending' UNION ALL SELECT min(due) FROM revisits)"
        )[0]
        return time_of(row["at"])

    def next_roster(self) -> datetime | None:
        """Gives the moment at which the next roster is due; None where there is none."""
        return time_of(self._rows("SELECT min(next_due) AS at FROM rosters WHERE configured")[0]["at"])

    # The clock.

    def mend_clock(self, now: datetime) -> int:
        """Takes back what was noted by a clock that was ahead, and gives how much that was: without this all would wait until then.

        What was asked then is due after its interval from now on and not at once, at different times for different feeds. A digest
        that was told ahead of its time covers no more than what had been learned by now.
        """
        wrong, at, mended = moment(now + AHEAD), moment(now), 0
        with self._writing() as db:
            for table in ("feeds", "rosters"):
                rows = db.execute(f"SELECT name, interval_minutes FROM {table} WHERE last_polled > ?", (wrong,)).fetchall()
                for r in rows:
                    pause = timedelta(minutes=r["interval_minutes"] * (1 + zlib.crc32(r["name"].encode()) / 2**33))
                    db.execute(
                        f"UPDATE {table} SET next_due = min(next_due, ?1), last_polled = ?2, last_read = min(last_read, ?2)"
                        " WHERE name = ?3",
                        (moment(now + pause), at, r["name"]),
                    )
                mended += len(rows)
            for statement in (
                "UPDATE entries SET tried = NULL, next_try = ?2 WHERE state = 'pending' AND (tried > ?1 OR first_seen > ?1)",
                "UPDATE deliveries SET tried = ?2, due = ?2 WHERE state = 'due' AND tried > ?1",
                "UPDATE deliveries SET due = ?2 WHERE state = 'due' AND made > ?1 AND due > ?1",
                "UPDATE deliveries SET until = ?2 WHERE until > ?1",
                "UPDATE feeds SET last_new = ?2 WHERE last_new > ?1",
                "UPDATE revisits SET since = ?2, due = ?2, gone_since = NULL WHERE since > ?1 OR gone_since > ?1",
            ):
                mended += db.execute(statement, (wrong, at)).rowcount
            db.execute("DELETE FROM jobs WHERE ended > ?", (wrong,))
        return mended

    # What there is to see.

    def answers(self) -> datetime | None:
        """Asks the least that shows that the file can be read: when a feed was last read. Raises StoreError where it cannot."""
        return time_of(self._rows("SELECT max(last_read) AS at FROM feeds WHERE configured")[0]["at"])

    def pulse(self, now: datetime, *, counted: bool = True) -> Pulse:
        """Gives what there is to see at a moment, with or without what has to be counted row by row. Raises StoreError."""
        at = {"now": moment(now), "silent": moment(now - SILENT)}
        feeds = self._rows(
            "SELECT count(*) AS n, sum(next_due <= :now) AS due, min(iif(next_due <= :now, next_due, NULL)) AS due_since,"
            " sum(failures > 0) AS failing, max(last_polled) AS asked, max(last_read) AS read, min(first_seen) AS first_seen"
            " FROM (SELECT next_due, failures, last_polled, last_read, first_seen FROM feeds WHERE configured UNION ALL"
            " SELECT next_due, failures, last_polled, last_read, first_seen FROM rosters WHERE configured)",
            at,
        )[0]
        quiet = self._rows(
            "SELECT count(*) AS n FROM feeds WHERE configured AND failures = 0 AND coalesce(last_new, first_seen) < :silent",
            at,
        )[0]["n"]
        unread = self._rows("SELECT count(*) AS n, min(next_try) AS since FROM entries WHERE state = 'pending' AND next_try <= :now", at)[0]
        sending = self._rows(
            "SELECT sum(state = 'due' AND due <= :now) AS unsent, min(iif(state = 'due' AND due <= :now, due, NULL)) AS since,"
            " sum(state = 'given up') AS dead FROM deliveries",
            at,
        )[0]
        tables = ("articles", "claims", "changes", "alerts") if counted else ()
        counts = {t: int(self._rows(f"SELECT count(*) AS n FROM {t}")[0]["n"]) for t in tables}
        return Pulse(
            now,
            feeds["n"],
            feeds["due"] or 0,
            feeds["failing"] or 0,
            quiet,
            time_of(feeds["due_since"]),
            time_of(feeds["asked"]),
            time_of(feeds["read"]),
            time_of(feeds["first_seen"]),
            unread["n"],
            time_of(unread["since"]),
            sending["unsent"] or 0,
            time_of(sending["since"]),
            sending["dead"] or 0,
            **counts,
            notices=self._rows("SELECT count(*) AS n FROM notices WHERE ended IS NULL")[0]["n"],
            file_bytes=self._bytes(""),
            log_bytes=self._bytes("-wal"),
        )

    def _bytes(self, ending: str) -> int:
        if self.path is None:
            return 0
        try:
            return Path(f"{self.path}{ending}").stat().st_size
        except OSError:
            return 0

    def need_room(self) -> None:
        """Raises StoreError where the disk is all but full: what is fetched could not be kept, and would be fetched again and again."""
        if self.path is None:
            return
        try:
            free = shutil.disk_usage(self.path.parent).free
        except OSError:
            return  # what comes says what is wrong
        if free < LEAST_ROOM:
            least = f"{LEAST_ROOM / 1e6:.0f} MB"
            raise StoreError(
                f"the store has hardly room to grow ({free / 1e6:.1f} MB are left, {least} are needed): make room", about=self.about
            )

    # Housekeeping.

    def tidy_up(self, now: datetime) -> int:
        """Lets go the reports of old runs that learned nothing, and gives how many; it folds the write-ahead log back into the file."""
        with self._writing() as db:
            gone = db.execute(
                "DELETE FROM runs WHERE started < ? AND NOT EXISTS (SELECT 1 FROM changes WHERE run = runs.id)", (moment(now - RUNS_KEPT),)
            ).rowcount
        self._rows("PRAGMA optimize")
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(gone)
