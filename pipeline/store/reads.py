"""All that is asked of the store: rows become values before they leave it, and nothing is written.

Reading never needs the writer's lock, and a read-only opening has only what stands here.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from sqlite_utils import Database

from pipeline.errors import PipelineError, StoreError
from pipeline.model import (
    KEY,
    KEY_WITHIN,
    Article,
    Change,
    ChangeKind,
    Entry,
    Event,
    Evidence,
    FailingFeed,
    FeedHealth,
    Judgement,
    KnownName,
    Lesson,
    Membership,
    PartialDate,
    Party,
    Role,
    RosterRule,
    Standing,
    Statement,
    Status,
    Verdict,
)
from pipeline.store.opening import connect, tidy, translated
from pipeline.store.rulings import Definition, Rulings, rule
from pipeline.store.schema import FIRST_HEARD
from pipeline.store.values import PendingEntry, RosterState, StoredArticle
from pipeline.text import digest, fold, resemblance, sketch

STORY_DAYS = 14
"""How far apart in days of publication two near-copies may be: a wire story is reprinted within days, a template for years."""
STORY_LIKENESS = 0.2
"""Least resemblance of near-copies. In the eight syndicated pairs of the corpus it is 0.22 to 0.81, in all others of 526 articles
within `STORY_DAYS` of each other 0.02 at most."""
STORY_LEAST_HASHES = 32
"""Texts with fewer shingles stand alone: paywall notices and teasers are alike without telling the same story."""
INDEXED_HASHES = 16
"""Hashes of a sketch that can be found again. A copy of likeness 0.2 has a third of them: it is missed once in 600 times."""
COMMON_ARTICLES = 64
"""Of the articles that share one hash so many are looked at, the latest first: what more have in common is a publisher's notice."""
NEAREST = 8
"""Articles that share most hashes and are compared by their whole sketches."""
QUERY_ROWS = 100_000
QUERY_VALUE_BYTES = 50_000_000

