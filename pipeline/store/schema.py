"""The tables, views and indexes, in the order in which they came to be.

Every table is STRICT. Times are ISO 8601 text in UTC as `datetime.isoformat()` writes them, which sorts as text; dates are as
partial as the article was (`2024`, `2024-05`, `2024-05-14`). Valid time stands in `statements.date`, record time in
`evidence.known_from` and `evidence.withdrawn`, and of what was said otherwise before in `former_evidence.known_from` and `known_until`,
so that the state as known on another day can be derived from what stands here.

A released migration is never edited: the next one changes what it made.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

APPLICATION_ID = 0x506C6E73
"""Marks a file as ours in its header (`PRAGMA application_id`), so that another program's database is never written to."""

migrations = Migrations("pipeline")

READING = """
CREATE TABLE feeds (
    name TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    publisher TEXT NOT NULL,
    interval_minutes INTEGER NOT NULL CHECK (interval_minutes > 0),
    configured INTEGER NOT NULL DEFAULT 1 CHECK (configured IN (0, 1)),
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    body_hash TEXT NOT NULL DEFAULT '',
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    partial TEXT NOT NULL DEFAULT '',
    first_seen TEXT NOT NULL,
    last_polled TEXT,
    last_read TEXT,
    next_due TEXT NOT NULL
) STRICT;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started TEXT NOT NULL,
    finished TEXT,
    report TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE stories (
    id TEXT PRIMARY KEY,
    first_seen TEXT NOT NULL
) STRICT;
CREATE TABLE articles (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    published TEXT,
    author TEXT NOT NULL,
    site TEXT NOT NULL,
    publisher TEXT NOT NULL,
    language TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('page', 'feed')),
    fingerprint TEXT NOT NULL,
    sketch BLOB NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    story TEXT NOT NULL REFERENCES stories (id),
    detector TEXT NOT NULL,
    skipped TEXT NOT NULL DEFAULT '',
    first_seen TEXT NOT NULL,
    last_read TEXT NOT NULL
) STRICT;
CREATE INDEX articles_story ON articles (story);
CREATE INDEX articles_fingerprint ON articles (fingerprint);
CREATE TABLE former_versions (
    article INTEGER NOT NULL REFERENCES articles (id),
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    origin TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    replaced TEXT NOT NULL,
    PRIMARY KEY (article, version)
) STRICT;
CREATE TABLE addresses (
    url TEXT PRIMARY KEY,
    article INTEGER NOT NULL REFERENCES articles (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX addresses_article ON addresses (article);
CREATE TABLE sketches (
    hash INTEGER NOT NULL,
    day INTEGER NOT NULL,
    article INTEGER NOT NULL REFERENCES articles (id),
    PRIMARY KEY (hash, day, article)
) STRICT, WITHOUT ROWID;
CREATE TABLE entries (
    feed TEXT NOT NULL REFERENCES feeds (name),
    guid TEXT NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    published TEXT,
    updated TEXT,
    author TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'settled')),
    why TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    edits INTEGER NOT NULL DEFAULT 0,
    tried TEXT,
    next_try TEXT NOT NULL,
    article INTEGER REFERENCES articles (id),
    first_seen TEXT NOT NULL,
    PRIMARY KEY (feed, guid)
) STRICT;
CREATE INDEX entries_pending ON entries (published, feed, guid) WHERE state = 'pending';
CREATE INDEX entries_article ON entries (article);
CREATE VIRTUAL TABLE articles_fts USING fts5 (
    title, text, content = 'articles', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER articles_added AFTER INSERT ON articles BEGIN
    INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
END;
CREATE TRIGGER articles_removed AFTER DELETE ON articles BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
END;
CREATE TRIGGER articles_edited AFTER UPDATE OF title, text ON articles BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
    INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
END;
"""

KNOWING = """
CREATE TABLE parties (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL
) STRICT;
CREATE INDEX parties_folded ON parties (folded);
CREATE TABLE names (
    spelling TEXT NOT NULL,
    party TEXT NOT NULL REFERENCES parties (key),
    folded TEXT NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    PRIMARY KEY (spelling, party, kind)
) STRICT;
CREATE INDEX names_folded ON names (folded);
CREATE INDEX names_party ON names (party);
CREATE TABLE claims (
    article INTEGER NOT NULL REFERENCES articles (id),
    version INTEGER NOT NULL,
    detector TEXT NOT NULL,
    place INTEGER NOT NULL,
    coalition TEXT NOT NULL,
    member TEXT,
    event TEXT NOT NULL,
    status TEXT NOT NULL,
    role TEXT,
    date TEXT,
    quote TEXT NOT NULL,
    part TEXT NOT NULL CHECK (part IN ('title', 'text')),
    start INTEGER NOT NULL,
    confidence REAL NOT NULL,
    coalition_aliases TEXT NOT NULL,
    member_aliases TEXT NOT NULL,
    because TEXT NOT NULL,
    PRIMARY KEY (article, version, detector, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE statements (
    key TEXT PRIMARY KEY,
    coalition TEXT NOT NULL REFERENCES parties (key),
    member TEXT REFERENCES parties (key),
    event TEXT NOT NULL,
    status TEXT NOT NULL,
    date TEXT
) STRICT;
CREATE INDEX statements_coalition ON statements (coalition, member);
CREATE INDEX statements_member ON statements (member);
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    statement TEXT NOT NULL REFERENCES statements (key),
    article INTEGER NOT NULL REFERENCES articles (id),
    quote TEXT NOT NULL,
    role TEXT,
    other_name TEXT NOT NULL,
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    detector TEXT NOT NULL,
    published TEXT,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    withdrawn TEXT,
    UNIQUE (statement, article)
) STRICT;
CREATE INDEX evidence_article ON evidence (article);
CREATE TABLE memberships (
    coalition TEXT NOT NULL REFERENCES parties (key),
    member TEXT NOT NULL REFERENCES parties (key),
    standing TEXT NOT NULL,
    role TEXT,
    since TEXT,
    until TEXT,
    derived TEXT NOT NULL,
    PRIMARY KEY (coalition, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_member ON memberships (member);
CREATE TABLE changes (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    coalition TEXT NOT NULL REFERENCES parties (key),
    member TEXT REFERENCES parties (key),
    status TEXT NOT NULL,
    role TEXT,
    effective TEXT,
    detected_at TEXT NOT NULL,
    confidence REAL NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    historic INTEGER NOT NULL CHECK (historic IN (0, 1)),
    run INTEGER REFERENCES runs (id)
) STRICT;
CREATE INDEX changes_detected ON changes (detected_at);
CREATE INDEX changes_coalition ON changes (coalition, member);
CREATE INDEX changes_member ON changes (member);
CREATE INDEX changes_run ON changes (run);
CREATE TABLE change_evidence (
    change TEXT NOT NULL REFERENCES changes (id),
    evidence INTEGER NOT NULL REFERENCES evidence (id),
    PRIMARY KEY (change, evidence)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_evidence_evidence ON change_evidence (evidence);
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    change TEXT NOT NULL REFERENCES changes (id),
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    channels TEXT NOT NULL,
    raised TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_change ON alerts (change);
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    alert TEXT NOT NULL REFERENCES alerts (id),
    channel TEXT NOT NULL,
    due TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'given up')),
    receipt TEXT NOT NULL DEFAULT '',
    last_error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX deliveries_due ON deliveries (due) WHERE state = 'due';
CREATE INDEX deliveries_alert ON deliveries (alert);
"""

