"""Keeping a store for years: copies of it, letting old words go, and looking for what is wrong with it.

What was learned (statements, the quotations that are their evidence, memberships, changes) is never pruned: only the words around
it are. Nothing here mends: what is wrong is given as values, and a person decides.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.errors import Stopped, StoreError
from pipeline.model import Alert, Change, Claim, Event, PartialDate, Quote, Role, Severity, Status
from pipeline.store.opening import translated
from pipeline.store.polling import bury
from pipeline.store.reads import moment, stored_from, surely, time_of
from pipeline.store.revisits import Revisits
from pipeline.store.values import Reading, StoredArticle

UNREAD = timedelta(days=3)
"""A feed that could not be read for so long is lost: servers are mended within a weekend."""
SILENT = timedelta(days=60)
"""A feed that is read and brings nothing for so long has perhaps moved; quiet associations write once a month."""
NOT_DETECTED = ("import", "roster")
"""Beginnings of what stands for a detector's version beside words that no detector reads: lists and rosters."""
ENTRIES_KEPT = 200
"""The newest entries of a feed stay whatever their age: its document may list them still, and would bring them back as new. Of the
feeds of the corpus none lists more than 100."""

_PAGES_AT_ONCE = 1000

_MAY_GO = """
CREATE TEMP TABLE leaving AS
SELECT id, whole FROM (
    SELECT a.id, a.pruned, {nothing_rests_on_it} AS whole
    FROM articles a
    WHERE a.last_read < :before AND a.detector NOT LIKE 'import%'
        AND NOT EXISTS (SELECT 1 FROM entries WHERE article = a.id AND state = 'pending')
) WHERE whole OR pruned IS NULL
"""
_OLD_ENTRIES = """
SELECT rowid FROM (
    SELECT n.rowid, n.state, max(n.first_seen, coalesce(n.tried, '')) AS seen, f.configured,
        row_number() OVER (PARTITION BY n.feed ORDER BY coalesce(n.published, n.first_seen) DESC, n.rowid DESC) AS place
    FROM entries n JOIN feeds f ON f.name = n.feed
) WHERE state = 'settled' AND seen < :before AND (place > :kept OR NOT configured)
"""
_GO_ALONG = frozenset({"entries", "addresses", "claims", "former_versions", "sketches", "revisits"})
"""Tables whose rows go with their article. Whatever else points at an article keeps it."""
_LEAVING = "(SELECT id FROM leaving WHERE whole)"


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made and verified: its size in bytes, and how many rows each table has."""

    path: Path
    size: int
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was let go: whole articles, the texts of articles whose quotations stay, former versions, entries of feeds, claims.

    `text` counts bytes of words; `size_before` and `size_after` are those of the file, 0 for a store in memory and on trial.
    """

    articles: int
    texts: int
    versions: int
    entries: int
    claims: int
    text: int
    kept: int
    size_before: int = 0
    size_after: int = 0


