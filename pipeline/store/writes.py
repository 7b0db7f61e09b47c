"""All that changes in the store, each method one transaction: all of it, or nothing.

What is decided elsewhere is written as it comes; the store derives no state and chooses no alert.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from pipeline.model import (
    Act,
    Alert,
    AlertTurn,
    Calling,
    Change,
    Delivery,
    Entry,
    Evidence,
    KnownName,
    Membership,
    Naming,
    Party,
    Plan,
    RosterRule,
)
from pipeline.store.gists import GistReads, drop_gists, save_gists
from pipeline.store.opening import translated
from pipeline.store.reads import INDEXED_HASHES, day_of, moment, pack, rule_of, sketch_of
from pipeline.store.rulings import Rulings
from pipeline.store.values import Judging, Reading, Revisit, RosterPoll, StoredArticle
from pipeline.text import fold


class Writes(GistReads):
    """The writing half of the store."""

    # Rosters.

    def sync_rosters(self, rules: Iterable[RosterRule], now: datetime) -> None:
        """Makes the rosters of the store those of the configuration. Another address, selector or coalition begins anew."""
        with self._writing() as db:
            db.execute("UPDATE rosters SET configured = 0")
            db.executemany(
                "INSERT INTO rosters (name, url, rule, coalition, interval_minutes, first_seen, next_due)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)"
                " ON CONFLICT (name) DO UPDATE SET configured = 1, url = ?2, rule = ?3, coalition = ?4, interval_minutes = ?5,"
                " etag = iif(rule = ?3, etag, ''), last_modified = iif(rule = ?3, last_modified, ''),"
                " body_hash = iif(rule = ?3, body_hash, ''), failures = iif(rule = ?3, failures, 0),"
                " next_due = iif(rule = ?3, next_due, ?6)",
                [(r.name, r.url, rule_of(r), r.coalition, r.interval_minutes, moment(now)) for r in rules],
            )

    def save_roster(self, poll: RosterPoll, now: datetime, plan: Plan, reading: Reading | None = None) -> None:
        """Keeps how a poll of a roster ended and when the next one is due, with all that its reading says: the names and what follows
        from them, or nothing."""
        with self._writing() as db:
            at = moment(now)
            row = db.execute("SELECT * FROM rosters WHERE name = ?", (poll.name,)).fetchone()
            since = moment(plan.failing_since) if plan.failing_since else None
            db.execute(
                "UPDATE rosters SET last_polled = ?1, next_due = ?2, due_why = ?3, strain = ?4, failing_since = ?5, last_error = ?6,"
                " failures = iif(?6 = '', 0, failures + 1), last_read = iif(?6 = '', ?1, last_read) WHERE name = ?7",
                (at, moment(plan.due), plan.why, plan.strain, since, poll.error, poll.name),
            )
            if poll.error:
                return
            article = _save_reading(db, reading, now) if reading else None
            if poll.body_hash:
                db.execute(
                    "UPDATE rosters SET etag = ?, last_modified = ?, body_hash = ? WHERE name = ?",
                    (poll.etag, poll.last_modified, poll.body_hash, poll.name),
                )
            _save_names_read(db, row, poll.names, article, at)
        self._forget(reading)

    def settle_entry(self, entry: Entry, now: datetime, why: str, retry: datetime | None = None) -> None:
        """Counts a try of an entry that gave nothing to read; without `retry` it is done with."""
        with self._writing() as db:
            _settle(db, (entry,), None, now, why, retry)

    def postpone_entries(self, entries: Iterable[Entry], now: datetime, until: datetime) -> None:
        """Leaves entries for later whose site asked to be left alone: that is no try of theirs."""
        with self._writing() as db:
            db.executemany(
                "UPDATE entries SET tried = ?, next_try = ? WHERE feed = ? AND guid = ?",
                [(moment(now), moment(until), e.feed, e.guid) for e in entries],
            )

    def save_duplicate(self, entries: Sequence[Entry], stored: StoredArticle, addresses: Iterable[str], now: datetime) -> None:
        """Settles entries that led to words already read, and keeps the addresses by which they did."""
        with self._writing() as db:
            at = moment(now)
            db.execute("UPDATE articles SET last_read = ? WHERE id = ?", (at, stored.id))
            db.execute("UPDATE evidence SET last_seen = ? WHERE article = ? AND withdrawn IS NULL", (at, stored.id))
            _save_addresses(db, stored.id, addresses)
            _settle(db, entries, stored.id, now, "", None)

    # Articles and what they say.

    def save_reading(self, reading: Reading, now: datetime) -> None:
        """Keeps all that reading one article brought, from its words to the deliveries that it caused."""
        with self._writing() as db:
            _save_reading(db, reading, now)
        self._forget(reading)

    def _forget(self, reading: Reading | None) -> None:
        if reading and reading.renames:
            self._rulings = None
            if reading.rulings is None:
                self.save_redirects()

    # Judgements.

    def save_judging(self, judging: Judging, now: datetime) -> None:
        """Keeps a judgement, or that it was undone, and all that follows from it."""
        j = judging.judgement
        with self._writing() as db:
            _save_parties(db, judging.parties)
            db.execute(
                "INSERT INTO judgements (id, verdict, made_by, made_at, note, one, other, statement, article, value)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT article FROM addresses WHERE url = ?), ?)"
                " ON CONFLICT (id) DO UPDATE SET undone_at = ?, undone_by = ?",
                (
                    *(j.id, j.verdict, j.by, moment(j.at), j.note, j.one or None, j.other or None, j.statement or None, j.article, j.value),
                    *(moment(j.undone) if j.undone else None, j.undone_by),
                ),
            )
            _save_redirects(db, judging.rulings)
            _save_memberships(db, judging.coalitions, None, judging.memberships, now)
            for change in judging.changes:
                _save_change(db, change, None)
            _save_alerts(db, judging.alerts, judging.deliveries, judging.turns, now)
        self._rulings = None

    def save_told(
        self, changes: Sequence[Change], alerts: Sequence[Alert], deliveries: Sequence[Delivery], turns: Sequence[AlertTurn], now: datetime
    ) -> None:
        """Keeps changes and what is told of them, without the articles that they rest on: enough for a rehearsal in a store of its own."""
        with self._writing() as db:
            for change in changes:
                _save_change(db, change, None)
            _save_alerts(db, alerts, deliveries, turns, now)

    def save_redirects(self) -> None:
        """Shows in SQL which parties count as others, as judgements and renamings have it."""
        with self._writing() as db:
            _save_redirects(db, self.rulings())

    def unlearn_unsaid(self, now: datetime) -> int:
        """Lets go of names that were learned before their words were kept, and that stand nowhere in the articles which taught them."""
        rows = self._rows(
            "SELECT l.*, p.name, a.title, a.text, a.url FROM lessons l JOIN parties p ON p.key = l.party"
            " JOIN articles a ON a.id = l.article WHERE l.withdrawn IS NULL AND l.words = l.said AND a.pruned IS NULL"
        )
        unsaid = [r for r in rows if r["folded"] not in fold(f"{r['title']} {r['text']}")]
        with self._writing() as db:
            for r in unsaid:
                db.execute(
                    "UPDATE lessons SET withdrawn = ? WHERE article = ? AND folded = ? AND party = ? AND kind = ? AND withdrawn IS NULL",
                    (moment(now), r["article"], r["folded"], r["party"], r["kind"]),
                )
            taught = "SELECT 1 FROM lessons WHERE folded = ? AND party = ? AND kind = ? AND withdrawn IS NULL"
            gone = [r for r in unsaid if not db.execute(taught, (r["folded"], r["party"], r["kind"])).fetchone()]
            _unlearn(db, [KnownName(r["said"], Party(r["party"], r["name"]), r["kind"], r["url"]) for r in gone], now)
        self._rulings = None
        return len(gone)

    def show_names(self) -> None:
        """Shows every party under the best of the names that it was ever called by."""
        with self._writing() as db:
            _show(db, [r["party"] for r in db.execute("SELECT DISTINCT party FROM called").fetchall()])

    def lists_owners_by(self) -> str:
        """Gives the fingerprint of the listing by which the owners of articles were found; empty where none was."""
        rows = self._rows("SELECT fingerprint FROM ownership")
        return str(rows[0]["fingerprint"]) if rows else ""

    def save_owners(self, owner_of: Callable[[str, str], str], fingerprint: str) -> int:
        """Finds the owners of all articles anew, by publisher and address, and gives how many are other ones now."""
        with self._writing() as db:
            rows = db.execute("SELECT id, publisher, url, owner FROM articles")
            other = [(owner, r["id"]) for r in rows if (owner := owner_of(r["publisher"], r["url"])) != r["owner"]]
            db.executemany("UPDATE articles SET owner = ? WHERE id = ?", other)
            drop_gists(db)
            db.execute("DELETE FROM ownership")
            db.execute("INSERT INTO ownership VALUES (?)", (fingerprint,))
            return len(other)

    # Runs.

    def save_state(self, coalitions: Sequence[str], memberships: Sequence[Membership], now: datetime) -> None:
        """Makes the derived state of coalitions (keys) what is given; a row of theirs that is not among it goes."""
        with self._writing() as db:
            drop_gists(db)
            _save_memberships(db, coalitions, None, memberships, now)

    def start_run(self, now: datetime, kind: str = "cycle") -> int:
        """Opens a run and gives its number. `kind` is "cycle", "import" or "redetection"."""
        with self._writing() as db:
            return int(db.execute("INSERT INTO runs (started, kind) VALUES (?, ?)", (moment(now), kind)).lastrowid or 0)

    def finish_run(self, run: int, report: Mapping[str, Any], finished: datetime) -> None:
        """Closes a run with its report; a run without an end was cut short."""
        with self._writing() as db:
            db.execute(
                "UPDATE runs SET finished = ?, report = ? WHERE id = ?", (moment(finished), json.dumps(report, ensure_ascii=False), run)
            )

    @contextmanager
    def together(self, *, trial: bool = False) -> Iterator[None]:
        """Makes several writes one: all of them, or nothing. On `trial` they can be looked at within, and are undone at the end."""
        try:
            with translated(self.about), suppress(_UndoneError), self.db.atomic():
                yield
                if trial:
                    raise _UndoneError
        finally:
            self._rulings = None  # what was undone may have been a judgement or a renaming

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with translated(self.about), self.db.atomic():
            yield self.db.conn


class _UndoneError(Exception):
    """Ends a transaction that was only a trial."""


def _settle(db: sqlite3.Connection, entries: Sequence[Entry], article: int | None, now: datetime, why: str, retry: datetime | None) -> None:
    # What the feed said is kept while the page may still be had; afterwards the article has the words.
    db.executemany(
        "UPDATE entries SET state = ?1, why = ?2, tries = tries + (?2 <> ''), fatal = 0, tried = ?3, next_try = coalesce(?4, next_try),"
        " article = coalesce(?5, article), content = iif(?4 IS NULL, '', content) WHERE feed = ?6 AND guid = ?7",
        [("pending" if retry else "settled", why, moment(now), moment(retry) if retry else None, article, e.feed, e.guid) for e in entries],
    )


def _save_reading(db: sqlite3.Connection, reading: Reading, now: datetime) -> int:
    article = _save_article(db, reading, now)
    _save_addresses(db, article, (reading.article.url, *reading.addresses))
    _save_claims(db, article, reading)
    _unlearn(db, reading.unlearned, now)
    _save_names(db, reading.learned, now)
    _save_lessons(db, article, reading, now)
    ids = _save_evidence(db, article, reading.evidence, now)
    named = (p for e in reading.evidence for p in (e.statement.coalition, e.statement.member, e.successor) if p)
    callings = map(Calling, named) if reading.callings is None else reading.callings
    _save_callings(db, callings, reading.article.published or now)
    _withdraw(db, reading.withdrawn, now)
    _save_memberships(db, reading.coalitions, reading.members, reading.memberships, now)
    for change in reading.changes:
        _save_change(db, change, reading.run)
    rulings = reading.rulings or Rulings()
    counted = reading.evidence if reading.counted is None else reading.counted
    _grow(db, [(ids[e.log_key], rulings.alike(e) | reading.retold.get(e.log_key, frozenset())) for e in counted])
    if reading.rulings is not None and reading.renames:
        _save_redirects(db, rulings)
    if reading.gists is None:
        drop_gists(db, {*reading.coalitions, *_spoken_of(db, article, rulings)})
    else:
        save_gists(db, reading.gists, ids)
    _save_alerts(db, reading.alerts, reading.deliveries, reading.turns, now)
    _settle(db, reading.entries, article, now, reading.why, reading.retry)
    if reading.answered and reading.revisit:
        save_revisit(db, Revisit(article, reading.answered, now, reading.revisit))
    return article


def save_revisit(db: sqlite3.Connection, revisit: Revisit) -> None:
    """Keeps when a page is read again, and the answer that it gave last; a page that is due no more is forgotten."""
    r, a = revisit, revisit.answered
    if r.due is None:
        db.execute("DELETE FROM revisits WHERE article = ?", (r.article,))
        return
    gone = moment(r.gone_since) if r.gone_since else None
    db.execute(
        "INSERT OR REPLACE INTO revisits (article, address, site, etag, last_modified, body_hash, since, due, gone_since, in_vain)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (r.article, a.address, a.site, a.etag, a.last_modified, a.body_hash, moment(r.since), moment(r.due), gone, r.in_vain),
    )


def _spoken_of(db: sqlite3.Connection, article: int, rulings: Rulings) -> set[str]:
    """The coalitions that all versions of an article spoke of, and those that they count as."""
    keys = {
        r["coalition"]
        for r in db.execute("SELECT t.coalition FROM evidence e JOIN statements t ON t.key = e.statement WHERE e.article = ?", (article,))
    }
    return keys | {rulings.root(key) for key in keys} | {own.key for (key, _), own in rulings.apart.items() if key in keys}


def _save_names_read(db: sqlite3.Connection, roster: sqlite3.Row, names: Sequence[str], article: int | None, at: str) -> None:
    """Keeps the names of a complete reading: as a new one where they differ from the last, else as the last seen again."""
    under = (roster["name"], roster["rule"])
    last = db.execute("SELECT max(id) AS id FROM roster_readings WHERE roster = ? AND rule = ?", under).fetchone()
    known = tuple(r["name"] for r in db.execute("SELECT name FROM roster_names WHERE reading = ? ORDER BY place", (last["id"],)))
    if names and names != known:
        reading = db.execute(
            "INSERT INTO roster_readings (roster, rule, article, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)",
            (*under, article, at, at),
        ).lastrowid
        db.executemany("INSERT INTO roster_names VALUES (?, ?, ?)", [(reading, place, name) for place, name in enumerate(names)])
    else:
        db.execute("UPDATE roster_readings SET last_seen = ? WHERE id = ?", (at, last["id"]))


def _save_article(db: sqlite3.Connection, reading: Reading, now: datetime) -> int:
    article, former, at = reading.article, reading.former, moment(now)
    hashes = sketch_of(article.text)
    db.execute("INSERT OR IGNORE INTO stories (id, first_seen) VALUES (?, ?)", (reading.story, at))
    words = {
        "url": article.url,
        "title": article.title,
        "text": article.text,
        "published": moment(article.published) if article.published else None,
        "author": article.author,
        "site": article.site,
        "publisher": reading.publisher,
        "owner": reading.owner,
        "language": article.language,
        "origin": article.origin,
        "fingerprint": article.fingerprint,
        "sketch": pack(hashes),
        "story": reading.story,
        "detector": reading.detector,
        "skipped": reading.skipped,
        "now": at,
        "taken_down": at if reading.taken_down else None,
    }
    if former is None:
        cursor = db.execute(
            "INSERT INTO articles (url, title, text, published, author, site, publisher, language, origin, fingerprint, sketch, story,"
            " detector, skipped, first_seen, last_read, owner) VALUES (:url, :title, :text, :published, :author, :site, :publisher,"
            " :language, :origin, :fingerprint, :sketch, :story, :detector, :skipped, :now, :now, :owner)",
            words,
        )
        id = int(cursor.lastrowid or 0)
    else:
        id = former.id
        if former.article.fingerprint != article.fingerprint:
            db.execute(
                "INSERT INTO former_versions SELECT id, version, title, text, origin, fingerprint,"
                " coalesce((SELECT max(replaced) FROM former_versions WHERE article = a.id), first_seen), ? FROM articles a WHERE id = ?",
                (at, id),
            )
        db.execute("DELETE FROM claims WHERE article = ? AND version = ? AND detector = ?", (id, _version(reading), reading.detector))
        db.execute(
            "UPDATE articles SET url = :url, title = :title, text = :text, published = :published, author = :author, site = :site,"
            " publisher = :publisher, owner = :owner, language = :language, origin = :origin, fingerprint = :fingerprint, sketch = :sketch,"
            " story = :story, detector = :detector, skipped = :skipped, last_read = :now, version = :version, pruned = NULL,"
            " taken_down = :taken_down WHERE id = :id",
            words | {"id": id, "version": _version(reading)},
        )
        was = former.sketch[:INDEXED_HASHES]
        db.execute("DELETE FROM sketches WHERE article = ? AND hash IN (SELECT value FROM json_each(?))", (id, json.dumps(was)))
    day = day_of(article, now)
    db.executemany("INSERT OR IGNORE INTO sketches (hash, day, article) VALUES (?, ?, ?)", [(h, day, id) for h in hashes[:INDEXED_HASHES]])
    return id


def _version(reading: Reading) -> int:
    former = reading.former
    return 1 if former is None else former.version + (former.article.fingerprint != reading.article.fingerprint)


def _save_addresses(db: sqlite3.Connection, article: int, addresses: Iterable[str]) -> None:
    db.executemany("INSERT OR IGNORE INTO addresses (url, article) VALUES (?, ?)", [(url, article) for url in addresses if url])


def _save_claims(db: sqlite3.Connection, article: int, reading: Reading) -> None:
    db.executemany(
        "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                article,
                _version(reading),
                reading.detector,
                place,
                c.coalition,
                c.member,
                c.event,
                c.status,
                c.role,
                str(c.date) if c.date else None,
                c.quote.words,
                c.quote.part,
                c.quote.start,
                c.confidence,
                json.dumps(c.coalition_aliases, ensure_ascii=False),
                json.dumps(c.member_aliases, ensure_ascii=False),
                json.dumps(c.because, ensure_ascii=False),
            )
            for place, c in enumerate(reading.claims)
        ],
    )


def _save_parties(db: sqlite3.Connection, parties: Iterable[Party]) -> None:
    """Keeps parties that are not known yet; what they are shown as is decided in `_show`."""
    db.executemany(
        "INSERT INTO parties (key, name, folded) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING",
        [(p.key, p.name, fold(p.name)) for p in dict.fromkeys(parties)],
    )


def _save_names(db: sqlite3.Connection, learned: Sequence[KnownName], now: datetime) -> None:
    _save_parties(db, (n.party for n in learned))
    db.executemany(
        "INSERT OR IGNORE INTO names (spelling, party, folded, kind, source, first_seen) VALUES (?, ?, ?, ?, ?, ?)",
        [(n.spelling, n.party.key, fold(n.spelling), n.kind, n.source, moment(now)) for n in learned],
    )


def _save_lessons(db: sqlite3.Connection, article: int, reading: Reading, now: datetime) -> None:
    """Keeps the definitions that an article holds; those that its edited words hold no longer are withdrawn."""
    _save_parties(db, (lesson.name.party for lesson in reading.lessons))
    held = {(fold(x.name.spelling), x.name.party.key, x.name.kind): x for x in reading.lessons}
    living: set[tuple[str, str, str]] = set()
    if reading.former:
        rows = db.execute("SELECT folded, party, kind FROM lessons WHERE article = ? AND withdrawn IS NULL", (article,))
        living = {(r["folded"], r["party"], r["kind"]) for r in rows}
        gone = living - held.keys() if reading.former.article.origin == reading.article.origin else ()
        db.executemany(
            "UPDATE lessons SET withdrawn = ? WHERE article = ? AND folded = ? AND party = ? AND kind = ? AND withdrawn IS NULL",
            [(moment(now), article, *lesson) for lesson in gone],
        )
    db.executemany(
        "INSERT OR REPLACE INTO lessons (article, folded, party, kind, said, words, known_from) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(article, *key, x.said, x.words, moment(now)) for key, x in held.items() if key not in living],
    )


def _unlearn(db: sqlite3.Connection, names: Sequence[KnownName], now: datetime) -> None:
    """Lets go of names that no article defines any more; that they were known is kept."""
    for n in names:
        which = (fold(n.spelling), n.party.key, n.kind)
        db.execute(
            "INSERT INTO former_names SELECT spelling, party, folded, kind, source, first_seen, ? FROM names"
            " WHERE folded = ? AND party = ? AND kind = ?",
            (moment(now), *which),
        )
        db.execute("DELETE FROM names WHERE folded = ? AND party = ? AND kind = ?", which)
        called = [r["name"] for r in db.execute("SELECT name FROM called WHERE party = ? AND naming = 'said'", (n.party.key,))]
        own = [name for name in called if fold(name) == which[0]]
        if len(own) < len(called):
            db.executemany("DELETE FROM called WHERE party = ? AND naming = 'said' AND name = ?", [(n.party.key, name) for name in own])
            _show(db, (n.party.key,))


def _save_callings(db: sqlite3.Connection, callings: Iterable[Calling], published: datetime) -> None:
    """Keeps by which names an article calls parties, and shows each party under the best of all that it was ever called."""
    callings = tuple(callings)
    _save_parties(db, (c.party for c in callings))
    for c in callings:
        if c.naming is Naming.CONFIG:
            db.execute("DELETE FROM called WHERE party = ? AND naming = 'config' AND name <> ?", (c.party.key, c.party.name))
    db.executemany(
        "INSERT INTO called (party, name, naming, since) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (party, name, naming) DO UPDATE SET since = ?4 WHERE ?4 < since",
        [(c.party.key, c.party.name, c.naming, c.when.earliest().isoformat() if c.when else moment(published)) for c in callings],
    )
    _show(db, {c.party.key for c in callings})


def _show(db: sqlite3.Connection, parties: Iterable[str]) -> None:
    """Gives parties (keys) the best of the names that they were ever called by."""
    for key in parties:
        rows = db.execute("SELECT name, naming, since FROM called WHERE party = ?", (key,)).fetchall()
        name = shown_as([(r["name"], Naming(r["naming"]), r["since"]) for r in rows])
        db.execute("UPDATE parties SET name = ?1, folded = ?2 WHERE key = ?3 AND name <> ?1", (name, fold(name), key))


def shown_as(names: Iterable[tuple[str, Naming, str]]) -> str:
    """Gives the name that a party is shown under, of those that it is called, each with its first day: the configuration's, else what
    it was renamed to last, else what it was called first, initials only where there is nothing else.

    That depends on what the articles say, and not on the order in which they came.

    >>> said = [("NZBA", Naming.SAID, "2021"), ("Net-Zero Banking Alliance", Naming.SAID, "2024"), ("Zero Alliance", Naming.SAID, "2025")]
    >>> shown_as(said), shown_as([*said, ("Banks for Zero", Naming.RENAMED, "2025")])
    ('Net-Zero Banking Alliance', 'Banks for Zero')
    """
    of: dict[Naming, list[tuple[str, str]]] = {naming: [] for naming in Naming}
    for name, naming, since in names:
        of[naming].append((since, name))
    if of[Naming.CONFIG] or of[Naming.RENAMED]:
        return max(of[Naming.CONFIG] or of[Naming.RENAMED])[1]
    return min(of[Naming.SAID], key=lambda said: (" " not in said[1] and said[1].isupper(), *said))[1]


def _save_evidence(db: sqlite3.Connection, article: int, evidence: Sequence[Evidence], now: datetime) -> dict[str, int]:
    """Gives the row of each piece of evidence by the key of its statement."""
    statements = {e.statement.key: e.statement for e in evidence}
    _save_parties(db, (p for s in statements.values() for p in (s.coalition, s.member) if p is not None))
    _save_parties(db, (e.successor for e in evidence if e.successor is not None))
    db.executemany(
        "INSERT OR IGNORE INTO statements (key, coalition, member, event, status, date) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (key, s.coalition.key, s.member.key if s.member else None, s.event, s.status, str(s.date) if s.date else None)
            for key, s in statements.items()
        ],
    )
    ids = {}
    for e in evidence:
        said = {
            "statement": e.statement.key,
            "article": article,
            "quote": e.quote,
            "role": e.role,
            "other_name": e.other_name,
            "confidence": e.confidence,
            "published": moment(e.published) if e.published else None,
            "coalition_said": e.coalition_said,
            "member_said": e.member_said,
            "successor": e.successor.key if e.successor else None,
            "detector": e.detector,
            "first_seen": moment(e.first_seen),
            "now": moment(now),
        }
        db.execute(_KEEP_FORMER, said)
        ids[e.statement.key] = db.execute(_SAY, said).fetchone()["id"]
    return ids


_TELLING = ("quote", "role", "other_name", "confidence", "published", "coalition_said", "member_said", "successor")
"""What a piece of evidence tells. Where any of it becomes other, or what was withdrawn is said again, the former is kept as former."""
_IS_OTHER = (
    f"(evidence.withdrawn IS NOT NULL OR ({', '.join(f'evidence.{c}' for c in _TELLING)}) IS NOT ({', '.join(f':{c}' for c in _TELLING)}))"
)
_KEEP_FORMER = (
    f"INSERT INTO former_evidence (statement, article, {', '.join(_TELLING)}, detector, first_seen, last_seen, known_from, known_until)"
    f" SELECT statement, article, {', '.join(_TELLING)}, detector, first_seen, last_seen, known_from, coalesce(withdrawn, :now)"
    " FROM evidence WHERE statement = :statement AND article = :article"
    f" AND known_from < coalesce(withdrawn, :now) AND {_IS_OTHER}"
)
_SAY = (
    f"INSERT INTO evidence (statement, article, {', '.join(_TELLING)}, detector, first_seen, last_seen, known_from)"
    f" VALUES (:statement, :article, {', '.join(f':{c}' for c in _TELLING)}, :detector, :first_seen, :now, :now)"
    f" ON CONFLICT (statement, article) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in _TELLING)},"
    " detector = excluded.detector, last_seen = excluded.last_seen, withdrawn = NULL,"
    f" known_from = iif({_IS_OTHER}, :now, evidence.known_from) RETURNING id"
)


def _withdraw(db: sqlite3.Connection, withdrawn: Sequence[Evidence], now: datetime) -> None:
    db.executemany(
        "UPDATE evidence SET withdrawn = ? WHERE statement = ? AND article = (SELECT article FROM addresses WHERE url = ?)"
        " AND withdrawn IS NULL",
        [(moment(now), e.log_key, e.article) for e in withdrawn],
    )


def _save_memberships(
    db: sqlite3.Connection, coalitions: Sequence[str], members: Sequence[str] | None, memberships: Sequence[Membership], now: datetime
) -> None:
    rows = {
        (m.coalition.key, m.member.key): (
            m.standing.value,
            m.role.value if m.role else None,
            str(m.since) if m.since else None,
            str(m.until) if m.until else None,
        )
        for m in memberships
    }
    _save_parties(db, (p for m in memberships for p in (m.coalition, m.member)))
    among = "" if members is None else " AND member IN (SELECT value FROM json_each(?))"
    known = {
        (r["coalition"], r["member"]): (r["standing"], r["role"], r["since"], r["until"])
        for r in db.execute(
            "SELECT * FROM memberships WHERE coalition IN (SELECT value FROM json_each(?))" + among,
            (json.dumps(coalitions), *([json.dumps(members)] if among else [])),
        )
    }
    db.executemany("DELETE FROM memberships WHERE coalition = ? AND member = ?", [pair for pair in known if pair not in rows])
    # Only what differs is written: a body of 200 members is not rewritten because one of them left.
    db.executemany(
        "INSERT OR REPLACE INTO memberships (coalition, member, standing, role, since, until, derived) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(*pair, *row, moment(now)) for pair, row in rows.items() if known.get(pair) != row],
    )
    _save_spells(db, coalitions, members, memberships)


def _save_spells(
    db: sqlite3.Connection, coalitions: Sequence[str], members: Sequence[str] | None, memberships: Sequence[Membership]
) -> None:
    rows = {
        (m.coalition.key, m.member.key, place): (s, (s.standing, s.role, str(s.since or "") or None, str(s.until or "") or None, s.sources))
        for m in memberships
        for place, s in enumerate(m.spells)
    }
    among = "" if members is None else " AND s.member IN (SELECT value FROM json_each(?))"
    known = {
        (r["coalition"], r["member"], r["place"]): r
        for r in db.execute(
            "SELECT s.*, e.statement, a.url FROM spells s LEFT JOIN evidence e ON e.id = s.evidence"
            " LEFT JOIN articles a ON a.id = e.article WHERE s.coalition IN (SELECT value FROM json_each(?))" + among,
            (json.dumps(coalitions), *([json.dumps(members)] if among else [])),
        )
    }
    db.executemany("DELETE FROM spells WHERE coalition = ? AND member = ? AND place = ?", [place for place in known if place not in rows])
    for place, (spell, row) in rows.items():
        was, words = known.get(place), spell.evidence[0]
        if was is None or (*row, words.log_key, words.article) != tuple(was[c] for c in _SPELL):
            db.execute(
                "INSERT OR REPLACE INTO spells VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM evidence WHERE statement = ?"
                " AND article = (SELECT article FROM addresses WHERE url = ?)))",
                (*place, *row, words.log_key, words.article),
            )


_SPELL = ("standing", "role", "since", "until", "sources", "statement", "url")


def _save_change(db: sqlite3.Connection, change: Change, run: int | None) -> None:
    _save_parties(db, (p for p in (change.coalition, change.member) if p is not None))
    db.execute(
        "INSERT INTO changes (id, kind, coalition, member, status, role, effective, detected_at, confidence, before, after, historic,"
        " run, judgement, taken_down) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            change.id,
            change.kind,
            change.coalition.key,
            change.member.key if change.member else None,
            change.status,
            change.role,
            str(change.effective) if change.effective else None,
            moment(change.detected_at),
            change.confidence,
            change.before,
            change.after,
            change.historic,
            run,
            change.judgement or None,
            change.taken_down,
        ),
    )
    # A change may rest on the words of earlier articles, too.
    db.executemany(
        "INSERT OR IGNORE INTO change_evidence (change, evidence) SELECT ?, e.id FROM evidence e"
        " WHERE e.statement = ? AND e.article = (SELECT article FROM addresses WHERE url = ?)",
        [(change.id, e.log_key, e.article) for e in change.evidence],
    )


def _grow(db: sqlite3.Connection, evidence: Iterable[tuple[int, Iterable[str]]]) -> None:
    """Adds evidence to the latest change that rests on the same statement: an alert grows instead of multiplying.

    Each piece of evidence comes with the keys of the statements that state the same.
    """
    db.executemany(
        "INSERT OR IGNORE INTO change_evidence (change, evidence) SELECT h.id, ?1 FROM json_each(?2) k"
        " CROSS JOIN change_statements s ON s.statement = k.value JOIN changes h ON h.id = s.change"
        " ORDER BY h.detected_at DESC, h.rowid DESC LIMIT 1",
        [(id, json.dumps(sorted(keys))) for id, keys in evidence],
    )


def _save_redirects(db: sqlite3.Connection, rulings: Rulings) -> None:
    """Shows in SQL which parties count as others; it is derived from judgements and renamings, and read by views alone."""
    db.execute("DELETE FROM redirects")
    drop_gists(db)
    _save_parties(db, rulings.counts_as.values())
    db.executemany("INSERT INTO redirects VALUES (?, ?)", [(key, party.key) for key, party in rulings.counts_as.items()])
    db.execute("DELETE FROM redirects_within")
    _save_parties(db, rulings.within.values())
    db.executemany("INSERT INTO redirects_within VALUES (?, ?, ?)", [(*pair, party.key) for pair, party in rulings.within.items()])


def _save_alerts(
    db: sqlite3.Connection, alerts: Sequence[Alert], deliveries: Sequence[Delivery], turns: Sequence[AlertTurn], now: datetime
) -> None:
    at = moment(now)
    for a in alerts:
        fresh = db.execute(
            "INSERT OR IGNORE INTO alerts (id, change, rule, severity, channels, raised, sources) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (a.id, a.change, a.rule, a.severity, json.dumps(a.channels, ensure_ascii=False), at, a.sources),
        ).rowcount
        if fresh:
            save_turns(db, (AlertTurn(a.id, Act.RAISED, now, sources=a.sources),))
    save_turns(db, turns)
    # Those that wait for one bundle go when the first of them goes, and no word about an alert overtakes an earlier one. One whose time
    # has come and that waits for another source goes with nobody: it may never go.
    db.executemany(
        "INSERT OR IGNORE INTO deliveries (id, alert, act, rule, change, coalition, channel, bundle, message, least_sources, waits_until,"
        " made, due) VALUES (:id, :alert, :act, :rule, :change, coalesce(nullif(:coalition, ''), (SELECT h.coalition FROM alerts a"
        " JOIN changes h ON h.id = a.change WHERE a.id = :alert)), :channel, :bundle, iif(:bundle = '', :id, NULL), :least, :waits, :now,"
        " coalesce((SELECT min(due) FROM deliveries d WHERE :bundle <> '' AND state = 'due' AND message IS NULL AND channel = :channel"
        " AND bundle = :bundle AND (due >= :now OR waits_until <= :now OR least_sources <= (SELECT sources FROM alerts a"
        " WHERE a.id = d.alert))), max(:due, coalesce((SELECT max(due) FROM deliveries WHERE :act <> 'raised' AND state = 'due'"
        " AND alert = :alert AND channel = :channel), ''))))",
        [
            {
                "id": d.id,
                "alert": d.alert,
                "act": d.act,
                "rule": d.rule,
                "change": d.change or None,
                "coalition": d.coalition,
                "channel": d.channel,
                "bundle": d.bundle,
                "least": d.least_sources,
                "waits": moment(d.waits_until) if d.waits_until else None,
                "now": at,
                "due": moment(d.due),
            }
            for d in deliveries
        ],
    )


_STATES = {
    Act.UPDATED: "iif(state IN ('acknowledged', 'muted', 'reopened'), state, 'updated')",
    Act.REOPENED: "'reopened'",
    Act.ACKNOWLEDGED: "'acknowledged'",
    Act.MUTED: "'muted'",
    Act.UNMUTED: "iif(state = 'muted', 'open', state)",
}
"""What a turn makes of the state of an alert, in SQL; the others leave it as it is."""


def save_turns(db: sqlite3.Connection, turns: Sequence[AlertTurn]) -> None:
    """Adds lines to the logs of alerts, and brings their states up to date."""
    for t in turns:
        db.execute(
            "INSERT INTO alert_turns (alert, act, at, by, note, until, change, sources) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (t.alert, t.act, moment(t.at), t.by, t.note, moment(t.until) if t.until else None, t.change or None, t.sources),
        )
        db.execute(
            f"UPDATE alerts SET state = {_STATES.get(t.act, 'state')}, sources = max(sources, ?), muted_until = CASE ?"
            " WHEN 'muted' THEN ? WHEN 'unmuted' THEN NULL WHEN 'reopened' THEN NULL ELSE muted_until END WHERE id = ?",
            (t.sources, t.act, moment(t.until) if t.until else None, t.alert),
        )
        if t.act is Act.REOPENED:
            # What is contradicted is news at once: nobody waits for a second source of it any more.
            db.execute("UPDATE deliveries SET waits_until = due WHERE alert = ? AND state = 'due' AND tries = 0", (t.alert,))