VIEWS = """
CREATE VIEW current_membership AS
SELECT c.name AS coalition, m.name AS member, s.standing, s.role, s.since, s.until,
    (SELECT count(DISTINCT a.story) FROM statements t JOIN evidence e ON e.statement = t.key JOIN articles a ON a.id = e.article
        WHERE t.coalition = s.coalition AND t.member = s.member AND e.withdrawn IS NULL) AS sources,
    (SELECT e.quote FROM statements t JOIN evidence e ON e.statement = t.key
        WHERE t.coalition = s.coalition AND t.member = s.member AND e.withdrawn IS NULL
        ORDER BY coalesce(e.published, e.first_seen) DESC, e.id DESC LIMIT 1) AS last_words
FROM memberships s JOIN parties c ON c.key = s.coalition JOIN parties m ON m.key = s.member
ORDER BY c.name, s.standing, m.name;
CREATE VIEW change_log AS
SELECT h.detected_at, h.kind, c.name AS coalition, m.name AS member, h.role, h.status, h.effective, h.before, h.after, h.historic,
    round(h.confidence, 2) AS confidence,
    (SELECT count(DISTINCT a.story) FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
        WHERE l.change = h.id) AS sources,
    (SELECT e.quote FROM change_evidence l JOIN evidence e ON e.id = l.evidence WHERE l.change = h.id ORDER BY e.id LIMIT 1) AS words,
    (SELECT a.url FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
        WHERE l.change = h.id ORDER BY e.id LIMIT 1) AS url,
    h.id
FROM changes h JOIN parties c ON c.key = h.coalition LEFT JOIN parties m ON m.key = h.member
ORDER BY h.detected_at DESC, c.name, h.kind, m.name;
CREATE VIEW coalition_roster AS
SELECT coalition, count(*) AS members, group_concat(member, '; ') AS roster
FROM (SELECT c.name AS coalition, m.name AS member FROM memberships s JOIN parties c ON c.key = s.coalition
    JOIN parties m ON m.key = s.member WHERE s.standing IN ('in', 'suspended', 'leaving') ORDER BY c.name, m.name)
GROUP BY coalition;
"""


@migrations()
def tables_of_the_first_release(db: Database) -> None:
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for part in (READING, KNOWING, VIEWS):
        for statement in _statements(part):
            db.execute(statement)


KEEPING = """
ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'cycle' CHECK (kind IN ('cycle', 'import', 'redetection'));
ALTER TABLE articles ADD COLUMN pruned TEXT;
DROP VIEW change_log;
CREATE VIEW change_log AS
SELECT h.detected_at, h.kind, c.name AS coalition, m.name AS member, h.role, h.status, h.effective, h.before, h.after, h.historic,
    round(h.confidence, 2) AS confidence,
    (SELECT count(DISTINCT a.story) FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
        WHERE l.change = h.id) AS sources,
    (SELECT count(*) FROM change_evidence l JOIN evidence e ON e.id = l.evidence WHERE l.change = h.id AND e.withdrawn IS NULL)
        AS living_evidence,
    coalesce((SELECT kind FROM runs WHERE id = h.run), 'cycle') AS learned_by,
    (SELECT e.quote FROM change_evidence l JOIN evidence e ON e.id = l.evidence WHERE l.change = h.id ORDER BY e.id LIMIT 1) AS words,
    (SELECT a.url FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
        WHERE l.change = h.id ORDER BY e.id LIMIT 1) AS url,
    h.id
FROM changes h JOIN parties c ON c.key = h.coalition LEFT JOIN parties m ON m.key = h.member
ORDER BY h.detected_at DESC, c.name, h.kind, m.name;
"""
"""What a change was learned by (a cycle, or a redetection), and since when the words of an article are gone (`prune`)."""


@migrations()
def kinds_of_runs_and_pruned_articles(db: Database) -> None:
    for statement in _statements(KEEPING):
        db.execute(statement)


