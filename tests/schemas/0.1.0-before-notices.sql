-- A store as the schema before notices left it (pipeline 0.1.0, in its daemon), made from the dump of the first one, with a row at least in
-- every table; the search index is filled by the triggers.
-- It is never edited; a newer schema adds a file of its own beside it.
PRAGMA application_id = 1349283443;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
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
, origin TEXT NOT NULL DEFAULT 'config' CHECK (origin IN ('config', 'added')), title TEXT NOT NULL DEFAULT '', adaptive INTEGER NOT NULL DEFAULT 1 CHECK (adaptive IN (0, 1)), minutes REAL NOT NULL DEFAULT 0, due_why TEXT NOT NULL DEFAULT '', strain REAL NOT NULL DEFAULT 0, failing_since TEXT, hints TEXT NOT NULL DEFAULT '', address TEXT NOT NULL DEFAULT '', moved_to TEXT NOT NULL DEFAULT '', moved_since TEXT, full_read TEXT, conditional_polls INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started TEXT NOT NULL,
    finished TEXT,
    report TEXT NOT NULL DEFAULT ''
, kind TEXT NOT NULL DEFAULT 'cycle' CHECK (kind IN ('cycle', 'import', 'redetection'))) STRICT;
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
, pruned TEXT, owner TEXT NOT NULL DEFAULT '') STRICT;
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
CREATE VIRTUAL TABLE articles_fts USING fts5 (
    title, text, content = 'articles', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TABLE parties (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL
) STRICT;
CREATE TABLE names (
    spelling TEXT NOT NULL,
    party TEXT NOT NULL REFERENCES parties (key),
    folded TEXT NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    PRIMARY KEY (spelling, party, kind)
) STRICT;
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
    withdrawn TEXT, coalition_said TEXT NOT NULL DEFAULT '', member_said TEXT NOT NULL DEFAULT '', successor TEXT REFERENCES parties (key),
    UNIQUE (statement, article)
) STRICT;
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
, judgement INTEGER REFERENCES judgements (id)) STRICT;
CREATE TABLE change_evidence (
    change TEXT NOT NULL REFERENCES changes (id),
    evidence INTEGER NOT NULL REFERENCES evidence (id),
    PRIMARY KEY (change, evidence)
) STRICT, WITHOUT ROWID;
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    change TEXT NOT NULL REFERENCES changes (id),
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    channels TEXT NOT NULL,
    raised TEXT NOT NULL