@dataclass(frozen=True, slots=True)
class FeedSilence:
    """When a configured feed or roster was last read, when it last brought something new, and what its last poll said."""

    name: str
    first_seen: datetime
    last_read: datetime | None
    last_new: datetime | None
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What SQLite and the tables themselves say; empty tuples where all is well."""

    sqlite: tuple[int, ...]
    journal: str
    integrity: tuple[str, ...]
    foreign_keys: tuple[str, ...]
    unsearchable: int
    statements_without_evidence: tuple[str, ...]
    stories_without_articles: int
    changes_without_evidence: tuple[str, ...]
    dated_in_the_future: tuple[str, ...]
    unfinished_runs: int
    given_up: int
    feeds: tuple[FeedSilence, ...]


class Keeping(Revisits):
    """The keeping half of the store."""

    def backup(self, path: Path, *, force: bool = False, going_on: Callable[[], None] = lambda: None) -> Backup:
        """Copies the store as it is at this moment into a new file, while others may write; the copy appears once it is verified.

        `going_on` is called now and then; by raising it ends the copying, and there is no copy.

        Raises StoreError where the file is there (unless `force`), is the store itself, or cannot be written, and where the copy
        does not pass SQLite's check or has other rows than the store.
        """
        path = path.expanduser().absolute()
        about = str(path)
        if self.path is not None and path.resolve() == self.path.resolve():
            raise StoreError("is the store itself: name another file for the copy", about=about)
        if path.exists() and not force:
            raise StoreError("is there already: name another file, or say --force to replace it", about=about)
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            rows = self._copy(part, about, going_on)
            with part.open("rb") as copy:
                os.fsync(copy.fileno())
            part.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
            return Backup(path, path.stat().st_size, rows)
        except OSError as error:
            raise StoreError(f"the copy cannot be written ({error.strerror}): name another file", about=about) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _copy(self, part: Path, about: str, going_on: Callable[[], None]) -> dict[str, int]:
        with translated(about), closing(sqlite3.connect(part)) as copy:
            # One transaction round counting and copying: a cycle that writes meanwhile changes neither.
            self.db.conn.execute("BEGIN")
            try:
                rows = _rows_of(self.db.conn)
                self.db.conn.backup(copy, pages=_PAGES_AT_ONCE, progress=lambda *left: going_on())
            finally:
                self.db.conn.rollback()
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.set_progress_handler(lambda: _ends(going_on), 1_000_000)
            said = [str(r[0]) for r in copy.execute("PRAGMA integrity_check(10)")]
            copied = _rows_of(copy)
        if said != ["ok"]:
            raise StoreError(f"the copy is damaged ({said[0]}): `pipeline doctor` looks at the store", about=about)
        if copied != rows:
            table = next(t for t in rows if copied.get(t) != rows[t])
            raise StoreError(f"the copy has {copied.get(table, 0)} rows in {table} where the store has {rows[table]}", about=about)
        return rows

    def prune(self, before: datetime, now: datetime, *, trial: bool = False, shrink_from: float = 0.0) -> Pruned:
        """Lets go the words of articles last read before a moment, and the entries of feeds that are as old.

        Articles that nothing rests on go altogether. Those with evidence stay with their address, title, publisher, time and
        quotations; those that a person handed in stay whole. On `trial` all of it is undone. The file then shrinks (VACUUM), for
        which the disk needs room for a second copy, where at least a share `shrink_from` of it is free.
        """
        size_before = self._size()
        # For each article that goes SQLite would look through all sketches for one that points at it: they are checked once instead.
        with self._unchecked(), self.together(trial=trial):
            found = self._let_go(before, now)
            for table in (*self._pointing(), "articles"):
                if table != "sketches" and self._rows(f"PRAGMA foreign_key_check({table})"):
                    raise StoreError(f"rows of {table} would point at articles that are gone: nothing was pruned", about=self.about)
        if trial:
            return found
        with translated(self.about):
            self.db.conn.execute("INSERT INTO articles_fts (articles_fts) VALUES ('optimize')")
            self.db.conn.commit()
            free, pages = (self._rows(f"PRAGMA {pragma}")[0][0] for pragma in ("freelist_count", "page_count"))
            if free >= shrink_from * pages:
                self.db.conn.execute("VACUUM")
            self.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        counts = (found.articles, found.texts, found.versions, found.entries, found.claims, found.text, found.kept)
        return Pruned(*counts, size_before, self._size())

    def _let_go(self, before: datetime, now: datetime) -> Pruned:
        db = self.db.conn
        at = {"before": moment(before), "kept": ENTRIES_KEPT}
        db.execute("DROP TABLE IF EXISTS temp.leaving")
        kept_by = [f"NOT EXISTS (SELECT 1 FROM {table} WHERE article = a.id)" for table in self._pointing() if table not in _GO_ALONG]
        db.execute(_MAY_GO.format(nothing_rests_on_it=" AND ".join(kept_by)), at)
        text = db.execute("SELECT coalesce(sum(octets), 0) FROM (SELECT length(CAST(text AS BLOB)) AS octets FROM articles"
                          " WHERE id IN (SELECT id FROM leaving) UNION ALL SELECT length(CAST(text AS BLOB)) FROM former_versions"
                          " WHERE article IN (SELECT id FROM leaving))").fetchone()[0]  # fmt: skip
        bury(db, db.execute(f"SELECT feed, guid FROM entries WHERE rowid IN ({_OLD_ENTRIES})", at).fetchall(), now)
        entries = db.execute(f"DELETE FROM entries WHERE rowid IN ({_OLD_ENTRIES})", at).rowcount
        db.execute(f"UPDATE entries SET article = NULL WHERE article IN {_LEAVING}")
        versions = db.execute("DELETE FROM former_versions WHERE article IN (SELECT id FROM leaving)").rowcount
        claims = db.execute(
            f"DELETE FROM claims WHERE article IN {_LEAVING} OR (article IN (SELECT id FROM leaving) AND NOT EXISTS"
            " (SELECT 1 FROM articles a WHERE a.id = claims.article AND a.version = claims.version AND a.detector = claims.detector))"
        ).rowcount
        db.execute("DELETE FROM sketches WHERE article IN (SELECT id FROM leaving)")
        db.execute("DELETE FROM revisits WHERE article IN (SELECT id FROM leaving)")
        db.execute(f"DELETE FROM addresses WHERE article IN {_LEAVING}")
        articles = db.execute(f"DELETE FROM articles WHERE id IN {_LEAVING}").rowcount
        texts = db.execute(
            "UPDATE articles SET text = '', pruned = ? WHERE id IN (SELECT id FROM leaving WHERE NOT whole)", (moment(now),)
        ).rowcount
        db.execute("DELETE FROM stories WHERE id NOT IN (SELECT story FROM articles)")
        db.execute("DROP TABLE temp.leaving")
        kept = int(db.execute("SELECT count(*) FROM articles WHERE pruned IS NULL").fetchone()[0])
        return Pruned(articles, texts, versions, entries, claims, int(text), kept)

    def _pointing(self) -> list[str]:
        """The tables with rows that point at articles; their column is called `article` in every one."""
        rows = self._rows(
            "SELECT DISTINCT m.name FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f"
            " WHERE m.type = 'table' AND f.\"table\" = 'articles' ORDER BY m.name"
        )
        return [r["name"] for r in rows]

    @contextmanager
    def _unchecked(self) -> Iterator[None]:
        with translated(self.about):
            self.db.conn.execute("PRAGMA foreign_keys = OFF")
            try:
                yield
            finally:
                self.db.conn.execute("PRAGMA foreign_keys = ON")

    def _size(self) -> int:
        if self.path is None:
            return 0
        return int(self._rows("PRAGMA page_count")[0][0]) * int(self._rows("PRAGMA page_size")[0][0])

    # Looking for what is wrong.

    def inspect(self, now: datetime) -> Inspection:
        """Looks at the file and its tables; nothing is written. Raises StoreError where the file cannot be read to the end."""
        rows = self._rows
        broken = rows('SELECT "table" AS name, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1 ORDER BY 1')
        return Inspection(
            sqlite=sqlite3.sqlite_version_info,
            journal=str(rows("PRAGMA journal_mode")[0][0]),
            integrity=tuple(said for r in rows("PRAGMA integrity_check(20)") if (said := str(r[0])) != "ok"),
            foreign_keys=tuple(f"{r['n']} rows of {r['name']}" for r in broken),
            unsearchable=int(rows("SELECT (SELECT count(*) FROM articles) - (SELECT count(*) FROM articles_fts_docsize)")[0][0]),
            statements_without_evidence=tuple(
                _said(r) for r in rows(f"{_STATED} WHERE NOT EXISTS (SELECT 1 FROM evidence e WHERE e.statement = t.key) ORDER BY t.rowid")
            ),
            stories_without_articles=int(rows("SELECT count(*) FROM stories WHERE id NOT IN (SELECT story FROM articles)")[0][0]),
            changes_without_evidence=tuple(
                f"{r['kind']} of {r['member'] or r['coalition']}"
                for r in rows(
                    "SELECT h.kind, h.coalition, h.member FROM changes h"
                    " WHERE NOT EXISTS (SELECT 1 FROM change_evidence WHERE change = h.id) ORDER BY h.rowid"
                )
            ),
            dated_in_the_future=tuple(
                f"{_said(r)}: {r['url']}"
                for r in rows(
                    _STATED.replace("AS member", "AS member, a.url")
                    + " JOIN evidence e ON e.statement = t.key AND e.withdrawn IS NULL JOIN articles a ON a.id = e.article"
                    " WHERE t.status = 'completed' AND t.date || substr('-01-01', length(t.date) - 3) > ? ORDER BY t.date, e.id",
                    (_day_after(now).isoformat(),),
                )
            ),
            unfinished_runs=int(rows("SELECT count(*) FROM runs WHERE finished IS NULL")[0][0]),
            given_up=int(rows("SELECT count(*) FROM deliveries WHERE state = 'given up'")[0][0]),
            feeds=self.silences(),
        )

    def silences(self) -> tuple[FeedSilence, ...]:
        """Gives since when each configured feed and roster has been silent."""
        return tuple(
            FeedSilence(r["name"], surely(r["first_seen"]), time_of(r["last_read"]), time_of(r["new"]), r["failures"], r["last_error"])
            for r in self._rows(_SILENCE)
        )

    def titles(self, addresses: Sequence[str]) -> dict[str, str]:
        """Gives the titles of articles by their canonical addresses."""
        found: dict[str, str] = {}
        for begin in range(0, len(addresses), 500):
            some = addresses[begin : begin + 500]
            marks = ", ".join("?" * len(some))
            found |= {r["url"]: r["title"] for r in self._rows(f"SELECT url, title FROM articles WHERE url IN ({marks})", some)}
        return found

    # Reading again.

    def detected_before(self, version: str, since: datetime | None = None) -> tuple[int, ...]:
        """Gives the articles (by number) that another version of the detector read last, the oldest first; without those that
        were pruned or taken down.

        `since` leaves out what was published before (or first seen, where the article does not say when it was published).
        """
        asked = " AND ".join(f"detector NOT LIKE '{begin}%'" for begin in NOT_DETECTED)
        rows = self._rows(
            f"SELECT id FROM articles WHERE detector <> :version AND {asked} AND pruned IS NULL AND taken_down IS NULL"
            " AND (:since IS NULL OR coalesce(published, first_seen) >= :since) ORDER BY coalesce(published, first_seen), id",
            {"version": version, "since": moment(since) if since else None},
        )
        return tuple(r["id"] for r in rows)

    def pruned_count(self) -> int:
        """Counts the articles whose words are gone."""
        return int(self._rows("SELECT count(*) FROM articles WHERE pruned IS NOT NULL")[0][0])

    def read_again(self, id: int) -> tuple[StoredArticle, tuple[Claim, ...]]:
        """Gives a stored article by its number, with the claims that the detector which read it last found in it."""
        r = self._rows("SELECT * FROM articles WHERE id = ?", (id,))[0]
        claims = self._rows(
            "SELECT * FROM claims WHERE article = ? AND version = ? AND detector = ? ORDER BY place", (id, r["version"], r["detector"])
        )
        return stored_from(r), tuple(_claim(c) for c in claims)

    def save_again(self, reading: Reading, now: datetime, heirs: Sequence[tuple[str, str]] = ()) -> None:
        """Keeps a reading of words that were read before: it does not make the article any younger.

        `heirs` pairs statements (keys) that the article made with those in their place; a change that rests on the one rests on
        the other from now on.
        """
        with self._writing() as db:
            at = db.execute("SELECT last_read FROM articles WHERE id = ?", (reading.former.id if reading.former else 0,)).fetchone()
            self.save_reading(reading, now)
            if at and reading.former:
                db.execute("UPDATE articles SET last_read = ? WHERE id = ?", (at["last_read"], reading.former.id))
                db.executemany(
                    "INSERT OR IGNORE INTO change_evidence (change, evidence) SELECT l.change, n.id FROM change_evidence l"
                    " JOIN evidence o ON o.id = l.evidence JOIN evidence n ON n.article = o.article"
                    " WHERE o.article = ? AND o.statement = ? AND n.statement = ?",
                    [(reading.former.id, *pair) for pair in heirs],
                )

    def changes_named(self, ids: Iterable[str]) -> tuple[Change, ...]:
        """Gives changes by their ids, in the order in which they were learned."""
        rows = self._rows(
            "SELECT h.*, c.name AS coalition_name, m.name AS member_name FROM changes h JOIN parties c ON c.key = h.coalition"
            " LEFT JOIN parties m ON m.key = h.member WHERE h.id IN (SELECT value FROM json_each(?)) ORDER BY h.detected_at, h.rowid",
            (json.dumps(sorted(ids)),),
        )
        return self._with_evidence(rows)

    def alerts_on(self, changes: Iterable[str]) -> tuple[Alert, ...]:
        """Gives the alerts that were raised for changes (ids), in the order of raising."""
        rows = self._rows(
            "SELECT * FROM alerts WHERE change IN (SELECT value FROM json_each(?)) ORDER BY raised, rowid", (json.dumps(sorted(changes)),)
        )
        return tuple(Alert(r["change"], r["rule"], Severity(r["severity"]), tuple(json.loads(r["channels"])), r["sources"]) for r in rows)

    def changes_that_stand(self) -> frozenset[str]:
        """Gives the ids of the changes that rest on living evidence still."""
        return frozenset(
            r["change"]
            for r in self._rows(
                "SELECT DISTINCT l.change FROM change_evidence l JOIN evidence e ON e.id = l.evidence WHERE e.withdrawn IS NULL"
            )
        )

    def give_up_deliveries(self, changes: Iterable[str], why: str) -> int:
        """Gives up what waits to be delivered about changes that no longer stand, and counts it."""
        with self._writing() as db:
            return sum(
                db.execute(
                    "UPDATE deliveries SET state = 'given up', last_error = ? WHERE state = 'due' AND alert IN"
                    " (SELECT id FROM alerts WHERE change = ?)",
                    (why, change),
                ).rowcount
                for change in changes
            )


_STATED = """
SELECT t.event, t.date, t.key, c.name AS coalition, m.name AS member FROM statements t
JOIN parties c ON c.key = t.coalition LEFT JOIN parties m ON m.key = t.member
"""
_SILENCE = """
SELECT f.name, f.first_seen, f.last_read, f.failures, f.last_error, f.last_new AS new
FROM feeds f WHERE f.configured
UNION ALL
SELECT r.name, r.first_seen, r.last_read, r.failures, r.last_error, r.last_read FROM rosters r WHERE r.configured
ORDER BY 1
"""


def _said(r: sqlite3.Row) -> str:
    return f"{r['member'] or r['coalition']} {r['event']}{' in ' + r['coalition'] if r['member'] else ''} ({r['date'] or 'undated'})"


def _ends(going_on: Callable[[], None]) -> bool:
    """Whether a statement shall end: SQLite takes an answer, and no exception."""
    try:
        going_on()
    except Stopped:
        return True
    return False


def _rows_of(db: sqlite3.Connection) -> dict[str, int]:
    names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {name: int(db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in names}


def _day_after(now: datetime) -> date:
    return date.fromordinal(now.date().toordinal() + 1)


def _claim(r: sqlite3.Row) -> Claim:
    return Claim(
        r["coalition"],
        r["member"],
        Event(r["event"]),
        Status(r["status"]),
        Quote(r["quote"], r["part"], r["start"]),
        r["confidence"],
        Role(r["role"]) if r["role"] else None,
        PartialDate.parse(r["date"]) if r["date"] else None,
    )