JUDGING = """
ALTER TABLE evidence ADD COLUMN coalition_said TEXT NOT NULL DEFAULT '';
ALTER TABLE evidence ADD COLUMN member_said TEXT NOT NULL DEFAULT '';
CREATE INDEX statements_renamed ON statements (key) WHERE event = 'renamed';
CREATE TABLE judgements (
    id INTEGER PRIMARY KEY,
    verdict TEXT NOT NULL CHECK (verdict IN ('same', 'different', 'wrong', 'right', 'role', 'date')),
    made_by TEXT NOT NULL,
    made_at TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    one TEXT REFERENCES parties (key),
    other TEXT REFERENCES parties (key),
    statement TEXT REFERENCES statements (key),
    article INTEGER REFERENCES articles (id),
    value TEXT NOT NULL DEFAULT '',
    undone_at TEXT,
    undone_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX judgements_statement ON judgements (statement);
ALTER TABLE changes ADD COLUMN judgement INTEGER REFERENCES judgements (id);
CREATE TABLE redirects (
    party TEXT PRIMARY KEY,
    counts_as TEXT NOT NULL REFERENCES parties (key)
) STRICT, WITHOUT ROWID;
CREATE INDEX redirects_counts_as ON redirects (counts_as);
CREATE TABLE spells (
    coalition TEXT NOT NULL REFERENCES parties (key),
    member TEXT NOT NULL REFERENCES parties (key),
    place INTEGER NOT NULL,
    standing TEXT NOT NULL,
    role TEXT,
    since TEXT,
    until TEXT,
    sources INTEGER NOT NULL,
    evidence INTEGER REFERENCES evidence (id) ON DELETE SET NULL,
    PRIMARY KEY (coalition, member, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX spells_member ON spells (member);
CREATE INDEX spells_evidence ON spells (evidence);
CREATE VIEW statement_log AS
SELECT e.first_seen AS known_from, e.withdrawn AS known_until, t.date AS effective,
    c.name AS coalition, m.name AS member, t.event, t.status, e.role, e.published, a.publisher, e.quote AS words, a.url,
    round(e.confidence, 2) AS confidence, e.detector,
    (SELECT j.verdict FROM judgements j WHERE j.statement = t.key AND j.undone_at IS NULL AND (j.article IS NULL OR j.article = e.article)
        ORDER BY j.id DESC LIMIT 1) AS judged,
    (SELECT p.name FROM redirects r JOIN parties p ON p.key = r.counts_as WHERE r.party = t.coalition) AS coalition_counts_as,
    (SELECT p.name FROM redirects r JOIN parties p ON p.key = r.counts_as WHERE r.party = t.member) AS member_counts_as,
    t.key AS statement
FROM evidence e JOIN statements t ON t.key = e.statement JOIN articles a ON a.id = e.article
    JOIN parties c ON c.key = t.coalition LEFT JOIN parties m ON m.key = t.member
ORDER BY e.first_seen DESC, e.id DESC;
CREATE VIEW membership_spells AS
SELECT c.name AS coalition, m.name AS member, s.role, s.since, s.until, s.standing, s.sources, e.quote AS first_words, a.url
FROM spells s JOIN parties c ON c.key = s.coalition JOIN parties m ON m.key = s.member
    LEFT JOIN evidence e ON e.id = s.evidence LEFT JOIN articles a ON a.id = e.article
ORDER BY c.name, m.name, s.place;
CREATE VIEW judgement_log AS
SELECT j.id, j.made_at, j.made_by, j.verdict, o.name AS one, p.name AS other, j.value, j.statement, a.url AS article, j.note,
    j.undone_at, j.undone_by
FROM judgements j LEFT JOIN parties o ON o.key = j.one LEFT JOIN parties p ON p.key = j.other LEFT JOIN articles a ON a.id = j.article
ORDER BY j.id;
DROP VIEW current_membership;
CREATE VIEW current_membership AS
SELECT c.name AS coalition, m.name AS member, s.standing, s.role, s.since, s.until,
    (SELECT count(DISTINCT a.story) {counted}) AS sources,
    (SELECT e.quote {counted} ORDER BY coalesce(e.published, e.first_seen) DESC, e.id DESC LIMIT 1) AS last_words
FROM memberships s JOIN parties c ON c.key = s.coalition JOIN parties m ON m.key = s.member
ORDER BY c.name, s.standing, m.name;
"""
_COUNTED = """FROM statements t JOIN evidence e ON e.statement = t.key JOIN articles a ON a.id = e.article
        WHERE t.coalition IN (SELECT s.coalition UNION ALL SELECT party FROM redirects WHERE counts_as = s.coalition)
        AND t.member IN (SELECT s.member UNION ALL SELECT party FROM redirects WHERE counts_as = s.member)
        AND e.withdrawn IS NULL AND NOT EXISTS (SELECT 1 FROM judgements j WHERE j.statement = t.key AND j.verdict = 'wrong'
            AND j.undone_at IS NULL AND (j.article IS NULL OR j.article = e.article))"""
"""What counts for a membership: said under any of the names of its parties, not withdrawn, and not found wrong by a person."""


@migrations()
def judgements_and_spells(db: Database) -> None:
    for statement in _statements(JUDGING.replace("{counted}", _COUNTED)):
        db.execute(statement)