_READING_ONLY = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_PRAGMAS_OF_A_TABLE = {"table_info", "table_xinfo", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
_PRAGMAS = {
    "table_list", "foreign_key_check", "integrity_check", "quick_check", "database_list", "compile_options", "user_version",
    "application_id", "journal_mode", "page_count", "page_size", "freelist_count", "data_version", "foreign_keys",
}  # fmt: skip
"""Pragmas that only tell; with a value some of them would set it."""

EVIDENCE = """
SELECT t.event, t.status, t.date, c.key AS coalition, c.name AS coalition_name, m.key AS member, m.name AS member_name,
    a.url, a.publisher, a.story, a.owner, e.quote, e.confidence, e.detector, e.first_seen, e.last_seen, e.published, e.role, e.other_name,
    e.successor, (SELECT name FROM parties WHERE key = e.successor) AS successor_name, e.withdrawn, e.coalition_said, e.member_said
FROM evidence e JOIN statements t ON t.key = e.statement JOIN articles a ON a.id = e.article
    JOIN parties c ON c.key = t.coalition LEFT JOIN parties m ON m.key = t.member
"""
_BRIEFLY = EVIDENCE.replace("a.story, a.owner", "'', ''").replace("e.confidence, e.detector", "0.0, ''")
"""Without what only counts where it is asked who says so, and how surely: of thousands of rows a good part of the time."""

_STOOD_UNTIL = """, (SELECT max(at) FROM (
        SELECT replaced AS at FROM former_versions v WHERE v.article = e.article AND v.origin = a.origin UNION ALL SELECT a.taken_down
    ) WHERE at = e.until AND at > e.detected_at)"""
_SAID = ("quote", "confidence", "detector", "published", "role", "other_name", "successor", "coalition_said", "member_said")
_AS_TOLD = f"""
WITH told AS (
    SELECT l.change, h.detected_at, e.id, e.statement, e.article, e.first_seen, e.last_seen, e.withdrawn,
        {", ".join(f"iif(f.id IS NULL, e.{c}, f.{c}) AS {c}" for c in _SAID)},
        iif(f.id IS NULL OR f.quote = e.quote, e.withdrawn, f.known_until) AS until
    FROM json_each(?) w CROSS JOIN change_evidence l ON l.change = w.value JOIN changes h ON h.id = l.change
        JOIN evidence e ON e.id = l.evidence LEFT JOIN former_evidence f ON f.id = {FIRST_HEARD}
)
{EVIDENCE.replace("SELECT ", "SELECT e.change, ", 1).replace("FROM evidence e", _STOOD_UNTIL + " FROM told e")} ORDER BY e.id
"""
"""The evidence of changes as it was when they were told, or where it came later, when it came. At last until when its words stood there:
what a newer detector reads otherwise was not edited, so there has to be an edit of that moment."""


def _as_known(evidence: str, where: str) -> str:
    """Makes of a question about `EVIDENCE` that for what was known at the moment `:at`: what was withdrawn later stood then, and what was
    edited later said what it said then."""
    then = evidence.replace("e.withdrawn", "NULL AS withdrawn")
    return (
        f"{then} WHERE {where} AND e.known_from <= :at AND (e.withdrawn IS NULL OR e.withdrawn > :at) UNION ALL"
        f" {then.replace('FROM evidence e', 'FROM former_evidence e')} WHERE {where} AND e.known_from <= :at AND e.known_until > :at"
    )


class Reads:
    """The reading half of the store. `about` names the store in errors."""

    def __init__(self, db: Database, path: Path | None) -> None:
        self.db = db
        self.path = path
        self.about = str(path) if path else "memory"
        self._rulings: tuple[int, Rulings] | None = None

    # Feeds and entries.

    def due_rosters(self, rules: Iterable[RosterRule], now: datetime, everything: bool = False) -> tuple[RosterState, ...]:
        """Gives those of the rules' rosters that are due, or all of them, each with its last complete reading under that rule."""
        states = []
        for asked in rules:
            row = self._rows("SELECT * FROM rosters WHERE name = ? AND (? OR next_due <= ?)", (asked.name, everything, moment(now)))
            if row:
                names = self._rows(
                    "SELECT n.name, r.last_seen FROM roster_names n JOIN roster_readings r ON r.id = n.reading WHERE r.id ="
                    " (SELECT max(id) FROM roster_readings WHERE roster = ? AND rule = ?) ORDER BY n.place",
                    (asked.name, rule_of(asked)),
                )
                states.append(
                    RosterState(
                        asked,
                        row[0]["etag"],
                        row[0]["last_modified"],
                        row[0]["body_hash"],
                        tuple(r["name"] for r in names),
                        time_of(names[0]["last_seen"]) if names else None,
                        row[0]["failures"],
                        row[0]["strain"],
                        time_of(row[0]["failing_since"]),
                    )
                )
        return tuple(states)

    def feed_health(self) -> FeedHealth:
        """Gives how the last poll of each configured feed and roster ended, and which were never polled."""
        rows = self._rows(
            "SELECT name, last_error, last_read, last_polled FROM feeds WHERE configured"
            " UNION ALL SELECT name, last_error, last_read, last_polled FROM rosters WHERE configured ORDER BY name"
        )
        polled = [r for r in rows if r["last_polled"]]
        return FeedHealth(
            sum(not r["last_error"] for r in polled),
            tuple(FailingFeed(r["name"], r["last_error"], time_of(r["last_read"])) for r in polled if r["last_error"]),
            time_of(max((r["last_read"] for r in polled if r["last_read"]), default=None)),
            unasked=tuple(r["name"] for r in rows if not r["last_polled"]),
        )

    def pending(self, now: datetime, limit: int, everything: bool = False) -> tuple[PendingEntry, ...]:
        """Gives entries to read, oldest first: those never tried and those whose next try is due, or with `everything` any
        that has not been tried at `now` itself."""
        rows = self._rows(
            "SELECT n.*, f.publisher, f.url AS feed_url FROM entries n JOIN feeds f ON f.name = n.feed"
            " WHERE n.state = 'pending' AND (n.tried IS NULL OR n.tried < :now) AND (:everything OR n.next_try <= :now)"
            " ORDER BY coalesce(n.published, n.first_seen), n.feed, n.guid LIMIT :limit",
            {"now": moment(now), "everything": everything, "limit": limit},
        )
        return tuple(
            PendingEntry(
                Entry(
                    r["feed"], r["guid"], r["url"], r["title"], r["content"], time_of(r["published"]), time_of(r["updated"]), r["author"]
                ),
                r["publisher"],
                r["feed_url"],
                r["tries"],
            )
            for r in rows
        )

    def pending_count(self, now: datetime, everything: bool = False) -> int:
        """Counts what `pending` would give without a limit."""
        return int(
            self._rows(
                "SELECT count(*) AS n FROM entries WHERE state = 'pending' AND (tried IS NULL OR tried < :now)"
                " AND (:everything OR next_try <= :now)",
                {"now": moment(now), "everything": everything},
            )[0]["n"]
        )

    # Articles and stories.

    def article(self, url: str) -> StoredArticle | None:
        """Gives the article that was reached by an address, canonical or not, in its present version."""
        return self._article("id = (SELECT article FROM addresses WHERE url = ?)", (url,))

    def article_of(self, entry: Entry) -> StoredArticle | None:
        """Gives the article that was read for an entry before."""
        return self._article("id = (SELECT article FROM entries WHERE feed = ? AND guid = ?)", (entry.feed, entry.guid))

    def twin(self, article: Article, publisher: str) -> StoredArticle | None:
        """Gives a stored article with the same words of the same publisher and host: one article under two addresses."""
        host = urlsplit(article.url).hostname
        rows = self._rows(
            "SELECT id, url FROM articles WHERE fingerprint = ? AND publisher = ? ORDER BY id", (article.fingerprint, publisher)
        )
        found = next((r["id"] for r in rows if urlsplit(r["url"]).hostname == host), None)
        return self._article("id = ?", (found,)) if found is not None else None

    def story_for(self, article: Article, now: datetime) -> str:
        """Gives the story of the nearest near-copy published within `STORY_DAYS` days, else the id of a new story."""
        hashes = sketch_of(article.text)
        alone = digest("story", article.url)
        if len(hashes) < STORY_LEAST_HASHES:
            return alone
        day = day_of(article, now)
        shared: Counter[int] = Counter()
        for hash in hashes:
            # One by one, because only so can each be bounded: a notice that a publisher prints under all it writes is in thousands.
            alike = self._rows(
                "SELECT article FROM sketches WHERE hash = ? AND day BETWEEN ? AND ? ORDER BY day DESC, article DESC LIMIT ?",
                (hash, day - STORY_DAYS, day + STORY_DAYS, COMMON_ARTICLES),
            )
            shared.update(row[0] for row in alike)
        nearest = sorted(shared, key=lambda id: (-shared[id], id))[:NEAREST]
        found = {
            r["id"]: r
            for r in self._rows(
                "SELECT id, story, sketch FROM articles WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(nearest),)
            )
        }
        rows = [found[id] for id in nearest]
        likeness = [(resemblance(hashes, unpack(r["sketch"])), r["story"]) for r in rows]
        best = max(likeness, key=lambda pair: pair[0], default=(0.0, alone))
        return str(best[1]) if best[0] >= STORY_LIKENESS else alone

    def search(self, words: str, limit: int = 20) -> tuple[Article, ...]:
        """Gives the articles that hold all the words, best first; the words are never read as query syntax."""
        quoted = " ".join('"' + w.replace('"', '""') + '"' for w in words.split())
        if not quoted:
            return ()
        rows = self._rows(
            "SELECT a.* FROM articles_fts f JOIN articles a ON a.id = f.rowid WHERE articles_fts MATCH ? ORDER BY f.rank LIMIT ?",
            (quoted, limit),
        )
        return tuple(_article(r) for r in rows)

    # Knowledge.

    def known_names(self) -> tuple[KnownName, ...]:
        """Gives the spellings learned so far, in the order of learning."""
        rows = self._rows(
            "SELECT n.spelling, n.party, p.name, n.kind, n.source FROM names n JOIN parties p ON p.key = n.party ORDER BY n.rowid"
        )
        return tuple(KnownName(r["spelling"], Party(r["party"], r["name"]), r["kind"], r["source"]) for r in rows)

    def lessons_of(self, stored: StoredArticle) -> tuple[Lesson, ...]:
        """Gives the definitions that an article holds, as far as it was read."""
        rows = self._rows(
            "SELECT l.folded, l.party, p.name, l.kind, l.said, l.words FROM lessons l JOIN parties p ON p.key = l.party"
            " WHERE l.article = ? AND l.withdrawn IS NULL",
            (stored.id,),
        )
        return tuple(
            Lesson(KnownName(r["folded"], Party(r["party"], r["name"]), r["kind"], stored.article.url), r["said"], r["words"]) for r in rows
        )

    def unlearned_by(self, former: StoredArticle, lessons: Iterable[Lesson] = ()) -> tuple[KnownName, ...]:
        """Gives the names that nobody defines any more once an article holds these lessons and no others.

        A name whose first teacher kept no lesson stays: it was learned from a list or an older version, or it is what a body is called.
        """
        held = json.dumps([(fold(x.name.spelling), x.name.party.key, x.name.kind) for x in lessons])
        rows = self._rows(
            "SELECT n.spelling, n.party, p.name, n.kind, n.source FROM lessons l JOIN names n ON n.folded = l.folded AND n.party = l.party"
            " AND n.kind = l.kind JOIN parties p ON p.key = n.party WHERE l.article = ?1 AND l.withdrawn IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM json_each(?2) h WHERE json_extract(h.value, '$[0]') = l.folded"
            " AND json_extract(h.value, '$[1]') = l.party AND json_extract(h.value, '$[2]') = l.kind)"
            " AND NOT EXISTS (SELECT 1 FROM lessons o WHERE o.folded = l.folded AND o.party = l.party AND o.kind = l.kind"
            " AND o.withdrawn IS NULL AND o.article <> l.article)"
            " AND EXISTS (SELECT 1 FROM lessons f JOIN addresses u ON u.article = f.article WHERE f.folded = l.folded"
            " AND f.party = l.party AND f.kind = l.kind AND u.url = n.source) ORDER BY n.rowid",
            (former.id, held),
        )
        return tuple(KnownName(r["spelling"], Party(r["party"], r["name"]), r["kind"], r["source"]) for r in rows)

    def evidence_about(
        self,
        coalitions: Iterable[str],
        known_at: datetime | None = None,
        *,
        members: Iterable[str] | None = None,
        rulings: Rulings | None = None,
        briefly: bool = False,
    ) -> tuple[Evidence, ...]:
        """Gives the living evidence that counts for coalitions (keys), oldest first; with `known_at` that which counted then.

        What counts for a coalition that was merged into one of them, or that one of them was merged into, is among it.
        With `members` (keys) only what is said of these and of the coalitions themselves: an article about one member of a body
        of thousands is not weighed against all that was ever said of the others. Judgements and renamings are applied: those of
        `rulings`, else those that hold (or held at `known_at`). Briefly it comes without story, owner, confidence and detector,
        and in no order.
        """
        rulings = rulings if rulings is not None else self.rulings(known_at)
        asked, among = self.merged_with(coalitions, rulings), set(members) if members is not None else None
        found = self._logged(rulings.kin(asked), rulings.kin(among) if among is not None else None, known_at, briefly)
        if not rulings:
            return tuple(found)
        counted = (e for e in map(rulings.count, found) if e)
        roots, own = {rulings.root(c) for c in asked}, {rulings.root(m) for m in among or ()}
        return tuple(
            e
            for e in counted
            if e.statement.coalition.key in roots and (among is None or e.statement.member is None or e.statement.member.key in own)
        )

    def merged_with(self, coalitions: Iterable[str], rulings: Rulings | None = None) -> set[str]:
        """Gives coalitions (keys), those that they were merged into, those that were merged into them, and so on.

        A merger that is told no longer counts as well: what rested on it is to be derived anew.
        """
        rulings = rulings if rulings is not None else self.rulings()
        # The index is named, because without statistics SQLite would go through the merged statements of all coalitions.
        rows = self._rows(
            "SELECT DISTINCT t.coalition, e.successor FROM evidence e INDEXED BY evidence_successor"
            " JOIN statements t ON t.key = e.statement WHERE e.successor IS NOT NULL"
            " UNION SELECT t.coalition, f.successor FROM former_evidence f INDEXED BY former_evidence_successor"
            " JOIN statements t ON t.key = f.statement WHERE f.successor IS NOT NULL"
        )
        found = {*coalitions}
        if rows:
            found = {rulings.root(key) for key in found} | found
            links = [{rulings.root(r["coalition"]), rulings.root(r["successor"])} for r in rows]
            while grown := [pair for pair in links if pair & found and not pair <= found]:
                found = found.union(*grown)
        return found

    def _logged(self, coalitions: Iterable[str], members: Iterable[str] | None, known_at: datetime | None, briefly: bool) -> list[Evidence]:
        about = "t.coalition IN (SELECT value FROM json_each(:coalitions))"
        if members is not None:
            # Crossed in this order, because SQLite would go through what is said of all coalitions themselves, or of all members of one.
            about = (
                "t.key IN (SELECT s.key FROM json_each(:coalitions) c CROSS JOIN statements s ON s.coalition = c.value AND s.member IS NULL"
                " UNION ALL SELECT s.key FROM json_each(:coalitions) c CROSS JOIN json_each(:members) m"
                " CROSS JOIN statements s ON s.coalition = c.value AND s.member = m.value)"
            )
        parameters = {"coalitions": json.dumps(sorted(set(coalitions))), "members": json.dumps(sorted(set(members or ())))}
        evidence = _BRIEFLY if briefly else EVIDENCE
        if known_at is not None:
            found = map(evidence_from, self._rows(_as_known(evidence, about), parameters | {"at": moment(known_at)}))
            return list(found) if briefly else sorted(found, key=lambda e: (e.published or e.first_seen, e.article))
        order = "" if briefly else " ORDER BY coalesce(e.published, e.first_seen), e.id"
        return [evidence_from(r) for r in self._rows(f"{evidence} WHERE {about} AND e.withdrawn IS NULL{order}", parameters)]

    def evidence_of(self, stored: StoredArticle) -> tuple[Evidence, ...]:
        """Gives the living evidence that rests on one article, as the article states it: no judgement is applied."""
        rows = self._rows(f"{EVIDENCE} WHERE e.article = ? AND e.withdrawn IS NULL ORDER BY e.id", (stored.id,))
        return tuple(evidence_from(r) for r in rows)

    def evidence_for(self, statement: str) -> tuple[Evidence, ...]:
        """Gives all evidence of one statement (key), withdrawn or not, as its articles state it, oldest first."""
        rows = self._rows(f"{EVIDENCE} WHERE t.key = ? ORDER BY coalesce(e.published, e.first_seen), e.id", (statement,))
        return tuple(evidence_from(r) for r in rows)

    # Judgements.

    def judgements(self, known_at: datetime | None = None) -> tuple[Judgement, ...]:
        """Gives every judgement ever made, the undone ones too, in the order of making; with `known_at` those that held then."""
        clock = "j.made_at <= :at AND (j.undone_at IS NULL OR j.undone_at > :at)" if known_at else "1"
        rows = self._rows(
            f"SELECT j.*, a.url FROM judgements j LEFT JOIN articles a ON a.id = j.article WHERE {clock} ORDER BY j.id",
            {"at": moment(known_at) if known_at else None},
        )
        return tuple(
            Judgement(
                Verdict(r["verdict"]),
                r["made_by"],
                surely(r["made_at"]),
                r["note"],
                r["one"] or "",
                r["other"] or "",
                r["statement"] or "",
                r["url"] or "",
                r["value"],
                r["id"],
                time_of(r["undone_at"]),
                r["undone_by"],
            )
            for r in rows
        )

    def rulings(self, known_at: datetime | None = None) -> Rulings:
        """Gives what holds (or held at `known_at`) of judgements, and of renamings that articles told."""
        if known_at is not None:
            return self.rulings_from(self.judgements(known_at), self._renamings(known_at), self._definitions(known_at))
        version = int(self._rows("PRAGMA data_version")[0][0])  # grows when another program writes, which may be a judgement
        if self._rulings is None or self._rulings[0] != version:
            self._rulings = version, self.rulings_from(tuple(j for j in self.judgements() if not j.undone), self._renamings(None))
        return self._rulings[1]

    def rulings_with(
        self,
        fresh: Iterable[Evidence],
        withdrawn: Iterable[Evidence],
        learned: Sequence[KnownName] = (),
        unlearned: Sequence[KnownName] = (),
    ) -> Rulings:
        """Gives the rulings that will hold once what an article tells of renamings, and defines, is kept, and what it no longer
        tells, or nobody defines, is withdrawn."""
        told = [e for e in fresh if is_renaming(e)]
        gone = {(e.log_key, e.article) for e in withdrawn if is_renaming(e)}
        defines = any(
            n.kind == KEY or n.kind.startswith(KEY_WITHIN) or fold(n.spelling) in self.rulings().counts_as for n in (*learned, *unlearned)
        )
        if not told and not gone and not defines:
            return self.rulings()
        kept = [e for e in self._renamings(None) if (e.log_key, e.article) not in gone]
        return self.rulings_from(
            tuple(j for j in self.judgements() if not j.undone), [*kept, *told], self._definitions(None, learned, unlearned)
        )

    def rulings_from(
        self, judgements: Sequence[Judgement], renamings: Iterable[Evidence] | None = None, definitions: Iterable[Definition] | None = None
    ) -> Rulings:
        """Gives the rulings that follow from these judgements, with the renamings and definitions given, else with those kept."""
        keys = json.dumps(sorted({key for j in judgements for key in (j.one, j.other) if key}))
        rows = self._rows("SELECT key, name FROM parties WHERE key IN (SELECT value FROM json_each(?))", (keys,))
        told = self._renamings(None) if renamings is None else renamings
        defined = self._definitions(None) if definitions is None else definitions
        return rule(judgements, told, {r["key"]: r["name"] for r in rows}, defined)

    def _definitions(
        self, known_at: datetime | None, learned: Sequence[KnownName] = (), unlearned: Sequence[KnownName] = ()
    ) -> list[Definition]:
        """Gives what articles, and the names just learned, define; with the others that the same spelling was learned for."""
        gone = {(n.spelling, n.party.key, n.kind) for n in unlearned}
        names = "names"
        at = moment(known_at) if known_at else ""
        if known_at:
            names = (
                "(SELECT rowid, spelling, party, folded, kind FROM names WHERE first_seen <= :at UNION ALL"
                " SELECT rowid, spelling, party, folded, kind FROM former_names WHERE first_seen <= :at AND known_until > :at)"
            )

        def rows(where: str, **parameters: str) -> list[sqlite3.Row]:
            found = self._rows(
                f"SELECT n.spelling, n.party, n.folded, p.name, n.kind FROM {names} n JOIN parties p ON p.key = n.party"
                f" WHERE {where} ORDER BY n.rowid",
                {"at": at} | parameters,
            )
            return [r for r in found if (r["spelling"], r["party"], r["kind"]) not in gone]

        defined = {(r["spelling"], r["party"]): Party(r["party"], r["name"]) for r in rows("n.kind = 'key'")}
        defined |= {(n.spelling, n.party.key): n.party for n in learned if n.kind == KEY}
        rivals: dict[str, set[str]] = {key: set() for key, _ in defined}
        spelled = "n.folded IN (SELECT value FROM json_each(:rivals)) AND n.kind <> 'key'"
        for r in rows(spelled, rivals=json.dumps(sorted(rivals))) if rivals else ():
            rivals[r["folded"]].add(r["party"])
        for n in learned:
            if n.kind != KEY and fold(n.spelling) in rivals:
                rivals[fold(n.spelling)].add(n.party.key)
        said = [
            KnownName(r["spelling"], Party(r["party"], r["name"]), r["kind"])
            for r in rows("n.kind >= 'key within:' AND n.kind < 'key within;'")
        ]
        within = (*said, *(n for n in learned if n.kind.startswith(KEY_WITHIN)))
        return [
            *(Definition(key, party, tuple(sorted(rivals[key] - {key, party.key}))) for (key, _), party in defined.items()),
            *(Definition(n.spelling, n.party, within=n.kind.removeprefix(KEY_WITHIN)) for n in within),
        ]

    def _renamings(self, known_at: datetime | None) -> list[Evidence]:
        told = "t.event = 'renamed' AND t.status = 'completed'"
        if known_at is None:
            rows = self._rows(f"{EVIDENCE} WHERE {told} AND e.withdrawn IS NULL ORDER BY e.id")
        else:
            rows = self._rows(_as_known(EVIDENCE, told), {"at": moment(known_at)})
        return [evidence_from(r) for r in rows]

    def coalition_keys(self) -> tuple[str, ...]:
        """Gives the keys of all coalitions that anything was stated of, or of which any state is kept."""
        rows = self._rows(
            "SELECT coalition FROM statements UNION SELECT coalition FROM memberships"
            " UNION SELECT successor FROM evidence WHERE successor IS NOT NULL"
        )
        return tuple(sorted({*(r["coalition"] for r in rows), *(own.key for own in self.rulings().apart.values())}))

    def lacks_spells(self) -> bool:
        """Whether memberships are kept and no spell is: an older version wrote them."""
        return bool(self._rows("SELECT EXISTS (SELECT 1 FROM memberships) AND NOT EXISTS (SELECT 1 FROM spells)")[0][0])

    def coalitions_with(self, parties: Iterable[str]) -> set[str]:
        """Gives the keys of the coalitions that something is said of in which one of the parties (keys) takes part, or is it."""
        keys = json.dumps(sorted(set(parties)))
        rows = self._rows(
            "SELECT coalition FROM statements WHERE coalition IN (SELECT value FROM json_each(?1))"
            " UNION SELECT coalition FROM statements WHERE member IN (SELECT value FROM json_each(?1))",
            (keys,),
        )
        return {r["coalition"] for r in rows}

    def memberships(self, coalition: str) -> tuple[Membership, ...]:
        """Gives the saved present state of a coalition (key), by member's name."""
        rows = self._rows(
            "SELECT c.key AS coalition, c.name AS coalition_name, m.key AS member, m.name AS member_name, s.* FROM memberships s"
            " JOIN parties c ON c.key = s.coalition JOIN parties m ON m.key = s.member WHERE s.coalition = ? ORDER BY m.name, m.key",
            (coalition,),
        )
        return tuple(
            Membership(
                Party(r["coalition"], r["coalition_name"]),
                Party(r["member"], r["member_name"]),
                Standing(r["standing"]),
                Role(r["role"]) if r["role"] else None,
                _date(r["since"]),
                _date(r["until"]),
            )
            for r in rows
        )

    def coalitions(self) -> tuple[Party, ...]:
        """Gives every coalition that something has been said of, by name."""
        rulings = self.rulings()
        roots = {rulings.root(r["coalition"]) for r in self._rows("SELECT DISTINCT coalition FROM statements")}
        rows = self._rows("SELECT key, name FROM parties WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(sorted(roots)),))
        named = {r["key"]: Party(r["key"], r["name"]) for r in rows}
        own = {p.key: p for p in (*rulings.counts_as.values(), *rulings.apart.values())}
        return tuple(sorted((named.get(key) or own.get(key) or Party(key, key) for key in roots), key=lambda p: (p.name, p.key)))

    def find_coalition(self, name: str) -> Party | None:
        """Gives the coalition of that key, name or learned spelling, folded; of several the one that most is said of."""
        found = next(iter(self._find(name, "coalition")), None)
        if not found or (root := self.rulings().counts_as.get(found.key)) is None:
            return found
        rows = self._rows("SELECT name FROM parties WHERE key = ?", (root.key,))
        return Party(root.key, rows[0]["name"]) if rows else root

    def find_parties(self, name: str) -> tuple[Party, ...]:
        """Gives the coalitions, and after them the members, of that key, name or learned spelling, by how much is said of them.

        They are those that articles speak of: one that counts as another is still itself here.
        """
        return tuple(dict.fromkeys((*self._find(name, "coalition"), *self._find(name, "member"))))

    def _find(self, name: str, place: str) -> list[Party]:
        rows = self._rows(
            "SELECT key, name FROM (SELECT key AS found FROM parties WHERE key = :name UNION SELECT key FROM parties WHERE folded = :folded"
            " UNION SELECT party FROM names WHERE folded = :folded) CROSS JOIN parties p ON p.key = found"
            f" WHERE EXISTS (SELECT 1 FROM statements WHERE {place} = p.key)"
            f" ORDER BY key = :name DESC, folded = :folded DESC, (SELECT count(*) FROM statements WHERE {place} = p.key) DESC, key",
            {"name": name, "folded": fold(name)},
        )
        return [Party(r["key"], r["name"]) for r in rows]

    def changes(self, since: datetime | None = None, until: datetime | None = None, run: int | None = None) -> tuple[Change, ...]:
        """Gives the changes that were learned from `since` to `until`, both included, oldest first, or those of one run.

        For adjoining periods let the next one begin after the last change told: a change at the border is given twice, never lost.
        """
        rows = self._rows(
            "SELECT h.*, c.name AS coalition_name, m.name AS member_name FROM changes h JOIN parties c ON c.key = h.coalition"
            " LEFT JOIN parties m ON m.key = h.member WHERE (:since IS NULL OR h.detected_at >= :since)"
            " AND (:until IS NULL OR h.detected_at <= :until) AND (:run IS NULL OR h.run = :run) ORDER BY h.detected_at, h.rowid",
            {"since": moment(since) if since else None, "until": moment(until) if until else None, "run": run},
        )
        return self._with_evidence(rows)

    # By hand.

    def counts(self) -> dict[str, int]:
        """Counts what the store holds, table by table."""
        tables = ("feeds", "entries", "articles", "stories", "claims", "statements", "evidence", "memberships", "changes", "alerts",
                  "deliveries", "runs")  # fmt: skip
        found = {t: int(self._rows(f"SELECT count(*) AS n FROM {t}")[0]["n"]) for t in tables}
        found["pending"] = int(self._rows("SELECT count(*) AS n FROM entries WHERE state = 'pending'")[0]["n"])
        found["coalitions"] = int(self._rows("SELECT count(DISTINCT coalition) AS n FROM statements")[0]["n"])
        return found

    def query(
        self, sql: str, seconds: float = 10.0, functions: Mapping[str, Callable[..., str | None]] = MappingProxyType({})
    ) -> list[dict[str, Any]]:
        """Runs one reading statement and gives its rows; bytes come as hexadecimal digits.

        `functions` are what it may call beside those of SQLite. Raises StoreError for a statement that writes, for more than one, for a
        mistake in it, for more than `QUERY_ROWS` rows and for one that takes longer than `seconds`; and what a function raises.
        """
        raised: list[PipelineError] = []

        def heard(function: Callable[..., str | None]) -> Callable[..., str | None]:
            def call(*arguments: Any) -> str | None:
                try:
                    return function(*arguments)
                except PipelineError as problem:  # SQLite tells nothing of it but that there was one
                    raised.append(problem)
                    raise

            return call

        with self._asking(seconds) as connection:
            for name, function in functions.items():
                connection.create_function(name, len(signature(function).parameters), heard(function))
            try:
                cursor = connection.execute(sql)
                if cursor.description is None:
                    raise StoreError("the query gives no rows: write one SELECT statement")
                names = [d[0] for d in cursor.description]
                rows = cursor.fetchmany(QUERY_ROWS + 1)
            except (sqlite3.Error, sqlite3.Warning) as error:
                raise raised[0] if raised else StoreError(_refusal(error, seconds)) from error
        if len(rows) > QUERY_ROWS:
            raise StoreError(f"the query gives more than {QUERY_ROWS} rows: add a LIMIT")
        return [{n: _shown(v) for n, v in zip(_distinct(names), row, strict=True)} for row in rows]

    @contextmanager
    def _asking(self, seconds: float) -> Iterator[sqlite3.Connection]:
        # A store in memory has but one connection: it is fenced in for the length of the query.
        with translated(self.about):
            db = connect(self.path, read_only=True) if self.path else self.db
        ends = time.monotonic() + seconds
        longest = db.conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, QUERY_VALUE_BYTES)
        try:
            db.conn.set_progress_handler(lambda: time.monotonic() > ends, 10_000)
            db.conn.set_authorizer(_allow)
            yield db.conn
        finally:
            if self.path:
                tidy(db)
            else:
                db.conn.set_progress_handler(None, 0)
                db.conn.set_authorizer(None)
                db.conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)

    # Rows.

    def _rows(self, sql: str, parameters: Any = ()) -> list[sqlite3.Row]:
        with translated(self.about):
            return self.db.conn.execute(sql, parameters).fetchall()

    def _article(self, where: str, parameters: tuple[object, ...]) -> StoredArticle | None:
        rows = self._rows(f"SELECT * FROM articles WHERE {where}", parameters)
        if not rows:
            return None
        return stored_from(rows[0])

    def _with_evidence(self, rows: list[sqlite3.Row]) -> tuple[Change, ...]:
        """Gives changes with the words that they were told with."""
        found: dict[str, list[Evidence]] = {r["id"]: [] for r in rows}
        for change, *e, stood_until in self._rows(_AS_TOLD, (json.dumps(list(found)),)):
            words = evidence_from(e)
            found[change].append(replace(words, stood_until=surely(stood_until)) if stood_until else words)
        return tuple(
            Change(
                ChangeKind(r["kind"]),
                Party(r["coalition"], r["coalition_name"]),
                Party(r["member"], r["member_name"]) if r["member"] else None,
                Status(r["status"]),
                surely(r["detected_at"]),
                r["confidence"],
                tuple(found[r["id"]]),
                Role(r["role"]) if r["role"] else None,
                _date(r["effective"]),
                r["before"],
                r["after"],
                bool(r["historic"]),
                r["judgement"] or 0,
                bool(r["taken_down"]),
            )
            for r in rows
        )


