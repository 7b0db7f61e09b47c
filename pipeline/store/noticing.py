"""What a person should know of the sources: their state as notices go by it, the notices themselves, and the article at work.

Which notices there are is decided elsewhere (`pipeline.notices`). An article is at work from the moment before it is read for claims until
another one is; where a program begins and finds one at work, the one before it ended over that article.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.model import Act, Entry, Looks, Notice, NoticeKind
from pipeline.store.polling import looks_of
from pipeline.store.reads import moment, surely, time_of
from pipeline.store.telling import Telling, notice_of
from pipeline.text import digest

TOGETHER = "notices"
"""What falls due together goes in one message, and no notice overtakes an earlier one."""
OVER = "it was over before it was sent"
LONGEST_PAUSE = timedelta(days=1)
"""An article over which the program ended is read again after so long, however often that was."""
ENDED_THE_PROGRAM = "the program ended before an answer was kept"


class Noticing(Telling):
    """The half of the store that keeps notices."""

    def sources(self) -> tuple[dict[str, Any], ...]:
        """Gives what notices go by of each configured feed and roster, by the names that `pipeline.notices.Source` has for it."""
        return tuple(
            {
                "name": r["name"],
                "first_seen": surely(r["first_seen"]),
                "polled": time_of(r["last_polled"]),
                "read": time_of(r["last_read"]),
                "failures": max(r["failures"], r["in_vain"]),
                "since": time_of(r["failing_since"] or r["last_read"]),
                "error": ENDED_THE_PROGRAM if r["in_vain"] > r["failures"] else r["last_error"],
                "brought": time_of(r["last_new"]),
                "address": r["address"],
                "looks": looks_of(r["looks"]) if r["looks"] else Looks(),
            }
            for r in self._rows(_SOURCES)
        )

    def notices(self, *, standing: bool = True) -> tuple[Notice, ...]:
        """Gives the notices that are not over, or all of them, in the order in which they were raised."""
        return tuple(
            map(notice_of, self._rows("SELECT * FROM notices WHERE NOT ? OR ended IS NULL ORDER BY raised, about, kind", (standing,)))
        )

    def save_notices(self, raised: Iterable[Notice], ended: Iterable[Notice], channels: Sequence[str], now: datetime) -> None:
        """Keeps notices that are raised and that are over, with the deliveries to the channels that are told of it.

        A channel is told of the end where it was told of the beginning, or may have been; what was over before it was sent is not sent.
        """
        with self._writing() as db:
            for notice in raised:
                _raise(db, notice, channels, now)
            for notice in ended:
                _end(db, notice, now)

    # The article at work.

    def take_up(self, entries: Sequence[Entry], now: datetime) -> None:
        """Notes that the article of these entries is at work now, and no other."""
        with self._writing() as db:
            db.execute("DELETE FROM at_work")
            if entries:
                db.execute("INSERT INTO at_work VALUES (?, ?)", (json.dumps([(e.feed, e.guid) for e in entries]), moment(now)))

    def own_up(self, most: int, pause: timedelta, channels: Sequence[str], now: datetime) -> tuple[Notice, ...]:
        """Counts against the article that was at work when a program ended in the middle of it: it is read again after a `pause`, after
        each further time four times as long, up to a day. Gives a notice of each over which `most` programs ended by now.

        No number of ends leaves an article out: they may all have been the machine's doing, or a person's.
        """
        at_work = [pair for r in self._rows("SELECT entries FROM at_work") for pair in json.loads(r["entries"])]
        if not at_work:
            return ()
        suspected: dict[str, Notice] = {}
        with self._writing() as db:
            db.execute("DELETE FROM at_work")
            for feed, guid in at_work:
                row = db.execute(
                    "UPDATE entries SET fatal = fatal + 1 WHERE feed = ? AND guid = ? AND state = 'pending' RETURNING fatal, url",
                    (feed, guid),
                ).fetchone()
                if not row:
                    continue
                again = moment(now + min(pause * 4 ** min(row["fatal"] - 1, 20), LONGEST_PAUSE))
                db.execute("UPDATE entries SET next_try = ? WHERE feed = ? AND guid = ?", (again, feed, guid))
                if row["fatal"] == most:
                    about = row["url"] or f"{feed}: {guid}"
                    said = f"Reading an article ended the program {most} times; it comes last, and at most once a day from now on: {about}"
                    suspected[about] = Notice(about, NoticeKind.LEFT_OUT, said, now, now, ended=now)
            for notice in suspected.values():
                _raise(db, notice, channels, now)
        return tuple(suspected.values())


_SOURCES = """
SELECT name, first_seen, last_polled, last_read, failures, in_vain, failing_since, last_error, last_new, address, looks
FROM feeds WHERE configured
UNION ALL
SELECT name, first_seen, last_polled, last_read, failures, 0, NULL, last_error, NULL, '', '' FROM rosters WHERE configured
ORDER BY name
"""


def _raise(db: sqlite3.Connection, notice: Notice, channels: Sequence[str], now: datetime) -> None:
    fresh = db.execute(
        "INSERT OR IGNORE INTO notices (id, about, kind, why, since, raised, ended) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(notice.id, notice.about, notice.kind, notice.why, moment(notice.since), moment(notice.raised)),
            moment(notice.ended) if notice.ended else None,
        ),
    ).rowcount
    for channel in channels if fresh else ():
        _enqueue(db, notice, Act.RAISED, channel, now)


def _end(db: sqlite3.Connection, notice: Notice, now: datetime) -> None:
    db.execute("UPDATE notices SET ended = ?, outcome = ? WHERE id = ?", (moment(notice.ended or now), notice.outcome, notice.id))
    db.execute(
        "UPDATE deliveries SET state = 'dropped', last_error = ? WHERE notice = ? AND state = 'due' AND message IS NULL", (OVER, notice.id)
    )
    told = db.execute("SELECT channel FROM deliveries WHERE notice = ? AND state IN ('delivered', 'due')", (notice.id,)).fetchall()
    for (channel,) in told if notice.outcome else ():
        _enqueue(db, notice, Act.ENDED, channel, now)


def _enqueue(db: sqlite3.Connection, notice: Notice, act: Act, channel: str, now: datetime) -> None:
    db.execute(
        "INSERT OR IGNORE INTO deliveries (id, notice, act, coalition, channel, bundle, made, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (digest(notice.id, act, channel), notice.id, act, TOGETHER, channel, TOGETHER, moment(now), moment(now)),
    )