LISTING = """
CREATE TABLE rosters (
    name TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    rule TEXT NOT NULL,
    coalition TEXT NOT NULL,
    interval_minutes INTEGER NOT NULL CHECK (interval_minutes > 0),
    configured INTEGER NOT NULL DEFAULT 1 CHECK (configured IN (0, 1)),
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    body_hash TEXT NOT NULL DEFAULT '',
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    first_seen TEXT NOT NULL,
    last_polled TEXT,
    last_read TEXT,
    next_due TEXT NOT NULL
) STRICT;
CREATE TABLE roster_readings (
    id INTEGER PRIMARY KEY,
    roster TEXT NOT NULL REFERENCES rosters (name),
    rule TEXT NOT NULL,
    article INTEGER REFERENCES articles (id),
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL
) STRICT;
CREATE INDEX roster_readings_roster ON roster_readings (roster, rule);
CREATE INDEX roster_readings_article ON roster_readings (article);
CREATE TABLE roster_names (
    reading INTEGER NOT NULL REFERENCES roster_readings (id),
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (reading, place)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def rosters_and_their_readings(db: Database) -> None:
    for statement in _statements(LISTING):
        db.execute(statement)


OUTBOX = """
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    alert TEXT REFERENCES alerts (id),
    since TEXT,
    until TEXT,
    channel TEXT NOT NULL,
    due TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'given up')),
    receipt TEXT NOT NULL DEFAULT '',
    last_error TEXT NOT NULL DEFAULT '',
    CHECK ((alert IS NULL) = (since IS NOT NULL AND until IS NOT NULL))
) STRICT;
INSERT INTO outbox (id, alert, channel, due, tries, state, receipt, last_error)
SELECT id, alert, channel, due, tries, state, receipt, last_error FROM deliveries ORDER BY rowid;
DROP TABLE deliveries;
ALTER TABLE outbox RENAME TO deliveries;
CREATE INDEX deliveries_due ON deliveries (due) WHERE state = 'due';
CREATE INDEX deliveries_alert ON deliveries (alert);
"""


@migrations()
def digests_are_delivered_too(db: Database) -> None:
    for statement in _statements(OUTBOX):
        db.execute(statement)


@migrations()
def keys_that_articles_define(db: Database) -> None:
    db.execute("CREATE INDEX names_keys ON names (spelling) WHERE kind = 'key'")


TELLING = """
ALTER TABLE alerts ADD COLUMN state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'updated', 'reopened', 'acknowledged', 'muted'));
ALTER TABLE alerts ADD COLUMN muted_until TEXT;
ALTER TABLE alerts ADD COLUMN sources INTEGER NOT NULL DEFAULT 1;
UPDATE alerts SET sources = max(1, (SELECT count(DISTINCT a.story) FROM change_evidence l JOIN evidence e ON e.id = l.evidence
JOIN articles a ON a.id = e.article WHERE l.change = alerts.change));
CREATE TABLE alert_turns (
    id INTEGER PRIMARY KEY,
    alert TEXT NOT NULL REFERENCES alerts (id),
    act TEXT NOT NULL CHECK (act IN ('raised', 'updated', 'reopened', 'acknowledged', 'muted', 'unmuted', 'noted')),
    at TEXT NOT NULL,
    by TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    until TEXT,
    change TEXT REFERENCES changes (id),
    sources INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO alert_turns (alert, act, at) SELECT id, 'raised', raised FROM alerts ORDER BY rowid;
CREATE INDEX alert_turns_alert ON alert_turns (alert);
CREATE INDEX alert_turns_change ON alert_turns (change);
CREATE TABLE telling (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    alert TEXT REFERENCES alerts (id),
    act TEXT NOT NULL DEFAULT 'raised' CHECK (act IN ('raised', 'updated', 'reopened')),
    rule TEXT NOT NULL DEFAULT '',
    change TEXT REFERENCES changes (id),
    coalition TEXT NOT NULL DEFAULT '',
    audience TEXT NOT NULL DEFAULT '',
    since TEXT,
    until TEXT,
    channel TEXT NOT NULL,
    bundle TEXT NOT NULL DEFAULT '',
    message TEXT,
    least_sources INTEGER NOT NULL DEFAULT 1,
    waits_until TEXT,
    made TEXT NOT NULL,
    due TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    tried TEXT,
    state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'given up', 'dropped')),
    receipt TEXT NOT NULL DEFAULT '',
    last_error TEXT NOT NULL DEFAULT '',
    CHECK ((alert IS NULL) = (since IS NOT NULL AND until IS NOT NULL))
) STRICT;
INSERT INTO telling (id, alert, coalition, since, until, channel, message, made, due, tries, state, receipt, last_error)
SELECT d.id, d.alert, coalesce(h.coalition, ''), d.since, d.until, d.channel, d.id, coalesce(a.raised, d.until), d.due, d.tries, d.state,
    d.receipt, d.last_error
