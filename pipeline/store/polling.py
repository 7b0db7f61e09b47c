"""Feeds and their entries: which are due, what a poll brought, when the next one is, and which sites are left alone meanwhile.

What many polls brought is written in one transaction. When a feed is due next is decided elsewhere (`pipeline.pacing`) and handed
in; here it is found out which entries are new, which are known under another guid, and which were let go and shall not come back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import lru_cache

from pipeline.model import NO_HINTS, Entry, Feed, FeedHints, Looks, Move, Plan
from pipeline.store.reads import moment
from pipeline.store.values import NOTHING, FeedState, Poll, PollCounts
from pipeline.store.writes import Writes
from pipeline.text import digest, one_line

EDITS_AT_ONCE = 3
"""A feed that rewrites an entry at every poll is believed so often at once, then at doubling hours."""
MOST_EDITS = 12
"""After so many edits, days later, an entry is no longer read again: some feeds set a new time at every poll."""
LONGEST_EDIT_PAUSE = timedelta(days=1)
TOMBSTONES_KEPT = 2000
"""Of each feed: more entries than that no document lists."""

Planner = Callable[[Poll, PollCounts], Plan]


class Polling(Writes):
    """The half of the store that has to do with feeds."""

    def sync_feeds(self, feeds: Iterable[Feed], now: datetime) -> None:
        """Makes the configured feeds of the store those of the configuration. A new address forgets what was known of the old one.

        A feed that is no longer configured keeps its entries and is not polled. One that was added by a command stays, unless the
        configuration has its name or its address: then the configuration's word holds.
        """
        listed = {f.name: (f.name, f.url, f.publisher, f.interval_minutes, int(f.adaptive)) for f in feeds}
        with self._writing() as db:
            # Only what differs is written: nearly always it is nothing.
            rows = db.execute("SELECT name, url, publisher, interval_minutes, adaptive, origin FROM feeds WHERE configured").fetchall()
            addresses = {feed[1] for feed in listed.values()}
            known = {r["name"]: tuple(r)[:5] for r in rows if r["origin"] == "config"}
            gone = [r["name"] for r in rows if r["name"] not in listed and (r["origin"] == "config" or r["url"] in addresses)]
            db.executemany("UPDATE feeds SET configured = 0 WHERE name = ?", [(name,) for name in gone])
            changed = [(*feed, moment(now), "config") for name, feed in listed.items() if known.get(name) != feed]
            db.executemany(_KEEP_FEED, changed)

    def add_feeds(self, feeds: Iterable[Feed], now: datetime) -> None:
        """Adds feeds that stand in no configuration; they stay until they are removed."""
        with self._writing() as db:
            for f in feeds:
                db.execute(_KEEP_FEED, (f.name, f.url, f.publisher, f.interval_minutes, f.adaptive, moment(now), "added"))

    def remove_feed(self, name: str) -> None:
        """Stops polling a feed that was added; its entries and what was learned from them stay."""
        with self._writing() as db:
            db.execute("UPDATE feeds SET configured = 0 WHERE name = ? AND origin = 'added'", (name,))

    def feed_states(self) -> tuple[FeedState, ...]:
        """Gives all feeds that are polled, by their names."""
        return tuple(map(_state, self._rows(f"SELECT {_STATE} FROM feeds WHERE configured ORDER BY name")))

    def due_feeds(self, now: datetime, everything: bool = False) -> tuple[FeedState, ...]:
        """Gives the feeds that are due, or all of them, the longest waiting first."""
        rows = self._rows(
            f"SELECT {_STATE} FROM feeds WHERE configured AND (? OR next_due <= ?) ORDER BY next_due, name", (everything, moment(now))
        )
        return tuple(map(_state, rows))

    def ask_feeds(self, until: Mapping[str, datetime], why: str) -> None:
        """Notes that feeds are being asked: where their answers are not kept they are due then, and not after each restart."""
        with self._writing() as db:
            # One statement: between two of them the thread that fetches is let in, which made up most of the time.
            db.execute(
                "UPDATE feeds SET next_due = asked.value, due_why = ?, in_vain = in_vain + 1"
                " FROM json_each(?) asked WHERE name = asked.key",
                (why, json.dumps({name: moment(at) for name, at in until.items()})),
            )

    def save_plans(self, plans: Mapping[str, Plan]) -> None:
        """Makes feeds due when and why their plans say; nothing else about them changes."""
        with self._writing() as db:
            db.executemany(
                "UPDATE feeds SET next_due = ?, due_why = ? WHERE name = ?",
                [(moment(plan.due), plan.why, name) for name, plan in plans.items()],
            )

    # Sites that asked to be left alone.

    def holds(self, now: datetime) -> dict[str, datetime]:
        """Gives the sites that are to be left alone, and until when."""
        rows = self._rows("SELECT * FROM sites WHERE held_until > ?", (moment(now),))
        return {r["site"]: datetime.fromisoformat(r["held_until"]) for r in rows}

    def save_holds(self, holds: Mapping[str, datetime], now: datetime) -> None:
        """Notes until when sites are to be left alone; a site that asked for longer before keeps that."""
        with self._writing() as db:
            db.execute("DELETE FROM sites WHERE held_until <= ?", (moment(now),))
            db.executemany(
                "INSERT INTO sites VALUES (?1, ?2) ON CONFLICT (site) DO UPDATE SET held_until = max(held_until, ?2)",
                [(site, moment(until)) for site, until in holds.items()],
            )

    # What polls brought.

    def save_poll(self, poll: Poll, now: datetime, plan: Planner | None = None) -> PollCounts:
        """Keeps how one poll ended (see `save_polls`)."""
        return self.save_polls([poll], now, plan)[0]

    def save_polls(self, polls: Sequence[Poll], now: datetime, plan: Planner | None = None) -> list[PollCounts]:
        """Keeps how polls ended and makes entries that are new or changed wait to be read, all of it or nothing.

        `plan` is told what each poll brought and says when the feed is due next; without it that stays as it was.
        """
        with self._writing() as db:
            at = moment(now)
            counts = [_save_entries(db, poll, at, now) if poll.entries or poll.deleted else NOTHING for poll in polls]
            read, failed = [], []
            for poll, found in zip(polls, counts, strict=True):
                when = _planned(plan(poll, found)) if plan else (None, None, None, 0.0, None)
                move = (poll.move.address, poll.move.to, moment(poll.move.since) if poll.move.since else None) if poll.move else (None,) * 3
                if poll.error:
                    failed.append((poll.feed, at, poll.error, *when, *move))
                else:
                    hints = None if poll.hints is None else _hints_text(poll.hints)
                    words = (poll.etag, poll.last_modified, poll.body_hash, poll.partial, poll.unchanged, poll.title, hints, poll.full)
                    read.append((poll.feed, at, *when, *move, *words))
            db.executemany(_FAILED, failed)
            db.executemany(_READ, read)
            new = [(at, poll.feed) for poll, found in zip(polls, counts, strict=True) if found.new]
            db.executemany("UPDATE feeds SET last_new = ? WHERE name = ?", new)
            looks = [(_looks_text(poll.looks), poll.feed) for poll in polls if poll.looks is not None]
            db.executemany("UPDATE feeds SET looks = ? WHERE name = ?", looks)
            return counts


_KEEP_FEED = """
INSERT INTO feeds (name, url, publisher, interval_minutes, adaptive, first_seen, next_due, origin) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
ON CONFLICT (name) DO UPDATE SET configured = 1, origin = ?7, publisher = ?3, interval_minutes = ?4, adaptive = ?5, url = ?2,
    etag = iif(url = ?2, etag, ''), last_modified = iif(url = ?2, last_modified, ''), body_hash = iif(url = ?2, body_hash, ''),
    looks = iif(url = ?2, looks, ''), in_vain = iif(url = ?2, in_vain, 0),
    failures = iif(url = ?2, failures, 0), strain = iif(url = ?2, strain, 0), failing_since = iif(url = ?2, failing_since, NULL),
    hints = iif(url = ?2, hints, ''), minutes = iif(url = ?2, minutes, 0), address = iif(url = ?2, address, ''),
    moved_to = iif(url = ?2, moved_to, ''), moved_since = iif(url = ?2, moved_since, NULL), full_read = iif(url = ?2, full_read, NULL),
    next_due = iif(url = ?2 AND adaptive = ?5 AND interval_minutes = ?4, next_due, min(next_due, ?6))