, state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'updated', 'reopened', 'acknowledged', 'muted')), muted_until TEXT, sources INTEGER NOT NULL DEFAULT 1) STRICT;
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
CREATE TABLE redirects (
    party TEXT PRIMARY KEY,
    counts_as TEXT NOT NULL REFERENCES parties (key)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE roster_names (
    reading INTEGER NOT NULL REFERENCES roster_readings (id),
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (reading, place)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE "deliveries" (
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
CREATE TABLE channel_pauses (
    channel TEXT PRIMARY KEY,
    until TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE ownership (
    fingerprint TEXT NOT NULL
) STRICT;
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
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX articles_story ON articles (story);
CREATE INDEX articles_fingerprint ON articles (fingerprint);
CREATE INDEX addresses_article ON addresses (article);
CREATE INDEX entries_pending ON entries (published, feed, guid) WHERE state = 'pending';
CREATE INDEX entries_article ON entries (article);
CREATE INDEX parties_folded ON parties (folded);
CREATE INDEX names_folded ON names (folded);
CREATE INDEX names_party ON names (party);
CREATE INDEX statements_coalition ON statements (coalition, member);
CREATE INDEX statements_member ON statements (member);
CREATE INDEX evidence_article ON evidence (article);
CREATE INDEX memberships_member ON memberships (member);
CREATE INDEX changes_detected ON changes (detected_at);
CREATE INDEX changes_coalition ON changes (coalition, member);
CREATE INDEX changes_member ON changes (member);
CREATE INDEX changes_run ON changes (run);
CREATE INDEX change_evidence_evidence ON change_evidence (evidence);
CREATE INDEX alerts_change ON alerts (change);
CREATE INDEX statements_renamed ON statements (key) WHERE event = 'renamed';
CREATE INDEX judgements_statement ON judgements (statement);
CREATE INDEX redirects_counts_as ON redirects (counts_as);
CREATE INDEX spells_member ON spells (member);
CREATE INDEX spells_evidence ON spells (evidence);
CREATE INDEX roster_readings_roster ON roster_readings (roster, rule);
CREATE INDEX roster_readings_article ON roster_readings (article);
CREATE INDEX names_keys ON names (spelling) WHERE kind = 'key';
CREATE INDEX alert_turns_alert ON alert_turns (alert);
CREATE INDEX alert_turns_change ON alert_turns (change);
CREATE INDEX deliveries_due ON deliveries (due) WHERE state = 'due';
CREATE INDEX deliveries_failed ON deliveries (channel, coalition) WHERE state = 'due' AND tries > 0;
CREATE INDEX deliveries_message ON deliveries (message);
CREATE INDEX deliveries_alert ON deliveries (alert);
CREATE INDEX deliveries_change ON deliveries (change);
CREATE INDEX entries_url ON entries (feed, url);
CREATE INDEX tombstones_gone ON tombstones (feed, gone);
CREATE INDEX evidence_successor ON evidence (successor) WHERE successor IS NOT NULL;
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
CREATE VIEW coalition_roster AS
SELECT coalition, count(*) AS members, group_concat(member, '; ') AS roster
FROM (SELECT c.name AS coalition, m.name AS member FROM memberships s JOIN parties c ON c.key = s.coalition
    JOIN parties m ON m.key = s.member WHERE s.standing IN ('in', 'suspended', 'leaving') ORDER BY c.name, m.name)
GROUP BY coalition;
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
CREATE VIEW current_membership AS
SELECT c.name AS coalition, m.name AS member, s.standing, s.role, s.since, s.until,
    coalesce(nullif((SELECT min(count(DISTINCT a.story), count(DISTINCT iif(a.owner = '', a.story, a.owner))) FROM statements t JOIN evidence e ON e.statement = t.key JOIN articles a ON a.id = e.article
        WHERE t.coalition IN (SELECT s.coalition UNION ALL SELECT party FROM redirects WHERE counts_as = s.coalition)
        AND t.member IN (SELECT s.member UNION ALL SELECT party FROM redirects WHERE counts_as = s.member)
        AND e.withdrawn IS NULL AND NOT EXISTS (SELECT 1 FROM judgements j WHERE j.statement = t.key AND j.verdict = 'wrong'
            AND j.undone_at IS NULL AND (j.article IS NULL OR j.article = e.article))), 0),
        (SELECT sources FROM spells p WHERE p.coalition = s.coalition AND p.member = s.member ORDER BY p.place DESC LIMIT 1)) AS sources,
    coalesce((SELECT e.quote FROM statements t JOIN evidence e ON e.statement = t.key JOIN articles a ON a.id = e.article
        WHERE t.coalition IN (SELECT s.coalition UNION ALL SELECT party FROM redirects WHERE counts_as = s.coalition)
        AND t.member IN (SELECT s.member UNION ALL SELECT party FROM redirects WHERE counts_as = s.member)
        AND e.withdrawn IS NULL AND NOT EXISTS (SELECT 1 FROM judgements j WHERE j.statement = t.key AND j.verdict = 'wrong'
            AND j.undone_at IS NULL AND (j.article IS NULL OR j.article = e.article)) ORDER BY coalesce(e.published, e.first_seen) DESC, e.id DESC LIMIT 1),
        (SELECT e.quote FROM spells p JOIN evidence e ON e.id = p.evidence
            WHERE p.coalition = s.coalition AND p.member = s.member ORDER BY p.place DESC LIMIT 1)) AS last_words
FROM memberships s JOIN parties c ON c.key = s.coalition JOIN parties m ON m.key = s.member
ORDER BY c.name, s.standing, m.name;
CREATE VIEW change_log AS
SELECT h.detected_at, h.kind, c.name AS coalition, m.name AS member, h.role, h.status, h.effective, h.before, h.after, h.historic,
    round(h.confidence, 2) AS confidence,
    (SELECT min(count(DISTINCT a.story), count(DISTINCT iif(a.owner = '', a.story, a.owner))) FROM change_evidence l JOIN evidence e ON e.id = l.evidence JOIN articles a ON a.id = e.article
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
INSERT INTO "_sqlite_migrations" VALUES(1,'pipeline','tables_of_the_first_release','2026-11-23 07:30:53.918191+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'pipeline','kinds_of_runs_and_pruned_articles','2026-11-23 13:25:53.209767+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'pipeline','judgements_and_spells','2026-11-23 13:25:53.211361+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'pipeline','rosters_and_their_readings','2026-11-23 13:25:53.211634+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'pipeline','digests_are_delivered_too','2026-11-23 13:25:53.332234+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'pipeline','keys_that_articles_define','2026-11-23 13:25:53.332453+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'pipeline','alerts_with_states_and_an_outbox','2026-11-23 13:25:53.409030+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'pipeline','pacing_of_feeds','2026-11-23 13:25:53.484827+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'pipeline','mergers_and_owners','2026-11-23 13:25:53.486438+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'pipeline','jobs_of_the_daemon','2026-11-23 13:25:53.486596+00:00');
INSERT INTO "addresses" VALUES('https://short.example/a',1);
INSERT INTO "addresses" VALUES('https://wire.example/a',1);
INSERT INTO "addresses" VALUES('https://wire.example/b',2);
INSERT INTO "alert_turns" VALUES(1,'d07c9c88bf5079c2','raised','2024-03-05T09:00:00+00:00','','',NULL,NULL,0);
INSERT INTO "alerts" VALUES('d07c9c88bf5079c2','a2a1f45e633b9d49','all','normal','["file"]','2024-03-05T09:00:00+00:00','open',NULL,1);
INSERT INTO "articles" VALUES(1,'https://wire.example/a','Carriers found compact','The Harbour Data Compact was launched on Tuesday by Norvik Freight and Altera Lines, which will share arrival data with each other and with the port. The founders hope that other carriers will follow before the year is out, said a spokeswoman who declined to name any. The largest carrier on the route has so far stayed away from the talks and did not answer questions about its plans. Altera Lines was named by mistake.','2024-03-05T09:00:00+00:00','','The Wire','The Wire','en','page','bb17c8ecbc661ff1',X'9324F5C8E366160346911FFC0BF5C603F6CFA75C286F5A05BCC73B028243C7054D31B041AFD7A60B66B7E6C51010A40D78F18A2A8C317A0E24B5D56F6D963F138A8635FD37CB3F13B80A25A4480BD313DED8F908E4643A14BD539BA3C343061740653BDCECFA8618690EC288B1908A1A442DEF946FBE721B717BFAA23A34B21BA37763FCE7AC361DEE1B6FB066E75621918A18E368994722110486BE6943752436900FFD39673127CD31A025260C822943FBD97C8BCD8729E5CB34AB29FBE229FACB71F0FA3B5D2C6D512AE66F0DF02CD6B33878E95CEB31CF095B644DA27A352880E46EB53C0E3666734F353EC9E638351A66840D9E4E3A4DC006515C99613BB80D798ADA06DD3DEF4242DB3C14263E7C9E00BD78E51740662256D16CC466423AE09BC5435DA343D0A91A84C0C23947DCF22252CAD776497B4CA1A973DBFA4B63A4EC90BD4B774C3C0CEEE0F66AB74C1F3B057AED8C144DA9557193878C704FCA4C1C7303FB724F504D5D46AFDEF04F715E93EA572D33501137620EFE433B533C8E0014CE4983557FBF225F6A0C575728383E8EA6EE455B1BE4D04F858EAC5CB81B7F49AD596E5E9D5B7639C8334E5FA282B6F7CFC79D60C1483FCB4ACAC160A7D1026848BAF563561E94C75455B76488AE4D2D5CDED564154919AD5C011067FA4D06712707CB681157F5D6BF453D6C1451D676F4AD2B6ED1D821E80754C56F',2,'s','d1','','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00',NULL,'');
INSERT INTO "articles" VALUES(2,'https://wire.example/b','Carriers leave','Norvik Freight left the compact in June, its owner said. The Harbour Data Compact was launched on Tuesday by Norvik Freight and Altera Li','2024-06-03T09:00:00+00:00','','The Wire','The Wire','en','page','6fbe386efc061148',X'6E5FA41D798C900924B5D56F6D963F13442DEF946FBE721BD84BA94C623CAC1B918A18E3689947229CD2D0E001C3EF2CAC0E953AF1F2582DCF095B644DA27A35715E93EA572D33507FBF225F6A0C57571BE4D04F858EAC5C9D5B7639C8334E5FBF8A94543A4B4D66E232A328FA47B36E8A2490416C314F6F70331FB88952D66FAAFFC1CDF1F051745D7C837DA9B01677A48E778D17FB2B794F8F754340A2317B',1,'s2','d1','','2024-06-03T09:00:00+00:00','2024-06-03T09:00:00+00:00',NULL,'');
INSERT INTO "change_evidence" VALUES('a2a1f45e633b9d49',1);
INSERT INTO "change_evidence" VALUES('060e45b1a6728845',2);
INSERT INTO "change_evidence" VALUES('4f5c383abf20d60f',2);
INSERT INTO "change_evidence" VALUES('5cf35937dba09adb',4);
INSERT INTO "changes" VALUES('a2a1f45e633b9d49','member_joined','c-compact','m-norvik','completed','founder','2024-03-05','2024-03-05T09:00:00+00:00',0.9,'','',0,1,NULL);
INSERT INTO "changes" VALUES('4f5c383abf20d60f','member_joined','c-compact','m-altera','completed','founder','2024-03-05','2024-03-05T09:00:00+00:00',0.9,'','',0,1,NULL);
INSERT INTO "changes" VALUES('060e45b1a6728845','claim_corrected','c-compact','m-altera','completed',NULL,'2024-03-05','2024-03-05T10:00:00+00:00',0.9,'in','',0,1,NULL);
INSERT INTO "changes" VALUES('5cf35937dba09adb','member_left','c-compact','m-norvik','completed',NULL,'2024-06','2024-06-03T09:00:00+00:00',0.8,'in','out',0,NULL,NULL);
INSERT INTO "channel_pauses" VALUES('mail','2025-01-15T09:00:00+00:00','busy');
INSERT INTO "claims" VALUES(1,1,'d1',0,'Harbour Data Compact','Norvik Freight','joined','completed','founder','2024-03-05','launched by Norvik Freight','text',4,0.9,'["HDC"]','[]','["a verb", "a list"]');
INSERT INTO "deliveries" VALUES(1,'d1','d07c9c88bf5079c2','raised','',NULL,'c-compact','',NULL,NULL,'file','','d1',1,NULL,'2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00',1,NULL,'delivered','written','');
INSERT INTO "deliveries" VALUES(2,'d2',NULL,'raised','',NULL,'','','2025-01-08T09:00:00+00:00','2025-01-15T09:00:00+00:00','file','','d2',1,NULL,'2025-01-15T09:00:00+00:00','2025-01-15T09:00:00+00:00',1,'2025-01-15T09:00:00+00:00','delivered','written','');
INSERT INTO "deliveries" VALUES(3,'d3','d07c9c88bf5079c2','updated','all',NULL,'c-compact','',NULL,NULL,'mail','b','m3',1,NULL,'2025-01-15T09:00:00+00:00','2025-01-15T09:00:00+00:00',0,NULL,'dropped','','the alert was muted');
INSERT INTO "entries" VALUES('wire','a','https://wire.example/a','Carriers found compact','','2024-03-05T09:00:00+00:00',NULL,'','f2a93907e080129f','settled','',0,0,'2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00',1,'2024-03-05T09:00:00+00:00');
INSERT INTO "entries" VALUES('wire','b','https://wire.example/b','Carriers leave','','2024-03-05T09:00:00+00:00',NULL,'','af8c4ac9b44a9847','settled','',0,0,'2024-06-03T09:00:00+00:00','2024-03-05T09:00:00+00:00',2,'2024-03-05T09:00:00+00:00');
INSERT INTO "entries" VALUES('wire','c','https://wire.example/c','Nothing to read','','2024-03-05T09:00:00+00:00',NULL,'','5529e94584dfa362','settled','is empty',1,0,'2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00',NULL,'2024-03-05T09:00:00+00:00');
INSERT INTO "evidence" VALUES(1,'9e1f74b93b83b552',1,'launched by Norvik Freight',NULL,'',0.9,'d1','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00',NULL,'','',NULL);
INSERT INTO "evidence" VALUES(2,'d9ce42df23cab4e6',1,'launched by Norvik Freight',NULL,'',0.9,'d1','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00','','',NULL);
INSERT INTO "evidence" VALUES(3,'3d6ea51efe4854bb',1,'launched by Norvik Freight',NULL,'',0.9,'d1','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00',NULL,'','',NULL);
INSERT INTO "evidence" VALUES(4,'ba439ad132cb47fc',2,'Norvik Freight left the compact in June',NULL,'',0.8,'d1','2024-06-03T09:00:00+00:00','2024-06-03T09:00:00+00:00','2024-06-03T09:00:00+00:00',NULL,'','',NULL);
INSERT INTO "feeds" VALUES('wire','https://wire.example/feed.xml','The Wire',60,1,'etag-1','Tue','hash',0,'','','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00','config','',1,0.0,'',0.0,NULL,'','','',NULL,NULL,0);
INSERT INTO "feeds" VALUES('gazette','https://gazette.example/rss','',30,1,'','','',1,'the server said 503','','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00',NULL,'2024-03-05T10:00:00+00:00','config','',1,0.0,'',0.0,NULL,'','','',NULL,NULL,0);
INSERT INTO "former_versions" VALUES(1,1,'Carriers found compact','The Harbour Data Compact was launched on Tuesday by Norvik Freight and Altera Lines, which will share arrival data with each other and with the port. The founders hope that other carriers will follow before the year is out, said a spokeswoman who declined to name any. The largest carrier on the route has so far stayed away from the talks and did not answer questions about its plans.','page','7ad448c66f2a3d42','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00');
INSERT INTO "jobs" VALUES('tick','2025-01-15T09:00:00+00:00','2025-01-15T09:00:00+00:00','2025-01-15T09:00:00+00:00','done',0,'2 feeds read',0.5);
INSERT INTO "judgements" VALUES(1,'same','ada','2025-01-15T09:00:00+00:00','a slip','m-altera','m-norvik',NULL,NULL,'','2025-01-15T09:00:00+00:00','ada');
INSERT INTO "memberships" VALUES('c-compact','m-norvik','out',NULL,'2024-03-05','2024-06','2024-06-03T09:00:00+00:00');
INSERT INTO "names" VALUES('HDC','c-compact','hdc','coalition acronym','https://wire.example/a','2024-03-05T09:00:00+00:00');
INSERT INTO "ownership" VALUES('0123456789abcdef');
INSERT INTO "parties" VALUES('c-compact','Harbour Data Compact','harbour data compact');
INSERT INTO "parties" VALUES('m-norvik','Norvik Freight','norvik freight');
INSERT INTO "parties" VALUES('m-altera','Altera Lines','altera lines');
INSERT INTO "parties" VALUES('c-hdc','HDC','hdc');
INSERT INTO "redirects" VALUES('c-hdc','c-compact');
INSERT INTO "roster_names" VALUES(1,0,'Norvik Freight');
INSERT INTO "roster_readings" VALUES(1,'compact','r1',NULL,'2025-01-15T09:00:00+00:00','2025-01-15T09:00:00+00:00');
INSERT INTO "rosters" VALUES('compact','https://compact.example/members','r1','Harbour Data Compact',1440,1,'','','',0,'','2025-01-15T09:00:00+00:00','2025-01-15T09:00:00+00:00','2025-01-15T09:00:00+00:00','2025-01-16T09:00:00+00:00');
INSERT INTO "runs" VALUES(1,'2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00','{"run": {"id": 1}}','cycle');
INSERT INTO "sites" VALUES('wire.example','2025-01-15T09:00:00+00:00');
INSERT INTO "sketches" VALUES(222478360116536467,738950,1);
INSERT INTO "sketches" VALUES(272174259325866310,738950,1);
INSERT INTO "sketches" VALUES(385742937237475318,738950,1);
INSERT INTO "sketches" VALUES(416375716217341884,738950,1);
INSERT INTO "sketches" VALUES(689205194803928942,739040,2);
INSERT INTO "sketches" VALUES(839595528272490829,738950,1);
INSERT INTO "sketches" VALUES(982928282899363686,738950,1);
INSERT INTO "sketches" VALUES(1043200741768622456,738950,1);
INSERT INTO "sketches" VALUES(1386992607025280292,738950,1);
INSERT INTO "sketches" VALUES(1386992607025280292,739040,2);
INSERT INTO "sketches" VALUES(1387050651585185418,738950,1);
INSERT INTO "sketches" VALUES(1428497913426021048,738950,1);
INSERT INTO "sketches" VALUES(1457588359973689566,738950,1);
INSERT INTO "sketches" VALUES(1659088020275155901,738950,1);
INSERT INTO "sketches" VALUES(1767375799003604288,738950,1);
INSERT INTO "sketches" VALUES(1912500083950227049,738950,1);
INSERT INTO "sketches" VALUES(1977852572818419012,738950,1);
INSERT INTO "sketches" VALUES(1977852572818419012,739040,2);
INSERT INTO "sketches" VALUES(1994035127908912088,739040,2);
INSERT INTO "sketches" VALUES(1995715011325623153,738950,1);
INSERT INTO "sketches" VALUES(2470111596401691281,739040,2);
INSERT INTO "sketches" VALUES(3238021069936841372,739040,2);
INSERT INTO "sketches" VALUES(3267628647541182124,739040,2);
INSERT INTO "sketches" VALUES(3853570884448750031,739040,2);
INSERT INTO "sketches" VALUES(5779012602467409521,739040,2);
INSERT INTO "sketches" VALUES(6293512655275736959,739040,2);
INSERT INTO "sketches" VALUES(6677869050704487451,739040,2);
INSERT INTO "sketches" VALUES(6867483416837118877,739040,2);
INSERT INTO "sketches" VALUES(7371630878974577343,739040,2);
INSERT INTO "sketches" VALUES(7976798504752460514,739040,2);
INSERT INTO "sketches" VALUES(8020683802396337290,739040,2);
INSERT INTO "sketches" VALUES(8058719334679130992,739040,2);
INSERT INTO "spells" VALUES('c-compact','m-norvik',0,'out','founder','2024-03-05','2024-06',1,1);
INSERT INTO "statements" VALUES('9e1f74b93b83b552','c-compact','m-norvik','joined','completed','2024-03-05');
INSERT INTO "statements" VALUES('d9ce42df23cab4e6','c-compact','m-altera','joined','completed','2024-03-05');
INSERT INTO "statements" VALUES('3d6ea51efe4854bb','c-compact',NULL,'formed','completed','2024-03-05');
INSERT INTO "statements" VALUES('ba439ad132cb47fc','c-compact','m-norvik','left','completed','2024-06');
INSERT INTO "stories" VALUES('s','2024-03-05T09:00:00+00:00');
INSERT INTO "stories" VALUES('s2','2024-06-03T09:00:00+00:00');
INSERT INTO "tombstones" VALUES('wire','0123456789abcdef','2025-01-15T09:00:00+00:00');