def moment(at: datetime) -> str:
    """Writes a time as the store keeps it; raises ValueError for one without a zone.

    >>> from datetime import timedelta, timezone
    >>> moment(datetime(2024, 5, 1, 9, tzinfo=timezone(timedelta(hours=2))))
    '2024-05-01T07:00:00+00:00'
    """
    if at.tzinfo is UTC:  # nearly all are
        return at.isoformat()
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC).isoformat()


def rule_of(rule: RosterRule) -> str:
    """Gives what marks the readings of a roster that can be compared: same page, same selector, same coalition."""
    return digest(rule.url, rule.selector, rule.coalition)


def day_of(article: Article, now: datetime) -> int:
    """Gives the day, counted from the year 1, under which an article's sketch is found."""
    return (article.published or now).astimezone(UTC).date().toordinal()


@lru_cache(maxsize=4)
def sketch_of(text: str) -> tuple[int, ...]:
    """Gives the sketch of a text; the one that was asked for its story is the one that is written next."""
    return sketch(text)


def pack(hashes: tuple[int, ...]) -> bytes:
    """Writes a sketch as little-endian 64-bit numbers; `unpack` reads it.

    >>> unpack(pack((1, 2**62)))
    (1, 4611686018427387904)
    """
    return b"".join(h.to_bytes(8, "little") for h in hashes)