FROM deliveries d LEFT JOIN alerts a ON a.id = d.alert LEFT JOIN changes h ON h.id = a.change ORDER BY d.rowid;
DROP TABLE deliveries;
ALTER TABLE telling RENAME TO deliveries;
CREATE INDEX deliveries_due ON deliveries (due) WHERE state = 'due';
CREATE INDEX deliveries_failed ON deliveries (channel, coalition) WHERE state = 'due' AND tries > 0;
CREATE INDEX deliveries_message ON deliveries (message);
CREATE INDEX deliveries_alert ON deliveries (alert);
CREATE INDEX deliveries_change ON deliveries (change);
CREATE TABLE channel_pauses (
    channel TEXT PRIMARY KEY,
    until TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE VIEW alert_log AS
SELECT a.raised, a.state, a.muted_until, a.severity, a.rule, h.kind, c.name AS coalition, m.name AS member, a.sources,
    (SELECT group_concat(t.act || iif(t.by = '', '', ' by ' || t.by), ', ') FROM alert_turns t WHERE t.alert = a.id) AS turns, a.id
FROM alerts a JOIN changes h ON h.id = a.change JOIN parties c ON c.key = h.coalition LEFT JOIN parties m ON m.key = h.member
ORDER BY a.raised DESC, c.name, m.name;
CREATE VIEW delivery_log AS
SELECT d.made, d.channel, iif(d.alert IS NULL, 'digest', d.act) AS tells, c.name AS coalition, m.name AS member, h.kind, d.state, d.due,
    d.tries, d.tried, d.receipt, d.last_error, d.message, d.alert
FROM deliveries d LEFT JOIN alerts a ON a.id = d.alert LEFT JOIN changes h ON h.id = coalesce(d.change, a.change)
    LEFT JOIN parties c ON c.key = h.coalition LEFT JOIN parties m ON m.key = h.member
ORDER BY d.number DESC;
"""
"""States and logs of alerts; deliveries that wait, go together, keep their order and are told from one another by their message."""


@migrations()
def alerts_with_states_and_an_outbox(db: Database) -> None:
    for statement in _statements(TELLING):
        db.execute(statement)


POLLING = """
ALTER TABLE feeds ADD COLUMN origin TEXT NOT NULL DEFAULT 'config' CHECK (origin IN ('config', 'added'));
ALTER TABLE feeds ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN adaptive INTEGER NOT NULL DEFAULT 1 CHECK (adaptive IN (0, 1));
ALTER TABLE feeds ADD COLUMN minutes REAL NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN due_why TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN strain REAL NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN failing_since TEXT;
ALTER TABLE feeds ADD COLUMN hints TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN moved_since TEXT;
ALTER TABLE feeds ADD COLUMN full_read TEXT;
ALTER TABLE feeds ADD COLUMN conditional_polls INTEGER NOT NULL DEFAULT 0;
CREATE INDEX entries_url ON entries (feed, url);
CREATE TABLE sites (
    site TEXT PRIMARY KEY,
    held_until TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tombstones (
    feed TEXT NOT NULL REFERENCES feeds (name),
    guid_hash TEXT NOT NULL,
    gone TEXT NOT NULL,
    PRIMARY KEY (feed, guid_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_gone ON tombstones (feed, gone);
"""
"""When a feed is asked again and why, where it moved, which sites asked to be left alone, and entries that shall not come back."""


@migrations()
def pacing_of_feeds(db: Database) -> None:
    for statement in _statements(POLLING):
        db.execute(statement)


OWNING = """
ALTER TABLE evidence ADD COLUMN successor TEXT REFERENCES parties (key);
CREATE INDEX evidence_successor ON evidence (successor) WHERE successor IS NOT NULL;
ALTER TABLE articles ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE TABLE ownership (
    fingerprint TEXT NOT NULL
) STRICT;
DROP VIEW current_membership;
CREATE VIEW current_membership AS
SELECT c.name AS coalition, m.name AS member, s.standing, s.role, s.since, s.until,
    coalesce(nullif((SELECT {independent} {counted}), 0),
        (SELECT sources FROM spells p WHERE p.coalition = s.coalition AND p.member = s.member ORDER BY p.place DESC LIMIT 1)) AS sources,
    coalesce((SELECT e.quote {counted} ORDER BY coalesce(e.published, e.first_seen) DESC, e.id DESC LIMIT 1),
        (SELECT e.quote FROM spells p JOIN evidence e ON e.id = p.evidence
            WHERE p.coalition = s.coalition AND p.member = s.member ORDER BY p.place DESC LIMIT 1)) AS last_words
FROM memberships s JOIN parties c ON c.key = s.coalition JOIN parties m ON m.key = s.member
ORDER BY c.name, s.standing, m.name;
DROP VIEW change_log;
CREATE VIEW change_log AS
SELECT h.detected_at, h.kind, c.name AS coalition, m.name AS member, h.role, h.status, h.effective, h.before, h.after, h.historic,
    round(h.confidence, 2) AS confidence,
    (SELECT {independent} FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
        WHERE l.change = h.id) AS sources,
    (SELECT count(*) FROM change_evidence l JOIN evidence e ON e.id = l.evidence WHERE l.change = h.id AND e.withdrawn IS NULL)
        AS living_evidence,
    coalesce((SELECT kind FROM runs WHERE id = h.run), 'cycle') AS learned_by,
    (SELECT e.quote FROM change_evidence l JOIN evidence e ON e.id = l.evidence WHERE l.change = h.id ORDER BY e.id LIMIT 1) AS words,
    (SELECT a.url FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
        WHERE l.change = h.id ORDER BY e.id LIMIT 1) AS url,
    h.id
FROM changes h JOIN parties c ON c.key = h.coalition LEFT JOIN parties m ON m.key = h.member
ORDER BY h.detected_at DESC, c.name, h.kind, m.name;
"""
"""Into what a body was merged, and who is behind an article; `ownership` has the listing of owners by which that was found.

Who is a member by a merger alone has the words of that merger, which are of another body: its spells know them."""
_INDEPENDENT = "min(count(DISTINCT a.story), count(DISTINCT iif(a.owner = '', a.story, a.owner)))"
"""As `pipeline.model.independent` counts."""


@migrations()
def mergers_and_owners(db: Database) -> None:
    for statement in _statements(OWNING.replace("{independent}", _INDEPENDENT).replace("{counted}", _COUNTED)):
        db.execute(statement)


WORKING = """
CREATE TABLE jobs (
    name TEXT PRIMARY KEY,
    due TEXT NOT NULL,
    began TEXT,
    ended TEXT,
    outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'done', 'cut short', 'failed')),
    failures INTEGER NOT NULL DEFAULT 0,
    said TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
"""
"""When each job of the daemon is due next, and how it ended last, so that a restart neither forgets nor hurries."""


@migrations()
def jobs_of_the_daemon(db: Database) -> None:
    for statement in _statements(WORKING):
        db.execute(statement)


DECIDING = """
CREATE TABLE gists (
    coalition TEXT NOT NULL,
    member TEXT NOT NULL,
    stories INTEGER NOT NULL,
    made INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (coalition, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE change_statements (
    statement TEXT NOT NULL REFERENCES statements (key),
    change TEXT NOT NULL REFERENCES changes (id),
    PRIMARY KEY (statement, change)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_statements_change ON change_statements (change);
INSERT INTO change_statements SELECT DISTINCT e.statement, l.change FROM change_evidence l JOIN evidence e ON e.id = l.evidence;
CREATE TRIGGER change_rests_on AFTER INSERT ON change_evidence BEGIN
    INSERT OR IGNORE INTO change_statements SELECT statement, new.change FROM evidence WHERE id = new.evidence;
END;
"""
"""What decides of pairs of which very much is said, and on which statements a change rests: neither grows with what is only repeated."""


@migrations()
def what_decides(db: Database) -> None:
    for statement in _statements(DECIDING):
        db.execute(statement)


NAMING = """
CREATE TABLE called (
    party TEXT NOT NULL REFERENCES parties (key),
    name TEXT NOT NULL,
    naming TEXT NOT NULL CHECK (naming IN ('config', 'renamed', 'said')),
    since TEXT NOT NULL,
    PRIMARY KEY (party, name, naming)
) STRICT, WITHOUT ROWID;
INSERT INTO called SELECT key, name, 'said', '' FROM parties;
CREATE INDEX names_keys_within ON names (kind) WHERE kind >= 'key within:' AND kind < 'key within;';
CREATE TABLE redirects_within (
    coalition TEXT NOT NULL,
    party TEXT NOT NULL,
    counts_as TEXT NOT NULL REFERENCES parties (key),
    PRIMARY KEY (coalition, party)
) STRICT, WITHOUT ROWID;
CREATE INDEX redirects_within_counts_as ON redirects_within (counts_as, coalition);
DROP VIEW current_membership;
CREATE VIEW current_membership AS
SELECT c.name AS coalition, m.name AS member, s.standing, s.role, s.since, s.until,
    coalesce(nullif((SELECT {independent} {counted}), 0),
        (SELECT sources FROM spells p WHERE p.coalition = s.coalition AND p.member = s.member ORDER BY p.place DESC LIMIT 1)) AS sources,
    coalesce((SELECT e.quote {counted} ORDER BY coalesce(e.published, e.first_seen) DESC, e.id DESC LIMIT 1),
        (SELECT e.quote FROM spells p JOIN evidence e ON e.id = p.evidence
            WHERE p.coalition = s.coalition AND p.member = s.member ORDER BY p.place DESC LIMIT 1)) AS last_words
FROM memberships s JOIN parties c ON c.key = s.coalition JOIN parties m ON m.key = s.member
ORDER BY c.name, s.standing, m.name;
DROP VIEW statement_log;
CREATE VIEW statement_log AS
SELECT e.first_seen AS known_from, e.withdrawn AS known_until, t.date AS effective,
    c.name AS coalition, m.name AS member, t.event, t.status, e.role, e.published, a.publisher, e.quote AS words, a.url,
    round(e.confidence, 2) AS confidence, e.detector,
    (SELECT j.verdict FROM judgements j WHERE j.statement = t.key AND j.undone_at IS NULL AND (j.article IS NULL OR j.article = e.article)
        ORDER BY j.id DESC LIMIT 1) AS judged,
    (SELECT p.name FROM redirects r JOIN parties p ON p.key = r.counts_as WHERE r.party = t.coalition) AS coalition_counts_as,
    (SELECT p.name FROM parties p WHERE p.key = coalesce(
        (SELECT counts_as FROM redirects_within w
            WHERE w.coalition = coalesce((SELECT counts_as FROM redirects WHERE party = t.coalition), t.coalition)
            AND w.party = coalesce((SELECT counts_as FROM redirects WHERE party = t.member), t.member)),
        (SELECT counts_as FROM redirects WHERE party = t.member))) AS member_counts_as,
    t.key AS statement
FROM evidence e JOIN statements t ON t.key = e.statement JOIN articles a ON a.id = e.article
    JOIN parties c ON c.key = t.coalition LEFT JOIN parties m ON m.key = t.member
ORDER BY e.first_seen DESC, e.id DESC;
"""
"""The names under which parties may be shown, and who in one coalition counts as another member of it."""
_COUNTED_WITHIN = _COUNTED.replace(
    "AND t.member IN (SELECT s.member UNION ALL SELECT party FROM redirects WHERE counts_as = s.member)",
    """AND t.member IN (SELECT s.member UNION ALL SELECT party FROM redirects WHERE counts_as = s.member
            UNION ALL SELECT party FROM redirects_within WHERE counts_as = s.member AND coalition = s.coalition
            UNION ALL SELECT r.party FROM redirects_within w JOIN redirects r ON r.counts_as = w.party
                WHERE w.counts_as = s.member AND w.coalition = s.coalition)""",
)


@migrations()
def names_to_show(db: Database) -> None:
    for statement in _statements(NAMING.replace("{independent}", _INDEPENDENT).replace("{counted}", _COUNTED_WITHIN)):
        db.execute(statement)


WAITING = """
DROP INDEX entries_pending;
CREATE INDEX entries_waiting ON entries (next_try) WHERE state = 'pending';
DROP INDEX entries_article;
CREATE INDEX entries_article ON entries (article) WHERE article IS NOT NULL;
ALTER TABLE rosters ADD COLUMN due_why TEXT NOT NULL DEFAULT '';
ALTER TABLE rosters ADD COLUMN strain REAL NOT NULL DEFAULT 0;
ALTER TABLE rosters ADD COLUMN failing_since TEXT;
"""
"""Indexes of entries that grow at their end as entries come in: those they replace cost a fifth of the time of writing an entry. And
rosters are paced as feeds are."""


@migrations()
def indexes_of_what_waits_and_pacing_of_rosters(db: Database) -> None:
    for statement in _statements(WAITING):
        db.execute(statement)


NOTICING = """
ALTER TABLE feeds ADD COLUMN last_new TEXT;
UPDATE feeds SET last_new = (SELECT max(first_seen) FROM entries n WHERE n.feed = feeds.name);
ALTER TABLE feeds ADD COLUMN looks TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN in_vain INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN fatal INTEGER NOT NULL DEFAULT 0;
CREATE TABLE at_work (
    entries TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT;
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    about TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('broken', 'moved', 'changed', 'quiet', 'left out')),
    why TEXT NOT NULL,
    since TEXT NOT NULL,
    raised TEXT NOT NULL,
    ended TEXT,
    outcome TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX notices_standing ON notices (about, kind) WHERE ended IS NULL;
DROP VIEW delivery_log;
CREATE TABLE telling (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    alert TEXT REFERENCES alerts (id),
    notice TEXT REFERENCES notices (id),
    act TEXT NOT NULL DEFAULT 'raised' CHECK (act IN ('raised', 'updated', 'reopened', 'ended')),
    rule TEXT NOT NULL DEFAULT '',
    change TEXT REFERENCES changes (id),
    coalition TEXT NOT NULL DEFAULT '',
    audience TEXT NOT NULL DEFAULT '',
    since TEXT,
    until TEXT,
    channel TEXT NOT NULL,
    bundle TEXT NOT NULL DEFAULT '',
    message TEXT,
    least_sources INTEGER NOT NULL DEFAULT 1,
    waits_until TEXT,
    made TEXT NOT NULL,
    due TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    tried TEXT,
    state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'given up', 'dropped')),
    receipt TEXT NOT NULL DEFAULT '',
    last_error TEXT NOT NULL DEFAULT '',
    CHECK (alert IS NULL OR notice IS NULL),
    CHECK ((alert IS NULL AND notice IS NULL) = (since IS NOT NULL AND until IS NOT NULL))
) STRICT;
INSERT INTO telling (number, id, alert, act, rule, change, coalition, audience, since, until, channel, bundle, message, least_sources,
    waits_until, made, due, tries, tried, state, receipt, last_error)
SELECT number, id, alert, act, rule, change, coalition, audience, since, until, channel, bundle, message, least_sources,
    waits_until, made, due, tries, tried, state, receipt, last_error
FROM deliveries ORDER BY number;
DROP TABLE deliveries;
ALTER TABLE telling RENAME TO deliveries;
CREATE INDEX deliveries_due ON deliveries (due) WHERE state = 'due';
CREATE INDEX deliveries_failed ON deliveries (channel, coalition) WHERE state = 'due' AND tries > 0;
CREATE INDEX deliveries_message ON deliveries (message);
CREATE INDEX deliveries_alert ON deliveries (alert);
CREATE INDEX deliveries_notice ON deliveries (notice) WHERE notice IS NOT NULL;
CREATE INDEX deliveries_change ON deliveries (change);
CREATE VIEW delivery_log AS
SELECT d.made, d.channel, CASE WHEN d.notice IS NOT NULL THEN 'notice ' || d.act WHEN d.alert IS NULL THEN 'digest' ELSE d.act END
    AS tells, c.name AS coalition, m.name AS member, h.kind, d.state, d.due, d.tries, d.tried, d.receipt, d.last_error, d.message,
    d.alert, d.notice
FROM deliveries d LEFT JOIN alerts a ON a.id = d.alert LEFT JOIN changes h ON h.id = coalesce(d.change, a.change)
    LEFT JOIN parties c ON c.key = h.coalition LEFT JOIN parties m ON m.key = h.member
ORDER BY d.number DESC;
"""
"""What a person should know of the sources: by what each is known, when it last brought something, how often it was asked in vain
(the program ended before its answer was kept); and which article is at work, so that one whose reading ends the program is found."""


@migrations()
def notices_about_sources(db: Database) -> None:
    for statement in _statements(NOTICING):
        db.execute(statement)


REMEMBERING = """
ALTER TABLE evidence ADD COLUMN known_from TEXT NOT NULL DEFAULT '';
UPDATE evidence SET known_from = first_seen;
CREATE TABLE former_evidence (
    id INTEGER PRIMARY KEY,
    statement TEXT NOT NULL REFERENCES statements (key),
    article INTEGER NOT NULL REFERENCES articles (id),
    quote TEXT NOT NULL,
    role TEXT,
    other_name TEXT NOT NULL,
    confidence REAL NOT NULL,
    detector TEXT NOT NULL,
    published TEXT,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    coalition_said TEXT NOT NULL,
    member_said TEXT NOT NULL,
    successor TEXT REFERENCES parties (key),
    known_from TEXT NOT NULL,
    known_until TEXT NOT NULL
) STRICT;
CREATE INDEX former_evidence_statement ON former_evidence (statement, article);
CREATE INDEX former_evidence_article ON former_evidence (article);
CREATE INDEX former_evidence_successor ON former_evidence (successor) WHERE successor IS NOT NULL;
CREATE TABLE lessons (
    article INTEGER NOT NULL REFERENCES articles (id),
    folded TEXT NOT NULL,
    party TEXT NOT NULL REFERENCES parties (key),
    kind TEXT NOT NULL,
    said TEXT NOT NULL,
    words TEXT NOT NULL,
    known_from TEXT NOT NULL,
    withdrawn TEXT,
    PRIMARY KEY (article, folded, party, kind, known_from)
) STRICT, WITHOUT ROWID;
CREATE INDEX lessons_taught ON lessons (folded, party, kind);
CREATE TABLE former_names (
    spelling TEXT NOT NULL,
    party TEXT NOT NULL REFERENCES parties (key),
    folded TEXT NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    known_until TEXT NOT NULL
) STRICT;
CREATE VIEW definition_log AS
SELECT l.known_from, l.withdrawn AS known_until, l.said AS name, p.name AS stands_for,
    (SELECT name FROM parties WHERE key = substr(l.kind, instr(l.kind, ':') + 1) AND l.kind LIKE '%within:%') AS within,
    EXISTS (SELECT 1 FROM names n WHERE n.folded = l.folded AND n.party = l.party AND n.kind = l.kind) AS heeded,
    l.words, a.publisher, a.url
FROM lessons l JOIN parties p ON p.key = l.party JOIN articles a ON a.id = l.article
WHERE l.kind NOT LIKE 'key%'
ORDER BY l.known_from DESC, l.said, a.url;
DROP VIEW statement_log;
CREATE VIEW statement_log AS
{log}
ORDER BY known_from DESC, statement, url;
"""
"""What an article said before its words were edited, or before it said them again: `evidence` has what it says now (or said last), known
since `known_from`, `former_evidence` what was known until then. So the state as known on another day is derived from what stood there.
Likewise `lessons` are what articles say that names mean, and `former_names` what was learned until none of them said so any more.

In `statement_log` a judgement that comes or goes ends one line and begins the next. Each arm of the view is planned by itself, so that
a question about one coalition does not go through the evidence of all."""
_TURNS = """(SELECT id AS judgement, statement, article, made_at AS at FROM judgements WHERE statement IS NOT NULL
    UNION ALL SELECT id, statement, article, undone_at FROM judgements WHERE statement IS NOT NULL AND undone_at IS NOT NULL)"""
"""The moments at which what a statement counts as may have become another."""
_HELD = """FROM judgements j WHERE j.statement = t.key AND (j.article IS NULL OR j.article = e.article)
        AND (j.article IS NOT NULL OR t.date IS NOT NULL
            OR julianday(coalesce(e.published, e.first_seen)) <= julianday(j.made_at) + 14)
        AND j.made_at <= {since} AND (j.undone_at IS NULL OR j.undone_at > {since})"""
"""The judgements that held for a piece of evidence at a moment, as `pipeline.store.rulings.covers` has it, with its days of late copies."""
_LOGGED = """SELECT {since} AS known_from,
    (SELECT min(at) FROM (SELECT {until} AS at UNION ALL SELECT w.at FROM {turns} w
        WHERE w.statement = t.key AND (w.article IS NULL OR w.article = e.article) AND w.at > {since}
        AND ({until} IS NULL OR w.at < {until}))) AS known_until,
    iif(EXISTS (SELECT 1 {held} AND j.verdict = 'date'), (SELECT nullif(j.value, '') {held} AND j.verdict = 'date' ORDER BY j.id DESC),
        t.date) AS effective,
    c.name AS coalition, m.name AS member, t.event, t.status,
    iif(EXISTS (SELECT 1 {held} AND j.verdict = 'role'), (SELECT nullif(j.value, '') {held} AND j.verdict = 'role' ORDER BY j.id DESC),
        e.role) AS role,
    e.published, a.publisher, e.quote AS words, a.url,
    iif(EXISTS (SELECT 1 {held} AND j.verdict = 'right'), 1.0, round(e.confidence, 2)) AS confidence, e.detector,
    NOT EXISTS (SELECT 1 {held} AND j.verdict = 'wrong') AS counts,
    (SELECT j.verdict {held} ORDER BY j.id DESC LIMIT 1) AS judged,
    (SELECT p.name FROM redirects r JOIN parties p ON p.key = r.counts_as WHERE r.party = t.coalition) AS coalition_counts_as,
    (SELECT p.name FROM parties p WHERE p.key = coalesce(
        (SELECT counts_as FROM redirects_within w
            WHERE w.coalition = coalesce((SELECT counts_as FROM redirects WHERE party = t.coalition), t.coalition)
            AND w.party = coalesce((SELECT counts_as FROM redirects WHERE party = t.member), t.member)),
        (SELECT counts_as FROM redirects WHERE party = t.member))) AS member_counts_as,
    t.key AS statement
FROM {of} e JOIN statements t ON t.key = e.statement JOIN articles a ON a.id = e.article
    JOIN parties c ON c.key = t.coalition LEFT JOIN parties m ON m.key = t.member{where}"""
_AT_A_TURN = """
    JOIN (SELECT DISTINCT statement, article, at FROM {turns}) u ON u.statement = t.key AND (u.article IS NULL OR u.article = e.article)
WHERE u.at > e.known_from AND ({until} IS NULL OR u.at < {until})
    AND NOT (u.article IS NOT NULL AND EXISTS (SELECT 1 FROM {turns} w WHERE w.statement = t.key AND w.article IS NULL AND w.at = u.at))"""


def _statement_log() -> str:
    """The lines of `statement_log`: what stands, and what stood, each from its own beginning and from each turn of a judgement on."""
    arms = []
    for of, until in (("evidence", "e.withdrawn"), ("former_evidence", "e.known_until")):
        for since, where in (("e.known_from", ""), ("u.at", _AT_A_TURN)):
            arm = _LOGGED.replace("{where}", where).replace("{held}", _HELD).replace("{turns}", _TURNS)
            arms.append(arm.replace("{of}", of).replace("{until}", until).replace("{since}", since))
    return "\nUNION ALL\n".join(arms)


@migrations()
def what_was_known_before(db: Database) -> None:
    for statement in _statements(REMEMBERING.replace("{log}", _statement_log())):
        db.execute(statement)


REVISITING = """
CREATE TABLE revisits (
    article INTEGER PRIMARY KEY REFERENCES articles (id),
    address TEXT NOT NULL,
    site TEXT NOT NULL,
    etag TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    since TEXT NOT NULL,
    due TEXT NOT NULL,
    gone_since TEXT,
    in_vain INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX revisits_due ON revisits (due);
CREATE INDEX revisits_gone ON revisits (site) WHERE gone_since IS NOT NULL;
ALTER TABLE articles ADD COLUMN taken_down TEXT;
ALTER TABLE changes ADD COLUMN taken_down INTEGER NOT NULL DEFAULT 0 CHECK (taken_down IN (0, 1));
"""
"""Pages that are read again for their corrections, with the answer that they gave last; a page that was read often enough has no row.
And that an article was taken down by its publisher, and what was taken back because of that."""


@migrations()
def pages_that_are_read_again(db: Database) -> None:
    for statement in _statements(REVISITING):
        db.execute(statement)


FIRST_HEARD = """(SELECT w.id FROM former_evidence w WHERE w.statement = e.statement AND w.article = e.article
    AND (w.known_until > h.detected_at OR (h.kind = 'claim_corrected' AND w.known_until = h.detected_at)) ORDER BY w.known_from LIMIT 1)"""
"""What evidence `e` of a change `h` said when that was told, or where it came later, when it came, if it says otherwise by now. A
correction rests on what was withdrawn at that very moment."""
TOLD_WITH = """
DROP VIEW change_log;
CREATE VIEW change_log AS
SELECT h.detected_at, h.kind, c.name AS coalition, m.name AS member, h.role, h.status, h.effective, h.before, h.after, h.historic,
    round(h.confidence, 2) AS confidence,
    (SELECT {independent} FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
        WHERE l.change = h.id) AS sources,
    (SELECT count(*) FROM change_evidence l JOIN evidence e ON e.id = l.evidence WHERE l.change = h.id AND e.withdrawn IS NULL)
        AS living_evidence,
    h.taken_down,
    coalesce((SELECT kind FROM runs WHERE id = h.run), 'cycle') AS learned_by,
    (SELECT coalesce((SELECT quote FROM former_evidence WHERE id = {first_heard}), e.quote)
        FROM change_evidence l JOIN evidence e ON e.id = l.evidence WHERE l.change = h.id ORDER BY e.id LIMIT 1) AS words,
    (SELECT a.url FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
        WHERE l.change = h.id ORDER BY e.id LIMIT 1) AS url,
    h.id
FROM changes h JOIN parties c ON c.key = h.coalition LEFT JOIN parties m ON m.key = h.member
ORDER BY h.detected_at DESC, c.name, h.kind, m.name;
"""
"""The words in the log of changes are those that a change was told with."""


@migrations()
def words_that_changes_were_told_with(db: Database) -> None:
    for statement in _statements(TOLD_WITH.replace("{independent}", _INDEPENDENT).replace("{first_heard}", FIRST_HEARD)):
        db.execute(statement)


TEACHING = """
INSERT INTO lessons (article, folded, party, kind, said, words, known_from)
SELECT DISTINCT a.id, n.folded, n.party, n.kind, n.spelling, n.spelling, n.first_seen
FROM names n JOIN addresses u ON u.url = n.source JOIN articles a ON a.id = u.article
WHERE a.pruned IS NULL AND a.detector NOT LIKE 'import%' AND a.detector NOT LIKE 'roster%'
    AND (n.kind = 'key' OR n.kind LIKE 'within:%' OR (n.kind IN ('coalition', 'coalition acronym') AND n.folded <> n.party))
AND NOT EXISTS (SELECT 1 FROM lessons l WHERE l.folded = n.folded AND l.party = n.party AND l.kind = n.kind);
"""
"""Names that were learned before the articles behind them were kept: whoever taught them first is held to it from now on. Their words are
the name itself, since nobody kept the sentence. What a body is called in its own articles is no definition, and what a member's key
stands for in one coalition was not said in that spelling."""


@migrations()
def lessons_behind_older_names(db: Database) -> None:
    for statement in _statements(TEACHING):
        db.execute(statement)


def _statements(script: str) -> list[str]:
    """Splits a script at the lines that end a statement; raises ValueError where the last one is not ended.

    `executescript` would commit the transaction that the migration runs in.

    >>> _statements("CREATE TABLE a (b);\\nCREATE TABLE c (\\n    d);")
    ['CREATE TABLE a (b);', 'CREATE TABLE c (\\n    d);']
    """
    statements, lines = [], []
    for line in script.strip().splitlines():
        lines.append(line)
        if sqlite3.complete_statement(statement := "\n".join(lines)):  # which knows what a trigger's body is
            statements.append(statement)
            lines = []
    if lines:
        raise ValueError(f"no statement ends here: {lines[-1]}")
    return statements