"""
_PLANNED = """next_due = coalesce(?{0}, next_due), due_why = coalesce(?{1}, due_why), minutes = coalesce(?{2}, minutes),
    strain = ?{3}, failing_since = ?{4}, address = coalesce(?{5}, address), moved_to = coalesce(?{6}, moved_to),
    moved_since = iif(?{6} IS NULL, moved_since, ?{7})"""
_FAILED = (
    "UPDATE feeds SET failures = failures + 1, in_vain = 0, last_polled = ?2, last_error = ?3, "
    + _PLANNED.format(*range(4, 12))
    + " WHERE name = ?1"
)
_READ = (
    "UPDATE feeds SET failures = 0, in_vain = 0, last_error = '', last_polled = ?2, last_read = ?2, "
    + _PLANNED.format(*range(3, 11))
    + """, etag = iif(?15 AND ?11 = '' AND ?12 = '', etag, ?11), last_modified = iif(?15 AND ?11 = '' AND ?12 = '', last_modified, ?12),
    body_hash = iif(?15 AND ?13 = '', body_hash, ?13), partial = iif(?15, partial, ?14), title = iif(?16 = '', title, ?16),
    hints = coalesce(?17, hints), full_read = iif(?18, ?2, full_read), conditional_polls = iif(?18, 0, conditional_polls + 1)
    WHERE name = ?1"""
)


def _save_entries(db: sqlite3.Connection, poll: Poll, at: str, now: datetime) -> PollCounts:
    """Keeps the entries of one poll. One that comes under a new guid in the place of one that is listed no more is that one."""
    feed = poll.feed
    known: dict[str, tuple[str, int]] = {}
    mended: dict[str, tuple[str, int]] = {}
    gone: set[str] = set()
    if db.execute("SELECT EXISTS (SELECT 1 FROM entries WHERE feed = ?)", (feed,)).fetchone()[0]:
        guids = json.dumps([e.guid for e in poll.entries])
        found = db.execute(
            "SELECT guid, fingerprint, edits FROM entries WHERE feed = ? AND guid IN (SELECT value FROM json_each(?))", (feed, guids)
        )
        known = {guid: (fingerprint, edits) for guid, fingerprint, edits in found}
        if fresh := [e for e in poll.entries if e.guid not in known]:
            mended = _mend_guids(db, feed, fresh, guids)
            gone = _tombstones(db, feed, fresh)
    rows, updated = [], 0
    for entry in poll.entries:
        updated_at = moment(entry.updated) if entry.updated else ""
        print_ = digest(one_line(entry.title), one_line(entry.content), updated_at)
        before = known.get(entry.guid) or mended.get(entry.guid)
        if before is None:
            if entry.guid not in gone:
                times = (updated_at if entry.published is entry.updated else _text(entry.published)) or None, updated_at or None
                rows.append((feed, entry.guid, entry.url, entry.title, entry.content, *times, entry.author, print_, at, at))
        elif before[0] != print_ and before[1] < MOST_EDITS:
            updated += 1
            _edit(db, entry, print_, before[1], now)
    db.executemany(
        "INSERT INTO entries (feed, guid, url, title, content, published, updated, author, fingerprint, next_try, first_seen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    db.executemany(
        "UPDATE entries SET state = 'settled', why = 'the feed took it back', content = ''"
        " WHERE feed = ? AND guid = ? AND state = 'pending'",
        [(feed, guid) for guid in poll.deleted],
    )
    return PollCounts(len(rows), updated, len(mended), len(gone))


def _edit(db: sqlite3.Connection, entry: Entry, print_: str, edits: int, now: datetime) -> None:
    pause = min(timedelta(hours=2 ** min(edits - EDITS_AT_ONCE, 10)), LONGEST_EDIT_PAUSE) if edits >= EDITS_AT_ONCE else timedelta(0)
    db.execute(
        "UPDATE entries SET url = ?, title = ?, content = ?, published = ?, updated = ?, author = ?, fingerprint = ?, state = 'pending',"
        " why = '', tries = 0, tried = NULL, edits = edits + 1, next_try = ? WHERE feed = ? AND guid = ?",
        (
            *(entry.url, entry.title, entry.content),
            *(_text(entry.published), _text(entry.updated)),
            *(entry.author, print_, moment(now + pause), entry.feed, entry.guid),
        ),
    )


def _mend_guids(db: sqlite3.Connection, feed: str, fresh: Sequence[Entry], listed: str) -> dict[str, tuple[str, int]]:
    """Gives entries that are known under a guid which is listed no more the guid that stands in its place, and what is known of them.

    Sites that move to another system give all their entries new guids, and some programs count them anew at every change.
    """
    addresses = {e.url: e.guid for e in fresh if e.url}
    if not addresses:
        return {}
    former: dict[str, sqlite3.Row] = {}
    twice = set()
    for row in db.execute(
        "SELECT rowid, guid, url, fingerprint, edits FROM entries WHERE feed = ?1 AND url IN (SELECT value FROM json_each(?2))"
        " AND guid NOT IN (SELECT value FROM json_each(?3))",
        (feed, json.dumps(list(addresses)), listed),
    ):
        twice.update([row["url"]] if row["url"] in former else [])
        former[row["url"]] = row
    mended = {}
    for url, row in former.items():
        if url not in twice:
            db.execute("UPDATE entries SET guid = ? WHERE rowid = ?", (addresses[url], row["rowid"]))
            mended[addresses[url]] = (row["fingerprint"], row["edits"])
    return mended


def _tombstones(db: sqlite3.Connection, feed: str, fresh: Sequence[Entry]) -> set[str]:
    """The guids among these that were let go (`prune`) and are listed still."""
    hashes = {digest(e.guid): e.guid for e in fresh}
    found = db.execute(
        "SELECT guid_hash FROM tombstones WHERE feed = ? AND guid_hash IN (SELECT value FROM json_each(?))",
        (feed, json.dumps(list(hashes))),
    )
    return {hashes[row[0]] for row in found}


def bury(db: sqlite3.Connection, guids: Iterable[tuple[str, str]], now: datetime) -> None:
    """Keeps that entries (feed, guid) are gone, so that they do not come back as new; of each feed the last `TOMBSTONES_KEPT`."""
    feeds = set()
    for feed, guid in guids:
        feeds.add(feed)
        db.execute("INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?)", (feed, digest(guid), moment(now)))
    db.executemany(
        "DELETE FROM tombstones WHERE feed = ?1 AND guid_hash IN"
        " (SELECT guid_hash FROM tombstones WHERE feed = ?1 ORDER BY gone DESC LIMIT -1 OFFSET ?2)",
        [(feed, TOMBSTONES_KEPT) for feed in feeds],
    )


_STATE = (
    "name, url, publisher, interval_minutes, adaptive, etag, last_modified, body_hash, failures, next_due, due_why, minutes, strain,"
    " failing_since, hints, address, moved_to, moved_since, full_read, conditional_polls, last_polled, last_read, last_error, partial,"
    " title, origin, in_vain, looks"
)


def _state(r: sqlite3.Row) -> FeedState:
    # By place: a row looks each name up in all the names of the table, which took most of the time for thousands of feeds.
    name, url, publisher, interval, adaptive, etag, last_modified, body_hash, failures, next_due, due_why, minutes, strain = r[:13]
    failing_since, hints, address, moved_to, moved_since, full_read, conditional_polls, last_polled, last_read = r[13:22]
    last_error, partial, title, origin, in_vain, looks = r[22:]
    return FeedState(
        Feed(name, url, publisher, interval, bool(adaptive)),
        etag,
        last_modified,
        body_hash,
        failures,
        _time(next_due),
        due_why,
        minutes,
        strain,
        _time(failing_since),
        _hints(hints),
        Move(address, moved_to, _time(moved_since)),
        _time(full_read),
        conditional_polls,
        _time(last_polled),
        _time(last_read),
        last_error,
        partial,
        title,
        origin == "added",
        in_vain,
        looks_of(looks),
    )


def looks_of(text: str) -> Looks:
    """By what a feed is known, as it is kept."""
    if not text:
        return Looks()
    kept = json.loads(text)
    return Looks(
        *(kept["title"], tuple(kept["sites"]), kept["odd"], _time(kept["odd_since"]), kept["odd_title"], tuple(kept["odd_sites"])),
        kept["adopted"],
    )


def _looks_text(looks: Looks) -> str:
    kept = asdict(looks) | {"odd_since": _text(looks.odd_since)}
    return json.dumps(kept, ensure_ascii=False)


@lru_cache(maxsize=256)
def _hints(text: str) -> FeedHints:
    if not text:
        return NO_HINTS
    kept = json.loads(text)
    return FeedHints(kept["minutes"], frozenset(kept["skip_hours"]), frozenset(kept["skip_days"]))


def _hints_text(hints: FeedHints) -> str:
    if hints == NO_HINTS:
        return ""
    return json.dumps({"minutes": hints.minutes, "skip_hours": sorted(hints.skip_hours), "skip_days": sorted(hints.skip_days)})


def _planned(plan: Plan) -> tuple[str, str, float, float, str | None]:
    return (moment(plan.due), plan.why, plan.minutes, plan.strain, _text(plan.failing_since))


def _text(at: datetime | None) -> str | None:
    return moment(at) if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