def unpack(packed: bytes) -> tuple[int, ...]:
    """Reads what `pack` wrote."""
    return tuple(int.from_bytes(packed[i : i + 8], "little") for i in range(0, len(packed), 8))


@lru_cache(maxsize=4096)
def _date(text: str | None) -> PartialDate | None:
    return PartialDate.parse(text) if text else None


@lru_cache(maxsize=4096)
def time_of(text: str | None) -> datetime | None:
    """Reads what `moment` wrote, where it wrote something."""
    return datetime.fromisoformat(text) if text else None


@lru_cache(maxsize=4096)
def surely(text: str) -> datetime:
    """Reads what `moment` wrote."""
    return datetime.fromisoformat(text)


def _article(r: sqlite3.Row) -> Article:
    return Article(r["url"], r["title"], r["text"], time_of(r["published"]), r["author"], r["site"], r["language"], r["origin"])


def stored_from(r: sqlite3.Row) -> StoredArticle:
    """Reads a row of `articles`."""
    sketch_of_it, gone = unpack(r["sketch"]), r["taken_down"] is not None
    return StoredArticle(r["id"], _article(r), r["story"], r["version"], r["publisher"], sketch_of_it, gone)


@lru_cache(maxsize=1024)  # what one question reads is said of few pairs; more would only grow with the store
def _statement(
    coalition: str, coalition_name: str, member: str | None, member_name: str, event: str, status: str, when: str | None
) -> Statement:
    of = Party(coalition, coalition_name), Party(member, member_name) if member else None
    return Statement(*of, Event(event), Status(status), _date(when))


