-- A store as the first schema (pipeline 0.1.0) left it, with invented names and a row at least in every table; the search index is
-- filled by the triggers.
-- It is never edited; a newer release adds a file of its own beside it.
PRAGMA application_id = 1349283443;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
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
INSERT INTO "_sqlite_migrations" VALUES (1,'pipeline','tables_of_the_first_release','2026-11-23 07:30:53.918191+00:00');
INSERT INTO "feeds" VALUES ('wire','https://wire.example/feed.xml','The Wire',60,1,'etag-1','Tue','hash',0,'','','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00');
INSERT INTO "feeds" VALUES ('gazette','https://gazette.example/rss','',30,1,'','','',1,'the server said 503','','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00',NULL,'2024-03-05T10:00:00+00:00');
INSERT INTO "runs" VALUES (1,'2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00','{"run": {"id": 1}}');
INSERT INTO "stories" VALUES ('s','2024-03-05T09:00:00+00:00');
INSERT INTO "stories" VALUES ('s2','2024-06-03T09:00:00+00:00');
INSERT INTO "articles" VALUES (1,'https://wire.example/a','Carriers found compact','The Harbour Data Compact was launched on Tuesday by Norvik Freight and Altera Lines, which will share arrival data with each other and with the port. The founders hope that other carriers will follow before the year is out, said a spokeswoman who declined to name any. The largest carrier on the route has so far stayed away from the talks and did not answer questions about its plans. Altera Lines was named by mistake.','2024-03-05T09:00:00+00:00','','The Wire','The Wire','en','page','bb17c8ecbc661ff1',X'9324F5C8E366160346911FFC0BF5C603F6CFA75C286F5A05BCC73B028243C7054D31B041AFD7A60B66B7E6C51010A40D78F18A2A8C317A0E24B5D56F6D963F138A8635FD37CB3F13B80A25A4480BD313DED8F908E4643A14BD539BA3C343061740653BDCECFA8618690EC288B1908A1A442DEF946FBE721B717BFAA23A34B21BA37763FCE7AC361DEE1B6FB066E75621918A18E368994722110486BE6943752436900FFD39673127CD31A025260C822943FBD97C8BCD8729E5CB34AB29FBE229FACB71F0FA3B5D2C6D512AE66F0DF02CD6B33878E95CEB31CF095B644DA27A352880E46EB53C0E3666734F353EC9E638351A66840D9E4E3A4DC006515C99613BB80D798ADA06DD3DEF4242DB3C14263E7C9E00BD78E51740662256D16CC466423AE09BC5435DA343D0A91A84C0C23947DCF22252CAD776497B4CA1A973DBFA4B63A4EC90BD4B774C3C0CEEE0F66AB74C1F3B057AED8C144DA9557193878C704FCA4C1C7303FB724F504D5D46AFDEF04F715E93EA572D33501137620EFE433B533C8E0014CE4983557FBF225F6A0C575728383E8EA6EE455B1BE4D04F858EAC5CB81B7F49AD596E5E9D5B7639C8334E5FA282B6F7CFC79D60C1483FCB4ACAC160A7D1026848BAF563561E94C75455B76488AE4D2D5CDED564154919AD5C011067FA4D06712707CB681157F5D6BF453D6C1451D676F4AD2B6ED1D821E80754C56F',2,'s','d1','','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00');
INSERT INTO "articles" VALUES (2,'https://wire.example/b','Carriers leave','Norvik Freight left the compact in June, its owner said. The Harbour Data Compact was launched on Tuesday by Norvik Freight and Altera Li','2024-06-03T09:00:00+00:00','','The Wire','The Wire','en','page','6fbe386efc061148',X'6E5FA41D798C900924B5D56F6D963F13442DEF946FBE721BD84BA94C623CAC1B918A18E3689947229CD2D0E001C3EF2CAC0E953AF1F2582DCF095B644DA27A35715E93EA572D33507FBF225F6A0C57571BE4D04F858EAC5C9D5B7639C8334E5FBF8A94543A4B4D66E232A328FA47B36E8A2490416C314F6F70331FB88952D66FAAFFC1CDF1F051745D7C837DA9B01677A48E778D17FB2B794F8F754340A2317B',1,'s2','d1','','2024-06-03T09:00:00+00:00','2024-06-03T09:00:00+00:00');
INSERT INTO "former_versions" VALUES (1,1,'Carriers found compact','The Harbour Data Compact was launched on Tuesday by Norvik Freight and Altera Lines, which will share arrival data with each other and with the port. The founders hope that other carriers will follow before the year is out, said a spokeswoman who declined to name any. The largest carrier on the route has so far stayed away from the talks and did not answer questions about its plans.','page','7ad448c66f2a3d42','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00');
INSERT INTO "addresses" VALUES ('https://short.example/a',1);
INSERT INTO "addresses" VALUES ('https://wire.example/a',1);
INSERT INTO "addresses" VALUES ('https://wire.example/b',2);
INSERT INTO "sketches" VALUES (222478360116536467,738950,1);
INSERT INTO "sketches" VALUES (272174259325866310,738950,1);
INSERT INTO "sketches" VALUES (385742937237475318,738950,1);
INSERT INTO "sketches" VALUES (416375716217341884,738950,1);
INSERT INTO "sketches" VALUES (689205194803928942,739040,2);
INSERT INTO "sketches" VALUES (839595528272490829,738950,1);
INSERT INTO "sketches" VALUES (982928282899363686,738950,1);
INSERT INTO "sketches" VALUES (1043200741768622456,738950,1);
INSERT INTO "sketches" VALUES (1386992607025280292,738950,1);
INSERT INTO "sketches" VALUES (1386992607025280292,739040,2);
INSERT INTO "sketches" VALUES (1387050651585185418,738950,1);
INSERT INTO "sketches" VALUES (1428497913426021048,738950,1);
INSERT INTO "sketches" VALUES (1457588359973689566,738950,1);
INSERT INTO "sketches" VALUES (1659088020275155901,738950,1);
INSERT INTO "sketches" VALUES (1767375799003604288,738950,1);
INSERT INTO "sketches" VALUES (1912500083950227049,738950,1);
INSERT INTO "sketches" VALUES (1977852572818419012,738950,1);
INSERT INTO "sketches" VALUES (1977852572818419012,739040,2);
INSERT INTO "sketches" VALUES (1994035127908912088,739040,2);
INSERT INTO "sketches" VALUES (1995715011325623153,738950,1);
INSERT INTO "sketches" VALUES (2470111596401691281,739040,2);
INSERT INTO "sketches" VALUES (3238021069936841372,739040,2);
INSERT INTO "sketches" VALUES (3267628647541182124,739040,2);
INSERT INTO "sketches" VALUES (3853570884448750031,739040,2);
INSERT INTO "sketches" VALUES (5779012602467409521,739040,2);
INSERT INTO "sketches" VALUES (6293512655275736959,739040,2);
INSERT INTO "sketches" VALUES (6677869050704487451,739040,2);
INSERT INTO "sketches" VALUES (6867483416837118877,739040,2);
INSERT INTO "sketches" VALUES (7371630878974577343,739040,2);
INSERT INTO "sketches" VALUES (7976798504752460514,739040,2);
INSERT INTO "sketches" VALUES (8020683802396337290,739040,2);
INSERT INTO "sketches" VALUES (8058719334679130992,739040,2);
INSERT INTO "entries" VALUES ('wire','a','https://wire.example/a','Carriers found compact','','2024-03-05T09:00:00+00:00',NULL,'','f2a93907e080129f','settled','',0,0,'2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00',1,'2024-03-05T09:00:00+00:00');
INSERT INTO "entries" VALUES ('wire','b','https://wire.example/b','Carriers leave','','2024-03-05T09:00:00+00:00',NULL,'','af8c4ac9b44a9847','settled','',0,0,'2024-06-03T09:00:00+00:00','2024-03-05T09:00:00+00:00',2,'2024-03-05T09:00:00+00:00');
INSERT INTO "entries" VALUES ('wire','c','https://wire.example/c','Nothing to read','','2024-03-05T09:00:00+00:00',NULL,'','5529e94584dfa362','settled','is empty',1,0,'2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00',NULL,'2024-03-05T09:00:00+00:00');
INSERT INTO "parties" VALUES ('c-compact','Harbour Data Compact','harbour data compact');
INSERT INTO "parties" VALUES ('m-norvik','Norvik Freight','norvik freight');
INSERT INTO "parties" VALUES ('m-altera','Altera Lines','altera lines');
INSERT INTO "names" VALUES ('HDC','c-compact','hdc','coalition acronym','https://wire.example/a','2024-03-05T09:00:00+00:00');
INSERT INTO "claims" VALUES (1,1,'d1',0,'Harbour Data Compact','Norvik Freight','joined','completed','founder','2024-03-05','launched by Norvik Freight','text',4,0.9,'["HDC"]','[]','["a verb", "a list"]');
INSERT INTO "statements" VALUES ('9e1f74b93b83b552','c-compact','m-norvik','joined','completed','2024-03-05');
INSERT INTO "statements" VALUES ('d9ce42df23cab4e6','c-compact','m-altera','joined','completed','2024-03-05');
INSERT INTO "statements" VALUES ('3d6ea51efe4854bb','c-compact',NULL,'formed','completed','2024-03-05');
INSERT INTO "statements" VALUES ('ba439ad132cb47fc','c-compact','m-norvik','left','completed','2024-06');
INSERT INTO "evidence" VALUES (1,'9e1f74b93b83b552',1,'launched by Norvik Freight',NULL,'',0.9,'d1','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00',NULL);
INSERT INTO "evidence" VALUES (2,'d9ce42df23cab4e6',1,'launched by Norvik Freight',NULL,'',0.9,'d1','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T10:00:00+00:00');
INSERT INTO "evidence" VALUES (3,'3d6ea51efe4854bb',1,'launched by Norvik Freight',NULL,'',0.9,'d1','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00','2024-03-05T09:00:00+00:00',NULL);
INSERT INTO "evidence" VALUES (4,'ba439ad132cb47fc',2,'Norvik Freight left the compact in June',NULL,'',0.8,'d1','2024-06-03T09:00:00+00:00','2024-06-03T09:00:00+00:00','2024-06-03T09:00:00+00:00',NULL);
INSERT INTO "memberships" VALUES ('c-compact','m-norvik','out',NULL,'2024-03-05','2024-06','2024-06-03T09:00:00+00:00');
INSERT INTO "changes" VALUES ('a2a1f45e633b9d49','member_joined','c-compact','m-norvik','completed','founder','2024-03-05','2024-03-05T09:00:00+00:00',0.9,'','',0,1);
INSERT INTO "changes" VALUES ('4f5c383abf20d60f','member_joined','c-compact','m-altera','completed','founder','2024-03-05','2024-03-05T09:00:00+00:00',0.9,'','',0,1);
INSERT INTO "changes" VALUES ('060e45b1a6728845','claim_corrected','c-compact','m-altera','completed',NULL,'2024-03-05','2024-03-05T10:00:00+00:00',0.9,'in','',0,1);
INSERT INTO "changes" VALUES ('5cf35937dba09adb','member_left','c-compact','m-norvik','completed',NULL,'2024-06','2024-06-03T09:00:00+00:00',0.8,'in','out',0,NULL);
INSERT INTO "change_evidence" VALUES ('a2a1f45e633b9d49',1);
INSERT INTO "change_evidence" VALUES ('060e45b1a6728845',2);
INSERT INTO "change_evidence" VALUES ('4f5c383abf20d60f',2);
INSERT INTO "change_evidence" VALUES ('5cf35937dba09adb',4);
INSERT INTO "alerts" VALUES ('d07c9c88bf5079c2','a2a1f45e633b9d49','all','normal','["file"]','2024-03-05T09:00:00+00:00');
INSERT INTO "deliveries" VALUES ('d1','d07c9c88bf5079c2','file','2024-03-05T10:00:00+00:00',1,'delivered','written','');