def evidence_from(r: Sequence[Any]) -> Evidence:
    """Reads a row of `EVIDENCE`, by place: by name each column would be looked for, thousands of times a question."""
    event, status, when, coalition, coalition_name, member, member_name, url, publisher, story, owner, quote, *rest = r
    (
        confidence,
        detector,
        first_seen,
        last_seen,
        published,
        role,
        other_name,
        successor,
        successor_name,
        withdrawn,
        coalition_said,
        member_said,
    ) = rest
    return Evidence(
        _statement(coalition, coalition_name, member, member_name, event, status, when),
        url,
        publisher,
        story,
        quote,
        confidence,
        detector,
        surely(first_seen),
        surely(last_seen),
        time_of(published),
        _ROLES[role],
        other_name,
        time_of(withdrawn),
        coalition_said,
        member_said,
        owner=owner,
        successor=Party(successor, successor_name) if successor else None,
    )


_ROLES: dict[str | None, Role | None] = {None: None, **{role.value: role for role in Role}}


def is_renaming(e: Evidence) -> bool:
    """Whether evidence may make two names of a coalition one."""
    return e.statement.event is Event.RENAMED and e.statement.status is Status.COMPLETED


def _allow(action: int, one: str | None, two: str | None, schema: str | None, inside: str | None) -> int:
    if action in _READING_ONLY:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and one and (one.lower() in _PRAGMAS_OF_A_TABLE or (one.lower() in _PRAGMAS and two is None)):
        return sqlite3.SQLITE_OK
    # A table-valued pragma declares its columns by a pretended change of the schema, which SQLite lets nobody make in earnest.
    return sqlite3.SQLITE_OK if (action, one) == (sqlite3.SQLITE_UPDATE, "sqlite_master") else sqlite3.SQLITE_DENY


def _refusal(error: Exception, seconds: float) -> str:
    said = str(error)
    if "interrupted" in said:
        return f"the query took longer than {seconds:g} seconds: narrow it down"
    if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY) or "not authorized" in said:
        return "the query is refused: the store can only be read here, with one SELECT statement"
    if "one statement" in said:
        return "the query holds more than one statement: write one SELECT"
    return f"the query cannot be run: {said}"


def _shown(value: Any) -> Any:
    """Gives a value that JSON has: bytes as hexadecimal digits, and as words the infinities, which it cannot spell."""
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _distinct(names: list[str]) -> list[str]:
    """Tells columns of one name apart, so that no value of a row is lost.

    >>> _distinct(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return told
